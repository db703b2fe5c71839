"""Which samples of a dataset were removed on request: what every number leaves out.

A removal names shards and rows. Where a shard is no longer what it was then, its samples are found
again by URL and caption; what is not found is told, and never passes in silence.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.captions.folding import FOLDING_VERSION
from audit.datasets.manifest import ShardRecord
from audit.datasets.sample_keys import Keys, holds, sample_keys
from audit.datasets.tombstones import Removal, ShardState, read_removals
from audit.errors import SourceError

#: Rows of a shard, int64, shape (n,).
Rows = NDArray[np.int64]

NO_ROWS: Rows = np.empty(0, np.int64)
NO_ROWS.flags.writeable = False


def kept_in_range(removed: Rows, start: int, length: int) -> NDArray[np.bool_] | None:
    """Which of the rows from ``start`` on stay, shape (length,); None if all of them do.

    Parameters
    ----------
    removed:
        Rows that were removed, sorted.
    """
    first, last = np.searchsorted(removed, [start, start + length])
    if first == last:
        return None
    kept = np.ones(length, np.bool_)
    kept[removed[first:last] - start] = False
    return kept


def kept_among(removed: Rows, rows: Rows) -> NDArray[np.bool_] | None:
    """Which of ``rows``, in any order, stay, shape (rows,); None if nothing was removed at all."""
    return ~holds(removed, rows) if len(removed) else None


@dataclass(frozen=True)
class LostTrack:
    """Samples of a removal that are not in their shard any more, which has changed since.

    They may be gone, or be there with another URL and caption.
    """

    removal: str
    uri: str
    samples: int


class RemovedSamples:
    """The removed samples of a dataset, as it was opened.

    Attributes
    ----------
    removals:
        All, the oldest first; those that were taken back too.
    lost:
        What is not found any more.
    """

    def __init__(
        self,
        removals: Sequence[Removal] = (),
        shards: Mapping[int, tuple[ShardRecord, Path]] | None = None,
    ) -> None:
        self.removals = tuple(removals)
        there = {ShardState.of(shard).digest for shard, _ in (shards or {}).values()}
        looked_at: dict[str, set[str]] = defaultdict(set)
        for removal in self.removals:
            looked_at[_selector(removal)] |= removal.looked_at
        #: Removal -> how many shards are here that neither it, nor another one of the same
        #: selector, looked at as they are.
        self.newer = {
            removal.id: len(there - looked_at[_selector(removal)]) for removal in self.in_force
        }
        lost: list[LostTrack] = []
        self._found: list[tuple[str, int, Rows]] = []
        by_uri = {shard.uri: ordinal for ordinal, (shard, _) in (shards or {}).items()}
        for removal in self.in_force:
            for then, mine in _by_shard(removal):
                ordinal = by_uri.get(then.uri)
                if shards is None or ordinal is None:
                    # Its shard is no part of the dataset now, and counts in no number.
                    continue
                shard, part = shards[ordinal]
                if _is_same(then, shard):
                    found = mine["row"].to_numpy()
                else:
                    found, missing = _followed(mine, part, removal.folding_version)
                    if missing:
                        lost.append(LostTrack(removal.id, shard.uri, missing))
                self._found.append((removal.id, ordinal, found))
        self._rows = self._united(removal.id for removal in self.in_force)
        self.lost = tuple(lost)

    def _united(self, ids: Iterable[str]) -> dict[int, Rows]:
        wanted = set(ids)
        rows: dict[int, list[Rows]] = {}
        for removal, ordinal, found in self._found:
            if removal in wanted and len(found):
                rows.setdefault(ordinal, []).append(found)
        return {ordinal: np.unique(np.concatenate(some)) for ordinal, some in rows.items()}

    @classmethod
    def of(
        cls,
        folder: Path,
        shards: Iterable[tuple[ShardRecord, Path]],
        further: Sequence[Removal] = (),
    ) -> RemovedSamples:
        """What was removed of a dataset, given its shards that were read and their parts.

        ``further`` removals count as if they were written.

        Raises
        ------
        SourceError
            If a removal, or a part that is needed to follow one, is damaged.
        """
        removals = (*read_removals(folder), *further)
        if not any(removal.in_force for removal in removals):
            return cls(removals)
        return cls(removals, {shard.ordinal: (shard, part) for shard, part in shards})

    def only(self, ids: Iterable[str]) -> RemovedSamples:
        """What some of the removals in force removed."""
        part = RemovedSamples()
        part._rows = self._united(ids)
        return part

    @property
    def in_force(self) -> tuple[Removal, ...]:
        """The removals that were not taken back."""
        return tuple(removal for removal in self.removals if removal.in_force)

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    def __bool__(self) -> bool:
        return bool(self._rows)

    def rows(self, ordinal: int) -> Rows:
        """Removed rows of a shard, sorted."""
        return self._rows.get(ordinal, NO_ROWS)

    def kept(self, ordinal: int, start: int, length: int) -> NDArray[np.bool_] | None:
        """Which of a shard's rows from ``start`` on stay, shape (length,); None if all do."""
        return kept_in_range(self.rows(ordinal), start, length)

    @cached_property
    def keys(self) -> Keys:
        """All removed samples, sorted."""
        some = [sample_keys(ordinal, rows) for ordinal, rows in sorted(self._rows.items())]
        return np.concatenate([np.empty(0, np.int64), *some])

    def holds(self, keys: Keys) -> NDArray[np.bool_]:
        """For each key whether the sample was removed."""
        return holds(self.keys, keys)

    def without(self, keys: Keys) -> Keys:
        """Those of the keys whose sample was not removed."""
        return keys[~self.holds(keys)] if self else keys

    @property
    def remarks(self) -> tuple[str, ...]:
        """What may have escaped the removals, a clause each."""
        told = []
        if self.lost:
            first = self.lost[0]
            samples = sum(track.samples for track in self.lost)
            some = "1 removed sample" if samples == 1 else f"{samples:,} removed samples"
            told.append(
                f"{some} cannot be found again where shards have changed since: "
                f"{first.samples:,} of removal {first.removal} in {first.uri}"
                + (" and others" if len(self.lost) > 1 else "")
            )
        since = {removal: shards for removal, shards in self.newer.items() if shards}
        if since:
            shards = max(since.values())
            some = "1 shard is new or has" if shards == 1 else f"{shards:,} shards are new or have"
            those = "removal " + next(iter(since))
            those += f" and {len(since) - 1:,} more" if len(since) > 1 else ""
            told.append(f"{some} changed since {those}: what is new there was not looked at")
        return tuple(told)

    @cached_property
    def state(self) -> str:
        """Changes with the set of removed samples; empty if there are none."""
        return hashlib.sha256(self.keys.tobytes()).hexdigest()[:12] if self else ""


