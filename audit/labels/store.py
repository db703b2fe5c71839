"""Keeping labels that were given in a file, and finding those of a concept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from audit._version import __version__
from audit.captions.phrases import ConceptPhrases
from audit.datasets.dataset import Dataset
from audit.datasets.files import written_whole
from audit.errors import SourceError, UsageError
from audit.fetching.selection import remaining_digest
from audit.labels.answers import LabelledFile, refusal
from audit.labels.stored import (
    IMPORTED,
    SCHEMA,
    StoredLabels,
    has_labels,
    read_imported,
    stored_labels,
)
from audit.labels.task import LabelTask, tasks_of
from audit.shown import Shown


@dataclass(frozen=True)
class LabelReport(Shown):
    """What was stored, and what follows from it."""

    labels: StoredLabels
    dataset: str

    def to_dict(self) -> dict[str, Any]:
        task = self.labels.task
        return {
            "schema": "audit.label.import/1",
            "dataset": self.dataset,
            "concept": task.concept,
            "where": task.where,
            "drawn": len(task.samples),
            **self.labels.to_dict(),
        }

    def to_polars(self) -> pl.DataFrame:
        """One row."""
        found = self.labels.estimate
        row: dict[str, Any] = {"concept": self.labels.task.concept}
        for name, estimate in (
            ("samples", found.total),
            ("named_and_shown", found.named),
            ("shown_not_named", found.unnamed),
        ):
            row |= estimate.to_columns(name)
        row |= {"yes": found.yes, "no": found.no, "unsure": found.unsure}
        return pl.DataFrame([row])


def store_labels(
    file: LabelledFile, dataset: Dataset, who: str, *, replace: bool = False
) -> StoredLabels:
    """Keep the labels of a file; they replace what was imported of the same task before.

    Labels that were given in the explorer stay, and are in what is returned.

    Parameters
    ----------
    replace:
        Even if samples that have a label there have none in the file.

    Raises
    ------
    UsageError
        If a label is of no task, labels are of several, or some would get lost.
    SourceError
        If the task is damaged.
    StorageError
        If the dataset's folder cannot be written.
    """
    path, task = _task_of(file, dataset)
    numbers = {task.label_id(number): number for number in range(len(task.samples))}
    unknown = [
        f"{place}: {label_id} is not one of the {len(numbers):,} samples that were drawn"
        for label_id, place in file.lines.items()
        if label_id not in numbers
    ]
    if unknown:
        raise refusal(file.path, unknown)
    answers = {numbers[label_id]: answer for label_id, answer in file.answers.items()}
    place = path.with_name(IMPORTED)
    if place.exists() and not replace:
        lost = read_imported(place, task).voice.answers.keys() - answers.keys()
        if lost:
            raise UsageError(
                f"{file.path}: lacks labels of {len(lost):,} samples that are stored already, such "
                f"as {task.label_id(min(lost))}.",
                hint="Import the file that has them too, or let go of them with --replace.",
            )
    record = {
        "schema": SCHEMA,
        "who": who,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": str(file.path),
        "sha256": file.digest,
        "tool_version": __version__,
        "answers": {str(number): answer for number, answer in answers.items()},
    }
    with written_whole(place) as stream:
        stream.write(json.dumps(record, ensure_ascii=False, indent=1).encode())
    stored = stored_labels(path.parent, task)
    assert stored is not None, "they were written a moment ago"
    return stored


def _task_of(file: LabelledFile, dataset: Dataset) -> tuple[Path, LabelTask]:
    """The task that the labels of a file belong to, and where it is kept."""
    wanted = {label_id.rsplit("-", 1)[0] for label_id in file.lines}
    tasks = {path.parent.name.rsplit("-", 1)[-1]: path for path in tasks_of(dataset)}
    known = sorted(wanted & tasks.keys())
    if not known:
        raise UsageError(
            f"{file.path}: its samples were not drawn from dataset {dataset.name!r}, or what was "
            "drawn has been removed.",
            hint="Name the --dataset that they were exported from.",
        )
    if len(known) > 1:
        raise UsageError(
            f"{file.path}: holds samples of {len(known)} exports.",
            hint="Import the labels of each export in a file of their own.",
        )
    path = tasks[known[0]]
    task = LabelTask.read(path)
    if task.id != known[0]:
        raise SourceError(
            f"{path}: was changed after the samples were drawn.",
            hint="Remove the folder that it is in, and draw samples again.",
        )
    return path, task


@dataclass(frozen=True)
class LabelSearch:
    """Labels of a concept in a dataset.

    Attributes
    ----------
    labels:
        Those that hold for it and have most answers; None if there are none.
    unused:
        Which others there are, and why they do not count; a sentence each.
    """

    labels: StoredLabels | None
    unused: tuple[str, ...]


def find_labels(
    dataset: Dataset, phrases: ConceptPhrases, where: str | None, by: str = "both"
) -> LabelSearch:
    """The labels of a concept in the samples that meet ``where``.

    Of several draws the one with most answers counts, whatever it says; of these the latest.

    Raises
    ------
    SourceError
        If labels are damaged.
    """
    digest = None
    found: list[StoredLabels] = []
    unused: list[str] = []
    mine = (phrases.wording, where, by)
    for path in tasks_of(dataset):
        if not has_labels(path.parent):
            continue
        task = LabelTask.read(path)
        if (task.wording, task.where, task.by) != mine:
            continue
        stored = stored_labels(path.parent, task)
        if stored is None:
            continue
        unused += stored.remarks
        digest = digest or remaining_digest(dataset)
        if task.dataset_digest == digest:
            found.append(stored)
        else:
            unused.append(f"{stored.told} are not used: the dataset has changed since")
    most = max(found, key=lambda stored: (len(stored.answers), stored.when), default=None)
    unused += [
        f"{stored.told} are not used: there is a draw with more of them"
        for stored in found
        if stored is not most
    ]
    return LabelSearch(most, tuple(unused))
