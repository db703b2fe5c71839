"""Tables of scores as text: which column holds what, and where each row stands in its file.

CSV and Parquet become the same cells, so that there is one way from a cell to a number, and a
mistake can be shown as it is written.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import islice
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from audit.curated.problems import Problem, refusal
from audit.curated.tables import TextTable
from audit.curated.text import read_text, reader_for
from audit.errors import ColumnError, UsageError, did_you_mean

_WHAT = "a table of scores"
_REPEATS = ("prompt", "image", "generation", "seed")
#: Where `audit score` says why a score is unknown.
_REASON = "reason"
#: What `audit score` made scores by: those of two modes or encoders cannot be compared.
MADE_BY = ("mode", "encoder")
#: Rows that are lists at a time: few, so that they stay in the processor's cache.
_CHUNK = 1_000
#: Columns of a listing in a message.
_LISTED = 30


@dataclass(frozen=True)
class ScoreColumns:
    """Names of the columns of a table of scores, in any case.

    A column that may be missing is looked for under its usual name, and must be there under any
    other.

    Attributes
    ----------
    concept:
        None: every row is a concept of its own, called ``row 1`` and so on.
    count, score:
        Images of the concept, and its imitation score.
    count_low, count_high:
        Ends of the 95 % interval of the count; both may be missing.
    domain, model:
        May be missing.
    repeats:
        Columns that tell rows of one concept apart, as far as they are there. If there are several,
        the first groups the others: scores of images are averaged for each prompt first.
    """

    concept: str | None = "concept"
    count: str = "count"
    score: str = "score"
    count_low: str = "count_low"
    count_high: str = "count_high"
    domain: str = "domain"
    model: str = "model"
    repeats: tuple[str, ...] = _REPEATS


@dataclass(frozen=True)
class RowProblem(Problem):
    """What is wrong in a row of a file without lines."""

    @property
    def place(self) -> str:
        return f"row {self.line}"


@dataclass(frozen=True)
class ScoreCells:
    """The cells of a table of scores.

    Attributes
    ----------
    frame:
        Texts, stripped; empty where there is nothing. Columns are called as the fields of
        :class:`ScoreColumns`; ``reason``, those of :data:`MADE_BY`, and :attr:`repeats` as they
        are; those that the table lacks are missing. ``place`` is the line of a row, or its number,
        from 1.
    unit:
        What ``place`` is: ``line`` or ``row``.
    problems:
        Rows that could not be read; they are not in ``frame``.
    """

    frame: pl.DataFrame
    repeats: tuple[str, ...]
    unit: str
    problems: list[Problem] = field(default_factory=list)

    def problem(self, place: int, text: str) -> Problem:
        return Problem(place, text) if self.unit == "line" else RowProblem(place, text)


def read_cells(path: Path, columns: ScoreColumns) -> ScoreCells:
    """Read the columns that matter, as text.

    Raises
    ------
    ColumnError
        If a column is missing, comes twice, or holds no plain values.
    UsageError
        If there is no such file, or it is empty or no table.
    """
    cells = reader_for(path, None, _READERS, _WHAT)(path, columns)
    if cells.frame.is_empty() and not cells.problems:
        raise UsageError(
            f"{path}: holds no scores: no row follows the header.",
            hint="Each row is a concept, its count and its score.",
        )
    return cells


def _read_separated(delimiter: str | None) -> Callable[[Path, ScoreColumns], ScoreCells]:
    def read(path: Path, columns: ScoreColumns) -> ScoreCells:
        text = read_text(path, _WHAT)
        if not text.strip():
            raise UsageError(f"{path}: is empty.", hint="Write a header and a row a concept.")
        table = TextTable(text, delimiter)
        problems: list[Problem] = []
        parts: list[pl.DataFrame] = []
        found: dict[str, int] = {}
        try:
            header = table.read_header()
            found = _found_columns(header, columns, path)
            rows = iter(table)
            while chunk := list(islice(rows, _CHUNK)):
                fitting = [one for one in chunk if len(one[1]) == len(header) and any(one[1])]
                if len(fitting) < len(chunk):
                    problems += _ragged(chunk, len(header))
                if fitting:
                    parts.append(_framed(fitting, found))
        except csv.Error as error:
            problems.append(Problem(table.line, str(error)))
        if not found:
            raise refusal(problems, path)
        frame = pl.concat(parts) if parts else _framed([], found)
        return ScoreCells(frame, _repeats_in(found, columns), "line", problems)

    return read


def _ragged(rows: Sequence[tuple[int, list[str]]], width: int) -> list[Problem]:
    return [
        Problem(
            line,
            f"{len(row)} cell{'' if len(row) == 1 else 's'}, but the header has {width} columns",
        )
        for line, row in rows
        if len(row) != width and any(row)
    ]


def _framed(rows: Sequence[tuple[int, list[str]]], found: Mapping[str, int]) -> pl.DataFrame:
    lines, cells = zip(*rows, strict=True) if rows else ((), ())
    by_column = list(zip(*cells, strict=True))
    texts = {
        name: pl.Series(by_column[at] if rows else (), dtype=pl.String)
        for name, at in found.items()
    }
    return pl.DataFrame({"place": pl.Series(lines, dtype=pl.Int64), **texts})


def _read_parquet(path: Path, columns: ScoreColumns) -> ScoreCells:
    # By Arrow: damaged files crash other readers.
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            found = _found_columns([name.strip().lower() for name in names], columns, path)
            table = file.read(list({names[at]: None for at in found.values()}))
        # Text that is no UTF-8 would crash Polars, and so would notes beside the columns.
        table.validate(full=True)
        frame = pl.DataFrame({name: pl.Series(table[name]) for name in table.column_names})
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError, UnicodeError) as error:
        told = str(error).partition("\n")[0].rstrip(".")
        raise UsageError(f"{path}: cannot be read ({told}).", hint="Is it Parquet?") from error
    for at in found.values():
        _check_type(names[at], frame[names[at]].dtype, path)
    texts = frame.select(_as_text(names[at]).alias(name) for name, at in found.items())
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("place")
    return ScoreCells(texts.with_columns(place), _repeats_in(found, columns), "row")


def _check_type(name: str, kind: pl.DataType, path: Path) -> None:
    if kind.is_nested() or kind in (pl.Binary, pl.Object):
        raise ColumnError(
            f"{path}: column {name!r} is {kind}, and neither text nor numbers.",
            hint="Write one value in each row.",
        )


def _as_text(name: str) -> pl.Expr:
    """Numbers as the shortest text that is read as the same number, and null as nothing."""
    return pl.col(name).cast(pl.String).fill_null("").str.strip_chars(_SPACES)


#: What Python strips, and thus TextTable; Polars by itself knows fewer.
_SPACES = "".join(letter for letter in map(chr, range(0x3001)) if letter.isspace())

_READERS: dict[str, Callable[[Path, ScoreColumns], ScoreCells]] = {
    ".csv": _read_separated(None),
    ".tsv": _read_separated("\t"),
    ".parquet": _read_parquet,
}


def _repeats_in(found: Mapping[str, int], columns: ScoreColumns) -> tuple[str, ...]:
    asked = (_repeat(name) for name in columns.repeats)
    return tuple(dict.fromkeys(name for name in asked if name in found))


def _repeat(name: str) -> str:
    """What a column of repeats is called in the frame: no other has a name in quotes."""
    return repr(name.strip().lower())


def _found_columns(header: Sequence[str], columns: ScoreColumns, path: Path) -> dict[str, int]:
    """Name in the frame -> position in the table.

    Parameters
    ----------
    header:
        In lower case.
    """
    wanted = _wanted(columns)
    found: dict[str, int] = {}
    missing: dict[str, str] = {}
    for name, (column, is_needed, option) in wanted.items():
        key = column.strip().lower()
        if header.count(key) > 1:
            raise ColumnError(
                f"{path}: the column {key!r} is there twice.", hint="Rename or remove one."
            )
        if key in header:
            found[name] = header.index(key)
        elif is_needed:
            missing[column] = option
    if missing:
        raise _missing_columns(missing, header, path)
    if ("count_low" in found) != ("count_high" in found):
        here, lacking = "count_low", "count_high"
        if here not in found:
            here, lacking = lacking, here
        raise ColumnError(
            f"{path}: there is a column {wanted[here][0]!r}, and no {wanted[lacking][0]!r}.",
            hint=f"Name the other end of the interval with {wanted[lacking][2]}, or remove "
            f"{wanted[here][0]!r}.",
        )
    return found


def _wanted(columns: ScoreColumns) -> dict[str, tuple[str, bool, str]]:
    """Name in the frame -> name in the table, whether it must be there, option that tells it."""
    wanted: dict[str, tuple[str, bool, str]] = {}
    for one in fields(columns):
        column = getattr(columns, one.name)
        if isinstance(column, str):
            is_needed = one.name in ("concept", "count", "score") or column != one.default
            option = f"--{one.name.replace('_', '-')}-col"
            wanted[one.name] = (column, is_needed, option)
    if columns.concept is not None:
        for column in columns.repeats:
            wanted[_repeat(column)] = (column, column not in _REPEATS, "--repeat-col")
    for column in (_REASON, *MADE_BY):
        wanted[column] = (column, False, "")
    return wanted


def _missing_columns(missing: Mapping[str, str], header: Sequence[str], path: Path) -> ColumnError:
    names = " and no column ".join(repr(column) for column in missing)
    near = [
        f"{told.removesuffix('?')} ({option})?"
        for column, option in missing.items()
        if (told := did_you_mean(column.strip().lower(), header))
    ]
    listed = ", ".join(header[:_LISTED]) + (" …" if len(header) > _LISTED else "")
    listed = listed or "none, the first line is empty"
    options = " ".join(f"{option} COLUMN" for option in dict.fromkeys(missing.values()))
    own = " If each row is a concept of its own: --rows-are-concepts."
    return ColumnError(
        f"{path}: there is no column {names}. Columns: {listed}.",
        hint=" ".join([*near, f"Say which one it is: {options}."])
        + (own if "--concept-col" in missing.values() else ""),
    )
