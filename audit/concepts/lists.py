"""Concept lists: files that a curator writes, in TOML, CSV, JSON or plain text.

To add a format, write a function ``text -> entries`` and enter it in :data:`FORMATS`.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.concepts.concept import Concept
from audit.errors import ConceptError, did_you_mean

#: Problems of one file that are reported together.
MAX_PROBLEMS = 20

#: Key in a file -> field of :class:`Concept`.
_FIELDS = {
    "name": "name",
    "aliases": "aliases",
    "exclude": "exclusions",
    "domain": "domain",
    "references": "references",
    "owner": "owner",
    "rights": "rights",
}
_LISTS = ("aliases", "exclude", "references")
_DEFAULTS = ("domain", "owner", "rights")


class _ProblemError(Exception):
    """What is wrong in one place of a file."""

    def __init__(self, line: int, text: str, column: int | None = None) -> None:
        super().__init__(text)
        self.place = f"{line}:{column}" if column else f"{line}"
        self.text = text


@dataclass
class _Entry:
    """One concept as the file has it: values not checked yet, and the line of each key."""

    line: int
    values: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)

    def line_of(self, key: str) -> int:
        return self.lines.get(key, self.line)


def read_concepts(path: str | Path) -> list[Concept]:
    """Read a concept list; the format goes by the suffix.

    Returns the concepts in the order of the file, each with the file and line as its ``source``.

    Raises
    ------
    ConceptError
        With every problem of the file, each with its line (at most :data:`MAX_PROBLEMS`).
    """
    path = Path(path)
    parse = FORMATS.get(path.suffix.lower())
    if parse is None:
        raise ConceptError(
            f"{path}: a concept list cannot be read from {path.suffix or 'a file without suffix'}.",
            hint=f"Use one of: {', '.join(FORMATS)}.",
        )
    text = _read_text(path)
    try:
        entries = list(parse(text))
    except _ProblemError as problem:
        raise ConceptError(
            f"{path}:{problem.place}: {problem.text}", hint=f"Mend line {problem.place}."
        ) from problem
    concepts = _checked(entries, path)
    if not concepts:
        raise ConceptError(f"{path}: holds no concepts.", hint="Add one, with at least a name.")
    return concepts


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        folder = path.parent
        siblings = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        raise ConceptError(
            f"{path}: there is no such file.",
            hint=did_you_mean(path.name, siblings) or "Check the path.",
        ) from error
    except OSError as error:
        raise ConceptError(
            f"{path}: cannot be read: {error.strerror}.", hint="A concept list is a file."
        ) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConceptError(
            f"{path}:{line}: byte {error.start} is not UTF-8.", hint="Save the file as UTF-8."
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ConceptError(
            f"{path}:{line}: holds a NUL byte.", hint="This is not a text file, or a damaged one."
        )
    return text


def _checked(entries: list[_Entry], path: Path) -> list[Concept]:
    concepts: list[Concept] = []
    problems: list[str] = []
    hints: dict[str, None] = {}
    seen: dict[str, int] = {}
    for entry in entries:
        before = len(problems)
        for line, text in _problems_of(entry):
            problems.append(f"{path}:{line}: {text}")
        if len(problems) > before:
            continue
        try:
            concept = _build(entry, path)
        except ConceptError as error:
            problems.append(f"{path}:{entry.line}: {error.message}")
            hints[error.hint or ""] = None
            continue
        key = concept.name.casefold()
        if key in seen:
            problems.append(
                f"{path}:{entry.line}: {concept.name!r} is already defined on line {seen[key]}"
            )
        seen.setdefault(key, entry.line)
        concepts.append(concept)
    if problems:
        more = len(problems) - MAX_PROBLEMS
        shown = problems[:MAX_PROBLEMS] + ([f"… and {more} more problems"] if more > 0 else [])
        raise ConceptError("\n".join(shown), hint=" ".join(hints) or "Mend the file and try again.")
    return concepts


def _problems_of(entry: _Entry) -> Iterator[tuple[int, str]]:
    for key, value in entry.values.items():
        line = entry.line_of(key)
        if key not in _FIELDS:
            near = did_you_mean(key, _FIELDS) or f"Keys: {', '.join(_FIELDS)}."
            yield line, f"unknown key {key!r}. {near}"
        elif key in _LISTS:
            if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                yield line, f"{key} must be a list of texts, not {json.dumps(value, default=str)}"
        elif not isinstance(value, str):
            yield line, f"{key} must be text, not {json.dumps(value, default=str)}"
    if "name" not in entry.values:
        yield entry.line, "a concept without name"


def _build(entry: _Entry, path: Path) -> Concept:
    values = {_FIELDS[key]: value for key, value in entry.values.items()}
    for key in _LISTS:
        values[_FIELDS[key]] = tuple(values.get(_FIELDS[key], ()))
    values["references"] = tuple(str(path.parent / ref) for ref in values["references"])
    return Concept(**values, source=f"{path.name}:{entry.line}")


# --- TOML -----------------------------------------------------------------------------------------

_TABLE = re.compile(r"^\s*\[\[\s*concept\s*\]\]", re.MULTILINE)
_WHERE = re.compile(r" \(at line (\d+), column (\d+)\)$")


def _parse_toml(text: str) -> Iterator[_Entry]:
    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _WHERE.search(str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        column = int(place[2]) if place else None
        raise _ProblemError(line, _WHERE.sub("", str(error)), column) from error
    tables = whole.pop("concept", [])
    defaults = {key: whole.pop(key) for key in _DEFAULTS if key in whole}
    for key in whole:
        near = did_you_mean(key, ("concept", *_DEFAULTS))
        expected = near or f"Expected [[concept]] and defaults for {', '.join(_DEFAULTS)}."
        raise _ProblemError(
            _line_of_key(text, key, 0, len(text)), f"unknown key {key!r}. {expected}"
        )
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise _ProblemError(_line_of_key(text, "concept", 0, len(text)), "write [[concept]]")
    # The parser gives no lines: the n-th header belongs to the n-th table. Where a header inside
    # a multi-line text spoils that, no line but the file's first is claimed.
    starts = [match.start() for match in _TABLE.finditer(text)]
    if len(starts) != len(tables):
        starts = [0] * len(tables)
    ends = [*starts[1:], len(text)][: len(tables)]
    for table, start, end in zip(tables, starts, ends, strict=True):
        lines = {key: _line_of_key(text, key, start, end) for key in table}
        yield _Entry(_line(text, start), {**defaults, **table}, lines)


def _line(text: str, position: int) -> int:
    stripped = position + len(text[position:]) - len(text[position:].lstrip())
    return text.count("\n", 0, stripped) + 1


def _line_of_key(text: str, key: str, start: int, end: int) -> int:
    pattern = rf"^\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[=\]]"
    found = re.compile(pattern, re.MULTILINE).search(text, start, end)
    return _line(text, found.start() if found else start)


# --- JSON -----------------------------------------------------------------------------------------


def _parse_json(text: str) -> Iterator[_Entry]:
    decoder = json.JSONDecoder(object_pairs_hook=_Pairs)
    try:
        whole = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise _ProblemError(error.lineno, error.msg, error.colno) from error
    inside = 0
    if isinstance(whole, _Pairs) and [key for key, _ in whole] == ["concepts"]:
        inside = text.index("[") if "[" in text else 0
        whole = whole[0][1]
    if isinstance(whole, _Pairs) or not isinstance(whole, list):
        raise _ProblemError(1, 'expected a list of concepts: [{"name": …, "aliases": […]}, …]')
    position = text.index("[", inside) + 1
    for value in whole:
        position = _skip(text, position, " \t\r\n,")
        line = text.count("\n", 0, position) + 1
        _, position = decoder.raw_decode(text, position)
        yield _Entry(line, _json_values(value, line))


class _Pairs(list[tuple[str, Any]]):
    """An object as its keys and values, repeated keys included."""


def _json_values(value: Any, line: int) -> dict[str, Any]:
    if isinstance(value, _Pairs):
        keys = [key for key, _ in value]
        for key in keys:
            if keys.count(key) > 1:
                raise _ProblemError(line, f"the key {key!r} is given twice")
        return dict(value)
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, list) and len(value) == 2:
        return {"name": value[0], "aliases": value[1]}
    raise _ProblemError(line, f"a concept is an object with a name, not {json.dumps(value)}")


def _skip(text: str, position: int, characters: str) -> int:
    while position < len(text) and text[position] in characters:
        position += 1
    return position


# --- CSV and plain text ---------------------------------------------------------------------------

_CSV_KEYS = {"alias": "aliases", "exclusions": "exclude", "reference": "references"}
_BETWEEN = "|"


def _parse_csv(text: str) -> Iterator[_Entry]:
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        keys = [_CSV_KEYS.get(cell, cell) for cell in header]
        if "name" not in keys:
            raise _ProblemError(
                1, f"no column 'name'. The header is {head.strip()!r}; write: name,alias,exclude"
            )
        for key, cell in zip(keys, header, strict=True):
            if key not in _FIELDS:
                near = (
                    did_you_mean(cell, [*_FIELDS, *_CSV_KEYS]) or f"Columns: {', '.join(_FIELDS)}."
                )
                raise _ProblemError(1, f"unknown column {cell!r}. {near}")
        yield from _csv_entries(reader, keys)
    except csv.Error as error:
        raise _ProblemError(reader.line_num, str(error)) from error


def _csv_entries(reader: Any, keys: list[str]) -> Iterator[_Entry]:
    """Rows of the same name are one concept: a name and one alias a row is the usual long form."""
    entries: dict[str, _Entry] = {}
    line = reader.line_num + 1
    for row in reader:
        if len(row) > len(keys):
            raise _ProblemError(line, f"{len(row)} cells, but the header has {len(keys)} columns")
        cells = [(k, cell.strip()) for k, cell in zip(keys, row, strict=False) if cell.strip()]
        if cells:
            name = next((cell for key, cell in cells if key == "name"), None)
            if name is None:
                raise _ProblemError(line, "a concept without name")
            values = entries.setdefault(name, _Entry(line, {"name": name})).values
            for key, cell in cells:
                if key in _LISTS:
                    parts = [part.strip() for part in cell.split(_BETWEEN) if part.strip()]
                    values.setdefault(key, []).extend(parts)
                elif values.setdefault(key, cell) != cell:
                    raise _ProblemError(line, f"{name!r} has two values of {key}")
        line = reader.line_num + 1
    yield from entries.values()


def _parse_text(text: str) -> Iterator[_Entry]:
    for number, line in enumerate(text.splitlines(), start=1):
        name = line.strip()
        if name and not name.startswith("#"):
            yield _Entry(number, {"name": name})


#: Suffix of a file -> how it is read.
FORMATS: dict[str, Callable[[str], Iterator[_Entry]]] = {
    ".toml": _parse_toml,
    ".csv": _parse_csv,
    ".tsv": _parse_csv,
    ".json": _parse_json,
    ".txt": _parse_text,
}
