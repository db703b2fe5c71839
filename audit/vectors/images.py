"""The images of one part of an index, and the samples they belong to, as arrays."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.datasets.lookup import SampleRef
from audit.datasets.sample_keys import NO_KEYS, Keys, holds, sample_keys
from audit.embeddings.files import EXAMINED
from audit.vectors.index import IndexedPart, VectorIndex

#: An image of the index: its part, and its number there.
Place = tuple[int, int]

#: What is kept of parts' images between questions: those of about ten million.
_KEPT_BYTES = 256 << 20


@dataclass(frozen=True)
class PartImages:
    """The images of a part, numbered from 0, those without a vector too.

    Attributes
    ----------
    of_vector:
        Shape (vectors,): the image of each vector, never decreasing.
    examined:
        Shape (images,): whether the image could be looked at; the others are dead links, broken
        files and the like.
    link_image, link_key:
        Pairs of an image and the key of a sample it belongs to, ordered by image. Samples that
        were removed on request are in none: their images are nobody's.
    removed:
        Images that belonged to removed samples only.
    """

    of_vector: NDArray[np.int64]
    examined: NDArray[np.bool_]
    link_image: NDArray[np.int64]
    link_key: Keys
    removed: int = 0

    @classmethod
    def of(cls, part: IndexedPart) -> PartImages:
        links = part.links
        image = links["image"].to_numpy()
        key = sample_keys(links["shard"].to_numpy(), links["row"].to_numpy())
        removed = 0
        if part.removed is not None:
            kept = ~part.removed.holds(key)
            removed = len(np.setdiff1d(image, image[kept]))
            image, key = image[kept], key[kept]
        of_vector = part.image_of_vector()
        if part.embeddings.images_path is None:
            examined = np.ones(len(of_vector), np.bool_)
        else:
            examined = _examined(part.embeddings.images(["status"]))
        return cls(of_vector, examined, image, key, removed)

    def __len__(self) -> int:
        return len(self.examined)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        arrays = (self.of_vector, self.examined, self.link_image, self.link_key)
        return sum(array.nbytes for array in arrays)

    @cached_property
    def first_sample(self) -> Keys:
        """Shape (images,): the first sample that each image belongs to; -1 if to none."""
        first = np.full(len(self), -1, np.int64)
        # Of several assignments to one place the last stays.
        first[self.link_image[::-1]] = self.link_key[::-1]
        return first

    def samples_of(self, images: NDArray[np.int64]) -> tuple[NDArray[np.int64], Keys]:
        """All pairs of one of ``images`` and a sample: places in ``images``, and keys."""
        first = np.searchsorted(self.link_image, images, "left")
        many = np.searchsorted(self.link_image, images, "right") - first
        place = np.repeat(np.arange(len(images)), many)
        within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        return place, self.link_key[np.repeat(first, many) + within]


class ImagesOf:
    """The images of an index's parts, asked for by place; those that fit are kept.

    Parts are walked in the same order again and again. Whatever was used last would be gone when
    it is needed next, so the first that fit stay.
    """

    def __init__(self, index: VectorIndex, most_bytes: int = _KEPT_BYTES) -> None:
        self._index, self._room = index, most_bytes
        self._kept: dict[int, PartImages] = {}

    def __call__(self, part: int) -> PartImages:
        if part in self._kept:
            return self._kept[part]
        images = PartImages.of(self._index.parts[part])
        if images.nbytes <= self._room:
            self._room -= images.nbytes
            self._kept[part] = images
        return images


def _examined(images: pa.Table) -> NDArray[np.bool_]:
    status = images["status"].combine_chunks().dictionary_encode()
    names = status.dictionary.to_pylist()
    known = [number for number, name in enumerate(names) if name in EXAMINED]
    return np.isin(status.indices.to_numpy(), known)


@dataclass(frozen=True)
class Fingerprints:
    """What tells copies among images: shape (images,) each.

    Attributes
    ----------
    phash:
        Perceptual hash; 0 where there is none.
    sha256:
        First 8 bytes of the digest of the file; 0 where unknown.
    """

    phash: NDArray[np.int64]
    sha256: NDArray[np.uint64]

    @classmethod
    def of(cls, part: IndexedPart, images: NDArray[np.int64]) -> Fingerprints:
        if part.embeddings.images_path is None:
            return cls(np.zeros(len(images), np.int64), np.zeros(len(images), np.uint64))
        table = part.embeddings.images(["phash", "sha256"]).take(images)
        digests = [int(text[:16], 16) if text else 0 for text in table["sha256"].to_pylist()]
        return cls(table["phash"].fill_null(0).to_numpy(), np.array(digests, np.uint64))

    @classmethod
    def joined(cls, several: list[Fingerprints]) -> Fingerprints:
        return cls(
            np.concatenate([np.empty(0, np.int64), *(one.phash for one in several)]),
            np.concatenate([np.empty(0, np.uint64), *(one.sha256 for one in several)]),
        )


def first_images(
    index: VectorIndex, samples: Keys
) -> tuple[Keys, NDArray[np.int32], NDArray[np.int64]]:
    """An image that could be looked at of each of some sorted, different samples that has one.

    Returns the samples that have one, ordered, and for each the part of the index and its number
    in it: the first of several.
    """
    found: list[tuple[Keys, int, NDArray[np.int64]]] = []
    for number, part in enumerate(index.parts):
        images = PartImages.of(part)
        mine = holds(samples, images.link_key) & images.examined[images.link_image]
        found.append((images.link_key[mine], number, images.link_image[mine]))
    keys = np.concatenate([NO_KEYS, *(keys for keys, _, _ in found)])
    parts = np.repeat(np.arange(len(found), dtype=np.int32), [len(keys) for keys, _, _ in found])
    numbers = np.concatenate([np.empty(0, np.int64), *(images for _, _, images in found)])
    # np.unique tells of each sample where it stands first.
    keys, first = np.unique(keys, return_index=True)
    return keys, parts[first], numbers[first]


def image_of(index: VectorIndex, refs: Collection[SampleRef]) -> dict[SampleRef, Place]:
    """The first image of each sample that has one which could be looked at."""
    keys = sample_keys(
        np.array([ref.ordinal for ref in refs], np.int64),
        np.array([ref.row for ref in refs], np.int64),
    )
    by_key = dict(zip(keys.tolist(), refs, strict=True))
    found = zip(*(one.tolist() for one in first_images(index, np.unique(keys))), strict=True)
    return {by_key[key]: (part, image) for key, part, image in found}
