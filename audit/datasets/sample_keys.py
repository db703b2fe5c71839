"""Samples as numbers: keys of single samples, and sets of many that take a bit each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

#: int64, shape (samples,): see :func:`sample_keys`.
Keys = NDArray[np.int64]

NO_KEYS: Keys = np.empty(0, np.int64)

#: Rows of a shard: int64, shape (rows,).
Rows = NDArray[np.int64]

NO_ROWS: Rows = np.empty(0, np.int64)
NO_ROWS.flags.writeable = False

#: Bits of a key that hold the row; a shard has fewer rows than that by far.
_ROW_BITS = 40


def sample_keys(ordinals: NDArray[np.integer] | int, rows: NDArray[np.integer]) -> Keys:
    """One number for each sample, ordered as samples are: by shard ordinal, then row."""
    shards = np.asarray(ordinals, dtype=np.int64)
    return np.asarray((shards << _ROW_BITS) + np.asarray(rows, dtype=np.int64))


def shard_and_row(keys: Keys) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Shard ordinals and rows of keys, shape (samples,) each."""
    return keys >> _ROW_BITS, keys & ((1 << _ROW_BITS) - 1)


def holds(keys: Keys, wanted: Keys) -> NDArray[np.bool_]:
    """For each of ``wanted`` whether it is among the sorted ``keys``."""
    if not len(keys):
        return np.zeros(len(wanted), np.bool_)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.asarray(keys[place] == wanted)


class SampleSet:
    """A set of samples of one dataset, a bit for each sample: 0.7 GB for LAION-5B.

    Parameters
    ----------
    rows:
        Shard ordinal -> rows of the shard.
    """

    def __init__(self, rows: Mapping[int, int]) -> None:
        self._rows = dict(rows)
        self._bits: dict[int, NDArray[np.uint8]] = {}
        self._size: int | None = 0

    def add(self, keys: Keys) -> None:
        """Add samples; those of unknown shards, or beyond the end of one, are passed over."""
        for shard, here in _by_shard(keys):
            in_all = self._rows.get(shard)
            if in_all is None:
                continue
            if shard not in self._bits:
                self._bits[shard] = np.zeros(-(-in_all // 8), np.uint8)
            rows = shard_and_row(keys[here])[1]
            rows = rows[rows < in_all]
            bits = (128 >> (rows & 7)).astype(np.uint8)
            np.bitwise_or.at(self._bits[shard], rows >> 3, bits)
        self._size = None

    def holds(self, keys: Keys) -> NDArray[np.bool_]:
        """For each key whether it is in the set."""
        found = np.zeros(len(keys), np.bool_)
        for shard, here in _by_shard(keys):
            bits = self._bits.get(shard)
            if bits is not None:
                row = shard_and_row(keys[here])[1]
                inside = row < self._rows[shard]
                row = np.where(inside, row, 0)
                bit = (bits[row >> 3] >> (7 - (row & 7)).astype(np.uint8)) & 1
                found[here] = (bit > 0) & inside
        return found

    def draw(self, wanted: int, rng: np.random.Generator) -> Keys:
        """Samples of the set drawn at random without replacement, sorted; all if it has fewer."""
        shards = sorted(self._bits)
        sizes = [int(np.bitwise_count(self._bits[shard]).sum()) for shard in shards]
        ends = np.cumsum(sizes)
        size = int(ends[-1]) if shards else 0
        ranks = np.sort(rng.choice(size, min(wanted, size), replace=False))
        drawn = [NO_KEYS]
        for shard, end, many in zip(shards, ends, sizes, strict=True):
            mine = ranks[(ranks >= end - many) & (ranks < end)] - (end - many)
            if len(mine):
                rows = np.flatnonzero(np.unpackbits(self._bits[shard], count=self._rows[shard]))
                drawn.append(sample_keys(shard, rows[mine]))
        return np.concatenate(drawn)

    def __len__(self) -> int:
        if self._size is None:
            self._size = sum(int(np.bitwise_count(bits).sum()) for bits in self._bits.values())
        return self._size


def _by_shard(keys: Keys) -> Iterator[tuple[int, slice | NDArray[np.int64]]]:
    """Ordinals of shards, and where the keys of each are."""
    shards = keys >> _ROW_BITS
    if not len(keys):
        return
    if shards[0] == shards[-1] and (shards == shards[0]).all():
        yield int(shards[0]), slice(None)
        return
    order = np.argsort(shards, kind="stable")
    first = np.flatnonzero(np.diff(shards[order], prepend=-1))
    for start, stop in zip(first, [*first[1:], len(order)], strict=True):
        yield int(shards[order[start]]), order[start:stop]
