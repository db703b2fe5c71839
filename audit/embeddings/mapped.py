"""Arrays of ``.npy`` files, mapped into memory without a file that stays open for each.

``mmap`` of the standard library keeps a descriptor for as long as a map lives, of which a process
often has 1,024; thousands of parts have several arrays each. (Python 3.13 can do without, by
``trackfd=False``.) Arrow's maps keep none, but ask the system to read all of the file.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import weakref
from functools import cache, lru_cache
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit.errors import SourceError

#: Maps that are kept for the next use; a process may have 65,530 on Linux.
_KEPT_MAPS = 4096


class ArrayHeader(NamedTuple):
    """What a ``.npy`` file says of its array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    start: int  #: byte at which the numbers begin
    order: Literal["C", "F"]  #: of the numbers: row by row, or column by column

    @property
    def end(self) -> int:
        """Bytes of the whole file."""
        size = self.dtype.itemsize
        for length in self.shape:
            size *= length
        return self.start + size


def array_header(path: Path) -> ArrayHeader:
    """Shape and type of the array in a file, of which nothing else is read.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it holds no array, or only a part of one.
    SourceError
        If the process has too many files open.
    """
    try:
        with open(path, "rb") as stream:
            return _header(stream)
    except OSError as error:
        raise limit_reached(path, error) or error from error


def mapped_array(path: Path) -> NDArray[Any]:
    """The array in a file, mapped for reading; a map is shared while the file does not change.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it holds no array, or only a part of one.
    SourceError
        If the process has too many files open, or too little address space.
    """
    try:
        status = os.stat(path)
        return _mapped(path, (status.st_ino, status.st_size, status.st_mtime_ns))
    except OSError as error:
        raise limit_reached(path, error) or error from error


@lru_cache(_KEPT_MAPS)
def _mapped(path: Path, mark: tuple[int, ...]) -> NDArray[Any]:
    with open(path, "rb") as stream:
        header = _header(stream)
        if os.name == "nt":
            return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        memory = _map(stream.fileno(), header.end)
    numbers = np.frombuffer(memory, header.dtype, offset=header.start)
    numbers.flags.writeable = False  # to write would end the process
    return numbers.reshape(header.shape, order=header.order)


def _header(stream: IO[bytes]) -> ArrayHeader:
    version = np.lib.format.read_magic(stream)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"an array file of version {version}")
    shape, column_by_column, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    header = ArrayHeader(shape, dtype, stream.tell(), "F" if column_by_column else "C")
    size = os.fstat(stream.fileno()).st_size
    if size < header.end:
        raise ValueError(f"{size:,} bytes, of {header.end:,}")
    return header


def _map(descriptor: int, length: int) -> Any:
    """The first bytes of a file as an object that unmaps them when nothing refers to it."""
    system = _system()
    address = system.mmap(None, length, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, 0)
    if address in (None, ctypes.c_void_p(-1).value):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    memory = (ctypes.c_char * length).from_address(address)
    weakref.finalize(memory, system.munmap, address, length).atexit = False
    return memory


@cache
def _system() -> ctypes.CDLL:
    system = ctypes.CDLL(None, use_errno=True)
    number, pointer, size = ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t
    system.mmap.restype = pointer
    system.mmap.argtypes = [pointer, size, number, number, number, ctypes.c_int64]
    system.munmap.argtypes = [pointer, size]
    return system


def limit_reached(path: Path, error: Exception) -> SourceError | None:
    """What an error means that is about the process, not about the file; None if it is not."""
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.EMFILE, errno.ENFILE):
        return SourceError(
            f"{path}: cannot be opened, because too many files are open already.",
            hint="Nothing is damaged. Allow the process more, such as `ulimit -n 65536`, and run "
            "the same command again.",
        )
    if code == errno.ENOMEM:
        return SourceError(
            f"{path}: cannot be mapped: the system gives the process no more address space.",
            hint="Nothing is damaged. Raise the limits `ulimit -v` and `vm.max_map_count`, and run "
            "the same command again.",
        )
    return None
