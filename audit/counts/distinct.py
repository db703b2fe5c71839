"""Counting matches that differ in their URL or hash."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from types import TracebackType

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from audit.datasets.dataset import Dataset
from audit.errors import UsageError

#: What a user may say -> the part's column. ``url`` is compared by 64 bits of its MD5.
DISTINCT_BY = {
    "url": "url_hash",
    "sha256": "sha256",
    "md5": "md5",
    "phash": "phash",
    "hash": "hash",
}

_BUFFERED_PAIRS = 1 << 20


def distinct_column(dataset: Dataset, by: str) -> str:
    """The column that tells samples apart.

    Raises
    ------
    UsageError
        If the dataset has no such column.
    """
    here = [name for name, column in DISTINCT_BY.items() if column in dataset.columns]
    if by not in here:
        raise UsageError(
            f"{dataset.name!r} cannot tell samples apart by {by!r}.",
            hint=f"It has: {', '.join(here) or 'no URL and no hash column'}.",
        )
    return DISTINCT_BY[by]


class DistinctMatches:
    """Distinct values per concept; memory is bounded, the rest goes to a temporary file."""

    def __init__(self, concepts: int) -> None:
        self._concepts = concepts
        self._folder = tempfile.TemporaryDirectory(prefix="audit-distinct-")
        self._engine = duckdb.connect(
            config={"memory_limit": "400MB", "temp_directory": self._folder.name}
        )
        self._engine.execute("CREATE TABLE matches (concept INTEGER, value UBIGINT)")
        self._buffer: list[tuple[NDArray[np.int64], pa.Array]] = []
        self._buffered = 0

    def __enter__(self) -> DistinctMatches:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._engine.close()
        self._folder.cleanup()

    def add_all(self, matches: Iterable[tuple[NDArray[np.int64], pa.Array]]) -> None:
        for concepts, values in matches:
            self.add(concepts, values)

    def add(self, concepts: NDArray[np.int64], values: pa.Array) -> None:
        """Add the (n,) values of matches; text is compared by a 64-bit hash."""
        if not len(concepts):
            return
        if not pa.types.is_uint64(values.type):
            texts = pl.Series(values.cast(pa.large_string()))
            hashes = texts.hash().to_arrow()
            missing = values.is_null().to_numpy(zero_copy_only=False)
            values = pa.array(hashes.to_numpy(), mask=missing)
        self._buffer.append((concepts, values))
        self._buffered += len(concepts)
        if self._buffered >= _BUFFERED_PAIRS:
            self._flush()

    def _flush(self) -> None:
        if self._buffer:
            pairs = pa.table(
                {
                    "concept": np.concatenate([c for c, _ in self._buffer]).astype(np.int32),
                    "value": pa.concat_arrays([v for _, v in self._buffer]),
                }
            )
            self._engine.register("pairs", pairs)
            self._engine.execute("INSERT INTO matches SELECT concept, value FROM pairs")
            self._engine.unregister("pairs")
        self._buffer, self._buffered = [], 0

    def counts(self) -> list[int]:
        """(number of concepts,) different values; every sample without a value counts as one."""
        self._flush()
        found = self._engine.execute(
            "SELECT concept, count(DISTINCT value) + count(*) - count(value) "
            "FROM matches GROUP BY concept"
        ).fetchall()
        counts = [0] * self._concepts
        for concept, count in found:
            counts[concept] = count
        return counts
