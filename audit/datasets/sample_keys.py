"""Samples as numbers: keys of single samples, and sets of many that take a bit each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

#: int64, shape (samples,): see :func:`sample_keys`.
Keys = NDArray[np.int64]

NO_KEYS: Keys = np.empty(0, np.int64)

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
        shards, rows = shard_and_row(keys)
        for shard in np.unique(shards).tolist():
            in_all = self._rows.get(shard)
            if in_all is None:
                continue
            mine = rows[shards == shard]
            flags = np.zeros(in_all, np.bool_)
            flags[mine[mine < in_all]] = True
            packed = np.packbits(flags)
            if shard in self._bits:
                packed |= self._bits[shard]
            self._bits[shard] = packed
        self._size = None

    def holds(self, keys: Keys) -> NDArray[np.bool_]:
        """For each key whether it is in the set."""
        shards, rows = shard_and_row(keys)
        found = np.zeros(len(keys), np.bool_)
        for shard in np.unique(shards).tolist():
            bits = self._bits.get(shard)
            if bits is not None:
                here = np.flatnonzero(shards == shard)
                here = here[rows[here] < self._rows[shard]]
                row = rows[here]
                found[here] = (bits[row >> 3] >> (7 - (row & 7)).astype(np.uint8)) & 1 > 0
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
