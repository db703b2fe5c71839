"""Reviewing one part: the pure step that every way of running a review shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from audit.captions.matcher import ConceptMatcher
from audit.captions.phrases import ConceptPhrases
from audit.datasets.conditions import Condition
from audit.datasets.dataset import Dataset, Part
from audit.datasets.lookup import SampleRef
from audit.datasets.parts import part_errors
from audit.datasets.scan import scan_part
from audit.licenses.mapping import LicenseMap, ValueReader
from audit.licenses.uses import use_profile
from audit.parallel import Add
from audit.reviews.conclusions import Conclusion, Reasoner
from audit.reviews.distinct_urls import UrlsByGroup
from audit.reviews.findings import is_named
from audit.reviews.hosts import HostCounts, kinds_of
from audit.reviews.reading import (
    Concluder,
    Sayings,
    part_batches,
    rights_columns,
    sayings,
)

#: Rows that keep the whole from being open, of which so many are named.
NAMED_ROWS = 20

IntArray = NDArray[np.int64]

#: Layouts whose column of licenses holds what was linked on the page, if it holds an address.
_PAGE_LINKS = ("LAION-400M", "LAION-2B/5B")
#: Keys of the values that rows have.
VALUE_KEYS = {"license": pl.String, "license_url": pl.String}


@dataclass(frozen=True)
class ReviewQuestion:
    """What is reviewed, and how: small, and fit to be sent to another machine."""

    dataset: Dataset
    on: date  #: licenses that ended before this day have ended
    concepts: Sequence[ConceptPhrases] = ()
    where: str | None = None
    use: str | None = None
    own_map: LicenseMap | None = None
    numbers: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # What was made here (a connection to an engine among it) stays here.
        return ReviewQuestion, tuple(getattr(self, item.name) for item in fields(self))

    def prepare(self) -> None:
        """Make what reviewing needs, so that a wrong question is refused before work starts."""
        self.matcher, self.condition, self.reasoner  # noqa: B018

    @cached_property
    def reasoner(self) -> Reasoner:
        own = self.dataset.manifest.dataset_license
        use = use_profile(self.use) if self.use else None
        page_links = self.dataset.manifest.mapping.preset in _PAGE_LINKS
        return Reasoner(ValueReader(self.own_map, self.numbers), own, use, page_links)

    @cached_property
    def condition(self) -> Condition | None:
        return None if self.where is None else Condition(self.where, self.dataset)

    @cached_property
    def matcher(self) -> ConceptMatcher | None:
        return ConceptMatcher(self.concepts) if self.concepts else None

    @property
    def scopes(self) -> int:
        """Everything, and each concept."""
        return 1 + len(self.concepts)


@dataclass
class ReviewTally:
    """Counts over some rows. Tallies of different rows add up to that of all of them.

    Attributes
    ----------
    conclusions:
        Everything different that was concluded; what follows speaks of it by its number.
    samples:
        (scopes, conclusions) rows.
    urls:
        By scope: their different URLs.
    values:
        Frames of :data:`VALUE_KEYS` with ``samples``, for everything.
    not_open:
        The first rows that are not concluded to be open.
    """

    conclusions: list[Conclusion]
    samples: IntArray
    urls: list[UrlsByGroup]
    values: list[pl.DataFrame] = field(default_factory=list)
    hosts: HostCounts = field(default_factory=HostCounts)
    not_open: list[SampleRef] = field(default_factory=list)
    considered: int = 0
    without_url: int = 0

    def absorb(self, other: ReviewTally) -> None:
        """Add another tally; its values are left to whoever counts them."""
        number = self._numbers(other.conclusions)
        samples = np.zeros((len(self.samples), len(self.conclusions)), np.int64)
        samples[:, : self.samples.shape[1]] = self.samples
        # Different conclusions have different numbers, so nothing is added twice to one place.
        samples[:, number] += other.samples
        self.samples = samples
        for own, more in zip(self.urls, other.urls, strict=True):
            own.absorb(more, number)
        self.hosts.absorb(other.hosts)
        self.not_open = sorted([*self.not_open, *other.not_open])[:NAMED_ROWS]
        self.considered += other.considered
        self.without_url += other.without_url

    def _numbers(self, others: Sequence[Conclusion]) -> IntArray:
        known = {conclusion.key: number for number, conclusion in enumerate(self.conclusions)}
        for conclusion in others:
            if conclusion.key not in known:
                known[conclusion.key] = len(self.conclusions)
                self.conclusions.append(conclusion)
        return np.array([known[conclusion.key] for conclusion in others], np.int64)


def empty_tally(question: ReviewQuestion) -> ReviewTally:
    """A tally of nothing."""
    rows = question.dataset.coverage.samples
    urls = [UrlsByGroup(rows) for _ in range(question.scopes)]
    return ReviewTally([], np.zeros((question.scopes, 0), np.int64), urls)


@dataclass(frozen=True)
class ReviewedBatch:
    """Rows of one part, and what was concluded of each.

    Attributes
    ----------
    rows:
        (n,) rows of the shard.
    conclusions:
        (n,) numbers of conclusions.
    matches:
        (row of the batch, concept) of every caption match; None without concepts.
    columns:
        (n,) each.
    considered:
        Rows looked at for this batch, those that name no concept included.
    """

    rows: IntArray
    said: Sayings
    conclusions: IntArray
    matches: tuple[IntArray, IntArray] | None
    columns: Mapping[str, pa.Array]
    considered: int


def reviewed_batches(
    question: ReviewQuestion, part: Part, concluder: Concluder, columns: Sequence[str] = ()
) -> Iterator[ReviewedBatch]:
    """The rows of a part that a question is about, with what was concluded of each.

    Parameters
    ----------
    columns:
        Further columns to read.
    """
    rights = rights_columns(question.dataset)
    for rows, read, considered, matches in _batches(question, part, rights, columns):
        said = sayings({name: read[name] for name in rights}, len(rows), question.on)
        conclusions = concluder.numbers(said.said)[said.numbers]
        yield ReviewedBatch(rows, said, conclusions, matches, read, considered)


def _batches(
    question: ReviewQuestion, part: Part, rights: list[str], further: Sequence[str]
) -> Iterator[tuple[IntArray, Mapping[str, pa.Array], int, tuple[IntArray, IntArray] | None]]:
    """Rows, columns, rows considered, and caption matches (place in the rows, concept)."""
    columns = list(dict.fromkeys([*rights, *further]))
    if question.matcher is not None:
        for batch in scan_part(
            part, question.matcher.phrases, columns=columns, condition=question.condition
        ):
            found = question.matcher.match(batch.captions)
            which, place = np.unique(found.rows, return_inverse=True)
            taken = pa.array(which)
            read = {name: column.take(taken) for name, column in batch.columns.items()}
            yield batch.rows[which], read, batch.considered, (place, found.concepts)
    elif question.condition is not None:
        for batch in question.condition.batches(part, columns):
            rows = batch["file_row_number"].to_numpy(zero_copy_only=False)
            yield rows, {name: batch[name] for name in columns}, len(batch), None
    else:
        for rows, batch in part_batches(part, columns):
            yield rows, {name: batch[name] for name in columns}, len(batch), None


#: What keeps rows is called with: a batch, and the conclusions that its numbers speak of.
Keep = Callable[[ReviewedBatch, Sequence[Conclusion]], None]


class RowKeeper(Protocol):
    """Keeps what was concluded of each row, while a review reads them anyway.

    It is sent to other processes, like the question.
    """

    @property
    def columns(self) -> Sequence[str]:
        """Further columns of the dataset that it keeps."""
        ...

    def keeping(self, part: Part) -> AbstractContextManager[Keep]:
        """What the rows of a part are given to, batch by batch."""
        ...


@dataclass(frozen=True)
class PartReviewer:
    """Reviews parts: called by :func:`audit.parallel.run_jobs`."""

    question: ReviewQuestion
    keeper: RowKeeper | None = None

    def __call__(self, part: Part, add: Add) -> ReviewTally:
        """Review one part; ``add`` is told the rows considered."""
        with part_errors(part.path):
            return self._reviewed(part, add)

    def _reviewed(self, part: Part, add: Add) -> ReviewTally:
        question = self.question
        has_urls = "url_hash" in question.dataset.columns
        concluder = Concluder(question.reasoner)
        tally = empty_tally(question)
        tally.conclusions = concluder.conclusions
        further = ["url_hash", "host"] if has_urls else []
        kept: AbstractContextManager[Keep | None] = nullcontext()
        if self.keeper is not None:
            further += self.keeper.columns
            kept = self.keeper.keeping(part)
        counted = _Counted(question.scopes)
        with kept as keep:
            for batch in reviewed_batches(question, part, concluder, further):
                tally.considered += batch.considered
                add(batch.considered, 0.0)
                if not len(batch.rows):
                    continue
                counted.add(batch, len(concluder.conclusions))
                _add_batch(tally, batch, concluder.conclusions, part.shard.ordinal)
                if keep is not None:
                    keep(batch, concluder.conclusions)
        tally.samples = counted.samples(len(concluder.conclusions))
        tally.hosts.add_up()  # here, where several parts are read at once
        return tally


def _add_batch(
    tally: ReviewTally, batch: ReviewedBatch, conclusions: Sequence[Conclusion], shard: int
) -> None:
    """Add all but the rows themselves, which are counted by number."""
    tally.values.append(_values(batch))
    if "url_hash" in batch.columns:
        _add_urls(tally.urls, batch)
        tally.without_url += batch.columns["url_hash"].null_count
        kinds = kinds_of(conclusions)[batch.conclusions]
        tally.hosts.add(batch.columns["host"], kinds)
    else:
        tally.without_url += len(batch.rows)
    _note_not_open(tally, batch, shard)


class _Counted:
    """Rows by scope and conclusion, while conclusions become more."""

    def __init__(self, scopes: int) -> None:
        self._samples = np.zeros((scopes, 8), np.int64)

    def add(self, batch: ReviewedBatch, conclusions: int) -> None:
        self._grow(conclusions)
        width = self._samples.shape[1]
        self._samples[0] += np.bincount(batch.conclusions, minlength=width)
        if batch.matches is not None:
            place, concept = batch.matches
            np.add.at(self._samples, (concept + 1, batch.conclusions[place]), 1)

    def _grow(self, wanted: int) -> None:
        missing = wanted - self._samples.shape[1]
        if missing > 0:
            more = max(missing, self._samples.shape[1])
            self._samples = np.pad(self._samples, ((0, 0), (0, more)))

    def samples(self, conclusions: int) -> IntArray:
        self._grow(conclusions)
        return self._samples[:, :conclusions]


def _add_urls(urls: Sequence[UrlsByGroup], batch: ReviewedBatch) -> None:
    column = batch.columns["url_hash"]
    there = column.is_valid().to_numpy(zero_copy_only=False)
    hashes = (column.fill_null(0) if column.null_count else column).to_numpy(zero_copy_only=False)
    if column.null_count:
        urls[0].add(hashes[there], batch.conclusions[there])
    else:
        urls[0].add(hashes, batch.conclusions)
    if batch.matches is None:
        return
    places, concepts = batch.matches
    order = np.argsort(concepts, kind="stable")
    places, concepts = places[order], concepts[order]
    first = np.flatnonzero(np.diff(concepts, prepend=-1))
    for start, stop in zip(first, [*first[1:], len(concepts)], strict=True):
        mine = places[start:stop]
        mine = mine[there[mine]]
        urls[1 + int(concepts[start])].add(hashes[mine], batch.conclusions[mine])


def _values(batch: ReviewedBatch) -> pl.DataFrame:
    """Raw values of license and link; what differs besides is added up."""
    said = batch.said
    return pl.DataFrame(
        {
            "license": pl.Series([one.license for one in said.said], dtype=pl.String),
            "license_url": pl.Series([one.license_url for one in said.said], dtype=pl.String),
            "samples": said.rows,
        }
    )


def _note_not_open(tally: ReviewTally, batch: ReviewedBatch, shard: int) -> None:
    missing = NAMED_ROWS - len(tally.not_open)
    if missing <= 0:
        return
    is_not_open = np.array(
        [is_named("not-open", c.concluded.status, c.findings) for c in tally.conclusions], np.bool_
    )
    rows = batch.rows[np.flatnonzero(is_not_open[batch.conclusions])[:missing]]
    tally.not_open += [SampleRef(shard, int(row)) for row in rows]
