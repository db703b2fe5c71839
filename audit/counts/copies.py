"""Copies among images: the same file, or the same picture in another file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.images.phash import hamming

#: Bits in which the perceptual hashes of two versions of a picture may differ.
NEAR_BITS = 6

#: Above this, comparing all pairs takes minutes; equal hashes only are then joined.
_COMPARED = 30_000
_BLOCK = 1024


def distinct_files(sha256: NDArray[np.uint64]) -> int | None:
    """Different files; None if some were never seen. 0 stands for an unknown digest."""
    if not len(sha256):
        return 0
    return len(np.unique(sha256)) if sha256.all() else None


def distinct_pictures(phash: NDArray[np.int64]) -> int | None:
    """Groups of pictures whose hashes hang together by differences of few bits.

    0 stands for a picture without a hash, which is its own group. None if no picture has one.
    """
    hashed = phash[phash != 0]
    if not len(hashed):
        return 0 if not len(phash) else None
    alone = len(phash) - len(hashed)
    unique = np.unique(hashed)
    if len(unique) > _COMPARED:
        return len(unique) + alone
    return _groups(unique) + alone


def _groups(hashes: NDArray[np.int64]) -> int:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, columns = [], []
    for start in range(0, len(hashes), _BLOCK):
        block = hashes[start : start + _BLOCK]
        near = hamming(block[:, None], hashes[None, :]) <= NEAR_BITS
        row, column = np.nonzero(near)
        rows.append(row + start)
        columns.append(column)
    row, column = np.concatenate(rows), np.concatenate(columns)
    edges = coo_array((np.ones(len(row), np.bool_), (row, column)), shape=(len(hashes),) * 2)
    return int(connected_components(edges, directed=False)[0])
