"""Approximate matching: candidates from inverted lists, exact scores, and a measured recall.

Every match has its exact score: a vector that is reported does reach the cut-off. Some that reach
it may be missing, because they are in lists that were not looked into, or because their code's
score is off by more than the margin. How many are missing is measured: the same question is
answered exactly for a random sample of the stored vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.errors import SourceError, UsageError
from audit.estimates.rates import Rate
from audit.vectors.exact import Matches, as_queries, score_pairs, search, search_rows
from audit.vectors.index import IndexedPart, VectorIndex, part_mark
from audit.vectors.inverted_lists import (
    LISTS,
    ROW_BITS,
    ApproximateRecord,
    approximate_record,
    import_faiss,
)
from audit.vectors.training import drawn_rows

#: How far below the cut-off a code's score may be for its vector to be looked at. The error of a
#: RaBitQ score of 512 numbers has a standard deviation of about 0.01 to 0.02.
MARGIN = 0.04

#: Vectors that are scanned exactly to measure recall.
SAMPLE = 1 << 16

#: Bits of a number of the query; FAISS's 4 are no faster here.
_QUERY_BITS = 8


def search_approximate(
    index: VectorIndex,
    queries: NDArray[Any],
    cutoffs: NDArray[Any] | Sequence[float] | float,
    *,
    nprobe: int | None = None,
    margin: float = MARGIN,
    sample: int = SAMPLE,
    seed: int = 0,
    workers: int = 1,
) -> tuple[Matches, list[Rate]]:
    """Most pairs that score at least the cut-off, with their exact scores, and the recall.

    Parts that are not in the approximate index yet are searched exactly.

    Parameters
    ----------
    queries, cutoffs:
        As for :func:`audit.vectors.exact.search`.
    nprobe:
        Lists to look into; by default as many as held the target share of matches when the index
        was trained.
    margin:
        Candidates are vectors whose code scores no less than the cut-off minus this.
    sample, seed:
        Stored vectors that are scanned exactly, and the seed with which they are drawn.

    Returns
    -------
    matches
        Ordered by part, row and query, as those of an exact search.
    recall
        For each query: of the matches in the sample (trials) those that were found (hits).

    Raises
    ------
    UsageError
        If the index has no approximate one, or the queries are no embeddings.
    SourceError
        If the approximate index is damaged.
    MissingPackageError
        If FAISS is not installed.
    """
    faiss = import_faiss()
    asked = as_queries(queries)
    limits = np.broadcast_to(np.asarray(cutoffs, np.float64), (len(asked),))
    record = approximate_record(index.folder)
    if record is None:
        raise UsageError(
            f"{index.folder}: has no approximate index.",
            hint="Build it with `audit index --approximate`, or search exactly.",
        )
    lists = _open(faiss, index, record)
    covered = dict(record.parts)
    places = {
        part.embeddings.ordinal: place
        for place, part in enumerate(index.parts)
        if covered.get(part.embeddings.ordinal) == part_mark(part.embeddings)
    }
    if not lists.is_trained or lists.d != asked.shape[1]:
        raise UsageError(
            f"The queries have {asked.shape[1]} numbers, the stored vectors {lists.d}.",
            hint="Embed the references with the encoder that embedded the dataset.",
        )
    parameters = faiss.IVFRaBitQSearchParameters(nprobe=nprobe or record.nprobe, qb=_QUERY_BITS)
    place_of = np.full(max([*places, 0]) + 2, -1, np.int64)
    place_of[list(places)] = list(places.values())

    def candidates(number: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        faiss.omp_set_num_threads(1)  # of this thread; the others have queries of their own
        query = asked[number : number + 1].astype(np.float32)
        _, _, ids = lists.range_search(query, float(limits[number] - margin), params=parameters)
        ordinals = ids >> ROW_BITS
        # Parts that changed or are gone since are still in the lists.
        part = place_of[np.minimum(ordinals, len(place_of) - 1)]
        there = part >= 0
        row = ids[there] & ((1 << ROW_BITS) - 1)
        return np.full(len(row), number, np.int64), part[there], row

    with ThreadPoolExecutor(max(workers, 1)) as pool:
        found = list(pool.map(candidates, range(len(asked))))
    matches = score_pairs(index.parts, asked, limits, found)
    rest = [place for place in range(len(index.parts)) if place not in places.values()]
    if rest:
        matches = _with_exact(matches, index.parts, rest, asked, limits, workers)
    return matches, _recall(index.parts, matches, asked, limits, sample, seed)


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


def _with_exact(
    matches: Matches,
    parts: Sequence[IndexedPart],
    places: Sequence[int],
    queries: NDArray[Any],
    cutoffs: NDArray[Any],
    workers: int,
) -> Matches:
    found = search([parts[place] for place in places], queries, cutoffs, workers=workers)
    part = np.asarray(places, np.int32)[found.part]
    both = Matches.joined([matches, Matches(found.query, part, found.row, found.score)])
    order = np.lexsort((both.query, both.row, both.part))
    return Matches(both.query[order], both.part[order], both.row[order], both.score[order])


def _recall(
    parts: Sequence[IndexedPart],
    matches: Matches,
    queries: NDArray[Any],
    cutoffs: NDArray[Any],
    sample: int,
    seed: int,
) -> list[Rate]:
    rows = drawn_rows(parts, sample, seed)
    truth = search_rows(parts, rows, queries, cutoffs)
    offsets = np.cumsum([0, *(len(part.vectors) for part in parts)])

    def keys(some: Matches) -> NDArray[np.int64]:
        return np.asarray((offsets[some.part] + some.row) * len(queries) + some.query)

    trials = np.bincount(truth.query, minlength=len(queries))
    hit = np.isin(keys(truth), keys(matches))
    hits = np.bincount(truth.query[hit], minlength=len(queries))
    return [Rate(int(hit), int(trial)) for hit, trial in zip(hits, trials, strict=True)]
