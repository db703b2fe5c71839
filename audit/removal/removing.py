"""Removing samples from every number of a dataset, and taking that back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from audit._version import __version__
from audit.captions.folding import FOLDING_VERSION
from audit.concepts import Concept
from audit.counts.by_caption import count_by_caption
from audit.datasets.dataset import Dataset, Part, rows_by_part
from audit.datasets.duckdb_paths import ORDINAL, parquet_sql
from audit.datasets.following import identity_of_captions
from audit.datasets.home import Home
from audit.datasets.remaining import remaining_distinct_urls
from audit.datasets.sample_keys import Keys, Rows, shard_and_row
from audit.datasets.tombstones import (
    COLUMNS,
    Removal,
    SeenShards,
    ShardState,
    Withdrawal,
    read_removals,
    write_removal,
    write_withdrawal,
)
from audit.errors import StorageError, UsageError, did_you_mean
from audit.removal.finding import as_of_now
from audit.removal.found import Found
from audit.removal.wanted import Wanted
from audit.shown import Shown

SCHEMA = "audit.removal/1"

#: A removal that was not carried out.
DRY = ""

_LONGEST = 2000


@dataclass(frozen=True)
class Change:
    """A number before a removal and after it; None if nobody can tell it."""

    what: str
    before: int | None
    after: int | None

    def to_dict(self) -> dict[str, Any]:
        return {"what": self.what, "before": self.before, "after": self.after}


@dataclass(frozen=True)
class RemovalReport(Shown):
    """What a removal, or taking one back, does to the numbers of a dataset.

    Attributes
    ----------
    removal:
        As it is kept with the dataset, or would be.
    found:
        What its samples were found by; None where one is taken back.
    changes:
        Numbers before and after.
    done:
        Whether it was carried out.
    concepts:
        Whose numbers of samples are among the changes.
    state:
        Changes with what had been removed before: see :attr:`RemovedSamples.state`.
    """

    dataset: str
    removal: Removal
    found: Found | None
    changes: tuple[Change, ...]
    done: bool
    concepts: tuple[Concept, ...] = ()
    state: str = ""

    @property
    def newly(self) -> int:
        """By how many samples the dataset shrinks; grows, if negative."""
        before, after = self.changes[0].before, self.changes[0].after
        return (before or 0) - (after or 0)

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "dataset": self.dataset,
            "done": self.done,
            "removal": {**self.removal.to_dict(), "id": self.removal.id or None},
            "newly_removed": self.newly,
            "changes": [change.to_dict() for change in self.changes],
            "found": self.found.to_dict() if self.found is not None else None,
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a number."""
        return pl.DataFrame(
            [change.to_dict() for change in self.changes],
            schema={"what": pl.String, "before": pl.Int64, "after": pl.Int64},
        )


def plan_removal(
    dataset: Dataset, wanted: Wanted, found: Found, reason: str, who: str
) -> RemovalReport:
    """What removing all that was found would do; nothing is written.

    Raises
    ------
    UsageError
        If no reason is given.
    """
    removal = _removal(dataset, found.keys, _checked_reason(reason), who, wanted.to_dict())
    after = Dataset(dataset.folder, further=[removal])
    concepts = wanted.concepts
    return RemovalReport(
        dataset.name,
        removal,
        found,
        _changes(dataset, after, concepts),
        done=False,
        concepts=concepts,
        state=dataset.removed.state,
    )


def carry_out(
    home: Home, plan: RemovalReport, on_wait: Callable[[], None] = lambda: None
) -> RemovalReport:
    """Write a planned removal.

    ``on_wait`` is called if another process is changing the dataset.

    Raises
    ------
    UsageError
        If nothing was found that could be removed.
    StorageError
        If the dataset has changed since it was planned, or cannot be written. Nothing is removed
        then.
    """
    if not plan.removal.samples:
        raise UsageError("Nothing was found, so there is nothing to remove.")
    with home.locked(plan.dataset, on_wait=on_wait):
        now = home.open(plan.dataset)
        if _seen(now) != plan.removal.looked_at:
            raise StorageError(
                f"{plan.dataset}: was ingested anew in the meantime, so that rows may be others.",
                hint="Run the same command again.",
            )
        if now.removed.state != plan.state:
            # Others removed samples, or took some back, since it was planned.
            after = Dataset(now.folder, further=[plan.removal])
            plan = replace(
                plan,
                found=None if plan.found is None else as_of_now(now, plan.found),
                changes=_changes(now, after, plan.concepts),
                state=now.removed.state,
            )
        removal = write_removal(now.folder, plan.removal)
    return replace(plan, removal=removal, done=True)


