"""Samples that a table names: by shard and row, or by URL.

Such a table is what `audit lookup` answers in CSV or Parquet, what `audit removals export` writes,
or one's own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from audit.datasets.dataset import Dataset
from audit.errors import SourceError, UsageError
from audit.formulas import meant_texts
from audit.removal.addresses import url_hash
from audit.removal.found import matches

_TYPES = {"row": pl.Int64, "url": pl.String, "url_hash": pl.UInt64}


def read_listed(path: Path) -> pl.DataFrame:
    """The columns of a file that name samples: shard and row, or url, or url_hash.

    Raises
    ------
    SourceError
        If the file cannot be read.
    UsageError
        If it has no such columns.
    """
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            table = pl.read_parquet(path, glob=False)
        else:
            separator = "\t" if path.suffix.lower() == ".tsv" else ","
            read = pl.read_csv(path, separator=separator, infer_schema=False, glob=False)
            table = meant_texts(read)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SourceError(
            f"{path}: cannot be read ({reason}).", hint="Give a table as Parquet, CSV or TSV."
        ) from error
    table = table.rename({name: name.lower() for name in table.columns if not name.islower()})
    by_place = {"shard", "row"} <= set(table.columns)
    if not by_place and not {"url", "url_hash"} & set(table.columns):
        raise UsageError(
            f"{path}: names no samples. Columns: {', '.join(table.columns) or 'none'}.",
            hint="It needs the columns shard and row, or url, or url_hash.",
        )
    wanted = ["shard", "row"] if by_place else []
    wanted += [name for name in ("url", "url_hash") if name in table.columns]
    try:
        chosen = table.select(
            pl.col(name).cast(_TYPES.get(name, pl.String), strict=True) for name in wanted
        )
    except pl.exceptions.PolarsError as error:
        reason = " ".join(str(error).split())[:200]
        raise UsageError(
            f"{path}: has a row or a hash that is no whole number ({reason}).",
            hint="Rows count from 0, as `audit lookup` has them.",
        ) from error
    if by_place:
        empty = chosen.filter(pl.col("shard").is_null() | pl.col("row").is_null())
    else:
        empty = chosen.filter(pl.all_horizontal(pl.all().is_null()))
    if len(empty):
        raise UsageError(
            f"{path}: {len(empty):,} of {len(chosen):,} lines name no sample.",
            hint="Fill them in, or take them out.",
        )
    return chosen


class ListedSamples:
    """The samples of a table, checked against a dataset.

    Raises
    ------
    UsageError
        If it names shards or rows that the dataset does not have, or a row that has another URL
        than the table says.
    """

    def __init__(self, path: Path, dataset: Dataset, asked: int) -> None:
        self._table = read_listed(path)
        self._dataset, self._asked, self._path = dataset, asked, path
        self.is_by_place = "row" in self._table.columns
        if self.is_by_place:
            self._placed = self._checked_places()

    @property
    def url_hashes(self) -> pl.Series:
        """Of a table without places: the URLs looked for."""
        return self._hashes(self._table).drop_nulls().unique()

    def _hashes(self, table: pl.DataFrame) -> pl.Series:
        if "url_hash" in table.columns:
            return table["url_hash"]
        if "url" not in table.columns:
            return pl.Series([None] * len(table), dtype=pl.UInt64)
        found = [None if url is None else url_hash(url) for url in table["url"].to_list()]
        return pl.Series(found, dtype=pl.UInt64)

    def _checked_places(self) -> pl.DataFrame:
        by_name = {part.shard.uri: part for part in self._dataset.parts}
        by_name |= {str(part.shard.ordinal): part for part in self._dataset.parts}
        unknown = [name for name in self._table["shard"].unique().to_list() if name not in by_name]
        if unknown:
            raise UsageError(
                f"{self._path}: {unknown[0]!r} is no shard of {self._dataset.name!r} "
                f"({len(unknown):,} are not).",
                hint="Name shards by their path or address as `audit lookup` has them, or by "
                "their number.",
            )
        rows = {name: by_name[name].shard.rows or 0 for name in self._table["shard"].unique()}
        ordinal = pl.col("shard").replace_strict(
            {name: by_name[name].shard.ordinal for name in rows}, return_dtype=pl.Int32
        )
        size = pl.col("shard").replace_strict(rows, return_dtype=pl.Int64)
        placed = self._table.with_columns(
            ordinal.alias("ordinal"), size.alias("size"), self._hashes(self._table).alias("hash")
        )
        outside = placed.filter((pl.col("row") < 0) | (pl.col("row") >= pl.col("size")))
        if len(outside):
            first = outside.row(0, named=True)
            raise UsageError(
                f"{self._path}: {first['shard']} has {first['size']:,} rows, and none that is "
                f"{first['row']:,}.",
                hint="Rows count from 0.",
            )
        if "url_hash" in self._dataset.columns:
            self._check_urls(placed)
        return placed.select("ordinal", "row").unique().sort("ordinal", "row")

    def _check_urls(self, placed: pl.DataFrame) -> None:
        """Refuse a table made for another state of the shards."""
        placed = placed.filter(pl.col("hash").is_not_null())
        paths = {part.shard.ordinal: part.path for part in self._dataset.parts}
        for (ordinal,), mine in placed.group_by("ordinal"):
            there = pl.read_parquet(paths[int(str(ordinal))], columns=["url_hash"], glob=False)
            other = mine["hash"].ne_missing(there["url_hash"].gather(mine["row"]))
            if other.any():
                first = mine.filter(other).row(0, named=True)
                raise UsageError(
                    f"{self._path}: row {first['row']:,} of {first['shard']} has another URL than "
                    "the table says: it was made for another state of the shard.",
                    hint="Make it again, or name samples by URL alone.",
                )

    def in_part(self, ordinal: int) -> pl.DataFrame:
        """The samples of a shard, of a table with places."""
        rows = self._placed.filter(pl.col("ordinal") == ordinal)["row"]
        return matches(ordinal, np.asarray(rows.to_numpy()), self._asked, "listed", same=True)
