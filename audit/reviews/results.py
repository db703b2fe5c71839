"""The outcome of a license review."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import polars as pl

from audit.datasets.dataset import Coverage
from audit.licenses.mapping import LicenseMap
from audit.licenses.normalise import Normalised
from audit.licenses.uses import use_profiles
from audit.reviews.findings import STATUSES
from audit.reviews.openness import Openness
from audit.reviews.rows import ReviewedRow
from audit.reviews.scopes import LicenseCount, ScopeReview
from audit.shown import Shown

DISCLAIMER = (
    "What rows say and what follows from it, as far as tables know it; nobody asked the holders. "
    "Denied is by the license; exceptions in the law are not judged. Allowed may "
    "ask for conditions, such as naming the author. Not legal advice"
)

#: What an answer can be listed by.
Listing = Literal["finding", "license", "host", "value"]


@dataclass(frozen=True)
class HostCount:
    """Rows of a host; None for rows whose URL has none, or that have no URL."""

    host: str | None
    samples: int
    #: Status, ``missing`` or ``conflicting`` -> rows.
    named: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        return {"host": self.host, "samples": self.samples, **self.named}


@dataclass(frozen=True)
class ValueCount:
    """Rows with the same value in a column, and how it is read."""

    column: str
    samples: int
    read: Normalised

    def to_dict(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "value": self.read.value,
            "samples": self.samples,
            "license": self.read.license.id,
            "status": self.read.status,
            "rule": self.read.rule,
            "reason": self.read.reason,
        }


@dataclass(frozen=True)
class LicenseReview(Shown):
    """A review of a dataset, or of the samples whose caption names concepts.

    Attributes
    ----------
    whole:
        Everything that was reviewed; with concepts, samples that name any of them.
    concepts:
        One for each concept.
    hosts, values:
        The most frequent, and how many different there are.
    dataset_license:
        What the dataset says of its own license; never taken for that of its images.
    license_map:
        The curator's map that was used.
    rows:
        The rows that were asked for, with what was concluded of each.
    listed_by:
        Which listing :meth:`to_polars` gives.
    """

    dataset: str
    coverage: Coverage
    considered: int
    whole: ScopeReview
    concepts: tuple[ScopeReview, ...]
    hosts: tuple[tuple[HostCount, ...], int]
    values: tuple[tuple[ValueCount, ...], int]
    openness: Openness
    dataset_license: Normalised | None
    license_map: LicenseMap | None
    columns: tuple[str, ...]
    on: date
    use: str | None
    where: str | None
    numbers: str | None
    tool_version: str
    seconds: float
    listed_by: Listing = "finding"
    rows_of: str | None = None
    rows: tuple[ReviewedRow, ...] = field(default=())

    @property
    def samples(self) -> int:
        return self.whole.samples

    @property
    def declared(self) -> tuple[LicenseCount, ...]:
        return self.whole.declared

    @property
    def concluded(self) -> tuple[LicenseCount, ...]:
        return self.whole.concluded

    def to_dict(self) -> dict[str, Any]:
        hosts, different_hosts = self.hosts
        values, different_values = self.values
        return {
            "schema": "audit.license/1",
            "note": DISCLAIMER,
            "dataset": self.dataset,
            "coverage": self.coverage.to_dict(),
            "considered": self.considered,
            "on": self.on.isoformat(),
            "where": self.where,
            "use": self.use,
            "numbers": self.numbers,
            "columns": list(self.columns),
            "dataset_license": self.dataset_license.to_dict() if self.dataset_license else None,
            "license_map": self.license_map.to_dict() if self.license_map else None,
            "profiles": {name: profile.title for name, profile in use_profiles().items()},
            **self.whole.to_dict(),
            "concepts": [scope.to_dict() for scope in self.concepts],
            "openness": self.openness.to_dict(),
            "hosts": {"different": different_hosts, "listed": [h.to_dict() for h in hosts]},
            "values": {"different": different_values, "listed": [v.to_dict() for v in values]},
            "rows_of": self.rows_of,
            "rows": [row.to_dict() for row in self.rows],
            "tool_version": self.tool_version,
            "seconds": round(self.seconds, 3),
        }

    def to_polars(self) -> pl.DataFrame:
        """The rows that were asked for, or else the listing of :attr:`listed_by`."""
        if self.rows_of is not None:
            return pl.DataFrame([row.to_record() for row in self.rows], schema=ReviewedRow.SCHEMA)
        return _LISTED[self.listed_by](self)


def _by_finding(review: LicenseReview) -> pl.DataFrame:
    rows = [
        {"concept": scope.concept, "kind": kind, **_flat(count.to_dict(scope.samples))}
        for scope in (review.whole, *review.concepts)
        for kind, counts in (("status", scope.statuses), ("finding", scope.findings))
        for count in counts
    ]
    schema = {"concept": pl.String, "kind": pl.String, "name": pl.String, "meaning": pl.String}
    return pl.DataFrame(rows, schema={**schema, **_COUNTED_SCHEMA})


def _by_license(review: LicenseReview) -> pl.DataFrame:
    rows = [
        {"concept": scope.concept, "as": way, **_flat(count.to_dict(scope.samples))}
        for scope in (review.whole, *review.concepts)
        for way, counts in (("concluded", scope.concluded), ("declared", scope.declared))
        for count in counts
    ]
    schema = dict.fromkeys(("concept", "as", "license", "name", "status"), pl.String)
    return pl.DataFrame(rows, schema={**schema, **_COUNTED_SCHEMA})


def _by_host(review: LicenseReview) -> pl.DataFrame:
    names = (*STATUSES, "missing", "conflicting")
    schema = {"host": pl.String, "samples": pl.Int64, **dict.fromkeys(names, pl.Int64)}
    return pl.DataFrame([host.to_dict() for host in review.hosts[0]], schema=schema)


def _by_value(review: LicenseReview) -> pl.DataFrame:
    schema = {
        "column": pl.String, "value": pl.String, "samples": pl.Int64, "license": pl.String,
        "status": pl.String, "rule": pl.String, "reason": pl.String,
    }  # fmt: skip
    return pl.DataFrame([value.to_dict() for value in review.values[0]], schema=schema)


_COUNTED_SCHEMA = {
    "samples": pl.Int64, "share": pl.Float64, "distinct": pl.Int64, "distinct_low": pl.Int64,
    "distinct_high": pl.Int64,
}  # fmt: skip
_LISTED: dict[Listing, Callable[[LicenseReview], pl.DataFrame]] = {
    "finding": _by_finding, "license": _by_license, "host": _by_host, "value": _by_value,
}  # fmt: skip


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    urls = record.pop("distinct_urls") or {}
    return {
        **record,
        "distinct": urls.get("value"),
        "distinct_low": urls.get("low"),
        "distinct_high": urls.get("high"),
    }
