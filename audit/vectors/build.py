"""Building an index: coding vectors and joining them to samples, what is new or changed only.

What is coded is written to a journal part by part, so that a build that was stopped goes on.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from audit._version import __version__
from audit.datasets.dataset import Dataset
from audit.datasets.files import remove_unfinished, storage_errors
from audit.datasets.home import Home
from audit.embeddings.files import write_json
from audit.embeddings.folder import EmbeddingFolder, EmbeddingPart
from audit.embeddings.mapped import array_header
from audit.encoders.encoder import EncoderInfo
from audit.errors import EncoderMismatchError
from audit.shown import Shown
from audit.vectors.coding import BLOCK_ROWS, code_part
from audit.vectors.index import (
    MANIFEST,
    SCHEMA,
    VectorIndex,
    part_mark,
    read_manifest,
    stored_path,
)
from audit.vectors.inverted_lists import (
    ApproximateRecord,
    approximate_record,
    build_lists,
    import_faiss,
)
from audit.vectors.links import (
    JoinReport,
    join_said,
    join_state,
    joined_before,
    joins_of,
    link_parts,
    without_removed,
)
from audit.vectors.places import index_folder, only_embeddings
from audit.vectors.plan import IndexPlan, plan_index
from audit.vectors.training import Training

#: A step, see :class:`IndexProgress`.
CODING = "coding"
#: A line for each part that is coded, until the manifest says it.
JOURNAL = "coded.jsonl"


@dataclass(frozen=True)
class IndexProgress:
    step: str  #: what is being done, in words
    done: int  #: vectors
    total: int
    seconds: float  #: of this step
    done_before: int = 0  #: when the step began

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 1.0

    @property
    def rate(self) -> float | None:
        """Vectors a second in this step; None before there is one."""
        now = self.done - self.done_before
        return now / self.seconds if now > 0 and self.seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """By the rate until now; None before there is one."""
        return (self.total - self.done) / self.rate if self.rate else None


@dataclass(frozen=True)
class IndexReport(Shown):
    """The outcome of indexing, and the state of the index after it."""

    folder: Path
    encoder: EncoderInfo
    vectors: int
    vectors_now: int  #: coded this time
    join: JoinReport
    bytes: int
    seconds: float
    not_embedded: int = 0  #: units of images that the embeddings leave out
    approximate: ApproximateRecord | None = None

    @property
    def unmatched(self) -> int:
        """Images that belong to no sample."""
        return self.join.images - self.join.joined

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": "audit.index/1",
            "folder": str(self.folder),
            "encoder": self.encoder.to_dict(),
            "vectors": self.vectors,
            "vectors_now": self.vectors_now,
            "images": self.join.images,
            "images_joined": self.join.joined,
            "images_unmatched": self.unmatched,
            "samples_with_image": self.join.samples,
            "joined_by": self.join.by,
            "units_not_embedded": self.not_embedded,
            "lists": self.approximate.lists if self.approximate else None,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
        }

    def to_polars(self) -> pl.DataFrame:
        """One row."""
        told = self.to_dict()
        del told["schema"]
        told["encoder"] = self.encoder.id
        told["joined_by"] = " ".join(f"{how}:{images}" for how, images in self.join.by.items())
        return pl.DataFrame([told])


def index_dataset(
    dataset: Dataset,
    home: Home,
    embeddings: str | os.PathLike[str] | None = None,
    *,
    encoder: str | None = None,
    by: str | None = None,
    approximate: bool = False,
    max_memory: int | None = None,
    on_plan: Callable[[IndexPlan], None] = lambda plan: None,
    on_progress: Callable[[IndexProgress], None] = lambda progress: None,
) -> IndexReport:
    """Index embeddings for a dataset, or bring its index up to date; resumes.

    Parameters
    ----------
    embeddings:
        A folder of ours or of others, whose vectors replace those of another folder that the
        index was made from; by default that folder, or the dataset's own.
    encoder:
        The id of what made the vectors, where the folder does not say it, or where the dataset
        has embeddings of several.
    by:
        What to join images and samples by; see :func:`audit.vectors.links.joins_of`. What is said
        holds for later runs too, until ``auto`` goes back to the best that each part has.
    approximate:
        Also make an approximate index; one that is there is brought up to date in any case.
    max_memory:
        Bytes that the process may hold, besides mapped files.
    on_plan:
        Called once, before the work starts.

    Raises
    ------
    UsageError
        If there are no embeddings, or several to choose from; if there is nothing to join them
        by, or too little memory.
    EncoderMismatchError
        If they are of another encoder than said, or than the index there.
    SourceError
        If files are damaged.
    StorageError
        If another process is changing the dataset, or nobody can write there.
    MissingPackageError
        If FAISS is not installed and the approximate index needs it.
    """
    if embeddings is None:
        opened = only_embeddings(dataset, encoder)
    else:
        opened = EmbeddingFolder.open(Path(embeddings).expanduser(), encoder)
    folder = index_folder(dataset, opened.info.id)
    with home.locked(dataset.name, wait=False):
        new = parts_to_code(opened, folder)
        record = read_manifest(folder)
        ways = joins_of(dataset, opened.parts, join_said(by, record))
        joins = joined_before(folder, record, ways, join_state(dataset, ways)) is None
        lists = approximate_record(folder)
        if approximate or lists is not None:
            import_faiss()  # rather now than after an hour
        plan = plan_index(
            opened,
            new,
            max_memory,
            samples=dataset.coverage.rows,
            joins=joins,
            lists=lists,
            approximate=approximate,
        )
        on_plan(plan)
        started = time.monotonic()
        began = {CODING: (started, plan.vectors - plan.new_vectors)}

        def tell(step: str, done: int, total: int) -> None:
            now = time.monotonic()
            since, before = began.setdefault(step, (now, done))
            on_progress(IndexProgress(step, done, total, now - since, before))

        report = build_index(
            dataset,
            opened,
            folder,
            by=by,
            block_rows=plan.block_rows,
            engine_memory=plan.engine_bytes,
            on_progress=lambda done, total: tell(
                CODING if done < total else "joining images to samples", done, total
            ),
        )
        if approximate or lists is not None:
            training = plan.training or Training.of(plan.vectors)
            lists = build_lists(VectorIndex(folder), training, tell)
        return replace(
            report,
            approximate=lists,
            bytes=_bytes(folder),
            seconds=time.monotonic() - started,
        )


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def parts_to_code(embeddings: EmbeddingFolder, folder: Path) -> list[EmbeddingPart]:
    """The parts that are not in the index, or changed since."""
    known = _known_states(folder)
    return [part for part in embeddings.parts if _state(part, folder, known) is None]


def build_index(
    dataset: Dataset,
    embeddings: EmbeddingFolder,
    folder: Path,
    *,
    by: str | None = None,
    block_rows: int = BLOCK_ROWS,
    engine_memory: int | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> IndexReport:
    """Code the vectors of a folder of embeddings and join them to samples.

    Parts that are coded and did not change are left alone. Call it holding a lock.

    Parameters
    ----------
    folder:
        Where the index is, or will be.
    by:
        What to join images and samples by; see :func:`audit.vectors.links.joins_of`. By default
        what was said before; ``auto`` for the best that each part has.
    block_rows:
        Vectors that are coded at once.
    engine_memory:
        Bytes that the join may take.
    on_progress:
        Called with vectors done and in all.

    Raises
    ------
    EncoderMismatchError
        If the folder holds an index of another encoder.
    SourceError
        If vectors are damaged.
    """
    started = time.monotonic()
    record = read_manifest(folder)
    if record is not None and EncoderInfo.from_dict(record["encoder"]) != embeddings.info:
        raise EncoderMismatchError(
            f"{folder}: is an index of {record['encoder']['id']}, not of {embeddings.info.id}, "
            "or of another revision of it.",
            hint="Remove that folder if its embeddings are gone.",
        )
    by = join_said(by, record)
    ways = joins_of(dataset, embeddings.parts, by)  # rather now than after all is coded
    remove_unfinished(folder)
    known = _known_states(folder)
    states: list[dict[str, Any]] = []
    coded_now, done = 0, 0
    total = len(embeddings)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with open(folder / JOURNAL, "a", encoding="ascii") as journal:
        for part in embeddings.parts:
            state = _state(part, folder, known)
            if state is None:
                tell = partial(_tell, on_progress, done, total)
                own = code_part(part, folder, block_rows, tell)
                state = {"ordinal": part.ordinal, "mark": part_mark(part), "own_vectors": own}
                with storage_errors(folder):
                    journal.write(json.dumps(state) + "\n")
                    journal.flush()
                coded_now += len(part)
            states.append(state)
            done += len(part)
            on_progress(done, total)
    join_mark = join_state(dataset, ways)
    join = joined_before(folder, record, ways, join_mark)
    if join is None:
        if record is not None and record.pop("join", None) is not None:
            write_json(folder / MANIFEST, record)  # what is there will not be of one join
        join = link_parts(dataset, ways, folder, engine_memory)
    # A dataset's folder may be moved as a whole, with the embeddings in it.
    place = embeddings.path.absolute()
    inside = place.is_relative_to(dataset.folder.absolute())
    write_json(
        folder / MANIFEST,
        {
            "schema": SCHEMA,
            "encoder": embeddings.info.to_dict(),
            "embeddings": os.path.relpath(place, folder) if inside else str(place),
            "foreign": embeddings.is_foreign,
            "by": by,
            "join": {"mark": join_mark, "report": join.to_dict()},
            "tool_version": __version__,
            "parts": states,
        }
        | ({"approximate": record["approximate"]} if record and "approximate" in record else {}),
    )
    (folder / JOURNAL).unlink()
    _remove_others(folder, {state["ordinal"] for state in states})
    return IndexReport(
        folder=folder,
        encoder=embeddings.info,
        vectors=total,
        vectors_now=coded_now,
        join=without_removed(join, dataset, [part.ordinal for part in embeddings.parts], folder),
        bytes=_bytes(folder),
        seconds=time.monotonic() - started,
        not_embedded=len(embeddings.unread),
    )


def _remove_others(folder: Path, kept: set[int]) -> None:
    """Files of parts that are no longer among the embeddings."""
    for path in folder.iterdir():
        kind, _, number = path.stem.partition("_")
        gone = number.isdecimal() and int(number) not in kept
        if gone and path == stored_path(folder, kind, int(number)):
            path.unlink()


def _tell(on_progress: Callable[[int, int], None], before: int, total: int, rows: int) -> None:
    on_progress(before + rows, total)


def _known_states(folder: Path) -> dict[int, dict[str, Any]]:
    """Part number -> what was coded of it, by the manifest and by a build that was stopped."""
    states = list((read_manifest(folder) or {}).get("parts", ()))
    journal = folder / JOURNAL
    if journal.exists():
        for line in journal.read_text(encoding="ascii", errors="replace").splitlines():
            try:
                state = json.loads(line)
                states.append({name: state[name] for name in ("ordinal", "mark", "own_vectors")})
            except (ValueError, KeyError, TypeError):
                continue  # the line that was being written
    return {state["ordinal"]: state for state in states}


def _state(
    part: EmbeddingPart, folder: Path, known: dict[int, dict[str, Any]]
) -> dict[str, Any] | None:
    """What was coded of a part; None if it must be coded."""
    state = known.get(part.ordinal)
    if state is None or state["mark"] != part_mark(part) or not _is_coded(part, folder, state):
        return None
    return state


def _is_coded(part: EmbeddingPart, folder: Path, state: dict[str, Any]) -> bool:
    """Whether the files of a part are there and whole, as far as their sizes tell."""
    shapes = {"codes": part.shape, "bounds": (3, len(part))}
    if state["own_vectors"]:
        shapes["vectors"] = part.shape
    try:
        return all(
            array_header(stored_path(folder, kind, part.ordinal)).shape == shape
            for kind, shape in shapes.items()
        )
    except (OSError, ValueError, EOFError):
        return False
