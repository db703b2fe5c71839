"""Removed samples in shards that are not what they were: found again by URL and caption."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from audit.captions.folding import FOLDING_VERSION
from audit.datasets.duckdb_paths import parquet_sql
from audit.datasets.manifest import ShardRecord
from audit.datasets.sample_keys import NO_ROWS, Rows
from audit.datasets.tombstones import Removal
from audit.errors import SourceError

_BATCH_ROWS = 1 << 17


def followed(gone: pa.Table, part: Path, folding_version: int) -> tuple[Rows, int]:
    """As :func:`found_again`, for a part of a dataset.

    Raises
    ------
    SourceError
        If the part is damaged.
    """
    with _part_errors(part):
        return found_again(gone, part, folding_version)


@contextmanager
def _part_errors(part: Path) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:300]
        raise SourceError(
            f"{part}: cannot be read ({reason}), so that nobody knows where its removed samples "
            "are now.",
            hint="Remove this file and run `audit ingest` with its sources again.",
        ) from error


def identity_of_captions(column: str = "caption") -> str:
    """SQL of what a folded caption is known by: null if it has no words."""
    return (
        f"CASE WHEN trim({column}) <> '' THEN ('0x' || substr(md5({column}), 1, 16))::UBIGINT END"
    )


def found_again(gone: pa.Table, part: Path, folding_version: int) -> tuple[Rows, int]:
    """Removed samples in a part of their shard that was made anew; how many are not there.

    A sample is the row that has its URL and caption: its old row, if that still has both, or else
    every row that has. Without such a row it is every row with its URL. Samples without URL are
    known by their caption alone. More rows than were removed may be found where several are alike:
    nobody could tell which is which.

    Parameters
    ----------
    gone:
        Samples of one shard, with the columns of :data:`tombstones.COLUMNS`.
    folding_version:
        Of their captions. Those of another version cannot be compared.
    """
    comparable = folding_version == FOLDING_VERSION
    with duckdb.connect(config={"memory_limit": "400MB"}) as engine:
        engine.register("gone", gone)
        there = set(pq.read_schema(part).names)
        url = "url_hash" if "url_hash" in there else "NULL::UBIGINT"
        caption = identity_of_captions() if comparable else "NULL::UBIGINT"
        by_caption = (
            f"OR {caption} IN (SELECT caption_hash FROM gone WHERE url_hash IS NULL)"
            if comparable and gone["url_hash"].null_count
            else ""
        )
        engine.execute(f"""
            CREATE TEMP TABLE found AS
            WITH g AS (
                SELECT row, url_hash AS url,
                    {"caption_hash" if comparable else "NULL::UBIGINT"} AS caption FROM gone
            ), p AS MATERIALIZED (
                SELECT file_row_number AS row, {url} AS url, {caption} AS caption
                FROM {parquet_sql([part], file_row=True)}
                WHERE {url} IN (SELECT url FROM g) {by_caption}
                    OR file_row_number IN (SELECT row FROM g)
            ), same_place AS (
                SELECT g.row AS of, p.row FROM g JOIN p ON g.row = p.row
                WHERE g.url IS NOT DISTINCT FROM p.url AND g.caption IS NOT DISTINCT FROM p.caption
                    AND ({comparable} OR g.url IS NOT NULL)
            ), same_both AS (
                SELECT g.row AS of, p.row FROM g JOIN p ON g.url = p.url AND g.caption = p.caption
                UNION ALL
                SELECT g.row, p.row FROM g JOIN p ON g.caption = p.caption
                WHERE g.url IS NULL AND p.url IS NULL
            ), same_url AS (
                SELECT g.row AS of, p.row FROM g JOIN p ON g.url = p.url
            ), best AS (
                FROM same_place
                UNION ALL
                FROM same_both WHERE of NOT IN (SELECT of FROM same_place)
                UNION ALL
                FROM same_url WHERE of NOT IN (SELECT of FROM same_place)
                    AND of NOT IN (SELECT of FROM same_both)
            )
            SELECT of, row FROM best
        """)
        rows = engine.sql("SELECT DISTINCT row FROM found ORDER BY row").fetchnumpy()["row"]
        ((followed,),) = engine.execute("SELECT count(DISTINCT of) FROM found").fetchall()
    return np.asarray(rows, np.int64), len(gone) - followed


def found_elsewhere(
    removals: Sequence[Removal],
    unseen: Mapping[str, frozenset[int]],
    shards: Mapping[int, tuple[ShardRecord, Path]],
) -> Iterator[tuple[str, int, Rows]]:
    """Removed samples in shards that their removals did not look at: moved ones, or copies.

    A sample is every row that has its URL and caption; its URL, if captions were folded by other
    rules. Without URL it is the row of its number, if that has its caption and no URL either, as a
    moved shard has it: captions alone are too often alike.

    Of each part the hashes of URLs are read, and no more where none of them is looked for.

    Parameters
    ----------
    unseen:
        Removal -> ordinals of the shards that it did not look at.

    Yields
    ------
    Removal, ordinal of a shard, rows in it, sorted; only where there are any.

    Raises
    ------
    SourceError
        If a part that must be read is damaged.
    """
    searching = [removal for removal in removals if unseen[removal.id] and removal.samples]
    if not searching:
        return
    wanted = pl.concat(_wanted(place, removal) for place, removal in enumerate(searching))
    for ordinal in sorted(frozenset().union(*(unseen[removal.id] for removal in searching))):
        shard, part = shards[ordinal]
        here = [place for place, one in enumerate(searching) if ordinal in unseen[one.id]]
        # What was in this shard itself is followed there.
        mine = wanted.filter(pl.col("removal").is_in(here), pl.col("uri") != shard.uri)
        if not len(mine):
            continue
        with _part_errors(part):
            found = _found_in(part, mine)
        for (place,), rows in found.group_by("removal", maintain_order=True):
            yield searching[int(str(place))].id, ordinal, rows["row"].unique().sort().to_numpy()


def _wanted(place: int, removal: Removal) -> pl.DataFrame:
    """Samples of a removal: what they are known by, and where they were."""
    uris = {shard.ordinal: shard.uri for shard in removal.shards}
    comparable = removal.folding_version == FOLDING_VERSION
    frame = pl.DataFrame(removal.table).select(
        pl.lit(place, pl.Int32).alias("removal"),
        pl.col("shard").replace_strict(uris, return_dtype=pl.String).alias("uri"),
        "row",
        "url_hash",
        "caption_hash" if comparable else pl.lit(None, pl.UInt64).alias("caption_hash"),
        pl.lit(comparable).alias("comparable"),
    )
    return frame.filter(pl.col("url_hash").is_not_null() | pl.col("caption_hash").is_not_null())


def _found_in(part: Path, wanted: pl.DataFrame) -> pl.DataFrame:
    """Which wanted samples are in a part, as removal and row."""
    without_url = wanted.filter(pl.col("url_hash").is_null())
    rows = np.union1d(_rows_with(part, wanted["url_hash"]), without_url["row"].to_numpy())
    if not len(rows):
        return pl.DataFrame(schema={"removal": pl.Int32, "row": pl.Int64})
    url = "url_hash" if "url_hash" in pq.read_schema(part).names else "NULL::UBIGINT"
    with duckdb.connect(config={"memory_limit": "400MB"}) as engine:
        engine.register("chosen", pa.table({"row": rows}))
        there = engine.sql(
            f"SELECT file_row_number AS row, {url} AS url_hash, {identity_of_captions()} "
            f"AS caption_hash FROM {parquet_sql([part], file_row=True)} "
            "WHERE file_row_number IN (SELECT row FROM chosen)"
        ).pl()
    by_url = there.join(wanted.drop("row"), on="url_hash", suffix="_wanted").filter(
        ~pl.col("comparable") | pl.col("caption_hash").eq_missing(pl.col("caption_hash_wanted"))
    )
    by_place = there.filter(pl.col("url_hash").is_null()).join(
        without_url, on=["row", "caption_hash"]
    )
    found: pl.DataFrame = pl.concat(
        [by_url.select("removal", "row"), by_place.select("removal", "row")]
    )
    return found


def _rows_with(part: Path, url_hashes: pl.Series) -> Rows:
    """Rows of a part whose URL has one of the hashes."""
    hashes = url_hashes.drop_nulls().unique().sort().to_numpy()
    found, start = [NO_ROWS], 0
    with pq.ParquetFile(part) as file:
        if not len(hashes) or "url_hash" not in file.schema_arrow.names:
            return NO_ROWS
        for batch in file.iter_batches(_BATCH_ROWS, columns=["url_hash"], use_threads=False):
            values = batch.column(0)
            numbers = values.fill_null(0).to_numpy()
            place = np.minimum(np.searchsorted(hashes, numbers), len(hashes) - 1)
            hit = hashes[place] == numbers
            if values.null_count:
                hit &= values.is_valid().to_numpy(zero_copy_only=False)
            found.append(np.flatnonzero(hit) + start)
            start += len(values)
    return np.concatenate(found)
