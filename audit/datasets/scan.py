"""Reading the captions of a dataset, the cheapest way that the question allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.datasets.conditions import Condition
from audit.datasets.dataset import Dataset, Part

#: Small enough for the text of a batch to stay in the cache between decoding and searching.
_BATCH_ROWS = 1 << 15

#: With more phrases than this, one pass of the kernel is cheaper than a substring search each.
_PREFILTERED_PHRASES = 4


@dataclass(frozen=True)
class ScannedBatch:
    """Samples of one part that may match."""

    captions: pa.Array  #: folded, (n,)
    rows: NDArray[np.int64]  #: (n,) row of each sample in its shard
    columns: dict[str, pa.Array]  #: further columns, (n,) each
    considered: int  #: samples looked at for this batch, those dropped early included


def scan_part(
    part: Part,
    phrases: Sequence[str],
    *,
    columns: Sequence[str] = (),
    condition: Condition | None = None,
) -> Iterator[ScannedBatch]:
    """Yield all samples of a part that can hold one of ``phrases``, and maybe others.

    Samples that were removed on request are in no batch, and are not ``considered``.

    Parameters
    ----------
    phrases:
        Folded phrases that will be looked for; samples that hold none may be left out.
    columns:
        Further columns to read for the samples.
    condition:
        Leave out samples that do not meet it; they are not ``considered`` either.
    """
    if condition is not None:
        yield from _meeting(condition, part, columns)
    elif is_prefiltered(phrases):
        yield from _containing(_shortest_cover(phrases), part, columns)
    else:
        yield from _all(part, columns)


def rows_meeting(condition: Condition, part: Part) -> Iterator[NDArray[np.int64]]:
    """Rows of a part's samples that meet a condition, in batches; no captions are read for it."""
    for batch in condition.batches(part, []):
        yield batch["file_row_number"].to_numpy(zero_copy_only=False)


def is_prefiltered(phrases: Sequence[str]) -> bool:
    """Whether samples are searched while they are decoded (by Polars, on all processors)."""
    return len(_shortest_cover(phrases)) <= _PREFILTERED_PHRASES


def first_captions(dataset: Dataset, wanted: int) -> pa.Array | None:
    """Some captions of a dataset, at most ``wanted``; None if it has none."""
    for part in dataset.parts:
        with pq.ParquetFile(part.path) as file:
            for batch in file.iter_batches(wanted, columns=["caption"], use_threads=False):
                return batch["caption"]
    return None


def _shortest_cover(phrases: Sequence[str]) -> list[str]:
    """The phrases without those that contain another: who holds these holds that."""
    kept: list[str] = []
    for phrase in sorted(set(phrases), key=len):
        if len(kept) > _PREFILTERED_PHRASES:
            break
        if not any(shorter in phrase for shorter in kept):
            kept.append(phrase)
    return kept


def _containing(
    phrases: Sequence[str], part: Part, columns: Sequence[str]
) -> Iterator[ScannedBatch]:
    """A plain substring search while decoding, by Polars; other columns only where it hits."""
    text = pl.col("caption").str
    held = [text.contains(phrase, literal=True) for phrase in phrases] or [pl.lit(False)]
    found = (
        pl.scan_parquet(part.path, row_index_name="row", glob=False)
        .select("row", "caption", *columns)
        .filter(pl.any_horizontal(held))
    )
    for frame in found.collect_batches(chunk_size=_BATCH_ROWS):
        kept = part.kept_among(frame["row"].cast(pl.Int64).to_numpy())
        if kept is not None:
            frame = frame.filter(pl.Series(kept))
        if len(frame):
            table = frame.to_arrow()
            yield ScannedBatch(
                _one_array(table["caption"]),
                frame["row"].cast(pl.Int64).to_numpy(),
                {name: _one_array(table[name]) for name in columns},
                considered=0,
            )
    none = pa.array([], pa.large_string())
    further = dict.fromkeys(columns, none)
    yield ScannedBatch(none, np.empty(0, np.int64), further, considered=part.samples)


def _all(part: Part, columns: Sequence[str]) -> Iterator[ScannedBatch]:
    start = 0
    with pq.ParquetFile(part.path) as file:
        for batch in file.iter_batches(
            _BATCH_ROWS, columns=["caption", *columns], use_threads=False
        ):
            rows = np.arange(start, start + len(batch))
            kept = part.kept(start, len(batch))
            start += len(batch)
            if kept is not None:
                batch, rows = batch.filter(pa.array(kept)), rows[kept]
            further = {name: batch[name] for name in columns}
            yield ScannedBatch(batch["caption"], rows, further, len(batch))


def _meeting(condition: Condition, part: Part, columns: Sequence[str]) -> Iterator[ScannedBatch]:
    for batch in condition.batches(part, ["caption", *columns]):
        rows = batch["file_row_number"].to_numpy(zero_copy_only=False)
        further = {name: batch[name] for name in columns}
        yield ScannedBatch(batch["caption"], rows, further, len(batch))


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    joined = column.combine_chunks()
    if isinstance(joined, pa.ChunkedArray):
        joined = pa.concat_arrays(joined.chunks) if joined.num_chunks else pa.array([], column.type)
    return joined
