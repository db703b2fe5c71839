"""Fetching pinned packages by the ordinary clients of their registries; nothing is installed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MOST_SECONDS = 600


class UnavailableError(Exception):
    """What the tests want is not to be had here; the message says why."""


def cache() -> Path:
    """The folder of all that is fetched and built for tests."""
    named = os.environ.get("AUDIT_TEST_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "audit-tests"


@dataclass(frozen=True)
class Package:
    """One package of one version; ``sha256`` is that of the file."""

    registry: str  #: ``debian`` or ``npm``
    name: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.name.replace('/', '-').lstrip('@')}_{self.version.replace(':', '_')}.package"

    def fetch(self) -> Path:
        """The package's file in the cache, fetched if it is not there.

        Raises
        ------
        UnavailableError
            If the client is not installed, the registry is out of reach, or sends other bytes.
        """
        place = cache() / "packages" / self.file_name
        if place.exists():
            return place
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".") as folder:
            if self.registry == "npm":
                _call(["npm", "pack", "--silent", f"{self.name}@{self.version}"], folder)
            else:
                _call(["apt-get", "download", f"{self.name}={self.version}"], folder)
            files = [path for path in Path(folder).iterdir() if path.suffix in (".tgz", ".deb")]
            if len(files) != 1:
                raise UnavailableError(f"{self.name}: the client fetched {len(files)} files")
            with files[0].open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if digest != self.sha256:
                raise UnavailableError(f"{self.name} {self.version}: is another file: {digest}")
            files[0].replace(place)
        return place

    @contextmanager
    def unpacked(self) -> Iterator[Path]:
        """A folder of its files, which goes away again; for Debian packages."""
        with tempfile.TemporaryDirectory(dir=cache(), prefix=".unpacked-") as folder:
            _call(["dpkg", "-x", str(self.fetch()), folder], folder)
            yield Path(folder)


def _call(command: list[str], folder: str) -> None:
    if shutil.which(command[0]) is None:
        raise UnavailableError(f"{command[0]} is not installed here")
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_MOST_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{' '.join(command)}: no answer in {_MOST_SECONDS} s") from error
    if done.returncode:
        told = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise UnavailableError(f"{' '.join(command)}: {told}")


def built(name: str, make: Callable[[Path], None]) -> Path:
    """A folder of the cache, made by ``make`` if it is not there; whole or not there at all."""
    from filelock import FileLock

    place = cache() / name
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(place.with_name(f".{place.name}.lock")):
        if place.is_dir():
            return place
        beside = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}-"))
        try:
            make(beside)
            beside.replace(place)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return place