def _selector(removal: Removal) -> str:
    return json.dumps(removal.selector, sort_keys=True)


def _by_shard(removal: Removal) -> Iterator[tuple[ShardState, pa.Table]]:
    """The shards that a removal takes samples of, with these."""
    shard = removal.table["shard"].to_numpy()
    order = np.argsort(shard, kind="stable")
    table = removal.table.take(order)
    for then in removal.shards:
        first, last = np.searchsorted(shard[order], [then.ordinal, then.ordinal + 1])
        if first < last:
            yield then, table.slice(first, last - first)


def _is_same(then: ShardState, now: ShardRecord) -> bool:
    return (then.size, then.fingerprint) == (now.size, now.fingerprint)


def _followed(gone: pa.Table, part: Path, folding_version: int) -> tuple[Rows, int]:
    try:
        return found_again(gone, part, folding_version)
    except duckdb.Error as error:
        reason = " ".join(str(error).split())[:300]
        raise SourceError(
            f"{part}: cannot be read ({reason}), so that nobody knows where its removed samples "
            "are now.",
            hint="Remove this file and run `audit ingest` with its sources again.",
        ) from error


def identity_of_captions(column: str = "caption") -> str:
    """SQL of what a folded caption is known by: null if it has no words."""
    return (
        f"CASE WHEN trim({column}) <> '' THEN ('0x' || substr(md5({column}), 1, 16))::UBIGINT END"
    )


def found_again(gone: pa.Table, part: Path, folding_version: int) -> tuple[Rows, int]:
    """Removed samples in a part of their shard that was made anew; how many are not there.

    A sample is the row that has its URL and caption: its old row, if that still has both, or else
    every row that has. Without such a row it is every row with its URL. Samples without URL are
    known by their caption alone. More rows than were removed may be found where several are alike:
    nobody could tell which is which.

    Parameters
    ----------
    gone:
        Samples of one shard, with the columns of :data:`tombstones.COLUMNS`.
    folding_version:
        Of their captions. Those of another version cannot be compared.
    """
    comparable = folding_version == FOLDING_VERSION
    with duckdb.connect(config={"memory_limit": "400MB"}) as engine:
        engine.register("gone", gone)
        path = str(part).replace("'", "''")
        there = {row[0] for row in engine.execute(f"DESCRIBE FROM '{path}'").fetchall()}
        url = "url_hash" if "url_hash" in there else "NULL::UBIGINT"
        caption = identity_of_captions() if comparable else "NULL::UBIGINT"
        by_caption = (
            f"OR {caption} IN (SELECT caption_hash FROM gone WHERE url_hash IS NULL)"
            if comparable and gone["url_hash"].null_count
            else ""
        )
        engine.execute(f"""
            CREATE TEMP TABLE found AS
            WITH g AS (
                SELECT row, url_hash AS url,
                    {"caption_hash" if comparable else "NULL::UBIGINT"} AS caption FROM gone
            ), p AS MATERIALIZED (
                SELECT file_row_number AS row, {url} AS url, {caption} AS caption
                FROM read_parquet('{path}', file_row_number = true)
                WHERE {url} IN (SELECT url FROM g) {by_caption}
                    OR file_row_number IN (SELECT row FROM g)
            ), same_place AS (
                SELECT g.row AS of, p.row FROM g JOIN p ON g.row = p.row
                WHERE g.url IS NOT DISTINCT FROM p.url AND g.caption IS NOT DISTINCT FROM p.caption
                    AND ({comparable} OR g.url IS NOT NULL)
            ), same_both AS (
                SELECT g.row AS of, p.row FROM g JOIN p ON g.url = p.url AND g.caption = p.caption
                UNION ALL
                SELECT g.row, p.row FROM g JOIN p ON g.caption = p.caption
                WHERE g.url IS NULL AND p.url IS NULL
            ), same_url AS (
                SELECT g.row AS of, p.row FROM g JOIN p ON g.url = p.url
            ), best AS (
                FROM same_place
                UNION ALL
                FROM same_both WHERE of NOT IN (SELECT of FROM same_place)
                UNION ALL
                FROM same_url WHERE of NOT IN (SELECT of FROM same_place)
                    AND of NOT IN (SELECT of FROM same_both)
            )
            SELECT of, row FROM best
        """)
        rows = engine.sql("SELECT DISTINCT row FROM found ORDER BY row").fetchnumpy()["row"]
        ((followed,),) = engine.execute("SELECT count(DISTINCT of) FROM found").fetchall()
    return np.asarray(rows, np.int64), len(gone) - followed
