"""A dataset at one time: what a report says of it, as far as it can be compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from audit.captions.phrases import Wording
from audit.comparisons.differences import Measured
from audit.concepts import Concept
from audit.thresholds.known import KnownThreshold
from audit.verdicts.judging import Span, Verdict


@dataclass(frozen=True)
class Read:
    """How much of a dataset the numbers rest on.

    Attributes
    ----------
    unread:
        Rows and lines that could not be read; infinite if nobody knows how many.
    """

    shards: int
    read_shards: int
    unread: float
    removed: int
    removals: tuple[str, ...]
    samples: int

    @property
    def is_complete(self) -> bool:
        return self.read_shards == self.shards and not self.unread


@dataclass(frozen=True)
class Judged:
    """The verdict on a concept, and the two ranges that it follows from."""

    verdict: Verdict
    value: float | None
    count: Span
    threshold: Span | None
    statement: str


@dataclass(frozen=True)
class Shown:
    """How many samples show a concept by their image, and how that was measured.

    Attributes
    ----------
    references:
        Names of what the images were compared with.
    """

    samples: Measured
    references: tuple[str, ...]


@dataclass(frozen=True)
class StatusCounts:
    """Samples by what was concluded of their license."""

    samples: int
    by_status: Mapping[str, int]


@dataclass(frozen=True)
class ConceptSnapshot:
    """One concept."""

    concept: Concept
    wording: Wording
    named: Measured
    shown: Shown | None
    judged: Judged
    licenses: StatusCounts


@dataclass(frozen=True)
class Thresholds:
    """What the counts were held against.

    Attributes
    ----------
    whose:
        ``published``, ``given``, or what the file is called.
    spans:
        Of one that was given for all.
    known:
        Those that the applied thresholds are made of.
    """

    whose: str
    model: str | None
    group: str | None
    domain: str | None
    share: tuple[float, float] | None
    spans: tuple[Span, ...]
    known: tuple[KnownThreshold, ...]


@dataclass(frozen=True)
class LicenseSnapshot:
    """The licenses of all samples that were considered."""

    on: str
    numbers: str | None
    license_map: str | None
    samples: int
    statuses: Mapping[str, int]
    findings: Mapping[str, int]
    concluded: Mapping[str, int]
    tier: str | None


@dataclass(frozen=True)
class OptOutSnapshot:
    """Opt-outs of all samples that were considered.

    Attributes
    ----------
    has_signals:
        Whether there was anything to read.
    is_of_all:
        Whether all samples were looked at, and not a sample of them.
    crawlers:
        All whose rules count.
    uses:
        Use -> answer -> samples.
    """

    has_signals: bool
    is_of_all: bool
    crawlers: tuple[str, ...]
    samples: int
    uses: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class DomainSnapshot:
    """The registered domains with the most samples, of the whole dataset.

    Attributes
    ----------
    domains:
        How many there are, listed or not.
    most_unlisted:
        A domain that is not listed has no more samples than this: 0 if all are listed.
    """

    samples: int
    domains: int
    suffixes: tuple[str, bool]
    listed: Mapping[str, int]
    most_unlisted: int


@dataclass(frozen=True)
class Snapshot:
    """What a report says of a dataset.

    Attributes
    ----------
    kind, place:
        Whether it was a report that was kept, and where it is; or computed just now.
    created:
        When the numbers were got, ISO 8601.
    updated:
        When the dataset was last changed before that.
    considered:
        Samples that captions were counted over; None if no concept was asked about.
    seen:
        Samples that images were counted over; None if they were not.
    counted_by:
        ``caption``, ``visual`` or ``both``.
    encoder:
        What images were compared with.
    """

    kind: Literal["report", "dataset"]
    place: str
    created: str
    tool_version: str
    dataset: str
    sources: tuple[str, ...]
    updated: str
    folding_version: int
    read: Read
    counted_by: str
    where: str | None
    considered: int | None
    seen: int | None
    encoder: str | None
    thresholds: Thresholds | None
    concepts: tuple[ConceptSnapshot, ...]
    licenses: LicenseSnapshot
    optouts: OptOutSnapshot
    domains: DomainSnapshot

    def is_related_to(self, other: Snapshot) -> bool:
        """Whether both are of one dataset, as far as names and sources tell."""
        same_source = not set(self.sources).isdisjoint(other.sources)
        return self.dataset == other.dataset or same_source

    def to_dict(self) -> dict[str, Any]:
        """What is compared, and no numbers of it."""
        read, unread = self.read, self.read.unread
        return {
            "kind": self.kind,
            "place": self.place,
            "dataset": self.dataset,
            "created": self.created,
            "updated": self.updated,
            "tool_version": self.tool_version,
            "folding_version": self.folding_version,
            "sources": list(self.sources),
            "samples": read.samples,
            "shards": read.shards,
            "read_shards": read.read_shards,
            "unread_rows": None if math.isinf(unread) else unread,
            "removed": read.removed,
            "by": self.counted_by,
            "where": self.where,
            "on": self.licenses.on,
            "concepts": len(self.concepts),
        }
