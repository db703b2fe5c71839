"""A curator's map: what values that no table lists mean, and who said so.

A map is a CSV with the columns ``value`` and ``license``: what ``audit license --by value
--output csv`` writes, with licenses filled in. It is kept with its dataset, and every later review
says that it was used.
"""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from audit import formulas
from audit.curated.problems import Problem, refusal, shown
from audit.curated.tables import TextTable
from audit.curated.text import read_text
from audit.datasets.files import written_whole
from audit.errors import SourceError, UsageError
from audit.licenses.normalise import Normalised, normalise
from audit.licenses.tables import rules
from audit.licenses.terms import NO_ASSERTION

FILE_NAME = "license-map.json"
SCHEMA = "audit.license.map/1"
#: Values of a map; one that is longer is no work of a person.
MOST_ENTRIES = 100_000
_CACHED_VALUES = 1 << 16


@dataclass(frozen=True, slots=True)
class MapEntry:
    """One value, and the license that a curator says it means."""

    value: str
    license: str  #: as normalised
    line: int  #: of the file
    note: str = ""


@dataclass(frozen=True)
class LicenseMap:
    """What a curator says that values mean.

    Attributes
    ----------
    source:
        Name of the file that it was read from.
    digest:
        SHA-256 of its entries.
    kept:
        When it was kept with a dataset, ISO 8601, UTC; empty if it was not.
    """

    source: str
    entries: tuple[MapEntry, ...]
    kept: str = ""

    @property
    def digest(self) -> str:
        told = [(entry.value, entry.license) for entry in self.entries]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """What an answer says about the map that it used."""
        return {
            "source": self.source,
            "entries": len(self.entries),
            "kept": self.kept or None,
            "sha256": self.digest,
        }


def read_map(path: str | Path, numbers: str | None = None) -> LicenseMap:
    """Read a map from a CSV with the columns ``value``, ``license`` and, if wanted, ``note``.

    Lines without a license, and those whose license is what the tables say of the value anyhow,
    are passed over: the file may be a whole list of values of which only some were filled in.
    A value that a table knows may be given another license only with a note that says why, and one
    that says nothing ("?") none at all.

    Parameters
    ----------
    numbers:
        As in :func:`normalise`.

    Raises
    ------
    UsageError
        If it cannot be read, a license is not known, or a value has two.
    """
    path = Path(path)
    text = read_text(path, "a map of licenses")
    problems: list[Problem] = []
    entries: dict[str, MapEntry] = {}
    table = TextTable(text)
    try:
        header = table.read_header()
        missing = [column for column in ("value", "license") if column not in header]
        if missing:
            problems.append(Problem(1, f"there is no column {missing[0]!r}; it begins with one"))
        else:
            for line, cells in table:
                cell = dict(zip(header, cells, strict=False))
                entry = _entry(line, cell, numbers, problems)
                if entry is None:
                    continue
                before = entries.setdefault(entry.value, entry)
                if before.license != entry.license:
                    problems.append(
                        Problem(line, f"{shown(entry.value)} has another license in {before.line}")
                    )
    except csv.Error as error:
        problems.append(Problem(table.line, f"is no CSV: {error}"))
    if len(entries) > MOST_ENTRIES:
        problems.append(Problem(1, f"holds more than {MOST_ENTRIES:,} values"))
    if problems:
        raise refusal(problems, path)
    if not entries:
        raise UsageError(
            f"{path}: maps nothing: no line has a license that the tables do not give anyhow.",
            hint="Fill in the column license: an SPDX identifier, a LicenseRef of this tool, or "
            "words such as All rights reserved.",
        )
    return LicenseMap(path.name, tuple(entries.values()))


def _entry(
    line: int, cells: dict[str, str], numbers: str | None, problems: list[Problem]
) -> MapEntry | None:
    # As the listing of values wrote it, which makes harmless what a spreadsheet would run.
    value, license = formulas.meant(cells.get("value", "")), cells.get("license", "")
    if not license:
        return None
    meant = normalise(license)
    if meant.license.id == NO_ASSERTION and license != NO_ASSERTION:
        problems.append(
            Problem(line, f"the license {shown(license)} is not known itself: {meant.reason}")
        )
        return None
    known, note = normalise(value, numbers=numbers), cells.get("note", "")
    if meant.license.id == known.license.id:
        return None
    if known.rule in ("missing", "said-unknown"):
        problems.append(Problem(line, f"{shown(value)} says nothing, and cannot mean a license"))
    elif known.license.id != NO_ASSERTION and meant.license.id != NO_ASSERTION and not note:
        told = f"{shown(value)} is {known.license.id} by the tables; why not is missing"
        problems.append(Problem(line, f"{told} in the column note"))
    return MapEntry(value, meant.license.id, line, note)


def keep_map(own: LicenseMap, folder: Path) -> LicenseMap:
    """Keep a map in a dataset's folder, in place of the one that was there.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    kept = LicenseMap(own.source, own.entries, datetime.now(UTC).isoformat(timespec="seconds"))
    record = {
        "schema": SCHEMA,
        "source": kept.source,
        "kept": kept.kept,
        "entries": [asdict(entry) for entry in kept.entries],
    }
    with written_whole(folder / FILE_NAME) as stream:
        stream.write(json.dumps(record, ensure_ascii=False, indent=1).encode())
    return kept


def kept_map(folder: Path) -> LicenseMap | None:
    """The map that is kept in a dataset's folder; None if there is none.

    Raises
    ------
    SourceError
        If it is damaged: a review without it would say something else in silence.
    """
    path = folder / FILE_NAME
    try:
        record = json.loads(path.read_bytes())
        if record["schema"] != SCHEMA:
            raise ValueError(f"its format is {record['schema']!r}")
        entries = tuple(MapEntry(**entry) for entry in record["entries"])
        texts = [record["source"], record["kept"]]
        texts += [text for one in entries for text in (one.value, one.license, one.note)]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("something in it is no text")
        known = [entry.license for entry in entries if _is_gone(entry.license)]
        if known:
            raise ValueError(f"the license {known[0]!r} is not known")
        return LicenseMap(record["source"], entries, record["kept"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{path}: the map of licenses cannot be read ({error}).",
            hint="Give it again with --map, or leave it aside with --no-map.",
        ) from error


def _is_gone(license: str) -> bool:
    return license != NO_ASSERTION and normalise(license).license.id != license


class ValueReader:
    """Normalises values as :func:`normalise` does, but for those that a map knows.

    Parameters
    ----------
    numbers:
        As in :func:`normalise`.
    """

    def __init__(self, own: LicenseMap | None = None, numbers: str | None = None) -> None:
        self.own, self.numbers = own, numbers
        self._mapped = {entry.value: entry for entry in own.entries} if own else {}
        self.read = lru_cache(_CACHED_VALUES)(self._read)
        self.read(None)  # a numbering that is not known is refused here

    def __reduce__(self) -> tuple[Any, ...]:
        return ValueReader, (self.own, self.numbers)

    def _read(self, value: str | None) -> Normalised:
        entry = None if value is None else self._mapped.get(value.strip())
        if entry is None or self.own is None:
            return normalise(value, numbers=self.numbers)
        meant = normalise(entry.license)
        note = f", {entry.note}" if entry.note else ""
        says = rules()["mapped"].format(source=f"{self.own.source}, line {entry.line}{note}")
        return Normalised(value, meant.license, "mapped", f"{says} {meant.license.says}")
