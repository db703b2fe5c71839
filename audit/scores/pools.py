"""Equal pools: as many of a concept's images for every concept, drawn again and again.

A pool is n of the concept's images, drawn without replacement. A set of generated images is scored
by the mean over the pools of the mean similarity to the top k of each, k = n by default: all of
them. Since the mean over generated images g of their products with a training image t is the
product of t with their mean, no matrix of similarities between all images is ever needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.scores.spread import Spread

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class DrawnPools:
    """Pools of one concept.

    Attributes
    ----------
    used:
        Shape (used,): places of the images that are in a pool, sorted.
    pools:
        Shape (repeats, pool): places in ``used``.
    """

    used: NDArray[np.int64]
    pools: NDArray[np.int64]

    @property
    def times(self) -> NDArray[np.int64]:
        """Shape (used,): in how many pools an image is, at least one."""
        return np.bincount(self.pools.ravel(), minlength=len(self.used))


def draw_pools(images: int, pool: int, repeats: int, rng: np.random.Generator) -> DrawnPools:
    """``repeats`` pools of ``pool`` among ``images``, each without replacement."""
    drawn = np.stack([rng.choice(images, pool, replace=False) for _ in range(repeats)])
    used, places = np.unique(drawn, return_inverse=True)
    return DrawnPools(used.astype(np.int64), places.reshape(drawn.shape).astype(np.int64))


def pool_weights(similarity: Floats, drawn: DrawnPools, top: int) -> Floats:
    """With which weight each used image enters a score; rows sum to one.

    Parameters
    ----------
    similarity:
        Of sets of generated images to the used images, shape (sets, used).
    top:
        How many of each pool count, those most similar to the set.
    """
    repeats, pool = drawn.pools.shape
    if top == pool:
        return np.broadcast_to(drawn.times / drawn.pools.size, similarity.shape)
    weights = np.zeros(similarity.shape)
    for row, values in zip(weights, similarity, strict=True):
        nearest = np.argsort(-values[drawn.pools], axis=1, kind="stable")[:, :top]
        np.add.at(row, np.take_along_axis(drawn.pools, nearest, axis=1), 1 / (repeats * top))
    return weights


def cut_off(similarity: Floats, share: float) -> Floats:
    """Similarities with those below the largest ``share`` of their row raised to its least.

    How much the mean of that share varies is how much the mean of these does (Tukey and McLaughlin
    1963, on trimmed means); with a share of one nothing is raised.
    """
    return np.maximum(similarity, np.quantile(similarity, 1 - share, axis=1, keepdims=True))


def pool_spread(entering: Floats, drawn: DrawnPools, top: int) -> Spread:
    """How much a score varies with the images that the pools are drawn from.

    The unit is an image of the concept: those at hand are taken for a sample of those that it could
    have. An image that is in many pools weighs more, and all of them together are worth the less.

    Parameters
    ----------
    entering:
        What each used image brings into the score, shape (used,): its similarity, cut off.
    """
    images, (repeats, pool) = len(entering), drawn.pools.shape
    if images < 2:
        return Spread(np.nan, 0)
    shares = drawn.times / (repeats * pool)
    centred = entering - shares @ entering
    weights = drawn.times / (repeats * top)
    variance = float(weights**2 @ centred**2) * images / (images - 1)
    return Spread(variance, 1 / float(shares @ shares) - 1)
