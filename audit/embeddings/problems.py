"""Images that could not be embedded, by name and with the reason."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit.embeddings.files import EXAMINED, part_paths, read_record
from audit.embeddings.units import UnitState

#: The status of images that never came; `audit fetch` tells why.
NOT_FETCHED = "not fetched"


@dataclass(frozen=True)
class ImageProblem:
    """An image that could not be looked at."""

    #: Of the file; of an image in a file, with its name there after a colon; the URL of one that
    #: was not fetched.
    path: str
    status: str
    message: str | None

    def describe(self) -> str:
        told = f"{self.path}: {self.status}"
        return f"{told} ({self.message})" if self.message else told


def count_problems(states: Sequence[UnitState]) -> int:
    """Images that could not be looked at."""
    return sum(
        images
        for state in states
        for status, images in state.statuses.items()
        if status not in EXAMINED
    )


def first_problems(
    folder: Path, states: Sequence[UnitState], at_most: int
) -> tuple[ImageProblem, ...]:
    """The first images that could not be looked at; those that were not fetched come last."""
    broken = {status for state in states for status in state.statuses}
    broken -= {*EXAMINED, NOT_FETCHED}
    found = list(islice(_with_status(folder, states, broken), at_most))
    found += islice(_with_status(folder, states, {NOT_FETCHED}), at_most - len(found))
    return tuple(found)


def _with_status(
    folder: Path, states: Sequence[UnitState], wanted: set[str]
) -> Iterator[ImageProblem]:
    for state in states:
        if not wanted & state.statuses.keys():
            continue
        path = part_paths(folder, state.ordinal)[2]
        uri = str((read_record(path) or {}).get("uri", state.label))
        table = pq.read_table(path, columns=["image_path", "url", "status", "message"])
        values = pa.array(sorted(wanted), pa.string())
        chosen = table.filter(pc.is_in(table["status"], value_set=values))
        for batch in chosen.to_batches(max_chunksize=64):
            for row in batch.to_pylist():
                key = row["image_path"]
                place = os.path.join(uri, key) if os.path.isdir(uri) else f"{uri}: {key}"
                if row["status"] == NOT_FETCHED:
                    place = row["url"] or place
                yield ImageProblem(place, row["status"], row["message"])
