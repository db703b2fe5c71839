"""The answer of `audit index` as a table."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from audit.reports.tables import as_renderables, size
from audit.vectors.build import IndexReport


@as_renderables.register
def _index(report: IndexReport) -> list[RenderableType]:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Images")
    table.add_column("Number", justify="right")
    table.add_column("Share", justify="right")
    join = report.join
    hows = ", ".join(f"{images:,} by {how}" for how, images in join.by.items() if images)
    rows = [
        ("belong to a sample", join.joined, "bold"),
        ("belong to none", report.unmatched, ""),
    ]
    for label, images, style in rows:
        share = f"{images / join.images:.1%}" if join.images else ""
        table.add_row(Text(label, style=style), f"{images:,}", share)
    now = (
        f"{report.vectors_now:,} coded now"
        if report.vectors_now
        else "nothing to code: all of it was here"
    )
    shown: list[RenderableType] = [
        table,
        Text(
            f"\n{report.vectors:,} vectors of {report.encoder.id} "
            f"({report.encoder.dimension} numbers each), {size(report.bytes)}; {now}."
        ),
        Text(
            f"{join.samples:,} samples have an image"
            + (f"; images were looked up: {hows}." if hows else ".")
        ),
    ]
    lists = report.approximate
    if lists is not None:
        shown.append(
            Text(
                f"Approximate: {lists.vectors:,} vectors in {lists.lists:,} lists, trained on "
                f"{lists.sample:,} of them, so that the lists that a search looks into held "
                f"{lists.target_recall:.2%} of their matches."
            )
        )
    shown.append(Text(f"Index: {report.folder}", no_wrap=True))
    return shown
