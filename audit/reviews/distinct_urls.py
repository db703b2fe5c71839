"""How many different URLs the rows of a conclusion have, and those of several together."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from audit.datasets.distinct import EXACT_ROWS, DistinctSketch, DistinctUrls

Hashes = NDArray[np.uint64]


class UrlsByGroup:
    """Hashes of URLs by the number of a group; exact up to a number of rows, else estimated.

    Parameters
    ----------
    rows:
        Rows that will be looked at at most: decides which.
    """

    def __init__(self, rows: int) -> None:
        self.is_exact = rows <= EXACT_ROWS
        self._hashes: list[tuple[Hashes, NDArray[np.integer]]] = []
        self._counted: tuple[NDArray[np.int64], ...] | None = None
        self._bits = 0
        self._sketches: dict[int, DistinctSketch] = {}

    def add(self, hashes: Hashes, groups: NDArray[np.int64]) -> None:
        """Add (n,) hashes of URLs, uniform over 64 bits, and the group of each."""
        self._counted = None
        if self.is_exact:
            small = np.min_scalar_type(int(groups.max(initial=0)))
            self._hashes.append((hashes, groups.astype(small)))
            return
        for group in np.unique(groups).tolist():
            self._sketches.setdefault(group, DistinctSketch()).add(hashes[groups == group])

    def absorb(self, other: UrlsByGroup, number: NDArray[np.int64]) -> None:
        """Add those of another, whose groups have the ``number`` given here."""
        self._counted = None
        self._hashes += [(hashes, number[groups]) for hashes, groups in other._hashes]
        for group, sketch in other._sketches.items():
            own = self._sketches.setdefault(int(number[group]), DistinctSketch())
            own.add(sketch.smallest)

    def count(self, groups: Collection[int]) -> DistinctUrls:
        """Different URLs over some groups."""
        if not self.is_exact:
            whole = DistinctSketch()
            for group in groups:
                if group in self._sketches:
                    whole.add(self._sketches[group].smallest)
            return whole.estimate()
        alone, several, runs = self._shared()
        is_wanted = np.zeros(1 << self._bits, np.bool_)
        is_wanted[[group for group in groups if group < len(is_wanted)]] = True
        shared = np.unique(runs[is_wanted[several]])
        number = int(alone[is_wanted].sum()) + len(shared)
        return DistinctUrls(number, number, number, "exact")

    def _shared(self) -> tuple[NDArray[np.int64], ...]:
        """(groups,) URLs of each group that no other has; groups of the others, and which URL."""
        if self._counted is None:
            pairs = self._packed()
            bits = np.uint64(self._bits)
            if len(pairs):
                pairs = pairs[_differs_from_last(pairs)]
            is_first = _differs_from_last(pairs >> bits)
            is_alone = is_first & np.append(is_first[1:], True)[: len(pairs)]
            shared = ~is_alone
            group = (pairs & np.uint64((1 << self._bits) - 1)).astype(np.int64)
            alone = np.bincount(group[is_alone], minlength=1 << self._bits)
            # Only URLs of several groups need to be told apart from here on.
            self._counted = alone, group[shared], np.cumsum(is_first[shared], dtype=np.int64)
        return self._counted

    def _packed(self) -> Hashes:
        """Hashes with the group in their last bits, sorted.

        The group takes the place of the first bits: with 16 groups, two of 16 million URLs are
        taken for one with a probability of 0.0001.
        """
        most = max((int(some.max(initial=0)) for _, some in self._hashes), default=0)
        self._bits = max(most.bit_length(), 1)
        whole = np.empty(sum(len(some) for some, _ in self._hashes), np.uint64)
        end = 0
        for hashes, some in self._hashes:
            start, end = end, end + len(hashes)
            np.left_shift(hashes, np.uint64(self._bits), out=whole[start:end])
            whole[start:end] |= some.astype(np.uint64)
        whole.sort()
        return whole


def _differs_from_last(values: Hashes) -> NDArray[np.bool_]:
    """For each of (n,) sorted values whether it is another than the one before."""
    differs = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs
