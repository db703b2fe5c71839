"""Putting what people said beside what a count by image found."""

from __future__ import annotations

from dataclasses import replace

from audit.counts.visual_results import VisualCount, VisualResult
from audit.datasets.dataset import Dataset
from audit.labels.store import find_labels


def with_labels(result: VisualResult, dataset: Dataset) -> VisualResult:
    """The same counts, each with the labels that hold for it, if there are any.

    Raises
    ------
    SourceError
        If labels are damaged.
    """

    def labelled(count: VisualCount) -> VisualCount:
        found = find_labels(dataset, count.phrases, result.where, result.by)
        return replace(count, labels=found.labels, unused_labels=found.unused)

    return replace(result, counts=tuple(labelled(count) for count in result.counts))
