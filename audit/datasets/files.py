"""Writing files so that a reader never sees half of one, whatever happens in between."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from audit.errors import StorageError

#: Between a file's name and the process id: names of files that are not finished.
UNFINISHED = ".unfinished-"

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}
_NO_FOLDER = {errno.ENOTDIR, errno.EEXIST, errno.ENOENT}


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside ``path`` for writing and move it there if the block succeeds.

    Raises
    ------
    StorageError
        If the disk is full or the folder may not be written.
    """
    unfinished = path.with_name(f"{path.name}{UNFINISHED}{os.getpid()}")
    if path.exists() and not path.is_file():
        # A pipe or a device is written to; nothing may take its place.
        with storage_errors(path), open(path, "wb") as stream:
            yield stream
        return
    try:
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                unfinished.unlink()
            with open(unfinished, "wb", opener=_create) as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(unfinished, path)
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()


def _create(path: str, flags: int) -> int:
    """Create a file, or fail: a link that somebody laid in its place is not followed."""
    return os.open(path, flags | os.O_EXCL, 0o666)


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the system's refusals to write at ``path`` into errors that say what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError(
                f"{path}: no space left to write ({os.strerror(error.errno or 0).lower()}).",
                hint="Free some space, or choose another place (of datasets: --home), and run the "
                "same command again: what is finished is kept.",
            ) from error
        if error.errno in _FORBIDDEN:
            raise StorageError(
                f"{path}: cannot write there ({os.strerror(error.errno or 0).lower()}).",
                hint="Choose a folder that you may write; of datasets it is --home DIR or "
                "AUDIT_HOME=DIR.",
            ) from error
        if error.errno in _NO_FOLDER:
            raise StorageError(
                f"{path}: cannot be made: something above it is missing, or is not a folder.",
                hint="Choose another place; of datasets it is --home DIR or AUDIT_HOME=DIR.",
            ) from error
        raise


@contextlib.contextmanager
def locked(path: Path, held: str) -> Iterator[None]:
    """Hold the lock of which ``path`` is the file.

    Raises
    ------
    StorageError
        If another process holds it, which ``held`` says in words; or nobody can write there.
    """
    from filelock import FileLock, Timeout

    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            raise StorageError(
                held, hint="Wait until it is done, or stop it, and try again."
            ) from error
    try:
        yield
    finally:
        lock.release()


def remove_unfinished(folder: Path) -> None:
    """Delete what killed processes left behind in ``folder``; call it holding the folder's lock."""
    if folder.is_dir():
        for path in folder.iterdir():
            if UNFINISHED in path.name:
                path.unlink(missing_ok=True)
