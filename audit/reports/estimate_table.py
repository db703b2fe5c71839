"""The answer of `audit threshold` as a table."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from audit.reports.tables import as_renderables, counted, note, visible
from audit.reports.threshold_words import percent
from audit.thresholds.candidates import Candidate
from audit.thresholds.paper import PaperThreshold
from audit.thresholds.results import ASSUMPTION, AuditThreshold, ThresholdEstimate, interval_text
from audit.thresholds.sensitivity import Sensitivity
from audit.thresholds.shape_tests import STORIES, StoryTest

_SHOWN_POINTS = 8
_LEVELS = {
    "half-way": "half-way between floor and plateau",
    "half-way between known ends": "half-way between a known floor and plateau",
    "given": "as given",
}
_STORIES = {**STORIES, "flat": "scores do not depend on the count"}


@as_renderables.register
def _estimate(estimate: ThresholdEstimate) -> list[RenderableType]:
    audit = estimate.audit
    shown: list[RenderableType] = [_voices(estimate)]
    if audit.tests:
        shown += [
            Padding(_tests(audit.tests, audit.settings.rounds), (1, 0, 0, 0)),
            Padding(_candidates(audit.candidates), (1, 0, 0, 0)),
        ]
    shown.append(Padding(_basis(estimate), (1, 0, 0, 0)))
    shown += [note(text) for text in (*audit.notes, *_doubts(estimate))]
    return shown


def _voices(estimate: ThresholdEstimate) -> Table:
    audit, paper = estimate.audit, estimate.paper
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    facts.add_row("Audit", Text(_verdict(audit), style="bold"))
    facts.add_row("", f"{audit.reason[0].upper()}{audit.reason[1:]}.")
    if audit.rise is not None:
        facts.add_row("Rise", _rise(audit))
    level = audit.level
    if level.value is not None and (audit.rise is not None or level.source == "given"):
        facts.add_row("Level", f"{level.value:.3g}, {_LEVELS[level.source]}")
    if audit.crossing is not None and audit.threshold is None:
        reached = f"at {audit.crossing.count:,.0f} images ({percent(audit)}: "
        facts.add_row("Reached", f"{reached}{interval_text(audit.crossing.interval)})")
    facts.add_row()
    facts.add_row("Paper", Text(_published(paper), style="bold"))
    facts.add_row("", f"First change of the mean (PELT, penalty {paper.penalty:g}); no interval.")
    if paper.mean_after is not None:
        facts.add_row(
            "Means", f"{paper.mean_before:.3f} before, {paper.mean_after:.3f} from there on"
        )
        facts.add_row("Changes", _change_points(paper))
    if paper.outliers and paper.mean_before > 0:
        outliers = [f"{visible(name)} ({count:,})" for name, count, _ in paper.outliers]
        facts.add_row("Outliers", f"{_listed(outliers)}: above four times the mean before")
    facts.add_row("Asked again", _asked_again(estimate.sensitivity))
    return facts


def _verdict(audit: AuditThreshold) -> str:
    if audit.threshold is None or audit.interval is None:
        return audit.verdict
    return f"{audit.threshold:,.0f} images ({percent(audit)}: {interval_text(audit.interval)})"


def _published(paper: PaperThreshold) -> str:
    return "no change" if paper.threshold is None else f"{paper.threshold:,} images"


def _rise(audit: AuditThreshold) -> str:
    rise = audit.rise
    assert rise is not None
    ends = (
        f"from {_score(rise.floor, rise.floor_interval)} "
        f"to {_score(rise.plateau, rise.plateau_interval)}"
    )
    if rise.shape == "step":
        return f"{ends}, in one step"
    between = f"{rise.from_tenth:,.0f} and {rise.to_nine_tenths:,.0f} images"
    return f"{ends}; eight tenths of it between {between}"


def _score(value: float, interval: tuple[float, float]) -> str:
    if interval[0] == interval[1]:
        return f"{value:.3g}"
    return f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"


def _change_points(paper: PaperThreshold) -> str:
    return _listed([f"{point.count:,} ({visible(point.concept)})" for point in paper.change_points])


def _listed(parts: list[str]) -> str:
    more = len(parts) - _SHOWN_POINTS
    return ", ".join(parts[:_SHOWN_POINTS]) + (f" … and {more:,} more" if more > 0 else "")


def _asked_again(asked: Sensitivity) -> str:
    penalties = [penalty for penalty, _ in asked.by_penalty]
    over = f"over penalties {penalties[0]:g} to {penalties[-1]:g}"
    none = sum(threshold is None for _, threshold in asked.by_penalty)
    if asked.penalty_range is None:
        first = f"no change {over}"
    else:
        low, high = asked.penalty_range
        first = f"{low:,} to {high:,} {over}" if low < high else f"{low:,} {over}"
        first += f" (no change at {none} of {len(penalties)})" if none else ""
    found = asked.halves - asked.half_none
    if asked.half_low is None or asked.half_high is None:
        return f"{first}; no change in {asked.halves} random halves of the concepts"
    halves = f"{asked.half_low:,.0f} to {asked.half_high:,.0f}"
    answered = "" if not asked.half_none else f", in the {found} that have a change"
    return f"{first}; {halves} over {asked.halves} random halves of the concepts (90 %{answered})"


def _p_value(test: StoryTest, rounds: int) -> str:
    least = 1 / (1 + rounds)
    return f"≤ {least:.1g}" if test.p_value <= least else f"{test.p_value:.2g}"


def _tests(tests: tuple[StoryTest, ...], rounds: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Without a threshold")
    table.add_column("p", justify="right")
    table.add_column("")
    for test in tests:
        power = "" if test.power is None else f"; power {test.power:.0%}"
        table.add_row(
            _STORIES[test.story],
            _p_value(test, rounds),
            "refused" if test.refused else f"not refused{power}",
        )
    return table


def _candidates(candidates: tuple[Candidate, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Shape")
    table.add_column("Error on concepts left out", justify="right")
    table.add_column("Squared, behind the best", justify="right")
    table.add_column("Reaches the level at", justify="right")
    for one in candidates:
        behind = f"{one.behind:.2g} ± {one.behind_error:.2g}" if one.behind else "best"
        reaches = "" if one.crossing is None else f"{one.crossing:,.0f}"
        table.add_row(one.shape, f"{one.error:.4f}", behind, reaches)
    return table


def _basis(estimate: ThresholdEstimate) -> Text:
    seen = estimate.audit.diagnostics
    of = [visible(part) for part in (estimate.domain, estimate.model) if part]
    text = Text(f"Scores{' of ' + ', '.join(of) if of else ''}: ", style="dim")
    text.append(f"{counted(seen.concepts, 'concept')}, {counted(seen.distinct_counts, 'count')}")
    if seen.images != seen.concepts:
        text.append(f", {counted(seen.images, 'score')}")
    if seen.noise is not None:
        text.append(f"; noise {seen.noise:.3g}")
    if seen.image_share is not None:
        text.append(f", {seen.image_share:.0%} of its variance from few images a concept")
    if seen.count_share is not None:
        text.append(f"; {seen.count_share:.0%} of the interval's variance from doubtful counts")
    text.append(f"; {estimate.audit.settings.rounds:,} draws, seed {estimate.audit.settings.seed}.")
    text.append(f" It holds if {ASSUMPTION}.")
    return text


def _doubts(estimate: ThresholdEstimate) -> list[str]:
    audit, paper = estimate.audit, estimate.paper
    doubts = []
    if audit.diagnostics.odd:
        named = [
            f"{visible(name)} ({count:,} images, score {score:.2f}, expected {expected:.2f})"
            for name, count, score, expected in audit.diagnostics.odd[:5]
        ]
        doubts.append(f"far off the curve, so look at their counts and names: {'; '.join(named)}")
    if paper.among_equals:
        doubts.append(
            "the change that the published rule takes lies among concepts of equal counts, so that "
            f"names decide where it is ({paper.change_points[0].count:,} images)"
        )
    falls = paper.mean_after is not None and paper.mean_after < paper.mean_before
    if falls:
        doubts.append(
            "scores fall where the published rule sees a change: are these distances, and not "
            "similarities?"
        )
    elif paper.threshold is not None and audit.verdict != "threshold":
        doubts.append(
            f"the published rule answers {paper.threshold:,} all the same: it puts a step wherever "
            "scores change enough, and asks nothing else"
        )
    return doubts
