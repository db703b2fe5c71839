"""Is there a threshold? Three simpler stories that scores may tell, and whether each is refused.

A threshold is a rise between two plateaus. Without one, scores may

- not depend on the count (flat),
- follow a straight line in log(1 + count), or
- follow a line that bends once: flat and then rising, or rising and then flat.

Each story is tested by how much better the best curve of one rise fits,

    T = n log(RSS of the story / RSS of the best step or logistic curve),

against what T is where the story is true: each residual of the fitted story is given a random sign
(wild bootstrap: Liu 1988; Mammen 1993), which holds where noise depends on the count, as shuffling
does not. Only if all are refused there is a threshold, so that each of the stories is taken for one
in at most 5 % of cases.

Where a story is not refused, there may be a threshold that the data are too few to show. What would
have been seen is told, and if that is not much, the answer is "not enough data".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import expit

from audit.thresholds.curves import (
    TENTH_TO_NINE_TENTHS,
    Curves,
    Grouping,
    Moments,
    bent_lines,
    flat_line,
    rounds_in_parts,
    s_curves,
    split_shares,
    straight_line,
)
from audit.thresholds.series import Floats

Story = Literal["flat", "line", "bent line"]

#: Each as it is called in a sentence.
STORIES: dict[Story, str] = {
    "flat": "a flat line",
    "line": "a straight line in log count",
    "bent line": "a line in log count that bends once",
}

#: Share of cases in which a true story is refused, and wanted share in which a false one is.
LEVEL, POWER = 0.05, 0.8
_Z_POWER = 0.8416212335729143
#: Scale of a logistic curve, in units of x, with eight tenths of its rise in that.
WITHIN_A_FACTOR_OF_TEN = float(np.log(10)) / TENTH_TO_NINE_TENTHS


@dataclass(frozen=True)
class StoryTest:
    """One simpler story.

    Attributes
    ----------
    statistic:
        T.
    p_value:
        Share of draws with a T as large where the story is true.
    power:
        Where the story is a line and not refused: how often it would be if the scores rose by
        ``rise``, most of it within a factor of ten of the count, around where the line is half-way.
        None if nobody asked.
    rise:
        As much as the line rises, or as concepts differ anyway if that is more.
    """

    story: Story
    statistic: float
    p_value: float
    power: float | None = None
    rise: float | None = None

    @property
    def refused(self) -> bool:
        return self.p_value <= LEVEL

    def to_dict(self) -> dict[str, Any]:
        return {
            "against": self.story,
            "statistic": self.statistic,
            "p_value": self.p_value,
            "refused": self.refused,
            "power": self.power,
            "power_for_rise": self.rise,
        }


@dataclass(frozen=True)
class ShapeTests:
    """All three.

    Attributes
    ----------
    detectable:
        A step as near the middle of the concepts as counts allow, that is at least so high, would
        be told from flat scores in 80 % of cases; in units of the scores. Nearer to either end it
        would have to be higher.
    noise:
        Standard deviation of the scores around the best curve.
    """

    tests: tuple[StoryTest, ...]
    detectable: float
    noise: float

    @property
    def all_refused(self) -> bool:
        return all(test.refused for test in self.tests)

    @property
    def straight(self) -> bool:
        """Whether scores rise, and a straight line says how."""
        return self.of("flat").refused and not self.of("line").refused

    def of(self, story: Story) -> StoryTest:
        return next(test for test in self.tests if test.story == story)


def shape_tests(
    grouping: Grouping, scores: Floats, *, rounds: int = 999, rng: np.random.Generator
) -> ShapeTests:
    """Test the three stories; ``scores`` in order of count, shape (concepts,).

    There must be a place between two counts with enough concepts on either side.
    """
    rises = s_curves(grouping)
    concepts = len(scores)
    best = float(rises.rss(grouping.moments(scores)).min())
    noise = float(np.sqrt(best / max(concepts - 4, 1)))
    flat, drawn = _against("flat", flat_line(grouping), rises, grouping, scores, rounds, rng)
    line, _ = _against("line", straight_line(grouping), rises, grouping, scores, rounds, rng)
    bent, _ = _against("bent line", bent_lines(grouping), rises, grouping, scores, rounds, rng)
    return ShapeTests((flat, line, bent), _detectable(drawn, noise, grouping), noise)


def _against(
    story: Story,
    simpler: Curves,
    rises: Curves,
    grouping: Grouping,
    scores: Floats,
    rounds: int,
    rng: np.random.Generator,
) -> tuple[StoryTest, Floats]:
    """One test, and what its statistic is where the story is true."""
    moments = grouping.moments(scores)
    fitted = grouping.spread(simpler.best_values(moments)[:, 0])
    seen = float(_better(simpler, rises, moments)[0])
    parameters = 1 if story == "flat" else 2
    residuals = (scores - fitted) * np.sqrt(len(scores) / max(len(scores) - parameters, 1))
    null = np.concatenate(
        [
            _better(simpler, rises, drawn)
            for drawn in _signed(grouping, fitted, residuals, rounds, rng)
        ]
    )
    p_value = float((1 + np.sum(null >= seen)) / (1 + len(null)))
    if p_value <= LEVEL or story == "flat":
        return StoryTest(story, seen, p_value), null
    # A rise that is less than concepts differ anyway is no imitation that anybody would see.
    rise = max(float(fitted[-1] - fitted[0]), float(residuals.std()))
    x = grouping.spread(grouping.position)
    half = x[np.searchsorted(fitted, (fitted[0] + fitted[-1]) / 2)]
    gathered = fitted.mean() + rise * (expit((x - half) / WITHIN_A_FACTOR_OF_TEN) - 0.5)
    tried = np.concatenate(
        [
            _better(simpler, rises, drawn)
            for drawn in _signed(grouping, gathered, residuals, min(rounds, 250), rng)
        ]
    )
    limit = np.quantile(null, 1 - LEVEL, method="higher")
    return StoryTest(story, seen, p_value, float(np.mean(tried > limit)), rise), null


def _better(simpler: Curves, rises: Curves, moments: Moments) -> Floats:
    """T of each round."""
    ratio = np.log(simpler.rss(moments).min(axis=0) / rises.rss(moments).min(axis=0))
    return np.asarray(moments.weight.sum(axis=0) * ratio)


def _signed(
    grouping: Grouping, fitted: Floats, residuals: Floats, rounds: int, rng: np.random.Generator
) -> Iterator[Moments]:
    for part in rounds_in_parts(rounds):
        signs = rng.choice([-1.0, 1.0], (len(fitted), part))
        yield grouping.moments(fitted[:, None] + residuals[:, None] * signs)


def _detectable(null: Floats, noise: float, grouping: Grouping) -> float:
    """Height of a step, as near the middle as counts allow, seen in :data:`POWER` of cases.

    A step of height h with the share p of n concepts above it has a t of about
    h sqrt(n p (1 - p)) / noise; T as a t² is n (exp(T / n) - 1).
    """
    concepts = grouping.concepts
    limit = np.quantile(null, 1 - LEVEL, method="higher")
    as_t = np.sqrt(concepts * np.expm1(limit / concepts))
    shares = split_shares(grouping)
    share = float(shares[np.abs(shares - 0.5).argmin()])
    return float((as_t + _Z_POWER) * noise / np.sqrt(concepts * share * (1 - share)))
