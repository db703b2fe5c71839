"""The answer of `audit embed` as a table."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from audit.embeddings.embed import EmbedReport
from audit.embeddings.files import EMBEDDED, NOTHING_FOUND
from audit.reports.tables import as_renderables, counted, visible


@as_renderables.register
def _embed(report: EmbedReport) -> list[RenderableType]:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Status")
    table.add_column("Images", justify="right")
    table.add_column("Share", justify="right")
    for status, images in report.statuses.items():
        told = f"no {report.sought} found" if _names_what_is_sought(report, status) else status
        label = Text(visible(told), style="bold" if status == EMBEDDED else "")
        table.add_row(label, f"{images:,}", f"{images / report.images:.1%}")
    shown: list[RenderableType] = [table] if report.images else []
    shown.append(
        Text(
            f"\n{counted(report.vectors, 'vector')} of {report.encoder.id} "
            f"({report.encoder.dimension} numbers each) of {counted(report.images, 'image')} in "
            f"{counted(report.parts, 'part')}; {_now(report)}."
        )
    )
    shown += _problems(report)
    shown.append(Text(f"Embeddings: {report.folder}", no_wrap=True))
    return shown


def _names_what_is_sought(report: EmbedReport, status: str) -> bool:
    return status == NOTHING_FOUND and report.sought is not None


def _now(report: EmbedReport) -> str:
    if report.images_now:
        rate = report.images_now / report.seconds if report.seconds else 0.0
        return f"{counted(report.images_now, 'image')} looked at now, {rate:,.1f} a second"
    if not report.images:
        return "there is no image"
    if report.failures:
        return "nothing new could be read"
    return "nothing to do: all of it was here"


def _problems(report: EmbedReport) -> list[RenderableType]:
    if not report.problems:
        return []
    lines = [f"Not usable, {len(report.problems):,} of {report.problems_in_all:,}:"]
    lines += [f"  {visible(problem.describe())}" for problem in report.problems]
    if report.problems_in_all > len(report.problems):
        lines.append(f"All with their status and message: {report.problem_files}")
    return [Text("\n".join(lines), no_wrap=True)]
