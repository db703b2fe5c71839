"""Labelling tasks: one sample at a time, and what follows so far.

What a person sees is the picture and the references beside it: neither caption nor score, which
would tell them what to say.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from audit.captions.folding import fold
from audit.captions.phrases import fold_concepts
from audit.concepts import Concept
from audit.counts.visual_results import VisualCount
from audit.datasets.lookup import SampleRef
from audit.dossiers.gallery import unsafe_samples
from audit.errors import AuditError, UsageError
from audit.estimates.prediction_powered import UNSURE
from audit.explorer.answers import ImageAnswer
from audit.explorer.desk import Desk
from audit.explorer.pictures import LARGE, Pictures, ReferencePictures, SeenPicture
from audit.explorer.questions import Question
from audit.fetching.selection import remaining_digest
from audit.labels.journal import JournalEntry, Seen, append
from audit.labels.stored import StoredLabels, stored_labels
from audit.labels.task import LabelTask, tasks_of
from audit.reports.pictures import Picture
from audit.vectors.images import Place

#: References beside a picture, at most.
REFERENCES = 12
#: Pictures that are read at once: the next ones are at hand when somebody labels fast.
_AHEAD = 8
_KEPT_TASKS = 16


@dataclass(frozen=True)
class OpenTask:
    """A task, where it is kept, and whether the dataset is still the one that it was drawn from."""

    task: LabelTask
    folder: Path
    current: bool

    @property
    def stored(self) -> StoredLabels | None:
        """All that people said so far."""
        return stored_labels(self.folder, self.task)

    def answers_of(self, who: str) -> dict[int, int]:
        """What one person said so far."""
        stored = self.stored
        for voice in stored.voices if stored else ():
            if voice.who == who:
                return {number: said.answer for number, said in voice.answers.items()}
        return {}

    def first_open(self, who: str, after: int = -1) -> int | None:
        """The first sample from ``after`` on that a person did not label; None if they did all."""
        given = self.answers_of(who)
        many = len(self.task.samples)
        in_order = [*range(after + 1, many), *range(min(after + 1, many))]
        return next((number for number in in_order if number not in given), None)


@dataclass(frozen=True)
class Screen:
    """One sample to label."""

    open: OpenTask
    number: int
    picture: SeenPicture
    unsafe: bool | None
    references: tuple[SeenPicture, ...]
    why_no_references: str | None


class Labelling:
    """The labelling tasks of a dataset."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._references = ReferencePictures()
        self._lock = threading.Lock()
        self._places: dict[str, tuple[Pictures, list[Place | None]]] = {}

    def tasks(self, concept: Concept | None = None) -> list[OpenTask]:
        """All tasks, or those of a concept; the newest first.

        Raises
        ------
        SourceError
            If a task is damaged.
        """
        dataset = self._desk.dataset
        digest = remaining_digest(dataset)
        wording = None if concept is None else fold_concepts([concept])[0][0].wording
        found = []
        for path in tasks_of(dataset):
            task = LabelTask.read(path)
            if wording is None or task.wording == wording:
                found.append(OpenTask(task, path.parent, task.dataset_digest == digest))
        return sorted(found, key=lambda one: one.task.created, reverse=True)

    def find(self, task_id: str) -> OpenTask:
        """The task of that id.

        Raises
        ------
        UsageError
            If there is none.
        """
        for path in tasks_of(self._desk.dataset):
            # The id is compared, never made a path of.
            if path.parent.name.rsplit("-", 1)[-1] == task_id:
                task = LabelTask.read(path)
                if task.id == task_id:
                    dataset = self._desk.dataset
                    current = task.dataset_digest == remaining_digest(dataset)
                    return OpenTask(task, path.parent, current)
        raise UsageError("There is no such labelling task.", hint="It may have been removed.")

    def question(self, task: LabelTask) -> Question:
        """The question about the concept of a task."""
        for concept in self._desk.concepts:
            if fold_concepts([concept])[0][0].wording == task.wording:
                return Question(concept, True, "label")
        name = fold(task.concept).strip()
        aliases = [phrase for phrase in task.wording.phrases if phrase != name]
        return Question(
            Concept(task.concept, tuple(aliases), task.wording.exclusions), False, "label"
        )

    def screen(self, opened: OpenTask, number: int) -> Screen:
        """What to show of a sample.

        Raises
        ------
        UsageError
            If the task has no such sample, or the dataset has changed since it was drawn.
        """
        task = opened.task
        if not 0 <= number < len(task.samples):
            raise UsageError("The task has no such sample.")
        if not opened.current:
            raise UsageError(
                "The dataset has changed since these samples were drawn: labels would not count.",
                hint="Draw samples again.",
            )
        sample = task.samples[number]
        ref = SampleRef(sample.shard, sample.row)
        references, why = self._references_of(task)
        return Screen(
            opened,
            number,
            self._picture(task, number),
            unsafe_samples(self._desk.dataset, [ref])[ref],
            references,
            why,
        )

    def picture(self, opened: OpenTask, number: int) -> Picture:
        if not 0 <= number < len(opened.task.samples):
            raise UsageError("The task has no such sample.")
        return self._picture(opened.task, number).picture

    def reference(self, opened: OpenTask, number: int) -> Picture:
        references, _ = self._references_of(opened.task)
        if not 0 <= number < len(references):
            raise UsageError("There is no such reference.")
        return references[number].picture

    def save(self, screen: Screen, answer: int, who: str, shown: str) -> None:
        """Write a label down; it is on the disk when this returns.

        Parameters
        ----------
        shown:
            SHA-256 of the picture that the person saw; empty if they saw none.

        Raises
        ------
        UsageError
            If they saw another picture than the one there is, or say what cannot be seen.
        StorageError
            If it cannot be written.
        """
        if shown != (screen.picture.digest or ""):
            raise UsageError(
                "The picture is another one now than the one you saw: nothing was saved.",
                hint="Look at it again.",
            )
        if screen.picture.digest is None and answer != UNSURE:
            raise UsageError(
                "Without a picture nobody can tell: nothing was saved.", hint="Say unsure."
            )
        seen = Seen(
            screen.picture.digest,
            tuple(one.digest for one in screen.references if one.digest is not None),
        )
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = JournalEntry(screen.number, answer, who, when, seen)
        append(screen.open.folder, screen.open.task, entry)

    def counted(self, task: LabelTask, *, ask: bool = True) -> VisualCount | None:
        """The count without labels, if it is there; else it is asked for while nothing else is."""
        if task.where is not None or task.by != "both":
            return None
        question = self.question(task)
        job = self._desk.jobs.get(self._desk.image_key(question.concept))
        if job is None and ask and self._desk.jobs.idle:
            self._desk.count_images(question, None)
        if job is None or not isinstance(job.answer, ImageAnswer):
            return None
        return job.answer.count

    def _picture(self, task: LabelTask, number: int) -> SeenPicture:
        pictures = self._desk.pictures
        if pictures is None:
            return SeenPicture.of(Picture(None, self._desk.why_no_images))
        places = self._places_of(task, pictures)
        place = places[number]
        if place is None:
            return SeenPicture.of(Picture(None, "it has no image any more"))
        ahead = places[number : number + _AHEAD]
        pictures.expect([one for one in ahead if one is not None], LARGE)
        return pictures.of(place, LARGE)

    def _places_of(self, task: LabelTask, pictures: Pictures) -> list[Place | None]:
        """The image of each sample of a task, looked for once: all links are read for it."""
        with self._lock:
            kept = self._places.get(task.id)
            if kept is None or kept[0] is not pictures:
                refs = [SampleRef(sample.shard, sample.row) for sample in task.samples]
                found = pictures.places(refs)
                kept = (pictures, [found.get(ref) for ref in refs])
                self._places[task.id] = kept
                while len(self._places) > _KEPT_TASKS:
                    self._places.pop(next(iter(self._places)))
            return kept[1]

    def _references_of(self, task: LabelTask) -> tuple[tuple[SeenPicture, ...], str | None]:
        try:
            files: Sequence[str] = self._desk.references_of(self.question(task).concept)
        except AuditError as error:
            return (), error.message
        return tuple(self._references.of(file) for file in files[:REFERENCES]), None
