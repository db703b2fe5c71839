"""Ingest: shards in, a dataset out; interrupted at any time and resumed by running it again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from audit.datasets.dataset import Coverage, Dataset
from audit.datasets.distinct import distinct_urls
from audit.datasets.home import Home
from audit.datasets.manifest import Manifest, ShardRecord
from audit.datasets.planning import IngestPlan, plan_ingest
from audit.datasets.remaining import remaining_distinct_urls, remaining_stats
from audit.datasets.shard_job import make_part, url_sketches
from audit.datasets.stats import ShardStats
from audit.parallel import processors, run_jobs
from audit.shown import Shown

#: Below this many bytes to read, starting worker processes costs more than it gains.
_POOL_BYTES = 64 << 20
_MANIFEST_SECONDS = 2.0


@dataclass(frozen=True)
class Progress:
    """How far an ingest is."""

    rows: int
    bytes: float
    total_bytes: int
    shards: int
    total_shards: int
    seconds: float

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds if self.seconds else 0.0

    @property
    def share(self) -> float | None:
        return min(self.bytes / self.total_bytes, 1.0) if self.total_bytes else None

    @property
    def seconds_left(self) -> float | None:
        if not self.bytes:
            return None
        return self.seconds * (self.total_bytes - self.bytes) / self.bytes


@dataclass(frozen=True)
class IngestListener:
    """What wants to hear of an ingest while it runs; the functions must return quickly."""

    on_wait: Callable[[], None] = lambda: None
    on_plan: Callable[[IngestPlan], None] = lambda plan: None
    on_progress: Callable[[Progress], None] = lambda progress: None


@dataclass(frozen=True)
class IngestReport(Shown):
    """The outcome of an ingest, and the state of the dataset after it."""

    dataset: str
    folder: Path
    plan: IngestPlan
    rows_read: int  #: this time
    seconds: float
    coverage: Coverage
    stats: ShardStats
    distinct_urls: dict[str, Any] | None
    #: (URI, reason) of the shards that were tried this time and could not be read
    failures: list[tuple[str, str]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": "audit.ingest/1",
            **self.plan.to_dict(),
            "dataset_license": self.plan.manifest.dataset_license,
            "rows_read": self.rows_read,
            "seconds": round(self.seconds, 3),
            "coverage": self.coverage.to_dict(),
            **self.stats.summary(),
            "distinct_urls": self.distinct_urls,
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a shard of the dataset."""
        rows = [
            {
                "shard": shard.ordinal,
                "uri": shard.uri,
                "state": shard.state,
                "rows": shard.rows,
                "size": shard.size,
                "error": shard.error,
            }
            for shard in self.plan.manifest.shards
        ]
        schema = {
            "shard": pl.Int64,
            "uri": pl.String,
            "state": pl.String,
            "rows": pl.Int64,
            "size": pl.Int64,
            "error": pl.String,
        }
        return pl.DataFrame(rows, schema=schema)


def ingest(
    sources: Sequence[str],
    name: str,
    *,
    home: Home | None = None,
    columns: Mapping[str, str] | None = None,
    keep: Sequence[str] = (),
    add: bool = False,
    dataset_license: str | None = None,
    workers: int | None = None,
    listener: IngestListener | None = None,
) -> IngestReport:
    """Ingest shards into a dataset; again for what is new, changed or was not finished.

    Parameters
    ----------
    sources:
        Paths, globs, folders, fsspec URIs.
    columns:
        Role -> source column, where the layout is not one that is known.
    keep:
        Further source columns to copy, for use in conditions.
    add:
        Let an existing dataset grow by sources that have nothing in common with it.
    dataset_license:
        What the dataset says of its own license, such as its card does. It is never taken for the
        license of its images. None leaves what was said before.
    workers:
        Processes; by default as many as there are processors and shards. One shard is read by
        one process.

    Raises
    ------
    SourceError, ColumnError
        If nothing of the sources can be read; single unreadable shards are in the report.
    DatasetExistsError
        If the name is taken by a dataset of other sources.
    StorageError
        If the home cannot be written.
    """
    home = home or Home()
    listener = listener or IngestListener()
    started = time.monotonic()
    with home.locked(name, on_wait=listener.on_wait):
        plan = plan_ingest(home.folder(name), name, sources, columns=columns, keep=keep, add=add)
        if dataset_license is not None:
            plan.manifest.dataset_license = dataset_license.strip() or None
        listener.on_plan(plan)
        made = _run(plan, workers, listener)
        _count_distinct_urls(plan)
        plan.manifest.write(plan.folder)
    dataset = Dataset(plan.folder)
    return IngestReport(
        dataset=name,
        folder=plan.folder,
        plan=plan,
        rows_read=sum(shard.rows or 0 for shard in made if shard.state == "done"),
        seconds=time.monotonic() - started,
        coverage=dataset.coverage,
        stats=remaining_stats(dataset),
        distinct_urls=remaining_distinct_urls(dataset),
        failures=[(s.uri, s.error or "") for s in made if s.state == "failed"],
    )


def _run(plan: IngestPlan, workers: int | None, listener: IngestListener) -> list[ShardRecord]:
    """Make the missing parts; whatever stops it, what is finished is in the manifest."""
    made: list[ShardRecord] = []
    written = started = time.monotonic()
    plan.manifest.write(plan.folder)
    if workers is None:
        small = plan.bytes_to_read < _POOL_BYTES
        workers = 1 if small else min(processors(), len(plan.to_read))

    total_bytes, total_shards = plan.bytes_to_read, len(plan.to_read)

    def tell(rows: int, read: float, shards: int) -> None:
        seconds = time.monotonic() - started
        listener.on_progress(Progress(rows, read, total_bytes, shards, total_shards, seconds))

    try:
        for record in run_jobs(make_part, plan.to_read, workers, tell):
            made.append(record)
            plan.manifest.shards[record.ordinal] = record
            if time.monotonic() - written > _MANIFEST_SECONDS:
                plan.manifest.write(plan.folder)
                written = time.monotonic()
    finally:
        plan.manifest.write(plan.folder)
    return made


def _count_distinct_urls(plan: IngestPlan) -> None:
    manifest: Manifest = plan.manifest
    if "url" not in manifest.mapping.columns:
        return
    if not plan.to_read and manifest.distinct_urls is not None:
        return
    parts = [plan.folder / "samples" / s.part_name for s in manifest.shards if s.state == "done"]
    rows = manifest.stats.rows
    counted = distinct_urls(map(str, parts), rows, url_sketches(parts))
    manifest.distinct_urls = counted.to_dict()
