"""Which samples of a dataset were removed on request: what every number leaves out.

A removal names shards and rows. Where a shard is no longer what it was then, its samples are found
again by URL and caption; what is not found is told, and never passes in silence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.datasets.followed import Changed, follow
from audit.datasets.manifest import ShardRecord
from audit.datasets.sample_keys import NO_ROWS, Keys, Rows, holds, sample_keys
from audit.datasets.tombstones import Removal, SeenShards, ShardState, read_removals


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


class RemovedSamples:
    """The removed samples of a dataset, as it was opened.

    Attributes
    ----------
    removals:
        All, the oldest first; those that were taken back too.
    lost:
        What is not found any more, as :class:`audit.datasets.followed.LostTrack`.
    newer:
        Removal -> how many shards are here that neither it, nor another one of the same selector,
        looked at as they are.
    elsewhere:
        Removal -> rows of such shards that are what it removed, and are left out too.
    """

    def __init__(
        self,
        removals: Sequence[Removal] = (),
        shards: Mapping[int, tuple[ShardRecord, Path]] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.removals = tuple(removals)
        seen = _Seen(self.removals, shards or {})
        self.newer = {removal.id: seen.newer(removal) for removal in self.in_force}
        self.elsewhere: dict[str, int] = {}
        self._found: list[tuple[str, int, Rows]] = []
        changed: list[Changed] = []
        by_uri = {shard.uri: ordinal for ordinal, (shard, _) in (shards or {}).items()}
        for removal in self.in_force:
            for then, mine in _by_shard(removal):
                ordinal = by_uri.get(then.uri)
                if shards is None or ordinal is None:
                    # Its shard is no part of the dataset now, and counts in no number.
                    continue
                if _is_same(then, shards[ordinal][0]):
                    self._found.append((removal.id, ordinal, mine["row"].to_numpy()))
                else:
                    changed.append(Changed(removal, ordinal, mine))
        unseen = {removal.id: seen.unseen(removal) for removal in self.in_force}
        followed = follow(changed, self.in_force, unseen, shards or {}, folder)
        for one in followed.found:
            self._found.append((one.removal, one.ordinal, one.rows))
            if one.elsewhere:
                before = self.elsewhere.get(one.removal, 0)
                self.elsewhere[one.removal] = before + len(one.rows)
        self.lost = followed.lost
        self._rows = self._united(removal.id for removal in self.in_force)

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
        return cls(removals, {shard.ordinal: (shard, part) for shard, part in shards}, folder)

    @cached_property
    def _by_ordinal(self) -> dict[int, list[tuple[str, Rows]]]:
        found: dict[int, list[tuple[str, Rows]]] = {}
        for removal, ordinal, rows in self._found:
            found.setdefault(ordinal, []).append((removal, rows))
        rank = {removal.id: place for place, removal in enumerate(self.in_force)}
        return {
            ordinal: sorted(some, key=lambda one: rank[one[0]]) for ordinal, some in found.items()
        }

    def first_removals(self, ordinal: int, rows: Rows) -> list[str | None]:
        """For each of the rows of a shard, the first removal in force that took it."""
        first = np.full(len(rows), None, object)
        for removal, mine in reversed(self._by_ordinal.get(ordinal, [])):
            first[np.isin(rows, mine)] = removal
        return list(first)

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
        if self.elsewhere:
            rows = sum(self.elsewhere.values())
            some = "1 sample" if rows == 1 else f"{rows:,} samples"
            are = "is" if rows == 1 else "are"
            those = _and_more(self.elsewhere)
            told.append(f"{some} of new or changed shards {are} what {those} took: left out too")
        since = {removal: shards for removal, shards in self.newer.items() if shards}
        if since:
            shards = max(since.values())
            some = "1 shard is new or has" if shards == 1 else f"{shards:,} shards are new or have"
            told.append(
                f"{some} changed since {_and_more(since)}: what is new there was not looked at"
            )
        return tuple(told)

    @cached_property
    def state(self) -> str:
        """Changes with the set of removed samples; empty if there are none."""
        return hashlib.sha256(self.keys.tobytes()).hexdigest()[:12] if self else ""


def _and_more(removals: Mapping[str, int]) -> str:
    those = "removal " + next(iter(removals))
    return those + (f" and {len(removals) - 1:,} more" if len(removals) > 1 else "")


class _Seen:
    """Which shards, as they are now, removals looked at."""

    def __init__(
        self, removals: Sequence[Removal], shards: Mapping[int, tuple[ShardRecord, Path]]
    ) -> None:
        self._ordinals = list(shards)
        digests = (ShardState.of(shard).digest for shard, _ in shards.values())
        self._there = np.fromiter(digests, np.uint64, len(shards))
        # Removals of one state of the dataset looked at the same.
        self._masks: dict[SeenShards, NDArray[np.bool_]] = {}
        self._of_selector: dict[str, NDArray[np.bool_]] = {}
        for removal in removals:
            selector, mask = _selector(removal), self._mask(removal.looked_at)
            before = self._of_selector.get(selector)
            self._of_selector[selector] = mask if before is None else before | mask

    def _mask(self, seen: SeenShards) -> NDArray[np.bool_]:
        if seen not in self._masks:
            self._masks[seen] = np.isin(self._there, seen.digests)
        return self._masks[seen]

    def newer(self, removal: Removal) -> int:
        """How many shards no removal of the same selector looked at."""
        return int(np.count_nonzero(~self._of_selector[_selector(removal)]))

    def unseen(self, removal: Removal) -> frozenset[int]:
        """Ordinals of the shards that this removal did not look at."""
        return frozenset(
            self._ordinals[place] for place in np.flatnonzero(~self._mask(removal.looked_at))
        )


def _selector(removal: Removal) -> str:
    return json.dumps(removal.selector, sort_keys=True)


def _by_shard(removal: Removal) -> Iterator[tuple[ShardState, pa.Table]]:
    """The shards that a removal takes samples of, with these."""
    shard = removal.table["shard"].to_numpy()
    order = np.argsort(shard, kind="stable")
    table, shard = removal.table.take(order), shard[order]
    for then in removal.shards:
        first, last = np.searchsorted(shard, [then.ordinal, then.ordinal + 1])
        if first < last:
            yield then, table.slice(first, last - first)


def _is_same(then: ShardState, now: ShardRecord) -> bool:
    return (then.size, then.fingerprint) == (now.size, now.fingerprint)
