"""The report of a dataset: everything in one answer, and in files."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from audit.api.opened import Opened, PathLike
from audit.concepts import Concept, gather_concepts
from audit.datasets.files import storage_errors

if TYPE_CHECKING:
    from audit.counts.visual_results import VisualResult
    from audit.datasets.dataset import Dataset
    from audit.dossiers import AuditReport
    from audit.vectors.index import VectorIndex
    from audit.verdicts.flagging import Yardstick

Progress = Callable[[str, float | None], None]


class Report:
    """A report that was gathered, and can be written as often as wanted.

    Attributes
    ----------
    found:
        Its contents.
    """

    def __init__(
        self,
        found: AuditReport,
        dataset: Dataset,
        index: VectorIndex | None,
        gathered: Path,
    ) -> None:
        self.found = found
        self._dataset, self._index, self._gathered = dataset, index, gathered
        # The rows stay for as long as the report, which may be written again.
        weakref.finalize(self, shutil.rmtree, gathered, ignore_errors=True)

    def __repr__(self) -> str:
        return f"<report on {self.found.dataset!r}: {len(self.found.dossiers):,} concepts>"

    def _repr_html_(self) -> str | None:
        return self.found._repr_html_()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the schema ``audit.report/1``."""
        return self.found.to_dict()

    def to_polars(self) -> pl.DataFrame:
        """One row a concept."""
        return self.found.to_polars()

    def write(
        self,
        *paths: PathLike,
        evidence: PathLike | bool = True,
        tables: PathLike | None = None,
        blur: bool = False,
        on_progress: Progress = lambda what, share: None,
    ) -> list[Path]:
        """Write the report, and its evidence beside it; what was there is replaced.

        Parameters
        ----------
        paths:
            Files that end in ``.html``, ``.json`` or ``.md``.
        evidence:
            The folder for the rows behind the figures: by default beside the first file, called
            like it; False for none.
        tables:
            A folder for CSV files.
        blur:
            Show every picture blurred at first, not only those that the dataset marks as unsafe.

        Returns
        -------
        written
            The files, and the folders.

        Raises
        ------
        UsageError
            If a name says no format, or something else is in the way.
        StorageError
            If something cannot be written.
        """
        from audit.reports.report_files import check_report_paths, write_report
        from audit.reports.report_pictures import gallery_pictures

        files = [Path(path).expanduser() for path in paths]
        folder = evidence_folder(files, evidence)
        table_folder = None if tables is None else Path(tables).expanduser()
        check_report_paths(files, table_folder, folder, self._dataset)
        is_drawn = any(file.suffix.lower() == ".html" for file in files)
        with gallery_pictures(
            self.found,
            self._index if is_drawn else None,
            lambda share: on_progress("pictures", share),
        ) as pictures:
            on_progress("writing", None)
            write_report(
                self.found,
                files,
                gathered=self._gathered,
                evidence=folder,
                tables=table_folder,
                pictures=pictures,
                blur=blur,
            )
        return [*files, *(one for one in (folder, table_folder) if one is not None)]


def evidence_folder(files: Sequence[Path], evidence: PathLike | bool) -> Path | None:
    """Where the evidence goes that is asked for as in :meth:`Report.write`."""
    if evidence is False or (evidence is True and not files):
        return None
    if evidence is True:
        return files[0].with_name(f"{files[0].stem}.evidence")
    return Path(os.fspath(evidence)).expanduser()


class Reporting(Opened):
    """Everything in one answer."""

    def report(
        self,
        *concepts: str | Concept,
        aliases: Sequence[str] = (),
        exclude: Sequence[str] = (),
        concept_list: PathLike | None = None,
        concepts_from: object = None,
        visual: VisualResult | None = None,
        yardstick: Yardstick | None = None,
        where: str | None = None,
        on: date | None = None,
        use_map: bool = True,
        numbers: str | None = None,
        examples: int = 5,
        images: int = 12,
        seed: int = 0,
        workers: int | None = 1,
        command: str | None = None,
        scratch: PathLike | None = None,
        on_progress: Progress = lambda what, share: None,
    ) -> Report:
        """All that is known of concepts and of the dataset, with the rows behind every figure.

        Parameters
        ----------
        concepts, aliases, exclude, concept_list:
            As in :meth:`count`; without any, the report is about the dataset alone.
        concepts_from:
            Where the concepts are from, if ``concept_list`` does not say it.
        visual:
            A count of the same concepts by :meth:`count_images`; verdicts are by it then.
        yardstick:
            Thresholds to hold the counts against; by default all published ones.
        where, on, numbers, examples, images, seed, workers:
            See :class:`audit.dossiers.ReportQuestion`.
        use_map:
            Read licenses by the curator's map that is kept with the dataset, if there is one.
        command:
            What to say the report was made by.
        scratch:
            An existing folder for what is gathered; by default that of the system.

        Raises
        ------
        UsageError
            If the question is wrong, or ``visual`` is of other concepts.
        """
        from audit.dossiers import ReportQuestion, gather_report
        from audit.errors import UsageError
        from audit.licenses.mapping import kept_map
        from audit.verdicts.flagging import Yardstick

        asked = gather_concepts(concepts, aliases, exclude, concept_list)
        if visual is not None and [one.name for one in visual.counts] != [
            one.name for one in asked
        ]:
            raise UsageError(
                "The images of other concepts were counted.",
                hint="Give count_images() the same concepts, in the same order.",
            )
        source = concept_list if concepts_from is None else concepts_from
        dataset = self.dataset
        index = self._pictures(visual) if images else None
        with storage_errors(Path(scratch or tempfile.gettempdir())):
            gathered = Path(tempfile.mkdtemp(prefix=".audit-report-", dir=scratch))
        try:
            found = gather_report(
                dataset,
                asked,
                yardstick or Yardstick(),
                gathered,
                ReportQuestion(
                    where=where,
                    on=on,
                    own_map=kept_map(dataset.folder) if use_map else None,
                    numbers=numbers,
                    examples=examples,
                    images=images,
                    seed=seed,
                    workers=workers,
                ),
                visual=visual,
                index=index,
                concepts_from=None if source is None else str(source),
                command=command,
                on_progress=on_progress,
            )
        except BaseException:
            shutil.rmtree(gathered, ignore_errors=True)
            raise
        return Report(found, dataset, index, gathered)

    def _pictures(self, visual: VisualResult | None) -> VectorIndex | None:
        """The index that images are shown from; None if nothing is indexed."""
        from audit.vectors.places import index_encoders, only_index

        if visual is not None:
            return only_index(self.dataset, visual.encoder.id)
        encoders = sorted(index_encoders(self.dataset))
        return only_index(self.dataset, encoders[0]) if encoders else None
