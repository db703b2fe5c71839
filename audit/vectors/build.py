"""Building an index: coding vectors and joining them to samples, what is new or changed only."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit._version import __version__
from audit.datasets.dataset import Dataset
from audit.datasets.files import remove_unfinished, written_whole
from audit.embeddings.files import NpyStream, write_json
from audit.embeddings.folder import EmbeddingFolder, EmbeddingPart
from audit.encoders.encoder import EncoderInfo, unit
from audit.errors import EncoderMismatchError, SourceError
from audit.vectors.codes import encode
from audit.vectors.index import (
    MANIFEST,
    SCHEMA,
    IndexedPart,
    part_mark,
    read_manifest,
    stored_path,
)
from audit.vectors.links import JoinBy, JoinReport, link

_BLOCK_ROWS = 1 << 13
#: Lengths within this of one are float16's rounding of unit vectors.
_UNIT = 5e-3


@dataclass(frozen=True)
class IndexReport:
    """The outcome of indexing, and the state of the index after it."""

    folder: Path
    encoder: EncoderInfo
    vectors: int
    vectors_now: int  #: coded this time
    join: JoinReport
    bytes: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": "audit.index/1",
            "folder": str(self.folder),
            "encoder": self.encoder.to_dict(),
            "vectors": self.vectors,
            "vectors_now": self.vectors_now,
            "images": self.join.images,
            "images_joined": self.join.joined,
            "images_unmatched": self.join.images - self.join.joined,
            "samples_with_image": self.join.samples,
            "joined_by": self.join.by,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
        }


def build_index(
    dataset: Dataset,
    embeddings: EmbeddingFolder,
    folder: Path,
    *,
    by: JoinBy | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> IndexReport:
    """Code the vectors of a folder of embeddings and join them to samples.

    Parts that are coded and did not change are left alone. Call it holding a lock.

    Parameters
    ----------
    folder:
        Where the index is, or will be.
    by:
        What to join images and samples by; see :func:`audit.vectors.links.link`.
    on_progress:
        Called with vectors done and in all.

    Raises
    ------
    EncoderMismatchError
        If the folder holds an index of another encoder.
    SourceError
        If vectors are damaged.
    """
    started = time.monotonic()
    record = read_manifest(folder)
    if record is not None and EncoderInfo.from_dict(record["encoder"]) != embeddings.info:
        raise EncoderMismatchError(
            f"{folder}: is an index of {record['encoder']['id']}, not of {embeddings.info.id}, "
            "or of another revision of it.",
            hint="Remove that folder if its embeddings are gone.",
        )
    remove_unfinished(folder)
    known = {state["ordinal"]: state for state in (record or {}).get("parts", ())}
    states, coded_now, done = [], 0, 0
    total = len(embeddings)
    for part in embeddings.parts:
        state = known.get(part.ordinal)
        if state is None or state["mark"] != part_mark(part) or not _is_coded(folder, state):
            tell = partial(_tell, on_progress, done, total)
            own = _code(part, folder, tell)
            state = {"ordinal": part.ordinal, "mark": part_mark(part), "own_vectors": own}
            coded_now += len(part.vectors)
        states.append(state)
        done += len(part.vectors)
        on_progress(done, total)
    links, join = link(dataset, embeddings, embeddings.parts, by, folder)
    for ordinal, table in links.items():
        with written_whole(stored_path(folder, "links", ordinal)) as stream:
            pq.write_table(table, stream, compression="zstd")
    # A dataset's folder may be moved as a whole, with the embeddings in it.
    place = embeddings.path.absolute()
    inside = place.is_relative_to(dataset.folder.absolute())
    write_json(
        folder / MANIFEST,
        {
            "schema": SCHEMA,
            "encoder": embeddings.info.to_dict(),
            "embeddings": os.path.relpath(place, folder) if inside else str(place),
            "foreign": embeddings.is_foreign,
            "tool_version": __version__,
            "parts": states,
        },
    )
    return IndexReport(
        folder=folder,
        encoder=embeddings.info,
        vectors=total,
        vectors_now=coded_now,
        join=join,
        bytes=sum(path.stat().st_size for path in folder.iterdir() if path.is_file()),
        seconds=time.monotonic() - started,
    )


def _tell(on_progress: Callable[[int, int], None], before: int, total: int, rows: int) -> None:
    on_progress(before + rows, total)


def _code(part: EmbeddingPart, folder: Path, tell: Callable[[int], None]) -> bool:
    """Write a part's codes; whether its vectors had to be written too, as unit float16."""
    own = part.vectors.dtype != np.float16 or not _are_unit(part.vectors)
    bounds = []
    codes_path = stored_path(folder, "codes", part.ordinal)
    # The old codes go first: new vectors must not meet them.
    for kind in ("codes", "bounds", "vectors", "links"):
        stored_path(folder, kind, part.ordinal).unlink(missing_ok=True)
    if own:
        with written_whole(stored_path(folder, "vectors", part.ordinal)) as stream:
            copied = NpyStream(stream, part.vectors.shape[1])
            for start in range(0, len(part.vectors), _BLOCK_ROWS):
                copied.write(unit(part.vectors[start : start + _BLOCK_ROWS]))
            copied.close()
    vectors = IndexedPart(folder, part, own).vectors
    with written_whole(codes_path) as stream:
        written = NpyStream(stream, vectors.shape[1], np.int8)
        for start in range(0, len(vectors), _BLOCK_ROWS):
            block = vectors[start : start + _BLOCK_ROWS]
            if not np.isfinite(block).all():
                raise SourceError(
                    f"{part.vectors_path}: has numbers that are not finite, from row {start:,} on.",
                    hint="Embed that part again, or leave it out.",
                )
            coded = encode(block)
            written.write(coded.codes)
            bounds.append(np.stack([coded.scales, coded.residuals, coded.lengths]))
            tell(written.rows)
        written.close()
    with written_whole(stored_path(folder, "bounds", part.ordinal)) as stream:
        joined = np.concatenate(bounds, axis=1) if bounds else np.empty((3, 0), np.float32)
        np.save(stream, joined)
    return own


def _are_unit(vectors: NDArray[Any]) -> bool:
    for start in range(0, len(vectors), _BLOCK_ROWS):
        lengths = np.linalg.norm(vectors[start : start + _BLOCK_ROWS].astype(np.float32), axis=1)
        # A vector of zeros, which some write for an unreadable image, cannot be lengthened.
        if ((np.abs(lengths - 1) > _UNIT) & (lengths > 0)).any():
            return False
    return True


def _is_coded(folder: Path, state: dict[str, Any]) -> bool:
    kinds = ["codes", "bounds", *(["vectors"] if state["own_vectors"] else [])]
    return all(stored_path(folder, kind, state["ordinal"]).exists() for kind in kinds)
