"""What became of removed samples where shards changed or are new, kept beside the dataset.

To find them again parts are read: once for a state of the dataset and its removals, not at every
opening. The file is of use and no more: where it is missing, damaged or of another state, or cannot
be written, parts are read again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from audit.captions.folding import FOLDING_VERSION
from audit.datasets.files import written_whole
from audit.datasets.following import followed, found_elsewhere
from audit.datasets.manifest import ShardRecord
from audit.datasets.sample_keys import Rows
from audit.datasets.tombstones import Removal, ShardState
from audit.errors import StorageError

FILE_NAME = "followed.parquet"

#: Of the rules by which samples are found again.
_RULES = 1

_KEY, _LOST = b"audit.followed.of", b"audit.followed.lost"
_COLUMNS = pa.schema(
    [
        ("removal", pa.string()),
        ("shard", pa.int32()),
        ("row", pa.int64()),
        ("elsewhere", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class LostTrack:
    """Samples of a removal that are not in their shard any more, which has changed since.

    They may be gone, or be there with another URL and caption.
    """

    removal: str
    uri: str
    samples: int


@dataclass(frozen=True)
class FoundRows:
    """Rows of a shard that are what a removal took.

    Attributes
    ----------
    elsewhere:
        Whether it took them from another shard.
    """

    removal: str
    ordinal: int
    rows: Rows
    elsewhere: bool = False


@dataclass(frozen=True)
class Followed:
    """What was found again, and what was not."""

    found: tuple[FoundRows, ...] = ()
    lost: tuple[LostTrack, ...] = ()


@dataclass(frozen=True)
class Changed:
    """Samples of a removal, with the columns of tombstones, whose shard is another one now."""

    removal: Removal
    ordinal: int
    samples: pa.Table


def follow(
    changed: Sequence[Changed],
    removals: Sequence[Removal],
    unseen: Mapping[str, frozenset[int]],
    shards: Mapping[int, tuple[ShardRecord, Path]],
    folder: Path | None,
) -> Followed:
    """Find samples again, or know it from the last time.

    Parameters
    ----------
    unseen:
        Removal -> ordinals of the shards that it did not look at.
    folder:
        Of the dataset, where it is kept; None: it is not.

    Raises
    ------
    SourceError
        If a part that must be read is damaged.
    """
    with_changed = {one.removal.id for one in changed}
    followed_up = [one for one in removals if unseen[one.id] or one.id in with_changed]
    if not followed_up:
        return Followed()
    kept_in = None if folder is None else folder / FILE_NAME
    key = _state(followed_up, unseen, shards)
    known = None if kept_in is None else _read(kept_in, key)
    if known is None:
        known = _find(changed, followed_up, unseen, shards)
        if kept_in is not None:
            with contextlib.suppress(StorageError):
                _write(kept_in, key, known)
    return known


def _find(
    changed: Sequence[Changed],
    removals: Sequence[Removal],
    unseen: Mapping[str, frozenset[int]],
    shards: Mapping[int, tuple[ShardRecord, Path]],
) -> Followed:
    found, lost = [], []
    for one in changed:
        shard, part = shards[one.ordinal]
        rows, missing = followed(one.samples, part, one.removal.folding_version)
        found.append(FoundRows(one.removal.id, one.ordinal, rows))
        if missing:
            lost.append(LostTrack(one.removal.id, shard.uri, missing))
    for removal, ordinal, rows in found_elsewhere(removals, unseen, shards):
        found.append(FoundRows(removal, ordinal, rows, elsewhere=True))
    return Followed(tuple(found), tuple(lost))


def _state(
    removals: Iterable[Removal],
    unseen: Mapping[str, frozenset[int]],
    shards: Mapping[int, tuple[ShardRecord, Path]],
) -> str:
    """Changes with all that :func:`_find` depends on."""
    told = hashlib.sha256(repr((_RULES, FOLDING_VERSION)).encode())
    digests = [ShardState.of(shard).digest for shard, _ in shards.values()]
    told.update(np.array([*shards, len(shards)], np.int64).tobytes())
    told.update(np.array(digests, np.uint64).tobytes())
    for one in removals:
        told.update(repr((one.id, one.folding_version, one.shards)).encode("utf-8", "replace"))
        told.update(np.array(sorted(unseen[one.id]), np.int64).tobytes())
        for column in one.table.columns:
            told.update(column.is_null().to_numpy().tobytes())
            told.update(column.fill_null(0).to_numpy().tobytes())
    return told.hexdigest()


def _write(path: Path, key: str, known: Followed) -> None:
    tables = [_COLUMNS.empty_table()]
    for one in known.found:
        size = len(one.rows)
        columns = [
            pa.repeat(one.removal, size), pa.repeat(one.ordinal, size),
            pa.array(one.rows), pa.repeat(one.elsewhere, size),
        ]  # fmt: skip
        tables.append(pa.table(columns, names=_COLUMNS.names).cast(_COLUMNS))
    lost = json.dumps([asdict(track) for track in known.lost])
    table = pa.concat_tables(tables).replace_schema_metadata({_KEY: key, _LOST: lost})
    with written_whole(path) as stream:
        pq.write_table(table, stream, compression="zstd", write_page_checksum=True)


def _read(path: Path, key: str) -> Followed | None:
    """What was found of this state; None if that is not known."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            metadata = file.schema_arrow.metadata or {}
            if metadata.get(_KEY) != key.encode():
                return None
            table = file.read()
        lost = tuple(LostTrack(**track) for track in json.loads(metadata[_LOST]))
        found = []
        for (removal, shard, elsewhere), some in _groups(table):
            found.append(FoundRows(removal, shard, some, elsewhere))
        return Followed(tuple(found), lost)
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
        return None


def _groups(table: pa.Table) -> list[tuple[tuple[str, int, bool], Rows]]:
    """Rows by removal, shard and whether elsewhere; a group is written together."""
    names = table["removal"].combine_chunks().dictionary_encode()
    codes = names.indices.to_numpy()
    shard = table["shard"].to_numpy()
    elsewhere = table["elsewhere"].to_numpy()
    rows = table["row"].to_numpy()
    new = np.ones(len(rows), np.bool_)
    new[1:] = (np.diff(codes) != 0) | (np.diff(shard) != 0) | (elsewhere[1:] != elsewhere[:-1])
    first = np.flatnonzero(new).tolist()
    removals = names.dictionary.to_pylist()
    return [
        ((removals[codes[start]], int(shard[start]), bool(elsewhere[start])), rows[start:stop])
        for start, stop in zip(first, [*first[1:], len(rows)], strict=True)
    ]
