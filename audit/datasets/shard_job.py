"""One shard to one part: the pure step that every way of running an ingest shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from audit.captions.folding import FOLDING_VERSION
from audit.datasets.distinct import DistinctSketch
from audit.datasets.files import written_whole
from audit.datasets.manifest import ShardRecord
from audit.datasets.parts import RESERVED, PartShaper, kept_columns, read_part_record, write_part
from audit.datasets.presets import ColumnMapping, unused_columns
from audit.datasets.reading import open_shard
from audit.datasets.sources import SourceFile
from audit.errors import SourceError
from audit.parallel import Add


@dataclass(frozen=True)
class ShardJob:
    """All that is needed to make one part; small, and fit to be sent to another machine."""

    shard: ShardRecord
    mapping: ColumnMapping
    part: Path

    @property
    def identity(self) -> dict[str, Any]:
        """What a finished part must agree with to be the part of this shard."""
        renamed = {
            name: kept
            for name, kept in kept_columns(self.mapping).items()
            if name.lower() in RESERVED
        }
        return {
            # Parts from before these names were reserved have them as they are: of no use.
            **({"renamed": renamed} if renamed else {}),
            "uri": self.shard.uri,
            "size": self.shard.size,
            "fingerprint": self.shard.fingerprint,
            "mapping": self.mapping.to_dict(),
            "folding_version": FOLDING_VERSION,
        }


def finished_part(job: ShardJob) -> ShardRecord | None:
    """The record of the part, if it was made already from the same file in the same way."""
    record = read_part_record(job.part)
    if record is None or record.get("identity") != job.identity:
        return None
    found = ShardRecord.from_dict(record["shard"])
    return replace(found, ordinal=job.shard.ordinal)


def make_part(job: ShardJob, add: Add = lambda rows, bytes_read: None) -> ShardRecord:
    """Read a shard and write its part; ``add`` is told the rows and bytes of every batch.

    Returns the shard's record: done, or failed with the reason if the shard cannot be read.

    Raises
    ------
    StorageError
        If the part cannot be written: that is nothing about this shard, and no shard will fare
        better.
    """
    rows: int | None = None
    try:
        file = SourceFile(job.shard.uri, job.shard.size, job.shard.fingerprint)
        with open_shard(file) as reader:
            rows = reader.rows
            shaper = PartShaper(job.mapping, reader.columns, reader.rows, job.shard.uri)
            sketch = DistinctSketch()
            done = job.shard

            def tables() -> Iterator[pa.Table]:
                share = 0.0
                for batch in reader.batches(shaper.source_columns):
                    table = shaper.shape(batch)
                    if "url_hash" in table.column_names:
                        hashes = table["url_hash"].drop_null().to_numpy()
                        sketch.add(hashes)
                    add(len(batch), (reader.share_read - share) * (job.shard.size or 0))
                    share = reader.share_read
                    yield table

            def record() -> dict[str, Any]:
                nonlocal done
                shaper.stats.rejected_lines = reader.rejected
                done = replace(
                    job.shard,
                    state="done",
                    rows=shaper.stats.rows,
                    error=None,
                    gone=False,
                    absent_roles=shaper.absent_roles,
                    unused_columns=unused_columns(reader.columns, job.mapping),
                    stats=shaper.stats,
                )
                return {
                    "identity": job.identity,
                    "shard": done.to_dict(),
                    "url_sketch": sketch.to_text(),
                }

            with written_whole(job.part) as stream:
                write_part(stream, shaper.schema, tables(), record)
            return done
    except SourceError as error:
        return replace(job.shard, state="failed", rows=rows, error=error.message, stats=None)


def url_sketches(parts: list[Path]) -> Iterator[str]:
    """The sketches of different URLs that parts carry."""
    for part in parts:
        record = read_part_record(part)
        if record:
            yield record["url_sketch"]
