"""Removals of samples, kept with their dataset: files that are written once and never changed.

::

    removed/0001.parquet         a line a sample: shard, row, url_hash, caption_hash; and, in the
                                 file's metadata, who removed them, when, why and by what
    removed/0001.withdrawn.json  who took the removal back, when and why
    removed/1c0b….shards         which shards the dataset had: once for all removals of that state

Shards and parts stay as they are: a sample is named by its shard and row. Its URL and caption are
kept as hashes beside that, to find it again in a shard that has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.datasets.files import UNFINISHED, remove_unfinished, written_whole
from audit.datasets.manifest import ShardRecord
from audit.errors import SourceError, StorageError

SCHEMA = "audit.tombstones/2"
#: Had the digests of all shards in each removal.
_FIRST_SCHEMA = "audit.tombstones/1"
WITHDRAWAL_SCHEMA = "audit.tombstones.withdrawal/1"
FOLDER = "removed"

#: A sample's place, and the first 64 bits of the MD5 of its URL and of its folded caption; null
#: where it has none, or a caption without words.
COLUMNS = pa.schema(
    [
        ("shard", pa.int32()),
        ("row", pa.int64()),
        ("url_hash", pa.uint64()),
        ("caption_hash", pa.uint64()),
    ]
)

_RECORD_KEY = b"audit.tombstones"
_NAME = re.compile(r"[0-9]{4,}")
_WITHDRAWN = ".withdrawn.json"
_SEEN = ".shards"


@dataclass(frozen=True)
class ShardState:
    """A shard as it was when samples of it were removed: what ``ordinal`` and rows refer to."""

    ordinal: int
    uri: str
    size: int | None
    fingerprint: str

    @classmethod
    def of(cls, shard: ShardRecord) -> ShardState:
        return cls(shard.ordinal, shard.uri, shard.size, shard.fingerprint)

    @property
    def digest(self) -> int:
        """64 bits that change with the file, as far as its file system tells."""
        told = repr((self.uri, self.size, self.fingerprint))
        digest = hashlib.sha256(told.encode("utf-8", "backslashreplace")).digest()
        return int.from_bytes(digest[:8], "big")


class SeenShards:
    """The shards that a dataset had at one time; equal if they are the same, and in one state.

    Attributes
    ----------
    digests:
        See :attr:`ShardState.digest`: uint64, shape (n,), sorted.
    """

    def __init__(self, digests: Iterable[int] = ()) -> None:
        self.digests: NDArray[np.uint64] = np.unique(np.fromiter(digests, np.uint64))

    @classmethod
    def of(cls, shards: Iterable[ShardRecord]) -> SeenShards:
        return cls(ShardState.of(shard).digest for shard in shards)

    @cached_property
    def name(self) -> str:
        """Changes with the shards: the file that keeps them is called so."""
        return hashlib.sha256(self.to_bytes()).hexdigest()[:32]

    def to_bytes(self) -> bytes:
        return self.digests.astype("<u8").tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SeenShards) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True)
class Withdrawal:
    """A removal that was taken back."""

    who: str
    when: str  #: ISO 8601, UTC
    reason: str
    tool_version: str


@dataclass(frozen=True)
class Removal:
    """Samples that were removed together.

    Attributes
    ----------
    id:
        Its number, four digits or more: ``0001``.
    selector:
        What the samples were found by, in plain values.
    shards:
        The shards that samples were removed from, as they were then.
    looked_at:
        All shards that the dataset had then. What is new since was not looked at.
    samples:
        How many, those that had been removed before too.
    table:
        The samples, with the columns of :data:`COLUMNS`.
    """

    id: str
    reason: str
    who: str
    when: str  #: ISO 8601, UTC
    selector: dict[str, Any]
    shards: tuple[ShardState, ...]
    looked_at: SeenShards
    folding_version: int
    tool_version: str
    table: pa.Table
    withdrawn: Withdrawal | None = None

    @property
    def samples(self) -> int:
        return len(self.table)

    @property
    def in_force(self) -> bool:
        return self.withdrawn is None

    def to_dict(self) -> dict[str, Any]:
        """All but the samples."""
        return {
            "id": self.id,
            "samples": self.samples,
            "reason": self.reason,
            "who": self.who,
            "when": self.when,
            "selector": self.selector,
            "tool_version": self.tool_version,
            "in_force": self.in_force,
            "withdrawn": asdict(self.withdrawn) if self.withdrawn else None,
        }


def removal_files(dataset_folder: Path) -> tuple[str, ...]:
    """Names of all files of removals: they change whenever one is made or taken back."""
    try:
        names = os.listdir(dataset_folder / FOLDER)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _unreadable(dataset_folder / FOLDER, error) from error
    return tuple(
        sorted(name for name in names if UNFINISHED not in name and not name.endswith(_SEEN))
    )


def count_removals(dataset_folder: Path) -> int:
    """How many removals there are, those that were taken back too; none of them is read."""
    return sum(name.endswith(".parquet") for name in removal_files(dataset_folder))


def read_removals(dataset_folder: Path) -> tuple[Removal, ...]:
    """All removals of a dataset, the oldest first, those that were taken back too.

    Raises
    ------
    SourceError
        If a file is damaged, missing from the series, or no removal at all: what was to be
        removed must not come back because a file cannot be read.
    """
    place = dataset_folder / FOLDER
    names = removal_files(dataset_folder)
    numbers = _numbers_of(place, names, ".parquet")
    taken_back = _numbers_of(place, names, _WITHDRAWN)
    last = max([*numbers, *taken_back, 0])
    missing = [_numbered(number) for number in range(1, last + 1) if number not in numbers]
    if missing:
        raise SourceError(
            f"{place / missing[0]}.parquet: this removal is missing, so that nobody knows which "
            "samples were removed.",
            hint="Restore the file from a copy.",
        )
    removals = []
    seen: dict[str, SeenShards] = {}
    for number in range(1, last + 1):
        name = _numbered(number)
        removal = _read(place / f"{name}.parquet", name, seen)
        if number in taken_back:
            removal = replace(removal, withdrawn=_read_withdrawal(place / f"{name}{_WITHDRAWN}"))
        removals.append(removal)
    return tuple(removals)


def write_removal(dataset_folder: Path, removal: Removal) -> Removal:
    """Keep a removal under the next number, which it gets; call it holding the dataset's lock.

    Raises
    ------
    StorageError
        If it cannot be written. Then nothing is removed.
    """
    place = dataset_folder / FOLDER
    numbered = replace(removal, id=_numbered(len(read_removals(dataset_folder)) + 1))
    remove_unfinished(place)
    record = {
        "schema": SCHEMA,
        **{name: getattr(numbered, name) for name in _TOLD},
        "shards": [asdict(shard) for shard in numbered.shards],
        "looked_at": numbered.looked_at.name,
        "samples": numbered.samples,
    }
    table = numbered.table.cast(COLUMNS).replace_schema_metadata(
        {_RECORD_KEY: json.dumps(record, ensure_ascii=False).encode("utf-8", "replace")}
    )
    seen = _seen_path(place, numbered.looked_at.name)
    if not seen.exists():
        with written_whole(seen) as stream:
            stream.write(numbered.looked_at.to_bytes())
    with written_whole(_new(place / f"{numbered.id}.parquet")) as stream:
        pq.write_table(table, stream, compression="zstd", write_page_checksum=True)
    return numbered


def write_withdrawal(dataset_folder: Path, removal: Removal, withdrawal: Withdrawal) -> Removal:
    """Take a removal back; call it holding the dataset's lock.

    Raises
    ------
    StorageError
        If it cannot be written. Then the removal stays in force.
    """
    record = {"schema": WITHDRAWAL_SCHEMA, "removal": removal.id, **asdict(withdrawal)}
    place = dataset_folder / FOLDER
    remove_unfinished(place)
    with written_whole(_new(place / f"{removal.id}{_WITHDRAWN}")) as stream:
        stream.write(json.dumps(record, ensure_ascii=False, indent=1).encode("utf-8", "replace"))
    return replace(removal, withdrawn=withdrawal)


#: Attributes that are kept as they are.
_TOLD = ("id", "reason", "who", "when", "selector", "folding_version", "tool_version")


def _numbers_of(place: Path, names: Iterable[str], suffix: str) -> set[int]:
    """Numbers of the files that end in ``suffix``."""
    numbers = set()
    for name in names:
        if name.endswith(suffix):
            number = name.removesuffix(suffix)
            if not _NAME.fullmatch(number) or number != _numbered(int(number)):
                raise SourceError(
                    f"{place / name}: is not called as removals are (0001{suffix}).",
                    hint="Move it elsewhere, if it is none. No number can be told meanwhile.",
                )
            numbers.add(int(number))
    return numbers


def _numbered(number: int) -> str:
    return f"{number:04d}"


def _new(path: Path) -> Path:
    if path.exists():
        raise StorageError(f"{path}: is there already.", hint="Run the same command again.")
    return path


def _seen_path(place: Path, name: str) -> Path:
    return place / f"{name}{_SEEN}"


def _read_seen(place: Path, kept: Any, seen: dict[str, SeenShards]) -> SeenShards:
    """The shards that a removal looked at; each state is read once, and kept in ``seen``."""
    if isinstance(kept, list):  # as removals had them first
        return SeenShards(int(digest, 16) for digest in kept)
    if kept not in seen:
        path = _seen_path(place, kept)
        try:
            found = SeenShards(np.frombuffer(path.read_bytes(), "<u8").tolist())
            if found.name != kept:
                raise ValueError("it is not what was written")
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        seen[kept] = found
    return seen[kept]


def _read(path: Path, name: str, seen: dict[str, SeenShards]) -> Removal:
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        record = _checked(
            json.loads((table.schema.metadata or {})[_RECORD_KEY]), SCHEMA, _FIRST_SCHEMA
        )
        if table.schema.remove_metadata() != COLUMNS:
            raise ValueError(f"its columns are {', '.join(table.column_names)}")
        if table["shard"].null_count or table["row"].null_count:
            raise ValueError("a sample has no place")
        if record["samples"] != len(table) or record["id"] != name:
            raise ValueError(f"it is removal {record['id']} of {record['samples']} samples")
        shards = tuple(ShardState(**shard) for shard in record["shards"])
        known = {shard.ordinal for shard in shards}
        if not known.issuperset(table["shard"].unique().to_pylist()):
            raise ValueError("a sample is in no shard that it knows")
        _check_texts(record, ("reason", "who", "when", "tool_version"))
        told = {key: record[key] for key in _TOLD}
        looked_at = _read_seen(path.parent, record["looked_at"], seen)
        return Removal(
            **told, shards=shards, looked_at=looked_at, table=table.replace_schema_metadata()
        )
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, error) from error


def _read_withdrawal(path: Path) -> Withdrawal:
    try:
        record = _checked(json.loads(path.read_bytes()), WITHDRAWAL_SCHEMA)
        _check_texts(record, ("reason", "who", "when", "tool_version"))
        return Withdrawal(record["who"], record["when"], record["reason"], record["tool_version"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, error) from error


def _checked(record: Mapping[str, Any], *schemas: str) -> Mapping[str, Any]:
    if record["schema"] not in schemas:
        raise ValueError(f"its format is {record['schema']!r}, not {schemas[0]!r}")
    return record


def _check_texts(record: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in names:
        if not isinstance(record[name], str):
            raise ValueError(f"its {name} is no text")


def _unreadable(path: Path, error: Exception) -> SourceError:
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    return SourceError(
        f"{path}: cannot be read ({reason}), so that nobody knows which samples were removed.",
        hint="Restore the file from a copy. No number can be told without it.",
    )
