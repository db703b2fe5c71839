"""Concept lists: files that a curator writes, in TOML, CSV, JSON or plain text.

To add a format, write a function ``text -> entries and problems`` (see
:mod:`audit.concepts.entries`) and enter it in :data:`FORMATS`.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from audit.concepts.concept import Concept
from audit.concepts.entries import FIELDS, LISTS, Entry, Problem
from audit.concepts.from_csv import parse_csv, parse_text, parse_tsv
from audit.concepts.from_json import parse_json
from audit.concepts.from_toml import parse_toml
from audit.errors import ConceptError, did_you_mean

#: Problems of one file that are reported together.
MAX_PROBLEMS = 20

Parser = Callable[[str], Iterator[Entry | Problem]]

#: Suffix of a file -> how it is read.
FORMATS: dict[str, Parser] = {
    ".toml": parse_toml,
    ".csv": parse_csv,
    ".tsv": parse_tsv,
    ".json": parse_json,
    ".txt": parse_text,
}

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_concepts(path: str | Path, format: str | None = None) -> list[Concept]:
    """Read a concept list.

    Parameters
    ----------
    path:
        A UTF-8 file, with or without byte order mark. Relative paths of references in it are
        taken from its folder.
    format:
        One of :data:`FORMATS`, with or without the dot; by default the suffix of ``path``.

    Returns
    -------
    list of Concept
        In the order of the file, at least one, each with the file and line as its ``source``.

    Raises
    ------
    ConceptError
        If the file cannot be read or is empty, or with every problem of it, one a line as
        ``file:line: problem`` (at most :data:`MAX_PROBLEMS`).
    """
    path = Path(path)
    _check_is_file(path)
    parse = _parser(path, format)
    text = _read_text(path)
    try:
        items = list(parse(text))
    except (RecursionError, ValueError) as error:
        # Thousands of brackets or digits: valid, and more than the parsers of Python take.
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ConceptError(
            f"{path}: cannot be read: {reason}.", hint="Is this a concept list?"
        ) from error
    concepts, problems = _checked(items, path)
    if problems:
        raise _refusal(problems, path)
    if not concepts:
        raise ConceptError(f"{path}: holds no concepts.", hint="Add one, with at least a name.")
    return concepts


def _check_is_file(path: Path) -> None:
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ConceptError(
            f"{path}: there is no such file.",
            hint=did_you_mean(path.name, _files_beside(path)) or "Check the path.",
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    if is_folder:
        raise ConceptError(
            f"{path}: cannot be read: it is a folder.", hint="A concept list is a file."
        )


def _files_beside(path: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    except OSError:
        return []


def _unreadable(path: Path, error: OSError) -> ConceptError:
    return ConceptError(
        f"{path}: cannot be read: {error.strerror}.", hint="Check the path and its permissions."
    )


def _parser(path: Path, format: str | None) -> Parser:
    suffix = path.suffix.lower() if format is None else "." + format.lower().removeprefix(".")
    if suffix not in FORMATS:
        what = suffix if format is not None or path.suffix else "a file without suffix"
        raise ConceptError(
            f"{path}: a concept list cannot be read from {what}.",
            hint=f"Use one of: {', '.join(FORMATS)}.",
        )
    return FORMATS[suffix]


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        # Not utf-8-sig: its errors count bytes from behind the mark.
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        kind = "It looks like UTF-16. " if raw.startswith(_UTF_16_MARKS) else ""
        raise ConceptError(
            f"{path}:{line}: byte {error.start} is not UTF-8.",
            hint=f"{kind}Save the file as UTF-8.",
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ConceptError(
            f"{path}:{line}: holds a NUL byte.", hint="This is not a text file, or a damaged one."
        )
    return text


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


def _refusal(problems: list[Problem], path: Path) -> ConceptError:
    told = [f"{path}:{problem.place}: {problem.text}" for problem in problems[:MAX_PROBLEMS]]
    more = len(problems) - MAX_PROBLEMS
    if more > 0:
        told.append(f"… and {more} more {'problem' if more == 1 else 'problems'}")
    one = f"Mend line {problems[0].place}."
    return ConceptError(
        "\n".join(told), hint=one if len(problems) == 1 else "Mend the file and try again."
    )
