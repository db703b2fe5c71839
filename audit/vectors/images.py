"""The images of an index, and the samples they belong to, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.vectors.exact import Matches
from audit.vectors.index import IndexedPart, VectorIndex

#: What :mod:`audit.embeddings.embed_part` calls an image that was looked at.
_EXAMINED = ("embedded", "nothing found")


@dataclass(frozen=True)
class ImageTable:
    """All images of an index, numbered across its parts.

    Attributes
    ----------
    first:
        Number of the first image of each part, and the number of images; shape (parts + 1,).
    examined:
        Shape (images,): whether the image could be looked at; the others are dead links, broken
        files and the like.
    phash, sha256:
        Shape (images,): perceptual hash (0 where there is none); first 8 bytes of the digest of
        the file (0 where unknown).
    link_image, link_shard, link_row:
        Pairs of an image and a sample it belongs to.
    """

    first: NDArray[np.int64]
    examined: NDArray[np.bool_]
    phash: NDArray[np.int64]
    sha256: NDArray[np.uint64]
    link_image: NDArray[np.int64]
    link_shard: NDArray[np.int64]
    link_row: NDArray[np.int64]

    @classmethod
    def of(cls, index: VectorIndex) -> ImageTable:
        parts = [_images_of(part) for part in index.parts]
        first = np.cumsum([0, *(len(part[0]) for part in parts)])
        links = [part.links for part in index.parts]

        def column(name: str) -> NDArray[np.int64]:
            return np.concatenate([np.empty(0, np.int64), *(t[name].to_numpy() for t in links)])

        offsets = np.repeat(first[:-1], [table.num_rows for table in links])
        return cls(
            first,
            np.concatenate([np.empty(0, np.bool_), *(part[0] for part in parts)]),
            np.concatenate([np.empty(0, np.int64), *(part[1] for part in parts)]),
            np.concatenate([np.empty(0, np.uint64), *(part[2] for part in parts)]),
            column("image") + offsets,
            column("shard"),
            column("row"),
        )

    def of_vectors(self, index: VectorIndex, part: int) -> NDArray[np.int64]:
        """For each vector of a part the number of its image."""
        return np.asarray(index.parts[part].image_of_vector() + self.first[part])

    def best_scores(
        self, index: VectorIndex, matches: Matches
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Images of the matches of one concept, ascending, each with its largest score.

        An image has several matches if it has several vectors, or if several queries find it.
        """
        images = np.empty(len(matches), np.int64)
        for part in np.unique(matches.part):
            here = matches.part == part
            images[here] = self.of_vectors(index, int(part))[matches.row[here]]
        numbers, place = np.unique(images, return_inverse=True)
        best = np.full(len(numbers), -np.inf)
        np.maximum.at(best, place, matches.score)
        return numbers, best


def _images_of(
    part: IndexedPart,
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.uint64]]:
    if part.embeddings.images_path is None:
        rows = len(part.embeddings.vectors)
        return np.ones(rows, np.bool_), np.zeros(rows, np.int64), np.zeros(rows, np.uint64)
    table = part.embeddings.images(["status", "phash", "sha256"])
    status = table["status"].combine_chunks().dictionary_encode()
    examined = np.isin(
        status.indices.to_numpy(),
        [i for i, name in enumerate(status.dictionary.to_pylist()) if name in _EXAMINED],
    )
    digests = [int(text[:16], 16) if text else 0 for text in table["sha256"].to_pylist()]
    return (
        examined,
        table["phash"].fill_null(0).to_numpy(),
        np.array(digests, np.uint64),
    )
