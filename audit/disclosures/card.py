"""Which metadata a dataset keeps, of what good practice asks for, gap by gap.

After "Towards Best Practices for Open Datasets for LLM Training" (Baack et al., arXiv 2501.08365).
It is about text; what it asks of a document is asked here of an image and its caption. Sections are
named by their titles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from audit.datasets.dataset import Coverage, Dataset
from audit.disclosures.facts import SIGNALS, Facts, gather_facts
from audit.licenses.terms import NO_ASSERTION
from audit.reviews import LicenseReview
from audit.shown import Shown

SOURCE = "Towards Best Practices for Open Datasets for LLM Training, arXiv 2501.08365"
State = Literal["complete", "partial", "missing"]

_SIGNALS = "Data sourcing: follow and record preference signals"
_METADATA = "Encoding preferences in metadata"
_LICENSE = ("license", "license_url")
_TERMS = "Terminology: license of the dataset and of its parts"


@dataclass(frozen=True)
class _Asked:
    """Something asked for, and the roles that hold it, one of which is enough."""

    name: str
    what: str
    section: str
    roles: tuple[str, ...]
    do: str


_ASKED = (
    _Asked(
        "source URL", "address that each image was taken from", _SIGNALS, ("url",),
        "Keep the address of every image; `audit ingest --col url=COLUMN`.",
    ),
    _Asked(
        "page URL", "page that shows the image, where its license usually stands", _SIGNALS,
        ("page_url",), "Keep the page in the crawl: `--col page_url=COLUMN`.",
    ),
    _Asked(
        "crawl date", "when it was fetched: signals change", _SIGNALS, ("crawl_date",),
        "Keep the time of each fetch: `--col crawl_date=COLUMN`.",
    ),
    _Asked(
        "HTTP headers", "headers that came with the image", _SIGNALS, ("http_headers",),
        "Keep them as JSON or lines: `--col http_headers=COLUMN`.",
    ),
    _Asked(
        "robots state", "robots.txt of the host at that time", _SIGNALS, ("robots_txt",),
        "Keep what it said when the image was fetched: `--col robots_txt=COLUMN`.",
    ),
    _Asked(
        "opt-out signal", "any machine-readable signal of the rightsholder", _METADATA,
        SIGNALS["opt-out signal"],
        "Keep X-Robots-Tag, TDMRep, XMP and C2PA signals as columns of those names.",
    ),
    _Asked(
        "creator", "whom to name and to ask", "Principles: strive for reciprocity", ("creator",),
        "Keep it: `--col creator=COLUMN`.",
    ),
    _Asked(
        "rights holder", "who may permit", _METADATA, ("rights_holder",),
        "Keep it: `--col rights_holder=COLUMN`.",
    ),
    _Asked(
        "content hash", "hash of the image file, to find it again and to remove it",
        "Data governance and release: post-release removal", SIGNALS["content hash"],
        "img2dataset writes sha256 or md5: `--col sha256=COLUMN`.",
    ),
    _Asked(
        "language", "language of the caption", "Principles: support and improve diversity",
        ("language",), "Detect it and keep it: `--col language=COLUMN`.",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class CardEntry:
    """One kind of metadata.

    Attributes
    ----------
    samples:
        Samples that have it; of what the whole dataset has once, None.
    columns:
        Columns of the source that hold it.
    do:
        What closes the gap; None where there is none.
    """

    name: str
    what: str
    section: str
    state: State
    samples: int | None
    share: float | None
    columns: tuple[str, ...]
    do: str | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "what": self.what,
            "section": self.section,
            "state": self.state,
            "samples": self.samples,
            "share": self.share,
            "columns": list(self.columns),
            "do": self.do,
        }


@dataclass(frozen=True)
class MetadataCard(Shown):
    """What a dataset keeps of the metadata that good practice asks for.

    Attributes
    ----------
    not_judged:
        What the paper asks for as well, and no column can show.
    """

    dataset: str
    coverage: Coverage
    samples: int
    entries: tuple[CardEntry, ...]
    not_judged: tuple[tuple[str, str], ...]

    @property
    def gaps(self) -> list[CardEntry]:
        return [entry for entry in self.entries if entry.state != "complete"]

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": "audit.card/1",
            "source": SOURCE,
            "dataset": self.dataset,
            "coverage": self.coverage.to_dict(),
            "samples": self.samples,
            "gaps": len(self.gaps),
            "entries": [entry.to_dict() for entry in self.entries],
            "not_judged": [
                {"asked": asked, "section": section} for asked, section in self.not_judged
            ],
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a kind of metadata."""
        schema = {
            "name": pl.String, "what": pl.String, "section": pl.String, "state": pl.String,
            "samples": pl.Int64, "share": pl.Float64, "columns": pl.String, "do": pl.String,
        }  # fmt: skip
        rows = [{**e.to_dict(), "columns": ", ".join(e.columns)} for e in self.entries]
        return pl.DataFrame(rows, schema=schema)


