"""The approximate index: inverted lists of RaBitQ codes, made with bounded memory.

Written as FAISS writes ``IVF…,RaBitQ``, so that ``faiss.read_index`` opens it::

    vectors/<encoder>/image.index        lists of all vectors: a bit a number and a few bytes
    vectors/<encoder>/trained.index      the same without vectors; what is added later uses it
    vectors/<encoder>/trained.npz        how the vectors of the lists are spread

The id of a vector is ``part number << 40 | row``. Vectors are coded in runs, each to a file of its
own, see :mod:`audit.vectors.runs`; then all lists are written in one pass, sorted by id. So a build
that was stopped goes on, and the bytes depend neither on where it was stopped nor on how often
something was added.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from audit.datasets.files import written_whole
from audit.embeddings.files import write_json
from audit.errors import MissingPackageError, SourceError, UsageError
from audit.vectors.index import MANIFEST, VectorIndex, read_manifest
from audit.vectors.list_choice import ListChoice
from audit.vectors.runs import OlderLists, WrittenRun, merged, runs_of, write_run
from audit.vectors.training import Training

LISTS = "image.index"
TRAINED = "trained.index"
SPREADS = "trained.npz"

#: What FAISS writes last, for lists without vectors: a mark, lists, bytes of a code, and sizes.
_EMPTY_TAIL = struct.Struct("<4sQQ4sQ")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ApproximateRecord:
    """What the manifest says of the approximate index.

    Attributes
    ----------
    lists, sample, seed:
        How it was trained; ``sample`` counts vectors.
    left_out, target_recall:
        The share of expected matches that a search leaves out, so that on the training sample
        ``target_recall`` of the matches were in the lists that it looks into.
    vectors:
        Vectors in ``image.index``.
    parts:
        (part number, mark) of what is in it.
    """

    lists: int
    sample: int
    seed: int
    left_out: float
    target_recall: float
    vectors: int = 0
    parts: tuple[tuple[int, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> ApproximateRecord:
        parts = tuple((int(ordinal), str(mark)) for ordinal, mark in record["parts"])
        return cls(**{**record, "parts": parts})


def approximate_record(folder: Path) -> ApproximateRecord | None:
    """What the manifest of an index says of its approximate index; None if it has none."""
    record = (read_manifest(folder) or {}).get("approximate")
    try:
        return None if record is None else ApproximateRecord.from_dict(record)
    except (KeyError, TypeError, ValueError) as error:
        raise SourceError(
            f"{folder / MANIFEST}: its approximate index cannot be used ({error}).",
            hint="Remove the folder and run `audit index --approximate` again.",
        ) from error


def build_lists(
    index: VectorIndex,
    training: Training,
    on_progress: Progress = lambda step, done, total: None,
) -> ApproximateRecord:
    """Bring ``image.index`` up to date with an index; trained once. Call it holding a lock.

    Parameters
    ----------
    training:
        How to train, if that was not done before.
    on_progress:
        Called with what is being done, and vectors done and in all.

    Raises
    ------
    MissingPackageError
        If FAISS is not installed.
    UsageError
        If there are no vectors to train with.
    """
    faiss = import_faiss()
    folder = index.folder
    record = approximate_record(folder)
    if record is None or not all((folder / name).exists() for name in (TRAINED, SPREADS)):
        record = _train(faiss, index, training, on_progress)
    marks = {state["ordinal"]: state["mark"] for state in _manifest(folder)["parts"]}
    there = set(record.parts) if (folder / LISTS).exists() else set()
    kept = {ordinal for ordinal, mark in there if marks.get(ordinal) == mark}
    new = [part for part in index.parts if part.embeddings.ordinal not in kept]
    runs = runs_of(new, marks)
    done = sum(len(part) for part in index.parts if part.embeddings.ordinal in kept)
    paths = [run.path(folder) for run in runs]
    _remove_runs(folder, paths)
    trained = faiss.read_index(str(folder / TRAINED)) if runs else None
    for run, path in zip(runs, paths, strict=True):
        if not path.exists():
            on_progress("adding to the lists", done, len(index))
            write_run(faiss, trained, run, path)
        done += len(run)
    del trained
    gone = kept != {ordinal for ordinal, _ in there}
    if runs or gone or not (folder / LISTS).exists():
        on_progress("writing the lists", done, len(index))
        _write_lists(faiss, folder, record.lists, paths, kept)
    parts = tuple(sorted(marks.items()))
    record = ApproximateRecord(**{**asdict(record), "vectors": len(index), "parts": parts})
    _remember(folder, record)
    _remove_runs(folder)
    return record


def _remove_runs(folder: Path, wanted: Sequence[Path] = ()) -> None:
    """Remove runs but those that are ``wanted``; the others are of vectors that changed since."""
    kept = {path.with_suffix(suffix) for path in wanted for suffix in (".rows", ".ends")}
    for path in folder.glob("run_*"):
        if path not in kept:
            path.unlink()


def _train(
    faiss: Any, index: VectorIndex, training: Training, on_progress: Progress
) -> ApproximateRecord:
    if not len(index):
        raise UsageError(
            "There are no vectors to train an approximate index with.",
            hint="Embed images first, or leave --approximate out.",
        )
    on_progress("training", 0, len(index))
    sample = training.draw(index.parts)
    trained = faiss.index_factory(
        sample.shape[1], f"IVF{training.lists},RaBitQ", faiss.METRIC_INNER_PRODUCT
    )
    trained.cp.seed = training.seed + 1  # FAISS takes 0 for "any"
    trained.cp.max_points_per_centroid = max(len(sample) // training.lists + 1, 1)
    trained.cp.min_points_per_centroid = 1
    trained.train(sample)
    _, assigned = trained.quantizer.search(sample, 1)
    centroids = trained.quantizer.reconstruct_n(0, training.lists)
    choice = ListChoice.learned(centroids, sample, assigned[:, 0])
    left_out = choice.calibrated(sample, assigned[:, 0], training.target_recall, training.seed)
    choice.save(index.folder / SPREADS)
    with written_whole(index.folder / TRAINED) as stream:
        stream.write(faiss.serialize_index(trained).tobytes())
    record = ApproximateRecord(
        training.lists, len(sample), training.seed, left_out, training.target_recall
    )
    (index.folder / LISTS).unlink(missing_ok=True)
    _remember(index.folder, record)
    return record


def _write_lists(
    faiss: Any, folder: Path, lists: int, runs: Sequence[Path], kept: set[int]
) -> None:
    """Write the lists of an older file, as far as they are ``kept``, and of runs, as one file."""
    sources: list[WrittenRun | OlderLists] = [WrittenRun(path) for path in runs]
    if kept:
        sources.append(OlderLists(faiss, folder / LISTS, kept))
    sizes = np.zeros(lists, np.int64)
    for source in sources:
        sizes += source.sizes
    with written_whole(folder / LISTS) as stream:
        _write_head(faiss, folder / TRAINED, stream, sizes)
        for rows in merged(sources, sizes) if sources else ():
            stream.write(rows["code"].tobytes())
            stream.write(rows["id"].tobytes())


def _write_head(faiss: Any, trained: Path, stream: IO[bytes], sizes: NDArray[np.int64]) -> None:
    """Everything before the lists themselves: FAISS writes it, but for the sizes of the lists.

    Parameters
    ----------
    sizes:
        Shape (lists,): vectors of each list.
    """
    empty = faiss.read_index(str(trained))
    empty.ntotal = int(sizes.sum())
    whole = faiss.serialize_index(empty)
    del empty
    head, tail = whole[: -_EMPTY_TAIL.size], whole[-_EMPTY_TAIL.size :]
    mark, lists, code_size, kind, number = _EMPTY_TAIL.unpack(tail.tobytes())
    if (mark, lists, kind, number) != (b"ilar", len(sizes), b"sprs", 0):
        raise SourceError(
            f"{trained}: FAISS {faiss.__version__} writes inverted lists in another way.",
            hint="Use FAISS 1.15, or build the index without --approximate.",
        )
    stream.write(head)
    stream.write(struct.pack("<4sQQ4sQ", b"ilar", lists, code_size, b"full", lists))
    stream.write(sizes.astype("<u8").tobytes())


def _manifest(folder: Path) -> dict[str, Any]:
    record = read_manifest(folder)
    assert record is not None  # the index was opened
    return record


def _remember(folder: Path, record: ApproximateRecord) -> None:
    write_json(folder / MANIFEST, _manifest(folder) | {"approximate": record.to_dict()})


def import_faiss() -> Any:
    """FAISS, without the warnings that it logs while it is loaded.

    Raises
    ------
    MissingPackageError
        If it is not installed, or has no RaBitQ.
    """
    try:
        import faiss

        with suppress(AttributeError):
            faiss.IVFRaBitQSearchParameters  # noqa: B018
            return faiss
        raise ImportError(f"FAISS {faiss.__version__} has no RaBitQ; it needs 1.11")
    except ImportError as error:
        raise MissingPackageError.of("An approximate index", "visual", error) from error
