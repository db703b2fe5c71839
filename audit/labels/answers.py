"""Reading a labelled file: CSV, as spreadsheets write it, or JSON.

Only ``label_id`` and ``label`` are read. The rest is for the person who labels, and may be changed
or removed. Every mistake is told with its line; a file with one is not used at all.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.errors import SourceError, UsageError
from audit.estimates.prediction_powered import NO, UNSURE, YES

ANSWERS = {
    "yes": YES, "y": YES, "1": YES, "true": YES,
    "no": NO, "n": NO, "0": NO, "false": NO,
    "unsure": UNSURE, "?": UNSURE, "u": UNSURE,
}  # fmt: skip

#: Mistakes that are told one by one.
_TOLD = 20
_COLUMNS = ("label_id", "label")


@dataclass(frozen=True)
class LabelledFile:
    """What a person answered.

    Attributes
    ----------
    answers:
        Label id -> YES, NO or UNSURE; those without an answer are not in it.
    lines:
        Label id -> where in the file it stands, answered or not.
    digest:
        SHA-256 of the file.
    """

    path: Path
    answers: dict[str, int]
    lines: dict[str, str]
    digest: str


@dataclass(frozen=True)
class _Row:
    place: str
    label_id: Any
    label: Any


def read_answers(path: Path) -> LabelledFile:
    """Read a labelled file.

    Raises
    ------
    SourceError
        If it cannot be read.
    UsageError
        If something in it is wrong: all mistakes, with their lines.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read ({error.strerror}).", hint="Check the path of the file."
        ) from error
    rows = list((_json_rows if path.suffix.lower() == ".json" else _csv_rows)(data, path))
    answers: dict[str, int] = {}
    lines: dict[str, str] = {}
    wrong = []
    for row in rows:
        label_id = str(row.label_id or "").strip().lstrip("'")
        label = _normal(row.label)
        if not label_id:
            if label:
                wrong.append(f"{row.place}: has a label and no label_id")
            continue
        if label_id in lines:
            wrong.append(f"{row.place}: {label_id} stands in {lines[label_id]} too")
            continue
        lines[label_id] = row.place
        if label and label not in ANSWERS:
            wrong.append(f"{row.place}: label {_shown(row.label)} is none of yes, no, unsure")
        elif label:
            answers[label_id] = ANSWERS[label]
    if wrong:
        raise refusal(path, wrong)
    if not answers:
        raise UsageError(
            f"{path}: no sample has a label.",
            hint="Write yes, no or unsure into the column `label`; others may stay empty.",
        )
    return LabelledFile(path, answers, lines, hashlib.sha256(data).hexdigest())


def refusal(path: Path, wrong: list[str]) -> UsageError:
    """One error for all mistakes of a file."""
    told = [f"{path}, {one}." for one in wrong[:_TOLD]]
    if len(wrong) > _TOLD:
        told.append(f"… and {len(wrong) - _TOLD:,} more.")
    return UsageError("\n".join(told), hint="Mend these lines; nothing was stored.")


def _normal(label: Any) -> str:
    if isinstance(label, bool):
        return "yes" if label else "no"
    if label is None:
        return ""
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    return str(label).strip().lstrip("'").casefold()


def _shown(value: Any) -> str:
    text = str(value).strip()
    return repr(text if len(text) <= 40 else f"{text[:39]}…")


def _csv_rows(data: bytes, path: Path) -> Iterator[_Row]:
    text = _decoded(data, path)
    head = text.split("\n", 1)[0]
    # Spreadsheets separate by what the country writes: comma, semicolon or tab.
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().casefold() for name in next(reader, [])]
        missing = [name for name in _COLUMNS if name not in names]
        if missing:
            raise UsageError(
                f"{path}: has no column {' and no column '.join(missing)}.",
                hint="The first line names the columns, as `audit label export` wrote them.",
            )
        places = [names.index(name) for name in _COLUMNS]
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found = [cells[place] if place < len(cells) else "" for place in places]
                yield _Row(f"line {line}", *found)
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(
            f"{path}, line {reader.line_num}: is no CSV ({error}).",
            hint="Save it as CSV, in UTF-8, or mend that line.",
        ) from error


def _decoded(data: bytes, path: Path) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UsageError(
            f"{path}, line {line}: is not UTF-8.", hint="Save the file as CSV in UTF-8."
        ) from error


def _json_rows(data: bytes, path: Path) -> Iterator[_Row]:
    try:
        record = json.loads(_decoded(data, path))
    except ValueError as error:
        raise UsageError(f"{path}: is no JSON ({error}).", hint="Mend that place.") from error
    except RecursionError as error:
        raise UsageError(f"{path}: is nested too deeply.", hint="Mend the file.") from error
    if isinstance(record, dict):
        record = record.get("samples")
    if not isinstance(record, list) or not all(isinstance(one, dict) for one in record):
        raise UsageError(
            f"{path}: is no list of samples.",
            hint='A list of {"label_id": …, "label": "yes"}, alone or under "samples".',
        )
    for number, one in enumerate(record, 1):
        yield _Row(f"sample {number}", one.get("label_id"), one.get("label"))
