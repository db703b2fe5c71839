"""Training images in a dataset: samples that have a vector and whose caption names a concept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from audit.captions.phrases import fold_concepts
from audit.concepts import Concept
from audit.counts.named import named_samples
from audit.datasets.dataset import Dataset
from audit.datasets.sample_keys import holds
from audit.scores.vectors import NO_PROMPT, ConceptVectors, ImageVectors, Piece
from audit.vectors.images import PartImages
from audit.vectors.index import VectorIndex

_BY_CAPTION = (
    "training images are samples whose caption names the concept: some do not show it, and others "
    "that show it are missing"
)


def training_images(
    dataset: Dataset,
    index: VectorIndex,
    concepts: Sequence[Concept],
    on_progress: Callable[[float], None] = lambda share: None,
) -> ConceptVectors:
    """Vectors of the images of samples whose caption names a concept.

    An image that several samples share has one vector; one with several vectors, such as of
    several faces, is left out. ``counts`` are the samples that name the concept, with a vector or
    without.

    Raises
    ------
    SourceError
        If a part of the index cannot be read.
    """
    phrases, _ = fold_concepts(concepts)
    found = named_samples(
        dataset, phrases, None, lambda done, all_: on_progress(done / (all_ or 1))
    )
    pieces: dict[str, list[Piece]] = defaultdict(list)
    several = 0
    for part in index.parts:
        images = PartImages.of(part)
        vectors = np.bincount(images.of_vector, minlength=len(images))
        only = np.searchsorted(images.of_vector, np.arange(len(images)))
        for one, keys in zip(phrases, found.named, strict=True):
            shown = np.unique(images.link_image[holds(keys, images.link_key)])
            several += int((vectors[shown] > 1).sum())
            rows = only[shown[vectors[shown] == 1]]
            if len(rows):
                pieces[one.concept.name].append(Piece(part, rows))
    notes = [_BY_CAPTION]
    if several:
        notes.append(f"{several:,} training images have several vectors and are left out")
    if not dataset.coverage.complete:
        notes.append(f"{dataset.name}: {dataset.coverage.describe()}")
    return ConceptVectors(
        images={
            name: {NO_PROMPT: ImageVectors(some, f"training images of {name!r}")}
            for name, some in pieces.items()
        },
        info=index.info,
        counts={
            one.concept.name: len(keys)
            for one, keys in zip(phrases, found.named, strict=True)
            if one.phrases
        },
        notes=tuple(notes),
    )
