"""Embedding a collection of images, part by part; again for what is new or was not finished."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from audit._version import __version__
from audit.datasets.files import remove_unfinished
from audit.embeddings.embed_part import make_part
from audit.embeddings.files import MANIFEST, NOTHING_FOUND, SCHEMA, part_paths, write_json
from audit.embeddings.problems import ImageProblem, count_problems, first_problems
from audit.embeddings.superseded import drop_superseded
from audit.embeddings.units import UnitState, finished_part, known_units, planned_units
from audit.encoders.encoder import Encoder, EncoderInfo
from audit.errors import SourceError
from audit.images.collections import ImageUnit
from audit.images.decoding import DEFAULT_LIMITS, DecodeLimits
from audit.shown import Shown

_NAMED_PROBLEMS = 5


@dataclass(frozen=True)
class EmbedProgress:
    images: int
    bytes_done: int
    bytes_total: int
    seconds: float
    bytes_before: int = 0  #: done by earlier runs

    @property
    def share(self) -> float:
        return min(self.bytes_done / self.bytes_total, 1.0) if self.bytes_total else 1.0

    @property
    def seconds_left(self) -> float | None:
        """By the rate until now; None before there is one."""
        now = self.bytes_done - self.bytes_before
        return self.seconds * max(self.bytes_total - self.bytes_done, 0) / now if now > 0 else None


@dataclass(frozen=True)
class EmbedReport(Shown):
    """The outcome of an embedding run, and the state of the folder after it."""

    folder: Path
    encoder: EncoderInfo
    parts: int
    images: int
    vectors: int
    #: status -> images, over all parts
    statuses: dict[str, int]
    images_now: int  #: images looked at this time
    seconds: float
    #: (unit, reason) of what cannot be read, or not to its end
    failures: list[tuple[str, str]] = field(default_factory=list)
    hints: tuple[str, ...] = ()  #: what to do about these
    problems: tuple[ImageProblem, ...] = ()  #: the first images that could not be looked at
    problems_in_all: int = 0
    sought: str | None = None  #: what the encoder looks for in images; None if it takes them whole

    @property
    def problem_files(self) -> Path:
        """Glob of the Parquet files that have all images with their status and message."""
        return self.folder / "images" / "*.parquet"

    @property
    def found_nothing(self) -> int:
        """Images in which there is nothing of what the encoder looks for."""
        return self.statuses.get(NOTHING_FOUND, 0)

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": "audit.embed/1",
            "folder": str(self.folder),
            "encoder": self.encoder.to_dict(),
            "parts": self.parts,
            "images": self.images,
            "vectors": self.vectors,
            "statuses": self.statuses,
            "images_now": self.images_now,
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.images_now / self.seconds, 1) if self.seconds else None,
            "failures": [{"unit": unit, "reason": reason} for unit, reason in self.failures],
            "problems": [asdict(problem) for problem in self.problems],
            "problems_in_all": self.problems_in_all,
            "problem_files": str(self.problem_files),
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a status."""
        return pl.DataFrame(
            {"status": list(self.statuses), "images": list(self.statuses.values())},
            schema={"status": pl.String, "images": pl.Int64},
        )


def embed(
    units: Sequence[ImageUnit],
    folder: Path,
    encoder: Encoder,
    *,
    limits: DecodeLimits = DEFAULT_LIMITS,
    threads: int = 2,
    on_progress: Callable[[EmbedProgress], None] = lambda progress: None,
) -> EmbedReport:
    """Embed the images of ``units`` into ``folder``; a part is made of each unit.

    Parts that are there and whose unit did not change are left alone. Of what `audit fetch` tried
    again, the last outcome counts. Call it holding a lock.

    Parameters
    ----------
    units:
        See :func:`audit.images.collections.find_units`.
    threads:
        Threads that decode while the encoder works.

    Raises
    ------
    EncoderMismatchError
        If the folder holds embeddings of another encoder.
    StorageError
        If the folder cannot be written.
    """
    run = _Run(folder, encoder, units, on_progress)
    try:
        for state, unit in run.to_make():
            try:
                made = make_part(unit, folder, state.ordinal, encoder, limits, threads, run.tell)
            except SourceError as error:
                run.failed(state, unit, error)
            else:
                run.made(state, unit, made)
        run.drop_superseded()
    finally:
        run.write_manifest()
    return run.report()


