"""Embedding, indexing, counting by image, and labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from audit.api.opened import Opened, PathLike
from audit.concepts import Concept, gather_concepts

if TYPE_CHECKING:
    from audit.counts.matching import By, Progress
    from audit.counts.strata import Design
    from audit.counts.visual_results import VisualResult
    from audit.embeddings.embed import EmbedProgress, EmbedReport
    from audit.encoders.encoder import Encoder
    from audit.labels.export import ExportReport
    from audit.labels.store import LabelReport
    from audit.references.reference_set import Statistic
    from audit.vectors.build import IndexReport
    from audit.vectors.index import VectorIndex
    from audit.visual import References


class Images(Opened):
    """What the images of a dataset show."""

    def embed(
        self,
        *images: PathLike,
        encoder: str | Encoder | None = None,
        device: str = "auto",
        threads: int | None = None,
        on_progress: Callable[[EmbedProgress], None] = lambda progress: None,
    ) -> EmbedReport:
        """Turn images into vectors; again for what is new.

        Parameters
        ----------
        images:
            Folders, tars and parquet files of images; by default all that was fetched.
        encoder:
            An id such as ``open_clip:ViT-B-32/laion2b_s34b_b79k``, or an encoder that is loaded.

        Raises
        ------
        UsageError
            If there are no images or no such encoder; see :func:`audit.visual.embed_images`.
        """
        from audit.visual import embed_images

        return embed_images(
            images,
            self.dataset,
            self._home,
            encoder=encoder,
            device=device,
            threads=threads,
            on_progress=on_progress,
        )

    def index(
        self,
        embeddings: PathLike | None = None,
        *,
        encoder: str | None = None,
        by: str | None = None,
        approximate: bool = False,
        max_memory: int | None = None,
    ) -> IndexReport:
        """Code embeddings for matching and join them to samples; again for what is new.

        Parameters
        ----------
        embeddings:
            A folder of embeddings, others' too; by default the one that the index was made from,
            or the dataset's own.
        encoder:
            What made the vectors, where the folder does not say it, or where there are several.
        by:
            What to join images and samples by: row, url, caption, or a column that was kept when
            the dataset was ingested and holds the names of the files; auto takes the best there
            is. By default as before, or else auto.
        approximate:
            Also make an approximate index; one that is there is brought up to date in any case.
        max_memory:
            Bytes that the process may hold, besides mapped files.

        Raises
        ------
        UsageError
            If there are no embeddings; see :func:`audit.vectors.build.index_dataset`.
        """
        from audit.vectors.build import index_dataset

        return index_dataset(
            self.dataset,
            self._home,
            embeddings,
            encoder=encoder,
            by=by,
            approximate=approximate,
            max_memory=max_memory,
        )

    def count_images(
        self,
        *concepts: str | Concept,
        references: References = None,
        prompts: Sequence[str] = (),
        aliases: Sequence[str] = (),
        exclude: Sequence[str] = (),
        concept_list: PathLike | None = None,
        by: By = "both",
        where: str | None = None,
        cutoff: float | str | None = None,
        per_million: float | None = None,
        statistic: Statistic = "max",
        design: Design | None = None,
        encoder: str | Encoder | None = None,
        device: str = "auto",
        seed: int = 0,
        workers: int = 1,
        approximate: bool = False,
    ) -> VisualResult:
        """Count the samples whose image shows each concept, named by their caption or not.

        Parameters
        ----------
        references:
            Images of the concept: a file or a folder; of several concepts a folder with a folder
            for each, or a mapping from names to a path or several.
        prompts:
            Words that stand in for references, ``{}`` for the concept's name: weaker evidence.
        encoder:
            Whose index to use, where the dataset has several.
        by, where, cutoff, per_million, statistic, design, seed, workers, approximate:
            See :class:`audit.counts.matching.VisualSettings`.

        Raises
        ------
        UsageError
            If nothing is indexed, or the question is wrong; see :mod:`audit.errors`.
        """
        from audit.counts.matching import VisualSettings
        from audit.visual import count_shown

        index, loaded = self._index_of(encoder)
        return count_shown(
            self.dataset,
            index,
            gather_concepts(concepts, aliases, exclude, concept_list),
            VisualSettings(
                by=by,
                where=where,
                cutoff=cutoff,
                per_million=per_million,
                statistic=statistic,
                design=design,
                seed=seed,
                workers=workers,
                approximate=approximate,
            ),
            references=references,
            prompts=prompts,
            encoder=loaded,
            device=device,
        )

    def _index_of(self, encoder: str | Encoder | None) -> tuple[VectorIndex, Encoder | None]:
        """The index that is meant; and the encoder, if it is given and not only named."""
        from audit.vectors.places import only_index

        if encoder is None or isinstance(encoder, str):
            return only_index(self.dataset, encoder), None
        return only_index(self.dataset, encoder.info.id), encoder

    def export_labels(
        self,
        concept: str | Concept,
        path: PathLike,
        *,
        samples: int = 200,
        references: References = None,
        prompts: Sequence[str] = (),
        by: By = "both",
        where: str | None = None,
        cutoff: float | str | None = None,
        per_million: float | None = None,
        statistic: Statistic = "max",
        encoder: str | Encoder | None = None,
        device: str = "auto",
        seed: int = 0,
        on_progress: Progress = lambda what, share: None,
    ) -> ExportReport:
        """Draw samples of a concept for a person to label, and write them to a file.

        Parameters
        ----------
        path:
            Written over if it exists. A page with the pictures if it is called ``.html``, JSON if
            it is called so, else CSV.
        samples:
            How many to label; fewer are drawn where there are not so many.
        references, prompts, by, where, cutoff, per_million, statistic, encoder, device:
            As in :meth:`count_images`: labels hold for counts of the same concept, ``where`` and
            ``by``. The search is exact: see :func:`audit.labels.export.draw_sheet`.

        Raises
        ------
        UsageError
            If nothing is indexed, the question is wrong, or the file would take the place of a
            source; see :mod:`audit.errors`.
        """
        from audit.counts.matching import VisualSettings
        from audit.datasets.outputs import check_output
        from audit.labels.export import ExportReport
        from audit.parallel import processors
        from audit.reports.label_sheet import write_label_sheet
        from audit.visual import draw_label_sheet

        file = Path(path).expanduser()
        check_output(file, self.dataset)
        (asked,) = gather_concepts([concept])
        index, loaded = self._index_of(encoder)
        sheet = draw_label_sheet(
            self.dataset,
            index,
            asked,
            VisualSettings(
                by=by,
                where=where,
                cutoff=cutoff,
                per_million=per_million,
                statistic=statistic,
                seed=seed,
                workers=processors(),
            ),
            samples,
            references=references,
            prompts=prompts,
            encoder=loaded,
            device=device,
            on_progress=on_progress,
        )
        write_label_sheet(sheet, file, index, lambda share: on_progress("pictures", share))
        return ExportReport(sheet.task, file)

    def import_labels(
        self, path: PathLike, who: str = "unknown", *, replace: bool = False
    ) -> LabelReport:
        """Store the labels of a file that was exported; counts of its concept then have them.

        Parameters
        ----------
        who:
            Who labelled; kept with the labels.
        replace:
            Even if samples that have a label already have none in the file.

        Raises
        ------
        UsageError
            If the file has a mistake, or its samples were not drawn from this dataset.
        """
        from audit.labels.answers import read_answers
        from audit.labels.store import LabelReport, store_labels

        answers = read_answers(Path(path).expanduser())
        return LabelReport(store_labels(answers, self.dataset, who, replace=replace), self.name)
