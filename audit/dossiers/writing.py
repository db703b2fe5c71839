"""Putting the rows of all parts together, by concept, and adding up what they say."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from audit.counts.visual_results import VisualResult
from audit.datasets.dataset import Dataset
from audit.datasets.duckdb_paths import parquet_sql, quoted_path
from audit.datasets.files import storage_errors
from audit.dossiers.evidence import IMAGES
from audit.dossiers.kept_rows import RowPieces
from audit.errors import StorageError
from audit.optouts.by_row import USE_COLUMNS, answers_by_row
from audit.parallel import processors

_MEMORY = "1GB"
_GROUP_ROWS = 1 << 17
_NO_ANSWERS = {"has_signal": "false", **dict.fromkeys(USE_COLUMNS.values(), "'unknown'")}


@contextlib.contextmanager
def evidence_engine(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine of bounded memory; what it cannot write is an error that says what to do.

    Raises
    ------
    StorageError
        If the disk is full, or a folder cannot be written.
    """
    config = {
        "memory_limit": _MEMORY,
        "temp_directory": str(scratch / "spilled"),
        "threads": processors(),
    }
    with duckdb.connect(config=config) as engine:  # type: ignore[arg-type]
        try:
            yield engine
        except duckdb.IOException as error:
            raise StorageError(
                f"{scratch}: evidence cannot be written ({str(error).splitlines()[0]}).",
                hint="Free some space, or write the report elsewhere, and run the command again.",
            ) from error


def write_answers(dataset: Dataset, pieces: RowPieces, folder: Path) -> list[Path]:
    """What opt-out signals say of the rows that were kept; a file for each part."""
    folder.mkdir()
    written = []
    for part, table in answers_by_row(dataset, pieces.rows):
        path = folder / part.shard.part_name
        shard = pa.array(np.full(len(table), part.shard.ordinal, np.int32))
        pq.write_table(table.add_column(0, "shard_number", shard), path)
        written.append(path)
    return written


def write_rows(
    engine: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    pieces: RowPieces,
    answers: Sequence[Path],
    names: Sequence[str] | None,
    path: Path,
) -> int:
    """Put the pieces of all parts into one file, sorted by concept and sample; how many rows.

    Parameters
    ----------
    answers:
        Files of :func:`write_answers`; none if no signals were kept: all is unknown then.
    names:
        Of the concepts, by number; None if the rows are of none.
    """
    files = [pieces.path(part) for part in dataset.parts]
    engine.register(
        "shards",
        pa.table(
            {
                "shard_number": pa.array([p.shard.ordinal for p in dataset.parts], pa.int32()),
                "shard": pa.array([p.shard.uri for p in dataset.parts], pa.string()),
            }
        ),
    )
    concept, source, order = "", "", "shard_number, row"
    if names is not None:
        numbers = pa.array(range(len(names)), pa.int32())
        engine.register(
            "names", pa.table({"concept_number": numbers, "concept": pa.array(names, pa.string())})
        )
        concept, source = "concept, p.concept_number, ", " JOIN names USING (concept_number)"
        order = f"p.concept_number, {order}"
    told = ", ".join(f"{value} AS {name}" for name, value in _NO_ANSWERS.items())
    if answers:
        source += f" LEFT JOIN {parquet_sql(answers)} AS a USING (shard_number, row)"
        told = ", ".join(f"coalesce(a.{name}, {no}) AS {name}" for name, no in _NO_ANSWERS.items())
    kept = "p.* EXCLUDE (concept_number, shard_number, row)"
    select = (
        f"SELECT {concept}shard, shard_number, row, {kept}, {told} FROM {parquet_sql(files)} AS p "
        f"JOIN shards USING (shard_number){source} ORDER BY {order}"
    )
    if not files:
        select = (
            f"SELECT {concept}shard FROM shards{', names' if names is not None else ''} LIMIT 0"
        )
    with storage_errors(path):
        engine.execute(
            f"COPY ({select}) TO {quoted_path(path)} "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_GROUP_ROWS})"
        )
    return int(pq.read_metadata(path).num_rows)


def write_images(result: VisualResult, dataset: Dataset, path: Path) -> None:
    """The samples whose image scores near a cut-off or above it, concept by concept."""
    uris = {part.shard.ordinal: part.shard.uri for part in dataset.parts}
    schema = pa.schema(
        [
            ("concept", pa.string()), ("concept_number", pa.int32()), ("shard", pa.string()),
            ("shard_number", pa.int32()), ("row", pa.int64()), ("named", pa.bool_()),
            ("score", pa.float64()), ("above_cutoff", pa.bool_()),
        ]
    )  # fmt: skip
    with storage_errors(path), pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for number, count in enumerate(result.counts):
            found = count.scored
            shards = found.shard
            columns = {
                "concept": pa.array([count.name] * len(found), pa.string()),
                "concept_number": pa.array(np.full(len(found), number, np.int32)),
                "shard": pa.array([uris[shard] for shard in shards.tolist()], pa.string()),
                "shard_number": pa.array(shards.astype(np.int32)),
                "row": pa.array(found.row),
                "named": pa.array(found.named if result.by == "both" else [None] * len(found)),
                "score": pa.array(found.score),
                "above_cutoff": pa.array(found.above),
            }
            writer.write_table(pa.table(columns).cast(schema))


def write_visual(result: VisualResult | None, dataset: Dataset, folder: Path) -> None:
    """Write the evidence of a visual count, if there is one."""
    if result is not None:
        write_images(result, dataset, folder / IMAGES)
