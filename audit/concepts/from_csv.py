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

from audit.concepts.entries import FIELDS, LISTS, Entry, Problem, unknown

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
        name = next((" ".join(cell.split()) for key, cell in cells if key == "name"), None)
        if len(row) > len(keys):
            yield Problem(line, f"{len(row)} cells, but the header has {len(keys)} columns")
        elif cells and name is None:
            yield Problem(line, "a concept without name")
        elif name is not None:
            entry = entries.setdefault(name, Entry(line, {}, {}))
            yield from _add(entry, cells, line)
        # The reader's count is right where a quoted cell spans lines; a row starts after it.
        line = reader.line_num + 1
    yield from entries.values()


def _add(entry: Entry, cells: list[tuple[str, str]], line: int) -> Iterator[Problem]:
    lines = dict(entry.lines)
    for key, cell in cells:
        lines.setdefault(key, line)
        if not key:
            yield Problem(line, f"{cell!r} is in a column without header")
        elif key in LISTS:
            parts = [part.strip() for part in cell.split(_BETWEEN) if part.strip()]
            entry.values.setdefault(key, []).extend(parts)
        elif " ".join(entry.values.setdefault(key, cell).split()) != " ".join(cell.split()):
            yield Problem(line, f"{entry.values['name']!r} has two values of {key}")
    entry.lines = lines
