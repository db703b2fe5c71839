"""From a series of scores to an estimate of its threshold, in both voices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from audit._version import __version__
from audit.errors import UsageError
from audit.thresholds.answer import answer, too_few
from audit.thresholds.candidates import candidates
from audit.thresholds.crossing import find_crossing
from audit.thresholds.curves import Grouping
from audit.thresholds.doubtful_counts import with_doubtful_counts
from audit.thresholds.line_crossing import line_crossing
from audit.thresholds.paper import paper_threshold
from audit.thresholds.results import AuditThreshold, ThresholdEstimate
from audit.thresholds.sensitivity import sensitivity
from audit.thresholds.series import ScoreSeries
from audit.thresholds.settings import ThresholdSettings
from audit.thresholds.shape_tests import shape_tests

#: What is done, and the share of all that is done before it.
Progress = Callable[[str, float], None]


def estimate_threshold(
    series: ScoreSeries,
    settings: ThresholdSettings | None = None,
    *,
    source: str | None = None,
    on_progress: Progress = lambda what, share: None,
) -> ThresholdEstimate:
    """Estimate the imitation threshold of a series, by the published rule and by our own.

    Parameters
    ----------
    source:
        Where the scores came from, to be kept with the answer.

    Raises
    ------
    UsageError
        If there are no scores.
    """
    if not len(series):
        why = "; ".join(f"{concepts:,} left out: {said}" for said, concepts in series.left_out)
        raise UsageError(
            f"There are no scores ({why or 'no concepts'}).",
            hint="Give a table of concepts, each with its count (audit score --counts) and score.",
        )
    settings = settings or ThresholdSettings()
    for_audit, for_halves = np.random.default_rng(settings.seed).spawn(2)
    on_progress("the published rule", 0.0)
    paper = paper_threshold(series, settings.penalty)
    asked_again = sensitivity(series, for_halves, penalty=settings.penalty)
    audit = audit_threshold(series, settings, for_audit, on_progress)
    return ThresholdEstimate(series, paper, audit, asked_again, __version__, source)


def audit_threshold(
    series: ScoreSeries,
    settings: ThresholdSettings,
    rng: np.random.Generator,
    on_progress: Progress = lambda what, share: None,
) -> AuditThreshold:
    """The audit voice alone."""
    grouping = Grouping(series.log_counts)
    nothing = too_few(series, grouping, settings)
    if nothing is not None:
        return nothing
    # A generator each: what one of them draws changes no other.
    for_tests, for_candidates, for_crossing, for_counts, for_line = rng.spawn(5)
    scores, rounds = series.scores, settings.rounds
    on_progress("tests", 0.2)
    tests = shape_tests(grouping, scores, rounds=rounds, rng=for_tests)
    compared = candidates(
        grouping, scores, settings.known_level, for_candidates, ends=settings.ends
    )
    on_progress("interval", 0.5)
    crossing = find_crossing(
        grouping,
        scores,
        settings.level,
        ends=settings.ends,
        confidence=settings.confidence,
        rounds=rounds,
        rng=for_crossing,
    )
    count_share = by_line = None
    # Where there is neither a threshold nor a level, no interval is told.
    if tests.all_refused or settings.known_level is not None:
        crossing, count_share = with_doubtful_counts(
            crossing,
            series,
            settings,
            for_counts,
            lambda share: on_progress("counts in doubt", 0.7 + 0.3 * share),
        )
    if settings.level is not None and tests.straight:
        by_line = line_crossing(
            grouping,
            scores,
            settings.level,
            confidence=settings.confidence,
            rounds=rounds,
            rng=for_line,
        )
    return answer(series, grouping, settings, tests, compared, crossing, by_line, count_share)
