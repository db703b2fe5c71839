"""Single rows of a review: from what a row says to what follows, with its caption and address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import polars as pl

from audit.datasets.dataset import Dataset, Part
from audit.datasets.lookup import SampleRef, look_up
from audit.reviews.conclusions import Conclusion
from audit.reviews.findings import is_named
from audit.reviews.reading import RIGHTS_COLUMNS, Concluder
from audit.reviews.tally import ReviewQuestion, reviewed_batches

#: Columns of a part that help to find out more.
_EVIDENCE = ("host", "page_url")
_TOGETHER = 10_000


@dataclass(frozen=True)
class ReviewedRow:
    """One row: where it is, what it says, and what was concluded.

    Attributes
    ----------
    shard, row:
        Ordinal and URI of the shard, and the row in it, from 0.
    caption, url:
        As the source has them, if it is at hand; else the folded caption, and no URL.
    """

    shard: int
    source: str
    row: int
    url: str | None
    caption: str | None
    host: str | None
    page_url: str | None
    license: str | None
    license_url: str | None
    rights_holder: str | None
    license_end: str | None
    declared: str
    concluded: str
    status: str
    rule: str
    reason: str
    findings: tuple[str, ...]

    SCHEMA: ClassVar[dict[str, Any]] = {
        "shard": pl.Int64, "source": pl.String, "row": pl.Int64, "url": pl.String,
        "caption": pl.String, "host": pl.String, "page_url": pl.String, "license": pl.String,
        "license_url": pl.String, "rights_holder": pl.String, "license_end": pl.String,
        "declared": pl.String, "concluded": pl.String, "status": pl.String, "rule": pl.String,
        "reason": pl.String, "findings": pl.String,
    }  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "findings": list(self.findings)}

    def to_record(self) -> dict[str, Any]:
        """As a row of :data:`SCHEMA`, which CSV can hold."""
        return {**vars(self), "findings": " ".join(self.findings)}


def rows_named(
    question: ReviewQuestion, name: str, limit: int | None = None
) -> Iterator[ReviewedRow]:
    """The rows with a status or finding, in their order, with captions and URLs.

    Parameters
    ----------
    name:
        One of :data:`audit.reviews.findings.NAMES`.
    limit:
        Rows to stop after; None for all.
    """
    waiting: list[ReviewedRow] = []
    left = limit
    for part in question.dataset.parts:
        for row in _rows_of_part(question, part, name, left):
            waiting.append(row)
            if len(waiting) >= _TOGETHER:
                yield from with_captions(question.dataset, waiting)
                waiting = []
            if left is not None:
                left -= 1
        if left == 0:
            break
    yield from with_captions(question.dataset, waiting)


def rows_at(question: ReviewQuestion, refs: Sequence[SampleRef]) -> list[ReviewedRow]:
    """Single rows."""
    wanted = set(refs)
    found = []
    for part in question.dataset.parts:
        mine = {row for shard, row in wanted if shard == part.shard.ordinal}
        if mine:
            found += list(_rows_of_part(question, part, None, len(mine), mine))
    return list(with_captions(question.dataset, found))


def with_captions(dataset: Dataset, rows: Sequence[ReviewedRow]) -> Iterator[ReviewedRow]:
    """The rows with caption and URL, where the source is at hand."""
    if not rows:
        return
    found = look_up(dataset, [SampleRef(row.shard, row.row) for row in rows])
    for row in rows:
        sample = found[SampleRef(row.shard, row.row)]
        yield replace(row, caption=sample.caption, url=sample.url)


def _rows_of_part(
    question: ReviewQuestion,
    part: Part,
    name: str | None,
    limit: int | None,
    only: set[int] | None = None,
) -> Iterator[ReviewedRow]:
    concluder = Concluder(question.reasoner)
    conclude = lru_cache(_TOGETHER)(question.reasoner.conclude)
    evidence = [column for column in _EVIDENCE if column in question.dataset.columns]
    left = limit
    for batch in reviewed_batches(question, part, concluder, evidence):
        if left == 0:
            return
        wanted = np.array(
            [
                name is None or is_named(name, one.concluded.status, one.findings)
                for one in concluder.conclusions
            ],
            np.bool_,
        )
        here = np.flatnonzero(wanted[batch.conclusions])
        if only is not None:
            here = here[np.isin(batch.rows[here], list(only))]
        if left is not None:
            here = here[:left]
            left -= len(here)
        picked = {column: values.take(here) for column, values in batch.columns.items()}
        told = {
            column: picked[column].to_pylist() if column in picked else [None] * len(here)
            for column in (*RIGHTS_COLUMNS, *_EVIDENCE)
        }
        for place, index in enumerate(here.tolist()):
            says = {column: values[place] for column, values in told.items()}
            # Conclusions that differ in their reason alone are counted as one.
            said = batch.said.said[int(batch.said.numbers[index])]
            yield _row(part, int(batch.rows[index]), says, conclude(said))


def _row(part: Part, row: int, says: dict[str, Any], conclusion: Conclusion) -> ReviewedRow:
    return ReviewedRow(
        shard=part.shard.ordinal,
        source=part.shard.uri,
        row=row,
        url=None,
        caption=None,
        declared=conclusion.declared.id,
        concluded=conclusion.concluded.id,
        status=conclusion.concluded.status,
        rule=conclusion.rule,
        reason=conclusion.reason,
        findings=conclusion.findings,
        **says,
    )
