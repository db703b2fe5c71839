"""What was removed, or what is left, as a filter for other tools; shards are never rewritten."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.lib import format as npy

from audit.datasets.dataset import Dataset, Part
from audit.datasets.files import written_whole
from audit.datasets.parts import kept_columns
from audit.errors import SourceError, StorageError, UsageError, did_you_mean
from audit.shown import Shown

#: Columns by which other tools know a sample, where the dataset has them.
_IDENTITIES = ("url_hash", "sha256", "md5", "hash", "phash")

#: DataComp's identity of a sample: 128 bits as 32 hexadecimal digits.
UID = "uid"

#: What DataComp's resharder reads: the two halves of each uid.
UID_TYPE = np.dtype([("f0", "<u8"), ("f1", "<u8")])

_HEX = "'^[0-9a-fA-F]{32}$'"
_BATCH_ROWS = 1 << 17


@dataclass(frozen=True)
class FilterReport(Shown):
    """A filter that was written.

    Attributes
    ----------
    lists:
        Whether it lists the samples that were removed, or those that are left.
    entries:
        How many it lists.
    left_out:
        Samples that are left and that no uid names: a tool that keeps what is listed drops them.
    """

    dataset: str
    path: Path
    lists: Literal["removed", "kept"]
    entries: int
    left_out: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": "audit.filter/1",
            "dataset": self.dataset,
            "file": str(self.path),
            "lists": self.lists,
            "entries": self.entries,
            "left_out": self.left_out,
        }

    def to_polars(self) -> pl.DataFrame:
        """One row."""
        told = self.to_dict()
        del told["schema"]
        return pl.DataFrame([told])


def export_removed(dataset: Dataset, path: Path) -> FilterReport:
    """Write the keys of all removed samples as Parquet: what is to be left out.

    Columns: ``shard`` (address), ``row`` (from 0), ``removal`` (the first that took it), and the
    identities that the dataset has: url_hash, sha256, md5, hash, phash, and kept columns.

    Raises
    ------
    UsageError
        If the name of the file does not end in ``.parquet``.
    StorageError
        If it cannot be written.
    """
    if path.suffix.lower() != ".parquet":
        raise UsageError(
            f"{path}: removed samples are listed as Parquet.",
            hint="Name a .parquet file. An .npy file lists the samples that are left: --kept.",
        )
    kept = list(kept_columns(dataset.manifest.mapping).values())
    identities = [name for name in (*_IDENTITIES, *kept) if name in dataset.columns]
    types = dataset.columns
    schema = pa.schema(
        [
            ("shard", pa.string()),
            ("row", pa.int64()),
            ("removal", pa.string()),
            *((f"kept_{name}" if name in _OWN else name, types[name]) for name in identities),
        ]
    )
    entries = 0
    with (
        duckdb.connect(config={"memory_limit": "400MB"}) as engine,
        written_whole(path) as stream,
        pq.ParquetWriter(stream, schema) as writer,
    ):
        for part in dataset.parts:
            if len(part.removed):
                writer.write_table(_keys(engine, dataset, part, identities, schema))
                entries += len(part.removed)
    return FilterReport(dataset.name, path, "removed", entries)


_OWN = ("shard", "row", "removal")


def _keys(
    engine: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    part: Part,
    identities: list[str],
    schema: pa.Schema,
) -> pa.Table:
    removal = dataset.removed.first_removals(part.shard.ordinal, part.removed)
    engine.register("removed", pa.table({"row": part.removed}))
    listed = "".join(f", {_quoted(name)}" for name in identities)
    told = engine.sql(
        f"SELECT file_row_number{listed} FROM {dataset.sql([str(part.path)], file_row=True)} "
        "WHERE file_row_number IN (SELECT row FROM removed) ORDER BY file_row_number"
    ).to_arrow_table()
    columns = [
        pa.array([part.shard.uri] * len(part.removed), pa.string()),
        pa.array(part.removed),
        pa.array(removal, pa.string()),
        *(told[name] for name in identities),
    ]
    return pa.table(
        [column.cast(field.type) for column, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def export_kept(dataset: Dataset, path: Path, column: str = UID) -> FilterReport:
    """Write the uids of all samples that are left as DataComp's resharder takes them (``-s``).

    An ``.npy`` array of dtype ``u8,u8``: the two halves of each 128-bit uid, in ascending order,
    each once (README of github.com/mlfoundations/datacomp, "Selecting samples in the filtering
    track"). The uid of a removed sample is left out even if another sample has it too.

    Parameters
    ----------
    column:
        A column of uids that was kept when the dataset was ingested.

    Raises
    ------
    UsageError
        If the file is not called ``.npy``, or the dataset kept no such column.
    SourceError
        If no sample has a uid.
    StorageError
        If there is no space to sort or to write.
    """
    if path.suffix.lower() != ".npy":
        raise UsageError(
            f"{path}: the samples that are left are listed as uids in an .npy file.",
            hint="Name an .npy file. Removed samples are listed in a .parquet file, without "
            "--kept.",
        )
    kept = kept_columns(dataset.manifest.mapping)
    if column not in kept:
        raise UsageError(
            f"{dataset.name!r} has kept no column {column!r}, so that DataComp cannot be told its "
            "samples.",
            hint=did_you_mean(column, kept)
            or f"Ingest again under another --name with --keep {column}.",
        )
    name = _quoted(kept[column])
    left_out = 0
    with written_whole(path) as stream, duckdb.connect() as engine:
        spill = path.with_name(f".{path.name}.sorting")
        engine.execute("SET memory_limit = '800MB'")
        engine.execute("SET temp_directory = ?", [str(spill)])
        whole = dataset.remaining_sql(engine)
        try:
            ((left_out,),) = engine.execute(
                f"SELECT count(*) FROM {whole} "
                f"WHERE NOT coalesce(regexp_matches({name}, {_HEX}), false)"
            ).fetchall()
            gone = f"FROM {dataset.removed_sql(engine)} WHERE {name} IS NOT NULL"
            without = f"AND lower({name}) NOT IN (SELECT lower({name}) {gone})"
            without = without if dataset.removed else ""
            sorted_uids = engine.sql(
                f"SELECT DISTINCT ('0x' || substr({name}, 1, 16))::UBIGINT AS f0, "
                f"('0x' || substr({name}, 17, 16))::UBIGINT AS f1 FROM {whole} "
                f"WHERE regexp_matches({name}, {_HEX}) {without} ORDER BY f0, f1"
            )
            entries = _write_npy(stream, sorted_uids.to_arrow_reader(_BATCH_ROWS))
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise StorageError(
                f"{spill}: cannot sort there ({str(error).splitlines()[0]}).",
                hint="Free some space, or write to another place.",
            ) from error
        finally:
            shutil.rmtree(spill, ignore_errors=True)
        if not entries:
            raise SourceError(
                f"{dataset.name}: no sample that is left has a uid of 32 hexadecimal digits in "
                f"{column!r}.",
                hint="Name the column that has them: --column.",
            )
    return FilterReport(dataset.name, path, "kept", entries, left_out)


#: As long as numpy makes it for any number of entries, so that it can be written at the end.
_HEADER_BYTES = 128


def _write_npy(stream: Any, batches: Any) -> int:
    """Write batches of (f0, f1); how many entries there were."""
    stream.write(bytes(_HEADER_BYTES))
    entries = 0
    for batch in batches:
        pairs = np.empty(len(batch), UID_TYPE)
        pairs["f0"], pairs["f1"] = (batch[name].to_numpy() for name in ("f0", "f1"))
        stream.write(pairs.tobytes())
        entries += len(pairs)
    stream.seek(0)
    stream.write(_header(entries))
    stream.seek(0, 2)
    return entries


def _header(entries: int) -> bytes:
    text = repr(
        {"descr": npy.dtype_to_descr(UID_TYPE), "fortran_order": False, "shape": (entries,)}
    )
    room = _HEADER_BYTES - 10 - 1
    return b"\x93NUMPY\x01\x00" + (room + 1).to_bytes(2, "little") + f"{text:<{room}}\n".encode()
