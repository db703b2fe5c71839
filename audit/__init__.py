"""Training-data provenance and frequency auditing for image-text datasets.

>>> import audit
>>> dataset = audit.open("sample")                      # doctest: +SKIP
>>> dataset.count("Van Gogh").to_polars()               # doctest: +SKIP
>>> dataset.embed(encoder="open_clip:ViT-B-32/laion2b_s34b_b79k")      # doctest: +SKIP
>>> dataset.index()                                     # doctest: +SKIP
>>> dataset.count_images("Van Gogh", references="van-gogh/")           # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from audit._version import __version__

if TYPE_CHECKING:
    from audit.api import OpenDataset as OpenDataset
    from audit.api import ingest as ingest
    from audit.api import list_datasets as list_datasets
    from audit.api import open as open
    from audit.concepts import Concept as Concept
    from audit.concepts import read_concepts as read_concepts
    from audit.counts.results import ConceptCount as ConceptCount
    from audit.counts.results import CountResult as CountResult
    from audit.counts.visual_results import VisualCount as VisualCount
    from audit.counts.visual_results import VisualResult as VisualResult
    from audit.errors import AuditError as AuditError

#: Public name -> where it is defined. Loaded when used: importing `audit` costs nothing.
_PUBLIC = {
    "AuditError": "audit.errors",
    "Concept": "audit.concepts",
    "ConceptCount": "audit.counts.results",
    "CountResult": "audit.counts.results",
    "OpenDataset": "audit.api",
    "VisualCount": "audit.counts.visual_results",
    "VisualResult": "audit.counts.visual_results",
    "ingest": "audit.api",
    "list_datasets": "audit.api",
    "open": "audit.api",
    "read_concepts": "audit.concepts",
}

__all__ = [*sorted(_PUBLIC), "__version__"]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'audit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
