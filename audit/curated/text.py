"""Reading a text file that somebody names, and saying what is wrong if it cannot be read."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from audit.errors import UsageError, did_you_mean

Reader = TypeVar("Reader")

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def reader_for(
    path: Path,
    format: str | None,
    readers: Mapping[str, Reader],
    what: str,
    error: type[UsageError] = UsageError,
) -> Reader:
    """The one of ``readers`` (by suffix, with dot) that reads a file, or a ``format`` instead.

    Raises
    ------
    UsageError
        As ``error``, if there is none, or no such file.
    """
    _check_is_file(path, what, error)
    suffix = path.suffix.lower() if format is None else "." + format.lower().removeprefix(".")
    if suffix not in readers:
        kind = suffix if format is not None or path.suffix else "a file without suffix"
        raise error(
            f"{path}: {what} cannot be read from {kind}.",
            hint=f"Use one of: {', '.join(readers)}.",
        )
    return readers[suffix]


def read_text(path: Path, what: str, error: type[UsageError] = UsageError) -> str:
    """The text of a UTF-8 file, without its byte order mark.

    Parameters
    ----------
    what:
        What it should be, with its article: ``"a concept list"``.

    Raises
    ------
    UsageError
        As ``error``, if it cannot be read or is no text.
    """
    _check_is_file(path, what, error)
    try:
        raw = path.read_bytes()
    except OSError as system:
        raise _unreadable(path, system, error) from system
    try:
        # Not utf-8-sig: its errors count bytes from behind the mark.
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        kind = "It looks like UTF-16. " if raw.startswith(_UTF_16_MARKS) else ""
        raise error(
            f"{path}:{line}: byte {wrong.start} is not UTF-8.",
            hint=f"{kind}Save the file as UTF-8.",
        ) from wrong
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise error(
            f"{path}:{line}: holds a NUL byte.", hint="This is not a text file, or a damaged one."
        )
    return text


def _check_is_file(path: Path, what: str, error: type[UsageError]) -> None:
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError) as system:
        raise error(
            f"{path}: there is no such file.",
            hint=did_you_mean(path.name, _files_beside(path)) or "Check the path.",
        ) from system
    except OSError as system:
        raise _unreadable(path, system, error) from system
    if is_folder:
        raise error(
            f"{path}: cannot be read: it is a folder.",
            hint=f"{what[0].upper()}{what[1:]} is a file.",
        )


def _files_beside(path: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    except OSError:
        return []


def _unreadable(path: Path, system: OSError, error: type[UsageError]) -> UsageError:
    return error(
        f"{path}: cannot be read: {system.strerror}.", hint="Check the path and its permissions."
    )