class _Run:
    """The book-keeping of one run."""

    def __init__(
        self,
        folder: Path,
        encoder: Encoder,
        units: Sequence[ImageUnit],
        on_progress: Callable[[EmbedProgress], None],
    ) -> None:
        self._started = time.monotonic()
        self._folder, self._info, self._on_progress = folder, encoder.info, on_progress
        self._sought: str | None = getattr(encoder, "looks_for", None)
        self._states = planned_units(known_units(folder, encoder.info), units)
        self._units = {unit.label: unit for unit in units}
        self._bytes_total = sum(unit.bytes for unit in units)
        self._bytes = self._bytes_before = self._images = 0
        self._made_now: list[UnitState] = []
        for place in (folder, *(path.parent for path in part_paths(folder, 0))):
            remove_unfinished(place)
        self.write_manifest()

    def to_make(self) -> Iterator[tuple[UnitState, ImageUnit]]:
        for state in self._states:
            unit = self._units.get(state.label)
            if unit is None:
                continue
            record = finished_part(self._folder, state.ordinal, unit)
            if record is None:
                yield state, unit
            else:
                state.take(record)
                self._bytes += unit.bytes
                self._bytes_before += unit.bytes

    def tell(self, images: int, read: int) -> None:
        seconds = time.monotonic() - self._started
        self._on_progress(
            EmbedProgress(
                self._images + images,
                self._bytes + read,
                self._bytes_total,
                seconds,
                self._bytes_before,
            )
        )

    def made(self, state: UnitState, unit: ImageUnit, record: dict[str, Any]) -> None:
        state.take(record)
        self._made_now.append(state)
        self._images += state.images
        self._bytes += unit.bytes

    def failed(self, state: UnitState, unit: ImageUnit, error: SourceError) -> None:
        state.fail(error, unit)
        self._bytes += unit.bytes

    def drop_superseded(self) -> None:
        """Leave out images whose sample was tried again later."""
        states = {state.ordinal: state for state in self._states if state.is_made}
        sidecars = {
            ordinal: Path(unit.sidecar)
            for ordinal, state in states.items()
            if (unit := self._units.get(state.label)) is not None and unit.sidecar is not None
        }
        for ordinal, record in drop_superseded(self._folder, sidecars):
            states[ordinal].take(record)

    def write_manifest(self) -> None:
        record = {
            "schema": SCHEMA,
            "encoder": self._info.to_dict(),
            "tool_version": __version__,
            "units": [asdict(state) for state in self._states],
        }
        write_json(self._folder / MANIFEST, record)

    def report(self) -> EmbedReport:
        statuses: Counter[str] = Counter()
        for state in self._states:
            statuses.update(state.statuses)
        broken = [state for state in self._states if state.state in ("failed", "incomplete")]
        return EmbedReport(
            folder=self._folder,
            encoder=self._info,
            parts=sum(state.is_made for state in self._states),
            images=sum(state.images for state in self._states),
            vectors=sum(state.vectors for state in self._states),
            statuses=dict(statuses.most_common()),
            images_now=sum(state.images for state in self._made_now),
            seconds=time.monotonic() - self._started,
            failures=[(state.label, state.error or "") for state in broken],
            hints=tuple(dict.fromkeys(state.hint for state in broken if state.hint)),
            problems=first_problems(self._folder, self._states, _NAMED_PROBLEMS),
            problems_in_all=count_problems(self._states),
            sought=self._sought,
        )
