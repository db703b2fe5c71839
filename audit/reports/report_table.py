"""A report on a terminal: its verdicts, and what else is in it."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from audit.dossiers.results import AuditReport
from audit.reports import review_table  # noqa: F401  (registers its table)
from audit.reports.flag_table import flag_lines
from audit.reports.tables import as_renderables


@as_renderables.register
def _report(report: AuditReport) -> list[RenderableType]:
    if report.flags is not None:
        return flag_lines(report.flags, "the report")
    title = Text("No concept was asked about. Licenses of the dataset:\n")
    return [title, *as_renderables(report.licenses)]
