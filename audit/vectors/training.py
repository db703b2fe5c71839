"""Training an approximate index: how many lists, on which sample, and what it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audit.vectors.exact import VectorPart
from audit.vectors.list_choice import SCORED_AT_ONCE

#: Vectors of the training sample for each list; FAISS asks for 39 at least.
_SAMPLE_PER_LIST = 48
_MOST_LISTS = 1 << 16
_TRAINING_ROUNDS = 10  # of k-means, as FAISS does by default

#: Bytes for a number of a sampled vector: the sample, and the copy that FAISS makes.
_SAMPLE_BYTES = 8
#: Vectors of a run, which are coded into a file of their own, and those that are coded at once.
RUN_ROWS, ADDED_ROWS = 1 << 18, 1 << 14


@dataclass(frozen=True)
class Training:
    """How to train.

    Attributes
    ----------
    lists:
        Inverted lists, a power of two: about the root of the number of vectors, so that choosing
        the lists and reading one cost alike.
    sample:
        Vectors that are drawn at random, without replacement.
    target_recall:
        Share of the sample's matches that is to be in the lists that are looked into.
    """

    lists: int
    sample: int
    seed: int = 0
    target_recall: float = 0.9995

    @classmethod
    def of(cls, vectors: int) -> Training:
        lists = 1 << round(np.log2(max(vectors, 1)) / 2)
        while lists > 1 and lists * _SAMPLE_PER_LIST > vectors:
            lists //= 2
        lists = min(lists, _MOST_LISTS)
        return cls(lists, min(vectors, lists * _SAMPLE_PER_LIST))

    def within(self, memory: int, dimension: int) -> Training | None:
        """With fewer lists and a smaller sample where ``memory`` bytes ask for it; None if no
        training fits."""
        training = self
        while training.memory_bytes(dimension) > memory:
            if training.lists == 1:
                return None
            lists = training.lists // 2
            training = replace(training, lists=lists, sample=lists * _SAMPLE_PER_LIST)
        return training

    def memory_bytes(self, dimension: int) -> int:
        """The most that training, or adding a run of vectors, holds at once."""
        centroids = self.lists * dimension * 4
        sample = self.sample * dimension * _SAMPLE_BYTES + SCORED_AT_ONCE * self.sample * 8
        # Rows and their order, while they are coded and while they are merged.
        run = RUN_ROWS * (2 * self.code_bytes(dimension) + 32) + ADDED_ROWS * dimension * 12
        return 3 * centroids + 16 * dimension**2 + max(sample, run)

    @staticmethod
    def code_bytes(dimension: int) -> int:
        """Of a vector in the lists: a bit a number, two factors and an id."""
        return -(-dimension // 8) + 8 + 8

    def run_bytes(self, dimension: int, vectors: int) -> int:
        """What all runs of ``vectors`` take on the disk, until they are merged."""
        runs = -(-vectors // RUN_ROWS)
        return vectors * self.code_bytes(dimension) + runs * self.lists * 4

    def seconds(self, dimension: int, vectors: int) -> tuple[float, float]:
        """Of training, and of adding ``vectors``, by how fast matrices are multiplied here."""
        rng = np.random.default_rng(0)
        rows = rng.standard_normal((2048, dimension), dtype=np.float32)
        columns = rng.standard_normal((dimension, 1024), dtype=np.float32)
        rows[:64] @ columns  # the first product loads what it needs
        started = time.perf_counter()
        rows @ columns
        per_pair = (time.perf_counter() - started) / (2048 * 1024)
        return (
            self.sample * self.lists * _TRAINING_ROUNDS * per_pair,
            vectors * self.lists * per_pair,
        )

    def draw(self, parts: Sequence[VectorPart]) -> NDArray[np.float32]:
        """The training sample, shape (sample, dimension), in the order of the parts."""
        return np.concatenate(
            [
                part.vectors[rows].astype(np.float32)
                for part, rows in zip(parts, drawn_rows(parts, self.sample, self.seed), strict=True)
            ]
        )


def drawn_rows(parts: Sequence[VectorPart], wanted: int, seed: int) -> list[NDArray[np.int64]]:
    """Rows of each part, ascending: ``wanted`` of all, drawn at random without replacement."""
    ends = np.cumsum([0, *(len(part.vectors) for part in parts)])
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.choice(ends[-1], min(wanted, int(ends[-1])), replace=False))
    cuts = np.searchsorted(drawn, ends)
    return [drawn[a:b] - end for a, b, end in zip(cuts[:-1], cuts[1:], ends, strict=False)]
