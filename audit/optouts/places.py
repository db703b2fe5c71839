"""Where checks are kept: parquet files in the dataset's folder, each a sidecar."""

from __future__ import annotations

from pathlib import Path

from audit.datasets.dataset import Dataset
from audit.datasets.files import UNFINISHED

FOLDER = "optouts"


def checks_folder(dataset: Dataset) -> Path:
    """The folder of what was checked, there or not."""
    return dataset.folder / FOLDER


def kept_checks(dataset: Dataset) -> list[Path]:
    """The files that checks wrote so far, the oldest first."""
    return sorted(
        path
        for path in checks_folder(dataset).glob("urls-*.parquet")
        if UNFINISHED not in path.name
    )
