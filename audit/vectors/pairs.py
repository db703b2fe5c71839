"""Exact scores of candidates: vectors that some other search took for matches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.vectors.codes import CodedVectors
from audit.vectors.exact import Matches, Scan, VectorPart

#: Candidates whose codes and vectors are held at once.
_AT_ONCE = 1 << 14


def scored_candidates(
    parts: Sequence[VectorPart],
    scan: Scan,
    number: int,
    part: NDArray[np.int64],
    row: NDArray[np.int64],
) -> Matches:
    """Which candidates of one query reach its cut-off; see :func:`audit.vectors.exact.search`.

    Parameters
    ----------
    number:
        The query.
    part, row:
        The candidates, in any order, each once.
    """
    order = np.lexsort((row, part))
    found = []
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        found.append(_scored(parts, scan, number, part[some], row[some]))
    return Matches.joined(found)


def _scored(
    parts: Sequence[VectorPart],
    scan: Scan,
    number: int,
    part: NDArray[np.int64],
    row: NDArray[np.int64],
) -> Matches:
    groups = _by_part(part, row)
    coded = [parts[place].coded[rows] for place, rows in groups]
    names = ("codes", "scales", "residuals", "lengths")
    together = CodedVectors(*(_joined([getattr(one, name) for one in coded]) for name in names))
    possible = scan.possible(together, number)
    part, row = part[possible], row[possible]
    stored = [parts[place].vectors[rows] for place, rows in _by_part(part, row)]
    if not stored:
        return Matches.joined([])
    scores = _joined(stored).astype(np.float64) @ scan.exact[number]
    kept = scores >= scan.cutoffs[number]
    query = np.full(np.count_nonzero(kept), number, np.int32)
    return Matches(query, part[kept].astype(np.int32), row[kept], scores[kept])


def _by_part(
    part: NDArray[np.int64], row: NDArray[np.int64]
) -> list[tuple[int, NDArray[np.int64]]]:
    """Rows of each part; the parts are ordered."""
    places, first = np.unique(part, return_index=True)
    return list(zip(places.tolist(), np.split(row, first[1:]), strict=True)) if len(part) else []


def _joined(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
