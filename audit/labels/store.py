"""Labels that were given, kept with their dataset, and what they say of a concept's number."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from audit._version import __version__
from audit.captions.phrases import ConceptPhrases
from audit.datasets.dataset import Dataset
from audit.datasets.files import written_whole
from audit.errors import SourceError, UsageError
from audit.estimates.prediction_powered import (
    UNSURE,
    Extent,
    LabelledEstimate,
    LabelledStratum,
    estimate_with_labels,
)
from audit.estimates.prevalence import Estimate
from audit.fetching.selection import remaining_digest
from audit.labels.answers import LabelledFile, refusal
from audit.labels.task import GroupExtent, LabelTask, tasks_of
from audit.shown import Shown

SCHEMA = "audit.labels/1"
_FILE = "labels.json"


@dataclass(frozen=True)
class StoredLabels:
    """A person's answers to a labelling task.

    Attributes
    ----------
    answers:
        Number of the sample in the task -> YES, NO or UNSURE.
    who, when:
        Who gave them, and when they were stored (ISO 8601, UTC).
    digest:
        SHA-256 of the file that they came in.
    """

    task: LabelTask
    answers: dict[int, int]
    who: str
    when: str
    digest: str
    source: str

    @property
    def told(self) -> str:
        """How many labels, whose, and when given."""
        return f"{len(self.answers):,} labels by {self.who} of {self.when[:10]}"

    @cached_property
    def skipped(self) -> tuple[int, ...]:
        """Samples without an answer that stand before one that has one.

        The order of a stratum is random, so that whoever stops early leaves a random rest. Who
        skips samples may do so because they are hard: these count as unsure.
        """
        last: dict[int, int] = {}
        for number in sorted(self.answers):
            last[self.task.samples[number].stratum] = number
        return tuple(
            number
            for number, sample in enumerate(self.task.samples)
            if number not in self.answers and number < last.get(sample.stratum, -1)
        )

    @cached_property
    def strata(self) -> list[LabelledStratum]:
        """The strata of the task with their labels."""
        given = {**dict.fromkeys(self.skipped, UNSURE), **self.answers}
        strata = []
        for number, drawn in enumerate(self.task.strata):
            mine = sorted(n for n in given if self.task.samples[n].stratum == number)
            scores = [self.task.samples[n].score for n in mine]
            strata.append(
                LabelledStratum(
                    drawn.named,
                    drawn.above,
                    drawn.size,
                    np.array([given[n] for n in mine], np.int8),
                    np.array([np.nan if s is None else s for s in scores], np.float64),
                    drawn.mean_score,
                )
            )
        return strata

    @cached_property
    def estimate(self) -> LabelledEstimate:
        """How many samples show the concept, of all that there are.

        It holds for the samples that had an image when they were drawn, whatever the cut-off is
        today. Dead links are taken for like the living; samples whose image nobody looked for, and
        nobody knows why, may show the concept or not.
        """
        task = self.task
        found = estimate_with_labels(
            self.strata,
            named=_extent(task.named),
            unnamed=_extent(task.unnamed),
            sensitivity=task.sensitivity if task.sensitivity.known else None,
            seed=task.seed,
        )
        unseen = [_never_looked_for(group) for group in (task.named, task.unnamed)]
        return dataclasses.replace(
            found,
            named=_with_unseen(found.named, unseen[0]),
            unnamed=_with_unseen(found.unnamed, unseen[1]),
            total=_with_unseen(found.total, sum(unseen)),
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            **self.estimate.to_dict(),
            "skipped": len(self.skipped),
            "labelled_by": self.who,
            "labelled_at": self.when,
            "labels_sha256": self.digest,
            "task": self.task.id,
            "drawn_at": self.task.created,
            "drawn_at_cutoff": self.task.cutoff,
            "drawn_with_encoder": self.task.encoder,
        }


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
    """Keep the labels of a file; they replace what was stored of the same task.

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
    stored = StoredLabels(
        task,
        {numbers[label_id]: answer for label_id, answer in file.answers.items()},
        who,
        datetime.now(UTC).isoformat(timespec="seconds"),
        file.digest,
        str(file.path),
    )
    place = path.with_name(_FILE)
    if place.exists() and not replace:
        lost = _read_labels(place, task).answers.keys() - stored.answers.keys()
        if lost:
            raise UsageError(
                f"{file.path}: lacks labels of {len(lost):,} samples that are stored already, such "
                f"as {task.label_id(min(lost))}.",
                hint="Import the file that has them too, or let go of them with --replace.",
            )
    record = {
        "schema": SCHEMA,
        "who": stored.who,
        "when": stored.when,
        "source": stored.source,
        "sha256": stored.digest,
        "tool_version": __version__,
        "answers": {str(number): answer for number, answer in stored.answers.items()},
    }
    with written_whole(place) as stream:
        stream.write(json.dumps(record, ensure_ascii=False, indent=1).encode())
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
    unused = []
    mine = (phrases.wording, where, by)
    for path in tasks_of(dataset):
        if not path.with_name(_FILE).exists():
            continue
        task = LabelTask.read(path)
        if (task.wording, task.where, task.by) != mine:
            continue
        stored = _read_labels(path.with_name(_FILE), task)
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


def _read_labels(path: Path, task: LabelTask) -> StoredLabels:
    try:
        record = json.loads(path.read_bytes())
        if record["schema"] != SCHEMA:
            raise ValueError("its format is another")
        answers = {int(number): int(answer) for number, answer in record["answers"].items()}
        if not set(answers) <= set(range(len(task.samples))):
            raise ValueError("it has labels of samples that were not drawn")
        who, when, digest, source = (record[k] for k in ("who", "when", "sha256", "source"))
        return StoredLabels(task, answers, who, when, digest, source)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(
            f"{path}: is damaged, or of another version of audit ({error}).",
            hint="Import the labels again with `audit label import`, or remove this file.",
        ) from error


def _extent(group: GroupExtent) -> Extent:
    reached = group.attempted if group.design == "unknown" else group.population
    return Extent(reached, group.examined)


def _never_looked_for(group: GroupExtent) -> int:
    return group.population - group.attempted if group.design == "unknown" else 0


def _with_unseen(estimate: Estimate, unseen: int) -> Estimate:
    return Estimate(estimate.value, estimate.low, estimate.high + unseen)
