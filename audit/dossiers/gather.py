"""Gathering a report: every number by the function that the command of its own calls."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from audit._version import __version__
from audit.concepts import Concept
from audit.counts.by_caption import count_by_caption
from audit.counts.results import CountResult
from audit.counts.visual_results import VisualResult
from audit.datasets.dataset import Dataset
from audit.datasets.overview import overview
from audit.domains import DomainCounts, count_domains
from audit.dossiers.adding_up import ConceptRows, add_up
from audit.dossiers.evidence import (
    IMAGES,
    ROWS,
    SAMPLES,
    EvidenceFile,
    Figure,
    add_texts,
    host_condition,
    license_condition,
    of_concept,
)
from audit.dossiers.gallery import galleries
from audit.dossiers.kept_rows import RowPieces
from audit.dossiers.limits import limits
from audit.dossiers.results import AuditReport, Dossier
from audit.dossiers.writing import (
    evidence_engine,
    write_answers,
    write_rows,
    write_visual,
)
from audit.errors import AuditError
from audit.licenses.mapping import LicenseMap
from audit.optouts import review_optouts
from audit.optouts.by_row import USE_COLUMNS
from audit.optouts.results import OptOutReview
from audit.reviews.findings import GROUPS, STATUSES
from audit.reviews.results import LicenseReview
from audit.reviews.review import answer, make_question
from audit.reviews.scopes import ScopeReview
from audit.vectors.index import VectorIndex
from audit.verdicts.flagging import Yardstick
from audit.verdicts.results import FlagResult

#: Called with what is being done, and the share of it that is done.
Progress = Callable[[str, float | None], None]

#: Domains that a report lists.
_DOMAINS = 100


@dataclass(frozen=True)
class ReportQuestion:
    """What a report is about.

    Attributes
    ----------
    where:
        DuckDB condition on the sample columns; domains are counted without it.
    on, own_map, numbers:
        See :func:`audit.reviews.review.review_licenses`.
    examples, images, hosts:
        Shown for each concept, at most.
    text_rows:
        Rows of a file of evidence up to which these are told with URL and caption.
    whole_rows:
        Keep evidence of every sample of the dataset if it has no more than this many.
    seed:
        Of the draws of examples and images.
    workers:
        Processes; None for as many as help.
    """

    where: str | None = None
    on: date | None = None
    own_map: LicenseMap | None = None
    numbers: str | None = None
    examples: int = 5
    images: int = 12
    hosts: int = 10
    whole_rows: int = 5_000_000
    text_rows: int = 100_000
    seed: int = 0
    workers: int | None = 1


def gather_report(
    dataset: Dataset,
    concepts: Sequence[Concept],
    yardstick: Yardstick,
    folder: Path,
    question: ReportQuestion | None = None,
    *,
    visual: VisualResult | None = None,
    index: VectorIndex | None = None,
    concepts_from: str | None = None,
    command: str | None = None,
    on_progress: Progress = lambda what, share: None,
) -> AuditReport:
    """Everything that is known of some concepts and of their dataset, with its evidence.

    Reads captions twice, whatever the number of concepts, and each of the other columns once or
    twice. Memory is bounded by a batch of rows and by the number of concepts; evidence is sorted
    on disk.

    Parameters
    ----------
    concepts:
        May be empty: then the report is about the dataset alone.
    folder:
        An empty folder. The files of evidence are left in it, and nothing else.
    visual:
        A count of the same concepts by image, in the same order; verdicts are by it then.
    index:
        Where the images for the galleries are; None for no galleries.

    Raises
    ------
    UsageError
        If the question is wrong.
    StorageError
        If the evidence cannot be written.
    AuditError
        If the dataset was changed while it was read.
    """
    return _Gathering(
        dataset, concepts, yardstick, folder, question or ReportQuestion(), visual, index,
        on_progress,
    ).report(concepts_from, command)  # fmt: skip


class _Gathering:
    """One report in the making."""

    def __init__(
        self,
        dataset: Dataset,
        concepts: Sequence[Concept],
        yardstick: Yardstick,
        folder: Path,
        question: ReportQuestion,
        visual: VisualResult | None,
        index: VectorIndex | None,
        on_progress: Progress,
    ) -> None:
        self.dataset, self.concepts, self.yardstick = dataset, list(concepts), yardstick
        self.folder, self.question = folder, question
        self.visual, self.index, self.tell = visual, index, on_progress
        self.scratch = folder / "unfinished"
        self.left_out: list[str] = []

    def report(self, concepts_from: str | None, command: str | None) -> AuditReport:
        started = time.monotonic()
        dataset, question = self.dataset, self.question
        self.scratch.mkdir()
        count = self._counted() if self.concepts else None
        flags = self.yardstick.flag(self.visual or count) if count is not None else None
        optouts = self._optouts()
        licenses = self._whole_review(optouts)
        dossiers = self._dossiers(count, flags, optouts) if count and flags else ()
        write_visual(self.visual, dataset, self.folder)
        self._add_texts()
        self.tell("domains", None)
        domains = count_domains(dataset, at_most=_DOMAINS, workers=question.workers)
        seen = overview(dataset)
        shutil.rmtree(self.scratch)
        return AuditReport(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            tool_version=__version__,
            command=command,
            seed=question.seed,
            concepts_from=concepts_from,
            where=question.where,
            overview=seen,
            dataset_license=dataset.manifest.dataset_license,
            updated=dataset.manifest.updated,
            folding_version=dataset.manifest.folding_version,
            count=count,
            visual=self.visual,
            flags=flags,
            dossiers=dossiers,
            licenses=licenses,
            optouts=optouts,
            domains=domains,
            files=tuple(
                EvidenceFile.of(self.folder / name)
                for name in (SAMPLES, IMAGES, ROWS)
                if (self.folder / name).exists()
            ),
            figures=tuple(self._figures(licenses, optouts, domains)),
            left_out=tuple(self.left_out),
            limits=tuple(
                limits(seen, question.where, count, self.visual, flags, licenses, optouts)
            ),
            seconds=time.monotonic() - started,
        )

    def _add_texts(self) -> None:
        for name in (SAMPLES, IMAGES):
            path, most = self.folder / name, self.question.text_rows
            if path.exists() and not add_texts(self.dataset, path, most):
                self.left_out.append(
                    f"{name} is without URLs and captions, having more than {most:,} rows: shard "
                    "and row tell where they are."
                )

    def _counted(self) -> CountResult:
        question = self.question
        return count_by_caption(
            self.dataset,
            self.concepts,
            where=question.where,
            distinct="url" if "url_hash" in self.dataset.columns else None,
            examples=question.examples,
            seed=question.seed,
            workers=question.workers,
            on_progress=self._progress("captions"),
        )

    def _optouts(self) -> OptOutReview:
        return review_optouts(
            self.dataset, where=self.question.where, on_progress=self._progress("opt-outs")
        )

    def _review(
        self, concepts: Sequence[Concept], pieces: RowPieces | None, what: str
    ) -> LicenseReview:
        asked = self.question
        question = make_question(
            self.dataset,
            concepts=concepts,
            where=asked.where,
            own_map=asked.own_map,
            numbers=asked.numbers,
            on=asked.on,
        )
        return answer(
            question, keeper=pieces, workers=asked.workers, on_progress=self._progress(what)
        )

    def _whole_review(self, optouts: OptOutReview) -> LicenseReview:
        dataset = self.dataset
        if dataset.coverage.samples > self.question.whole_rows:
            self.left_out.append(
                f"The rows behind the numbers of the whole dataset are not kept: it has more than "
                f"{self.question.whole_rows:,} samples. `audit license --rows FINDING --to FILE` "
                "writes them."
            )
            return self._review((), None, "licenses")
        pieces = RowPieces.of(self.scratch / "rows", dataset)
        review = self._review((), pieces, "licenses")
        self._write(pieces, optouts, None, ROWS)
        return review

    def _write(
        self, pieces: RowPieces, optouts: OptOutReview, names: Sequence[str] | None, file: str
    ) -> Path:
        self.tell("evidence", None)
        answers: list[Path] = []
        if _has_signals(optouts):
            answers = write_answers(self.dataset, pieces, self.scratch / f"answers-{file}")
        path = self.folder / file
        with evidence_engine(self.scratch) as engine:
            write_rows(engine, self.dataset, pieces, answers, names, path)
        return path

    def _dossiers(
        self, count: CountResult, flags: FlagResult, optouts: OptOutReview
    ) -> tuple[Dossier, ...]:
        pieces = RowPieces.of(self.scratch / "samples", self.dataset)
        review = self._review(self.concepts, pieces, "licenses of concepts")
        names = [concept.name for concept in self.concepts]
        path = self._write(pieces, optouts, names, SAMPLES)
        with evidence_engine(self.scratch) as engine:
            rows_of = add_up(engine, path, self.question.hosts)
        phrases = [one.phrases for one in count.counts]
        self.tell("galleries", None)
        shown = galleries(
            self.dataset, phrases, self.index, self.visual, path,
            self.question.images, self.question.seed,
        )  # fmt: skip
        numbers = {name: number for number, name in enumerate(names)}
        dossiers = []
        for flagged in flags.concepts:
            number = numbers[flagged.name]
            caption, rows = count.counts[number], rows_of(number)
            if rows.samples != (caption.samples or 0):
                raise AuditError(
                    f"{self.dataset.name}: was changed while it was read: {flagged.name!r} had "
                    f"{caption.samples:,} samples, and {rows.samples:,} a moment later.",
                    hint="Run the command again when nothing is ingested or removed.",
                )
            dossiers.append(
                Dossier(
                    number=number,
                    concept=self.concepts[number],
                    caption=caption,
                    visual=self.visual.counts[number] if self.visual else None,
                    verdict=flagged,
                    licenses=review.concepts[number],
                    rows=rows,
                    gallery=shown[number],
                    figures=tuple(self._of_concept(number, review.concepts[number], rows)),
                    has_signals=_has_signals(optouts),
                )
            )
        return tuple(dossiers)

    def _of_concept(self, number: int, scope: ScopeReview, rows: ConceptRows) -> Iterable[Figure]:
        mine = of_concept(number)
        yield Figure("caption.samples", SAMPLES, mine, rows.samples)
        for named in scope.named.values():
            if named.samples:
                condition = license_condition(named.name, GROUPS, set(STATUSES))
                where = f"{mine} AND ({condition})"
                yield Figure(f"licenses.{named.name}", SAMPLES, where, named.samples)
        yield Figure("hosts", SAMPLES, f"{mine} AND host IS NOT NULL", rows.with_host)
        for use, column in USE_COLUMNS.items():
            for said in ("denied", "allowed"):
                if rows.optouts[use][said]:
                    where = f"{mine} AND {column} = '{said}'"
                    yield Figure(f"optouts.{use}.{said}", SAMPLES, where, rows.optouts[use][said])
        if self.visual is not None:
            found = self.visual.counts[number].scored
            above = f"{mine} AND above_cutoff"
            yield Figure("visual.above", IMAGES, above, int(found.above.sum()))
            if self.visual.by == "both":
                named_above = found.above & found.named
                yield Figure(
                    "visual.named_and_shown", IMAGES, f"{above} AND named", int(named_above.sum())
                )
                yield Figure(
                    "visual.shown_not_named", IMAGES, f"{above} AND NOT named",
                    int((found.above & ~found.named).sum()),
                )  # fmt: skip

    def _figures(
        self, licenses: LicenseReview, optouts: OptOutReview, domains: DomainCounts
    ) -> Iterable[Figure]:
        if not (self.folder / ROWS).exists():
            return
        for named in licenses.whole.named.values():
            if named.samples:
                where = license_condition(named.name, GROUPS, set(STATUSES))
                yield Figure(f"licenses.{named.name}", ROWS, where, named.samples)
        for use, column in USE_COLUMNS.items():
            for said in ("denied", "allowed"):
                rows = getattr(optouts.count(use), said)
                if rows:
                    yield Figure(f"optouts.{use}.{said}", ROWS, f"{column} = '{said}'", rows)
        if self.question.where is None:  # domains are of the whole dataset
            for domain, samples in domains.top.listed.select("domain", "samples").iter_rows():
                yield Figure(f"domains.{domain}", ROWS, host_condition(domain), samples)

    def _progress(self, what: str) -> Callable[[int, int], None]:
        return lambda done, total: self.tell(
            f"{what}: {done:,} of {total:,} samples", done / total if total else None
        )


def _has_signals(optouts: OptOutReview) -> bool:
    """Whether anybody could know of an opt-out."""
    return bool(optouts.columns or optouts.sidecars)
