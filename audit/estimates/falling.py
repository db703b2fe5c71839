"""How many of the images above a cut-off may be others, when nobody has labelled any.

Assumed is that the scores of images that do not show the concept get rarer as the score grows:
their density does not rise. Then the images in any window of scores, whatever they are, tell how
dense others can be beyond the window (the argument of Grenander's estimator of a decreasing
density, 1956, used as a bound). Where there is a gap, few can be beyond it; where the scores run
through without a gap, all may be.

If a background is known as well, its tail tells how far others reach beyond a score, on average;
then no more are assumed than would be if those above the cut-off reached twice as far.

Both are wrong where something else that the references resemble is frequent and yet not seen below
the cut-off: a look-alike, a series of near copies. Only a person who looks can tell.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

#: Widths of windows, as shares of the distance to the lowest known score.
_WIDTHS = (1.0, 0.5, 0.25, 0.125)
#: Windows end at the cut-off, and at so many scores in all from there to the largest.
_ENDS = 16
_LEVEL = 0.975
#: Those above the cut-off may reach so many times as far as the tail of the background does.
_FARTHER = 2.0


class Reach(Protocol):
    """The tail of the scores of other images."""

    def mean_excess(self, score: float) -> float:
        """By how much images above ``score`` exceed it on average."""
        ...


def most_false(
    scores: NDArray[np.float64],
    cutoff: float,
    floor: float,
    tail: Reach | None = None,
    *,
    recall: float = 1.0,
) -> float:
    """The most images that may be above the cut-off without showing the concept.

    Parameters
    ----------
    scores:
        Of the examined images that reach ``floor``, shape (images,).
    floor:
        Less than the cut-off. Scores below it are not known.
    tail:
        Of the scores of a background, if one is known.
    recall:
        At least this share of the images that reach ``floor`` are in ``scores``, from 0 to 1, and
        of those above the cut-off no smaller one: the others are as dense.

    Raises
    ------
    ValueError
        If ``floor`` is not below the cut-off.
    """
    if not floor < cutoff:
        raise ValueError(f"the floor {floor} is not below the cut-off {cutoff}")
    known = np.sort(scores[scores >= floor])
    above = int((known >= cutoff).sum())
    if not above:
        return 0.0
    if not recall > 0:
        return float(above)
    step = (known[-1] - cutoff) / _ENDS
    ends = cutoff + step * np.arange(_ENDS)
    widths = np.outer(ends - floor, _WIDTHS)
    seen = np.searchsorted(known, ends, "left")[:, None] - np.searchsorted(
        known, ends[:, None] - widths, "left"
    )
    densest = (_most_expected(seen, seen.size) / widths).min(axis=1)
    bound = float((np.minimum.accumulate(densest) * step).sum()) / recall
    if tail is not None:
        before = (_most_expected(seen[:1], seen[:1].size) / widths[:1]).min()
        bound = min(bound, float(before) / recall * _FARTHER * tail.mean_excess(cutoff))
    return min(bound, float(above))


def _most_expected(seen: NDArray[np.int64], windows: int) -> NDArray[np.float64]:
    """Upper ends for the means of Poisson counts, all ``windows`` of them at once."""
    from scipy.special import gammaincinv

    return np.asarray(gammaincinv(seen + 1.0, 1 - (1 - _LEVEL) / windows), dtype=np.float64)
