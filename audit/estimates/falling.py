"""How many of the images above a cut-off may be others, when nobody has labelled any.

Assumed is only that the scores of images that do not show the concept get rarer as the score
grows: their density does not rise. Then the images just below the cut-off tell how many others
there can be above it, whatever these images are. Where there is a gap below the cut-off, few can
be; where the scores run through without a gap, all may be, and the answer says so.

This is the argument of Grenander's estimator of a decreasing density (1956), used as a bound.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Widths of the windows below the cut-off, as shares of the distance to the lowest known score.
_WINDOWS = (1.0, 0.5, 0.25, 0.125)
_LEVEL = 0.975


def most_false(scores: NDArray[np.float64], cutoff: float, floor: float) -> float:
    """The most images that may be above the cut-off without showing the concept.

    Parameters
    ----------
    scores:
        Of all examined images that reach ``floor``, shape (images,).
    floor:
        Less than the cut-off. Scores below it are not known.

    Raises
    ------
    ValueError
        If ``floor`` is not below the cut-off.
    """
    if not floor < cutoff:
        raise ValueError(f"the floor {floor} is not below the cut-off {cutoff}")
    above = scores[scores >= cutoff]
    if not len(above):
        return 0.0
    density = np.inf
    for share in _WINDOWS:
        width = share * (cutoff - floor)
        inside = int(((scores >= cutoff - width) & (scores < cutoff)).sum())
        density = min(density, _most_expected(inside) / width)
    return float(min(density * (above.max() - cutoff), len(above)))


def _most_expected(seen: int) -> float:
    """Upper end for the mean of a Poisson count, over all windows at once."""
    from scipy.special import gammaincinv

    return float(gammaincinv(seen + 1, 1 - (1 - _LEVEL) / len(_WINDOWS)))
