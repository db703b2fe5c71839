"""Runs of vectors on their way into inverted lists: coded, in files of their own, then merged.

::

    run_<number>_<name>.ends     uint32, (lists + 1,): where the vectors of each list are
    run_<number>_<name>.rows     (id, code), (vectors,): ordered by list, then id

A run holds its vectors and nothing of the index: all runs together are no larger than the lists.
They are mapped, so that neither memory nor open files grow with their number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.datasets.files import written_whole
from audit.embeddings.mapped import mapped_array
from audit.errors import SourceError
from audit.vectors.index import IndexedPart
from audit.vectors.training import ADDED_ROWS, RUN_ROWS

#: An id is a part number and a row.
ROW_BITS = 40


@dataclass(frozen=True)
class Run:
    """Rows of parts that are coded together; ``name`` changes when any of them does."""

    name: str
    rows: tuple[tuple[IndexedPart, int, int], ...]

    def __len__(self) -> int:
        return sum(stop - start for _, start, stop in self.rows)

    def path(self, folder: Path) -> Path:
        return folder / f"run_{self.name}.rows"


def runs_of(parts: Sequence[IndexedPart], marks: dict[int, str]) -> list[Run]:
    """Cut parts into runs.

    Parameters
    ----------
    marks:
        Part number -> what changes when its vectors do.
    """
    runs: list[Run] = []
    rows: list[tuple[IndexedPart, int, int]] = []
    room = RUN_ROWS

    def finish() -> None:
        nonlocal rows, room
        if rows:
            told = [(p.embeddings.ordinal, marks[p.embeddings.ordinal], a, b) for p, a, b in rows]
            name = f"{len(runs):05d}_{hashlib.sha256(repr(told).encode()).hexdigest()[:16]}"
            runs.append(Run(name, tuple(rows)))
        rows, room = [], RUN_ROWS

    for part in parts:
        start = 0
        while start < len(part):
            stop = min(start + room, len(part))
            rows.append((part, start, stop))
            room -= stop - start
            start = stop
            if not room:
                finish()
    finish()
    return runs


def write_run(faiss: Any, trained: Any, run: Run, path: Path) -> None:
    """Code the vectors of a run for a trained index of FAISS, which stays without vectors."""
    row = row_type(trained)
    rows, numbers, done = np.empty(len(run), row), np.empty(len(run), np.int64), 0
    for part, first, last in run.rows:
        for start in range(first, last, ADDED_ROWS):
            stop = min(start + ADDED_ROWS, last)
            here = slice(done, done + stop - start)
            vectors = part.vectors[start:stop].astype(np.float32)
            nearest = np.ascontiguousarray(trained.quantizer.search(vectors, 1)[1][:, 0])
            codes = np.empty((len(vectors), trained.code_size), np.uint8)
            pointers = [faiss.swig_ptr(array) for array in (vectors, nearest, codes)]
            trained.encode_vectors(len(vectors), *pointers, False)
            ids = np.arange(start, stop, dtype=np.int64) + (part.embeddings.ordinal << ROW_BITS)
            rows["id"][here], rows["code"][here], numbers[here] = ids, codes, nearest
            done = here.stop
    order = np.lexsort((rows["id"], numbers))
    many = np.bincount(numbers, minlength=trained.nlist)
    with written_whole(path.with_suffix(".ends")) as stream:
        np.save(stream, np.concatenate([[0], np.cumsum(many)]).astype(np.uint32))
    with written_whole(path) as stream:  # last: a run is there when this is
        np.save(stream, rows[order])


def row_type(lists: Any) -> np.dtype[np.void]:
    """What is kept of a vector in an index of FAISS: its id, and its code."""
    return np.dtype([("id", "<i8"), ("code", "u1", (lists.code_size,))])


class WrittenRun:
    """A run that was written, opened for merging.

    Raises
    ------
    SourceError
        If it is damaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            self.ends = mapped_array(path.with_suffix(".ends"))
            self._rows = mapped_array(path)
            if len(self._rows) != self.ends[-1]:
                raise ValueError(f"{len(self._rows):,} rows, not {self.ends[-1]:,}")
        except (OSError, ValueError, EOFError) as error:
            raise SourceError(
                f"{path}: cannot be read ({error}).",
                hint="Remove it and run `audit index --approximate` again.",
            ) from error

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Shape (lists,): vectors of each."""
        return np.asarray(np.diff(self.ends.astype(np.int64)), np.int64)

    def rows(self, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.void]]:
        """Of the lists from ``first`` up to ``last``: the list of each vector, and (id, code)."""
        ends = self.ends[first : last + 1].astype(np.int64)
        return np.repeat(np.arange(first, last), np.diff(ends)), self._rows[ends[0] : ends[-1]]


class OlderLists:
    """The lists of an older file, as far as its parts are ``kept``.

    Raises
    ------
    SourceError
        If it is damaged.
    """

    def __init__(self, faiss: Any, path: Path, kept: set[int]) -> None:
        try:
            self._faiss, self._lists = faiss, faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        except RuntimeError as error:
            raise SourceError(
                f"{path}: cannot be read ({str(error).splitlines()[-1]}).",
                hint="Remove it and run `audit index --approximate` again.",
            ) from error
        self._kept = np.array(sorted(kept), np.int64)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Shape (lists,): vectors of each."""
        numbers = range(self._lists.nlist)
        return np.array([np.count_nonzero(self._is_kept(self._ids(n))) for n in numbers], np.int64)

    def rows(self, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.void]]:
        """As of :class:`WrittenRun`."""
        found = [np.empty(0, row_type(self._lists))]
        for number in range(first, last):
            ids = self._ids(number)
            rows = np.empty(len(ids), found[0].dtype)
            rows["id"], rows["code"] = ids, self._codes(number)
            found.append(rows[self._is_kept(ids)])
        many = [len(rows) for rows in found[1:]]
        return np.repeat(np.arange(first, last), many), np.concatenate(found)

    def _is_kept(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.isin(ids >> ROW_BITS, self._kept)

    def _ids(self, number: int) -> NDArray[np.int64]:
        size = self._lists.invlists.list_size(number)
        if not size:
            return np.empty(0, np.int64)
        ids = self._faiss.rev_swig_ptr(self._lists.invlists.get_ids(number), size)
        return np.array(ids, dtype=np.int64)

    def _codes(self, number: int) -> NDArray[np.uint8]:
        stored = self._lists.invlists
        size, width = stored.list_size(number), stored.code_size
        if not size:
            return np.empty((0, width), np.uint8)
        codes = self._faiss.rev_swig_ptr(stored.get_codes(number), size * width)
        return np.array(codes).reshape(size, width)


def merged(
    sources: Sequence[WrittenRun | OlderLists], sizes: NDArray[np.int64]
) -> Iterator[NDArray[np.void]]:
    """(id, code) of each list, ordered by id; some lists at a time, about as many as a run holds.

    Parameters
    ----------
    sizes:
        Shape (lists,): vectors of each list, in all sources.
    """
    ends = np.concatenate([[0], np.cumsum(sizes)])
    first = 0
    while first < len(sizes):
        fits = int(np.searchsorted(ends, ends[first] + RUN_ROWS, "right")) - 1
        last = min(max(fits, first + 1), len(sizes))
        pieces = [source.rows(first, last) for source in sources]
        numbers = np.concatenate([number for number, _ in pieces])
        rows = np.concatenate([some for _, some in pieces])
        rows = rows[np.lexsort((rows["id"], numbers))]
        yield from np.split(rows, (ends[first + 1 : last] - ends[first]).tolist())
        first = last
