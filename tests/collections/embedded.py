"""The collections as datasets, embedded and indexed by ``audit`` itself; kept in the cache.

The encoder is EfficientNet-Lite0 with the weights of ImageNet: real, and weak at drawings. That is
what it is for: a count must be honest however weak the encoder is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from audit.datasets.dataset import Dataset
from audit.datasets.home import Home
from audit.datasets.ingest import ingest
from audit.embeddings.folder import EmbeddingFolder, read_manifest
from audit.embeddings.places import embeddings_folder
from audit.encoders.encoder import Encoder
from audit.errors import AuditError
from audit.visual import embed_images
from tests.collections.emoji import emoji
from tests.collections.openclipart import openclipart
from tests.collections.packages import UnavailableError, cache
from tests.collections.pictures import read

BUILDERS: dict[str, Callable[[], Path]] = {"emoji": emoji, "openclipart": openclipart}


@dataclass(frozen=True)
class Embedded:
    """A collection, the dataset made of it, and its embeddings."""

    name: str
    folder: Path
    pictures: pl.DataFrame
    dataset: Dataset
    embeddings: EmbeddingFolder


@lru_cache(1)
def encoder() -> Encoder:
    """The encoder of the tests.

    Raises
    ------
    UnavailableError
        If the packages that it takes are not installed.
    """
    try:
        from audit.encoders.imagenet import load

        return load("", "cpu")
    except (AuditError, ImportError) as error:
        raise UnavailableError(f"the ImageNet encoder is not installed here: {error}") from error


def embedded(name: str, tell: Callable[[float], None] = lambda share: None) -> Embedded:
    """The collection ``name`` with its embeddings; what is missing is made first.

    Raises
    ------
    UnavailableError
        If it can be neither found nor made here.
    """
    imagenet = encoder()
    folder = BUILDERS[name]()
    home = Home(cache() / "home")
    version = folder.name
    if version not in home.names():
        ingest([str(folder / "shards" / "*.parquet")], version, home=home, workers=1)
    dataset = home.open(version)
    place = embeddings_folder(dataset, imagenet.info.id)
    if not _is_whole(place):
        embed_images(
            [folder / "images"],
            dataset,
            home,
            encoder=imagenet,
            threads=2,
            on_progress=lambda progress: tell(progress.share),
        )
    return Embedded(name, folder, read(folder), dataset, EmbeddingFolder.open(place))


def _is_whole(place: Path) -> bool:
    record = read_manifest(place)
    if record is None or record["encoder"] != encoder().info.to_dict():
        return False
    return all(unit["state"] == "done" for unit in record["units"])


def is_cached(name: str) -> bool:
    """Whether a collection and its embeddings are in the cache, so that nothing need be fetched.

    Raises
    ------
    UnavailableError
        If the encoder is not installed.
    """
    versions = (path.name for path in cache().glob(f"{name}-*") if path.is_dir())
    home = Home(cache() / "home")
    return any(
        version in home.names()
        and _is_whole(embeddings_folder(home.open(version), encoder().info.id))
        for version in versions
    )
