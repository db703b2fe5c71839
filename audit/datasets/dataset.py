"""An ingested dataset: its parts, its columns, and what of its sources they cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.captions.folding import FOLDING_VERSION
from audit.datasets.duckdb_paths import FILE, ORDINAL, parquet_sql
from audit.datasets.manifest import Manifest, ShardRecord
from audit.datasets.parts import part_schema
from audit.datasets.removed import RemovedSamples, kept_among, kept_in_range
from audit.datasets.sample_keys import NO_ROWS, Rows
from audit.datasets.tombstones import Removal
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
    #: Of ``rows``, those that were removed on request: they are in no number.
    removed: int = 0
    removals: tuple[str, ...] = ()  #: which removals these are
    #: What may have escaped the removals, a clause each.
    removal_remarks: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """Samples that numbers are taken over: all that were read and not removed."""
        return self.rows - self.removed

    @property
    def complete(self) -> bool:
        return self.read_shards == self.shards and not self.rejected_lines

    def describe(self) -> str:
        """One sentence for a reader."""
        return "; ".join((self._describe_reading(), *self.removal_remarks))

    def _describe_reading(self) -> str:
        removed = f"; {self.removed:,} removed on request" if self.removed else ""
        if self.read_shards < self.shards:
            missed = self.shards - self.read_shards
            were = "was" if missed == 1 else "were"
            unread = f"{missed:,} of {self.shards:,} shards {were} not read"
            return f"{unread}: counts are lower bounds{removed}"
        if self.rejected_lines:
            return (
                f"{self.rejected_lines:,} lines did not fit the columns and are in no row: "
                f"counts are lower bounds{removed}"
            )
        shards = "its one shard" if self.shards == 1 else f"all {self.shards:,} shards"
        return f"{shards}, {self.samples:,} sample{'' if self.samples == 1 else 's'}{removed}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "shards": self.shards,
            "read_shards": self.read_shards,
            "rows": self.rows,
            "unread_rows": self.unread_rows,
            "removed": self.removed,
            "samples": self.samples,
            "removals": list(self.removals),
            "removal_remarks": list(self.removal_remarks),
            "rejected_lines": self.rejected_lines,
            "unread": [{"uri": uri, "reason": reason} for uri, reason in self.unread],
        }


@dataclass(frozen=True)
class Part:
    """The stored rows of one shard; row i of the part is row i of the shard.

    Whoever reads a part leaves out its ``removed`` rows: samples that were removed on request.
    """

    shard: ShardRecord
    path: Path
    removed: Rows = field(default_factory=lambda: NO_ROWS, compare=False, repr=False)  #: sorted

    @property
    def samples(self) -> int:
        """Rows that were not removed."""
        return (self.shard.rows or 0) - len(self.removed)

    def kept(self, start: int, length: int) -> NDArray[np.bool_] | None:
        """Which of the rows from ``start`` on stay, shape (length,); None if all of them do."""
        return kept_in_range(self.removed, start, length)

    def kept_among(self, rows: Rows) -> NDArray[np.bool_] | None:
        """Which of ``rows``, in any order, stay; None if nothing of the part was removed."""
        return kept_among(self.removed, rows)


class Dataset:
    """A dataset in a home, opened for reading; open as many as you like, anywhere.

    It is the dataset as it was when it was opened: open it again to see what was ingested or
    removed since.

    Parameters
    ----------
    further:
        Removals that are not written: the dataset as it would be with them.

    Raises
    ------
    SourceError
        If parts are missing or were folded by another version, or if it cannot be told which
        samples were removed.
    """

    def __init__(self, folder: Path, further: Sequence[Removal] = ()) -> None:
        self.folder = folder
        self.manifest = Manifest.read(folder)
        if self.manifest.folding_version != FOLDING_VERSION:
            raise SourceError(
                f"{self.name}: its captions were folded by version "
                f"{self.manifest.folding_version} of the rules; this is version {FOLDING_VERSION}.",
                hint="Run `audit ingest` with its sources again: the parts are made anew.",
            )
        read = [
            (shard, folder / "samples" / shard.part_name)
            for shard in self.manifest.shards
            if shard.state == "done"
        ]
        lost = [path for _, path in read if not path.exists()]
        if lost:
            raise SourceError(
                f"{lost[0]}: this part of {self.name!r} is missing ({len(lost)} in all).",
                hint="Run `audit ingest` with its sources again: only missing parts are made.",
            )
        #: Samples that were removed on request.
        self.removed = RemovedSamples.of(folder, read, further)
        self.parts = [Part(shard, path, self.removed.rows(shard.ordinal)) for shard, path in read]

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
            removed=len(self.removed),
            removals=tuple(removal.id for removal in self.removed.in_force),
            removal_remarks=self.removed.remarks,
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
        """A DuckDB table expression over all rows, the removed ones too.

        >>> Dataset.sql(dataset)                                       # doctest: +SKIP
        "read_parquet(['indexes/demo/samples/00000.parquet'], hive_partitioning = false)"

        Raises
        ------
        ValueError
            If ``paths`` is empty, or the dataset has no parts.
        """
        return parquet_sql(self.paths if paths is None else paths, file_row=file_row)

    def remaining_sql(self, engine: duckdb.DuckDBPyConnection) -> str:
        """A DuckDB table expression over the samples that were not removed.

        Parameters
        ----------
        engine:
            What will run it; it is told the removed rows, as a table.
        """
        if not self.parts:
            return self._no_rows(engine)
        touched = [part for part in self.parts if len(part.removed)]
        if not touched:
            return self.sql()
        left = f"SELECT * FROM {self._removed_or_not(engine, touched, 'ANTI')}"
        # Parts that nothing was removed of are read as if nothing was removed at all.
        whole = [str(part.path) for part in self.parts if not len(part.removed)]
        return f"(SELECT * FROM {self.sql(whole)} UNION ALL {left})" if whole else f"({left})"

    def removed_sql(self, engine: duckdb.DuckDBPyConnection) -> str:
        """A DuckDB table expression over the removed samples; see `remaining_sql`."""
        touched = [part for part in self.parts if len(part.removed)]
        return self._removed_or_not(engine, touched, "SEMI") if touched else self._no_rows(engine)

    def _removed_or_not(
        self, engine: duckdb.DuckDBPyConnection, touched: Sequence[Part], join: str
    ) -> str:
        """All parts in one scan: of a query for each, a thousand need more memory than there is."""
        table = f"removed_of_{self.name}_{self.removed.state}"
        engine.register(table, rows_by_part({p.shard.ordinal: p.removed for p in touched}))
        parts = parquet_sql((part.path for part in touched), file_row=True, file=True)
        return (
            f"(SELECT * EXCLUDE (file_row_number, {FILE}) FROM {parts} AS p {join} JOIN "
            f'"{table}" AS gone ON p.file_row_number = gone.row AND {ORDINAL} = gone.shard)'
        )

    def _no_rows(self, engine: duckdb.DuckDBPyConnection) -> str:
        engine.register("no_rows", part_schema(self.manifest.mapping).empty_table())
        return "no_rows"


def rows_by_part(rows: Mapping[int, Rows]) -> pa.Table:
    """Rows of parts, by the ordinal of their shard, as the columns ``shard`` and ``row``."""
    each = [len(some) for some in rows.values()]
    return pa.table(
        {
            "shard": np.repeat(np.fromiter(rows, np.int32, len(rows)), each),
            "row": np.concatenate([NO_ROWS, *rows.values()]),
        }
    )
