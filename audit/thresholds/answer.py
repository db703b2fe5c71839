"""From tests, candidates and a crossing to a verdict, its reason, and notes."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from audit.thresholds.candidates import Candidate
from audit.thresholds.crossing import Crossing, Fit
from audit.thresholds.curves import SIDE, TENTH_TO_NINE_TENTHS, Grouping, split_shares
from audit.thresholds.results import (
    AuditThreshold,
    CrossingCount,
    Diagnostics,
    Level,
    Rise,
    Verdict,
)
from audit.thresholds.series import ScoreSeries
from audit.thresholds.settings import ThresholdSettings
from audit.thresholds.shape_tests import POWER, STORIES, ShapeTests

#: With fewer concepts, or different counts, nothing is estimated.
FEWEST_CONCEPTS, FEWEST_COUNTS = 20, 5
#: With fewer, intervals hold the truth less often than they say.
_FEW_CONCEPTS = 40
#: A plateau is seen where enough concepts have this share of the rise at most behind, or before.
_ON_PLATEAU = 0.15
#: Concepts so many standard deviations off the curve are named, and how many of them.
_ODD, _MOST_ODD = 4.0, 10
#: Ends of an interval that differ by more than this factor are called wide.
_WIDE = 10
#: Where a line crosses a level, and the ends of the interval, in units of x.
LineCrossing = tuple[float, float, float]


def too_few(
    series: ScoreSeries, grouping: Grouping, settings: ThresholdSettings
) -> AuditThreshold | None:
    """The answer where there is too little to estimate anything; None if there is enough."""
    concepts, counts = len(series), len(grouping.position)
    if concepts < FEWEST_CONCEPTS:
        many = f"{concepts} concept{'' if concepts == 1 else 's'}"
        reason = f"{many}, and {FEWEST_CONCEPTS} are needed at least"
    elif counts < FEWEST_COUNTS:
        many = "all counts are equal" if counts == 1 else f"only {counts} different counts"
        reason = f"{many}, and {FEWEST_COUNTS} different ones are needed at least"
    elif not len(split_shares(grouping)):
        reason = "no count has enough concepts on either side: too many have the same count"
    else:
        return None
    return AuditThreshold(
        "not enough data",
        reason,
        level=Level(settings.known_level, settings.level_source),
        diagnostics=Diagnostics(concepts, counts, int(series.images.sum())),
        notes=tuple(_left_out(series)),
        settings=settings,
    )


def answer(
    series: ScoreSeries,
    grouping: Grouping,
    settings: ThresholdSettings,
    tests: ShapeTests,
    compared: tuple[Candidate, ...],
    crossing: Crossing,
    by_line: LineCrossing | None,
    count_share: float | None,
) -> AuditThreshold:
    """The audit voice.

    Parameters
    ----------
    by_line:
        Where a straight line crosses a level that was given, if that is what scores do.
    count_share:
        Share of the interval's variance that comes of doubtful counts.
    """
    fit = crossing.fit
    verdict, reason = _verdict(series, tests, settings, crossing)
    found = verdict == "threshold"
    # Where scores do not rise, a curve crosses a level only because it was told to rise.
    rises = tests.of("flat").refused and _within(series, crossing)
    crossed = None
    if settings.level is not None and tests.straight:
        crossed = _of_line(by_line, grouping)
    elif found or (rises and settings.known_level is not None):
        crossed = _counted(crossing)
    half = fit.floor + fit.rise / 2 if fit.rise > 0 else None
    level = half if settings.level_source == "half-way" else settings.known_level
    return AuditThreshold(
        verdict,
        reason,
        threshold=crossed.count if found and crossed else None,
        interval=crossed.interval if found and crossed else None,
        level=Level(level, settings.level_source),
        crossing=crossed,
        rise=_rise(crossing, settings) if tests.all_refused or (settings.ends and rises) else None,
        tests=tests.tests,
        candidates=compared,
        diagnostics=Diagnostics(
            len(series),
            len(grouping.position),
            int(series.images.sum()),
            tests.noise,
            tests.detectable,
            _image_share(series, tests.noise),
            count_share,
            _odd(series, grouping, compared),
        ),
        notes=(*_left_out(series), *_notes(series, crossed, found)),
        settings=settings,
    )


def _verdict(
    series: ScoreSeries, tests: ShapeTests, settings: ThresholdSettings, crossing: Crossing
) -> tuple[Verdict, str]:
    flat, fit = tests.of("flat"), crossing.fit
    range_ = f"between {int(series.counts[0]):,} and {int(series.counts[-1]):,} images"
    if not flat.refused:
        seen = f"a step of {tests.detectable:.2g} among the middle concepts would have been seen"
        told = f"p = {flat.p_value:.2g}"
        if tests.detectable <= tests.noise:
            return "no threshold", f"scores do not rise {range_} ({told}); {seen}"
        few = f"more than concepts differ anyway ({tests.noise:.2g})"
        reason = f"no rise of the scores with the count is seen ({told}), but only {seen}, {few}"
        return "not enough data", reason
    for story in ("line", "bent line"):
        test = tests.of(story)
        if test.refused:
            continue
        told = f"{STORIES[test.story]} fits as well (p = {test.p_value:.2g})"
        said = f"scores rise {range_}, but {told}"
        power = test.power or 0.0
        gathered = f"a rise of {test.rise or 0.0:.2g} within a factor of ten of the count"
        if power >= POWER:
            return "no threshold", f"{said}; {gathered} would have been told from it"
        only = f"{gathered} would have been told from it in only {power:.0%} of cases"
        return "not enough data", f"{said}; {only}"
    missing = _missing_plateau(series, fit)
    if missing:
        return "no threshold", f"scores rise {range_}, but {missing}"
    if crossing.at is None:
        ends = f"from {fit.floor:.3g} to {fit.plateau:.3g}"
        never = f"never crosses the level {settings.known_level:.3g}"
        return "no threshold", f"the curve goes {ends} and {never}"
    if not _within(series, crossing):
        return "no threshold", "the curve crosses the level only beyond the counts that are here"
    refused = ", ".join(list(STORIES.values())[:-1])
    return "threshold", f"{refused} and {STORIES['bent line']} are all refused"


def _within(series: ScoreSeries, crossing: Crossing) -> bool:
    """Whether something is crossed among the counts that are there."""
    x = series.log_counts
    return crossing.at is not None and bool(x[0] <= crossing.at <= x[-1])


def _missing_plateau(series: ScoreSeries, fit: Fit) -> str | None:
    x = series.log_counts
    if fit.scale == 0:
        risen = (x >= fit.gap[1]).astype(np.float64)
    else:
        risen = expit((x - fit.centre) / fit.scale)
    if np.sum(risen <= _ON_PLATEAU) < SIDE:
        return "they rise from the least counts on: there is no floor that a threshold could end"
    if np.sum(risen >= 1 - _ON_PLATEAU) < SIDE:
        return "they still rise at the greatest counts: no plateau is seen"
    return None


def _counted(crossing: Crossing) -> CrossingCount | None:
    if crossing.at is None or crossing.low is None or crossing.high is None:
        return None
    return _crossing_count(
        crossing.at, crossing.low, crossing.high, crossing.open_low, crossing.open_high
    )


def _of_line(found: LineCrossing | None, grouping: Grouping) -> CrossingCount | None:
    if found is None:
        return None
    at, low, high = found
    first, last = grouping.position[[0, -1]]
    return _crossing_count(at, low, high, bool(low <= first), bool(high >= last))


def _crossing_count(
    at: float, low: float, high: float, open_low: bool, open_high: bool
) -> CrossingCount:
    # To the sixth digit: what comes after is rounding of logarithms, and hides whole counts.
    count, least, most = (round(float(np.expm1(x)), 6) for x in (at, low, high))
    return CrossingCount(count, (least, most), open_low, open_high)


def _rise(crossing: Crossing, settings: ThresholdSettings) -> Rise | None:
    fit = crossing.fit
    if fit.rise <= 0:
        return None
    half_width = fit.scale * TENTH_TO_NINE_TENTHS / 2
    known = settings.ends
    return Rise(
        "step" if fit.scale == 0 else "logistic",
        fit.floor,
        (known[0], known[0]) if known else crossing.floor,
        fit.plateau,
        (known[1], known[1]) if known else crossing.plateau,
        round(float(max(np.expm1(fit.centre - half_width), 0.0)), 6),
        round(float(np.expm1(fit.centre + half_width)), 6),
    )


def _image_share(series: ScoreSeries, noise: float) -> float | None:
    if series.image_variance is None or noise <= 0:
        return None
    return float(min(series.image_variance / noise**2, 1.0))


def _odd(
    series: ScoreSeries, grouping: Grouping, compared: tuple[Candidate, ...]
) -> tuple[tuple[str, int, float, float], ...]:
    """Concepts far off the curve that foretells best."""
    expected = grouping.spread(compared[0].curve)
    off = series.scores - expected
    typical = 1.4826 * float(np.median(np.abs(off - np.median(off))))
    if typical == 0:
        return ()
    far = np.argsort(-np.abs(off), kind="stable")
    far = far[np.abs(off[far]) > _ODD * typical][:_MOST_ODD]
    return tuple(
        (series.concepts[at], int(series.counts[at]), float(series.scores[at]), float(expected[at]))
        for at in far
    )


def _left_out(series: ScoreSeries) -> list[str]:
    notes = [
        f"{concepts:,} concept{'' if concepts == 1 else 's'} left out: {reason}"
        for reason, concepts in series.left_out
    ]
    if series.images_left_out:
        notes.append(f"{series.images_left_out:,} unknown scores of single images left out")
    return notes


def _notes(series: ScoreSeries, crossed: CrossingCount | None, found: bool) -> list[str]:
    notes = []
    if crossed is not None:
        low, high = crossed.interval
        if (1 + high) > _WIDE * (1 + low):
            factor = (1 + high) / (1 + low)
            notes.append(
                f"the interval is wide: from {low:,.0f} to {high:,.0f} images, a factor of "
                f"{factor:,.0f}"
            )
        if crossed.open_low or crossed.open_high:
            notes.append(
                "the interval ends where the counts end, or too few concepts lie beyond: it might "
                "go on"
            )
        if not found:
            notes.append(
                f"the scores reach the level at {crossed.count:,.0f} images, but nothing tells "
                "that they change their behaviour there: it is a crossing, and no threshold"
            )
    if found and len(series) < _FEW_CONCEPTS:
        notes.append(
            f"{len(series)} concepts are few: intervals of so few hold the truth less often than "
            "they say, in simulations in 85 to 95 %"
        )
    if found and series.counts[0] > 0:
        notes.append(
            f"every concept has {int(series.counts[0]):,} or more images: the floor is what is "
            "seen there, and not what a model shows without training"
        )
    return notes
