"""Where images lie: folders, WebDataset tars, parquet with image bytes, img2dataset's output.

A collection is cut into units, each read in one go and in one order. A unit that did not change
gives the same images again, so that what was made of it needs not be made again.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from audit.errors import UsageError

#: By name; what is inside is found out when it is decoded.
IMAGE_SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".ppm", ".svg",
)  # fmt: skip

#: Columns of parquet files that hold images, as bytes or as {bytes, path} (the Hugging Face way).
_IMAGE_COLUMNS = ("image", "jpg", "jpeg", "png", "webp", "img", "image_bytes", "bytes")

#: Images of a folder that make one unit.
_UNIT_IMAGES = 4096


@dataclass(frozen=True)
class ImageUnit:
    """Images that are read together.

    Attributes
    ----------
    uri:
        Path of the tar, of the parquet file, or of the folder.
    kind:
        ``folder``, ``tar`` or ``parquet``.
    fingerprint:
        Changes when a file of the unit does.
    bytes:
        What there is to read.
    """

    uri: str
    kind: str
    fingerprint: str
    bytes: int
    #: Files of a folder's unit, which may be one of several of the folder.
    names: tuple[str, ...] = ()
    #: Parquet of img2dataset with a row for every URL, those without an image included.
    sidecar: str | None = None

    @property
    def label(self) -> str:
        """The unit in one word; unlike ``uri`` different for every unit of a folder."""
        return f"{self.uri}/{self.names[0]}…" if self.names else self.uri


@dataclass
class _Listing:
    """Files by what they are."""

    tars: list[Path] = field(default_factory=list)
    parquet: list[Path] = field(default_factory=list)
    images: dict[Path, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, path: Path) -> None:
        suffix = path.suffix.lower()
        if suffix == ".tar":
            self.tars.append(path)
        elif suffix in (".parquet", ".pq"):
            self.parquet.append(path)
        elif suffix in IMAGE_SUFFIXES:
            self.images[path.parent].append(path.name)


def find_units(sources: Sequence[str | os.PathLike[str]]) -> list[ImageUnit]:
    """The units of a collection, ordered by path.

    Parameters
    ----------
    sources:
        Folders (everything below them), tars, parquet files.

    Raises
    ------
    UsageError
        If a source does not exist or holds no images.
    """
    units: dict[str, ImageUnit] = {}
    for source in sources:
        path = Path(source).expanduser().absolute()
        found = list(_units_of(path))
        if not found:
            raise UsageError(
                f"{source}: no images there.",
                hint="Give a folder of images, WebDataset tars, parquet files with a column of "
                "image bytes, or what `audit fetch` or img2dataset wrote.",
            )
        units.update((unit.label, unit) for unit in found)
    return [units[label] for label in sorted(units)]


def _units_of(path: Path) -> Iterator[ImageUnit]:
    listing = _Listing()
    if path.is_dir():
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
            for name in sorted(names):
                if not name.startswith((".", "_")):
                    listing.add(Path(folder, name))
    elif path.exists():
        listing.add(path)
    else:
        raise UsageError(f"{path}: does not exist.", hint="Check the path.")
    sidecars = {file.with_suffix(""): str(file) for file in listing.parquet}
    for tar in listing.tars:
        yield _file_unit(tar, "tar", sidecars.get(tar.with_suffix("")) or _beside(tar))
    for parent, images in sorted(listing.images.items()):
        for start in range(0, len(images), _UNIT_IMAGES):
            yield _folder_unit(parent, images[start : start + _UNIT_IMAGES], sidecars.get(parent))
    described = {unit.with_suffix("") for unit in listing.tars} | set(listing.images)
    for file in listing.parquet:
        if file.with_suffix("") not in described and _may_hold_images(file):
            yield _file_unit(file, "parquet", None)


def _beside(tar: Path) -> str | None:
    sidecar = tar.with_suffix(".parquet")
    return str(sidecar) if sidecar.exists() else None


def _file_unit(path: Path, kind: str, sidecar: str | None) -> ImageUnit:
    status = path.stat()
    mark = f"{status.st_size}:{status.st_mtime_ns}"
    if sidecar:
        mark += f"+{Path(sidecar).stat().st_size}"
    return ImageUnit(str(path), kind, mark, status.st_size, sidecar=sidecar)


def _folder_unit(folder: Path, names: Sequence[str], sidecar: str | None) -> ImageUnit:
    digest = hashlib.sha256()
    total = 0
    for name in names:
        status = (folder / name).stat()
        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        total += status.st_size
    return ImageUnit(str(folder), "folder", digest.hexdigest()[:32], total, tuple(names), sidecar)


def _may_hold_images(path: Path) -> bool:
    """Also if it cannot be read: reading the unit says so, and nothing is left out in silence."""
    try:
        return _image_column(pq.read_schema(path)) is not None
    except (pa.ArrowException, OSError):
        return True


def image_column(path: Path) -> str | None:
    """The column of image bytes, or None if the file has none or is no parquet file."""
    try:
        return _image_column(pq.read_schema(path))
    except (pa.ArrowException, OSError):
        return None


def _image_column(schema: pa.Schema) -> str | None:
    by_lower = {name.lower(): name for name in schema.names}
    for wanted in _IMAGE_COLUMNS:
        name: str | None = by_lower.get(wanted)
        if name is not None and _holds_bytes(schema.field(name).type):
            return name
    return None


def _holds_bytes(type_: pa.DataType) -> bool:
    if pa.types.is_struct(type_):
        return any(inner.name == "bytes" and _holds_bytes(inner.type) for inner in type_)
    return bool(
        pa.types.is_binary(type_)
        or pa.types.is_large_binary(type_)
        or pa.types.is_binary_view(type_)
    )
