"""What a report would say of an ingested dataset, computed now, without its evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from audit._version import __version__
from audit.comparisons.reading import SCHEMA, as_snapshot
from audit.comparisons.snapshots import Snapshot, Thresholds
from audit.concepts import Concept
from audit.counts.by_caption import count_by_caption
from audit.datasets.dataset import Dataset
from audit.domains import count_domains
from audit.errors import UsageError
from audit.licenses.mapping import kept_map
from audit.optouts import review_optouts
from audit.reviews.review import review_licenses
from audit.thresholds.known import KnownThresholds
from audit.verdicts.flagging import Yardstick

#: Called with what is being done, and the share of it that is done.
Progress = Callable[[str, float | None], None]

#: Domains of a dataset that are compared. A report lists fewer.
_DOMAINS = 1000


@dataclass(frozen=True)
class DiffQuestion:
    """What is asked of both sides.

    Attributes
    ----------
    concepts:
        May be empty: then licenses, opt-outs and domains are compared alone.
    where:
        DuckDB condition on the sample columns; domains are counted without it.
    on, numbers:
        See :func:`audit.reviews.review.review_licenses`.
    workers:
        Processes; None for as many as help.
    """

    concepts: Sequence[Concept] = ()
    yardstick: Yardstick = field(default_factory=Yardstick)
    where: str | None = None
    on: date | None = None
    numbers: str | None = None
    workers: int | None = 1


def question_of(report: Snapshot, workers: int | None = 1) -> DiffQuestion:
    """The question that a report answers, as far as captions are counted for it.

    Raises
    ------
    UsageError
        If its day cannot be read.
    """
    try:
        on = date.fromisoformat(report.licenses.on)
    except ValueError as error:
        raise UsageError(
            f"{report.place}: the report is damaged: licenses.on is no day: "
            f"{report.licenses.on!r}.",
            hint="Write it again with `audit report -o FILE.json`; do not edit it.",
        ) from error
    return DiffQuestion(
        concepts=[one.concept for one in report.concepts],
        yardstick=_yardstick(report.thresholds, report.counted_by),
        where=report.where,
        on=on,
        numbers=report.licenses.numbers,
        workers=workers,
    )


def _yardstick(used: Thresholds | None, counted_by: str) -> Yardstick:
    """A yardstick of the very thresholds that were used, whatever is published by now."""
    if used is None:
        return Yardstick()
    share = used.share if counted_by == "caption" else None
    if used.whose == "given" and used.spans:
        span = used.spans[0]
        return Yardstick(threshold=(span.low, span.high), domain=used.domain, share=share)
    if not used.known and used.whose != "published":
        # None was for these domains, and of a file that is not here no other is known.
        return Yardstick(KnownThresholds(()), domain=used.domain, share=share, whose=used.whose)
    return Yardstick(
        KnownThresholds(used.known) if used.known else None,
        model=used.model,
        group=used.group,
        domain=used.domain,
        share=share,
        whose=used.whose,
    )


def ask(dataset: Dataset, question: DiffQuestion, on_progress: Progress) -> Snapshot:
    """Count, judge and review a dataset as a report does, by the same functions.

    Reads captions twice, whatever the number of concepts, and the columns of licenses, hosts and
    opt-outs. Memory is bounded by a batch of rows and by the number of concepts.

    Raises
    ------
    UsageError
        If the question is wrong.
    """
    where, workers = question.where, question.workers

    def progress(what: str) -> Callable[[int, int], None]:
        return lambda done, total: on_progress(
            f"{dataset.name}: {what}: {done:,} of {total:,} samples",
            done / total if total else None,
        )

    def review(concepts: Sequence[Concept]) -> dict[str, Any]:
        return review_licenses(
            dataset,
            concepts=concepts,
            where=where,
            own_map=kept_map(dataset.folder),
            numbers=question.numbers,
            on=question.on,
            listed=0,
            workers=workers,
            on_progress=progress("licenses"),
        ).to_dict()

    concepts = list(question.concepts)
    counted, flags, told = None, None, []
    if concepts:
        count = count_by_caption(
            dataset, concepts, where=where, workers=workers, on_progress=progress("captions")
        )
        flagged = question.yardstick.flag(count)
        verdicts = {one.name: one.to_dict() for one in flagged.concepts}
        counted, flags = count.to_dict(), flagged.to_dict()
        scopes = review(concepts)["concepts"]
        told = [
            {**concept.to_dict(), "caption": found.to_dict(), "visual": None,
             "verdict": verdicts[concept.name], "licenses": scope}
            for concept, found, scope in zip(concepts, count.counts, scopes, strict=True)
        ]  # fmt: skip
    optouts = review_optouts(dataset, where=where, on_progress=progress("opt-outs"))
    on_progress(f"{dataset.name}: domains", None)
    domains = count_domains(dataset, at_most=_DOMAINS, workers=workers)
    manifest = dataset.manifest
    return as_snapshot(
        {
            "schema": SCHEMA,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "tool_version": __version__,
            "dataset": {
                "name": dataset.name,
                "sources": list(manifest.sources),
                "coverage": dataset.coverage.to_dict(),
                "updated": manifest.updated,
                "folding_version": manifest.folding_version,
            },
            "question": {"by": "caption", "where": where},
            "count": counted,
            "visual": None,
            "flags": flags,
            "licenses": review(()),
            "optouts": optouts.to_dict(),
            "domains": domains.to_dict(),
            "concepts": told,
        },
        dataset.name,
        "dataset",
    )
