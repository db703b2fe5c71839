"""Crossings where counts have intervals of their own.

Counts are drawn from their intervals, and the crossing is found again each time: multiple
imputation (Rubin, "Multiple Imputation for Nonresponse in Surveys", 1987). Variances within and
between the draws add up, each end of the interval for itself. Errors of different concepts are
taken for independent: one that all counts share moves the crossing by as much, and is not in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.stats import norm

from audit.estimates.intervals import Z95
from audit.thresholds.crossing import Crossing, find_crossing
from audit.thresholds.curves import Grouping
from audit.thresholds.series import Floats, ScoreSeries
from audit.thresholds.settings import FEWEST_ROUNDS, ThresholdSettings

#: Times that counts are drawn.
DRAWS = 16


def with_doubtful_counts(
    known: Crossing,
    series: ScoreSeries,
    settings: ThresholdSettings,
    rng: np.random.Generator,
    on_progress: Callable[[float], None] = lambda share: None,
) -> tuple[Crossing, float | None]:
    """Widen an interval for what is not known of the counts.

    Parameters
    ----------
    known:
        The crossing as if counts were known.

    Returns
    -------
    crossing, share
        ``share`` is how much of the interval's variance comes of the counts; None where nothing
        is crossed, or counts have no intervals.
    """
    if not series.has_count_intervals or known.at is None or known.low is None:
        return known, None
    assert known.high is not None
    found = []
    for draw in range(DRAWS):
        on_progress(draw / DRAWS)
        x = _drawn(series, rng)
        order = np.argsort(x, kind="stable")
        one = find_crossing(
            Grouping(x[order]),
            series.scores[order],
            settings.level,
            ends=settings.ends,
            confidence=settings.confidence,
            rounds=max(settings.rounds // 5, FEWEST_ROUNDS),
            rng=rng,
        )
        if one.at is not None and one.low is not None and one.high is not None:
            found.append((one.at, one.at - one.low, one.high - one.at))
    if len(found) < 2:
        return known, None
    at, below, above = np.asarray(found).T
    z = float(norm.ppf((1 + settings.confidence) / 2))
    between = z**2 * (1 + 1 / len(found)) * float(at.var(ddof=1))
    low = known.at - float(np.sqrt(below.mean() ** 2 + between))
    high = known.at + float(np.sqrt(above.mean() ** 2 + between))
    whole = ((high - low) / 2) ** 2
    low, high = max(min(low, known.low), 0.0), max(high, known.high)
    first, last = series.log_counts[0], series.log_counts[-1]
    widened = replace(
        known,
        low=low,
        high=high,
        open_low=known.open_low or bool(low <= first),
        open_high=known.open_high or bool(high >= last),
    )
    return widened, float(min(between / whole, 1.0)) if whole > 0 else None


def _drawn(series: ScoreSeries, rng: np.random.Generator) -> Floats:
    """log(1 + count) around each count, as wide on either side as its interval says."""
    assert series.count_low is not None
    assert series.count_high is not None
    x = series.log_counts
    below = (x - np.log1p(series.count_low)) / Z95
    above = (np.log1p(series.count_high) - x) / Z95
    normal = rng.standard_normal(len(x))
    return np.asarray(np.maximum(x + normal * np.where(normal < 0, below, above), 0.0))
