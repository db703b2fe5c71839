"""The vectors of a dataset, ready to be matched: codes, and links to samples.

::

    vectors/<encoder>/image.json              encoder, where the embeddings are, a line a part
    vectors/<encoder>/codes_00000.npy         int8, (vectors, dimension)
    vectors/<encoder>/bounds_00000.npy        float32, (3, vectors): scale, residual, length
    vectors/<encoder>/links_00000.parquet     image, shard, row
    vectors/<encoder>/vectors_00000.npy       float16, unit; only if the embeddings are not
    vectors/<encoder>/image.index             only with --approximate; see ``inverted_lists``
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.embeddings.folder import EmbeddingFolder, EmbeddingPart
from audit.encoders.encoder import EncoderInfo
from audit.errors import EncoderMismatchError, SourceError, UsageError
from audit.vectors.codes import CodedVectors

SCHEMA = "audit.vectors/1"
MANIFEST = "image.json"


class IndexedPart:
    """The vectors of one embedding part, mapped from files.

    Satisfies :class:`audit.vectors.exact.VectorPart`.
    """

    def __init__(self, folder: Path, embeddings: EmbeddingPart, own_vectors: bool) -> None:
        self.embeddings = embeddings
        self._folder, self._own_vectors = folder, own_vectors

    @cached_property
    def vectors(self) -> NDArray[np.float16]:
        if self._own_vectors:
            path = stored_path(self._folder, "vectors", self.embeddings.ordinal)
            return np.asarray(np.load(path, mmap_mode="r"))
        return np.asarray(self.embeddings.vectors)

    @cached_property
    def coded(self) -> CodedVectors:
        number = self.embeddings.ordinal
        try:
            codes = np.load(stored_path(self._folder, "codes", number), mmap_mode="r")
            bounds = np.load(stored_path(self._folder, "bounds", number), mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise SourceError(
                f"{self._folder}: part {number} of the index cannot be read ({error}).",
                hint="Run `audit index` again: only what is missing or damaged is made.",
            ) from error
        return CodedVectors(np.asarray(codes), *(np.asarray(row) for row in bounds))

    @cached_property
    def links(self) -> pa.Table:
        """``image``, ``shard``, ``row``, ordered by image."""
        return pq.read_table(stored_path(self._folder, "links", self.embeddings.ordinal))

    def image_of_vector(self) -> NDArray[np.int64]:
        """For each vector the number of its image, shape (vectors,); never decreasing."""
        table = self.embeddings.metadata(["image"])
        if self.embeddings.images_path is None or "image" not in table.column_names:
            return np.arange(len(self.embeddings.vectors), dtype=np.int64)
        return np.asarray(table["image"].to_numpy())


class VectorIndex:
    """An index that was built for a dataset, opened for reading."""

    def __init__(self, folder: Path) -> None:
        record = read_manifest(folder)
        if record is None:
            raise UsageError(
                f"{folder}: no index there.", hint="Build it with `audit index EMBEDDINGS`."
            )
        self.folder = folder
        self.info = EncoderInfo.from_dict(record["encoder"])
        place = Path(folder, record["embeddings"])
        named = self.info.id if record["foreign"] else None
        self.embeddings = EmbeddingFolder.open(place, named)
        if self.embeddings.info != self.info:
            raise EncoderMismatchError(
                f"{folder}: built from {self.info.id}, but {place} now holds embeddings of "
                f"{self.embeddings.info.describe_against(self.info)}.",
                hint="Run `audit index` again.",
            )
        by_ordinal = {part.ordinal: part for part in self.embeddings.parts}
        self.parts = []
        for state in record["parts"]:
            part = by_ordinal.get(state["ordinal"])
            if part is None or part_mark(part) != state["mark"]:
                raise SourceError(
                    f"{folder}: part {state['ordinal']} of its embeddings has changed.",
                    hint="Run `audit index` again: only what changed is made anew.",
                )
            self.parts.append(IndexedPart(folder, part, state["own_vectors"]))
        #: Parts that were embedded after the index was built.
        self.not_indexed = len(by_ordinal) - len(self.parts)

    def __len__(self) -> int:
        return sum(len(part.vectors) for part in self.parts)


def stored_path(folder: Path, kind: str, ordinal: int) -> Path:
    return folder / f"{kind}_{ordinal:05d}.{'parquet' if kind == 'links' else 'npy'}"


def part_mark(part: EmbeddingPart) -> str:
    """Changes when the vectors do."""
    status = part.vectors_path.stat()
    return f"{status.st_size}:{status.st_mtime_ns}"


def read_manifest(folder: Path) -> dict[str, Any] | None:
    path = folder / MANIFEST
    try:
        record = json.loads(path.read_bytes())
        if record["schema"] != SCHEMA:
            raise ValueError(f"its format is {record['schema']!r}, not {SCHEMA!r}")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{path}: cannot be used ({error}).",
            hint="Remove the folder and run `audit index` again.",
        ) from error
    return dict(record)
