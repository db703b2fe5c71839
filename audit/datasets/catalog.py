"""The datasets of a home, listed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from audit.datasets import tombstones
from audit.datasets.home import Home
from audit.datasets.manifest import Manifest
from audit.errors import AuditError
from audit.shown import Shown


@dataclass(frozen=True)
class Entry:
    """One line of the list. ``problem`` says why a dataset cannot be read, if so."""

    name: str
    rows: int = 0
    shards: int = 0
    read_shards: int = 0
    layout: str = ""
    updated: str = ""
    problem: str | None = None


@dataclass(frozen=True)
class Catalog(Shown):
    """All datasets of a home."""

    home: str
    entries: tuple[Entry, ...]

    def to_dict(self) -> dict[str, Any]:
        entries = [asdict(entry) for entry in self.entries]
        return {"schema": "audit.datasets/1", "home": self.home, "datasets": entries}

    def to_polars(self) -> pl.DataFrame:
        schema = {
            "name": pl.String,
            "rows": pl.Int64,
            "shards": pl.Int64,
            "read_shards": pl.Int64,
            "layout": pl.String,
            "updated": pl.String,
            "problem": pl.String,
        }
        return pl.DataFrame([asdict(entry) for entry in self.entries], schema=schema)


def catalog(home: Home) -> Catalog:
    """List the datasets of a home; damaged ones are listed with their problem."""
    return Catalog(str(home.path), tuple(_entry(home, name) for name in home.names()))


def _entry(home: Home, name: str) -> Entry:
    try:
        manifest = Manifest.read(home.folder(name))
        rows = manifest.stats.rows
        if (home.folder(name) / tombstones.FOLDER).exists():
            rows = home.open(name).coverage.samples
    except AuditError as error:
        return Entry(name, problem=error.message)
    return Entry(
        name,
        rows=rows,
        shards=len(manifest.members),
        read_shards=sum(shard.state == "done" for shard in manifest.shards),
        layout=manifest.mapping.preset,
        updated=manifest.updated,
    )
