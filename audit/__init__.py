"""Training-data provenance and frequency auditing for image-text datasets.

>>> import audit
>>> dataset = audit.open("sample")                      # doctest: +SKIP
>>> dataset.count("Van Gogh").to_polars()               # doctest: +SKIP
>>> dataset.embed(encoder="open_clip:ViT-B-32/laion2b_s34b_b79k")      # doctest: +SKIP
>>> dataset.index()                                     # doctest: +SKIP
>>> dataset.count_images("Van Gogh", references="van-gogh/")           # doctest: +SKIP
>>> audit.flag(dataset.count("Van Gogh"), domain="art-style")          # doctest: +SKIP
>>> audit.estimate_threshold(audit.read_scores("scores.csv"))          # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from audit._version import __version__
from audit.shown import draw_answers_with

if TYPE_CHECKING:
    from audit.api import OpenDataset as OpenDataset
    from audit.api import ingest as ingest
    from audit.api import list_datasets as list_datasets
    from audit.api import open as open
    from audit.api.comparing import diff as diff
    from audit.api.reporting import Report as Report
    from audit.comparisons import Comparison as Comparison
    from audit.concepts import Concept as Concept
    from audit.concepts import read_concepts as read_concepts
    from audit.counts.results import ConceptCount as ConceptCount
    from audit.counts.results import CountResult as CountResult
    from audit.counts.visual_results import VisualCount as VisualCount
    from audit.counts.visual_results import VisualResult as VisualResult
    from audit.errors import AuditError as AuditError
    from audit.generation import generate as generate
    from audit.optouts import OptOutReview as OptOutReview
    from audit.removal.found import Found as Found
    from audit.removal.removing import RemovalReport as RemovalReport
    from audit.removal.wanted import Wanted as Wanted
    from audit.reviews.results import LicenseReview as LicenseReview
    from audit.scores import ScoreResult as ScoreResult
    from audit.scores import ScoreSettings as ScoreSettings
    from audit.scores import score_concepts as score_concepts
    from audit.scores import score_files as score_files
    from audit.thresholds.estimate import estimate_threshold as estimate_threshold
    from audit.thresholds.files import read_thresholds as read_thresholds
    from audit.thresholds.published import published_thresholds as published_thresholds
    from audit.thresholds.reading import read_scores as read_scores
    from audit.thresholds.results import ThresholdEstimate as ThresholdEstimate
    from audit.thresholds.settings import ThresholdSettings as ThresholdSettings
    from audit.verdicts import FlagResult as FlagResult
    from audit.verdicts import flag as flag
    from audit.verdicts.flagging import Yardstick as Yardstick

#: Public name -> where it is defined. Loaded when used: importing `audit` costs nothing.
_PUBLIC = {
    "AuditError": "audit.errors",
    "Comparison": "audit.comparisons",
    "Concept": "audit.concepts",
    "ConceptCount": "audit.counts.results",
    "CountResult": "audit.counts.results",
    "FlagResult": "audit.verdicts",
    "Found": "audit.removal.found",
    "LicenseReview": "audit.reviews.results",
    "OpenDataset": "audit.api",
    "OptOutReview": "audit.optouts",
    "RemovalReport": "audit.removal.removing",
    "Report": "audit.api.reporting",
    "ScoreResult": "audit.scores",
    "ScoreSettings": "audit.scores",
    "ThresholdEstimate": "audit.thresholds.results",
    "ThresholdSettings": "audit.thresholds.settings",
    "VisualCount": "audit.counts.visual_results",
    "VisualResult": "audit.counts.visual_results",
    "Wanted": "audit.removal.wanted",
    "Yardstick": "audit.verdicts.flagging",
    "diff": "audit.api.comparing",
    "estimate_threshold": "audit.thresholds.estimate",
    "flag": "audit.verdicts",
    "generate": "audit.generation",
    "ingest": "audit.api",
    "list_datasets": "audit.api",
    "open": "audit.api",
    "published_thresholds": "audit.thresholds.published",
    "read_concepts": "audit.concepts",
    "read_scores": "audit.thresholds.reading",
    "read_thresholds": "audit.thresholds.files",
    "score_concepts": "audit.scores",
    "score_files": "audit.scores",
}

__all__ = [*sorted(_PUBLIC), "__version__"]


def _as_html(answer: Any) -> str:
    return str(importlib.import_module("audit.reports.notebook").as_html(answer))


draw_answers_with(_as_html)


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'audit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
