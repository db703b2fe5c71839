"""Which samples to fetch: all, or those that name a concept, or a random sample of either."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.captions.folding import FOLDING_VERSION, fold
from audit.captions.matcher import ConceptMatcher
from audit.captions.phrases import fold_concepts
from audit.concepts import Concept
from audit.datasets.conditions import Condition
from audit.datasets.dataset import Dataset, Part
from audit.datasets.scan import scan_part
from audit.errors import ConceptError, UsageError

IntArray = NDArray[np.int64]

_SPARE = 1 << 16
_NAME_CHARACTERS = 60


@dataclass(frozen=True)
class Selection:
    """What was asked for; with a dataset it decides which samples are fetched.

    Raises
    ------
    ConceptError
        If no name of any concept can be searched.
    UsageError
        If the size of the sample is not positive.
    """

    concepts: tuple[Concept, ...] = ()
    where: str | None = None
    sample: int | None = None  #: size of the random sample; None for all
    seed: int = 0

    def __post_init__(self) -> None:
        if self.sample is not None and self.sample < 1:
            raise UsageError(f"A sample of {self.sample} is none.", hint="Draw 1 or more.")
        if self.concepts and not any(self.phrases):
            raise ConceptError(
                "Nothing to search: no name of the concepts has a letter or digit.",
                hint="Give the concept a name or alias with letters or digits.",
            )

    @property
    def phrases(self) -> list[tuple[str, ...]]:
        """The folded phrases of each concept."""
        return [folded.phrases for folded in fold_concepts(self.concepts)[0]]

    @property
    def default_name(self) -> str:
        """A name for the folder of the images that tells what is in it."""
        words = ["all"]
        if len(self.concepts) == 1:
            words = [re.sub(r"[^a-z0-9]+", "-", fold(self.concepts[0].name)).strip("-")]
            if not words[0] or len(words[0]) > _NAME_CHARACTERS:
                words = ["concept", _digest(self.concepts[0].name)]
        elif self.concepts:
            words = [f"{len(self.concepts)}-concepts", _digest(repr(self.to_dict()["concepts"]))]
        if self.where is not None:
            words += ["where", _digest(self.where)]
        if self.sample is not None:
            words += [f"sample-{self.sample}", f"seed-{self.seed}"]
        return "-".join(words)

    def to_dict(self) -> dict[str, Any]:
        folded = fold_concepts(self.concepts)[0]
        return {
            "concepts": [
                {
                    "name": phrases.concept.name,
                    "phrases": [phrase.strip() for phrase in phrases.phrases],
                    "exclusions": [phrase.strip() for phrase in phrases.exclusions],
                }
                for phrases in folded
            ],
            "where": self.where,
            "sample": self.sample,
            "seed": self.seed if self.sample is not None else None,
        }


class Candidates:
    """The samples that a selection may take: before any draw.

    Raises
    ------
    ConditionError
        If the condition is none on the dataset's columns.
    """

    def __init__(self, dataset: Dataset, selection: Selection) -> None:
        self.dataset = dataset
        where = selection.where
        self._condition = None if where is None else Condition(where, dataset)
        self._matcher = None
        if selection.concepts:
            self._matcher = ConceptMatcher(fold_concepts(selection.concepts)[0])

    @property
    def are_all(self) -> bool:
        """Whether every sample is one, so that nothing need be read to know them."""
        return self._matcher is None and self._condition is None

    def rows(self, part: Part) -> IntArray:
        """Rows (n,) of the candidates in a part, ascending."""
        if self.are_all:
            rows = np.arange(part.shard.rows or 0)
            kept = part.kept(0, len(rows))
            return rows if kept is None else rows[kept]
        found = [np.empty(0, np.int64)]
        if self._matcher is None:
            assert self._condition is not None
            for batch in self._condition.batches(part, ["url_hash"]):
                found.append(batch["file_row_number"].to_numpy(zero_copy_only=False))
        else:
            for scanned in scan_part(part, self._matcher.phrases, condition=self._condition):
                named = np.unique(self._matcher.match(scanned.captions).rows)
                found.append(scanned.rows[named])
        return np.sort(np.concatenate(found))


class SimpleRandomSample:
    """Draws ``wanted`` of the samples offered, without replacement, every set as likely.

    Each sample has a fixed pseudo-random priority made of the seed, the shard's ordinal and the
    row, and the smallest are kept: the draw is the same on every machine and in every order of
    reading, and needs no more memory than itself.
    """

    def __init__(self, wanted: int, seed: int) -> None:
        self.offered = 0
        self._wanted, self._seed = wanted, np.uint64(seed % 2**64)
        self._bound = np.uint64(2**64 - 1)
        self._kept: list[tuple[NDArray[np.uint64], IntArray, IntArray]] = []
        self._size = 0

    def offer(self, ordinal: int, rows: IntArray) -> None:
        """Offer (n,) rows of one shard, each at most once."""
        self.offered += len(rows)
        for start in range(0, len(rows), _SPARE):
            some = rows[start : start + _SPARE]
            values = (np.uint64(ordinal) << np.uint64(40)) + some.astype(np.uint64)
            priorities = _mixed(values, self._seed)
            near = priorities <= self._bound
            count = int(near.sum())
            self._kept.append((priorities[near], np.full(count, ordinal), some[near]))
            self._size += count
            if self._size > 2 * self._wanted + _SPARE:
                self._compact()

    def _compact(self) -> None:
        priorities, ordinals, rows = map(np.concatenate, zip(*self._kept, strict=True))
        if len(priorities) > self._wanted:
            first = np.argpartition(priorities, self._wanted - 1)[: self._wanted]
            priorities, ordinals, rows = priorities[first], ordinals[first], rows[first]
            self._bound = priorities.max()
        self._kept, self._size = [(priorities, ordinals, rows)], len(priorities)

    def drawn(self) -> tuple[IntArray, IntArray]:
        """(n,) ordinals of shards and (n,) rows in them, in the dataset's order."""
        if not self._kept:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        self._compact()
        _, ordinals, rows = self._kept[0]
        order = np.lexsort((rows, ordinals))
        return ordinals[order], rows[order]


