"""The training images that are nearest to sets of generated images, in one pass over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.scores.vectors import ImageVectors


@dataclass(frozen=True)
class Nearest:
    """The most similar images of each query, the nearest first: shape (queries, at most k)."""

    places: NDArray[np.int64]
    similarity: NDArray[np.float64]


def nearest(images: ImageVectors, queries: NDArray[np.float64], top: int) -> Nearest:
    """The ``top`` images with the largest product with each query; all, if they are fewer.

    Of equally similar ones the first are taken. Memory is a block of vectors and their products.

    Parameters
    ----------
    queries:
        Shape (queries, dimension). The mean of generated images, for the mean of the similarities
        to them.
    """
    places = np.empty((len(queries), 0), np.int64)
    similarity = np.empty((len(queries), 0))
    first = 0
    for block in images.blocks():
        products = queries @ block.T
        here = np.broadcast_to(np.arange(first, first + len(block)), products.shape)
        similarity = np.concatenate([similarity, products], axis=1)
        places = np.concatenate([places, here], axis=1)
        order = np.argsort(-similarity, axis=1, kind="stable")[:, :top]
        similarity = np.take_along_axis(similarity, order, axis=1)
        places = np.take_along_axis(places, order, axis=1)
        first += len(block)
    return Nearest(places, similarity)
