"""Embeddings that are there: ours, or a folder of clip-retrieval's layout made by others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.embeddings.files import MADE, MANIFEST, SCHEMA, part_paths
from audit.embeddings.mapped import ArrayHeader, array_header, limit_reached, mapped_array
from audit.encoders.encoder import EncoderInfo
from audit.errors import EncoderMismatchError, SourceError, UsageError

#: Names that parts of clip-retrieval, img2dataset and LAION go by; the last group is the number.
_VECTORS = re.compile(r"(?:img_emb|image_emb|img_emb_)_?(\d+)\.npy")
_METADATA = re.compile(r"(?:metadata|meta)_?(\d+)\.parquet")

#: The revision of an encoder of which only the name is known, because a user gave it.
UNKNOWN_REVISION = "as named by the user"


def comparable(mine: EncoderInfo, theirs: EncoderInfo) -> bool:
    """Whether vectors of the two can be compared: they are of one encoder, as far as is known.

    Of a folder made by others only the encoder's name is known; then that must agree.
    """
    named_only = UNKNOWN_REVISION in (mine.revision, theirs.revision)
    same = mine.id == theirs.id and mine.dimension == theirs.dimension
    return same and (named_only or mine == theirs)


@dataclass(frozen=True)
class EmbeddingPart:
    """Vectors and what is known of them, row by row.

    Attributes
    ----------
    ordinal:
        Its number, which names its files.
    images_path:
        A row for every image looked at; None in folders made by others.
    unit:
        What it was made of; None in folders made by others.
    """

    ordinal: int
    vectors_path: Path
    metadata_path: Path | None
    images_path: Path | None
    unit: str | None

    @property
    def vectors(self) -> NDArray[Any]:
        """Mapped from the file: shape (vectors, dimension), float16 or float32.

        Raises
        ------
        SourceError
            If the file is no array of vectors, or the system allows no more maps.
        """
        with self._reading():
            rows = mapped_array(self.vectors_path)
            if (rows.shape, rows.dtype) != (self.shape, self.dtype):
                raise ValueError("it has changed since it was opened")
        return rows

    @property
    def shape(self) -> tuple[int, int]:
        """(vectors, dimension), as the file says; raises as :attr:`vectors` does."""
        rows, dimension = self._header.shape
        return rows, dimension

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the stored vectors, as the file says; raises as :attr:`vectors` does."""
        return self._header.dtype

    def __len__(self) -> int:
        return self.shape[0]

    @cached_property
    def _header(self) -> ArrayHeader:
        with self._reading():
            header = array_header(self.vectors_path)
        if len(header.shape) != 2 or header.dtype not in (np.float16, np.float32):
            raise SourceError(
                f"{self.vectors_path}: holds {header.dtype} of shape {header.shape}, not vectors.",
                hint="Vectors are float16 or float32, one a row.",
            )
        return header

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, EOFError) as error:
            raise SourceError(
                f"{self.vectors_path}: cannot be read as vectors ({error}).",
                hint="Embed that part again, or get the file again.",
            ) from error

    def metadata(self, columns: Sequence[str]) -> pa.Table:
        """The ``columns`` that the metadata has, a row for each vector."""
        return self._table(self.metadata_path, columns)

    def images(self, columns: Sequence[str]) -> pa.Table:
        return self._table(self.images_path, columns)

    def _table(self, path: Path | None, columns: Sequence[str]) -> pa.Table:
        if path is None:
            return pa.table({})
        try:
            there = pq.read_schema(path).names
            return pq.read_table(path, columns=[name for name in columns if name in there])
        except (OSError, pa.ArrowException) as error:
            raise limit_reached(path, error) or SourceError(
                f"{path}: cannot be read ({error}).", hint="Embed that part again."
            ) from error


