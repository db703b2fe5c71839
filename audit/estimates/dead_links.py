"""How many samples show a concept, whatever the dead links among them showed.

Some of the samples that were looked for could not be looked at. Nothing is known of these, so two
cases are followed up. If none of them showed the concept, they are examined samples below the
cut-off. If all did, they are examined samples that show it and are always found. What is between
the lower end of the one and the upper end of the other is possible.

How many links are dead in the population is as uncertain as the rest, if only a sample of it was
drawn: in both cases the dead ones are part of the draw.
"""

from __future__ import annotations

from dataclasses import dataclass

from audit.estimates.prevalence import Estimate, estimate_total
from audit.estimates.rates import Bounded, Floats, Product, Share, Side


def dead_link_bounds(
    population: int,
    attempted: int,
    examined: int,
    above: int,
    sensitivity: Share,
    false_positives: Share,
    *,
    level: float = 0.95,
) -> Estimate:
    """How many of ``population`` samples show the concept, if none or all of the dead ones do.

    Parameters
    ----------
    population:
        Samples in question.
    attempted:
        How many of them were looked for, all or drawn at random.
    examined:
        How many of those could be looked at; the others are dead.
    above:
        How many of these are above the cut-off.
    sensitivity, false_positives, level:
        As for :func:`audit.estimates.prevalence.estimate_total`; the shares are of examined ones.

    Returns
    -------
    estimate
        The value takes dead links for like the living. The ends hold at half the remaining
        probability each: the lower one if no dead link shows the concept, the upper one if all do.

    Raises
    ------
    ValueError
        If the numbers contradict each other.
    """
    if not above <= examined <= attempted <= population:
        raise ValueError(f"{above} above, of {examined} examined, {attempted}, {population}")
    like = estimate_total(population, examined, above, sensitivity, false_positives, level=level)
    dead = attempted - examined
    if not dead:
        return like
    if attempted == population:
        # How many are dead is known.
        living = estimate_total(
            examined, examined, above, sensitivity, false_positives, level=level
        )
        low, high = living.low, living.high + dead
    else:
        alive = examined / attempted
        fewer_false = Product(false_positives, Bounded(alive, alive, alive))
        none = estimate_total(population, attempted, above, sensitivity, fewer_false, level=level)
        found = _WithFound(sensitivity, dead, _most_expected(above, level))
        all_ = estimate_total(
            population, attempted, above + dead, found, false_positives, level=level
        )
        low, high = none.low, all_.high
    return Estimate(like.value, min(low, like.low), max(high, like.high))


@dataclass(frozen=True)
class _WithFound:
    """The sensitivity for samples of which ``certain`` are always found, the others as often as
    ``share`` says; of the others ``found`` were, at most."""

    share: Share
    certain: int
    found: float

    @property
    def value(self) -> float:
        return (self.certain + self.found) / (self.certain + self.found / self.share.value)

    def draws(self, at: Floats, side: Side) -> Floats:
        share = self.share.draws(at, side)
        # Where nothing is found there may be any number of them.
        return (self.certain + self.found) * share / (self.certain * share + self.found)


def _most_expected(seen: int, level: float) -> float:
    """The upper end for the mean of a Poisson count: the more were found, the more were missed."""
    from scipy.special import gammaincinv

    return float(gammaincinv(seen + 1.0, (1 + level) / 2))
