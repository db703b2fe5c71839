"""Where shards come from: paths, globs, folders and fsspec URIs, expanded to single files."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from audit.datasets import manifest
from audit.errors import SourceError, did_you_mean

PARQUET_SUFFIXES = (".parquet", ".pq", ".parq")
TEXT_SUFFIXES = (".tsv", ".csv", ".tsv.gz", ".csv.gz")

#: What file systems call the thing that changes when a file's content does.
_FINGERPRINT_KEYS = (
    "ETag",
    "etag",
    "sha256",
    "oid",
    "mtime",
    "LastModified",
    "last_modified",
    "updated",
)


@dataclass(frozen=True, order=True)
class SourceFile:
    """One file of a source, not opened yet.

    ``fingerprint`` is the file system's modification time or entity tag: with the size it tells
    a file that changed from one that did not, without reading it.
    """

    uri: str
    size: int | None
    fingerprint: str

    @property
    def is_parquet(self) -> bool:
        return not self.uri.lower().endswith(TEXT_SUFFIXES)

    def open(self) -> IO[bytes]:
        """Open for reading; raises OSError as the file system does."""
        return open_uri(self.uri)


def is_remote(spec: str) -> bool:
    return "://" in spec or "::" in spec


def open_uri(uri: str) -> IO[bytes]:
    if is_remote(uri):
        import fsspec

        return cast(IO[bytes], fsspec.open(uri, "rb").open())
    return open(uri, "rb")


def exists(uri: str) -> bool:
    """Whether the file is still there; an unreachable remote raises OSError."""
    if is_remote(uri):
        file_system, path = _remote(uri)
        return bool(file_system.exists(path))
    return os.path.exists(uri)


def absolute(spec: str) -> str:
    """A spec that means the same from any working directory."""
    return spec if is_remote(spec) else os.path.abspath(os.path.expanduser(spec))


def expand(specs: Sequence[str]) -> list[SourceFile]:
    """All files that ``specs`` name, each once, ordered by URI.

    Parameters
    ----------
    specs:
        Paths, glob patterns (``**`` goes into folders), folders (all parquet files below them, or
        all TSV/CSV files if there is no parquet) and fsspec URIs of each of these.

    Raises
    ------
    SourceError
        If a spec names nothing, or its file system cannot be reached.
    """
    found: dict[str, SourceFile] = {}
    for spec in specs:
        files = _expand_remote(spec) if is_remote(spec) else _expand_local(absolute(spec), spec)
        if not files:
            raise SourceError(f"{spec}: no shards there.", hint=_absence_hint(spec))
        found.update((file.uri, file) for file in files)
    return sorted(found.values())


def _expand_local(path: str, spec: str) -> list[SourceFile]:
    if os.path.isdir(path):
        paths = _shards_among(_files_below(path))
    elif os.path.exists(path):
        paths = [path]
    else:
        named = [name for name in glob.glob(path, recursive=True) if os.path.isfile(name)]
        paths = _without_own_parts(named) if "**" in path else named
    files = []
    for name in paths:
        status = os.stat(name)
        files.append(SourceFile(name, status.st_size, f"mtime:{status.st_mtime_ns}"))
    return files


def _files_below(path: str) -> Iterator[str]:
    """Files at any depth; what `audit` itself keeps there is not a source."""
    for folder, folders, names in os.walk(path):
        if folder != path and _is_dataset(folder):
            folders.clear()
        else:
            yield from (os.path.join(folder, name) for name in names)


def _without_own_parts(paths: Iterable[str]) -> list[str]:
    own: dict[Path, bool] = {}

    def is_own(folder: Path) -> bool:
        if folder not in own:
            own[folder] = _is_dataset(folder) or (folder != folder.parent and is_own(folder.parent))
        return own[folder]

    return [path for path in paths if not is_own(Path(path).parent)]


def _is_dataset(folder: str | Path) -> bool:
    """Whether ``folder`` is a dataset of a home; other tools write a ``dataset.json`` too."""
    try:
        with open(os.path.join(folder, manifest.FILE_NAME), "rb") as stream:
            return manifest.SCHEMA.encode() in stream.read(4096)
    except OSError:
        return False


def _shards_among(names: Iterable[str]) -> list[str]:
    """Parquet files, or else TSV and CSV files; hidden and unfinished files left out."""
    visible = [name for name in names if not os.path.basename(name).startswith((".", "_"))]
    for suffixes in (PARQUET_SUFFIXES, TEXT_SUFFIXES):
        chosen = [name for name in visible if name.lower().endswith(suffixes)]
        if chosen:
            return chosen
    return []


def _remote(uri: str) -> tuple[Any, str]:
    import fsspec

    try:
        file_system, path = fsspec.core.url_to_fs(uri)
    except ImportError as error:
        raise missing_package(uri, error) from error
    except ValueError as error:
        raise SourceError(f"{uri}: {error}.", hint="Use a path or an fsspec URI.") from error
    return file_system, path


def missing_package(uri: str, error: ImportError) -> SourceError:
    """The error of a file system whose package is not there, with what to install."""
    return SourceError(
        f"{uri}: reading this needs a package that is not installed ({error}).",
        hint="Install the remote file systems: pip install 'concept-audit[remote]'.",
    )


def _expand_remote(spec: str) -> list[SourceFile]:
    file_system, path = _remote(spec)
    try:
        if glob.has_magic(path):
            paths = [name for name in file_system.glob(path) if not file_system.isdir(name)]
        elif file_system.isdir(path):
            paths = _shards_among(file_system.find(path))
        elif file_system.exists(path):
            paths = [path]
        else:
            paths = []
        files = []
        for name in paths:
            info = file_system.info(name)
            mark = next((f"{key}:{info[key]}" for key in _FINGERPRINT_KEYS if info.get(key)), "")
            files.append(SourceFile(file_system.unstrip_protocol(name), info.get("size"), mark))
        return files
    except Exception as error:  # every file system has errors of its own
        raise SourceError(
            f"{spec}: cannot be listed ({error or type(error).__name__}).",
            hint="Check the address, the network and your credentials.",
        ) from error


def _absence_hint(spec: str) -> str:
    if is_remote(spec):
        return "Check the address; a folder must hold .parquet, .tsv or .csv files."
    path = Path(absolute(spec))
    if path.is_dir():
        return "The folder holds no .parquet, .tsv or .csv files, at any depth."
    if glob.has_magic(spec):
        return "No file matches the pattern. Quote it, so that the shell leaves it alone."
    siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    if not path.parent.is_dir():
        return f"The folder {path.parent} does not exist."
    return did_you_mean(path.name, siblings) or "Check the path."
