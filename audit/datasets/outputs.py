"""Files that a user names for an answer: never one that a dataset is made of."""

from __future__ import annotations

import os
from pathlib import Path

from audit.datasets.dataset import Dataset
from audit.datasets.sources import is_remote
from audit.errors import UsageError


def check_output(path: str | Path, dataset: Dataset) -> None:
    """Refuse to write an answer where it would do harm, before it is worked out.

    Raises
    ------
    UsageError
        If it is a source shard of the dataset, lies in the dataset's own folder, or its folder is
        not there or may not be written.
    """
    asked = Path(path).expanduser()
    target = asked.resolve()
    for shard in dataset.manifest.shards:
        if not is_remote(shard.uri) and Path(shard.uri).resolve() == target:
            raise UsageError(
                f"{asked}: is a source of {dataset.name!r}; sources are never modified.",
                hint="Choose another name.",
            )
    if target.is_relative_to(dataset.folder.resolve()):
        raise UsageError(
            f"{asked}: lies among the files of {dataset.name!r}.", hint="Choose another folder."
        )
    check_folder(asked)


def check_folder(path: str | Path) -> None:
    """Refuse a file for an answer that is of no dataset, before it is worked out.

    Raises
    ------
    UsageError
        If its folder is not there, or may not be written.
    """
    asked = Path(path).expanduser()
    folder = asked.resolve().parent
    if not folder.is_dir():
        raise UsageError(f"{asked}: there is no folder {folder}.",
                         hint="Make it, or choose another.")  # fmt: skip
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(
            f"{asked}: you may not write in {folder}.", hint="Choose another folder, or ask for it."
        )
