"""Removals as tables: one that is carried out or planned, all of a dataset, and filters."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from audit.removal.export import FilterReport
from audit.removal.listing import RemovalList
from audit.removal.removing import RemovalReport
from audit.reports.lookup_table import asked_table, shown_samples, where_was_looked
from audit.reports.tables import as_renderables, counted, note, visible


@as_renderables.register
def _report(report: RemovalReport) -> list[RenderableType]:
    removal = report.removal
    shown: list[RenderableType] = []
    if removal.withdrawn is not None:
        title = f"Removal {removal.id} of {counted(removal.samples, 'sample')} is taken back."
    elif report.done:
        title = f"Removal {removal.id}: {counted(removal.samples, 'sample')}."
    else:
        title = f"Would be removed: {counted(removal.samples, 'sample')}."
    text = Text(title, style="bold")
    if report.found is not None and report.found.already_removed:
        text.append(
            f" {report.found.already_removed:,} of them were removed before.", style="default"
        )
    shown.append(text)
    if report.found is not None:
        shown += [*asked_table(report.found), *shown_samples(report.found)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Number", overflow="fold")
    for name in ("Before", "After", "Change"):
        table.add_column(name, justify="right")
    for change in report.changes:
        before, after = change.before, change.after
        told = ["unknown" if one is None else f"{one:,}" for one in (before, after)]
        moved = "" if before is None or after is None else f"{after - before:+,}"
        table.add_row(Text(visible(change.what)), *told, moved)
    shown += [Text(""), table]
    if report.found is not None:
        shown += where_was_looked(report.found)
        shown.append(
            note(
                "shards, and images that were fetched or embedded, stay where they are; removed "
                "samples are in no number"
            )
        )
    return shown


@as_renderables.register
def _list(answer: RemovalList) -> list[RenderableType]:
    if not answer.removals:
        return [Text(f"Nothing was removed from {answer.dataset}.")]
    table = Table("Removal", "Samples", "When", "Who", "Why", box=box.SIMPLE_HEAD, pad_edge=False)
    table.columns[1].justify = "right"
    table.columns[4].overflow = "fold"
    for removal in answer.removals:
        why = Text(visible(removal.reason))
        if removal.withdrawn is not None:
            back = removal.withdrawn
            told = visible(f"taken back {back.when[:10]} by {back.who}: {back.reason}")
            why.append(f"\n{told}", style="yellow")
        style = "" if removal.in_force else "dim"
        table.add_row(
            removal.id, f"{removal.samples:,}", removal.when[:10], visible(removal.who), why,
            style=style,
        )  # fmt: skip
    return [table, Text(f"{answer.dataset}: {visible(answer.coverage.describe())}.")]


@as_renderables.register
def _filter(report: FilterReport) -> list[RenderableType]:
    if report.lists == "removed":
        told = f"{counted(report.entries, 'removed sample')}, to be left out"
    else:
        told = f"{counted(report.entries, 'uid')}, to be kept"
    return [Text(f"{told}: {report.path}", no_wrap=True)]
