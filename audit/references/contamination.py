"""Images of the concept among the images that are to show what other images score.

A background is drawn from images whose caption does not name the concept. Some of them may show
it all the same: that is what is looked for. They would move the cut-off up, until it missed the
very images that it is for.

Assumed is what bounds false matches too (:mod:`audit.estimates.falling`): scores of other images
get rarer as the score grows. If more images lie beyond a score than that allows, others cannot be
what they are, and they are left out.

Where the concept is frequent and its scores run down to those of others without a gap, captions
vouch for it: as long as, from the largest score down, a good part of the images are named, those
between them that are not named are taken for images of the concept too. Look-alikes are safe from
that, because nobody names them so.
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


#: Captions vouch in windows of so many images, if at least this share of a window is named, ...
_WINDOW = 20
_NAMED = 0.3
#: ... and if at least so many named images are known.
_LEAST_NAMED = 10


def without_concept(
    scores: NDArray[np.float64], named: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Background scores without those that others cannot have.

    All of them, where nothing tells the concept's images from others.

    Parameters
    ----------
    scores:
        Of images whose caption does not name the concept, shape (images,).
    named:
        Of images of the same draw whose caption does, shape (images,), if there are captions.
    """
    if named is not None and len(named) >= _LEAST_NAMED:
        left = scores[scores < _vouched_from(scores, named)]
        if len(scores) - len(left) > _MOST_OTHERS * len(scores):
            return left
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


def _vouched_from(scores: NDArray[np.float64], named: NDArray[np.float64]) -> float:
    """The smallest named score down to which every window holds its share of named images."""
    together = np.concatenate([scores, named])
    order = np.argsort(-together, kind="stable")
    is_named = order >= len(scores)
    before = np.cumsum(np.concatenate([[0], is_named]))
    in_window = before[_WINDOW:] - before[:-_WINDOW]
    # Half of the others are never taken for the concept.
    ends = together[order[_WINDOW - 1 :]]
    poor = (in_window < _NAMED * _WINDOW) | (ends < np.median(scores))
    rich = int(np.argmax(poor)) if poor.any() else len(poor)
    vouching = order[: rich + _WINDOW - 1][is_named[: rich + _WINDOW - 1]] if rich else order[:0]
    return float(together[vouching[-1]]) if len(vouching) else np.inf
