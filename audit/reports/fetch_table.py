"""The answer of `audit fetch` as a table."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from audit.fetching.reasons import BY_NAME, FETCHED, PRIVATE
from audit.fetching.report import FetchReport
from audit.reports.tables import as_renderables, named, visible

_SHOWN_SHARDS = 10


@as_renderables.register
def _fetch(report: FetchReport) -> list[RenderableType]:
    tried = sum(report.outcomes.values())
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Outcome")
    table.add_column("Samples", justify="right")
    table.add_column("Share", justify="right")
    table.add_column("Notes")
    for name, samples in report.outcomes.items():
        reason = BY_NAME[name]
        label = Text(reason.label, style="bold" if name == FETCHED else "")
        note = "may pass: run again to retry" if reason.transient else ""
        note = "not tried: --allow-private does" if name == PRIVATE else note
        table.add_row(label, f"{samples:,}", f"{samples / tried:.1%}", note)
    shown: list[RenderableType] = [table] if tried else []
    shown.append(Text(f"\n{_scope(report)}"))
    if report.link_rot is not None:
        shown.append(Text(_link_rot(report)))
    for uri, why in report.unread[:_SHOWN_SHARDS]:
        shown.append(Text(f"Not looked up: {named(uri, why)}", style="yellow"))
    shown.append(Text(f"Images: {report.folder}\nRecord: {report.record}", no_wrap=True))
    return shown


def _scope(report: FetchReport) -> str:
    what = f"Dataset {report.dataset}: "
    concepts = ", ".join(visible(concept["name"]) for concept in report.selection["concepts"])
    which = "samples"
    if concepts:
        which += f" whose caption names {concepts}"
    if report.selection["where"] is not None:
        which += f" that meet the condition {visible(report.selection['where'])}"
    if report.selection["sample"] is None:
        what += f"all {report.chosen:,} {which}"
    else:
        what += (
            f"{report.chosen:,} of {report.population:,} {which}, drawn at random without "
            f"replacement, seed {report.selection['seed']}"
        )
    rest = report.unread_samples + report.unwritten
    return what + (f"; {rest:,} could not be tried yet." if rest else ".")


def _link_rot(report: FetchReport) -> str:
    text = f"Link rot: {report.link_rot:.1%} of {report.judged:,} links that could be judged"
    interval = report.link_rot_interval
    if interval is None:
        return f"{text}."
    return f"{text}; 95 % interval for all of them {interval[0]:.1%} to {interval[1]:.1%}."
