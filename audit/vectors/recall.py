"""What an approximate search misses, measured on a random sample of the stored vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.estimates.rates import Rate
from audit.estimates.recall import SearchRecall
from audit.vectors.exact import Matches


@dataclass(frozen=True)
class SampledMatches:
    """All matches among a random sample of the vectors, and which of them a search found.

    Attributes
    ----------
    matches:
        Pairs of a query and a sampled vector, by an exact search.
    found:
        Shape (matches,).
    """

    matches: Matches
    found: NDArray[np.bool_]

    def recall(self, first: int, last: int, cutoff: float) -> SearchRecall:
        """Of the vectors that the queries from ``first`` to before ``last`` look for together.

        Parameters
        ----------
        cutoff:
            At least the cut-off of each of these queries. A vector is above it if it scores so
            much with one of them.
        """
        mine = (self.matches.query >= first) & (self.matches.query < last)
        place = np.stack([self.matches.part[mine], self.matches.row[mine]])
        vectors, which = np.unique(place, axis=1, return_inverse=True)
        which = which.reshape(-1)  # some versions of NumPy give it a second dimension
        score, found = self.matches.score[mine], self.found[mine]
        best = np.full(vectors.shape[1], -np.inf)
        best_found = best.copy()
        np.maximum.at(best, which, score)
        np.maximum.at(best_found, which[found], score[found])
        above = best >= cutoff
        return SearchRecall(
            Rate(int((best_found >= cutoff).sum()), int(above.sum())),
            Rate(int((best_found == best)[~above].sum()), int((~above).sum())),
        )
