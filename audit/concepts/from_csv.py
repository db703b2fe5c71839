"""Concept lists in CSV (also with semicolons or tabs), and in plain text.

A name may have several rows: ``name,alias`` with one alias a row is the usual long form. A cell
of aliases, exclusions or references may hold several, separated by ``|``; those that contain one
need another format, as do names that start with ``#`` in plain text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from audit.concepts.entries import FIELDS, LISTS, Entry, Problem, shown, unknown

#: Other headers of a column -> key.
OTHER_HEADERS = {"alias": "aliases", "exclusions": "exclude", "reference": "references"}

_BETWEEN = "|"
_LINE_END = re.compile(r"\r\n|\r|\n")


def parse_csv(text: str) -> Iterator[Entry | Problem]:
    """The concepts of a table with a header; the delimiter is the commonest of it."""
    head = _LINE_END.split(text, maxsplit=1)[0]
    return _parse_table(text, head, max(",;\t", key=head.count))


def parse_tsv(text: str) -> Iterator[Entry | Problem]:
    """The concepts of a table with tabs: commas are text, even where there is one column."""
    return _parse_table(text, _LINE_END.split(text, maxsplit=1)[0], "\t")


def parse_text(text: str) -> Iterator[Entry | Problem]:
    """A name a line; blank lines and ``#`` comments are skipped."""
    # Not splitlines(): it also splits at form feeds and U+2028, where no editor counts a line.
    for number, line in enumerate(_LINE_END.split(text), start=1):
        name = line.strip()
        if name and not name.startswith("#"):
            yield Entry(number, {"name": name})


def _parse_table(text: str, head: str, delimiter: str) -> Iterator[Entry | Problem]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        keys = [OTHER_HEADERS.get(cell, cell) for cell in header]
        if "name" not in keys:
            yield Problem(
                1, f"no column 'name'. The header is {head.strip()!r}; write: name,alias,exclude"
            )
            return
        # Excel leaves empty columns behind; cells in them are reported row by row.
        odd = [cell for key, cell in zip(keys, header, strict=True) if key not in FIELDS and cell]
        for cell in odd:
            yield Problem(1, unknown("column", cell, {**FIELDS, **OTHER_HEADERS}))
        if not odd:
            yield from _rows(reader, keys)
    except csv.Error as error:
        yield Problem(reader.line_num, str(error))


def _rows(reader: Any, keys: list[str]) -> Iterator[Entry | Problem]:
    entries: dict[str, Entry] = {}
    line = reader.line_num + 1
    for row in reader:
        cells = [(key, cell.strip()) for key, cell in zip(keys, row, strict=False) if cell.strip()]
        if len(row) > len(keys):
            yield Problem(line, f"{len(row)} cells, but the header has {len(keys)} columns")
        elif cells:
            # Checked before rows are joined: an alias is reported where it stands.
            entry, problems = _entry(cells, line)
            problems += entry.problems()
            if not problems:
                name = " ".join(entry.values["name"].split())
                problems += _join(entries.setdefault(name, Entry(line, {"name": name})), entry)
            yield from problems
        # The reader's count is right where a quoted cell spans lines; a row starts after it.
        line = reader.line_num + 1
    yield from entries.values()


def _entry(cells: list[tuple[str, str]], line: int) -> tuple[Entry, list[Problem]]:
    values: dict[str, Any] = {}
    problems = []
    for key, cell in cells:
        if not key:
            problems.append(Problem(line, f"{shown(cell)} is in a column without header"))
        elif key in LISTS:
            parts = [part.strip() for part in cell.split(_BETWEEN) if part.strip()]
            values.setdefault(key, []).extend(parts)
        elif values.setdefault(key, cell) != cell:
            problems.append(Problem(line, f"{key} is both {shown(values[key])} and {shown(cell)}"))
    return Entry(line, values), problems


def _join(whole: Entry, row: Entry) -> Iterator[Problem]:
    for key, value in row.values.items():
        if key in LISTS:
            whole.values.setdefault(key, []).extend(value)
        elif key != "name" and whole.values.setdefault(key, value) != value:
            yield Problem(row.line, f"{whole.values['name']!r} has two values of {key}")
