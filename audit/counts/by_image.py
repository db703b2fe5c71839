"""Counting concepts by what images show, in two strata: named by the caption, and never named."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit._version import __version__
from audit.captions.phrases import fold_concepts
from audit.concepts import Concept
from audit.counts.copies import distinct_files, distinct_pictures
from audit.counts.named import Keys, NamedSamples, holds, named_samples, sample_keys
from audit.counts.strata import Design, Stratum, estimate_stratum
from audit.counts.visual_results import VisualCount, VisualResult
from audit.datasets.dataset import Dataset
from audit.encoders.encoder import EncoderInfo
from audit.errors import ConceptError, EncoderMismatchError, UsageError
from audit.references.cutoffs import CutOff, background_scores, calibrate, fixed
from audit.references.reference_set import ReferenceSet, Statistic
from audit.vectors.exact import Matches, search
from audit.vectors.images import ImageTable
from audit.vectors.index import VectorIndex

#: Images whose scores tell how those of other images are distributed.
BACKGROUND_IMAGES = 20_000

#: At least so many false positives in a million are aimed at ...
LEAST_PER_MILLION = 10.0
#: ... and in a small dataset so many as make one in the whole of it.
_MOST_PER_MILLION = 1000.0

#: Images above the floor from which the scores below the cut-off are known.
_FLOOR_IMAGES = 4000

#: Queries that are matched in one pass over the codes.
_QUERIES_AT_ONCE = 256


def count_by_image(
    dataset: Dataset,
    index: VectorIndex,
    sought: Sequence[tuple[Concept, ReferenceSet]],
    *,
    where: str | None = None,
    cutoff: float | str | None = None,
    per_million: float | None = None,
    statistic: Statistic = "max",
    design: Design | None = None,
    background: int = BACKGROUND_IMAGES,
    seed: int = 0,
    workers: int = 1,
    on_progress: Callable[[str, float | None], None] = lambda what, share: None,
) -> VisualResult:
    """Count the samples that show each concept, those that name it and those that do not.

    Parameters
    ----------
    sought:
        Concepts with their references, embedded by the encoder of the index.
    where:
        DuckDB condition on the sample columns; samples that do not meet it are not considered.
    cutoff:
        A score, or the name of a published cut-off; by default one is calibrated for each concept.
    per_million:
        False positives in a million other images that calibration aims at; by default 10, or what
        makes one in the whole dataset if it is small.
    statistic:
        Score an image by the most similar reference (``max``) or by the ``mean`` of all.
    design:
        How the samples with an image were chosen. By default all, if every sample has one, else
        unknown: the interval then covers whatever the rest may hold.
    background:
        Images in the random sample that calibrates.
    seed:
        Of that sample.
    workers:
        Threads.
    on_progress:
        Called with what is being done, and how much of it.

    Raises
    ------
    EncoderMismatchError
        If references were embedded by another encoder than the dataset.
    UsageError
        If the question is wrong, or too little is embedded to calibrate.
    """
    started = time.monotonic()
    if not sought:
        raise ConceptError("No concept to count.", hint="Name one, with references.")
    for concept, references in sought:
        check_encoder(references.info, index.info, concept.name)
    if not len(index):
        raise UsageError("Nothing is embedded.", hint="Embed images with `audit embed` first.")
    phrases, findings = fold_concepts([concept for concept, _ in sought])
    on_progress("captions", None)
    samples = named_samples(
        dataset, phrases, where, lambda done, total: on_progress("captions", done / max(total, 1))
    )
    scene = _Scene(dataset, index, samples, design, background, seed)
    if per_million is None:
        one_in_all = 1e6 / max(len(index), 1)
        per_million = min(max(LEAST_PER_MILLION, one_in_all), _MOST_PER_MILLION)
    asked = []
    for number, (_, references) in enumerate(sought):
        scores = scene.background_scores(number, references, statistic)
        if cutoff is None:
            chosen = calibrate(
                references, scores, per_million=per_million, statistic=statistic, seed=seed
            )
        else:
            chosen = fixed(references, cutoff, scores, statistic=statistic)
        asked.append(_Asked(references, chosen, _floor(chosen, len(index))))
        on_progress("cut-offs", (number + 1) / len(sought))
    counts = []
    for number, matches in _matched(index, asked, workers, on_progress):
        concept, references = sought[number]
        one = asked[number]
        named, unnamed, raw = scene.strata(number, matches, one)
        counts.append(
            VisualCount(
                phrases=phrases[number],
                references=references,
                cutoff=one.cutoff,
                named=named,
                unnamed=unnamed,
                matched_images=len(raw),
                distinct_files=distinct_files(scene.images.sha256[raw]),
                distinct_pictures=distinct_pictures(scene.images.phash[raw]),
                findings=tuple(f for f in findings if f.concept == concept.name),
            )
        )
    return VisualResult(
        dataset=dataset.name,
        coverage=dataset.coverage,
        considered=samples.considered,
        encoder=index.info,
        vectors=len(index),
        images=len(scene.images.examined),
        images_joined=scene.images_joined,
        not_embedded=tuple(index.embeddings.unread),
        counts=tuple(counts),
        where=where,
        seed=seed,
        tool_version=__version__,
        seconds=time.monotonic() - started,
        sources=tuple(dataset.manifest.sources),
    )


def check_encoder(mine: EncoderInfo, theirs: EncoderInfo, what: str) -> None:
    """Refuse to compare vectors of different encoders.

    Of a folder made by others only the encoder's name is known; then that must agree.

    Raises
    ------
    EncoderMismatchError
        If they differ.
    """
    same = mine.id == theirs.id and mine.dimension == theirs.dimension
    if theirs.revision and mine.revision and not _as_named(mine, theirs):
        same = same and mine == theirs
    if not same:
        raise EncoderMismatchError(
            f"{what}: its references are embeddings of {mine.describe_against(theirs)}.",
            hint="Embed the references with the encoder that embedded the dataset.",
        )


def _as_named(*infos: EncoderInfo) -> bool:
    from audit.embeddings.folder import UNKNOWN_REVISION

    return any(info.revision == UNKNOWN_REVISION for info in infos)


@dataclass(frozen=True)
class _Asked:
    references: ReferenceSet
    cutoff: CutOff
    floor: float


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


def _matched(
    index: VectorIndex,
    asked: Sequence[_Asked],
    workers: int,
    on_progress: Callable[[str, float | None], None],
) -> Iterator[tuple[int, Matches]]:
    """Each concept's matches down to its floor; several concepts share a pass over the codes."""
    batch: list[int] = []
    waiting = 0
    for number, one in enumerate(asked):
        batch.append(number)
        waiting += len(one.references.queries(one.cutoff.statistic))
        if waiting < _QUERIES_AT_ONCE and number + 1 < len(asked):
            continue
        on_progress("images", number / len(asked))
        queries = [asked[i].references.queries(asked[i].cutoff.statistic) for i in batch]
        floors = np.repeat([asked[i].floor for i in batch], [len(q) for q in queries])
        found = search(index.parts, np.concatenate(queries), floors, workers=workers)
        owner = np.repeat(np.arange(len(batch)), [len(q) for q in queries])[found.query]
        for place, i in enumerate(batch):
            mine = owner == place
            yield (
                i,
                Matches(found.query[mine], found.part[mine], found.row[mine], found.score[mine]),
            )
        batch, waiting = [], 0


