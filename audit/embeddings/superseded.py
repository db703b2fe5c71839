"""Samples that were tried again: of a fetch's folder, the last outcome of each counts.

`audit fetch` writes what it tries again into a further output shard, so that a sample has a row in
each. Only failures are tried again: the earlier rows have no image, and come after all that have.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.datasets.files import written_whole
from audit.datasets.sample_keys import Keys, sample_keys
from audit.embeddings.files import IMAGES, ImageTable, part_paths, read_record
from audit.fetching.outcomes import superseded_samples


def drop_superseded(
    folder: Path, sidecars: Mapping[int, Path]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Drop rows of images that a later output shard has again; vectors stay as they are.

    Parameters
    ----------
    sidecars:
        Ordinal of a part -> the Parquet file of the output shard that it was made of.

    Yields
    ------
    changed
        Ordinal of each part that lost rows, and its new record.
    """
    superseded: dict[Path, Keys] = {}
    for place in sorted({path.parent for path in sidecars.values()}):
        superseded |= superseded_samples(place)
    for ordinal, sidecar in sidecars.items():
        if sidecar in superseded:
            record = _without(folder, ordinal, superseded[sidecar])
            if record is not None:
                yield ordinal, record


def _without(folder: Path, ordinal: int, superseded: Keys) -> dict[str, Any] | None:
    """Write a file of images again without some samples; its record, or None if it has none."""
    vectors, _, path = part_paths(folder, ordinal)
    table, record = pq.read_table(path), read_record(path)
    assert record is not None  # it was just made or found finished
    dropped = _superseded_rows(table, superseded)
    if not dropped.any():
        return None
    kept = table.filter(pa.array(~dropped))
    record |= {
        "images": len(kept),
        "statuses": dict(sorted(Counter(kept["status"].to_pylist()).items())),
    }
    # By its time an index knows that the images of a part have changed.
    os.utime(vectors)
    with written_whole(path) as stream, ImageTable(stream, IMAGES) as images:
        images.add_table(kept)
        images.close(record)
    return record


def _superseded_rows(table: pa.Table, superseded: Keys) -> NDArray[np.bool_]:
    """Which rows to drop, shape (rows,). Vectors name their image by its row, so none before the
    last image moves."""
    known = pc.is_valid(table["audit_row"]).to_numpy()
    shard, row = (table[name].fill_null(0).to_numpy() for name in ("audit_shard", "audit_row"))
    dropped: NDArray[np.bool_] = known & np.isin(sample_keys(shard, row), superseded)
    with_image = np.flatnonzero(pc.is_valid(table["sha256"]).to_numpy())
    dropped[: with_image.max(initial=-1) + 1] = False
    return dropped
