"""Which samples of a dataset an embedded image belongs to.

Where images were fetched for the dataset, or lie in its shards, the row is known. Else they are
joined by URL, by caption, or by a key that is the name of the file. What several samples share,
several images may share: the first is joined to the first, the second to the second. A URL or a key
is one image, so further samples of it get its first image; a caption is not, so further samples of
a caption get none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.captions.folding import fold_array, repair_utf8
from audit.datasets.dataset import Dataset
from audit.datasets.parts import kept_columns
from audit.embeddings.folder import EmbeddingFolder, EmbeddingPart
from audit.errors import UsageError, did_you_mean
from audit.images.collections import IMAGE_SUFFIXES

#: What images are joined by, the best first; or the name of a kept column that holds keys.
JOINS = ("row", "url", "caption")

#: ``image`` counts the images of an embedding part; ``shard`` and ``row`` name a sample.
SCHEMA = pa.schema([("image", pa.int64()), ("shard", pa.int32()), ("row", pa.int64())])

#: Columns that name an image, and what of the name is no part of its key: folders and suffix.
_NAMES = ("key", "image_path")
_AROUND_KEY = rf"^.*/|(?i:{'|'.join(re.escape(suffix) for suffix in IMAGE_SUFFIXES)})$"


@dataclass(frozen=True)
class JoinReport:
    """How many images were joined to samples, and by what.

    Attributes
    ----------
    images:
        Images looked at, those without a vector too.
    joined:
        Images that belong to at least one sample.
    samples:
        Samples that have an image.
    """

    by: dict[str, int]  #: what they were joined by -> images
    images: int
    joined: int
    samples: int


def link(
    dataset: Dataset,
    folder: EmbeddingFolder,
    parts: Sequence[EmbeddingPart],
    by: str | None = None,
    spill: Path | None = None,
    memory: int | None = None,
) -> tuple[dict[int, pa.Table], JoinReport]:
    """For each part, the samples of its images, ordered by image.

    Parameters
    ----------
    by:
        One of :data:`JOINS`, or the name of a column that was kept when the dataset was ingested
        and holds what the files are called, without folder and suffix. By default the best of
        :data:`JOINS` that each part has.
    spill:
        Folder for what does not fit the memory.
    memory:
        Bytes that the engine of the join may take, besides the keys of the images.

    Raises
    ------
    UsageError
        If a part has nothing to join by, or the dataset has no such column.
    """
    if by is not None and by not in JOINS:
        _check_kept(dataset, by)
    identified = {part.ordinal: _identify(dataset, part, by) for part in parts}
    used: Counter[str] = Counter()
    for how, table in identified.values():
        used[how] += len(table)
    links = {
        ordinal: _ordered(table) for ordinal, (how, table) in identified.items() if how == "row"
    }
    for key in sorted(used.keys() - {"row"}):
        tables = {ordinal: table for ordinal, (how, table) in identified.items() if how == key}
        if tables:
            links |= _joined(dataset, tables, key, spill, memory)
    images = sum(_images(part) for part in parts)
    joined = sum(len(pc.unique(table["image"])) for table in links.values())
    samples = sum(len(table) for table in links.values())
    return links, JoinReport(dict(used), images, joined, samples)


def _images(part: EmbeddingPart) -> int:
    if part.images_path is None:
        return len(part)
    return len(part.images(["status"]))


def _check_kept(dataset: Dataset, column: str) -> None:
    kept = kept_columns(dataset.manifest.mapping)
    if column not in kept:
        raise UsageError(
            f"Images cannot be joined by {column!r}: dataset {dataset.name!r} has no such column.",
            hint=did_you_mean(column, [*JOINS, *kept])
            or f"Join by {', '.join(JOINS)}, or keep the column that has the names of the files "
            "when you ingest: --keep.",
        )


def _identify(dataset: Dataset, part: EmbeddingPart, by: str | None) -> tuple[str, pa.Table]:
    """What a part's images can be joined by, and for each image its row or its key."""
    own = part.images_path is not None
    columns = ["audit_shard", "audit_row", "source_row", "url", "caption", "image", *_NAMES]
    table = part.images(columns) if own else part.metadata(columns)
    if not table.num_rows:
        return "row", SCHEMA.empty_table()
    image = np.arange(table.num_rows, dtype=np.int64)
    if by is not None and by not in JOINS:
        for name in _NAMES:
            if _has_values(table, name):
                keys = pc.replace_substring_regex(table[name].cast(pa.string()), _AROUND_KEY, "")
                return by, pa.table({"image": image, "key": keys})
    if by in (None, "row"):
        rows = _known_rows(dataset, part, table, image)
        if rows is not None:
            return "row", rows
    urls = dataset.manifest.mapping.columns.get("url") is not None
    if by in (None, "url") and urls and _has_values(table, "url"):
        return "url", pa.table({"image": image, "key": table["url"]})
    if by in (None, "caption"):
        captions = part.metadata(["caption", "image"])
        if _has_values(captions, "caption"):
            # Several vectors of an image have the caption of the image, each.
            number = captions["image"] if "image" in captions.column_names else pa.array(image)
            first = np.unique(number.to_numpy(), return_index=True)[1]
            keys = pa.table({"image": number, "key": captions["caption"]})
            return "caption", keys.take(first)
    raise UsageError(
        f"{part.vectors_path}: nothing tells which sample of {dataset.name!r} an image is"
        + (f" by {by}." if by else "."),
        hint="Images are joined by the row they were fetched for, their URL, caption or name. "
        "Give the metadata such a column, or embed what `audit fetch` fetched.",
    )


