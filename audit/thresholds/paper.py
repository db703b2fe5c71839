"""The published rule, to the digit: the first change of the mean.

"How Many Images Does It Take? Estimating Imitation Thresholds in Text-to-Image Models" (arXiv
2410.15002, MIMETIC²): concepts are put in the order of their counts, PELT (Killick, Fearnhead,
Eckley 2012) splits their scores y into segments of constant mean so that

    sum over segments of sum (y - mean of the segment)²  +  penalty * (segments - 1)

is least, with segments of any length and a penalty of 0.9, and the threshold is the count of the
first concept of the second segment. Nothing in the rule asks whether there is a threshold.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.thresholds.series import Floats, ScoreSeries

PENALTY = 0.9
RUPTURES_UP_TO = 2000
#: A concept before the change with a score of more than this many times the mean there.
OUTLIER_TIMES = 4
METHOD = (
    "first change point of mean scores in order of count: ruptures.Pelt(model='l2', min_size=1, "
    "jump=1), pen={penalty:g}"
)
TIES = "concepts of equal count stand in the order of their names"


@dataclass(frozen=True)
class ChangePoint:
    """A change of the mean, before the concept ``index`` (from 0) in order of count."""

    index: int
    concept: str
    count: int

    def to_dict(self) -> dict[str, Any]:
        return {"index": self.index, "concept": self.concept, "count": self.count}


@dataclass(frozen=True)
class PaperThreshold:
    """What the published rule says of a series.

    Attributes
    ----------
    threshold:
        Count of the first concept behind the first change point; None if there is no change.
    change_points:
        All of them, of which the rule takes the first.
    mean_before, mean_after:
        Mean score before the first change point, and from it to the end, as the published script
        averages; of all scores and None if there is no change.
    outliers:
        Concepts before the change whose score is above four times the mean there.
    among_equals:
        Whether the concept before the change has the same count: then names decide where it is.
    """

    threshold: int | None
    change_points: tuple[ChangePoint, ...]
    mean_before: float
    mean_after: float | None
    outliers: tuple[tuple[str, int, float], ...]
    penalty: float
    among_equals: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {
            "threshold": self.threshold,
            "change_points": [point.to_dict() for point in self.change_points],
            "mean_before": self.mean_before,
            "mean_after": self.mean_after,
            "outliers": [
                {"concept": concept, "count": count, "score": score}
                for concept, count, score in self.outliers
            ],
            "penalty": self.penalty,
            "among_equals": self.among_equals,
            "method": METHOD.format(penalty=self.penalty),
            "ties": TIES,
        }


def paper_threshold(series: ScoreSeries, penalty: float = PENALTY) -> PaperThreshold:
    """The published rule; no intervals and no tests, because it has none.

    Parameters
    ----------
    penalty:
        What a change point costs, in squared scores, above 0.
    """
    scores = series.scores
    points = tuple(
        ChangePoint(at, series.concepts[at], int(series.counts[at]))
        for at in change_points(scores, penalty)
    )
    if not points:
        return PaperThreshold(None, (), float(scores.mean()), None, (), penalty)
    first = points[0].index
    before = float(scores[:first].mean())
    outliers = np.flatnonzero(scores[:first] > OUTLIER_TIMES * before)
    return PaperThreshold(
        points[0].count,
        points,
        before,
        float(scores[first:].mean()),
        tuple((series.concepts[at], int(series.counts[at]), float(scores[at])) for at in outliers),
        penalty,
        bool(series.counts[first - 1] == series.counts[first]),
    )


def change_points(scores: Floats, penalty: float = PENALTY) -> list[int]:
    """Where segments of constant mean begin, the first one left out; scores in order of count.

    By ruptures; for more than :data:`RUPTURES_UP_TO` concepts, of which it takes a quarter of a
    minute and ever more, by :func:`optimal_changes`, which finds the same partition.
    """
    if len(scores) < 2:
        return []
    if len(scores) > RUPTURES_UP_TO:
        return optimal_changes(scores, penalty)
    from ruptures import Pelt

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = Pelt(model="l2", min_size=1, jump=1).fit(scores).predict(pen=penalty)
    return [int(at) for at in found if at < len(scores)]


def optimal_changes(scores: Floats, penalty: float = PENALTY) -> list[int]:
    """What ruptures answers, hundreds of times as fast, to be asked many times.

    The same pruned dynamic programme (PELT), with all candidates of a step at once.
    """
    centred = scores - scores.mean()
    sums = np.r_[0.0, np.cumsum(centred)]
    squares = np.r_[0.0, np.cumsum(centred * centred)]
    best = np.empty(len(scores) + 1)
    best[0] = -penalty
    previous = np.zeros(len(scores) + 1, np.int64)
    starts = np.zeros(1, np.int64)
    for end in range(1, len(scores) + 1):
        length = end - starts
        cost = squares[end] - squares[starts] - (sums[end] - sums[starts]) ** 2 / length
        total = best[starts] + cost
        at = int(total.argmin())
        best[end], previous[end] = total[at] + penalty, starts[at]
        starts = np.append(starts[total <= best[end]], end)
    changes = []
    end = int(previous[-1])
    while end > 0:
        changes.append(end)
        end = int(previous[end])
    return changes[::-1]
