"""What all concepts of a visual count share: which samples have an image, and a background."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from audit.captions.phrases import ConceptPhrases
from audit.counts.draws import Draw
from audit.counts.named import NamedSamples
from audit.datasets.dataset import Dataset
from audit.datasets.sample_keys import NO_KEYS, Keys, SampleSet, holds
from audit.references.tail import LEAST_BACKGROUND
from audit.vectors.images import PartImages
from audit.vectors.index import VectorIndex

#: Images whose scores tell how those of other images are distributed.
BACKGROUND_IMAGES = 20_000

#: A random sample of which a larger share was never tried is unfinished. What is lost for good,
#: where a download crashed, is less.
_MOST_PENDING = 0.01


class Scene:
    """The images of a dataset seen once, part by part; a bit is kept for each sample.

    Attributes
    ----------
    samples:
        Which samples name each concept.
    attempted, examined:
        Samples whose image was looked for, and could be looked at.
    images, images_joined:
        Images looked at or tried, without those of removed samples; and those of them that belong
        to a sample.
    background:
        Vectors drawn at random, shape (images, dimension).
    unfinished_draws:
        What is missing of random samples that are therefore not used, a sentence each.
    """

    def __init__(
        self,
        dataset: Dataset,
        index: VectorIndex,
        samples: NamedSamples,
        draws: Sequence[Draw] = (),
        *,
        background: int = BACKGROUND_IMAGES,
        seed: int = 0,
        on_progress: Callable[[float], None] = lambda share: None,
    ) -> None:
        self.samples = samples
        self.attempted = SampleSet(dataset.rows_by_shard)
        self.examined = SampleSet(dataset.rows_by_shard)
        self.images = self.images_joined = 0
        of_all = [draw.keys for draw in draws if draw.concepts is None and draw.where is None]
        drawn = _Background(background, seed, np.unique(np.concatenate(of_all)) if of_all else None)
        for number, part in enumerate(index.parts):
            images = PartImages.of(part)
            self.images += len(images) - images.removed
            self.images_joined += int((images.first_sample >= 0).sum())
            keys, examined = images.link_key, images.examined[images.link_image]
            if samples.meeting is not None:
                meets = samples.meeting.holds(keys)
                keys, examined = keys[meets], examined[meets]
            self.attempted.add(keys)
            self.examined.add(keys[examined])
            drawn.offer(number, images)
            on_progress((number + 1) / len(index.parts))
        self.background, self._background_key = drawn.vectors(index)
        self._draws: list[Draw] = []
        self.unfinished_draws: list[str] = []
        for draw in draws:
            self._take(draw)

    def _take(self, draw: Draw) -> None:
        """Use a draw if all of it was tried: what is tried first may be unlike the rest.

        Shards are fetched and embedded in their order, so that of a draw that was interrupted
        only the first ones speak, and what they lack would pass for dead links.
        """
        keys = draw.keys[self.meets(draw.keys)]
        tried = int(self.attempted.holds(keys).sum())
        if not tried:
            return
        pending = len(keys) - tried - draw.changed
        if pending > _MOST_PENDING * len(keys):
            self.unfinished_draws.append(
                f"{pending:,} of the {len(keys):,} samples of the random sample {draw.name!r} are "
                "not fetched, embedded or indexed yet: it is not used as one"
            )
        else:
            self._draws.append(draw)

    def meets(self, keys: Keys) -> NDArray[np.bool_]:
        """For each key whether the sample is considered at all."""
        meeting = self.samples.meeting
        return np.ones(len(keys), np.bool_) if meeting is None else meeting.holds(keys)

    def others(self, concept: int) -> NDArray[np.bool_]:
        """Of the background, the images whose caption does not name the concept.

        The background is drawn from all images, those that do not meet ``where`` too: what other
        images are like does not depend on the question.
        """
        return ~holds(self.samples.named_anywhere[concept], self._background_key)

    def drawn_among(
        self, concept: ConceptPhrases, number: int, *, named: bool, where: str | None
    ) -> tuple[Keys, tuple[str, ...]]:
        """A random sample of the samples that name, or do not name, a concept; what drew it.

        That is all that random samples hold of them: whom the seeds of several draws favour has
        nothing to do with what the images show, so that together they are a random sample too.
        """
        draws = [d for d in self._draws if d.is_random_among(concept, named=named, where=where)]
        keys = np.unique(np.concatenate([NO_KEYS, *(draw.keys for draw in draws)]))
        inside = (holds(self.samples.named[number], keys) == named) & self.meets(keys)
        return keys[inside], tuple(draw.name for draw in draws)


class _Background:
    """A uniform draw of vectors: those with the smallest of random numbers, in one pass."""

    def __init__(self, wanted: int, seed: int, preferred: Keys | None) -> None:
        self._wanted, self._seed, self._preferred = wanted, seed, preferred
        self._drawn: list[NDArray[np.void]] = []

    _ROW = np.dtype([("order", "f8"), ("part", "i4"), ("row", "i8"), ("key", "i8")])

    def offer(self, part: int, images: PartImages) -> None:
        # A vector whose image belongs to several samples is drawn for the first of them.
        keys = images.first_sample[images.of_vector]
        rows = np.flatnonzero(keys >= 0)
        keys = keys[rows]
        rng = np.random.default_rng([self._seed, part])
        order = rng.random(len(images.of_vector))[rows]
        if self._preferred is not None:
            # What was fetched for certain concepts is no fair background: it comes last.
            order += ~holds(self._preferred, keys)
        if len(order) > self._wanted:
            nearest = np.argpartition(order, self._wanted)[: self._wanted]
            rows, keys, order = rows[nearest], keys[nearest], order[nearest]
        offered = np.empty(len(rows), self._ROW)
        offered["order"], offered["part"] = order, part
        offered["row"], offered["key"] = rows, keys
        kept = np.concatenate([*self._drawn, offered])
        self._drawn = [kept[np.argsort(kept["order"], kind="stable")[: self._wanted]]]

    def vectors(self, index: VectorIndex) -> tuple[NDArray[np.float16], Keys]:
        if not self._drawn:
            return np.empty((0, index.info.dimension), np.float16), np.empty(0, np.int64)
        drawn = self._drawn[0]
        fair = drawn["order"] < 1
        if fair.sum() >= LEAST_BACKGROUND:
            drawn = drawn[fair]
        drawn = np.sort(drawn, order=["part", "row"])
        vectors = [np.empty((0, index.info.dimension), np.float16)]
        for part in np.unique(drawn["part"]).tolist():
            rows = drawn["row"][drawn["part"] == part]
            vectors.append(np.asarray(index.parts[part].vectors[rows]))
        return np.concatenate(vectors), drawn["key"].copy()
