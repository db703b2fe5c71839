"""Approximate matching: candidates from inverted lists, exact scores, and a measured recall.

Every match has its exact score: a vector that is reported does reach the cut-off. Some that reach
it may be missing, because they are in lists that were not looked into, or because their code's
score is off by more than the margin. How many are missing is measured: the same question is
answered exactly for a random sample of the stored vectors, see :mod:`audit.vectors.recall`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.errors import SourceError, UsageError
from audit.vectors.exact import Matches, Scan, search, search_rows
from audit.vectors.index import IndexedPart, VectorIndex, part_mark
from audit.vectors.inverted_lists import (
    LISTS,
    SPREADS,
    ApproximateRecord,
    approximate_record,
    import_faiss,
)
from audit.vectors.list_choice import ListChoice
from audit.vectors.pairs import scored_candidates
from audit.vectors.recall import SampledMatches
from audit.vectors.runs import ROW_BITS
from audit.vectors.training import drawn_rows

#: How far below the cut-off the score of a code of 512 numbers may be for its vector to be looked
#: at. Errors of RaBitQ are about 0.015, and fall with the root of the dimension.
_MARGIN_512 = 0.05

#: Vectors that are scanned exactly to measure recall: so many, and for each list as many as FAISS
#: wants to train it, so that a larger dataset has a larger sample, and a smaller share of it.
_LEAST_SAMPLE = 1 << 16
_SAMPLE_PER_ROOT = 48

#: Bits of a number of the query; FAISS's 4 are no faster here.
_QUERY_BITS = 8


def search_approximate(
    index: VectorIndex,
    queries: NDArray[Any],
    cutoffs: NDArray[Any] | Sequence[float] | float,
    *,
    nprobe: int | None = None,
    margin: float | None = None,
    sample: int | None = None,
    seed: int = 0,
    workers: int = 1,
) -> tuple[Matches, SampledMatches]:
    """Most pairs that score at least the cut-off, with their exact scores, and what is missing.

    To ask several times, keep an :class:`ApproximateIndex`; see its ``search`` for the parameters
    and what is returned and raised.
    """
    return ApproximateIndex(index).search(
        queries,
        cutoffs,
        nprobe=nprobe,
        margin=margin,
        sample=sample,
        seed=seed,
        workers=workers,
    )


class ApproximateIndex:
    """The approximate index of a dataset's vectors, opened for searching.

    Raises
    ------
    UsageError
        If there is none.
    SourceError
        If it is damaged.
    MissingPackageError
        If FAISS is not installed.
    """

    def __init__(self, index: VectorIndex) -> None:
        self._faiss = import_faiss()
        record = approximate_record(index.folder)
        if record is None:
            raise UsageError(
                f"{index.folder}: has no approximate index.",
                hint="Build it with `audit index --approximate`, or search exactly.",
            )
        self.parts, self.record = index.parts, record
        self._lists = _open(self._faiss, index, record)
        self._choice = ListChoice.load(index.folder / SPREADS, self._lists)
        covered = dict(record.parts)
        ordinals = [part.embeddings.ordinal for part in index.parts]
        #: Part number -> place among the parts; -1 for those that changed or are gone since, of
        #: which there still are ids in the lists.
        self._places = np.full(max([*ordinals, 0]) + 2, -1, np.int64)
        #: Places of the parts that are not in the lists yet.
        self._others = []
        for place, (ordinal, part) in enumerate(zip(ordinals, index.parts, strict=True)):
            if covered.get(ordinal) == part_mark(part.embeddings):
                self._places[ordinal] = place
            else:
                self._others.append(place)

    def search(
        self,
        queries: NDArray[Any],
        cutoffs: NDArray[Any] | Sequence[float] | float,
        *,
        nprobe: int | None = None,
        margin: float | None = None,
        sample: int | None = None,
        seed: int = 0,
        workers: int = 1,
    ) -> tuple[Matches, SampledMatches]:
        """Most pairs that score at least the cut-off, with their exact scores, and what is missing.

        Parts that are not in the approximate index yet are searched exactly.

        Parameters
        ----------
        queries, cutoffs:
            As for :func:`audit.vectors.exact.search`.
        nprobe:
            Lists to look into; by default as many as each query and its cut-off need, see
            :mod:`audit.vectors.list_choice`.
        margin:
            Candidates are vectors whose code scores more than the cut-off minus this; by default
            what suits the dimension.
        sample, seed:
            Stored vectors that are scanned exactly, by default as many as their number asks for,
            and the seed with which they are drawn.

        Returns
        -------
        matches
            Ordered by part, row and query, as those of an exact search.
        sampled
            All matches in the sample, and which of them were found.

        Raises
        ------
        UsageError
            If the queries are no embeddings, or not of the parts' dimension.
        """
        scan = Scan(queries, cutoffs)
        for first in self.parts[:1]:
            scan.check_dimension(first)
        if margin is None:
            margin = _MARGIN_512 * (512 / self._lists.d) ** 0.5

        def found(number: int) -> Matches:
            self._faiss.omp_set_num_threads(1)  # of this thread; others have other queries
            part, row = self._candidates(scan, number, nprobe, margin)
            return scored_candidates(self.parts, scan, number, part, row)

        scan.coded  # noqa: B018  (before several threads need it)
        with ThreadPoolExecutor(max(workers, 1)) as pool:
            several = list(pool.map(found, range(len(scan.queries))))
        if self._others:
            parts = [self.parts[place] for place in self._others]
            exact = search(parts, scan.queries, scan.cutoffs, workers=workers)
            part = np.asarray(self._others, np.int32)[exact.part]
            several.append(Matches(exact.query, part, exact.row, exact.score))
        matches = _ordered(Matches.joined(several))
        if sample is None:
            vectors = sum(len(part.vectors) for part in self.parts)
            sample = max(_LEAST_SAMPLE, _SAMPLE_PER_ROOT * math.isqrt(vectors))
        return matches, _sampled(self.parts, matches, scan, sample, seed)

    def _candidates(
        self, scan: Scan, number: int, nprobe: int | None, margin: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Part and row of the vectors to be looked at for a query."""
        query, cutoff = scan.queries[number].astype(np.float32), float(scan.cutoffs[number])
        if nprobe is None:
            chosen = self._choice.chosen(query, cutoff, self.record.left_out)
        else:
            chosen = self._choice.ordered(query, cutoff)[0][:nprobe]
        ids = _range_search(self._faiss, self._lists, query, cutoff - margin, chosen)
        part = self._places[np.minimum(ids >> ROW_BITS, len(self._places) - 1)]
        there = part >= 0
        return part[there], ids[there] & ((1 << ROW_BITS) - 1)


