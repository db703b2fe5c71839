"""How much the published rule's answer depends on its penalty, and on which concepts are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.thresholds.paper import PENALTY, optimal_changes
from audit.thresholds.series import Floats, ScoreSeries

PENALTIES = (0.3, 0.5, 0.7, 0.9, 1.2, 1.5, 2.0, 3.0)
HALVES = 200
#: With more concepts than this a tenth of the halves is drawn: each takes its time.
_MANY = 2000


@dataclass(frozen=True)
class Sensitivity:
    """The published rule, asked again.

    Attributes
    ----------
    by_penalty:
        (penalty, threshold or None where it finds no change).
    halves:
        Times that half of the concepts were drawn at random.
    half_median, half_low, half_high:
        Median, 5th and 95th percentile of the thresholds of halves; None where all find none.
    half_none:
        Halves in which the rule finds no change.
    """

    by_penalty: tuple[tuple[float, int | None], ...]
    halves: int
    half_median: float | None
    half_low: float | None
    half_high: float | None
    half_none: int

    @property
    def penalty_range(self) -> tuple[int, int] | None:
        """Least and greatest threshold over the penalties."""
        found = [threshold for _, threshold in self.by_penalty if threshold is not None]
        return (min(found), max(found)) if found else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "by_penalty": [
                {"penalty": penalty, "threshold": threshold}
                for penalty, threshold in self.by_penalty
            ],
            "halves": {
                "drawn": self.halves,
                "without_change": self.half_none,
                "median": self.half_median,
                "p5": self.half_low,
                "p95": self.half_high,
            },
        }


def sensitivity(
    series: ScoreSeries,
    rng: np.random.Generator,
    *,
    penalty: float = PENALTY,
    halves: int | None = None,
) -> Sensitivity:
    """Ask the published rule under other penalties, and of random halves of the concepts."""
    if halves is None:
        halves = HALVES if len(series) <= _MANY else HALVES // 10
    penalties = sorted({*PENALTIES, penalty})
    by_penalty = tuple((one, _threshold(series.counts, series.scores, one)) for one in penalties)
    drawn = []
    for _ in range(halves):
        half = np.sort(rng.permutation(len(series))[: (len(series) + 1) // 2])
        drawn.append(_threshold(series.counts[half], series.scores[half], penalty))
    found = [threshold for threshold in drawn if threshold is not None]
    median, low, high = np.quantile(found, [0.5, 0.05, 0.95]).tolist() if found else [None] * 3
    return Sensitivity(by_penalty, halves, median, low, high, len(drawn) - len(found))


def _threshold(counts: Any, scores: Floats, penalty: float) -> int | None:
    first = optimal_changes(scores, penalty)[:1]
    return int(counts[first[0]]) if first else None
