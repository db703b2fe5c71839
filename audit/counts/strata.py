"""One stratum of a visual count: samples whose captions name the concept, or do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audit.estimates.falling import most_false
from audit.estimates.prevalence import Estimate, estimate_total
from audit.estimates.rates import Bounded, Product, Rate, Share
from audit.references.cutoffs import CutOff

#: How the samples with an image were chosen: all of them, at random, or nobody knows how.
Design = Literal["all", "random", "unknown"]


@dataclass(frozen=True)
class Stratum:
    """What was seen of some samples, and what follows for all of them.

    Attributes
    ----------
    population:
        Samples in the stratum.
    attempted:
        Of these, samples whose image was looked for.
    examined:
        Of these, samples whose image could be looked at.
    above:
        Of these, samples whose image reaches the cut-off.
    design:
        How the attempted ones were chosen.
    draws:
        Names of the random samples, drawn for the dataset, that they are.
    most_false:
        At most so many of ``above`` are images of something else, by how the scores fall off.
    estimate:
        How many of the population show the concept; dead links taken for like the living.
    bounds:
        The same if no dead link, or every dead link, showed it.
    """

    population: int
    attempted: int
    examined: int
    above: int
    design: Design
    draws: tuple[str, ...]
    most_false: float
    expected_false: float
    estimate: Estimate
    bounds: Estimate

    @property
    def dead(self) -> int:
        """Samples whose image was looked for and could not be looked at."""
        return self.attempted - self.examined

    @property
    def missed(self) -> float:
        """Samples of the estimate that are examined and below the cut-off."""
        share = self.examined / self.population if self.population else 0.0
        return max(self.estimate.value * share - (self.above - self.expected_false), 0.0)

    def to_dict(self) -> dict[str, Any]:
        return {
            "population": self.population,
            "attempted": self.attempted,
            "examined": self.examined,
            "dead": self.dead,
            "above_cutoff": self.above,
            "design": self.design,
            "draws": list(self.draws),
            "estimate": self.estimate.to_dict(),
            "dead_link_bounds": self.bounds.to_dict(),
            "expected_false_positives": self.expected_false,
            "most_false_positives": self.most_false,
            "expected_misses": self.missed,
        }


def estimate_stratum(
    population: int,
    attempted: int,
    scores: NDArray[np.float64],
    examined: int,
    cutoff: CutOff,
    floor: float,
    design: Design,
    draws: tuple[str, ...] = (),
    recall: Rate | None = None,
) -> Stratum:
    """What the scores of a stratum's images say about the whole of it.

    Parameters
    ----------
    scores:
        Of the examined samples that reach ``floor``, shape (samples,).
    recall:
        Of the samples above the cut-off the share that an approximate search found, by those of a
        random sample; None if all were looked at.
    """
    above = int((scores >= cutoff.value).sum())
    most = float(above)
    if not cutoff.among_others:
        most = most_false(scores, cutoff.value, floor, cutoff.tail)
    expected = min((cutoff.false_positive_share or 0.0) * examined, most)
    false = Bounded(0.0, expected / max(examined, 1), most / max(examined, 1))
    sensitivity: Share = cutoff.sensitivity
    if recall is not None:
        sensitivity = Product(sensitivity, recall)

    def total(of: int) -> Estimate:
        return estimate_total(of, examined, above, sensitivity, false)

    dead = attempted - examined
    if design == "unknown" and attempted < population:
        # What was not looked for may hold none, or nothing else.
        seen = total(attempted)
        rest = population - attempted
        estimate = Estimate(seen.value, seen.low, seen.high + rest)
        alive = total(examined)
        bounds = Estimate(alive.value, alive.low, alive.high + rest + dead)
    else:
        estimate = total(population)
        bounds = _dead_link_bounds(population, attempted, dead, total) if dead else estimate
    return Stratum(
        population, attempted, examined, above, design, draws, most, expected, estimate, bounds
    )


def _dead_link_bounds(population: int, attempted: int, dead: int, total: Any) -> Estimate:
    """The living share of the population, with none or all of the dead share added."""
    gone = round(population * dead / attempted)
    living = total(max(population - gone, attempted - dead))
    return Estimate(living.value, living.low, min(living.high + gone, population))
