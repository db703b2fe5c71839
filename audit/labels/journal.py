"""The journal of a task: every label that somebody gives, written down before it is thanked for.

One JSON object a line, and lines are only ever added, so that what was said stays on record. A line
is on the disk when :func:`append` returns. Several processes may write at once.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from audit._version import __version__
from audit.datasets.files import storage_errors
from audit.errors import SourceError, StorageError
from audit.estimates.prediction_powered import NO, UNSURE, YES
from audit.labels.task import LabelTask
from audit.labels.voices import Answer, Voice, united

SCHEMA = "audit.labels.journal/1"
FILE = "journal.jsonl"

_WORDS = {YES: "yes", NO: "no", UNSURE: "unsure"}
_ANSWERS = {word: answer for answer, word in _WORDS.items()}
_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Seen:
    """What a person saw when they answered.

    Attributes
    ----------
    picture:
        SHA-256 of the bytes of the picture; None if there was none.
    references:
        SHA-256 of the bytes of each reference beside it.
    """

    picture: str | None
    references: tuple[str, ...]


@dataclass(frozen=True)
class JournalEntry:
    """One label: of the sample ``number`` of a task, by whom, when (ISO 8601, UTC), of what."""

    number: int
    answer: int
    who: str
    when: str
    shown: Seen


@dataclass(frozen=True)
class Journal:
    """What was read of a journal.

    Attributes
    ----------
    digest:
        SHA-256 of the file.
    remarks:
        Lines that are no whole label, a sentence each.
    """

    voices: tuple[Voice, ...]
    digest: str
    remarks: tuple[str, ...]


def append(folder: Path, task: LabelTask, entry: JournalEntry) -> None:
    """Write a label down; it is on the disk when this returns.

    Parameters
    ----------
    folder:
        The one that the task is kept in.

    Raises
    ------
    StorageError
        If it cannot be written: then nothing of it is.
    """
    from filelock import FileLock, Timeout

    path = folder / FILE
    sample = task.samples[entry.number]
    record = {
        "schema": SCHEMA,
        "task": task.id,
        "sample": entry.number,
        "label_id": task.label_id(entry.number),
        "shard": sample.shard,
        "row": sample.row,
        "label": _WORDS[entry.answer],
        "who": entry.who,
        "when": entry.when,
        "shown": {
            "picture_sha256": entry.shown.picture,
            "references_sha256": list(entry.shown.references),
            "seed": task.seed,
        },
        "tool_version": __version__,
    }
    line = json.dumps(record, ensure_ascii=True).encode() + b"\n"
    with storage_errors(path):
        try:
            with FileLock(path.with_suffix(".lock"), timeout=_LOCK_SECONDS):
                _write(path, line)
        except Timeout as error:
            raise StorageError(
                f"{path}: another process has been writing there for {_LOCK_SECONDS:.0f} seconds.",
                hint="Look what it is; then give the label again.",
            ) from error


def _write(path: Path, line: bytes) -> None:
    """Add one line, whole or not at all; the caller holds the lock."""
    new = not path.exists()
    with open(path, "ab+", buffering=0) as stream:
        end = stream.seek(0, os.SEEK_END)
        try:
            if end:
                stream.seek(end - 1)
                if stream.read(1) != b"\n":  # a line that nobody finished: never joined to ours
                    line = b"\n" + line
            left = memoryview(line)
            while left:
                left = left[stream.write(left) :]
            os.fsync(stream.fileno())
        except OSError:
            stream.truncate(end)
            raise
    if new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # or the file's name could be lost, and the label with it
        finally:
            os.close(folder)


def read_journal(folder: Path, task: LabelTask) -> Journal | None:
    """What people said of a task; None if there is no journal.

    Raises
    ------
    SourceError
        If a line is no label of the task.
    """
    path = folder / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read ({error.strerror}).", hint="Check who may read it."
        ) from error
    voices, remarks = [], []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            remarks.append(
                f"line {number} of {path} is half a label: writing it was cut off, it is skipped"
            )
            continue
        try:
            voices.append(_voice(record, task))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise SourceError(
                f"{path}, line {number}: is damaged, or of another version of audit ({error}).",
                hint="Mend or remove that line; the others are whole.",
            ) from error
    # The order of the lines is that of the answers, whatever clocks say.
    return Journal(_latest(voices), hashlib.sha256(data).hexdigest(), tuple(remarks))


def _voice(record: dict[str, Any], task: LabelTask) -> Voice:
    if record["schema"] != SCHEMA:
        raise ValueError("its format is another")
    number = int(record["sample"])
    if record["task"] != task.id or not 0 <= number < len(task.samples):
        raise ValueError("it is of a sample that was not drawn")
    sample = task.samples[number]
    if (record["shard"], record["row"]) != (sample.shard, sample.row):
        raise ValueError("it is of another sample")
    who, when = record["who"], record["when"]
    if not isinstance(who, str) or not who or datetime.fromisoformat(when).tzinfo is None:
        raise ValueError("nobody knows by whom, or when")
    return Voice(who, {number: Answer(_ANSWERS[record["label"]], when)})


def _latest(voices: list[Voice]) -> tuple[Voice, ...]:
    found: dict[str, dict[int, Answer]] = {}
    for voice in voices:
        found.setdefault(voice.who, {}).update(voice.answers)
    return united(Voice(who, answers) for who, answers in found.items())
