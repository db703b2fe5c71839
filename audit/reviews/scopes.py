"""What was found of all rows that were reviewed, or of those that name one concept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audit.datasets.distinct import DistinctUrls
from audit.licenses.terms import License
from audit.reviews.findings import FINDINGS, NAMES, STATUSES, USE_FINDINGS


@dataclass(frozen=True)
class NamedCount:
    """Rows with a status or finding; ``urls`` is None where the dataset has no URLs."""

    name: str
    samples: int
    urls: DistinctUrls | None

    def to_dict(self, whole: int) -> dict[str, Any]:
        return {
            "name": self.name,
            "meaning": NAMES[self.name],
            **_counted(self.samples, whole, self.urls),
        }


@dataclass(frozen=True)
class LicenseCount:
    """Rows with a license, declared or concluded."""

    license: License
    samples: int
    urls: DistinctUrls | None

    @property
    def distinct(self) -> int | None:
        """Different URLs; estimated above :data:`audit.datasets.distinct.EXACT_ROWS` rows."""
        return None if self.urls is None else self.urls.value

    def to_dict(self, whole: int) -> dict[str, Any]:
        return {
            "license": self.license.id,
            "name": self.license.name,
            "status": self.license.status,
            **_counted(self.samples, whole, self.urls),
        }


@dataclass(frozen=True)
class ScopeReview:
    """What was found of everything that was reviewed, or of one concept.

    Attributes
    ----------
    concept:
        Its name; None for everything.
    urls:
        Different URLs; None where the dataset has none.
    statuses:
        All of :data:`STATUSES`: together they are all samples.
    named:
        Count of every name of :data:`audit.reviews.findings.NAMES`; the two about a use only if
        one was asked about.
    uses:
        Use profile -> answer -> samples.
    """

    concept: str | None
    samples: int
    urls: DistinctUrls | None
    named: dict[str, NamedCount]
    declared: tuple[LicenseCount, ...]
    concluded: tuple[LicenseCount, ...]
    uses: dict[str, dict[str, int]]

    @property
    def statuses(self) -> list[NamedCount]:
        return [self.named[status] for status in STATUSES]

    @property
    def findings(self) -> list[NamedCount]:
        return [self.named[name] for name in (*FINDINGS, *USE_FINDINGS) if name in self.named]

    def share(self, samples: int) -> float | None:
        return samples / self.samples if self.samples else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "concept": self.concept,
            "samples": self.samples,
            "distinct_urls": self.urls.to_dict() if self.urls else None,
            "statuses": [count.to_dict(self.samples) for count in self.statuses],
            "findings": [count.to_dict(self.samples) for count in self.findings],
            "declared": [count.to_dict(self.samples) for count in self.declared],
            "concluded": [count.to_dict(self.samples) for count in self.concluded],
            "uses": self.uses,
        }


def _counted(samples: int, whole: int, urls: DistinctUrls | None) -> dict[str, Any]:
    return {
        "samples": samples,
        "share": samples / whole if whole else None,
        "distinct_urls": urls.to_dict() if urls else None,
    }
