"""A collection on disk: WebDataset tars of images, and a table of what is known of each picture.

::

    images/00000.tar      key.png (or .webp) and key.json with the URL, 1,000 pictures each
    pictures.parquet      a row for each picture, in the same order; see :data:`SCHEMA`
    shards/00000.parquet  the same as an image-text dataset in LAION's layout
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

#: ``group`` is what the source files it under; ``sha256`` is that of the source's own file.
SCHEMA = {
    "key": pl.String,
    "url": pl.String,
    "title": pl.String,
    "creator": pl.String,
    "group": pl.String,
    "keywords": pl.List(pl.String),
    "license": pl.String,
    "sha256": pl.String,
}

_A_TAR = 1000


@dataclass(frozen=True)
class Picture:
    """A picture and what is known of it."""

    name: str  #: unique; the URL is made of it
    suffix: str
    data: bytes
    title: str
    creator: str
    group: str
    keywords: tuple[str, ...]
    license: str
    sha256: str

    @classmethod
    def of_file(
        cls,
        name: str,
        suffix: str,
        data: bytes,
        *,
        title: str,
        creator: str,
        group: str,
        license_: str,
        keywords: tuple[str, ...] = (),
        source: bytes | None = None,
    ) -> Picture:
        digest = hashlib.sha256(source if source is not None else data).hexdigest()
        return cls(name, suffix, data, title, creator, group, keywords, license_, digest)


def write(folder: Path, site: str, pictures: Iterable[Picture]) -> None:
    """Write a collection; its URLs are made up, stable, and below ``https://{site}/``."""
    (folder / "images").mkdir()
    (folder / "shards").mkdir()
    rows = []
    kept = list(pictures)
    for start in range(0, len(kept), _A_TAR):
        path = folder / "images" / f"{start // _A_TAR:05d}.tar"
        with tarfile.open(path, "w") as tar:
            for number, picture in enumerate(kept[start : start + _A_TAR], start):
                key, url = f"{number:06d}", f"https://{site}/{picture.name}"
                _add(tar, key + picture.suffix, picture.data)
                about = {"url": url, "caption": picture.title}
                _add(tar, key + ".json", json.dumps(about).encode())
                rows.append((
                    key, url, picture.title, picture.creator, picture.group,
                    list(picture.keywords), picture.license, picture.sha256,
                ))  # fmt: skip
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    assert table["url"].is_unique().all()
    table.write_parquet(folder / "pictures.parquet")
    captions = [
        f"{title} by {creator}" if creator else title
        for title, creator in zip(table["title"], table["creator"], strict=True)
    ]
    shard = pa.table(
        {
            "URL": table["url"].to_arrow(),
            "TEXT": pa.array(captions),
            "LICENSE": table["license"].to_arrow(),
            "creator": table["creator"].to_arrow(),
        }
    )
    pq.write_table(shard, folder / "shards" / "00000.parquet", use_dictionary=False)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def read(folder: Path) -> pl.DataFrame:
    """What is known of the pictures of a collection."""
    return pl.read_parquet(folder / "pictures.parquet")


def images(folder: Path, keys: Iterable[str]) -> dict[str, bytes]:
    """The files of some pictures, by key."""
    wanted = set(keys)
    found: dict[str, bytes] = {}
    for number in sorted({int(key) // _A_TAR for key in wanted}):
        with tarfile.open(folder / "images" / f"{number:05d}.tar") as tar:
            for member in tar:
                key, _, suffix = member.name.partition(".")
                if key in wanted and suffix != "json":
                    stream = tar.extractfile(member)
                    assert stream is not None
                    found[key] = stream.read()
    return found
