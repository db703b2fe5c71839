"""Concept lists: files that a curator writes, in TOML, CSV, JSON or plain text.

To add a format, write a function ``text -> entries and problems`` (see
:mod:`audit.concepts.entries`) and enter it in :data:`FORMATS`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from audit.concepts.concept import Concept
from audit.concepts.entries import FIELDS, LISTS, Entry, Remark
from audit.concepts.from_csv import parse_csv, parse_text, parse_tsv
from audit.concepts.from_json import parse_json
from audit.concepts.from_toml import parse_toml
from audit.curated.problems import Problem, refusal
from audit.curated.text import read_text, reader_for
from audit.errors import ConceptError

Parser = Callable[..., Iterator[Entry | Problem | Remark]]

#: Suffix of a file -> how it is read.
FORMATS: dict[str, Parser] = {
    ".toml": parse_toml,
    ".csv": parse_csv,
    ".tsv": parse_tsv,
    ".json": parse_json,
    ".txt": parse_text,
}

#: The formats that have columns.
TABLES: tuple[Parser, ...] = (parse_csv, parse_tsv)

_WHAT = "a concept list"


def _no_remark(text: str) -> None:
    pass


@dataclass(frozen=True)
class ConceptList:
    """A concept list and how it is to be read; wherever a list is asked for, its path will do.

    Parameters
    ----------
    path:
        The file.
    name_column:
        Header of the column with the names, of a table that is no concept list of ours.
    on_remark:
        Called with what whoever reads it should know, such as columns that are not read.
    """

    path: str | os.PathLike[str]
    name_column: str | None = None
    on_remark: Callable[[str], None] = field(default=_no_remark, compare=False)

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __str__(self) -> str:
        return os.fspath(self.path)

    def read(self) -> list[Concept]:
        """Its concepts; see :func:`read_concepts`."""
        return read_concepts(Path(self.path), None, self.name_column, self.on_remark)


def read_concepts(
    path: str | Path,
    format: str | None = None,
    name_column: str | None = None,
    on_remark: Callable[[str], None] = _no_remark,
) -> list[Concept]:
    """Read a concept list.

    Parameters
    ----------
    path:
        A UTF-8 file, with or without byte order mark. Relative paths of references in it are
        taken from its folder.
    format:
        One of :data:`FORMATS`, with or without the dot; by default the suffix of ``path``.
    name_column, on_remark:
        As in :class:`ConceptList`.

    Returns
    -------
    list of Concept
        In the order of the file, at least one, each with the file and line as its ``source``.

    Raises
    ------
    ConceptError
        If the file cannot be read or is empty, or with every problem of it, one a line as
        ``file:line: problem`` (see :func:`audit.curated.problems.refusal`).
    """
    path = Path(path)
    parse = reader_for(path, format, FORMATS, _WHAT, ConceptError)
    if name_column is not None and parse not in TABLES:
        raise ConceptError(
            f"{path}: has no columns, and thus no column {name_column!r} of names.",
            hint="Leave --name-col out: it is for tables, CSV or TSV.",
        )
    text = read_text(path, _WHAT, ConceptError)
    columns = () if name_column is None else (name_column,)
    try:
        items = list(parse(text, *columns))
    except (RecursionError, ValueError) as error:
        # Thousands of brackets or digits: valid, and more than the parsers of Python take.
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ConceptError(
            f"{path}: cannot be read: {reason}.", hint="Is this a concept list?"
        ) from error
    remarks = [item.text for item in items if isinstance(item, Remark)]
    found = [item for item in items if not isinstance(item, Remark)]
    concepts, problems = _checked(found, path)
    if problems:
        raise refusal(problems, path, ConceptError)
    if not concepts:
        raise ConceptError(f"{path}: holds no concepts.", hint="Add one, with at least a name.")
    for remark in remarks:
        on_remark(f"{path}: {remark}.")
    return concepts


def _checked(items: list[Entry | Problem], path: Path) -> tuple[list[Concept], list[Problem]]:
    concepts: list[Concept] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for item in items:
        found = [item] if isinstance(item, Problem) else list(item.problems())
        problems += found
        if isinstance(item, Problem) or found:
            continue
        concept = _build(item, path)
        key = concept.name.casefold()
        if key in seen:
            text = f"{concept.name!r} is already defined on line {seen[key]}{item.label}"
            problems.append(Problem(item.line, text))
        seen.setdefault(key, item.line)
        concepts.append(concept)
    return concepts, sorted(problems, key=lambda problem: problem.line)


def _build(entry: Entry, path: Path) -> Concept:
    values = {FIELDS[key]: value for key, value in entry.values.items()}
    for key in LISTS:
        values[FIELDS[key]] = tuple(values.get(FIELDS[key], ()))
    values["references"] = tuple(str(path.parent / ref) for ref in values["references"])
    return Concept(**values, source=f"{path.name}:{entry.line}")
