"""The answers of `audit label` as tables, and labels beside a count."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from audit.counts.visual_results import GivenLabels
from audit.labels.export import ExportReport
from audit.labels.store import LabelReport
from audit.reports.tables import as_renderables, estimated, visible


@as_renderables.register
def _export(report: ExportReport) -> list[RenderableType]:
    task = report.task
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Stratum")
    table.add_column("Samples", justify="right")
    table.add_column("To label", justify="right")
    for stratum in task.strata:
        table.add_row(stratum.title, f"{stratum.size:,}", f"{stratum.drawn:,}")
    if report.is_page:
        what, file = f"Open {report.path} in a browser, label, save the labels", task.saved_as
    else:
        what, file = "Write yes, no or unsure into the column label", str(report.path)
    return [
        table,
        Text(
            f"\n{visible(task.concept)}: {len(task.samples):,} samples to label, cut-off "
            f"{task.cutoff:.3f}, seed {task.seed}. {what}, then:"
        ),
        Text(f"audit label import {file}", no_wrap=True),
    ]


@as_renderables.register
def _import(report: LabelReport) -> list[RenderableType]:
    labels = report.labels
    task, found = labels.task, labels.estimate
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Concept", overflow="fold")
    table.add_column("Shown", justify="right")
    cells = [Text(visible(task.concept), style="bold"), estimated(found.total)]
    if task.by == "both":
        table.add_column("named and shown", justify="right")
        table.add_column("shown, not named", justify="right")
        cells += [estimated(found.named), estimated(found.unnamed)]
    table.add_row(*cells)
    return [
        table,
        Text(f"\n{described(labels)}. Values with 95 % intervals."),
        Text(f"Method: {found.method}. Assumed: {found.assumption}.", style="dim"),
    ]


def described(labels: GivenLabels) -> str:
    """Whose labels, how many, and what they say of."""
    found = labels.estimate
    total = found.yes + found.no + found.unsure
    told = (
        f"{total:,} labels by {visible(labels.who)}, {labels.when[:10]}: {found.yes:,} yes, "
        f"{found.no:,} no, {found.unsure:,} unsure"
    )
    if labels.skipped:
        told += f" ({len(labels.skipped):,} of these skipped)"
    both = labels.agreement
    if both.by_several:
        told += f"; {both.by_several:,} labelled by several people, {both.alike:,} of them alike"
    return told


def labelled_line(labels: GivenLabels, by: str) -> Text:
    """What labels say, beside a count."""
    found = labels.estimate
    text = Text("  By labels: ")
    text.append_text(estimated(found.total))
    text.append(" show it")
    if by == "both":
        text.append(", ")
        text.append_text(estimated(found.named))
        text.append(" of them named, ")
        text.append_text(estimated(found.unnamed))
        text.append(" not named")
    text.append(f"; {described(labels)}.")
    return text
