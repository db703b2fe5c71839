"""Going back from an embedded image to the bytes it was made of, where it lay.

Nothing is fetched: an image whose source is gone, or is another image now, has a reason in place
of bytes.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audit.embeddings.files import read_record
from audit.embeddings.folder import EmbeddingPart
from audit.images.collections import IMAGE_SUFFIXES, image_column
from audit.images.decoding import DEFAULT_LIMITS
from audit.images.reading import tar_key

_GONE = "its source is gone"
_CHANGED = "its source has changed since it was embedded"


@dataclass(frozen=True)
class Original:
    """An image as it lay in its collection; ``data`` is None if ``problem`` says why."""

    image: int  #: its number in the part
    data: bytes | None
    problem: str | None = None


@dataclass(frozen=True)
class _Wanted:
    image: int
    key: str
    sha256: str
    row: int | None  #: in a parquet file

    def found(self, data: bytes) -> Original | None:
        """None if these are other bytes than the embedded ones."""
        same = hashlib.sha256(data).hexdigest() == self.sha256
        return Original(self.image, data) if same else None


def read_originals(
    part: EmbeddingPart, images: Collection[int], max_bytes: int = DEFAULT_LIMITS.bytes
) -> Iterator[Original]:
    """The chosen images of a part, each once, in the order in which they lie in their source.

    The source is passed over once at most, and one image is held at a time. What was embedded has
    its digest written down: other bytes than those are never given. Folders made by others have no
    digests; their ``image_path`` is taken for a local file.

    Parameters
    ----------
    images:
        Numbers of images in the part: rows of its file of images, or of its vectors in folders
        made by others.
    max_bytes:
        Larger images are not read.

    Raises
    ------
    SourceError
        If the part's own files cannot be read. What happens to images is told by the image.
    """
    left = dict.fromkeys(sorted(set(images)))
    read = _own if part.images_path else _foreign
    for original in read(part, list(left), max_bytes):
        del left[original.image]
        yield original
    for image in left:
        yield Original(image, None, _CHANGED)


def _own(part: EmbeddingPart, images: list[int], max_bytes: int) -> Iterator[Original]:
    assert part.images_path is not None
    columns = ["image_path", "status", "message", "sha256", "source_row"]
    rows = part.images(columns).take(pa.array(images, pa.int64())).to_pylist()
    wanted = []
    for image, row in zip(images, rows, strict=True):
        if row["sha256"] is None:
            told = ": ".join(text for text in (row["status"], row["message"]) if text)
            yield Original(image, None, told or "it was not read when the others were embedded")
        else:
            wanted.append(_Wanted(image, row["image_path"], row["sha256"], row["source_row"]))
    uri = (read_record(part.images_path) or {}).get("uri")
    if not wanted:
        return
    if not isinstance(uri, str):
        yield from _all(wanted, "nothing tells where it lies")
    elif os.path.isdir(uri):
        yield from _from_folder(Path(uri), wanted, max_bytes)
    elif os.path.isfile(uri):
        yield from _from_file(Path(uri), wanted, max_bytes)
    else:
        yield from _all(wanted, _GONE)


def _from_file(path: Path, wanted: list[_Wanted], max_bytes: int) -> Iterator[Original]:
    read = _from_tar if path.suffix.lower() == ".tar" else _from_parquet
    left = {one.image: one for one in wanted}
    try:
        for original in read(path, wanted, max_bytes):
            del left[original.image]
            yield original
    except (tarfile.TarError, pa.ArrowException, OSError, EOFError) as error:
        told = str(error).partition("\n")[0] or type(error).__name__
        yield from _all(list(left.values()), f"its source cannot be read: {told}")


def _from_folder(folder: Path, wanted: list[_Wanted], max_bytes: int) -> Iterator[Original]:
    for one in wanted:
        # Keys are names of files; a manifest that says otherwise does not lead out of the folder.
        original = _from_path(folder / Path(one.key).name, one.image, max_bytes)
        yield (
            original
            if original.data is None
            else (one.found(original.data) or Original(one.image, None, _CHANGED))
        )


def _from_tar(path: Path, wanted: list[_Wanted], max_bytes: int) -> Iterator[Original]:
    by_key: dict[str, list[_Wanted]] = defaultdict(list)
    for one in wanted:
        by_key[one.key].append(one)
    too_large: dict[str, int] = {}
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            key, suffix = tar_key(member.name)
            if suffix not in IMAGE_SUFFIXES or not member.isfile() or key not in by_key:
                continue
            if member.size > max_bytes:
                too_large[key] = member.size
                continue
            stream = tar.extractfile(member)
            data = stream.read() if stream else b""
            # Several members may have one key: the digest tells which was embedded.
            for one in list(by_key[key]):
                original = one.found(data)
                if original is not None:
                    by_key[key].remove(one)
                    yield original
            if not by_key[key]:
                del by_key[key]
            if not by_key:
                return
    for key in by_key.keys() & too_large.keys():
        yield from _all(by_key[key], _too_large(too_large[key]))


def _from_parquet(path: Path, wanted: list[_Wanted], max_bytes: int) -> Iterator[Original]:
    column = image_column(path)
    if column is None:
        return
    by_row = {one.row: one for one in wanted}
    with pq.ParquetFile(path) as file:
        end = 0
        for group in range(file.num_row_groups):
            start, end = end, end + file.metadata.row_group(group).num_rows
            rows = [row for row in by_row if row is not None and start <= row < end]
            if not rows:
                continue
            for batch in file.iter_batches(64, row_groups=[group], columns=[column]):
                for row in sorted(row for row in rows if start <= row < start + len(batch)):
                    content: Any = batch.column(0)[row - start].as_py()
                    data = content.get("bytes") if isinstance(content, Mapping) else content
                    one = by_row[row]
                    if not isinstance(data, bytes):
                        continue
                    if len(data) > max_bytes:
                        yield Original(one.image, None, _too_large(len(data)))
                    elif (original := one.found(data)) is not None:
                        yield original
                start += len(batch)
                if start > max(rows):
                    break


def _foreign(part: EmbeddingPart, images: list[int], max_bytes: int) -> Iterator[Original]:
    table = part.metadata(["image_path"])
    if "image_path" not in table.column_names:
        yield from (Original(image, None, "nothing tells where it lies") for image in images)
        return
    places = table["image_path"].take(pa.array(images, pa.int64())).to_pylist()
    for image, place in zip(images, places, strict=True):
        if not isinstance(place, str) or not place:
            yield Original(image, None, "nothing tells where it lies")
        elif "://" in place:
            yield Original(image, None, "it lies on the network, and nothing is fetched")
        else:
            yield _from_path(Path(place), image, max_bytes)


def _from_path(path: Path, image: int, max_bytes: int) -> Original:
    try:
        # Neither folders nor pipes, which would never end.
        if not path.is_file():
            return Original(image, None, _GONE)
        size = path.stat().st_size
        if size > max_bytes:
            return Original(image, None, _too_large(size))
        return Original(image, path.read_bytes())
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        return Original(image, None, f"its source cannot be read: {error}")


def _all(wanted: list[_Wanted], problem: str) -> Iterator[Original]:
    return (Original(one.image, None, problem) for one in wanted)


def _too_large(size: int) -> str:
    return f"too large: {size:,} bytes"