def _open(faiss: Any, index: VectorIndex, record: ApproximateRecord) -> Any:
    path = index.folder / LISTS
    try:
        lists = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        if lists.ntotal != record.vectors:
            raise RuntimeError(f"{lists.ntotal:,} vectors, not {record.vectors:,}")
    except RuntimeError as error:
        raise SourceError(
            f"{path}: cannot be read ({str(error).splitlines()[-1]}).",
            hint="Remove it and run `audit index --approximate` again.",
        ) from error
    return lists


def _range_search(
    faiss: Any, lists: Any, query: NDArray[np.float32], radius: float, chosen: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Ids of the vectors in ``chosen`` lists whose code scores more than ``radius``."""
    parameters = faiss.IVFRaBitQSearchParameters(nprobe=len(chosen), qb=_QUERY_BITS)
    numbers = np.ascontiguousarray(chosen, np.int64)
    # Scores of the centroids, which RaBitQ works out itself.
    ignored = np.zeros(len(chosen), np.float32)
    found = faiss.RangeSearchResult(1)
    pointer = faiss.swig_ptr
    lists.range_search_preassigned_c(
        1,
        pointer(query),
        float(radius),
        pointer(numbers),
        pointer(ignored),
        found,
        False,
        parameters,
    )
    total = int(faiss.rev_swig_ptr(found.lims, 2)[1])
    return np.array(faiss.rev_swig_ptr(found.labels, total)) if total else np.empty(0, np.int64)


def _ordered(matches: Matches) -> Matches:
    order = np.lexsort((matches.query, matches.row, matches.part))
    return Matches(
        matches.query[order], matches.part[order], matches.row[order], matches.score[order]
    )


def _sampled(
    parts: Sequence[IndexedPart], matches: Matches, scan: Scan, sample: int, seed: int
) -> SampledMatches:
    rows = drawn_rows(parts, sample, seed)
    truth = search_rows(parts, rows, scan.queries, scan.cutoffs)
    offsets = np.cumsum([0, *(len(part.vectors) for part in parts)])

    def keys(some: Matches) -> NDArray[np.int64]:
        return np.asarray((offsets[some.part] + some.row) * len(scan.queries) + some.query)

    return SampledMatches(truth, np.isin(keys(truth), keys(matches)))