@dataclass(frozen=True)
class Chosen:
    """The samples to fetch."""

    population: int  #: samples that could have been chosen
    count: int
    #: Ordinals of shards and rows in them of a random sample; None if all candidates are chosen.
    drawn: tuple[IntArray, IntArray] | None

    def rows(self, part: Part, candidates: Candidates) -> IntArray:
        """Rows (n,) of the chosen samples in a part, ascending."""
        if self.drawn is None:
            return candidates.rows(part)
        ordinals, rows = self.drawn
        first, last = np.searchsorted(ordinals, [part.shard.ordinal, part.shard.ordinal + 1])
        mine = rows[first:last]
        # What was removed on request since it was drawn is not fetched any more.
        kept = part.kept_among(mine)
        return mine if kept is None else mine[kept]


def choose(
    candidates: Candidates,
    selection: Selection,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Chosen:
    """Count the candidates and draw the sample, if one is asked for; one pass over the parts.

    Parameters
    ----------
    on_progress:
        Called with samples looked at and in all.
    """
    dataset = candidates.dataset
    total = dataset.coverage.samples
    if candidates.are_all and selection.sample is None:
        return Chosen(total, total, None)
    draw = (
        None if selection.sample is None else SimpleRandomSample(selection.sample, selection.seed)
    )
    population = looked_at = 0
    for part in dataset.parts:
        rows = candidates.rows(part)
        population += len(rows)
        if draw is not None:
            draw.offer(part.shard.ordinal, rows)
        looked_at += part.samples
        on_progress(looked_at, total)
    if draw is None:
        return Chosen(population, population, None)
    ordinals, drawn = draw.drawn()
    return Chosen(population, len(drawn), (ordinals, drawn))


def dataset_digest(dataset: Dataset) -> str:
    """Changes when the samples of a dataset, or what a name matches in them, may have changed."""
    parts = [(p.shard.ordinal, p.shard.uri, p.shard.rows) for p in dataset.parts]
    return _digest(repr((FOLDING_VERSION, parts)))


def remaining_digest(dataset: Dataset) -> str:
    """Changes with :func:`dataset_digest`, and when samples are removed or taken back."""
    digest = dataset_digest(dataset)
    return _digest(digest + dataset.removed.state) if dataset.removed else digest


def _mixed(values: NDArray[np.uint64], seed: np.uint64) -> NDArray[np.uint64]:
    """SplitMix64 (Steele, Lea, Flood 2014): a fixed bijection that looks random."""
    with np.errstate(over="ignore"):
        z = values + (seed + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
