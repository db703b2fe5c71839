"""What `audit show` tells about a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from audit.datasets.dataset import Coverage, Dataset
from audit.datasets.remaining import remaining_distinct_urls, remaining_stats
from audit.datasets.stats import ShardStats
from audit.shown import Shown


@dataclass(frozen=True)
class Overview(Shown):
    """A dataset at a glance."""

    name: str
    folder: str
    sources: tuple[str, ...]
    layout: str  #: name of the preset
    #: part column -> (type, source column it was made from)
    columns: dict[str, tuple[str, str]]
    coverage: Coverage
    stats: ShardStats
    distinct_urls: dict[str, Any] | None
    #: the most frequent values with their samples, and how many different values there are
    hosts: tuple[list[tuple[str | None, int]], int]
    licenses: tuple[list[tuple[str | None, int]], int]
    gone: tuple[str, ...]  #: shards that are no longer at their source

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": "audit.show/1",
            "dataset": self.name,
            "folder": self.folder,
            "sources": list(self.sources),
            "layout": self.layout,
            "columns": [
                {"column": name, "type": type_, "source": source}
                for name, (type_, source) in self.columns.items()
            ],
            "coverage": self.coverage.to_dict(),
            "gone": list(self.gone),
            **self.stats.summary(),
            "distinct_urls": self.distinct_urls,
            "hosts": _as_records("host", self.hosts),
            "licenses": _as_records("license", self.licenses),
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a column of the dataset."""
        return pl.DataFrame(
            [
                {"column": name, "type": type_, "source": source}
                for name, (type_, source) in self.columns.items()
            ],
            schema={"column": pl.String, "type": pl.String, "source": pl.String},
        )


def overview(dataset: Dataset, top: int = 10) -> Overview:
    """Read what a dataset's manifest and columns tell, with the ``top`` hosts and licenses."""
    mapping = dataset.manifest.mapping
    origin = {**mapping.columns, **{name: name for name in mapping.kept}}
    origin |= {"url_hash": mapping.columns.get("url", ""), "host": mapping.columns.get("url", "")}
    origin["caption_probe"] = mapping.columns["caption"]
    return Overview(
        name=dataset.name,
        folder=str(dataset.folder),
        sources=tuple(dataset.manifest.sources),
        layout=mapping.preset,
        columns={
            name: (
                str(type_).removeprefix("large_"),
                origin.get(name, name.removeprefix("source_")),
            )
            for name, type_ in dataset.columns.items()
        },
        coverage=dataset.coverage,
        stats=remaining_stats(dataset),
        distinct_urls=remaining_distinct_urls(dataset),
        hosts=_frequent(dataset, "host", top),
        licenses=_frequent(dataset, "license", top),
        gone=tuple(shard.uri for shard in dataset.manifest.members if shard.gone),
    )


def _frequent(dataset: Dataset, column: str, top: int) -> tuple[list[tuple[str | None, int]], int]:
    if column not in dataset.columns or not dataset.parts:
        return [], 0
    with duckdb.connect(config={"memory_limit": "400MB"}) as engine:
        found = engine.execute(
            f"WITH counted AS (SELECT {column} AS value, count(*) AS samples "
            f"FROM {dataset.remaining_sql(engine)} GROUP BY {column}) "
            "SELECT value, samples, (SELECT count(value) FROM counted) FROM counted "
            f"ORDER BY samples DESC, value LIMIT {int(top)}"
        ).fetchall()
    return [(value, samples) for value, samples, _ in found], found[0][2] if found else 0


def _as_records(what: str, counted: tuple[list[tuple[str | None, int]], int]) -> dict[str, Any]:
    frequent, different = counted
    return {
        "different": different,
        "most_frequent": [{what: value, "samples": samples} for value, samples in frequent],
    }
