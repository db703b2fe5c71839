"""Concept lists in CSV (also with semicolons or tabs), and in plain text.

A name may have several rows: ``name,alias`` with one alias a row is the usual long form. A cell
of aliases, exclusions or references may hold several, separated by ``|``; those that contain one
need another format, as do names that start with ``#`` in plain text.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from audit.concepts.entries import FIELDS, LISTS, Entry, Remark, unknown
from audit.curated.problems import Problem, shown
from audit.curated.tables import LINE_END, TextTable, split_cell
from audit.errors import did_you_mean

#: Other headers of a column -> key.
OTHER_HEADERS = {"alias": "aliases", "exclusions": "exclude", "reference": "references"}

#: Headers of the names where no column is called ``name``, and only one is called like these.
NAME_HEADERS = ("concept", "artist")


def parse_csv(text: str, name_column: str | None = None) -> Iterator[Entry | Problem | Remark]:
    """The concepts of a table with a header; the delimiter is the commonest of it.

    Parameters
    ----------
    name_column:
        Header of the column with the names, of a table that is no concept list: columns that are
        not known are not read then, and a remark says which.
    """
    return _parse_table(TextTable(text), name_column)


def parse_tsv(text: str, name_column: str | None = None) -> Iterator[Entry | Problem | Remark]:
    """The concepts of a table with tabs: commas are text, even where there is one column."""
    return _parse_table(TextTable(text, "\t"), name_column)


def parse_text(text: str) -> Iterator[Entry | Problem]:
    """A name a line; blank lines and ``#`` comments are skipped."""
    # Not splitlines(): it also splits at form feeds and U+2028, where no editor counts a line.
    for number, line in enumerate(LINE_END.split(text), start=1):
        name = line.strip()
        if name and not name.startswith("#"):
            yield Entry(number, {"name": name})


def _parse_table(table: TextTable, name_column: str | None) -> Iterator[Entry | Problem | Remark]:
    try:
        header = table.read_header()
        keys = _keys(header, name_column)
        if "name" not in keys:
            yield _without_names(table, header, name_column)
            return
        pairs = zip(keys, header, strict=True)
        strange = [cell for key, cell in pairs if key not in FIELDS]
        # Excel leaves empty columns behind; cells in them are reported row by row.
        odd = [cell for cell in strange if cell]
        if name_column is None:
            yield from _unknown_columns(odd, header[keys.index("name")])
        elif strange:
            listed = ", ".join(odd + ["one without header"] * (len(odd) < len(strange)))
            yield Remark(f"columns that are not read: {listed}")
        if name_column is not None or not odd:
            yield from _rows(table, keys, skip=name_column is not None)
    except csv.Error as error:
        yield Problem(table.line, str(error))


def _keys(header: Sequence[str], name_column: str | None) -> list[str]:
    """What each column holds: a key, or its header where that is not known."""
    keys = [OTHER_HEADERS.get(cell, cell) for cell in header]
    if name_column is not None:
        chosen = name_column.strip().lower()
        keys = ["" if key == "name" else key for key in keys]
        return ["name" if cell == chosen else k for k, cell in zip(keys, header, strict=True)]
    others = [cell for cell in header if cell in NAME_HEADERS]
    if "name" not in keys and len(others) == 1:
        keys[header.index(others[0])] = "name"
    return keys


def _without_names(table: TextTable, header: Sequence[str], name_column: str | None) -> Problem:
    if name_column is not None:
        near = did_you_mean(name_column.strip().lower(), filter(None, header))
        near = f"{near} " if near else ""
        return Problem(1, f"no column {name_column!r}. {near}The header is {table.head!r}")
    return Problem(
        1,
        f"no column 'name'. The header is {table.head!r}; write: name,alias,exclude; or say which "
        "column holds the names with --name-col",
    )


def _unknown_columns(odd: Sequence[str], names: str) -> Iterator[Problem]:
    for number, cell in enumerate(odd, start=1):
        text = unknown("column", cell, {**FIELDS, **OTHER_HEADERS})
        if number == len(odd):
            text += f" With --name-col {names}, columns that are not known are not read."
        yield Problem(1, text)


def _rows(table: TextTable, keys: list[str], *, skip: bool) -> Iterator[Entry | Problem]:
    """The concepts, rows of a name joined; ``skip``: only columns that are known are read."""
    entries: dict[str, Entry] = {}
    for line, row in table:
        cells = [(key, cell) for key, cell in zip(keys, row, strict=False) if cell]
        if skip:
            cells = [(key, cell) for key, cell in cells if key in FIELDS]
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
    yield from entries.values()


def _entry(cells: list[tuple[str, str]], line: int) -> tuple[Entry, list[Problem]]:
    values: dict[str, Any] = {}
    problems = []
    for key, cell in cells:
        if not key:
            problems.append(Problem(line, f"{shown(cell)} is in a column without header"))
        elif key in LISTS:
            values.setdefault(key, []).extend(split_cell(cell))
        elif values.setdefault(key, cell) != cell:
            problems.append(Problem(line, f"{key} is both {shown(values[key])} and {shown(cell)}"))
    return Entry(line, values), problems


def _join(whole: Entry, row: Entry) -> Iterator[Problem]:
    for key, value in row.values.items():
        if key in LISTS:
            whole.values.setdefault(key, []).extend(value)
        elif key != "name" and whole.values.setdefault(key, value) != value:
            yield Problem(row.line, f"{whole.values['name']!r} has two values of {key}")
