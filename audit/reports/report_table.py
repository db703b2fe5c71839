"""A report on a terminal: its verdicts, and what else is in it."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from audit.dossiers.results import AuditReport
from audit.reports import flag_table, review_table  # noqa: F401  (register their tables)
from audit.reports.tables import as_renderables


@as_renderables.register
def _report(report: AuditReport) -> list[RenderableType]:
    if report.flags is not None:
        return as_renderables(report.flags)
    title = Text("No concept was asked about. Licenses of the dataset:\n")
    return [title, *as_renderables(report.licenses)]
