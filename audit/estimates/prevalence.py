"""How many of some samples show a concept, from a classifier that errs and a sample of them.

The number T of samples that show the concept is in doubt for three reasons, all of which are in
the interval: only n of the N samples were examined; the classifier misses some (its sensitivity is
known from a few references only); and it takes others for the concept.

Given T, the number K of examined samples above the cut-off is

    t ~ Hypergeometric(N, T, n),    K = Binomial(t, sensitivity) + Binomial(n - t, false positives)

and the interval is every T for which the K that was seen is not in a tail of 2.5 %. The two rates
are averaged over what is known of them (Cousins & Highland, "Incorporating systematic
uncertainties into an upper limit", 1992); tails are mid-p, so that the interval is neither too
short nor always too long where counts are small. The point estimate is that of Rogan & Gladen
("Estimating prevalence from the results of a screening test", 1978), within the interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audit.estimates.rates import Bounded, Floats, Rate, Share

__all__ = ["Bounded", "Estimate", "Rate", "estimate_total"]

#: Pairs of rates over which tails are averaged: points that fill the square evenly (Roberts' R2
#: sequence), so that each rate alone is also met at that many different quantiles.
_POINTS = 512
_STEPS = (0.7548776662466927, 0.5698402909980532)
_AT: Floats = np.asarray((0.5 + np.arange(1, _POINTS + 1)[:, None] * _STEPS) % 1, np.float64)


@dataclass(frozen=True)
class Estimate:
    """A number of samples with its interval.

    Attributes
    ----------
    value:
        The most plausible number, corrected for errors and thus not always whole; ``low`` where
        nothing is known.
    low, high:
        Ends of the interval, both included; of 95 %, unless whoever made it was asked for another
        level. Whole numbers, as int or float, if it is of one stratum.
    """

    value: float
    low: float
    high: float

    def __add__(self, other: Estimate) -> Estimate:
        """Both together, where errors may go the same way: ends add up."""
        return Estimate(self.value + other.value, self.low + other.low, self.high + other.high)

    def leaves_out(self, population: int) -> bool:
        """Whether anything is known: not if the interval is all of a ``population``."""
        return self.low > 0 or self.high < population or not population

    def is_apart_from(self, other: Estimate) -> bool:
        """Whether no number is in both intervals."""
        return self.low > other.high or self.high < other.low

    def to_columns(self, name: str) -> dict[str, float]:
        """Value and ends, as columns of a table."""
        return {
            name: float(self.value),
            f"{name}_low": float(self.low),
            f"{name}_high": float(self.high),
        }

    def to_dict(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


def estimate_total(
    population: int,
    examined: int,
    above: int,
    sensitivity: Share,
    false_positives: Share,
    *,
    level: float = 0.95,
) -> Estimate:
    """How many of ``population`` samples show the concept.

    Parameters
    ----------
    population:
        N: samples in question.
    examined:
        n: how many of them were examined, all or drawn at random.
    above:
        K: how many of those are above the cut-off.
    sensitivity:
        Share of images of the concept that are above the cut-off. If nothing is known of it, there
        is no upper end but the population, and the value is not corrected for misses.
    false_positives:
        Share of other images that are above the cut-off. If only bounds are known, the interval
        holds what any share within them would give.
    level:
        Of the interval, between 0 and 1.

    Returns
    -------
    estimate
        In samples. If what was seen tells nothing, the interval is all that is possible, and the
        value its low end: nothing is counted that nothing speaks for.

    Raises
    ------
    ValueError
        If the numbers contradict each other.
    """
    if not 0 <= above <= examined <= population:
        raise ValueError(f"{above} above, of {examined} examined, of {population}")
    if examined == 0:
        return Estimate(0, 0, population)
    tail = (1 - level) / 2
    value = _rogan_gladen(population, examined, above, sensitivity.value, false_positives.value)
    start = round(min(max(value, 0), population))

    # The fewest that show it: nothing is missed, and as much as may be is false.
    hit, false = sensitivity.draws(_AT[:, 0], "large"), false_positives.draws(_AT[:, 1], "large")
    fewest = _Tail(population, examined, above, np.maximum(hit, false), false)
    low = _first(population, start, lambda total: fewest.at_most(total) <= 1 - tail)
    # The most: much is missed, and nothing is false.
    hit, false = sensitivity.draws(_AT[:, 0], "small"), false_positives.draws(_AT[:, 1], "small")
    most = _Tail(population, examined, above, hit, np.minimum(hit, false))
    high = _first(population, start, lambda total: most.at_most(total) < tail) - 1
    low = min(low, population)
    high = max(high, low)
    return Estimate(min(max(value, low), high), low, high)


def _first(population: int, start: int, holds: Callable[[int], bool]) -> int:
    """The smallest total for which ``holds``, one more than the population if none does.

    Once it holds, it holds for every larger total: a classifier that finds the concept no more
    often than it errs is taken for one that does so equally often.
    """
    lowest, highest = 0, population + 1  # it holds from somewhere in [lowest, highest] on
    step = max(start // 8, 1)
    total = start
    while lowest < highest:
        if holds(total):
            highest = total
            total = max(total - step, lowest)
        else:
            lowest = total + 1
            total = min(total + step, highest - 1)
        step *= 2
        if step > highest - lowest:
            total = (lowest + highest) // 2
    return lowest


def _rogan_gladen(
    population: int, examined: int, above: int, sensitivity: float, false_positives: float
) -> float:
    gap = sensitivity - false_positives
    if gap <= 0:
        return 0.0  # images that show it reach the cut-off no more often than others
    return min(max((above / examined - false_positives) / gap, 0), 1) * population


class _Tail:
    """The distribution of K for a supposed T, averaged over the rates, shape (points,) each."""

    def __init__(
        self, population: int, examined: int, above: int, hit: Floats, false: Floats
    ) -> None:
        self._population, self._examined, self._above = population, examined, above
        self._hit, self._false = hit, false

    def at_most(self, total: int) -> float:
        """Mid-p probability of at most the K that was seen, if ``total`` samples show it."""
        share = total / self._population
        n, hit, false = self._examined, self._hit, self._false
        mean = n * (share * hit + (1 - share) * false)
        # Of the draw without replacement, and of the classifier's two kinds of error.
        unseen = (self._population - n) / max(self._population - 1, 1)
        drawn = n * share * (1 - share) * unseen * (hit - false) ** 2
        erring = n * (share * hit * (1 - hit) + (1 - share) * false * (1 - false))
        return float(np.mean(_mid_p(self._above, mean, drawn + erring)))


def _mid_p(seen: int, mean: Floats, variance: Floats) -> Floats:
    """P(K < seen) + P(K = seen) / 2 for a count K of which mean and variance are known.

    K is a sum of indicators that do not attract each other, so its variance is at most its mean:
    it is taken for a binomial of the same two moments, of which Poisson's is the limit.
    """
    from scipy.special import betainc, gammaincc

    mean = np.maximum(mean, 1e-12)
    chance = 1 - np.minimum(variance / mean, 1)
    trials = mean / np.maximum(chance, 1e-12)

    def at_most(count: int) -> Floats:
        if count < 0:
            return np.zeros_like(mean)
        poisson = gammaincc(count + 1, mean)
        room = trials - count
        few = 1e-9 * np.maximum(trials, 1)  # rounding: as good as no room
        binomial = np.where(room > few, betainc(np.maximum(room, few), count + 1, 1 - chance), 1.0)
        return np.asarray(np.where(chance < 1e-6, poisson, binomial))

    return (at_most(seen) + at_most(seen - 1)) / 2
