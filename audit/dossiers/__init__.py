"""All that is known of a dataset's concepts, gathered into one report with its evidence."""

from audit.dossiers.gather import ReportQuestion, gather_report
from audit.dossiers.results import AuditReport, Dossier

__all__ = ["AuditReport", "Dossier", "ReportQuestion", "gather_report"]
