"""A small real dataset that comes with the package; see its README for sources and licenses."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

_FOLDER = Path(str(files(__name__)))


def shard_paths() -> list[Path]:
    """The sample's shards: museum metadata in LAION-400M's columns."""
    return sorted(_FOLDER.glob("*.parquet"))


def concepts_path() -> Path:
    """A concept list that fits the sample."""
    return _FOLDER / "concepts.toml"
