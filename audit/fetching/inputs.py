"""From chosen samples to img2dataset's inputs: URLs read at the source, in blocks of one size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from audit.datasets.dataset import Dataset, Part
from audit.datasets.files import written_whole
from audit.datasets.parts import BLANK_URL, readable
from audit.datasets.reading import ShardReader, open_shard
from audit.datasets.sources import SourceFile
from audit.errors import SourceError
from audit.fetching.selection import IntArray

#: Up to so many rows of a shard are looked for; for more, the shard is read from its beginning.
_FEW_ROWS = 4096

INPUT_SCHEMA = pa.schema(
    {
        "audit_shard": pa.int32(),
        "audit_row": pa.int64(),
        "caption": pa.large_string(),
        "url": pa.large_string(),
    }
)

_INTACT = f"""
    SELECT audit_shard, audit_row, caption,
        CASE WHEN url_hash IS NULL THEN '' ELSE url END AS url
    FROM batch
    WHERE CASE WHEN url IS NULL OR regexp_matches(url, '{BLANK_URL}') AND url_hash IS NULL
               THEN url_hash IS NULL
          ELSE url_hash IS NOT NULL
               AND substr(md5(url), 1, 16) = lpad(lower(to_hex(url_hash)), 16, '0') END
    ORDER BY audit_row
"""


@dataclass(frozen=True)
class SourceRows:
    """Some chosen samples of one shard, as the source has them."""

    table: pa.Table  #: audit_shard, audit_row, caption, url; ascending by row
    #: Samples among the looked up whose URL is not the ingested one any more; not in the table.
    changed: int
    last_row: int


def read_samples(dataset: Dataset, part: Part, rows: IntArray) -> Iterator[SourceRows]:
    """Read ``rows`` (n,), ascending, of a part at its source.

    Raises
    ------
    SourceError
        If the shard is gone, unreachable, damaged, or has no URLs any more.
    """
    roles = dataset.manifest.mapping.columns
    hashes = pl.read_parquet(part.path, columns=["url_hash"], glob=False)["url_hash"].gather(rows)
    file = SourceFile(part.shard.uri, part.shard.size, part.shard.fingerprint)
    engine = duckdb.connect(config={"threads": 1})
    with open_shard(file) as reader:
        columns = [roles[role] for role in ("caption", "url")]
        lacking = [name for name in columns if name not in reader.columns]
        if lacking:
            raise SourceError(
                f"{part.shard.uri}: the column {lacking[0]!r} is missing.",
                hint="The shard is not what was ingested. Restore it, or ingest again.",
            )
        seen = 0
        for start, batch in _batches(reader, rows, columns):
            stop = int(np.searchsorted(rows, start + len(batch)))
            if stop <= seen:
                continue
            here = rows[seen:stop]
            picked = batch.take(pa.array(here - start))
            caption, url = (readable(picked.column(name))[0] for name in columns)
            looked_up = pa.table(
                {
                    "audit_shard": pa.array(np.full(len(here), part.shard.ordinal), pa.int32()),
                    "audit_row": pa.array(here, pa.int64()),
                    "caption": caption.cast(pa.large_string()),
                    "url": url.cast(pa.large_string()),
                    "url_hash": hashes[seen:stop].to_arrow(),
                }
            )
            engine.register("batch", looked_up)
            table = engine.sql(_INTACT).to_arrow_table().cast(INPUT_SCHEMA)
            engine.unregister("batch")
            seen = stop
            yield SourceRows(table, len(here) - len(table), int(here[-1]))
    if seen < len(rows):
        none = INPUT_SCHEMA.empty_table()
        yield SourceRows(none, len(rows) - seen, int(rows[-1]))


def _batches(
    reader: ShardReader, rows: IntArray, columns: list[str]
) -> Iterator[tuple[int, pa.RecordBatch]]:
    if len(rows) <= _FEW_ROWS:
        yield from reader.batches_with(rows.tolist(), columns)
        return
    start = 0
    for batch in reader.batches(columns):
        yield start, batch
        start += len(batch)
        if start > rows[-1]:
            return


@dataclass
class PlannedBlock:
    """Samples for one output shard, and how far through the dataset they reach."""

    table: pa.Table
    #: Ordinal of a shard -> last of its rows that is in this block or was before it.
    reached: dict[int, int] = field(default_factory=dict)
    finished: list[int] = field(default_factory=list)  #: ordinals of shards that are all planned
    changed: int = 0


class BlockBuilder:
    """Cuts the samples of many shards into blocks of one size, and keeps the accounts straight.

    What a block says was reached is in that block or in earlier ones, never in later ones: who
    writes down block and account together can stop after any of them.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._tables: list[pa.Table] = []
        self._taken = 0  #: samples so far
        self._given = 0  #: of these, in blocks already
        #: (samples taken by then, ordinal, last row or None for all of them, changed)
        self._marks: list[tuple[int, int, int | None, int]] = []

    def add(self, ordinal: int, rows: SourceRows) -> Iterator[PlannedBlock]:
        """Take some samples; yields the blocks that are full."""
        self._tables.append(rows.table)
        self._taken += len(rows.table)
        self._marks.append((self._taken, ordinal, rows.last_row, rows.changed))
        while self._taken - self._given >= self._size:
            yield self._block(self._size)

    def finish(self, ordinal: int) -> None:
        """A shard has no more samples."""
        self._marks.append((self._taken, ordinal, None, 0))

    def rest(self) -> PlannedBlock:
        """The last block; it may be empty, and have something to account for all the same."""
        return self._block(self._taken - self._given)

    def _block(self, size: int) -> PlannedBlock:
        waiting = pa.concat_tables([INPUT_SCHEMA.empty_table(), *self._tables])
        block = PlannedBlock(waiting.slice(0, size))
        self._tables = [waiting.slice(size)]
        self._given += size
        if size:
            last = block.table.slice(size - 1)
            block.reached[last["audit_shard"][0].as_py()] = last["audit_row"][0].as_py()
        while self._marks and self._marks[0][0] <= self._given:
            _, ordinal, row, changed = self._marks.pop(0)
            block.changed += changed
            if row is None:
                block.finished.append(ordinal)
            else:
                block.reached[ordinal] = max(row, block.reached.get(ordinal, row))
        return block


def write_input(folder: Path, shard: int, table: pa.Table) -> Path:
    """Write one input of the downloading process, as img2dataset's downloader reads it."""
    path = folder / f"{shard:05d}.arrow"
    with written_whole(path) as stream, pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    return path
