"""Which samples name a concept, and which are considered at all: as keys, not only as counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.captions.matcher import ConceptMatcher
from audit.captions.phrases import ConceptPhrases
from audit.counts.scan import scan_part
from audit.datasets.conditions import Condition
from audit.datasets.dataset import Dataset

Keys = NDArray[np.int64]

#: Bits of a key that hold the row; a shard has fewer rows than that by far.
_ROW_BITS = 40


def sample_keys(ordinals: NDArray[np.int64] | int, rows: NDArray[np.int64]) -> Keys:
    """One number for each sample, ordered as samples are."""
    shards = np.asarray(ordinals, dtype=np.int64)
    return np.asarray((shards << _ROW_BITS) + np.asarray(rows, dtype=np.int64))


def shard_and_row(keys: Keys) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return keys >> _ROW_BITS, keys & ((1 << _ROW_BITS) - 1)


def holds(keys: Keys, wanted: Keys) -> NDArray[np.bool_]:
    """For each of ``wanted`` whether it is among the sorted ``keys``."""
    if not len(keys):
        return np.zeros(len(wanted), np.bool_)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.asarray(keys[place] == wanted)


@dataclass(frozen=True)
class NamedSamples:
    """Samples by their captions.

    Attributes
    ----------
    named:
        For each concept the keys of the samples whose caption names it, sorted.
    considered:
        How many samples were considered.
    meeting:
        Their keys, sorted, where a condition chose them; None for all.
    """

    named: list[Keys]
    considered: int
    meeting: Keys | None


def named_samples(
    dataset: Dataset,
    concepts: Sequence[ConceptPhrases],
    where: str | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> NamedSamples:
    """One pass over the captions; memory grows with what is found.

    Raises
    ------
    ConditionError
        If ``where`` is no condition on the dataset's columns.
    """
    condition = None if where is None else Condition(where, dataset)
    matcher = ConceptMatcher(concepts)
    found: list[list[Keys]] = [[] for _ in concepts]
    meeting: list[Keys] = []
    considered, total = 0, dataset.coverage.rows
    for part in dataset.parts:
        for batch in scan_part(part, matcher.phrases, condition=condition):
            keys = sample_keys(part.shard.ordinal, batch.rows)
            matches = matcher.match(batch.captions)
            order = np.argsort(matches.concepts, kind="stable")
            which, starts = np.unique(matches.concepts[order], return_index=True)
            for concept, rows in zip(which, np.split(matches.rows[order], starts[1:]), strict=True):
                found[concept].append(keys[rows])
            if condition is not None:
                meeting.append(keys)
            considered += batch.considered
            on_progress(considered, total)
    none = np.empty(0, np.int64)
    return NamedSamples(
        [np.sort(np.concatenate([none, *keys])) for keys in found],
        considered,
        np.sort(np.concatenate([none, *meeting])) if condition is not None else None,
    )
