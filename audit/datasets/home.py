"""The home: a folder of datasets, each in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from audit.datasets.dataset import Dataset
from audit.datasets.files import storage_errors
from audit.datasets.manifest import FILE_NAME
from audit.errors import DatasetNotFoundError, StorageError, UsageError, did_you_mean

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Home:
    """Where datasets are kept.

    Parameters
    ----------
    path:
        The folder; by default ``$AUDIT_HOME``, or else ``indexes`` in the working directory.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path or os.environ.get("AUDIT_HOME") or "indexes").expanduser()

    def folder(self, name: str) -> Path:
        """The folder of a dataset, there or not.

        Raises
        ------
        UsageError
            If ``name`` cannot be the name of a dataset.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot name a dataset.",
                hint="Use letters, digits, '.', '_' and '-', and begin with a letter or digit.",
            )
        return self.path / name

    def names(self) -> list[str]:
        """Names of the datasets that are here."""
        if not self.path.is_dir():
            return []
        return sorted(p.name for p in self.path.iterdir() if (p / FILE_NAME).is_file())

    def open(self, name: str | None = None) -> Dataset:
        """Open a dataset; without a name, the only one there is.

        Raises
        ------
        DatasetNotFoundError
            If there is none of that name, or none or several to choose from.
        """
        names = self.names()
        if name is None and len(names) == 1:
            name = names[0]
        if name is not None and (self.folder(name) / FILE_NAME).is_file():
            return Dataset(self.folder(name))
        if not names:
            wanted = f"No dataset {name!r}" if name else "No dataset"
            raise DatasetNotFoundError(
                f"{wanted} in {self.path}: nothing is ingested there.",
                hint="Ingest one with `audit ingest SHARDS… --name NAME`, try `audit demo`, or say "
                "where datasets are with --home DIR.",
            )
        listed = ", ".join(names)
        if name is None:
            raise DatasetNotFoundError(
                f"{self.path} holds {len(names)} datasets: {listed}.",
                hint=f"Choose one with --dataset {names[0]}.",
            )
        near = did_you_mean(name, names)
        raise DatasetNotFoundError(
            f"No dataset {name!r} in {self.path}.",
            hint=f"{near + ' ' if near else ''}Datasets there: {listed}.",
        )

    def remove(self, name: str) -> None:
        """Delete a dataset with its parts and results; the sources are not touched."""
        folder = self.folder(name)
        if not folder.is_dir():
            self.open(name)  # raises, with suggestions
        with self.locked(name, wait=False), storage_errors(folder):
            # Without its manifest a dataset is no dataset: an interrupted removal leaves no ruin.
            (folder / FILE_NAME).unlink(missing_ok=True)
            shutil.rmtree(folder)

    @contextlib.contextmanager
    def locked(
        self, name: str, *, wait: bool = True, on_wait: Callable[[], None] | None = None
    ) -> Iterator[None]:
        """Hold the one lock that allows changing a dataset; readers need none.

        Raises
        ------
        StorageError
            If another process holds it and ``wait`` is false, or the home cannot be written.
        """
        from filelock import FileLock, Timeout

        self.folder(name)
        path = self.path / ".locks" / f"{name}.lock"
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(path)
            try:
                lock.acquire(blocking=False)
            except Timeout as error:
                if not wait:
                    raise StorageError(
                        f"{name}: another process is changing this dataset.",
                        hint="Wait until it is done, or stop it, and try again.",
                    ) from error
                if on_wait:
                    on_wait()
                while True:
                    with contextlib.suppress(Timeout):
                        lock.acquire(blocking=False)
                        break
                    time.sleep(0.2)
        try:
            yield
        finally:
            lock.release()
