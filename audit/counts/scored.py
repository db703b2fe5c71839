"""Samples by how much their image resembles the references of a concept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audit.counts.scene import Scene
from audit.datasets.sample_keys import NO_KEYS, Keys, holds, shard_and_row
from audit.estimates.recall import SearchRecall
from audit.references.cutoffs import CutOff
from audit.references.reference_set import ReferenceSet
from audit.vectors.exact import Matches
from audit.vectors.images import ImagesOf, PartImages
from audit.vectors.index import VectorIndex
from audit.vectors.recall import SampledMatches
from audit.vectors.training import drawn_rows

#: Images above the floor from which the scores below the cut-off are known; in a dataset of very
#: many so many times as are expected to be false, if that is more.
_FLOOR_IMAGES = 4000
_TIMES_FALSE = 5

#: Where no background tells: vectors whose scores say where the floor is, and the largest share of
#: all that may be above it.
_DRAWN_FOR_FLOOR = 20_000
_LARGEST_SHARE = 0.1

#: Samples below the cut-off that are kept as evidence: as many as above, and at least so many.
_KEPT_BELOW = 1000

#: Queries that are matched in one pass over the codes.
_QUERIES_AT_ONCE = 256

#: Finds the vectors that score at least the cut-off of a query; if it does not find all, also which
#: it finds of those in a random sample.
Search = Callable[[NDArray[np.float16], NDArray[np.float64]], tuple[Matches, SampledMatches | None]]


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
    def of(cls, references: ReferenceSet, cutoff: CutOff, index: VectorIndex) -> Asked:
        queries = references.queries(cutoff.statistic)
        return cls(references, cutoff, _floor(cutoff, queries, index))

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
        Of an approximate search: the share of the images from the cut-off on that it found, by a
        random sample; None if the search was exact.
    """

    keys: Keys
    named: NDArray[np.bool_]
    score: NDArray[np.float64]
    part: NDArray[np.int32]
    image: NDArray[np.int64]
    cutoff: float
    floor: float
    recall: SearchRecall | None = None

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

    def near_cutoff(self) -> ScoredSamples:
        """Those above the cut-off, and of the others those nearest to it: what a person looks at.

        In a dataset of billions far more come near it.
        """
        above = self.above
        below = np.flatnonzero(~above)
        wanted = max(int(above.sum()), _KEPT_BELOW)
        if len(below) <= wanted:
            return self
        kept = above.copy()
        kept[below[np.argsort(-self.score[below], kind="stable")[:wanted]]] = True
        return replace(
            self,
            keys=self.keys[kept],
            named=self.named[kept],
            score=self.score[kept],
            part=self.part[kept],
            image=self.image[kept],
            floor=float(self.score[kept].min()),
        )


def scored(
    scene: Scene,
    index: VectorIndex,
    asked: Sequence[Asked],
    search: Search,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Iterator[ScoredSamples]:
    """The scored samples of each concept; several concepts share a pass over the vectors."""
    images_of = ImagesOf(index)
    for batch in _batches(asked):
        on_progress(batch[0] / len(asked))
        queries = [asked[number].queries for number in batch]
        counts = [len(one) for one in queries]
        floors = np.repeat([asked[number].floor for number in batch], counts)
        found, sampled = search(np.concatenate(queries), floors)
        ends = np.cumsum(counts)
        concept = np.repeat(batch, counts)[found.query]
        gathered = _Gathered(scene, concept, found)
        for part in np.unique(found.part).tolist():
            gathered.take(part, images_of(part))
        for place, number in enumerate(batch):
            one = asked[number]
            recall = None
            if sampled is not None:
                first, last = int(ends[place] - counts[place]), int(ends[place])
                recall = sampled.recall(first, last, one.cutoff.value)
            samples = gathered.of(number, scene.samples.named[number], one.cutoff.value, one.floor)
            yield replace(samples, recall=recall)


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


def _floor(cutoff: CutOff, queries: NDArray[np.float16], index: VectorIndex) -> float:
    """A score below the cut-off down to which scores are looked up: not too many reach it."""
    false = cutoff.false_positive_share or 0.0
    share = max(_FLOOR_IMAGES / max(len(index), 1), _TIMES_FALSE * false)
    tail = cutoff.tail
    if tail is None:
        return _floor_of_drawn(cutoff.value, share, queries, index)
    floor = tail.start if share >= tail.share else tail.score_exceeded_by(share)
    # A given cut-off may lie in the midst of the background.
    return min(floor, cutoff.value - 0.25 * tail.scale)


def _floor_of_drawn(
    cutoff: float, share: float, queries: NDArray[np.float16], index: VectorIndex
) -> float:
    """The same where there are too few other images to tell: by a random draw of all vectors."""
    rows = drawn_rows(index.parts, _DRAWN_FOR_FLOOR, seed=0)
    asked = queries.astype(np.float32).T
    scores = np.concatenate(
        [
            (part.vectors[some].astype(np.float32) @ asked).max(axis=1)
            for part, some in zip(index.parts, rows, strict=True)
        ]
    )
    # As many below the cut-off as above it at least, so that something is below.
    share = max(min(share, _LARGEST_SHARE), 2 * float((scores >= cutoff).mean()))
    if share >= 1:
        # Half of all reach the cut-off: what is below it tells nothing, so nothing is looked up.
        return float(np.nextafter(cutoff, -np.inf))
    floor = float(np.quantile(scores, 1 - share))
    return floor if floor < cutoff else float(np.nextafter(cutoff, -np.inf))
