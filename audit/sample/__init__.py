"""Two small real datasets that come with the package; see its README for sources and licenses."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

_FOLDER = Path(str(files(__name__)))


def shard_paths() -> list[Path]:
    """The sample's shards: museum metadata in LAION-400M's columns."""
    return sorted((_FOLDER / "museums").glob("*.parquet"))


def concepts_path() -> Path:
    """A concept list that fits the sample."""
    return _FOLDER / "concepts.toml"


def pictures_path() -> Path:
    """A shard of small pictures with their captions, images included."""
    return _FOLDER / "pictures" / "openclipart-00000.parquet"


def references_path() -> Path:
    """A folder of references for each concept that is counted in the pictures."""
    return _FOLDER / "pictures" / "references"
