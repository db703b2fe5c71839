"""Answers in notebooks: a small table with intervals drawn, and what it rests on.

It takes the colours of the notebook, light or dark, runs nothing, and believes no text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import polars as pl

from audit.counts.results import CountResult
from audit.counts.visual_results import VisualResult
from audit.datasets.overview import Overview
from audit.dossiers.results import AuditReport
from audit.optouts.results import OptOutReview
from audit.reports.markup import Html, fill, joined, shortened
from audit.reviews.results import LicenseReview
from audit.verdicts.results import FlagResult

_ROWS, _COLUMNS = 20, 10
_LONGEST = 120
_WIDTH, _HEIGHT = 150, 14

_FRAME = (
    '<div style="max-width:70em">'
    '<p style="margin:.2em 0"><b>$title</b></p>'
    '<div style="overflow-x:auto"><table><thead><tr>$head</tr></thead><tbody>$rows</tbody></table>'
    "</div>$notes</div>"
)
_NOTE = '<p style="margin:.2em 0;opacity:.75;font-size:90%"><bdi>$note</bdi></p>'


@dataclass(frozen=True)
class View:
    """What is shown of an answer.

    Attributes
    ----------
    frame:
        Its table.
    interval:
        Columns of a value and of both its ends, to be drawn beside them; none for nothing drawn.
    notes:
        What the numbers rest on.
    """

    title: str
    frame: pl.DataFrame
    interval: tuple[str, str, str] | None = None
    notes: Sequence[str] = field(default=())


def as_html(answer: Any) -> Html:
    """The markup of an answer; of unknown kinds their ``to_polars()``."""
    view = view_of(answer)
    frame = view.frame.head(_ROWS)
    shown = frame.columns[:_COLUMNS]
    drawn = _drawn(frame, view.interval) if view.interval else None
    head = [fill('<th scope="col">$name</th>', name=name.replace("_", " ")) for name in shown]
    head += [fill('<th scope="col">interval</th>')] * (drawn is not None)
    rows = [
        fill(
            "<tr>$cells$drawn</tr>",
            cells=joined([_cell(row[name]) for name in shown]),
            drawn="" if drawn is None else drawn[number],
        )
        for number, row in enumerate(frame.iter_rows(named=True))
    ]
    notes = [*_left_out(view.frame, shown), *view.notes]
    return fill(
        _FRAME,
        title=view.title,
        head=joined(head),
        rows=joined(rows),
        notes=joined([fill(_NOTE, note=shortened(note, 600)) for note in notes]),
    )


def _left_out(frame: pl.DataFrame, shown: Sequence[str]) -> list[str]:
    told = []
    if len(frame) > _ROWS:
        told.append(f"{_ROWS} of {len(frame):,} rows; to_polars() has all.")
    if len(frame.columns) > len(shown):
        told.append(f"{len(shown)} of {len(frame.columns)} columns; to_polars() has all.")
    return told


def _cell(value: Any) -> Html:
    if isinstance(value, bool) or value is None or not isinstance(value, int | float):
        told = "unknown" if value is None else str(value)
        return fill(
            '<td style="text-align:left"><bdi>$text</bdi></td>', text=shortened(told, _LONGEST)
        )
    told = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
    if isinstance(value, float) and abs(value) >= 1000:
        told = f"{value:,.0f}"
    return fill('<td style="text-align:right">$text</td>', text=told)


def _drawn(frame: pl.DataFrame, columns: tuple[str, str, str]) -> list[Html]:
    """A cell for each row: dot and line on a logarithmic axis that all rows share."""
    ends = [end for name in columns for end in frame[name].to_list() if end is not None]
    most = math.log1p(max(ends, default=1) or 1)

    def place(number: float) -> float:
        return round(6 + (_WIDTH - 12) * math.log1p(max(number, 0)) / most, 1)

    cells = []
    for value, low, high in frame.select(columns).iter_rows():
        line = dot = Html("")
        told = "unknown"
        if low is not None:
            right = _WIDTH if high is None else place(high)
            told = f"{low:,.0f} to {'no upper bound known' if high is None else f'{high:,.0f}'}"
            line = fill(
                '<line x1="$left" x2="$right" y1="7" y2="7" stroke="currentColor" '
                'stroke-width="2.5"/>',
                left=place(low),
                right=right,
            )
        if value is not None:
            dot = fill('<circle cx="$x" cy="7" r="4" fill="currentColor"/>', x=place(value))
        cells.append(
            fill(
                '<td><svg role="img" aria-label="$told" width="$width" height="$height">'
                "$line$dot</svg></td>",
                told=told,
                width=_WIDTH,
                height=_HEIGHT,
                line=line,
                dot=dot,
            )
        )
    return cells


@singledispatch
def view_of(answer: Any) -> View:
    """What is shown of an answer; register a function for a kind that deserves its own."""
    name = "".join(f" {c.lower()}" if c.isupper() else c for c in type(answer).__name__).strip()
    dataset = getattr(answer, "dataset", None) or getattr(answer, "name", None)
    title = f"{name.capitalize()} of {dataset}" if isinstance(dataset, str) else name.capitalize()
    return View(title, answer.to_polars(), notes=basis(answer))


def basis(answer: Any) -> list[str]:
    """What an answer says that it rests on."""
    told = []
    coverage = getattr(answer, "coverage", None)
    if coverage is not None:
        told.append(f"Rests on {coverage.describe()}.")
    for name in ("method", "assumption"):
        value = getattr(answer, name, None)
        if isinstance(value, str):
            told.append(f"{name.capitalize()}: {value}.")
    return told


@view_of.register
def _count(answer: CountResult) -> View:
    columns = ["concept", "samples", "low", "high", "distinct", "per_million", "findings"]
    frame = answer.to_polars().select(columns)
    if answer.distinct_by is None:
        frame = frame.drop("distinct")
    title = f"Samples of {answer.dataset} whose caption names a concept"
    return View(title, frame, ("samples", "low", "high"), basis(answer))


@view_of.register
def _visual(answer: VisualResult) -> View:
    columns = (
        "concept", "samples", "samples_low", "samples_high", "named_and_shown", "shown_not_named",
        "labelled", "warnings",
    )  # fmt: skip
    frame = answer.to_polars().select(columns)
    title = f"Samples of {answer.dataset} whose image shows a concept"
    return View(title, frame, ("samples", "samples_low", "samples_high"), basis(answer))


@view_of.register
def _flag(answer: FlagResult) -> View:
    columns = (
        "concept", "domain", "verdict", "count", "count_low", "count_high", "threshold_low",
        "threshold_high", "ratio", "settle",
    )  # fmt: skip
    tally = ", ".join(f"{many:,} {verdict}" for verdict, many in answer.tally.items())
    frame = answer.to_polars().select(columns)
    notes = [f"{answer.assumption[:1].upper()}{answer.assumption[1:]}."]
    return View(f"Verdicts: {tally}", frame, ("count", "count_low", "count_high"), notes)


@view_of.register
def _report(answer: AuditReport) -> View:
    frame = answer.to_polars()
    columns = (
        "concept", "verdict", "count", "count_low", "count_high", "threshold_low",
        "threshold_high", "license_open", "license_unknown", "hosts",
    )  # fmt: skip
    title = f"Report on {answer.dataset}: {len(answer.dossiers):,} concepts"
    if not answer.dossiers:
        return View(title, view_of(answer.licenses).frame, notes=answer.limits)
    return View(title, frame.select(columns), ("count", "count_low", "count_high"), answer.limits)


@view_of.register
def _licenses(answer: LicenseReview) -> View:
    whole = answer.whole
    frame = pl.DataFrame(
        [
            {
                "found": count.name,
                "samples": count.samples,
                "share": whole.share(count.samples),
                "distinct_urls": count.urls.value if count.urls else None,
            }
            for count in (*whole.statuses, *whole.findings)
        ],
        infer_schema_length=None,
    )
    return View(f"Licenses of {answer.dataset}", frame, notes=basis(answer))


@view_of.register
def _optouts(answer: OptOutReview) -> View:
    frame = pl.DataFrame(
        [
            {"use": one.use, "denied": one.denied, "allowed": one.allowed, "unknown": one.unknown}
            for one in answer.uses
        ]
    )
    notes = [*basis(answer), "The absence of a signal is no permission."]
    return View(f"Opt-outs of {answer.dataset}", frame, notes=notes)


@view_of.register
def _overview(answer: Overview) -> View:
    return View(f"Columns of {answer.name}", answer.to_polars(), notes=basis(answer))
