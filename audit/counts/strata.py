"""One stratum of a visual count: samples whose captions name the concept, or do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audit.estimates.dead_links import dead_link_bounds
from audit.estimates.falling import most_false
from audit.estimates.prevalence import Estimate, estimate_total
from audit.estimates.rates import Bounded, Product, Share
from audit.estimates.recall import SearchRecall
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
        How many of the population show the concept; dead links taken for like the living. If
        nothing was examined: 0, and the interval is the population.
    bounds:
        The same, from the lower end if no dead link showed it to the upper end if every one did.
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
    recall: SearchRecall | None = None,
) -> Stratum:
    """What the scores of a stratum's images say about the whole of it.

    Parameters
    ----------
    scores:
        Of the examined samples that reach ``floor``, shape (samples,).
    recall:
        Of the images that reach the cut-off, and of those just below it, the shares that an
        approximate search found; None if the search was exact.

    Raises
    ------
    ValueError
        If the numbers contradict each other.
    """
    if design == "all" and attempted < population:
        raise ValueError(f"{attempted} of {population} samples were looked for, not all")
    above = int((scores >= cutoff.value).sum())
    most = float(above)
    if not cutoff.among_others:
        known = 1.0 if recall is None else recall.least_near
        most = most_false(scores, cutoff.value, floor, cutoff.tail, recall=known)
    found = 1.0 if recall is None else recall.value
    expected = min((cutoff.false_positive_share or 0.0) * found * examined, most)
    false = Bounded(0.0, expected / max(examined, 1), most / max(examined, 1))
    sensitivity: Share = cutoff.sensitivity
    if recall is not None:
        sensitivity = Product(sensitivity, recall)
    # What was not looked for, and nobody knows why, may hold none, or nothing else.
    rest = population - attempted if design == "unknown" else 0
    counted = (examined, above, sensitivity, false)
    estimate = estimate_total(population - rest, *counted)
    bounds = estimate
    if attempted > examined:
        bounds = dead_link_bounds(population - rest, attempted, *counted)
    return Stratum(
        population,
        attempted,
        examined,
        above,
        design,
        draws,
        most,
        expected,
        _with(rest, estimate),
        _with(rest, bounds),
    )


def _with(rest: int, estimate: Estimate) -> Estimate:
    """With ``rest`` samples more, of which nothing is known."""
    return Estimate(estimate.value, estimate.low, estimate.high + rest)
