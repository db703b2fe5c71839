"""How many of some samples show a concept, from a classifier that errs and a sample of them.

The number T of samples that show the concept is in doubt for three reasons, all of which are in
the interval: only n of the N samples were examined; the classifier misses some (its sensitivity is
known from a few references only); and it takes others for the concept.

Given T, the number K of examined samples above the cut-off is

    t ~ Hypergeometric(N, T, n),    K = Binomial(t, sensitivity) + Binomial(n - t, false positives)

and the interval is every T for which the K that was seen is not in a tail of 2.5 %. The two rates
are integrated over what is known of them (Cousins & Highland, "Incorporating systematic
uncertainties into an upper limit", 1992), with Jeffreys' prior; tails are mid-p, so that the
interval is neither too short nor always too long where counts are small. The point estimate is
that of Rogan & Gladen (1978), within its bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Pairs of rates over which tails are averaged: points that fill the square evenly (Roberts' R2
#: sequence), so that each rate alone is also met at that many different quantiles.
_POINTS = 1024
_STEPS = (0.7548776662466927, 0.5698402909980532)


@dataclass(frozen=True)
class Rate:
    """A share that is known from trials: ``hits`` of ``trials``, which need not be whole."""

    hits: float
    trials: float

    @property
    def value(self) -> float:
        """The share seen; without trials the middle of what is possible."""
        return self.hits / self.trials if self.trials else 0.5

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Jeffreys interval, closed at 0 and 1 where nothing or everything hit."""
        from scipy.special import betaincinv

        tail = (1 - level) / 2
        a, b = self.hits + 0.5, self.trials - self.hits + 0.5
        low = 0.0 if self.hits == 0 else float(betaincinv(a, b, tail))
        high = 1.0 if self.hits == self.trials else float(betaincinv(a, b, 1 - tail))
        return low, high

    def quantiles(self, at: NDArray[Any]) -> NDArray[np.float64]:
        """The values below which the share lies with probability ``at``, by Jeffreys' prior."""
        from scipy.special import betaincinv

        return np.asarray(
            betaincinv(self.hits + 0.5, self.trials - self.hits + 0.5, at), dtype=np.float64
        )


@dataclass(frozen=True)
class Bounded:
    """A share of which only bounds are known, and a value that is plausible."""

    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """A number of samples with its interval."""

    value: float
    low: float
    high: float

    def __add__(self, other: Estimate) -> Estimate:
        """Both together, where errors may go the same way: ends add up."""
        return Estimate(self.value + other.value, self.low + other.low, self.high + other.high)

    def to_dict(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


def estimate_total(
    population: int,
    examined: int,
    above: int,
    sensitivity: Rate,
    false_positives: Rate | Bounded,
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
        Share of images of the concept that are above the cut-off.
    false_positives:
        Share of other images that are above the cut-off. If only bounds are known, the interval
        holds what any share within them would give.

    Raises
    ------
    ValueError
        If the numbers contradict each other.
    """
    if not 0 <= above <= examined <= population:
        raise ValueError(f"{above} above, of {examined} examined, of {population}")
    if examined == 0:
        return Estimate(population / 2, 0, population)
    most: Rate | float
    least: Rate | float
    if isinstance(false_positives, Bounded):
        most, least = false_positives.high, false_positives.low
    else:
        most = least = false_positives
    fewest = _Tails(population, examined, above, sensitivity, most)
    largest = _Tails(population, examined, above, sensitivity, least)
    tail = (1 - level) / 2
    low = _first(population, lambda total: fewest.at_most(total) <= 1 - tail)
    high = _first(population, lambda total: largest.at_most(total) < tail) - 1
    low = min(low, population)
    value = _rogan_gladen(population, examined, above, sensitivity.value, false_positives.value)
    high = max(high, low)
    return Estimate(min(max(value, low), high), low, high)


def _first(population: int, holds: Any) -> int:
    """The smallest total for which ``holds``; one more than the population if none does."""
    lowest, highest = 0, population + 1
    while lowest < highest:
        middle = (lowest + highest) // 2
        if holds(middle):
            highest = middle
        else:
            lowest = middle + 1
    return lowest


def _rogan_gladen(
    population: int, examined: int, above: int, sensitivity: float, false_positives: float
) -> float:
    gap = sensitivity - false_positives
    if gap <= 0:
        return population / 2
    return min(max((above / examined - false_positives) / gap, 0), 1) * population


class _Tails:
    """The distribution of K for a supposed T, the rates integrated out."""

    def __init__(
        self,
        population: int,
        examined: int,
        above: int,
        sensitivity: Rate,
        false_positives: Rate | float,
    ) -> None:
        self._population, self._examined, self._above = population, examined, above
        at = (0.5 + np.arange(1, _POINTS + 1)[:, None] * _STEPS) % 1
        self._sensitivity = sensitivity.quantiles(at[:, 0])
        self._false = (
            false_positives.quantiles(at[:, 1])
            if isinstance(false_positives, Rate)
            else np.full(_POINTS, false_positives)
        )

    def at_most(self, total: int) -> float:
        """Mid-p probability of at most the K that was seen, if ``total`` samples show it."""
        share = total / self._population
        n, hit, false = self._examined, self._sensitivity, self._false
        mean = n * (share * hit + (1 - share) * false)
        # Of the draw without replacement, and of the classifier's two kinds of error.
        unseen = (self._population - n) / max(self._population - 1, 1)
        drawn = n * share * (1 - share) * unseen * (hit - false) ** 2
        erring = n * (share * hit * (1 - hit) + (1 - share) * false * (1 - false))
        return float(np.mean(_mid_p(self._above, mean, drawn + erring)))


def _mid_p(
    seen: int, mean: NDArray[np.float64], variance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """P(K < seen) + P(K = seen) / 2 for a count K of which mean and variance are known.

    K is a sum of indicators that do not attract each other, so its variance is at most its mean:
    it is taken for a binomial of the same two moments, of which Poisson's is the limit.
    """
    from scipy.special import betainc, gammaincc

    mean = np.maximum(mean, 1e-12)
    chance = 1 - np.minimum(variance / mean, 1)
    trials = mean / np.maximum(chance, 1e-12)

    def at_most(count: int) -> NDArray[np.float64]:
        if count < 0:
            return np.zeros_like(mean)
        poisson = gammaincc(count + 1, mean)
        room = trials - count
        binomial = np.where(room > 0, betainc(np.maximum(room, 1e-9), count + 1, 1 - chance), 1.0)
        return np.asarray(np.where(chance < 1e-6, poisson, binomial))

    return (at_most(seen) + at_most(seen - 1)) / 2
