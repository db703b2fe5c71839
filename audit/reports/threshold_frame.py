"""Axes of a plot of a threshold: what they span, and where their ticks and labels are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from audit.thresholds.results import ThresholdEstimate

WIDTH, HEIGHT = 640, 360  #: of what the axes enclose, in pixels
_MARGIN = 0.03  #: of either axis, beyond the outermost mark
_FEWEST_TICKS = 4
#: Multiples of powers of ten that become ticks: the first that are enough.
_MULTIPLES = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7))
_LINE = 14  #: pixels from one line of small text to the next


@dataclass(frozen=True)
class Frame:
    """From where to where the axes go.

    Attributes
    ----------
    x:
        Counts, on an axis of log(1 + count); may begin a little below 0, to show what has none.
    y:
        Scores.
    """

    x: tuple[float, float]
    y: tuple[float, float]

    @property
    def ticks(self) -> list[int]:
        """Counts to be named: 0 and powers of ten where these are enough."""
        low, high = max(self.x[0], 0.0), self.x[1]
        found: list[int] = []
        for multiples in _MULTIPLES:
            powers = range(len(str(int(high))) + 1)
            counts = {0} | {int(many * 10**power) for power in powers for many in multiples}
            found = sorted(count for count in counts if low <= count <= high)
            if len(found) >= _FEWEST_TICKS:
                return found
        # The counts are all about the same: even steps between them.
        least = max((high - low) / (_FEWEST_TICKS + 1), 1)
        power = 10 ** int(np.log10(least))
        step = next(many * power for many in (1, 2, 5, 10) if many * power >= least)
        return list(range(-int(-low // step) * step, int(high) + 1, step))

    def share(self, count: float) -> float:
        """How far to the right a count is, from 0 to 1."""
        low, high, at = (_place(value) for value in (*self.x, count))
        return (at - low) / (high - low)

    def height(self, score: float) -> float:
        """Pixels from the top."""
        low, high = self.y
        return HEIGHT * (high - score) / (high - low)

    def shifts(self, scores: Sequence[float]) -> list[float]:
        """By how many pixels labels at these scores have to move down to keep off each other."""
        order = sorted(range(len(scores)), key=lambda at: self.height(scores[at]))
        places = [self.height(scores[at]) for at in order]
        kept: list[float] = []
        for place in places:
            kept.append(max(place, kept[-1] + _LINE) if kept else place)
        # As much up as down, so that the group stays about where it belongs.
        moved = sum(kept) - sum(places)
        back = moved / len(places) if places else 0.0
        shifts = [0.0] * len(scores)
        for at, place, new in zip(order, places, kept, strict=True):
            shifts[at] = new - back - place
        return shifts


def frame_of(estimate: ThresholdEstimate) -> Frame:
    """Axes that hold every concept, with the interval of its count, and every line."""
    series, audit = estimate.series, estimate.audit
    counts = [float(series.counts.min()), float(series.counts.max())]
    if series.count_low is not None and series.count_high is not None:
        counts += [float(series.count_low.min()), float(series.count_high.max())]
    if audit.crossing is not None:
        counts += [audit.crossing.count, *audit.crossing.interval]
    scores = [float(series.scores.min()), float(series.scores.max())]
    if audit.rise is not None:
        scores += [*audit.rise.floor_interval, *audit.rise.plateau_interval]
    if audit.level.value is not None:
        scores.append(audit.level.value)
    low, high = _widened(_place(count) for count in counts)
    return Frame((_count(low), _count(high)), _widened(scores))


def _widened(values: Iterable[float]) -> tuple[float, float]:
    """Least and greatest value with a margin; never the same."""
    all_values = list(values)
    low, high = float(min(all_values)), float(max(all_values))
    margin = _MARGIN * (high - low)
    if margin <= 1e-9 * max(abs(low), abs(high), 1e-300):
        margin = 0.1 * max(abs(low), abs(high)) or 0.5
    return low - margin, high + margin


def _place(count: float) -> float:
    return float(np.sign(count) * np.log1p(abs(count)))


def _count(place: float) -> float:
    return float(np.sign(place) * np.expm1(abs(place)))
