"""Exact matching: which stored vectors score at least the cut-off, proven from their codes.

The scores of the codes are read from a quarter of the bytes. Only where the bound on their error
leaves the question open, or where the score itself is wanted, is the stored vector read.

A score is the dot product of a stored float16 vector with a float16 query. Their products are
whole multiples of 2⁻⁴⁸, so that a float64 sum of them has no rounding error in whatever order it
is taken, as long as the vectors are not longer than 4: "at least the cut-off" has one answer,
ties included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from audit.errors import MissingPackageError, UsageError
from audit.vectors.codes import CodedVectors, encode, error_bound

#: Rows whose scores are held at once; with a hundred queries these fit a core's cache.
_BLOCK_ROWS = 8192
_BLOCK_SCORES = 1 << 18

#: Below this many queries one product at a time is faster than a packed matrix.
_PACK_FROM = 4

#: Pairs that are scored again at once: 16 Ki vectors of 1,280 float64 are 168 MB.
_RESCORED_AT_ONCE = 1 << 14

#: Two float32 roundings of a score of at most 4.
_ROUNDING = 1e-6


class VectorPart(Protocol):
    """Stored vectors, and their codes; both may be mapped from files."""

    @property
    def vectors(self) -> NDArray[np.float16]: ...

    @property
    def coded(self) -> CodedVectors: ...


@dataclass(frozen=True)
class Matches:
    """Pairs of a query and a vector with a score of at least the query's cut-off.

    Ordered by part, row and query. All arrays have the same length.
    """

    query: NDArray[np.int32]
    part: NDArray[np.int32]
    row: NDArray[np.int64]
    score: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.query)

    @classmethod
    def joined(cls, several: Sequence[Matches]) -> Matches:
        def column(name: str, kind: type[Any]) -> NDArray[Any]:
            empty = np.empty(0, kind)
            return np.concatenate([empty, *(getattr(one, name) for one in several)])

        return cls(
            column("query", np.int32),
            column("part", np.int32),
            column("row", np.int64),
            column("score", np.float64),
        )


def as_queries(vectors: NDArray[Any]) -> NDArray[np.float16]:
    """Queries of shape (queries, dimension) as they are compared: in float16, as stored ones are.

    Raises
    ------
    UsageError
        If a number is not finite or a vector is too long to be an embedding.
    """
    with np.errstate(over="ignore"):
        queries = np.atleast_2d(np.asarray(vectors)).astype(np.float16)
    norms = np.linalg.norm(queries.astype(np.float32), axis=1)
    if not np.isfinite(norms).all() or (norms > 2).any():
        raise UsageError(
            "A query vector is not an embedding of unit length.",
            hint="Embed the references with the encoder that embedded the dataset.",
        )
    return queries


def search(
    parts: Sequence[VectorPart],
    queries: NDArray[Any],
    cutoffs: NDArray[Any] | Sequence[float] | float,
    *,
    workers: int = 1,
) -> Matches:
    """All pairs that score at least the cut-off, with their scores.

    Parameters
    ----------
    queries:
        Shape (queries, dimension); rounded to float16.
    cutoffs:
        One for each query, or one for all.

    Raises
    ------
    UsageError
        If the queries are no embeddings, or not of the parts' dimension.
    """
    scan = Scan(queries, cutoffs)

    def search_block(block: _Block) -> Matches:
        rows, which = scan.candidates(block.coded)
        return scan.kept(block.vectors, block.ordinal, rows, which, block.start)

    return Matches.joined(list(_mapped(search_block, scan.blocks(parts), workers)))


def search_rows(
    parts: Sequence[VectorPart],
    rows: Sequence[NDArray[np.int64]],
    queries: NDArray[Any],
    cutoffs: NDArray[Any] | Sequence[float] | float,
) -> Matches:
    """All matches among some ``rows`` of each part, ascending; see :func:`search`."""
    scan = Scan(queries, cutoffs)
    found = []
    for block in scan.blocks([_Chosen(part, some) for part, some in zip(parts, rows, strict=True)]):
        place, which = scan.candidates(block.coded)
        row = rows[block.ordinal][block.start + place]
        found.append(scan.kept(parts[block.ordinal].vectors, block.ordinal, row, which))
    return Matches.joined(found)


class _Chosen:
    """Some rows of a part, whose codes are read when they are scanned."""

    def __init__(self, part: VectorPart, rows: NDArray[np.int64]) -> None:
        self._part, self.rows = part, rows

    @property
    def vectors(self) -> NDArray[np.float16]:
        # The scan asks how many there are and how long; nothing is read.
        return np.broadcast_to(np.float16(0), (len(self.rows), self._part.vectors.shape[1]))

    @property
    def coded(self) -> CodedVectors:
        return self._part.coded[self.rows]


@dataclass(frozen=True)
class _Block:
    ordinal: int
    start: int
    vectors: NDArray[np.float16]
    coded: CodedVectors


class Scan:
    """What is worked out once about the queries of a scan."""

    def __init__(
        self, queries: NDArray[Any], cutoffs: NDArray[Any] | Sequence[float] | float
    ) -> None:
        self.queries = as_queries(queries)
        self.exact = self.queries.astype(np.float64)
        self.cutoffs = np.broadcast_to(np.asarray(cutoffs, dtype=np.float64), (len(self.queries),))
        if not np.isfinite(self.cutoffs).all():
            raise UsageError("A cut-off must be a number.")
        self.norms = np.linalg.norm(self.exact, axis=1)

    @cached_property
    def coded(self) -> CodedVectors:
        return encode(self.queries)

    @cached_property
    def _packed(self) -> Any:
        return _numkong().dots_pack(self.coded.codes) if len(self.queries) >= _PACK_FROM else None

    def blocks(self, parts: Sequence[VectorPart]) -> Iterator[_Block]:
        size = max(256, min(_BLOCK_ROWS, _BLOCK_SCORES // max(len(self.queries), 1)))
        for ordinal, part in enumerate(parts):
            vectors, coded = part.vectors, part.coded
            self.check_dimension(part)
            for start in range(0, len(vectors) if len(self.queries) else 0, size):
                rows = slice(start, start + size)
                yield _Block(ordinal, start, vectors[rows], coded[rows])

    def check_dimension(self, part: VectorPart) -> None:
        stored, asked = part.vectors.shape[1], self.queries.shape[1]
        if stored != asked:
            raise UsageError(
                f"The queries have {asked} numbers, the stored vectors {stored}.",
                hint="Embed the references with the encoder that embedded the dataset.",
            )

    def candidates(self, part: CodedVectors) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs (row, query) that may reach the cut-off: a few too many, never one too few."""
        numkong = _numkong()
        if self._packed is not None:
            dots = np.asarray(numkong.dots_packed(part.codes, self._packed))
            scores = np.empty(dots.shape, np.float32)
            np.multiply(dots, part.scales[:, None], out=scores, casting="unsafe", dtype=np.float32)
            least = self._least_scores(part)
            rows, which = np.divmod(
                np.flatnonzero((scores >= least[None, :]).ravel()), len(self.queries)
            )
            return rows, which
        least = self._least_scores(part)
        found = [
            np.flatnonzero(
                np.asarray(numkong.cdist(code[None, :], part.codes, "dot"))[0] * part.scales
                >= least[number]
            )
            for number, code in enumerate(self.coded.codes)
        ]
        rows = np.concatenate(found)
        which = np.repeat(np.arange(len(found)), [len(one) for one in found])
        order = np.lexsort((which, rows))
        return rows[order], which[order]

    def _least_scores(self, part: CodedVectors) -> NDArray[np.float32]:
        """For each query, what s·(c·g) must reach for x·q to reach the cut-off in this block."""
        bound = _ROUNDING + error_bound(
            part.lengths.max(), part.residuals.max(), self.coded.residuals, self.norms
        )
        scales = self.coded.scales.astype(np.float64)
        least = (self.cutoffs - bound) / np.where(scales > 0, scales, 1)
        # A query of zeros scores 0 with everything.
        least = np.where(scales > 0, least, np.where(self.cutoffs <= 0, -np.inf, np.inf))
        return np.nextafter(least.astype(np.float32), np.float32(-np.inf))

    def possible(self, coded: CodedVectors, number: int) -> NDArray[np.bool_]:
        """Which vectors may reach the cut-off of one query."""
        dots = np.asarray(_numkong().cdist(self.coded.codes[number][None, :], coded.codes, "dot"))
        scores = dots[0] * coded.scales.astype(np.float64) * self.coded.scales[number]
        bound = _ROUNDING + error_bound(
            coded.lengths, coded.residuals, self.coded.residuals[number], self.norms[number]
        )
        return np.asarray(scores + bound >= self.cutoffs[number])

    def kept(
        self,
        vectors: NDArray[np.float16],
        part: int,
        rows: NDArray[np.int64],
        which: NDArray[np.int64],
        first: int = 0,
    ) -> Matches:
        """Those pairs of a row of ``vectors`` and a query that reach the cut-off."""
        scores = self.rescored(vectors, rows, which)
        kept = scores >= self.cutoffs[which]
        parts = np.full(np.count_nonzero(kept), part, np.int32)
        return Matches(which[kept].astype(np.int32), parts, rows[kept] + first, scores[kept])

    def rescored(
        self, vectors: NDArray[np.float16], rows: NDArray[np.int64], which: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        scores = np.empty(len(rows), np.float64)
        for start in range(0, len(rows), _RESCORED_AT_ONCE):
            stop = slice(start, start + _RESCORED_AT_ONCE)
            stored = vectors[rows[stop]].astype(np.float64)
            asked = which[stop]
            if (asked == asked[0]).all():
                scores[stop] = stored @ self.exact[asked[0]]
            else:
                scores[stop] = np.einsum("ij,ij->i", stored, self.exact[asked])
        return scores


def _mapped(work: Any, blocks: Iterator[_Block], workers: int) -> Iterator[Any]:
    """``work`` of each block, in order; the kernels and NumPy let other threads run."""
    if workers <= 1:
        yield from map(work, blocks)
        return
    waiting: list[Any] = []
    with ThreadPoolExecutor(workers) as pool:
        for block in blocks:
            waiting.append(pool.submit(work, block))
            if len(waiting) > 4 * workers:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()


def _numkong() -> Any:
    try:
        import numkong
    except ImportError as error:
        raise MissingPackageError.of("Matching images", "visual", error) from error
    return numkong
