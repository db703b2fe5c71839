"""Images of the concept among the images that are to show what other images score.

A background is drawn from images whose caption does not name the concept. Some of them may show
it all the same: that is what is looked for. They would move the cut-off up, until it missed the
very images that it is for.

Assumed is what bounds false matches too (:mod:`audit.estimates.falling`): scores of other images
get rarer as the score grows. If more images lie beyond a score than that allows, others cannot be
what they are, and they are left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.estimates.falling import most_false

#: Scores are known from the one on that this share of the background exceeds, ...
_KNOWN = 0.2
#: ... and looked at from the one on that this share exceeds, at so many places.
_BULK = 0.1
_PLACES = 48

#: Beyond the place that is chosen no more than this share may be others: they go too.
_MOST_OTHERS = 0.003


def without_concept(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Background scores, shape (images,), without those that others cannot have.

    All of them, where nothing tells the concept's images from others.
    """
    floor, bulk, largest = np.quantile(scores, [1 - _KNOWN, 1 - _BULK, 1.0])
    if not floor < bulk < largest:
        return scores
    kept, most = scores, 0.0
    for place in np.linspace(bulk, largest, _PLACES, endpoint=False):
        beyond = scores >= place
        others = most_false(scores, float(place), float(floor))
        excess = float(beyond.sum()) - others
        if excess > most and others <= _MOST_OTHERS * len(scores):
            kept, most = scores[~beyond], excess
    return kept
