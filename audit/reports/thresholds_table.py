"""The answer of `audit thresholds` as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from audit.reports.tables import as_renderables, note, visible
from audit.thresholds.known import KnownThreshold, KnownThresholds, caveats_of


@as_renderables.register
def _thresholds(answer: KnownThresholds) -> list[RenderableType]:
    if not answer.entries:
        shown: list[RenderableType] = [Text("No threshold is known for that.")]
        return shown + [note(text) for text in answer.notes]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Domain")
    table.add_column("Group", overflow="fold")
    table.add_column("Models", overflow="fold")
    table.add_column("Trained on", overflow="fold")
    table.add_column("Threshold", justify="right")
    table.add_column("Interval", overflow="fold")
    table.add_column("Source", overflow="fold")
    for entry in answer.entries:
        table.add_row(
            visible(entry.domain or "not said"),
            visible(entry.group or ""),
            visible(", ".join(entry.models)),
            visible(entry.training_set or ""),
            Text("none" if entry.value is None else images(entry.value), style="bold"),
            visible(_interval(entry)),
            visible(entry.source or entry.place or ""),
        )
    shown = [table]
    for what, told in (("Unit", _units(answer)), ("Method", _methods(answer))):
        shown.append(Text(f"\n{what}: {'; '.join(visible(text) for text in told)}."))
    shown.append(Text(""))
    shown += caveat_notes(answer.entries)
    return shown + [note(text) for text in answer.notes]


def images(value: float) -> str:
    """A number of images.

    >>> images(364.0), images(1203.7)
    ('364', '1,204')
    """
    return f"{value:,.0f}"


def _interval(entry: KnownThreshold) -> str:
    if entry.reason is not None:
        return entry.reason
    if entry.interval is None:
        return "none given"
    return f"{images(entry.interval[0])}–{images(entry.interval[1])}"


def _units(answer: KnownThresholds) -> list[str]:
    return list(dict.fromkeys(entry.unit or "images" for entry in answer.entries))


def _methods(answer: KnownThresholds) -> list[str]:
    return list(dict.fromkeys(entry.method or "not told" for entry in answer.entries))


def caveat_notes(entries: Sequence[KnownThreshold]) -> list[RenderableType]:
    """Each caveat once, with whose it is where it does not belong to all."""
    return [note(caveat) for caveat in caveats_of(entries)]
