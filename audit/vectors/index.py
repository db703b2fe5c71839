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
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.datasets.removed import RemovedSamples
from audit.embeddings.folder import EmbeddingFolder, EmbeddingPart
from audit.embeddings.mapped import limit_reached, mapped_array
from audit.encoders.encoder import EncoderInfo
from audit.errors import EncoderMismatchError, SourceError, UsageError
from audit.vectors.codes import CodedVectors

SCHEMA = "audit.vectors/1"
MANIFEST = "image.json"


class IndexedPart:
    """The vectors of one embedding part, mapped from files when they are asked for.

    Satisfies :class:`audit.vectors.exact.VectorPart`.
    """

    def __init__(
        self,
        folder: Path,
        embeddings: EmbeddingPart,
        own_vectors: bool,
        removed: RemovedSamples | None = None,
    ) -> None:
        self.embeddings = embeddings
        self._folder, self._own_vectors = folder, own_vectors
        #: Samples whose links do not count; None if there are none.
        self.removed = removed or None

    def __len__(self) -> int:
        return len(self.embeddings)

    @property
    def vectors(self) -> NDArray[np.float16]:
        """Shape (vectors, dimension), unit length.

        Raises
        ------
        SourceError
            If the file is damaged, gone or being made anew.
        """
        if self._own_vectors:
            return self._array("vectors")
        return self.embeddings.vectors

    @property
    def coded(self) -> CodedVectors:
        """Codes of the vectors, and what bounds their error; raises as :attr:`vectors` does."""
        return CodedVectors(self._array("codes"), *self._array("bounds"))

    @property
    def links(self) -> pa.Table:
        """``image``, ``shard``, ``row``, ordered by image; read each time, as all are too many.

        All of them: who reads links leaves out the :attr:`removed` samples, as
        :class:`audit.vectors.images.PartImages` does.

        Raises
        ------
        SourceError
            If the file is damaged, gone or being made anew.
        """
        path = stored_path(self._folder, "links", self.embeddings.ordinal)
        try:
            return pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(path, error) from error

    def _array(self, kind: str) -> NDArray[Any]:
        path = stored_path(self._folder, kind, self.embeddings.ordinal)
        try:
            numbers = mapped_array(path)
            if numbers.shape[-1 if kind == "bounds" else 0] != len(self):
                raise ValueError(f"{numbers.shape} numbers for {len(self):,} vectors")
            return numbers
        except (OSError, ValueError, EOFError) as error:
            raise self._unreadable(path, error) from error

    def _unreadable(self, path: Path, error: Exception) -> SourceError:
        number = self.embeddings.ordinal
        if isinstance(error, FileNotFoundError):
            return SourceError(
                f"{path}: is not there; part {number} of the index is being made anew, or was "
                "removed.",
                hint="If `audit index` is running, wait until it is done; else run it again: only "
                "what is missing is made.",
            )
        return limit_reached(path, error) or SourceError(
            f"{self._folder}: part {number} of the index cannot be read ({path.name}: {error}).",
            hint="Run `audit index` again: only what is missing or damaged is made.",
        )

    def image_of_vector(self) -> NDArray[np.int64]:
        """For each vector the number of its image, shape (vectors,); never decreasing."""
        table = self.embeddings.metadata(["image"])
        if self.embeddings.images_path is None or "image" not in table.column_names:
            return np.arange(len(self), dtype=np.int64)
        return np.asarray(table["image"].to_numpy())


class VectorIndex:
    """An index that was built for a dataset, opened for reading.

    Parameters
    ----------
    removed:
        Samples of the dataset that no image is to be linked to.

    Raises
    ------
    UsageError
        If there is none, or its embeddings are gone.
    EncoderMismatchError
        If its embeddings are now of another encoder.
    SourceError
        If a manifest is damaged, or embeddings changed since the index was built.
    """

    def __init__(self, folder: Path, removed: RemovedSamples | None = None) -> None:
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
            self.parts.append(IndexedPart(folder, part, state["own_vectors"], removed))
        #: Parts that were embedded after the index was built.
        self.not_indexed = len(by_ordinal) - len(self.parts)

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)


def stored_path(folder: Path, kind: str, ordinal: int) -> Path:
    return folder / f"{kind}_{ordinal:05d}.{'parquet' if kind == 'links' else 'npy'}"


def part_mark(part: EmbeddingPart) -> str:
    """Changes when the vectors do."""
    status = part.vectors_path.stat()
    return f"{status.st_size}:{status.st_mtime_ns}"


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of an index; None if there is no index in the folder.

    Raises
    ------
    SourceError
        If it is damaged or of another version.
    """
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
