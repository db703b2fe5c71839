"""Coding the vectors of one part into the files of an index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.datasets.files import written_whole
from audit.embeddings.files import NpyStream
from audit.embeddings.folder import EmbeddingPart
from audit.encoders.encoder import unit
from audit.errors import SourceError
from audit.vectors.codes import encode
from audit.vectors.index import IndexedPart, stored_path

#: Vectors that are coded at once.
BLOCK_ROWS = 1 << 13
#: Lengths within this of one are float16's rounding of unit vectors.
_UNIT = 5e-3


def code_part(
    part: EmbeddingPart, folder: Path, block_rows: int, tell: Callable[[int], None]
) -> bool:
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
            for start in range(0, len(part.vectors), block_rows):
                copied.write(unit(part.vectors[start : start + block_rows]))
            copied.close()
    vectors = IndexedPart(folder, part, own).vectors
    with written_whole(codes_path) as stream:
        written = NpyStream(stream, vectors.shape[1], np.int8)
        for start in range(0, len(vectors), block_rows):
            block = vectors[start : start + block_rows]
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
    for start in range(0, len(vectors), BLOCK_ROWS):
        lengths = np.linalg.norm(vectors[start : start + BLOCK_ROWS].astype(np.float32), axis=1)
        # A vector of zeros, which some write for an unreadable image, cannot be lengthened.
        if ((np.abs(lengths - 1) > _UNIT) & (lengths > 0)).any():
            return False
    return True
