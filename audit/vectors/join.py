"""Joining images to samples by a key: what does not fit the memory goes to the disk.

What several samples share, several images may share: the first is joined to the first, the second
to the second. A URL or a name is one image, so further samples of it get its first image; a
caption is not, so further samples of a caption get none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit.captions.folding import fold_array, repair_utf8
from audit.datasets.dataset import Dataset
from audit.datasets.duckdb_paths import ORDINAL, parquet_sql, quoted_path
from audit.datasets.parts import kept_columns
from audit.embeddings.folder import EmbeddingPart
from audit.embeddings.mapped import limit_reached
from audit.errors import SourceError, StorageError, UsageError
from audit.images.collections import IMAGE_SUFFIXES
from audit.parallel import processors

#: Columns that name an image, and what of the name is no part of its key: folders and suffix.
NAMES = ("key", "image_path")
_AROUND_KEY = rf"^.*/|(?i:{'|'.join(re.escape(suffix) for suffix in IMAGE_SUFFIXES)})$"

#: Columns that tell which sample an image is.
TELLING = {"audit_shard", "audit_row", "source_row", "url", "caption", *NAMES}

#: Keys of images that are held at once.
_KEY_ROWS = 1 << 16

#: What a thread of DuckDB should have, by its guide to performance.
_THREAD_BYTES = 125 << 20

_KEYS = pa.schema([("part", pa.int32()), ("image", pa.int64()), ("key", pa.large_string())])


def filled(path: Path | None) -> set[str]:
    """Those columns of a part's file that are not empty and tell which sample an image is.

    Raises
    ------
    SourceError
        If the file is damaged.
    """
    if path is None:
        return set()
    try:
        described = pq.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error
    there = set()
    for place in range(described.num_columns):
        name = described.schema.column(place).path
        groups = (described.row_group(group) for group in range(described.num_row_groups))
        if name in TELLING and any(_has_values(group.column(place)) for group in groups):
            there.add(name)
    return there


def _has_values(chunk: Any) -> bool:
    told = chunk.statistics
    # Without statistics it is taken to have some: at worst no image is joined.
    empty = told is not None and told.has_null_count and told.null_count == chunk.num_values
    return bool(chunk.num_values) and not empty


def _unreadable(path: Path, error: Exception) -> SourceError:
    return limit_reached(path, error) or SourceError(
        f"{path}: cannot be read ({error}).", hint="Embed that part again."
    )


def write_keys(part: EmbeddingPart, by: str, place: Path) -> int:
    """Write what a part's images are joined by; how many there are.

    Parameters
    ----------
    by:
        ``url``, ``caption``, or the name of a kept column.
    """
    path = _keys_path(place, by, part.ordinal)
    written = 0
    with pq.ParquetWriter(path, _KEYS, compression="zstd", store_schema=False) as writer:
        for image, keys in _keys(part, by):
            ordinal = pa.array(np.full(len(image), part.ordinal, np.int32))
            writer.write_table(pa.table([ordinal, pa.array(image), keys], schema=_KEYS))
            written += len(image)
    return written


def _keys_path(place: Path, by: str, ordinal: int) -> Path:
    kind = by if by in ("url", "caption") else "name"
    return place / f"{kind}_{ordinal:05d}.parquet"


def _keys(part: EmbeddingPart, by: str) -> Iterator[tuple[np.ndarray, pa.Array]]:
    """Numbers of images, and their keys."""
    own = part.images_path is not None
    of_vectors = by == "caption" or not own
    path = part.metadata_path if of_vectors else part.images_path
    assert path is not None  # else there would be nothing to join by
    try:
        with pq.ParquetFile(path) as file:
            there = file.schema_arrow.names
            if by in ("url", "caption"):
                column = by
            else:
                column = next(name for name in NAMES if name in filled(path))
            # Several vectors of an image have the caption of the image, each.
            numbered = own and of_vectors and "image" in there
            read, last = 0, -1
            columns = [column, "image"] if numbered else [column]
            for batch in file.iter_batches(_KEY_ROWS, columns=columns):
                keys = batch.column(column).cast(pa.large_string())
                image = np.arange(read, read + len(batch), dtype=np.int64)
                read += len(batch)
                if numbered:
                    image = batch.column("image").to_numpy()
                    first = np.flatnonzero(np.diff(image, prepend=last))
                    last = int(image[-1]) if len(image) else last
                    image, keys = image[first], keys.take(pa.array(first))
                yield image, _as_kept(keys, by)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def _as_kept(keys: pa.Array, by: str) -> pa.Array:
    """As the dataset holds them."""
    if by == "caption":
        return fold_array(repair_utf8(keys)[0]).cast(pa.large_string())
    return keys if by == "url" else pc.replace_substring_regex(keys, _AROUND_KEY, "")


def joined(
    dataset: Dataset, ordinals: Sequence[int], by: str, place: Path, memory: int | None
) -> Iterator[tuple[int, pa.Table]]:
    """For each part its links: ``image``, ``shard``, ``row``, ordered by all three.

    One hash join of all parts with the dataset, whose keys are read once.

    Parameters
    ----------
    ordinals:
        Of the parts whose keys were written to ``place``.
    memory:
        Bytes that the engine may take; the rest goes to ``place``.

    Raises
    ------
    UsageError
        If ``memory`` does not suffice.
    StorageError
        If ``place`` has no space left.
    """
    path = place / "links.parquet"
    with duckdb.connect() as engine:
        engine.execute("SET temp_directory = ?", [str(place)])
        engine.execute("SET preserve_insertion_order = false")
        threads = processors()
        if memory is not None:
            threads = max(min(threads, memory // _THREAD_BYTES), 1)
            engine.execute("SET memory_limit = ?", [f"{memory // 10**6}MB"])
        engine.execute("SET threads = ?", [threads])
        try:
            _join(engine, dataset, [_keys_path(place, by, number) for number in ordinals], by, path)
        except duckdb.OutOfMemoryException as error:
            raise UsageError(
                f"The join by {by} does not fit {(memory or 0) / 1e9:.2f} GB of memory.",
                hint="Give more: --max-memory.",
            ) from error
        except duckdb.IOException as error:
            raise StorageError(
                f"{place}: the join by {by} cannot go on ({str(error).splitlines()[0]}).",
                hint="Free some space there, and run the same command again.",
            ) from error
    yield from _by_part(path, sorted(ordinals))
    path.unlink()


def _join(
    engine: duckdb.DuckDBPyConnection, dataset: Dataset, keys: list[Path], by: str, out: Path
) -> None:
    if by == "url":
        # The first eight bytes of the MD5, as the parts of the dataset hold it.
        key, own = "('0x' || substr(md5(key), 1, 16))::UBIGINT", "url_hash"
    elif by == "caption":
        key, own = "key", "caption"
    else:
        column = kept_columns(dataset.manifest.mapping)[by].replace('"', '""')
        key, own = "key", f'CAST("{column}" AS VARCHAR)'
    shared = "OR (i.nth = 1 AND s.nth > i.many)" if by != "caption" else ""
    engine.execute(f"""
        COPY (
            WITH i AS MATERIALIZED (
                SELECT part, image, k,
                    row_number() OVER (PARTITION BY k ORDER BY part, image) AS nth,
                    count(*) OVER (PARTITION BY k) AS many
                FROM (
                    SELECT part, image, {key} AS k FROM {parquet_sql(keys)}
                    WHERE key IS NOT NULL
                )
            ), s AS (
                SELECT shard, row, k,
                    row_number() OVER (PARTITION BY k ORDER BY shard, row) AS nth
                FROM (
                    SELECT {ORDINAL} AS shard, file_row_number AS row, {own} AS k
                    FROM {parquet_sql(dataset.paths, file_row=True, file=True)}
                    WHERE {own} IN (SELECT k FROM i WHERE nth = 1)
                )
            )
            SELECT i.part, i.image, s.shard, s.row
            FROM i JOIN s ON i.k = s.k AND (i.nth = s.nth {shared})
            ORDER BY ALL
        ) TO {quoted_path(out)} (FORMAT parquet)
    """)


def _by_part(path: Path, ordinals: Sequence[int]) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each part, those without any too, from a file that is ordered by part."""
    with pq.ParquetFile(path) as file:
        empty = file.schema_arrow.empty_table()
        waiting: list[pa.Table] = [empty]
        place = 0
        for batch in file.iter_batches():
            table = pa.table(batch)
            part = table["part"].to_numpy()
            while len(part) and part[-1] > ordinals[place]:
                end = int(np.searchsorted(part, ordinals[place], "right"))
                yield ordinals[place], pa.concat_tables([*waiting, table.slice(0, end)])
                waiting, table, part = [empty], table.slice(end), part[end:]
                place += 1
            waiting.append(table)
        for ordinal in ordinals[place:]:
            yield ordinal, pa.concat_tables(waiting)
            waiting = [empty]
