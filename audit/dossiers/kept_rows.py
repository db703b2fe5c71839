"""Rows with what was concluded of them, written down while a license review reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from audit.datasets.dataset import Dataset, Part
from audit.datasets.safety import SAFETY_COLUMNS, marked_unsafe
from audit.reviews.conclusions import Conclusion
from audit.reviews.tally import Keep, ReviewedBatch

#: Columns of a part that are copied where the dataset has them.
_COPIED = {
    "host": pa.string(), "width": pa.int32(), "height": pa.int32(), "license": pa.string(),
    "license_url": pa.string(), "rights_holder": pa.string(), "license_end": pa.string(),
}  # fmt: skip
_CONCLUDED = ("declared", "concluded", "status", "rule")
SCHEMA = pa.schema(
    [
        ("concept_number", pa.int32()),
        ("shard_number", pa.int32()),
        ("row", pa.int64()),
        *_COPIED.items(),
        *((name, pa.string()) for name in _CONCLUDED),
        ("findings", pa.list_(pa.string())),
        ("unsafe", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class RowPieces:
    """A parquet file for every part, in ``folder``, with the rows that a review looks at.

    With concepts, one row for every pair of a sample and a concept that it names; else one for
    every sample, ``concept_number`` null. See :class:`audit.reviews.tally.RowKeeper`.
    """

    folder: Path
    columns: Sequence[str]

    @classmethod
    def of(cls, folder: Path, dataset: Dataset) -> RowPieces:
        folder.mkdir()
        wanted = (*_COPIED, *SAFETY_COLUMNS)
        return cls(folder, tuple(name for name in wanted if name in dataset.columns))

    def path(self, part: Part) -> Path:
        return self.folder / part.shard.part_name

    def rows(self, part: Part) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The rows of a part that were kept; one that names several concepts several times."""
        path = self.path(part)
        if not path.exists():
            return np.empty(0, np.int64)
        return np.asarray(pq.read_table(path, columns=["row"])["row"].to_numpy())

    @contextmanager
    def keeping(self, part: Part) -> Iterator[Keep]:
        with pq.ParquetWriter(self.path(part), SCHEMA, compression="zstd") as writer:

            def keep(batch: ReviewedBatch, conclusions: Sequence[Conclusion]) -> None:
                writer.write_table(_table(batch, conclusions, part.shard.ordinal))

            yield keep


def _table(batch: ReviewedBatch, conclusions: Sequence[Conclusion], shard: int) -> pa.Table:
    if batch.matches is None:
        place = np.arange(len(batch.rows))
        concept = pa.nulls(len(place), pa.int32())
    else:
        place, numbers = batch.matches
        concept = pa.array(numbers, pa.int32())
    taken = pa.array(place)
    concluded = pa.array(batch.conclusions[place])
    columns = {
        "concept_number": concept,
        "shard_number": pa.array(np.full(len(place), shard, np.int32)),
        "row": pa.array(batch.rows[place]),
    }
    for name, type_ in _COPIED.items():
        if name in batch.columns:
            columns[name] = batch.columns[name].take(taken).cast(type_)
    for name, values in _by_conclusion(conclusions).items():
        columns[name] = values.take(concluded)
    safety = {name: batch.columns[name] for name in SAFETY_COLUMNS if name in batch.columns}
    columns["unsafe"] = marked_unsafe(safety, len(batch.rows)).take(taken)
    return pa.table(
        [columns.get(name, pa.nulls(len(place), SCHEMA.field(name).type)) for name in SCHEMA.names],
        schema=SCHEMA,
    )


def _by_conclusion(conclusions: Sequence[Conclusion]) -> dict[str, pa.Array]:
    return {
        "declared": pa.array([one.declared.id for one in conclusions], pa.string()),
        "concluded": pa.array([one.concluded.id for one in conclusions], pa.string()),
        "status": pa.array([one.concluded.status for one in conclusions], pa.string()),
        "rule": pa.array([one.rule for one in conclusions], pa.string()),
        "findings": pa.array([list(one.findings) for one in conclusions], pa.list_(pa.string())),
    }
