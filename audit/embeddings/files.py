"""Files of vectors in clip-retrieval's layout, written in one pass.

::

    embeddings.json                    the encoder, and the state of each part
    img_emb/img_emb_00000.npy          float16, (vectors, dimension), unit length
    metadata/metadata_00000.parquet    row i belongs to vector i
    images/images_00000.parquet        a row for every image looked at, those without a vector too
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.datasets.files import written_whole

MANIFEST = "embeddings.json"
SCHEMA = "audit.embeddings/1"
_RECORD_KEY = b"audit.embeddings"

#: What is known of the image of a vector; ``image`` is its row in the part's file of images.
METADATA = pa.schema(
    [
        ("image_path", pa.string()),
        ("caption", pa.string()),
        ("url", pa.string()),
        ("image", pa.int64()),
    ]
)

#: What became of an image that was looked at: there are vectors of it, or a detector found nothing.
EMBEDDED, NOTHING_FOUND = "embedded", "nothing found"
EXAMINED = (EMBEDDED, NOTHING_FOUND)

#: States of units that a part was made of; of an incomplete one, up to where it is damaged.
MADE = ("done", "incomplete")

#: ``status`` is one of :data:`EXAMINED`, or why the image could not be used.
IMAGES = pa.schema(
    [
        ("image_path", pa.string()),
        ("url", pa.string()),
        ("status", pa.string()),
        ("message", pa.string()),
        ("vectors", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("phash", pa.int64()),
        ("sha256", pa.string()),
        ("audit_shard", pa.int32()),
        ("audit_row", pa.int64()),
        ("source_row", pa.int64()),
    ]
)


def part_paths(folder: Path, ordinal: int) -> tuple[Path, Path, Path]:
    """Vectors, metadata and images of a part."""
    number = f"{ordinal:05d}"
    return (
        folder / "img_emb" / f"img_emb_{number}.npy",
        folder / "metadata" / f"metadata_{number}.parquet",
        folder / "images" / f"images_{number}.parquet",
    )


class NpyStream:
    """A ``.npy`` file whose number of rows is known only at its end."""

    _HEADER_BYTES = 128

    def __init__(self, stream: IO[bytes], dimension: int, dtype: Any = np.float16) -> None:
        self._stream, self._dimension, self._dtype = stream, dimension, np.dtype(dtype)
        self.rows = 0
        stream.write(self._header())

    def write(self, rows: NDArray[Any]) -> None:
        """Append rows, shape (n, dimension)."""
        self._stream.write(np.ascontiguousarray(rows, dtype=self._dtype).tobytes())
        self.rows += len(rows)

    def close(self) -> None:
        """Write how many rows there are; the stream stays open."""
        self._stream.seek(0)
        self._stream.write(self._header())

    def _header(self) -> bytes:
        described = repr(
            {
                "descr": np.lib.format.dtype_to_descr(self._dtype),
                "fortran_order": False,
                "shape": (self.rows, self._dimension),
            }
        )
        text = described.ljust(self._HEADER_BYTES - 11) + "\n"
        return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin-1")


class ImageTable:
    """Rows of a Parquet file, written as they come, with a record in its metadata at the end."""

    _GROUP_ROWS = 8192

    def __init__(self, stream: IO[bytes], schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(stream, schema, compression="zstd", store_schema=False)
        self._waiting: list[dict[str, Any]] = []
        self.rows = 0

    def __enter__(self) -> ImageTable:
        return self

    def __exit__(self, *exception: object) -> None:
        # A writer that is left open would write into the closed file when it is collected.
        if self._writer.is_open:
            self._writer.close()

    def add(self, **values: Any) -> None:
        self._waiting.append(values)
        self.rows += 1
        if len(self._waiting) >= self._GROUP_ROWS:
            self._flush()

    def add_table(self, table: pa.Table) -> None:
        """Append the rows of a table of the same columns."""
        self._flush()
        self._writer.write_table(table.cast(self._schema))
        self.rows += len(table)

    def close(self, record: dict[str, Any] | None = None) -> None:
        self._flush()
        if record is not None:
            self._writer.add_key_value_metadata({_RECORD_KEY: json.dumps(record).encode()})
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_pylist(self._waiting, self._schema))
            self._waiting = []


def read_record(path: Path) -> dict[str, Any] | None:
    """The record of a finished part, from its file of images; None if there is none."""
    try:
        record = json.loads((pq.read_metadata(path).metadata or {})[_RECORD_KEY])
    except (OSError, KeyError, ValueError, pa.ArrowException):
        return None
    return record if isinstance(record, dict) else None


def write_json(path: Path, record: dict[str, Any]) -> None:
    with written_whole(path) as stream:
        stream.write(json.dumps(record, ensure_ascii=False, indent=1).encode())
