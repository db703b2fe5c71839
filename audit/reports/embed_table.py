"""The answer of `audit embed` as a table."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from audit.embeddings.embed import EmbedReport
from audit.reports.tables import as_renderables, visible


@as_renderables.register
def _embed(report: EmbedReport) -> list[RenderableType]:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Status")
    table.add_column("Images", justify="right")
    table.add_column("Share", justify="right")
    for status, images in report.statuses.items():
        label = Text(visible(status), style="bold" if status == "embedded" else "")
        table.add_row(label, f"{images:,}", f"{images / report.images:.1%}")
    shown: list[RenderableType] = [table] if report.images else []
    rate = report.images_now / report.seconds if report.seconds else 0.0
    now = (
        f"{report.images_now:,} images looked at now, {rate:,.1f} a second"
        if report.images_now
        else "nothing to do: all of it was here"
    )
    shown.append(
        Text(
            f"\n{report.vectors:,} vectors of {report.encoder.id} "
            f"({report.encoder.dimension} numbers each) of {report.images:,} images in "
            f"{report.parts:,} part{'' if report.parts == 1 else 's'}; {now}."
        )
    )
    shown.append(Text(f"Embeddings: {report.folder}", no_wrap=True))
    return shown