class EmbeddingFolder:
    """A folder of embeddings of one encoder.

    Attributes
    ----------
    info:
        The encoder, which every comparison must agree on.
    parts:
        Ordered by number.
    unread:
        (unit, reason) of what could not be embedded, or not to its end.
    """

    def __init__(
        self,
        path: Path,
        info: EncoderInfo,
        parts: Sequence[EmbeddingPart],
        unread: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.path, self.info = path, info
        self.parts, self.unread = list(parts), list(unread)

    @classmethod
    def open(cls, path: Path, encoder: str | None = None) -> EmbeddingFolder:
        """Open a folder of ours or of others.

        Parameters
        ----------
        encoder:
            What the vectors are, where the folder does not say it itself.

        Raises
        ------
        UsageError
            If there are no embeddings, or nobody says of which encoder.
        EncoderMismatchError
            If the folder says that they are of another encoder than ``encoder``.
        SourceError
            If files are damaged or do not fit each other.
        """
        manifest = read_manifest(path)
        if manifest is None:
            return cls._foreign(path, encoder)
        info = EncoderInfo.from_dict(manifest["encoder"])
        if encoder is not None and encoder != info.id:
            raise EncoderMismatchError(
                f"{path}: these are embeddings of {info.id}, not of {encoder}.",
                hint="Leave --encoder out: the folder says itself what it holds.",
            )
        parts, unread = [], []
        for unit in manifest["units"]:
            if unit["state"] in MADE:
                vectors, metadata, images = part_paths(path, unit["ordinal"])
                parts.append(
                    EmbeddingPart(unit["ordinal"], vectors, metadata, images, unit["label"])
                )
            if unit["state"] != "done":
                unread.append((unit["label"], unit["error"] or "not embedded yet"))
        folder = cls(path, info, parts, unread)
        folder._check()
        return folder

    @classmethod
    def _foreign(cls, path: Path, encoder: str | None) -> EmbeddingFolder:
        vectors = _numbered(path, "img_emb", _VECTORS)
        if not vectors:
            raise UsageError(
                f"{path}: no embeddings there.",
                hint="Make some with `audit embed`, or give a folder that has "
                "img_emb/img_emb_0.npy, as clip-retrieval writes it.",
            )
        if encoder is None:
            raise UsageError(
                f"{path}: does not say which encoder made its vectors.",
                hint="Say it: --encoder open_clip:ViT-B-32/laion2b_s34b_b79k, for example.",
            )
        metadata = _numbered(path, "metadata", _METADATA)
        parts = [
            EmbeddingPart(number, file, metadata.get(number), None, None)
            for number, file in sorted(vectors.items())
        ]
        info = EncoderInfo(encoder, UNKNOWN_REVISION, "", parts[0].shape[1])
        folder = cls(path, info, parts)
        folder._check()
        return folder

    def _check(self) -> None:
        for part in self.parts:
            vectors, dimension = part.shape
            if dimension != self.info.dimension:
                raise EncoderMismatchError(
                    f"{part.vectors_path}: vectors of {dimension} numbers among "
                    f"vectors of {self.info.dimension}.",
                    hint="A folder holds embeddings of one encoder; move the others elsewhere.",
                )
            if part.metadata_path is not None:
                rows = _rows(part.metadata_path)
                if rows != vectors:
                    raise SourceError(
                        f"{part.metadata_path}: {rows:,} rows for {vectors:,} vectors.",
                        hint="They do not belong together; make or get that part again.",
                    )

    @property
    def is_foreign(self) -> bool:
        """Whether others made it, so that a user had to say of which encoder it is."""
        return self.info.revision == UNKNOWN_REVISION

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)


def holds_embeddings(path: Path) -> bool:
    """Whether :meth:`EmbeddingFolder.open` would find vectors there; raises as it does."""
    return read_manifest(path) is not None or bool(_numbered(path, "img_emb", _VECTORS))


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder of embeddings; None if it has none.

    Raises
    ------
    SourceError
        If it is damaged or of another version.
    """
    path = folder / MANIFEST
    try:
        record = json.loads(path.read_bytes())
        if record["schema"] != SCHEMA:
            raise SourceError(
                f"{path}: written in the format {record['schema']!r}; this version reads "
                f"{SCHEMA!r}.",
                hint="Use the version of audit that wrote it, or embed again.",
            )
        record["encoder"], record["units"]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{path}: is damaged ({type(error).__name__}: {error}).",
            hint="Remove the file and run the same `audit embed` again: finished parts are found.",
        ) from error
    return dict(record)


def _numbered(path: Path, kind: str, pattern: re.Pattern[str]) -> dict[int, Path]:
    """Files by their number, from ``path/kind``, ``path`` itself or beside it."""
    beside = sorted(path.parent.glob(f"*{kind}*")) if path.name == "img_emb" else []
    for place in (path / kind, path, *sorted(path.glob(f"*{kind}*")), *beside):
        if not place.is_dir():
            continue
        named = ((pattern.fullmatch(file.name), file) for file in sorted(place.iterdir()))
        found = {int(match[1]): file for match, file in named if match}
        if found:
            return found
    return {}


def _rows(path: Path) -> int:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException) as error:
        raise limit_reached(path, error) or SourceError(
            f"{path}: cannot be read ({error}).", hint="Make or get that part again."
        ) from error