def _known_rows(
    dataset: Dataset, part: EmbeddingPart, table: pa.Table, image: np.ndarray
) -> pa.Table | None:
    if _has_values(table, "audit_row") and _has_values(table, "audit_shard"):
        rows = pa.table({"image": image, "shard": table["audit_shard"], "row": table["audit_row"]})
        return rows.filter(pc.is_valid(rows["row"]))
    shards = {shard.uri: shard.ordinal for shard in dataset.manifest.shards}
    ordinal = shards.get(part.unit or "")
    if ordinal is not None and _has_values(table, "source_row"):
        shard = np.full(len(image), ordinal, np.int32)
        return pa.table({"image": image, "shard": shard, "row": table["source_row"]})
    return None


def _has_values(table: pa.Table, column: str) -> bool:
    return column in table.column_names and table[column].null_count < table.num_rows


def _ordered(table: pa.Table) -> pa.Table:
    return (
        table.select(SCHEMA.names)
        .cast(SCHEMA)
        .sort_by([(name, "ascending") for name in SCHEMA.names])
    )


def _joined(
    dataset: Dataset,
    tables: dict[int, pa.Table],
    how: str,
    spill: Path | None,
    memory: int | None,
) -> dict[int, pa.Table]:
    """One hash join of all parts with the dataset, whose keys are read once."""
    engine = duckdb.connect()
    if spill is not None:
        engine.execute("SET temp_directory = ?", [str(spill)])
    if memory is not None:
        engine.execute("SET memory_limit = ?", [f"{memory // 10**6}MB"])
    images = pa.concat_tables(
        table.append_column("part", pa.array(np.full(len(table), ordinal, np.int32)))
        for ordinal, table in tables.items()
    )
    if how not in JOINS:
        column = kept_columns(dataset.manifest.mapping)[how].replace('"', '""')
        key, own = "key", f'CAST("{column}" AS VARCHAR)'
    elif how == "caption":
        keys = fold_array(repair_utf8(images["key"].combine_chunks().cast(pa.large_string()))[0])
        images = images.set_column(images.schema.get_field_index("key"), "key", keys)
        key, own = "key", "caption"
    else:
        # The first eight bytes of the MD5, as the parts of the dataset hold it.
        key, own = "('0x' || substr(md5(key), 1, 16))::UBIGINT", "url_hash"
    engine.register("images", images)
    shards = pa.table(
        {
            "path": [str(part.path) for part in dataset.parts],
            "shard": [part.shard.ordinal for part in dataset.parts],
        }
    )
    engine.register("shards", shards)
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in dataset.paths)
    shared = "OR (i.nth = 1 AND s.nth > i.many)" if how != "caption" else ""
    found = engine.sql(f"""
        WITH i AS (
            SELECT part, image, k, row_number() OVER (PARTITION BY k ORDER BY part, image) AS nth,
                   count(*) OVER (PARTITION BY k) AS many
            FROM (SELECT part, image, {key} AS k FROM images WHERE key IS NOT NULL)
        ), s AS (
            SELECT shard, row, k, row_number() OVER (PARTITION BY k ORDER BY shard, row) AS nth
            FROM (
                SELECT shards.shard, file_row_number AS row, {own} AS k
                FROM read_parquet([{listed}], file_row_number = true, filename = true)
                JOIN shards ON shards.path = filename
                WHERE {own} IN (SELECT k FROM i)
            )
        )
        SELECT i.part, i.image, s.shard, s.row
        FROM i JOIN s ON i.k = s.k AND (i.nth = s.nth {shared})
    """).to_arrow_table()
    return {ordinal: _ordered(found.filter(pc.equal(found["part"], ordinal))) for ordinal in tables}
