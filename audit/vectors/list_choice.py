"""Which inverted lists to look into, for a query and its cut-off.

The scores of a list's vectors with a query are taken for a normal distribution: around the score
of the list's centroid, as wide as the vectors spread around their centroids in the direction of
the query. That gives the matches to be expected in each list. Lists are looked into in that order
until the share of all expected matches that the others hold is small enough.

A fixed number of lists is much too large for most queries, and too small for the others. Scores
are not normal, so what is small enough is found on the training sample, and the recall of every
answer is measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.datasets.files import written_whole
from audit.errors import SourceError

#: Calibration: vectors that play queries, and how many of the sample are to match each of them.
_CALIBRATING = 256
_DEPTHS = (8, 32, 128)
#: Queries whose scores with the whole sample are held at once.
SCORED_AT_ONCE = 32

#: A list's spread counts as that of all lists for so many vectors, besides its own.
_SHRINKAGE = 4


@dataclass(frozen=True)
class ListChoice:
    """What is known of the lists.

    Attributes
    ----------
    centroids:
        Shape (lists, dimension).
    sizes:
        Shape (lists,): vectors in each list.
    spreads:
        Shape (lists,): root of the mean square distance of a list's vectors to its centroid.
    covariance:
        Shape (dimension, dimension): of those distances, each divided by its list's spread.
    """

    centroids: NDArray[np.float32]
    sizes: NDArray[np.int64]
    spreads: NDArray[np.float32]
    covariance: NDArray[np.float32]

    @classmethod
    def learned(
        cls,
        centroids: NDArray[np.float32],
        sample: NDArray[np.float32],
        assigned: NDArray[np.int64],
    ) -> ListChoice:
        """From a sample of vectors and the lists that they are in; ``sample`` is not changed."""
        lists, dimension = centroids.shape
        sizes = np.bincount(assigned, minlength=lists)
        squares = np.zeros(lists)
        covariance = np.zeros((dimension, dimension))
        blocks = range(0, len(sample), 4096)
        for start in blocks:
            some = slice(start, start + 4096)
            apart = sample[some] - centroids[assigned[some]]
            squares += np.bincount(assigned[some], (apart**2).sum(axis=1), minlength=lists)
        shared = max(squares.sum() / max(len(sample), 1), 1e-6)
        spreads = np.sqrt((squares + _SHRINKAGE * shared) / (sizes + _SHRINKAGE))
        for start in blocks:
            some = slice(start, start + 4096)
            apart = sample[some] - centroids[assigned[some]]
            apart /= spreads[assigned[some], None]
            covariance += apart.T @ apart / len(sample)
        return cls(centroids, sizes, spreads.astype(np.float32), covariance.astype(np.float32))

    def ordered(
        self, query: NDArray[np.float32], cutoff: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """All lists, those with the most expected matches first; and for each the share of the
        expected matches that it and those after it hold, which falls from 1."""
        from scipy.special import log_ndtr

        wide = np.sqrt(max(float(query @ self.covariance @ query), 1e-12))
        away = (cutoff - self.centroids @ query) / (self.spreads * wide)
        with np.errstate(divide="ignore"):
            expected = np.log(self.sizes) + log_ndtr(-away.astype(np.float64))
        order = np.argsort(-expected, kind="stable")
        # Relative to the largest: all of them may be too small for a float.
        share = np.exp(expected[order] - expected[order[0]])
        rest = np.cumsum(share[::-1])[::-1]
        return order, rest / rest[0]

    def chosen(
        self, query: NDArray[np.float32], cutoff: float, left_out: float
    ) -> NDArray[np.int64]:
        """Lists such that the others hold at most ``left_out`` of the expected matches."""
        order, rest = self.ordered(query, cutoff)
        return order[: max(np.count_nonzero(rest > left_out), 1)]

    def calibrated(
        self, sample: NDArray[np.float32], assigned: NDArray[np.int64], recall: float, seed: int
    ) -> float:
        """What may be left out, so that the lists hold the share ``recall`` of matches.

        Some of the sample play queries; the cut-offs are those that 8, 32 and 128 others reach.
        The answer is the smallest that one of the three needs.
        """
        rng = np.random.default_rng(seed)
        queries = rng.choice(len(sample), min(_CALIBRATING, len(sample)), replace=False)
        rests: dict[int, list[NDArray[np.float64]]] = {
            depth: [] for depth in _DEPTHS if depth < len(sample)
        }
        for start in range(0, len(queries), SCORED_AT_ONCE):
            some = queries[start : start + SCORED_AT_ONCE]
            scores = sample[some] @ sample.T
            scores[np.arange(len(some)), some] = -2  # not itself
            for number, own in zip(some, scores, strict=True):
                for depth, found in rests.items():
                    matches = np.argpartition(-own, depth - 1)[:depth]
                    order, rest = self.ordered(sample[number], float(own[matches].min()))
                    of_list = np.empty(len(order))
                    of_list[order] = rest
                    found.append(of_list[assigned[matches]])
        needed = [
            float(np.quantile(np.concatenate(found), 1 - recall, method="lower"))
            for found in rests.values()
        ]
        # A little less, so that the list that is just needed is looked into.
        return min(needed, default=0.0) * (1 - 1e-6)

    def with_sizes(self, sizes: NDArray[np.int64]) -> ListChoice:
        return replace(self, sizes=sizes)

    def save(self, path: Path) -> None:
        """All but the centroids and sizes, which FAISS keeps."""
        with written_whole(path) as stream:
            np.savez(stream, spreads=self.spreads, covariance=self.covariance)

    @classmethod
    def load(cls, path: Path, lists: Any) -> ListChoice:
        """For an opened FAISS index.

        Raises
        ------
        SourceError
            If the file is damaged or of another index.
        """
        centroids = lists.quantizer.reconstruct_n(0, lists.nlist)
        sizes = [lists.invlists.list_size(number) for number in range(lists.nlist)]
        try:
            with np.load(path) as kept:
                spreads, covariance = kept["spreads"], kept["covariance"]
            if spreads.shape != (lists.nlist,) or covariance.shape != (lists.d, lists.d):
                raise ValueError(f"it is of {len(spreads):,} lists, not {lists.nlist:,}")
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise SourceError(
                f"{path}: cannot be used ({error}).",
                hint="Remove it and run `audit index --approximate` again.",
            ) from error
        return cls(centroids, np.array(sizes, np.int64), spreads, covariance)
