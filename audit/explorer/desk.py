"""The dataset with all that is known of it, for as long as the server runs."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count as numbers
from pathlib import Path
from typing import Any

from audit.api.opened import Opened
from audit.captions.phrases import fold_concepts
from audit.concepts import Concept
from audit.counts.matching import VisualSettings
from audit.counts.visual_results import VisualResult
from audit.datasets.dataset import Dataset
from audit.datasets.overview import Overview, overview
from audit.encoders.encoder import Encoder
from audit.errors import AuditError, ConceptError, UsageError
from audit.explorer.answers import CaptionAnswer, ImageAnswer, count_captions, count_images
from audit.explorer.jobs import Job, Jobs, Tell
from audit.explorer.pictures import Pictures
from audit.explorer.questions import Question
from audit.fetching.selection import remaining_digest
from audit.labels.export import LabelSheet
from audit.parallel import processors
from audit.references.reference_set import reference_files
from audit.vectors.index import VectorIndex
from audit.vectors.places import only_index
from audit.visual import count_shown, draw_label_sheet, open_encoder

#: Samples whose hosts and licenses are counted while the first page waits.
MOST_OVERVIEW = 50_000_000
#: Images among which those of a page's samples are looked for.
MOST_LINKED = 50_000_000
#: Samples to label, if nobody says how many, and at most.
DRAWN, MOST_DRAWN = 200, 2000


@dataclass(frozen=True)
class DeskSettings:
    """What a server is started with.

    Attributes
    ----------
    concepts:
        Those of a list.
    references:
        A folder that has one with the name of each concept; or of one concept, its images: that of
        the list if it has one, or the one that the folder is called by.
    encoder:
        Whose index to use; by default the only one.
    """

    concepts: tuple[Concept, ...] = ()
    concepts_from: str | None = None
    references: Path | None = None
    encoder: str | None = None
    device: str = "auto"


@dataclass
class Desk:
    """What pages are made of. May be asked by several threads."""

    opened: Opened
    settings: DeskSettings = field(default_factory=DeskSettings)

    def __post_init__(self) -> None:
        references = self.settings.references
        if references is not None and not references.is_dir():
            raise UsageError(
                f"{references}: is no folder.", hint="Name a folder that has one for each concept."
            )
        self.scratch = Path(tempfile.mkdtemp(prefix="audit-serve-"))
        self.jobs = Jobs(_let_go)
        self._folders = numbers()
        self._lock = threading.Lock()
        self._state: _State | None = None
        self._encoder: Encoder | None = None

    def close(self) -> None:
        """Stop what runs, and clear away what was kept for pages."""
        self.jobs.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    @property
    def dataset(self) -> Dataset:
        return self._now.dataset

    @property
    def concepts(self) -> Sequence[Concept]:
        return self.settings.concepts

    @property
    def overview(self) -> Overview | None:
        """What counting some columns tells; None of a dataset that this would take long of."""
        now = self._now
        if now.dataset.coverage.samples > MOST_OVERVIEW:
            return None
        with self._lock:
            if now.overview is None:
                now.overview = overview(now.dataset)
            return now.overview

    @property
    def index(self) -> VectorIndex:
        """The index of the dataset's images.

        Raises
        ------
        UsageError
            If there is none, or several and none is named.
        """
        now = self._now
        with self._lock:
            if now.index is None:
                now.index = only_index(now.dataset, self.settings.encoder)
            return now.index

    @property
    def pictures(self) -> Pictures | None:
        """Pictures of the dataset's images; None if none is at hand."""
        now = self._now
        try:
            index = self.index
        except AuditError:
            return None
        with self._lock:
            if now.pictures is None:
                now.pictures = Pictures(index)
            return now.pictures

    @property
    def why_no_images(self) -> str | None:
        """Why nothing can be looked up in images; None if it can."""
        try:
            return None if len(self.index) else "its index holds no vector"
        except AuditError as error:
            return error.message

    @property
    def why_no_pictures(self) -> str | None:
        """Why matches by caption are listed without pictures; None if they have them.

        From a sample to its image the links of all images are read.
        """
        why = self.why_no_images
        if why is None and len(self.index) > MOST_LINKED:
            why = "its index has too many images to find those of single samples while a page waits"
        return why

    def references_of(self, concept: Concept) -> list[str]:
        """The images that show a concept, as files.

        Raises
        ------
        ConceptError
            If there are none.
        """
        folder = self._folder_of(concept)
        paths: list[str | Path] = [*concept.references, *([folder] if folder else [])]
        if not paths:
            raise ConceptError(
                "No references show it: "
                + (
                    f"{self.settings.references} has no folder of that name."
                    if self.settings.references
                    else "the server was started without any."
                ),
                hint="Start it with --references DIR, where DIR has a folder with the name of the "
                "concept, or with a concept list that names references.",
            )
        return [str(file) for file in reference_files(paths)]

    def _folder_of(self, concept: Concept) -> Path | None:
        """Where --references has images of a concept.

        Only folders that are there are taken, by their whole name: a name from a browser never
        becomes a path.
        """
        folder = self.settings.references
        if folder is None:
            return None
        inside = {path.name: path for path in folder.iterdir() if path.is_dir()}
        if concept.name in inside:
            return inside[concept.name]
        return folder if not inside and self._is_of_whole_folder(concept, folder) else None

    def _sought(self, concept: Concept) -> dict[str, list[str | os.PathLike[str]]]:
        """References beside those that the concept names itself."""
        self.references_of(concept)  # says what is missing
        folder = self._folder_of(concept)
        return {concept.name: [folder]} if folder else {}

    def _is_of_whole_folder(self, concept: Concept, folder: Path) -> bool:
        if len(self.concepts) == 1:
            return self.concepts[0] == concept
        return folder.resolve().name.casefold() == concept.name.casefold()

    def count_captions(self, question: Question, owner: str | None) -> Job:
        """The job that counts what captions name; its answer is a :class:`CaptionAnswer`."""
        concept, dataset = question.concept, self.dataset

        def work(tell: Tell) -> CaptionAnswer:
            folder = self.scratch / f"matches-{next(self._folders)}"
            return count_captions(dataset, concept, folder, tell)

        return self.jobs.ask(self.caption_key(concept), work, owner)

    def count_images(self, question: Question, owner: str | None) -> Job:
        """The job that counts what images show; its answer is an :class:`ImageAnswer`."""
        concept, dataset = question.concept, self.dataset

        def work(tell: Tell) -> ImageAnswer:
            def counted(show: Any) -> VisualResult:
                return count_shown(
                    dataset,
                    self.index,
                    [concept],
                    VisualSettings(workers=processors()),
                    references=self._sought(concept),
                    encoder=self._loaded_encoder(),
                    device=self.settings.device,
                    on_progress=show,
                )

            return count_images(counted, tell)

        return self.jobs.ask(self.image_key(concept), work, owner)

    def draw(self, question: Question, samples: int, seed: int) -> Job:
        """The job that draws samples to label; its answer is the :class:`LabelSheet`."""
        concept, dataset = question.concept, self.dataset

        def work(tell: Tell) -> LabelSheet:
            return draw_label_sheet(
                dataset,
                self.index,
                concept,
                VisualSettings(seed=seed, workers=processors()),
                samples,
                references=self._sought(concept),
                encoder=self._loaded_encoder(),
                device=self.settings.device,
                on_progress=lambda what, share: tell(what=what, share=share),
            )

        return self.jobs.ask(self.draw_key(concept, samples, seed), work)

    def caption_key(self, concept: Concept) -> str:
        return self._key("caption", concept)

    def image_key(self, concept: Concept) -> str:
        return self._key("image", concept)

    def draw_key(self, concept: Concept, samples: int, seed: int) -> str:
        return self._key(f"draw {samples} {seed}", concept)

    def _key(self, what: str, concept: Concept) -> str:
        """The same question of the same data has the same."""
        # By caption, answers repeat names as they were given; else only what these fold to matters.
        names: object = (concept.aliases, concept.exclusions)
        if what != "caption":
            names = (fold_concepts([concept])[0][0].wording, concept.references)
        return f"{what} {self._now.digest} {concept.name!r} {names!r}"

    def _loaded_encoder(self) -> Encoder:
        # Only jobs ask, and these run one at a time.
        if self._encoder is None:
            self._encoder = open_encoder(self.index, None, self.settings.device)
        return self._encoder

    @property
    def _now(self) -> _State:
        """The dataset as it is: others may remove samples while the server runs."""
        with self._lock:
            dataset = self.opened.dataset
            if self._state is None or self._state.dataset is not dataset:
                self._state = _State(dataset, remaining_digest(dataset))
            return self._state


@dataclass
class _State:
    """What hangs together with the dataset as it is now."""

    dataset: Dataset
    digest: str
    overview: Overview | None = None
    index: VectorIndex | None = None
    pictures: Pictures | None = None


def _let_go(answer: Any) -> None:
    if isinstance(answer, CaptionAnswer) and answer.matches is not None:
        answer.matches.remove()
