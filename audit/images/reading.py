"""Reading the images of a unit one after the other, with what is told beside them."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audit.errors import SourceError
from audit.fetching.guard import NOT_PUBLIC
from audit.images.collections import IMAGE_SUFFIXES, ImageUnit, image_column

_AGAIN = "Download or write it again and run the same command: only what changed is read again."


@dataclass(frozen=True)
class FoundImage:
    """An image that was found, with what its collection says about it.

    ``data`` is None if it could not be read; ``problem`` then says why.
    """

    key: str  #: its name inside the unit
    data: bytes | None
    caption: str | None = None
    url: str | None = None
    #: Shard ordinal and row of the sample, where the collection was fetched for a dataset.
    sample: tuple[int, int] | None = None
    problem: str | None = None
    #: Its row in a parquet file.
    row: int | None = None


def read_unit(unit: ImageUnit, max_bytes: int) -> Iterator[FoundImage]:
    """The images of a unit, in its order; one larger than ``max_bytes`` is not read.

    Samples that `audit fetch` refused to try are left out: nothing is known of their images.

    Raises
    ------
    SourceError
        If the unit as a whole cannot be read; or not to its end, after what could be read.
    """
    about = _Sidecar(unit.sidecar)
    if unit.kind == "parquet":
        yield from _read_parquet(Path(unit.uri), max_bytes)
        return
    read = _read_tar if unit.kind == "tar" else _read_folder
    damage = None
    try:
        for key, data, problem, texts in read(unit, max_bytes):
            yield about.described(key, data, problem, texts)
    except SourceError as error:
        damage = error
    yield from about.missing()
    if damage is not None:
        raise damage


_Raw = tuple[str, bytes | None, str | None, Mapping[str, bytes]]


def _read_folder(unit: ImageUnit, max_bytes: int) -> Iterator[_Raw]:
    for name in unit.names:
        path = Path(unit.uri, name)
        texts = {}
        for suffix in (".txt", ".json"):
            companion = path.with_suffix(suffix)
            if companion.exists() and companion.stat().st_size < 1 << 20:
                texts[suffix] = companion.read_bytes()
        try:
            size = path.stat().st_size
            if size > max_bytes:
                yield name, None, f"too large: {size:,} bytes", texts
            else:
                yield name, path.read_bytes(), None, texts
        except OSError as error:
            yield name, None, f"unreadable: {error.strerror or error}", texts


def tar_key(member: str) -> tuple[str, str]:
    """The key of a WebDataset sample and the suffix of one of its files."""
    folder, _, base = member.rpartition("/")
    stem, dot, suffix = base.partition(".")
    return f"{folder}/{stem}" if folder else stem, (dot + suffix).lower()


def _read_tar(unit: ImageUnit, max_bytes: int) -> Iterator[_Raw]:
    """Samples of a WebDataset tar: neighbouring files whose names differ in their suffix."""
    key: str | None = None
    image: tuple[bytes | None, str | None] | None = None
    texts: dict[str, bytes] = {}
    damage = None
    try:
        with tarfile.open(unit.uri, "r|") as tar:
            for member in tar:
                if not member.isfile():
                    continue
                name, suffix = tar_key(member.name)
                if name != key:
                    if key is not None and image is not None:
                        yield key, *image, texts
                    key, image, texts = name, None, {}
                if suffix in IMAGE_SUFFIXES:
                    if member.size > max_bytes:
                        image = (None, f"too large: {member.size:,} bytes")
                    else:
                        stream = tar.extractfile(member)
                        image = (stream.read() if stream else b"", None)
                elif suffix in (".txt", ".json") and member.size < 1 << 20:
                    stream = tar.extractfile(member)
                    texts[suffix] = stream.read() if stream else b""
            _check_end(unit.uri, tar.offset)
    except (tarfile.TarError, OSError, EOFError) as error:
        damage = error
    if key is not None and image is not None:
        yield key, *image, texts
    if damage is not None:
        raise SourceError(
            f"{unit.uri}: cannot be read to its end ({damage}).", hint=_AGAIN
        ) from damage


def _check_end(path: str, end: int) -> None:
    """Refuse a tar that does not end where reading ended.

    `tarfile` takes a damaged header for the end, and a file that was cut between two members for
    a whole one.
    """
    with open(path, "rb") as stream:
        stream.seek(end)
        block = stream.read(tarfile.BLOCKSIZE)
    if block != bytes(tarfile.BLOCKSIZE):
        what = "damaged" if len(block) == tarfile.BLOCKSIZE else "cut off"
        raise tarfile.ReadError(f"{what} after {end:,} bytes")


def _read_parquet(path: Path, max_bytes: int) -> Iterator[FoundImage]:
    column = image_column(path)
    try:
        with pq.ParquetFile(path) as file:
            names = set(file.schema_arrow.names)
            by_lower = {name.lower(): name for name in sorted(names)}
            told = {role: by_lower[role] for role in ("key", "caption", "url") if role in by_lower}
            if "caption" not in told and "text" in by_lower:
                told["caption"] = by_lower["text"]
            row = 0
            columns = [column, *set(told.values())]
            # Group by group, or damage would take images of the group before with it.
            groups = range(file.num_row_groups)
            batches = (file.iter_batches(64, row_groups=[g], columns=columns) for g in groups)
            for batch in chain.from_iterable(batches):
                for record in batch.to_pylist():
                    content = record[column]
                    data: Any = content.get("bytes") if isinstance(content, dict) else content
                    problem = None
                    if not isinstance(data, bytes):
                        data, problem = None, "no bytes in this row"
                    elif len(data) > max_bytes:
                        data, problem = None, f"too large: {len(data):,} bytes"
                    texts = {role: record[name] for role, name in told.items()}
                    yield FoundImage(
                        str(texts.get("key") or row),
                        data,
                        _text(texts.get("caption")),
                        _text(texts.get("url")),
                        problem=problem,
                        row=row,
                    )
                    row += 1
    except (pa.ArrowException, OSError) as error:
        raise SourceError(
            f"{path}: cannot be read to its end ({' '.join(str(error).split())}).", hint=_AGAIN
        ) from error


class _Sidecar:
    """What img2dataset wrote about the images of one unit, a row for every URL."""

    _COLUMNS = ("key", "caption", "url", "status", "error_message", "audit_shard", "audit_row")

    def __init__(self, path: str | None) -> None:
        self._rows: dict[str, dict[str, Any]] = {}
        if path is None:
            return
        try:
            names = set(pq.read_schema(path).names)
            if "key" in names:
                table = pq.read_table(path, columns=[n for n in self._COLUMNS if n in names])
                self._rows = {str(row["key"]): row for row in table.to_pylist()}
        except (pa.ArrowException, OSError) as error:
            raise SourceError(
                f"{path}: cannot be read ({error}).",
                hint="It tells which image is which; fetch that part again.",
            ) from error

    def described(
        self, key: str, data: bytes | None, problem: str | None, texts: Mapping[str, bytes]
    ) -> FoundImage:
        row = self._rows.pop(Path(key).stem, None) or _from_texts(texts)
        return FoundImage(
            key, data, _text(row.get("caption")), _text(row.get("url")), _sample(row), problem
        )

    def missing(self) -> Iterator[FoundImage]:
        """Rows without an image: they were looked for, which is worth knowing."""
        for key, row in self._rows.items():
            why = row.get("error_message") or row.get("status") or "not there"
            if NOT_PUBLIC in why and _sample(row) is not None:
                continue
            lost = row.get("status") == "success"
            yield FoundImage(
                key,
                None,
                _text(row.get("caption")),
                _text(row.get("url")),
                _sample(row),
                "unreadable: fetched, and not there" if lost else f"not fetched: {why}",
            )


def _from_texts(texts: Mapping[str, bytes]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if ".json" in texts:
        try:
            record = json.loads(texts[".json"])
            told = record if isinstance(record, dict) else {}
        except ValueError:
            told = {}
    if ".txt" in texts and not told.get("caption"):
        told["caption"] = texts[".txt"].decode("utf-8", "replace").strip()
    return told


def _sample(row: Mapping[str, Any]) -> tuple[int, int] | None:
    shard, number = row.get("audit_shard"), row.get("audit_row")
    if isinstance(shard, int) and isinstance(number, int):
        return shard, number
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
