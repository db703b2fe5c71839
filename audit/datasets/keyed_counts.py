"""Counts by keys of which there may be millions: memory is bounded, the rest is on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import polars as pl

from audit.datasets.duckdb_paths import parquet_sql
from audit.datasets.files import storage_errors

#: Rows that wait to be added up, and rows of sums that are held before they go to disk.
_WAITING_ROWS = 1 << 21
_HELD_ROWS = 1 << 21
_MEMORY = "400MB"
#: Mixes the hashes of several keys: the golden ratio in 64 bits.
_ODD = 0x9E3779B97F4A7C15


class KeyedCounts:
    """Adds up frames of counts by their keys.

    Parameters
    ----------
    keys:
        Column -> Polars type; null is a key like any other.

    Use it in a ``with`` statement: what is on disk goes with it. Ask :meth:`top` or :meth:`sums` at
    the end.
    """

    def __init__(self, keys: Mapping[str, Any]) -> None:
        self._keys = dict(keys)
        self._waiting: list[pl.DataFrame] = []
        self._rows = 0
        self._sums = self._empty()
        self._spilled: list[Path] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._engine: duckdb.DuckDBPyConnection | None = None

    def _empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema={**self._keys, "samples": pl.Int64})

    def __enter__(self) -> KeyedCounts:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._engine is not None:
            self._engine.close()
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, counts: pl.DataFrame) -> None:
        """Add a frame of the keys and ``samples``; keys may be in it several times."""
        self._waiting.append(counts.select(*self._keys, "samples").cast({"samples": pl.Int64}))
        self._rows += len(counts)
        if self._rows >= _WAITING_ROWS:
            self._add_up()

    def _add_up(self) -> None:
        self._sums = _summed(pl.concat([self._sums, *self._waiting]), list(self._keys))
        self._waiting, self._rows = [], 0
        if len(self._sums) >= _HELD_ROWS:
            path = self._disk() / f"{len(self._spilled):05d}.parquet"
            with storage_errors(path):
                self._sums.write_parquet(path)
            self._spilled.append(path)
            self._sums = self._empty()

    def _disk(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="audit-counts-")
        return Path(self._folder.name)

    def top(self, key: str, wanted: int | None = None) -> tuple[pl.DataFrame, int]:
        """The most frequent values of one key, and how many different ones there are.

        Parameters
        ----------
        wanted:
            How many; None for all.

        Returns
        -------
        Their sums over all keys, with the ``total`` of each; the most frequent first, and in the
        order of the key where they are equally frequent.
        """
        self._add_up()
        found = self._top_on_disk(key, wanted) if self._spilled else self._top_held(key, wanted)
        different = int(found["different"][0]) if len(found) else 0
        return found.drop("different"), different

    def _top_held(self, key: str, wanted: int | None) -> pl.DataFrame:
        totals = self._sums.group_by(key).agg(pl.col("samples").sum().alias("total"))
        # The many that are not among the first are left out before anything is put in order.
        most = totals["total"].top_k(len(totals) if wanted is None else wanted)
        top = (
            totals.filter(pl.col("total") >= (most.min() if len(most) else 0))
            .sort("total", key, descending=[True, False], nulls_last=True)
            .head(len(totals) if wanted is None else wanted)
            .with_columns(different=pl.lit(len(totals)))
        )
        return top.join(
            self._sums, on=key, how="inner", nulls_equal=True, maintain_order="left"
        ).select(*self._keys, "samples", "total", "different")

    def sums(self, rows: int) -> Iterator[pl.DataFrame]:
        """All keys, each once, with ``samples``: in frames of about ``rows``, in any order."""
        self._add_up()
        if not self._spilled:
            yield from self._sums.iter_slices(rows)
            return
        engine, query = self._sums_on_disk()
        for batch in engine.sql(query).to_arrow_reader(rows):
            yield pl.DataFrame(batch)

    def _sums_on_disk(self) -> tuple[duckdb.DuckDBPyConnection, str]:
        """DuckDB, and the query that gives each key once."""
        if self._engine is None:
            self._engine = duckdb.connect(
                config={"memory_limit": _MEMORY, "temp_directory": str(self._disk())}
            )
        self._engine.register("held", self._sums.to_arrow())
        named = ", ".join(self._keys)
        return self._engine, (
            f"SELECT {named}, sum(samples)::BIGINT AS samples FROM (SELECT * FROM held UNION ALL "
            f"SELECT * FROM {parquet_sql(self._spilled)}) GROUP BY {named}"
        )

    def _top_on_disk(self, key: str, wanted: int | None) -> pl.DataFrame:
        engine, query = self._sums_on_disk()
        limit = "" if wanted is None else f"LIMIT {int(wanted)}"
        found: pl.DataFrame = engine.sql(
            f"WITH counts AS ({query}), "
            f"top AS (SELECT {key}, sum(samples)::BIGINT AS total, count(*) OVER () AS different "
            f"FROM counts GROUP BY {key} ORDER BY total DESC, {key} NULLS LAST {limit}) "
            f"SELECT counts.*, total, different FROM counts JOIN top "
            f"ON counts.{key} IS NOT DISTINCT FROM top.{key} "
            f"ORDER BY total DESC, {key} NULLS LAST"
        ).pl()
        return found


def _summed(counts: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Each key once, with the sum of its samples.

    Grouped by 64-bit hashes, which takes half the time of grouping by text. Among 30 million keys
    two have the same with a probability of 0.00003.
    """
    key = pl.lit(0, pl.UInt64)
    for name in keys:
        key = key * _ODD + pl.col(name).hash()
    return (
        counts.group_by(key.alias("key"))
        .agg(*(pl.col(name).first() for name in keys), pl.col("samples").sum())
        .drop("key")
    )
