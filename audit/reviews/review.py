"""Reviewing the licenses of a dataset: one pass over a few columns."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import numpy as np

from audit._version import __version__
from audit.captions.phrases import fold_concepts
from audit.concepts import Concept
from audit.datasets.dataset import Dataset
from audit.datasets.keyed_counts import KeyedCounts
from audit.errors import ConceptError
from audit.licenses.mapping import LicenseMap
from audit.licenses.terms import License
from audit.licenses.uses import judge_use, use_profiles
from audit.parallel import run_jobs, usual_workers
from audit.reviews.findings import NAMES, STATUSES, USE_FINDINGS, checked, is_named
from audit.reviews.hosts import HOST_FINDINGS, HostCounts, host_names, is_kind
from audit.reviews.openness import judge_openness
from audit.reviews.reading import rights_columns
from audit.reviews.results import (
    HostCount,
    LicenseReview,
    Listing,
    ValueCount,
)
from audit.reviews.rows import rows_at, rows_named
from audit.reviews.scopes import LicenseCount, NamedCount, ScopeReview
from audit.reviews.tally import (
    VALUE_KEYS,
    IntArray,
    PartReviewer,
    ReviewQuestion,
    ReviewTally,
    RowKeeper,
    empty_tally,
)

#: Hosts and values that are listed, if nothing else is said.
LISTED = 20


def review_licenses(
    dataset: Dataset,
    *,
    concepts: Sequence[Concept] = (),
    where: str | None = None,
    use: str | None = None,
    own_map: LicenseMap | None = None,
    numbers: str | None = None,
    on: date | None = None,
    listed: int | None = LISTED,
    rows_of: str | None = None,
    workers: int | None = 1,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> LicenseReview:
    """Review the license of every sample, or of those whose caption names concepts.

    One pass; every different value is normalised once. Memory is bounded by a batch of rows, by
    the number of different conclusions, and by hashes of 16 million URLs.

    Parameters
    ----------
    where:
        DuckDB condition on the sample columns.
    use:
        A use profile: also find what does not permit it.
    own_map:
        A curator's map; :func:`audit.licenses.mapping.kept_map` gives the one that is kept.
    numbers:
        See :func:`audit.licenses.normalise`.
    on:
        Licenses that ended before this day have ended; today by default.
    listed:
        Hosts, values and rows to list; None for all.
    rows_of:
        Also list rows with this finding or status.
    workers:
        Processes; None for as many as help.

    Raises
    ------
    UsageError
        If the use, the numbering or the finding is not known.
    ConditionError
        If ``where`` is no condition on the dataset's columns.
    ConceptError
        If no name of any concept can be searched.
    """
    question = make_question(
        dataset, concepts=concepts, where=where, use=use, own_map=own_map, numbers=numbers, on=on
    )
    return answer(
        question, listed=listed, rows_of=rows_of, workers=workers, on_progress=on_progress
    )


def answer(
    question: ReviewQuestion,
    *,
    listed: int | None = LISTED,
    listed_by: Listing = "finding",
    rows_of: str | None = None,
    keeper: RowKeeper | None = None,
    workers: int | None = 1,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> LicenseReview:
    """Answer a question of :func:`make_question`; see :func:`review_licenses`.

    Parameters
    ----------
    keeper:
        Is given every row that was reviewed.
    """
    started = time.monotonic()
    dataset = question.dataset
    if rows_of is not None:
        checked(rows_of, question.use)
    coverage = dataset.coverage
    if workers is None:
        workers = usual_workers(coverage.samples, len(dataset.parts))
    total = empty_tally(question)
    with KeyedCounts(VALUE_KEYS) as values:
        for tally in run_jobs(
            PartReviewer(question, keeper),
            dataset.parts,
            workers,
            lambda rows, _, __: on_progress(rows, coverage.samples),
        ):
            total.absorb(tally)
            for frame in tally.values:
                values.add(frame)
        value_counts = _values(question, values, listed)
    whole = _scope(question, total, 0, None)
    first_rows = rows_at(question, total.not_open)
    return LicenseReview(
        dataset=dataset.name,
        coverage=coverage,
        considered=total.considered,
        whole=whole,
        concepts=tuple(
            _scope(question, total, number, phrases.concept.name)
            for number, phrases in enumerate(question.concepts, start=1)
        ),
        hosts=_hosts(dataset, total.hosts, listed),
        values=value_counts,
        openness=judge_openness(
            whole, total.without_url, coverage, question.reasoner.of_dataset, first_rows
        ),
        dataset_license=question.reasoner.of_dataset,
        license_map=question.own_map,
        columns=tuple(rights_columns(dataset)),
        on=question.on,
        use=question.use,
        where=question.where,
        numbers=question.numbers,
        tool_version=__version__,
        seconds=time.monotonic() - started,
        listed_by=listed_by,
        rows_of=rows_of,
        rows=tuple(rows_named(question, rows_of, listed)) if rows_of else (),
    )


def make_question(
    dataset: Dataset,
    *,
    concepts: Sequence[Concept] = (),
    where: str | None = None,
    use: str | None = None,
    own_map: LicenseMap | None = None,
    numbers: str | None = None,
    on: date | None = None,
) -> ReviewQuestion:
    """A question that can be answered; see :func:`review_licenses`."""
    folded, findings = fold_concepts(concepts)
    if concepts and not any(phrases.phrases for phrases in folded):
        raise ConceptError(
            f"Nothing to search: {findings[0].message}.",
            hint="Give the concept a name or alias with letters or digits.",
        )
    question = ReviewQuestion(
        dataset, on or datetime.now(UTC).date(), folded, where, use, own_map, numbers
    )
    question.prepare()
    return question


def _scope(
    question: ReviewQuestion, total: ReviewTally, number: int, concept: str | None
) -> ScopeReview:
    conclusions, samples = total.conclusions, total.samples[number]
    present = np.flatnonzero(samples)
    has_urls = "url_hash" in question.dataset.columns

    def count(name: str) -> NamedCount:
        mine = [
            n
            for n in present.tolist()
            if is_named(name, conclusions[n].concluded.status, conclusions[n].findings)
        ]
        urls = total.urls[number].count(mine) if has_urls else None
        return NamedCount(name, int(samples[mine].sum()), urls)

    def licenses(of: Sequence[License]) -> tuple[LicenseCount, ...]:
        groups: dict[str, list[int]] = {}
        for n in present.tolist():
            groups.setdefault(of[n].id, []).append(n)
        counted = [
            LicenseCount(
                of[mine[0]],
                int(samples[mine].sum()),
                total.urls[number].count(mine) if has_urls else None,
            )
            for mine in groups.values()
        ]
        return tuple(sorted(counted, key=lambda one: (-one.samples, one.license.id)))

    asked = [name for name in NAMES if question.use or name not in USE_FINDINGS]
    return ScopeReview(
        concept=concept,
        samples=int(samples.sum()),
        urls=total.urls[number].count(present.tolist()) if has_urls else None,
        named={name: count(name) for name in asked},
        declared=licenses([one.declared for one in conclusions]),
        concluded=licenses([one.concluded for one in conclusions]),
        uses=_uses(total, samples),
    )


def _uses(total: ReviewTally, samples: IntArray) -> dict[str, dict[str, int]]:
    uses = {}
    for name, profile in use_profiles().items():
        answers = dict.fromkeys(("allowed", "denied", "unknown"), 0)
        for conclusion, rows in zip(total.conclusions, samples.tolist(), strict=True):
            answers[judge_use(conclusion.concluded, profile).answer] += rows
        uses[name] = answers
    return uses


def _hosts(
    dataset: Dataset, hosts: HostCounts, listed: int | None
) -> tuple[tuple[HostCount, ...], int]:
    found, different = hosts.top(listed)
    names = host_names(dataset, [host for host, _ in found])
    counts = [
        HostCount(
            names[host],
            sum(kinds.values()),
            {
                name: sum(rows for kind, rows in kinds.items() if is_kind(kind, name))
                for name in (*STATUSES, *HOST_FINDINGS)
            },
        )
        for host, kinds in found
    ]
    return tuple(sorted(counts, key=lambda one: (-one.samples, one.host or ""))), different


def _values(
    question: ReviewQuestion, values: KeyedCounts, listed: int | None
) -> tuple[tuple[ValueCount, ...], int]:
    """The most frequent values of each column of licenses, and how many different there are."""
    counted: list[ValueCount] = []
    different = 0
    for column in ("license", "license_url"):
        if column not in question.dataset.columns:
            continue
        found, here = values.top(column, listed)
        totals = found.select(column, "total").unique(maintain_order=True)
        read = question.reasoner.reader.read
        counted += [ValueCount(column, total, read(value)) for value, total in totals.iter_rows()]
        different += here
    return tuple(counted), different
