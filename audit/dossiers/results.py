"""All that is known of the concepts of a dataset, and of the dataset, in one answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from audit.concepts import Concept
from audit.counts.results import ConceptCount, CountResult
from audit.counts.visual_results import VisualCount, VisualResult
from audit.datasets.overview import Overview
from audit.domains import DomainCounts
from audit.dossiers.adding_up import ConceptRows
from audit.dossiers.evidence import EvidenceFile, Figure
from audit.dossiers.gallery import Gallery
from audit.optouts.results import OptOutReview
from audit.reviews.results import LicenseReview
from audit.reviews.scopes import ScopeReview
from audit.shown import Shown
from audit.verdicts.results import FlaggedConcept, FlagResult

SCHEMA = "audit.report/1"


@dataclass(frozen=True)
class Dossier:
    """All that is known of one concept.

    Attributes
    ----------
    number:
        Its place in the list that was asked about, from 0.
    licenses, rows:
        Of the samples whose caption names it.
    has_signals:
        Whether opt-out signals are kept with the dataset; else nothing is known of any.
    """

    number: int
    concept: Concept
    caption: ConceptCount
    visual: VisualCount | None
    verdict: FlaggedConcept
    licenses: ScopeReview
    rows: ConceptRows
    gallery: Gallery
    figures: tuple[Figure, ...]
    has_signals: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """What counts warn of: that which the verdict rests on, and that of captions beside it."""
        of_captions = (finding.message for finding in self.caption.findings)
        return tuple(dict.fromkeys((*self.verdict.exposure.notes, *of_captions)))

    def to_dict(self) -> dict[str, Any]:
        concept = self.concept
        return {
            "number": self.number,
            "name": concept.name,
            "domain": concept.domain,
            "aliases": list(concept.aliases),
            "exclusions": list(concept.exclusions),
            "owner": concept.owner,
            "rights": concept.rights,
            "caption": self.caption.to_dict(),
            "visual": self.visual.to_dict() if self.visual else None,
            "verdict": {**self.verdict.to_dict(), "notes": list(self.notes)},
            "licenses": _shortened(self.licenses.to_dict()),
            "hosts": {
                "different": self.rows.different_hosts,
                "listed": [{"host": host, "samples": samples} for host, samples in self.rows.hosts],
            },
            "optouts": {"with_signal": self.rows.with_signal, "uses": self.rows.optouts}
            if self.has_signals
            else None,
            "gallery": self.gallery.to_dict(),
            "evidence": [figure.to_dict() for figure in self.figures],
        }


@dataclass(frozen=True)
class AuditReport(Shown):
    """A report: what was audited, the verdicts, every concept, and the dataset's licenses.

    Attributes
    ----------
    dossiers:
        In the order of the verdicts: above first, by how far.
    count, flags, visual:
        None if no concept was asked about; ``visual`` also if images were not counted.
    files, left_out:
        The evidence, and what it does not hold, in words.
    evidence_folder:
        Where the evidence lies, seen from the report; None if it was not kept.
    """

    created: str  #: ISO 8601, UTC
    tool_version: str
    command: str | None
    seed: int
    concepts_from: str | None
    where: str | None
    overview: Overview
    dataset_license: str | None
    updated: str
    folding_version: int
    count: CountResult | None
    visual: VisualResult | None
    flags: FlagResult | None
    dossiers: tuple[Dossier, ...]
    licenses: LicenseReview
    optouts: OptOutReview
    domains: DomainCounts
    files: tuple[EvidenceFile, ...]
    figures: tuple[Figure, ...]
    left_out: tuple[str, ...]
    limits: tuple[str, ...]
    seconds: float
    evidence_folder: str | None = None

    @property
    def dataset(self) -> str:
        return self.overview.name

    def __getitem__(self, concept: str) -> Dossier:
        """The dossier of a concept by its name."""
        for dossier in self.dossiers:
            if dossier.concept.name == concept:
                return dossier
        raise KeyError(concept)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the schema ``audit.report/1``; its page is docs/report-schema.md."""
        return {
            "schema": SCHEMA,
            "created": self.created,
            "tool_version": self.tool_version,
            "command": self.command,
            "seeds": {"draws": self.seed},
            "seconds": self.seconds,
            "dataset": self._dataset(),
            "question": {
                "by": self.flags.counted.by if self.flags else "caption",
                "where": self.where,
                "concepts": len(self.dossiers),
                "concepts_from": self.concepts_from,
            },
            "count": _without(self.count, "results"),
            "visual": _without(self.visual, "results"),
            "flags": _without(self.flags, "results"),
            "licenses": _without(self.licenses, "concepts"),
            "optouts": _without(self.optouts, "rows", "specifications"),
            "domains": self.domains.to_dict(),
            "concepts": [dossier.to_dict() for dossier in self.dossiers],
            "evidence": {
                "folder": self.evidence_folder,
                "files": [file.to_dict() for file in self.files],
                "figures": [figure.to_dict() for figure in self.figures],
                "left_out": list(self.left_out),
            },
            "limits": list(self.limits),
        }

    def _dataset(self) -> dict[str, Any]:
        told = self.overview.to_dict()
        return {
            "name": self.overview.name,
            "layout": told["layout"],
            "sources": told["sources"],
            "coverage": told["coverage"],
            "updated": self.updated,
            "folding_version": self.folding_version,
            "columns": told["columns"],
            "license": self.dataset_license,
            "distinct_urls": told["distinct_urls"],
            "samples": self.overview.coverage.samples,
            "captions": self.overview.stats.summary(),
            "gone": told["gone"],
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a concept, in the order of the verdicts."""
        if self.flags is None:
            return pl.DataFrame(schema={"concept": pl.String})
        rows = [_row(dossier) for dossier in self.dossiers]
        return pl.DataFrame(rows, infer_schema_length=None)


def _row(dossier: Dossier) -> dict[str, Any]:
    caption, verdict = dossier.caption, dossier.verdict.to_dict()
    threshold = verdict["threshold"] or {"value": None, "low": None, "high": None}
    row: dict[str, Any] = {
        "concept": dossier.concept.name,
        "number": dossier.number,
        "domain": verdict["domain"],
        "owner": dossier.concept.owner,
        "verdict": verdict["verdict"],
        "count": verdict["count"]["value"],
        "count_low": verdict["count"]["low"],
        "count_high": verdict["count"]["high"],
        "threshold": threshold["value"],
        "threshold_low": threshold["low"],
        "threshold_high": threshold["high"],
        "named": caption.samples,
        "named_distinct": caption.distinct,
        "per_million": caption.per_million,
    }
    if dossier.visual is not None:
        row |= dossier.visual.total.to_columns("shown")
        row |= dossier.visual.unnamed.estimate.to_columns("shown_not_named")
    row |= {
        f"license_{count.name.replace('-', '_')}": count.samples
        for count in dossier.licenses.statuses
    }
    row["license_missing"] = dossier.licenses.named["missing"].samples
    row["license_conflicting"] = dossier.licenses.named["conflicting"].samples
    row["hosts"] = dossier.rows.different_hosts
    for use, answers in dossier.rows.optouts.items():
        denied = answers["denied"] if dossier.has_signals else None
        row[f"optout_{use.replace('-', '_')}_denied"] = denied
    row["notes"] = "; ".join(dossier.notes)
    return row


def _without(answer: Any, *names: str) -> dict[str, Any] | None:
    if answer is None:
        return None
    return {name: value for name, value in answer.to_dict().items() if name not in names}


def _shortened(scope: dict[str, Any]) -> dict[str, Any]:
    """Without what is zero, and without the meanings, which stand once for the whole dataset."""
    for part in ("statuses", "findings"):
        scope[part] = [
            {name: value for name, value in one.items() if name != "meaning"}
            for one in scope[part]
            if one["samples"]
        ]
    return scope
