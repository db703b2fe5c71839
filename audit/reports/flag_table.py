"""The answer of `audit flag` as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from audit.reports.tables import as_renderables, counted, note, visible
from audit.reports.thresholds_table import caveat_notes
from audit.verdicts.applied import AppliedThreshold
from audit.verdicts.judging import ABOVE, BELOW, NO_THRESHOLD, UNCERTAIN, VERDICTS, Span
from audit.verdicts.results import EVIDENCE, FlaggedConcept, FlagResult

#: Concepts up to which each is in the table, whatever its verdict.
_FEW_CONCEPTS = 10
#: Rows of the table; of the rest only their number is told.
_MOST_ROWS = 200
#: Concepts that are named as examples of those that are left out.
_NAMED = 5
#: Concepts whose own warnings are shown.
_WARNED = 20
_STYLES = {ABOVE: "bold red", UNCERTAIN: "yellow", BELOW: "cyan", NO_THRESHOLD: "dim"}


@as_renderables.register
def _flag(result: FlagResult) -> list[RenderableType]:
    return flag_lines(result, "--output csv")


def flag_lines(result: FlagResult, rest: str) -> list[RenderableType]:
    """The verdicts; ``rest`` says where those are that are left out."""
    marks = {
        (applied.domain, applied.statement): f"[{number}]"
        for number, applied in enumerate(_with_values(result), start=1)
    }
    few = len(result.concepts) <= _FEW_CONCEPTS
    verdicts = VERDICTS if few else (ABOVE, UNCERTAIN)
    rows = [flagged for flagged in result.concepts if flagged.verdict in verdicts]
    shown: list[RenderableType] = [_summary(result)]
    if rows:
        shown += [Text(""), _table(rows[:_MOST_ROWS], marks)]
    if len(rows) > _MOST_ROWS:
        more = len(rows) - _MOST_ROWS
        shown.append(Text(f"… and {counted(more, 'concept')} more: all are in {rest}."))
    shown.append(Text(""))
    if not few:
        shown += _left_out(result, rest)
    shown += _thresholds(result, marks)
    shown += _warnings(rows[:_MOST_ROWS], rest)
    shown.append(Padding(_basis(result), (1, 0, 0, 0)))
    return shown


def _summary(result: FlagResult) -> Text:
    text = Text(f"{counted(len(result.concepts), 'concept')}: ", style="bold")
    for number, (verdict, concepts) in enumerate(result.tally.items()):
        style = _STYLES[verdict] if concepts else "dim"
        text.append(", " if number else "", style="default")
        text.append(f"{concepts:,} {verdict}", style=style)
    text.append(".", style="default")
    return text


def _table(rows: Sequence[FlaggedConcept], marks: dict[tuple[str | None, str], str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Concept", overflow="fold")
    table.add_column("Count", justify="right")
    table.add_column("Threshold", justify="right")
    table.add_column("Verdict")
    table.add_column("× threshold", justify="right")
    settled = any(flagged.settle for flagged in rows)
    if settled:
        table.add_column("What would settle it", overflow="fold")
    for flagged in rows:
        applied = flagged.applied
        threshold = Text("none" if applied.span is None else _range(applied.span))
        threshold.append(f" {marks.get((applied.domain, applied.statement), '')}", style="dim")
        verdict = "no threshold" if flagged.verdict == NO_THRESHOLD else flagged.verdict
        cells: list[RenderableType] = [
            Text(visible(flagged.name), style="bold"),
            _count(flagged),
            threshold,
            Text(verdict, style=_STYLES[flagged.verdict]),
            _multiple(flagged),
        ]
        if settled:
            cells.append(Text("; ".join(flagged.settle)))
        table.add_row(*cells)
    return table


def _count(flagged: FlaggedConcept) -> Text:
    exposure = flagged.exposure
    value, span = exposure.value, exposure.span
    text = Text("unknown" if value is None else f"{value:,.0f}")
    if value is None or span.low != value or span.high != value:
        text.append(f" ({_range(span)})", style="dim")
    return text


def _range(span: Span) -> str:
    if math.isinf(span.high):
        return f"{span.low:,.0f} or more"
    if span.low == span.high:
        return f"{span.low:,.0f}"
    return f"{span.low:,.0f}–{span.high:,.0f}"


def _multiple(flagged: FlaggedConcept) -> Text:
    ratio, span = flagged.ratio, flagged.ratio_span
    if ratio is None:
        return Text("")
    text = Text(_times(ratio))
    if span is not None and span.low != span.high:
        high = " or more" if math.isinf(span.high) else f"–{_times(span.high)}"
        text.append(f" ({_times(span.low)}{high})", style="dim")
    return text


def _times(ratio: float) -> str:
    """A multiple with two figures or more.

    >>> _times(0.0443), _times(1.26), _times(12.6), _times(1260.0)
    ('0.044', '1.3', '13', '1,260')
    """
    if ratio >= 10:
        return f"{ratio:,.0f}"
    return f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2g}"


def _left_out(result: FlagResult, rest: str) -> list[RenderableType]:
    shown: list[RenderableType] = []
    below = result.of(BELOW)
    if below:
        text = f"Below: {counted(len(below), 'concept')}; the nearest are "
        near = [f"{visible(one.name)} ({_times(one.ratio or 0)}×)" for one in below[:_NAMED]]
        shown.append(Text(f"{text}{', '.join(near)}. All are in {rest}."))
        shown.append(Text(""))
    return shown


def _with_values(result: FlagResult) -> list[AppliedThreshold]:
    return [applied for applied in result.thresholds if applied.span is not None]


def _thresholds(
    result: FlagResult, marks: dict[tuple[str | None, str], str]
) -> list[RenderableType]:
    """What was held against, and why there is nothing to hold some concepts against."""
    shown: list[RenderableType] = []
    for applied in _with_values(result):
        domain = f" for {applied.domain}" if applied.domain else ""
        unit = f" {applied.unit}" if applied.unit else " images"
        span = _range(applied.span) if applied.span else ""
        mark = marks[applied.domain, applied.statement]
        shown.append(Text(f"{mark} {span}{visible(unit)}{domain}: {visible(applied.statement)}."))
    for applied in result.thresholds:
        if applied.span is None:
            those = [one for one in result.of(NO_THRESHOLD) if one.applied.domain == applied.domain]
            names = ", ".join(visible(one.name) for one in those[:_NAMED])
            names += ", …" if len(those) > _NAMED else ""
            shown.append(
                note(f"no threshold for {counted(len(those), 'concept')} ({names}): "
                     f"{applied.statement}")
            )  # fmt: skip
    entries = [entry for applied in _with_values(result) for entry in applied.entries]
    return shown + caveat_notes(entries)


def _warnings(rows: Sequence[FlaggedConcept], rest: str) -> list[RenderableType]:
    warned = [(one.name, text) for one in rows for text in one.exposure.notes]
    shown: list[RenderableType] = [note(f"{name}: {text}") for name, text in warned[:_WARNED]]
    if len(warned) > _WARNED:
        more = len(warned) - _WARNED
        shown.append(Text(f"… and {counted(more, 'note')} more: all are in {rest}."))
    return shown


def _basis(result: FlagResult) -> Text:
    rests = result.counted
    read, shards = rests.coverage["read_shards"], rests.coverage["shards"]
    text = Text(f"Dataset {visible(rests.dataset)}: ", style="dim")
    text.append(f"{counted(rests.considered, 'sample')}")
    if rests.where:
        text.append(f" that meet the condition {visible(rests.where)}")
    if read < shards:
        text.append(f"; {shards - read:,} of {shards:,} shards were not read")
    text.append(f". {result.assumption[0].upper()}{result.assumption[1:]}.")
    text.append(f" {EVIDENCE[0].upper()}{EVIDENCE[1:]}.")
    return text