class _Scene:
    """What all concepts of a count share: images, their samples, and a background."""

    def __init__(
        self,
        dataset: Dataset,
        index: VectorIndex,
        samples: NamedSamples,
        design: Design | None,
        background: int,
        seed: int,
    ) -> None:
        self._index, self._samples, self._design = index, samples, design
        self.images = images = ImageTable.of(index)
        keys = sample_keys(images.link_shard, images.link_row)
        if samples.meeting is not None:
            meeting = holds(samples.meeting, keys)
        else:
            meeting = np.ones(len(keys), np.bool_)
        self._keys, self._image = keys[meeting], images.link_image[meeting]
        self.images_joined = len(np.unique(images.link_image))
        self._attempted = np.unique(self._keys)
        self._examined = np.unique(self._keys[images.examined[self._image]])
        self._draw_background(background, seed)

    def _draw_background(self, wanted: int, seed: int) -> None:
        """Vectors drawn uniformly, with the images they are of."""
        rng = np.random.default_rng(seed)
        drawn = np.sort(rng.choice(len(self._index), min(wanted, len(self._index)), replace=False))
        vectors, images = [], []
        start = 0
        for number, part in enumerate(self._index.parts):
            stop = start + len(part.vectors)
            rows = drawn[(drawn >= start) & (drawn < stop)] - start
            vectors.append(part.vectors[rows])
            images.append(self.images.of_vectors(self._index, number)[rows])
            start = stop
        self._background = np.concatenate(vectors)
        self._background_image = np.concatenate(images)

    def background_scores(
        self, concept: int, references: ReferenceSet, statistic: Statistic
    ) -> NDArray[np.float64]:
        """Of images whose caption does not name the concept."""
        named = self._image[holds(self._samples.named[concept], self._keys)]
        others = ~np.isin(self._background_image, named)
        return background_scores(references, self._background[others], statistic)

    def strata(
        self, concept: int, matches: Matches, asked: _Asked
    ) -> tuple[Stratum, Stratum, NDArray[np.int64]]:
        """Named and not named; and the images that are above the cut-off."""
        found, score = self.images.best_scores(self._index, matches)
        place = np.minimum(np.searchsorted(found, self._image), max(len(found) - 1, 0))
        is_found = (found[place] == self._image) if len(found) else np.zeros(len(place), np.bool_)
        keys, best = _best_of(self._keys[is_found], score[place[is_found]])
        named = self._samples.named[concept]
        total = self._samples.considered
        strata = []
        for inside in (True, False):
            population = len(named) if inside else total - len(named)
            attempted = int((holds(named, self._attempted) == inside).sum())
            examined = int((holds(named, self._examined) == inside).sum())
            mine = best[holds(named, keys) == inside]
            design = self._design or ("all" if attempted == population else "unknown")
            strata.append(
                estimate_stratum(
                    population, attempted, mine, examined, asked.cutoff, asked.floor, design
                )
            )
        considered = np.isin(found, self._image)
        return strata[0], strata[1], found[(score >= asked.cutoff.value) & considered]


def _best_of(keys: Keys, scores: NDArray[np.float64]) -> tuple[Keys, NDArray[np.float64]]:
    """Each sample once, with the best score of its images."""
    unique, place = np.unique(keys, return_inverse=True)
    best = np.full(len(unique), -np.inf)
    np.maximum.at(best, place, scores)
    return unique, best
