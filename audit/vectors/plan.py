"""What building an index will take: disk, time and memory, known before the work starts."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from audit.embeddings.folder import EmbeddingFolder, EmbeddingPart
from audit.errors import UsageError
from audit.vectors.codes import encode
from audit.vectors.inverted_lists import ApproximateRecord
from audit.vectors.training import Training

_MOST_BLOCK_ROWS = 1 << 13
_FEWEST_BLOCK_ROWS = 1 << 8
_MEASURED_ROWS = 1 << 11

#: Bytes that coding holds for one number of a vector: float16, float32, float64 twice and codes.
_CODING_BYTES = 40
#: Scale, residual, length and two links, for each vector.
_BOUND_BYTES = 12
_LINK_BYTES = 12
#: What the join of images and samples takes for an image besides its key, if all of it is to be in
#: memory; what DuckDB needs to work at all, the rest being on disk; and how much it may take where
#: nothing is said, of the machine's memory.
_JOIN_BYTES = 64
_ENGINE_BYTES = 200 << 20
_ENGINE_SHARE = 0.6
#: What is held for an image of the part whose links are written.
_HELD_LINK_BYTES = 80
#: Packages that are loaded later, and what the allocators do not give back.
_SPARE_BYTES = 100 << 20


@dataclass(frozen=True)
class IndexPlan:
    """What building an index will take.

    Attributes
    ----------
    vectors, new_vectors:
        In all, and those that are to be coded.
    disk_bytes:
        What is written for the new vectors.
    memory_bytes:
        The most that the process will hold, besides mapped files, which the system may drop.
    engine_bytes:
        How much of that the join of images and samples may take; the rest of it is on disk.
    joins:
        Whether images are to be joined to samples: else nothing changed since they were.
    seconds:
        By the rate at which some of the new vectors were coded just now. Neither the join nor a
        disk that is slower than the coding is in it.
    block_rows:
        Vectors that are coded at once.
    training:
        Of an approximate index, if one is to be trained.
    """

    vectors: int
    new_vectors: int
    disk_bytes: int
    memory_bytes: int
    engine_bytes: int
    seconds: float
    block_rows: int
    training: Training | None = None
    joins: bool = True

    def to_dict(self) -> dict[str, Any]:
        return {
            "vectors": self.vectors,
            "new_vectors": self.new_vectors,
            "disk_bytes": self.disk_bytes,
            "memory_bytes": self.memory_bytes,
            "seconds": round(self.seconds, 1),
            "lists": self.training.lists if self.training else None,
            "training_sample": self.training.sample if self.training else None,
        }


def plan_index(
    embeddings: EmbeddingFolder,
    new: Sequence[EmbeddingPart],
    max_memory: int | None = None,
    *,
    samples: int = 0,
    joins: bool = True,
    lists: ApproximateRecord | None = None,
    approximate: bool = False,
) -> IndexPlan:
    """Plan the coding of the parts ``new`` and the join of all; measures the rate of coding.

    Parameters
    ----------
    samples:
        Of the dataset, for each of which the join keeps a bit.
    joins:
        Whether images are to be joined to samples.
    lists:
        The approximate index that is there, which is brought up to date.
    approximate:
        Whether one is to be made where there is none.
    max_memory:
        Bytes that the process may hold; by default whatever is fastest.

    Raises
    ------
    UsageError
        If it does not fit ``max_memory``; the hint says what would.
    """
    dimension = embeddings.info.dimension
    held = _held_bytes() + _SPARE_BYTES
    row_bytes = dimension * _CODING_BYTES
    bounds = max((len(part) for part in new), default=0) * _BOUND_BYTES * 2
    links = samples // 8 + max((len(part) for part in embeddings.parts), default=0) * (
        _HELD_LINK_BYTES
    )
    least_join = links + _ENGINE_BYTES if joins else 0
    approximate = (approximate or lists is not None) and len(embeddings) > 0
    training = Training.of(len(embeddings)) if approximate and lists is None else None
    smallest = Training(1, 1) if training else None
    if lists is not None:
        smallest = Training(lists.lists, 0)  # trained already: only adding takes memory
    least = held + max(
        _FEWEST_BLOCK_ROWS * row_bytes + bounds,
        least_join,
        smallest.memory_bytes(dimension) if smallest else 0,
    )
    if max_memory is not None and max_memory < least:
        raise UsageError(
            f"Indexing {len(embeddings):,} vectors of {dimension} numbers does not fit "
            f"{max_memory / 1e9:.2f} GB of memory.",
            hint=f"It fits --max-memory {-(-least // 10**7) * 10 / 1000:.2f}GB.",
        )
    block_rows = _MOST_BLOCK_ROWS
    if max_memory is not None:
        block_rows = min(block_rows, (max_memory - held - bounds) // row_bytes)
        training = training and training.within(max_memory - held, dimension)
    block_rows = max(block_rows, _FEWEST_BLOCK_ROWS)
    allowed = max_memory - held - links if max_memory is not None else _ENGINE_SHARE * _memory()
    engine = max(_ENGINE_BYTES, int(allowed))
    join = 0
    if joins:
        all_in_memory = 2 * sum(_key_bytes(part) for part in embeddings.parts) + _ENGINE_BYTES
        join = links + min(engine, all_in_memory)
    coding = block_rows * row_bytes + bounds if new else 0
    used = training or smallest
    rows = sum(len(part) for part in new)
    copied = sum(len(part) for part in new if part.dtype != np.float16)
    disk = rows * (dimension + _BOUND_BYTES + _LINK_BYTES) + copied * dimension * 2
    seconds = rows * _seconds_per_vector(new)
    if used is not None:
        added = len(embeddings) if lists is None else rows
        # Runs, the new file and the one that it replaces are there at once.
        disk += len(embeddings) * Training.code_bytes(dimension)
        disk += used.run_bytes(dimension, added)
        train, add = used.seconds(dimension, added)
        seconds += train + add
    return IndexPlan(
        vectors=len(embeddings),
        new_vectors=rows,
        disk_bytes=disk,
        memory_bytes=held + max(coding, join, used.memory_bytes(dimension) if used else 0),
        engine_bytes=engine,
        seconds=seconds,
        block_rows=block_rows,
        training=training,
        joins=joins,
    )


def _seconds_per_vector(parts: Sequence[EmbeddingPart]) -> float:
    for part in parts:
        if len(part):
            rows = part.vectors[:_MEASURED_ROWS]
            encode(rows[:64])  # the first call loads what it needs
            started = time.perf_counter()
            encode(np.array(rows))
            return (time.perf_counter() - started) / len(rows)
    return 0.0


def _key_bytes(part: EmbeddingPart) -> int:
    """What the URLs or captions of a part's images take in memory, at most."""
    path = part.images_path or part.metadata_path
    rows = len(part)
    largest = 0
    if path is not None:
        try:
            described = pq.read_metadata(path)
        except (OSError, pa.ArrowException):
            return rows * _JOIN_BYTES  # said in full where it is read
        rows = described.num_rows
        sizes = {"url": 0, "caption": 0}
        for group in range(described.num_row_groups):
            for column in range(described.num_columns):
                chunk = described.row_group(group).column(column)
                if chunk.path_in_schema in sizes:
                    sizes[chunk.path_in_schema] += chunk.total_uncompressed_size
        largest = max(sizes.values())
    return largest + rows * _JOIN_BYTES


def _memory() -> int:
    """Memory that this process may have: the machine's, or its control group's."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(machine, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):
        return machine


def _held_bytes() -> int:
    """Memory that this process holds now, besides mapped files."""
    try:
        pages = Path("/proc/self/statm").read_text().split()
        return (int(pages[1]) - int(pages[2])) * 4096
    except (OSError, IndexError, ValueError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
