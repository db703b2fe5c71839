"""Where a straight line in log(1 + count) crosses a level, with an interval.

For scores that have no threshold, and still reach a level that somebody names. The interval is made
as in :mod:`audit.thresholds.crossing`: every x with a profile below what drawing concepts anew
shows.
"""

from __future__ import annotations

import numpy as np

from audit.thresholds.crossing import critical_value
from audit.thresholds.curves import Grouping, rounds_in_parts, straight_line
from audit.thresholds.series import Floats

_POINTS = 801


def line_crossing(
    grouping: Grouping,
    scores: Floats,
    level: float,
    *,
    confidence: float = 0.95,
    rounds: int = 999,
    rng: np.random.Generator,
) -> tuple[float, float, float] | None:
    """x of the crossing and the ends of its interval, all within the counts that are there.

    Returns
    -------
    crossing
        None if the line does not rise, or crosses beyond the counts.
    """
    line = straight_line(grouping)
    moments = grouping.moments(scores)
    floor, rise = (float(one[0]) for one in line.fitted(np.zeros(1, np.int64), moments))
    first, last = float(grouping.position[0]), float(grouping.position[-1])
    if rise <= 0 or not first <= (level - floor) / rise <= last:
        return None
    at = (level - floor) / rise
    here = np.asarray([at])
    ratios = [
        grouping.concepts * np.log(line.rss_through(drawn, here, level) / line.rss(drawn))[0]
        for drawn in (grouping.resampled(scores, part, rng) for part in rounds_in_parts(rounds))
    ]
    critical = critical_value(np.concatenate(ratios), confidence)
    points = np.linspace(first, last, _POINTS)
    least = float(line.rss(moments)[0, 0])
    profile = line.rss_through(moments, points[None, :], level)[0]
    inside = points[grouping.concepts * np.log(profile / least) <= critical]
    if not len(inside):
        return at, at, at
    return at, min(float(inside[0]), at), max(float(inside[-1]), at)
