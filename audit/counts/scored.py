"""Samples by how much their image resembles the references of a concept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audit.counts.scene import Scene
from audit.datasets.sample_keys import NO_KEYS, Keys, holds, shard_and_row
from audit.estimates.rates import Rate
from audit.references.cutoffs import CutOff
from audit.references.reference_set import ReferenceSet
from audit.vectors.exact import Matches
from audit.vectors.images import PartImages
from audit.vectors.index import VectorIndex

#: Images above the floor from which the scores below the cut-off are known.
_FLOOR_IMAGES = 4000

#: Queries that are matched in one pass over the codes.
_QUERIES_AT_ONCE = 256

#: Finds the vectors that score at least the cut-off of a query; for each query also what share of
#: them, if it does not find all.
Search = Callable[[NDArray[np.float16], NDArray[np.float64]], tuple[Matches, list[Rate] | None]]


@dataclass(frozen=True)
class Asked:
    """What is asked of the images for one concept.

    Attributes
    ----------
    floor:
        A score below the cut-off; scores down to it are looked up.
    """

    references: ReferenceSet
    cutoff: CutOff
    floor: float

    @classmethod
    def of(cls, references: ReferenceSet, cutoff: CutOff, vectors: int) -> Asked:
        return cls(references, cutoff, _floor(cutoff, vectors))

    @property
    def queries(self) -> NDArray[np.float16]:
        return self.references.queries(self.cutoff.statistic)


@dataclass(frozen=True)
class ScoredSamples:
    """The samples whose image scores at least the floor, ordered by key.

    Attributes
    ----------
    keys, named, score:
        Shape (samples,): the sample, whether its caption names the concept, and the best score of
        its images.
    part, image:
        Shape (samples,): the image of that score.
    cutoff, floor:
        Images from the cut-off on are taken to show the concept; below the floor no score is
        known.
    recall:
        Of an approximate search: the share of the pairs of a reference and an image from the floor
        on that it found, by a random sample; None if the search was exact.
    """

    keys: Keys
    named: NDArray[np.bool_]
    score: NDArray[np.float64]
    part: NDArray[np.int32]
    image: NDArray[np.int64]
    cutoff: float
    floor: float
    recall: Rate | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def shard(self) -> NDArray[np.int64]:
        return shard_and_row(self.keys)[0]

    @property
    def row(self) -> NDArray[np.int64]:
        return shard_and_row(self.keys)[1]

    @property
    def above(self) -> NDArray[np.bool_]:
        return self.score >= self.cutoff


def scored(
    scene: Scene,
    index: VectorIndex,
    asked: Sequence[Asked],
    search: Search,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Iterator[ScoredSamples]:
    """The scored samples of each concept; several concepts share a pass over the vectors."""
    images_of = lru_cache(4)(lambda part: PartImages.of(index.parts[part]))
    for batch in _batches(asked):
        on_progress(batch[0] / len(asked))
        queries = [asked[number].queries for number in batch]
        counts = [len(one) for one in queries]
        floors = np.repeat([asked[number].floor for number in batch], counts)
        found, recalls = search(np.concatenate(queries), floors)
        ends = np.cumsum(counts)
        concept = np.repeat(batch, counts)[found.query]
        gathered = _Gathered(scene, concept, found)
        for part in np.unique(found.part).tolist():
            gathered.take(part, images_of(part))
        for place, number in enumerate(batch):
            one = asked[number]
            recall = None
            if recalls is not None:
                recall = _pooled(recalls[ends[place] - counts[place] : ends[place]])
            samples = gathered.of(number, scene.samples.named[number], one.cutoff.value, one.floor)
            yield replace(samples, recall=recall)


def _pooled(recalls: Sequence[Rate]) -> Rate:
    """Of all queries of a concept. An image that several queries can find is missed less often."""
    return Rate(sum(one.hits for one in recalls), sum(one.trials for one in recalls))


def _batches(asked: Sequence[Asked]) -> Iterator[list[int]]:
    batch: list[int] = []
    waiting = 0
    for number, one in enumerate(asked):
        batch.append(number)
        waiting += len(one.queries)
        if waiting >= _QUERIES_AT_ONCE:
            yield batch
            batch, waiting = [], 0
    if batch:
        yield batch


class _Gathered:
    """Samples of the matches of several concepts, gathered part by part."""

    _ROW = np.dtype(
        [("concept", "i4"), ("key", "i8"), ("score", "f8"), ("part", "i4"), ("image", "i8")]
    )

    def __init__(self, scene: Scene, concept: NDArray[np.int64], found: Matches) -> None:
        self._scene, self._concept, self._found = scene, concept, found
        self._rows: list[NDArray[np.void]] = [np.empty(0, self._ROW)]

    def take(self, part: int, images: PartImages) -> None:
        here = np.flatnonzero(self._found.part == part)
        image = images.of_vector[self._found.row[here]]
        place, keys = images.samples_of(image)
        meets = self._scene.meets(keys)
        place, keys = place[meets], keys[meets]
        rows = np.empty(len(keys), self._ROW)
        rows["concept"] = self._concept[here[place]]
        rows["key"], rows["part"], rows["image"] = keys, part, image[place]
        rows["score"] = self._found.score[here[place]]
        self._rows.append(_best(rows))

    def of(self, concept: int, named: Keys, cutoff: float, floor: float) -> ScoredSamples:
        if len(self._rows) > 1:
            self._rows = [_best(np.concatenate(self._rows))]
        rows = self._rows[0]
        first, last = np.searchsorted(rows["concept"], [concept, concept + 1])
        mine = rows[first:last]
        keys = mine["key"].copy() if len(mine) else NO_KEYS
        return ScoredSamples(
            keys,
            holds(named, keys),
            mine["score"].copy(),
            mine["part"].copy(),
            mine["image"].copy(),
            cutoff,
            floor,
        )


def _best(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Each sample once a concept, with the best score of its images; ordered by both."""
    order = np.lexsort((rows["image"], rows["part"], -rows["score"], rows["key"], rows["concept"]))
    rows = rows[order]
    new = np.ones(len(rows), np.bool_)
    new[1:] = (rows["key"][1:] != rows["key"][:-1]) | (rows["concept"][1:] != rows["concept"][:-1])
    return rows[new]


def _floor(cutoff: CutOff, vectors: int) -> float:
    """A score below the cut-off down to which scores are looked up: not too many reach it."""
    if cutoff.tail is None:
        return -2.0
    share = min(cutoff.tail.share, max(_FLOOR_IMAGES / max(vectors, 1), 1e-4))
    if share >= cutoff.tail.share:
        floor = cutoff.tail.start
    else:
        floor = cutoff.tail.score_exceeded_by(share)
    # A given cut-off may lie in the midst of the background.
    return min(floor, cutoff.value - 0.25 * cutoff.tail.scale)
