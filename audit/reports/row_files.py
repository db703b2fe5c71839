"""Rows of a review in a file, as many as there are: written as they come."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

import polars as pl
import pyarrow.parquet as pq

from audit.datasets.files import written_whole
from audit.errors import UsageError, did_you_mean
from audit.formulas import harmless_texts
from audit.reviews.rows import ReviewedRow

_TOGETHER = 10_000


def write_rows(path: str | Path, rows: Iterable[ReviewedRow]) -> int:
    """Write rows to a .parquet or .csv file; returns how many.

    Raises
    ------
    UsageError
        If the name of the file says neither.
    StorageError
        If it cannot be written.
    """
    path = Path(path)
    check_row_file(path)
    write = _WRITERS[path.suffix.lower()]
    with written_whole(path) as stream:
        return write(stream, _frames(rows))


def check_row_file(path: str | Path) -> None:
    """Refuse a name that says no format.

    Raises
    ------
    UsageError
        If it ends in neither .parquet nor .csv.
    """
    path = Path(path)
    if path.suffix.lower() not in _WRITERS:
        raise UsageError(
            f"{path}: rows cannot be written as {path.suffix or 'a file without suffix'}.",
            hint=did_you_mean(path.suffix, _WRITERS) or f"Use one of: {', '.join(_WRITERS)}.",
        )


def _frames(rows: Iterable[ReviewedRow]) -> Iterator[pl.DataFrame]:
    some = iter(rows)
    first = True
    while (batch := list(itertools.islice(some, _TOGETHER))) or first:
        yield pl.DataFrame([row.to_record() for row in batch], schema=ReviewedRow.SCHEMA)
        first = False


def _write_parquet(stream: IO[bytes], frames: Iterator[pl.DataFrame]) -> int:
    schema = pl.DataFrame(schema=ReviewedRow.SCHEMA).to_arrow().schema
    written = 0
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for frame in frames:
            writer.write_table(frame.to_arrow().cast(schema))
            written += len(frame)
    return written


def _write_csv(stream: IO[bytes], frames: Iterator[pl.DataFrame]) -> int:
    written = 0
    for number, frame in enumerate(frames):
        stream.write(harmless_texts(frame).write_csv(include_header=number == 0).encode())
        written += len(frame)
    return written


_WRITERS: dict[str, Callable[[IO[bytes], Iterator[pl.DataFrame]], int]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
}
