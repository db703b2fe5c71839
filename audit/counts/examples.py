"""Examples: a uniform draw of a concept's matches, shown as the source has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.captions.highlight import find_names
from audit.datasets.dataset import Dataset
from audit.datasets.lookup import SampleRef, look_up

_COMPACT_AT = 1 << 16


@dataclass(frozen=True)
class Example:
    """One matching sample."""

    shard: str  #: URI
    row: int  #: in the shard, from 0
    caption: str  #: as written, HTML entities resolved; folded where the source is out of reach
    url: str | None
    spans: tuple[tuple[int, int], ...]  #: where in ``caption`` the concept is named
    #: False where the shard was out of reach or changed, and the caption is the folded one
    from_source: bool

    def to_dict(self) -> dict[str, Any]:
        return {
            "shard": self.shard,
            "row": self.row,
            "caption": self.caption,
            "url": self.url,
            "spans": [list(span) for span in self.spans],
            "from_source": self.from_source,
        }


class ExampleDraw:
    """Keeps ``wanted`` matches a concept, every match with the same chance.

    Each sample has a fixed pseudo-random priority, made of the seed, the shard's ordinal and the
    row; the smallest are kept. So the draw does not depend on the order in which, or on how many
    processes, the dataset was read.
    """

    def __init__(self, concepts: int, wanted: int, seed: int = 0) -> None:
        self._wanted, self._seed = wanted, np.uint64(seed % 2**64)
        self._bound = np.full(concepts, np.iinfo(np.uint64).max, np.uint64)
        self._kept: list[tuple[NDArray[Any], ...]] = []
        self._size = 0

    def add(self, ordinal: int, rows: NDArray[np.int64], concepts: NDArray[np.int64]) -> None:
        """Offer matches: (n,) rows of one shard and the concepts they name."""
        priorities = _mixed(
            (np.uint64(ordinal) << np.uint64(40)) + rows.astype(np.uint64), self._seed
        )
        near = priorities <= self._bound[concepts]
        self._kept.append(
            (concepts[near], priorities[near], np.full(near.sum(), ordinal), rows[near])
        )
        self._size += int(near.sum())
        if self._size > _COMPACT_AT:
            self._compact()

    def absorb(self, other: ExampleDraw) -> None:
        """Take over the matches kept by a draw over other samples."""
        self._kept += other._kept
        self._size += other._size
        if self._size > _COMPACT_AT:
            self._compact()

    def _compact(self) -> tuple[NDArray[Any], ...]:
        concepts, priorities, ordinals, rows = map(np.concatenate, zip(*self._kept, strict=True))
        order = np.lexsort((priorities, concepts))
        concepts = concepts[order]
        first = np.searchsorted(concepts, concepts, side="left")
        rank = np.arange(len(concepts)) - first
        stays = rank < self._wanted
        last = order[rank == self._wanted - 1]
        self._bound[concepts[rank == self._wanted - 1]] = priorities[last]
        order = order[stays]
        kept = (concepts[stays], priorities[order], ordinals[order], rows[order])
        self._kept, self._size = [kept], len(order)
        return kept

    def drawn(self) -> list[list[SampleRef]]:
        """(number of concepts,) lists of the drawn samples, in the order of the draw."""
        drawn: list[list[SampleRef]] = [[] for _ in self._bound]
        if self._kept:
            concepts, _, ordinals, rows = self._compact()
            for concept, ordinal, row in zip(concepts, ordinals, rows, strict=True):
                drawn[concept].append(SampleRef(int(ordinal), int(row)))
        return drawn


def read_examples(
    dataset: Dataset, drawn: Sequence[Sequence[SampleRef]], phrases: Sequence[Sequence[str]]
) -> list[list[Example]]:
    """Read the drawn samples at their sources and find the concept in their captions.

    Parameters
    ----------
    drawn, phrases:
        For every concept its samples and its folded phrases.
    """
    samples = look_up(dataset, {ref for refs in drawn for ref in refs})
    examples = []
    for refs, names in zip(drawn, phrases, strict=True):
        found = []
        for ref in refs:
            sample = samples[ref]
            caption, spans = find_names(sample.caption or "", names)
            found.append(
                Example(
                    sample.shard, ref.row, caption, sample.url, tuple(spans), sample.from_source
                )
            )
        examples.append(found)
    return examples


def _mixed(values: NDArray[np.uint64], seed: np.uint64) -> NDArray[np.uint64]:
    """SplitMix64 (Steele, Lea, Flood 2014): a fixed bijection that looks random."""
    with np.errstate(over="ignore"):
        z = values + (seed + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
