"""An ingested dataset: its parts, its columns, and what of its sources they cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from audit.captions.folding import FOLDING_VERSION
from audit.datasets.manifest import Manifest, ShardRecord
from audit.datasets.parts import part_schema
from audit.errors import SourceError


@dataclass(frozen=True)
class Coverage:
    """How much of a dataset's sources every number about it rests on."""

    shards: int
    read_shards: int
    rows: int  #: rows of the shards that were read
    #: Rows of the shards that could not be read; None if nobody knows how many they hold.
    unread_rows: int | None
    #: Lines of text sources that are in no row, because they do not fit the columns.
    rejected_lines: int = 0
    #: (URI, reason) of every shard that was not read.
    unread: tuple[tuple[str, str], ...] = ()

    @property
    def complete(self) -> bool:
        return self.read_shards == self.shards and not self.rejected_lines

    def describe(self) -> str:
        """One sentence for a reader."""
        if self.read_shards < self.shards:
            missed = self.shards - self.read_shards
            were = "was" if missed == 1 else "were"
            return f"{missed:,} of {self.shards:,} shards {were} not read: counts are lower bounds"
        if self.rejected_lines:
            return (
                f"{self.rejected_lines:,} lines did not fit the columns and are in no row: "
                "counts are lower bounds"
            )
        shards = "its one shard" if self.shards == 1 else f"all {self.shards:,} shards"
        return f"{shards}, {self.rows:,} sample{'' if self.rows == 1 else 's'}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "shards": self.shards,
            "read_shards": self.read_shards,
            "rows": self.rows,
            "unread_rows": self.unread_rows,
            "rejected_lines": self.rejected_lines,
            "unread": [{"uri": uri, "reason": reason} for uri, reason in self.unread],
        }


@dataclass(frozen=True)
class Part:
    """The stored rows of one shard; row i of the part is row i of the shard."""

    shard: ShardRecord
    path: Path


class Dataset:
    """A dataset in a home, opened for reading; open as many as you like, anywhere.

    Raises
    ------
    SourceError
        If parts are missing or were folded by another version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = Manifest.read(folder)
        if self.manifest.folding_version != FOLDING_VERSION:
            raise SourceError(
                f"{self.name}: its captions were folded by version "
                f"{self.manifest.folding_version} of the rules; this is version {FOLDING_VERSION}.",
                hint="Run `audit ingest` with its sources again: the parts are made anew.",
            )
        self.parts = [
            Part(shard, folder / "samples" / shard.part_name)
            for shard in self.manifest.shards
            if shard.state == "done"
        ]
        lost = [part for part in self.parts if not part.path.exists()]
        if lost:
            raise SourceError(
                f"{lost[0].path}: this part of {self.name!r} is missing ({len(lost)} in all).",
                hint="Run `audit ingest` with its sources again: only missing parts are made.",
            )

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def coverage(self) -> Coverage:
        unread = [s for s in self.manifest.members if s.state != "done"]
        rows = [shard.rows for shard in unread]
        stats = self.manifest.stats
        return Coverage(
            shards=len(self.manifest.members),
            read_shards=len(self.parts),
            rows=stats.rows,
            unread_rows=None if None in rows else sum(n for n in rows if n is not None),
            rejected_lines=stats.rejected_lines,
            unread=tuple((s.uri, s.error or "not ingested yet") for s in unread),
        )

    @property
    def columns(self) -> dict[str, pa.DataType]:
        """The sample columns and their types; the same in every part."""
        return {field.name: field.type for field in part_schema(self.manifest.mapping)}

    @property
    def rows_by_shard(self) -> dict[int, int]:
        """Shard ordinal -> rows, of the shards that were read."""
        return {part.shard.ordinal: part.shard.rows or 0 for part in self.parts}

    @property
    def paths(self) -> list[str]:
        return [str(part.path) for part in self.parts]

    def sql(self, paths: Sequence[str] | None = None, *, file_row: bool = False) -> str:
        """A DuckDB table expression over the samples.

        >>> Dataset.sql(dataset)                                       # doctest: +SKIP
        "read_parquet(['indexes/demo/samples/00000.parquet'])"
        """
        listed = ", ".join("'" + p.replace("'", "''") + "'" for p in paths or self.paths)
        rows = ", file_row_number = true" if file_row else ""
        return f"read_parquet([{listed}]{rows})"
