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
from audit.embeddings.files import (
    MANIFEST,
    SCHEMA,
    part_paths,
    read_record,
    write_json,
)
from audit.embeddings.folder import read_manifest
from audit.encoders.encoder import Encoder, EncoderInfo
from audit.errors import EncoderMismatchError, SourceError
from audit.images.collections import ImageUnit
from audit.images.decoding import DEFAULT_LIMITS, DecodeLimits


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
class EmbedReport:
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
    #: (unit, reason) of what could not be read this time
    failures: list[tuple[str, str]] = field(default_factory=list)

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

    Parts that are there and whose unit did not change are left alone. Call it holding a lock.

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
    run = _Run(folder, encoder.info, units, on_progress)
    try:
        for state, unit in run.to_make():
            try:
                made = make_part(unit, folder, state.ordinal, encoder, limits, threads, run.tell)
            except SourceError as error:
                run.failed(state, unit, error)
            else:
                run.made(state, unit, made)
    finally:
        run.write_manifest()
    return run.report()


class _Run:
    """The book-keeping of one run."""

    def __init__(
        self,
        folder: Path,
        info: EncoderInfo,
        units: Sequence[ImageUnit],
        on_progress: Callable[[EmbedProgress], None],
    ) -> None:
        self._started = time.monotonic()
        self._folder, self._info, self._on_progress = folder, info, on_progress
        self._states = _planned(_known_units(folder, info), units)
        self._units = {unit.label: unit for unit in units}
        self._bytes_total = sum(unit.bytes for unit in units)
        self._bytes = self._bytes_before = self._images = 0
        self._failures: list[tuple[str, str]] = []
        for place in (folder, *(path.parent for path in part_paths(folder, 0))):
            remove_unfinished(place)
        self.write_manifest()

    def to_make(self) -> Iterator[tuple[UnitState, ImageUnit]]:
        for state in self._states:
            unit = self._units.get(state.label)
            if unit is None:
                continue
            record = _finished(self._folder, state.ordinal, unit)
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
        self._images += state.images
        self._bytes += unit.bytes

    def failed(self, state: UnitState, unit: ImageUnit, error: SourceError) -> None:
        state.state, state.error = "failed", error.message
        self._failures.append((unit.label, error.message))
        self._bytes += unit.bytes

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
        return EmbedReport(
            folder=self._folder,
            encoder=self._info,
            parts=sum(state.state == "done" for state in self._states),
            images=sum(state.images for state in self._states),
            vectors=sum(state.vectors for state in self._states),
            statuses=dict(statuses.most_common()),
            images_now=self._images,
            seconds=time.monotonic() - self._started,
            failures=self._failures,
        )


@dataclass
class UnitState:
    """What the manifest says of a part."""

    ordinal: int
    label: str
    fingerprint: str
    state: str = "pending"
    images: int = 0
    vectors: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    error: str | None = None

    def take(self, record: dict[str, Any]) -> None:
        self.state, self.error = "done", None
        self.fingerprint = record["fingerprint"]
        self.images, self.vectors = record["images"], record["vectors"]
        self.statuses = record["statuses"]


def _known_units(folder: Path, info: EncoderInfo) -> list[UnitState]:
    manifest = read_manifest(folder)
    if manifest is None:
        return []
    theirs = EncoderInfo.from_dict(manifest["encoder"])
    if theirs != info:
        raise EncoderMismatchError(
            f"{folder}: holds embeddings of {theirs.describe_against(info)}.",
            hint="Embeddings of different encoders cannot be mixed. Use another folder (--out), or "
            "the encoder that is there.",
        )
    return [UnitState(**unit) for unit in manifest["units"]]


def _planned(known: list[UnitState], units: Sequence[ImageUnit]) -> list[UnitState]:
    """Known units keep their ordinals; new ones come after them."""
    labels = {state.label for state in known}
    new = [unit for unit in units if unit.label not in labels]
    first = max((state.ordinal for state in known), default=-1) + 1
    return known + [
        UnitState(first + i, unit.label, unit.fingerprint) for i, unit in enumerate(new)
    ]


def _finished(folder: Path, ordinal: int, unit: ImageUnit) -> dict[str, Any] | None:
    vectors, metadata, images = part_paths(folder, ordinal)
    if not (vectors.exists() and metadata.exists()):
        return None
    record = read_record(images)
    same = record is not None and record["fingerprint"] == unit.fingerprint
    return record if same else None
