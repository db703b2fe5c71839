"""A form of a regulator, filled as far as a dataset goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from audit._version import __version__
from audit.datasets.dataset import Coverage
from audit.disclosures.facts import Facts
from audit.domains import DomainCounts
from audit.shown import Shown

DISCLAIMER = (
    "Filled by a program from the columns of one dataset. Not legal advice, and no statement of "
    "whoever trains or trained a model with it: who must disclose has to check, complete and "
    "answer for all of it."
)
#: What stands where the dataset says nothing. Silence would read like "nothing to tell".
NO_INFORMATION = "no information"


@dataclass(frozen=True)
class Entry:
    """One answer of a form.

    Attributes
    ----------
    asked:
        What the form asks for, in short.
    value:
        What the dataset says; None where it says nothing.
    basis:
        What the value was got from, or why there is none.
    """

    asked: str
    value: str | None = None
    basis: str = "not in a dataset"

    def to_dict(self) -> dict[str, Any]:
        return {
            "asked": self.asked,
            "value": self.value,
            "answered": self.value is not None,
            "basis": self.basis,
        }


@dataclass(frozen=True)
class Section:
    number: str  #: as the form numbers it
    title: str
    entries: tuple[Entry, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "title": self.title,
            "entries": [entry.to_dict() for entry in self.entries],
        }


@dataclass(frozen=True)
class FilledForm(Shown):
    """A form with what a dataset can say in it.

    Attributes
    ----------
    form:
        Its short name: ``"eu"``, ``"ab2013"``.
    title, source:
        What it is called, and where it is published.
    remarks:
        What a reader must know of how it was filled.
    facts:
        What the columns hold: the numbers in the entries.
    domains:
        Domains with the most samples, and how they were counted.
    """

    form: str
    title: str
    source: str
    sections: tuple[Section, ...]
    remarks: tuple[str, ...]
    facts: Facts
    domains: DomainCounts
    #: ISO 8601, UTC
    made: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    tool_version: str = __version__

    @property
    def dataset(self) -> str:
        return self.facts.dataset

    @property
    def coverage(self) -> Coverage:
        return self.facts.coverage

    @property
    def entries(self) -> Iterator[tuple[Section, Entry]]:
        return ((section, entry) for section in self.sections for entry in section.entries)

    @property
    def answered(self) -> tuple[int, int]:
        """Entries with an answer, and all entries."""
        values = [entry.value for _, entry in self.entries]
        return sum(value is not None for value in values), len(values)

    def to_dict(self) -> dict[str, Any]:
        answered, asked = self.answered
        return {
            "schema": f"audit.disclose.{self.form}/1",
            "note": DISCLAIMER,
            "title": self.title,
            "source": self.source,
            "dataset": self.dataset,
            "made": self.made,
            "tool_version": self.tool_version,
            "coverage": self.coverage.to_dict(),
            "rests_on": self.coverage.describe(),
            "remarks": list(self.remarks),
            "answered": answered,
            "asked": asked,
            "sections": [section.to_dict() for section in self.sections],
            "facts": self.facts.to_dict(),
            "domains": self.domains.to_dict(),
        }

    def to_polars(self) -> pl.DataFrame:
        """One row an entry."""
        rows = [
            (section.number, section.title, entry.asked, entry.value, entry.basis)
            for section, entry in self.entries
        ]
        schema = dict.fromkeys(("section", "title", "asked", "value", "basis"), pl.String)
        return pl.DataFrame(rows, schema=schema, orient="row")