_NOT_JUDGED = (
    ("why sources were chosen, and how data was acquired", "Data sourcing: useful documentation"),
    ("how samples were filtered, and after which values", "Data processing"),
    ("tools and source code of every step", "Data sourcing: useful documentation"),
    ("how somebody asks for removal, and versions", "Data governance and release"),
    ("HTML metadata of the pages", _SIGNALS),
)


def metadata_card(dataset: Dataset, review: LicenseReview) -> MetadataCard:
    """Look at the columns of a dataset, and at what its licenses are.

    Parameters
    ----------
    review:
        Of all samples: tells which declared licenses have an identifier.
    """
    facts = gather_facts(dataset)
    entries = [_entry(facts, asked) for asked in _ASKED]
    place = next(n for n, entry in enumerate(entries) if entry.name == "creator")
    entries[place:place] = [*_licenses(facts, review), _of_dataset(dataset)]
    return MetadataCard(
        dataset=dataset.name,
        coverage=dataset.coverage,
        samples=facts.samples,
        entries=tuple(entries),
        not_judged=_NOT_JUDGED,
    )


def _entry(facts: Facts, asked: _Asked) -> CardEntry:
    samples = facts.having_any(asked.roles)
    columns = tuple(facts.columns[role] for role in asked.roles if role in facts.columns)
    return _counted(asked.name, asked.what, asked.section, samples, facts, columns, asked.do)


def _counted(
    name: str,
    what: str,
    section: str,
    samples: int,
    facts: Facts,
    columns: tuple[str, ...],
    do: str,
) -> CardEntry:
    whole = samples == facts.samples and facts.samples > 0
    state: State = "complete" if whole else "partial" if samples else "missing"
    return CardEntry(
        name, what, section, state, samples, facts.share(samples), columns, None if whole else do
    )


def _licenses(facts: Facts, review: LicenseReview) -> list[CardEntry]:
    """As declared, where "?" and its like are nothing; and those with an identifier of SPDX."""
    columns = tuple(facts.columns[role] for role in _LICENSE if role in facts.columns)
    declared = review.samples - review.whole.named["missing"].samples
    identified = sum(one.samples for one in review.declared if _is_spdx(one.license.id))
    return [
        _counted(
            "license as declared", "what the source says, raw, or a link to it", _METADATA,
            declared, facts, columns,
            "Keep it as it stands: `--col license=COLUMN`, `--col license_url=COLUMN`.",
        ),
        _counted(
            "license with SPDX identifier",
            "a declared license that has an identifier of SPDX's list", _METADATA,
            identified, facts, columns,
            "See `audit license --by value`: map what is unlisted (`--map`), keep identifiers.",
        ),
    ]  # fmt: skip


def _is_spdx(identifier: str) -> bool:
    return identifier != NO_ASSERTION and "LicenseRef-" not in identifier


def _of_dataset(dataset: Dataset) -> CardEntry:
    said = dataset.manifest.dataset_license is not None
    return CardEntry(
        name="license of the dataset",
        what="its own, which says nothing of its images'",
        section=_TERMS,
        state="complete" if said else "missing",
        samples=None,
        share=None,
        columns=(),
        do=None if said else "State it: `audit ingest --dataset-license`.",
    )
