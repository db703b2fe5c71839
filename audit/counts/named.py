"""Which samples name a concept, and which are considered at all: as keys, not only as counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from audit.captions.matcher import ConceptMatcher
from audit.captions.phrases import ConceptPhrases
from audit.datasets.conditions import Condition
from audit.datasets.dataset import Dataset
from audit.datasets.sample_keys import NO_KEYS, Keys, SampleSet, sample_keys
from audit.datasets.scan import rows_meeting, scan_part


@dataclass(frozen=True)
class NamedSamples:
    """Samples by their captions.

    Attributes
    ----------
    named:
        For each concept the keys of the considered samples whose caption names it, sorted.
    named_anywhere:
        The same of all samples, whether they are considered or not: none of them is an example of
        an image that does not show the concept.
    considered:
        How many samples were considered.
    meeting:
        Which these are, where a condition chose them; None for all.
    """

    named: list[Keys]
    named_anywhere: list[Keys]
    considered: int
    meeting: SampleSet | None


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
    found: list[list[Keys]] = [[NO_KEYS] for _ in concepts]
    meeting = None if condition is None else SampleSet(dataset.rows_by_shard)
    read, total = 0, dataset.coverage.samples
    for part in dataset.parts:
        if meeting is not None and condition is not None:
            for rows in rows_meeting(condition, part):
                meeting.add(sample_keys(part.shard.ordinal, rows))
        if not concepts:
            read += part.samples
            on_progress(read, total)
            continue
        for batch in scan_part(part, matcher.phrases):
            keys = sample_keys(part.shard.ordinal, batch.rows)
            matches = matcher.match(batch.captions)
            order = np.argsort(matches.concepts, kind="stable")
            which, starts = np.unique(matches.concepts[order], return_index=True)
            stops = [*starts.tolist()[1:], len(order)][: len(which)]
            for concept, start, stop in zip(which.tolist(), starts, stops, strict=True):
                found[concept].append(keys[matches.rows[order[start:stop]]])
            read += batch.considered
            on_progress(read, total)
    anywhere = [np.sort(np.concatenate(keys)) for keys in found]
    if meeting is None:
        return NamedSamples(anywhere, anywhere, total, None)
    named = [keys[meeting.holds(keys)] for keys in anywhere]
    return NamedSamples(named, anywhere, len(meeting), meeting)