def take_back(
    dataset: Dataset,
    home: Home,
    removal_id: str,
    reason: str,
    who: str,
    on_wait: Callable[[], None] = lambda: None,
) -> RemovalReport:
    """Take a removal back: its samples count again, unless another removal took them too.

    The removal stays on record.

    Raises
    ------
    UsageError
        If there is no such removal, it was taken back already, or no reason is given.
    StorageError
        If the dataset cannot be written.
    """
    reason = _checked_reason(reason)
    with home.locked(dataset.name, on_wait=on_wait):
        before = home.open(dataset.name)
        removal = find_removal(before, removal_id)
        if removal.withdrawn is not None:
            when = removal.withdrawn.when[:10]
            raise UsageError(f"Removal {removal.id} was taken back already, on {when}.")
        withdrawal = Withdrawal(who, _now(), reason, __version__)
        removal = write_withdrawal(before.folder, removal, withdrawal)
        after = home.open(dataset.name)
    return RemovalReport(dataset.name, removal, None, _changes(before, after, ()), done=True)


def find_removal(dataset: Dataset, removal_id: str) -> Removal:
    """A removal by its number, with or without the zeros before it.

    Raises
    ------
    UsageError
        If there is none of that number.
    """
    removals = {removal.id: removal for removal in read_removals(dataset.folder)}
    name = removal_id.strip().zfill(4)
    if name not in removals:
        near = did_you_mean(name, removals)
        raise UsageError(
            f"{dataset.name!r} has no removal {removal_id!r}.",
            hint=f"{near + ' ' if near else ''}Removals: {', '.join(removals) or 'none'}.",
        )
    return removals[name]


def _checked_reason(reason: str) -> str:
    text = " ".join(reason.split())
    if not text:
        raise UsageError(
            "No reason is given.",
            hint='Say who asked for it and why: --reason "request of the artist, 3 May".',
        )
    if len(text) > _LONGEST:
        raise UsageError(f"The reason is longer than {_LONGEST:,} characters.")
    return text


def _removal(
    dataset: Dataset, keys: Keys, reason: str, who: str, selector: dict[str, Any]
) -> Removal:
    shard, row = shard_and_row(keys)
    # Keys are sorted, and with them shards.
    touched, first = np.unique(shard, return_index=True)
    rows = dict(zip(touched.tolist(), np.split(row, first[1:]), strict=True)) if len(row) else {}
    parts = {part.shard.ordinal: part for part in dataset.parts if part.shard.ordinal in rows}
    return Removal(
        id=DRY,
        reason=reason,
        who=" ".join(who.split()) or "unknown",
        when=_now(),
        selector=selector,
        shards=tuple(ShardState.of(parts[ordinal].shard) for ordinal in rows),
        looked_at=_seen(dataset),
        folding_version=FOLDING_VERSION,
        tool_version=__version__,
        table=_tombstones(dataset, list(parts.values()), rows),
    )


def _tombstones(dataset: Dataset, parts: Sequence[Part], rows: Mapping[int, Rows]) -> pa.Table:
    """What rows of parts, by the ordinal of their shard, are found again by."""
    if not parts:
        return COLUMNS.empty_table()
    url_hash = "url_hash" if "url_hash" in dataset.columns else "NULL::UBIGINT"
    source = parquet_sql((part.path for part in parts), file_row=True, file=True)
    with duckdb.connect(config={"memory_limit": "400MB"}) as engine:
        engine.register("wanted", rows_by_part(rows))
        return (
            engine.sql(
                f"SELECT shard, row, {url_hash} AS url_hash, "
                f"{identity_of_captions('caption')} AS caption_hash FROM {source} AS p "
                f"JOIN wanted ON p.file_row_number = wanted.row AND {ORDINAL} = wanted.shard "
                "ORDER BY shard, row"
            )
            .to_arrow_table()
            .cast(COLUMNS)
        )


def _seen(dataset: Dataset) -> SeenShards:
    return SeenShards.of(part.shard for part in dataset.parts)


def _changes(before: Dataset, after: Dataset, concepts: Sequence[Concept]) -> tuple[Change, ...]:
    changes = [Change("samples", before.coverage.samples, after.coverage.samples)]
    urls = [remaining_distinct_urls(dataset) for dataset in (before, after)]
    if urls[0] is not None and urls[1] is not None:
        changes.append(Change("distinct URLs", urls[0]["value"], urls[1]["value"]))
    if concepts:
        counts = [count_by_caption(dataset, concepts).counts for dataset in (before, after)]
        changes += [
            Change(f"samples that name {one.name!r}", one.samples, other.samples)
            for one, other in zip(*counts, strict=True)
        ]
    return tuple(changes)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
