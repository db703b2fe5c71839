"""How many training images concepts have, from a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from audit.errors import ColumnError, SourceError, UsageError
from audit.formulas import meant_texts
from audit.scores.vectors import concept_key

#: Columns of a count and the ends of its interval: our own, those of `audit count` by image, and
#: those by caption. The first whose count is there is taken; ends may be missing.
_COLUMNS = (
    ("count", "count_low", "count_high"),
    ("samples", "samples_low", "samples_high"),
    ("samples", "low", "high"),
)


@dataclass(frozen=True)
class TrainingCount:
    """Training images of a concept; ``interval`` is None where nobody knows one."""

    value: int
    interval: tuple[float, float] | None = None


def read_counts(path: Path) -> dict[str, TrainingCount]:
    """Concept -> count, from CSV or Parquet; concepts without a count are left out.

    Columns are ``concept`` and ``count``, or ``samples`` as `audit count` calls it, and the ends of
    an interval if there are any.

    Raises
    ------
    UsageError
        If there is no such file, or it is neither CSV nor Parquet.
    SourceError
        If it cannot be read, or a count is no number of images.
    """
    table = _table(path.expanduser())
    there = set(table.columns)
    whole = [names for names in _COLUMNS if {*names} <= there]
    columns = next(iter([*whole, *(names[:1] for names in _COLUMNS if names[0] in there)]), ())
    if not columns or "concept" not in there:
        raise ColumnError(
            f"{path}: has the columns {', '.join(table.columns)}.",
            hint="Name them concept and count, or give what `audit count --output csv` wrote.",
        )
    numbers = [_numbers(table[name], path).to_list() for name in columns]
    counts: dict[str, TrainingCount] = {}
    seen: dict[str, str] = {}
    for name, value, *ends in zip(table["concept"].cast(pl.String), *numbers, strict=True):
        if name is None or value is None:
            continue
        if concept_key(name) in seen:
            raise SourceError(
                f"{path}: {name!r} has two counts.", hint="Keep one row of each concept."
            )
        seen[concept_key(name)] = name
        known = len(ends) == 2 and None not in ends
        counts[name] = TrainingCount(round(value), (ends[0], ends[1]) if known else None)
    return counts


def _table(path: Path) -> pl.DataFrame:
    kind = path.suffix.lower()
    if not path.is_file() or kind not in (".csv", ".parquet"):
        told = "is neither CSV nor Parquet" if path.is_file() else "there is no such file"
        raise UsageError(f"{path}: {told}.", hint="Counts are a .csv or .parquet file.")
    try:
        if kind == ".parquet":
            return pl.read_parquet(path, glob=False)
        # As text: what is no number is to be named, and not to fail in the middle.
        return meant_texts(pl.read_csv(path, infer_schema=False, glob=False))
    except (pl.exceptions.PolarsError, OSError, UnicodeError) as error:
        told = str(error).partition("\n")[0]
        raise SourceError(f"{path}: cannot be read ({told}).", hint="Is it a table?") from error


def _numbers(column: pl.Series, path: Path) -> pl.Series:
    """The numbers of a column, none of them negative, infinite or something else."""
    numbers = column.cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() & column.is_not_null()) | ~(numbers.fill_null(0) >= 0)
    wrong |= (numbers.is_infinite() | numbers.is_nan()).fill_null(False)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise SourceError(
            f"{path}: {column[row]!r} in row {row + 1} is no count.",
            hint="Counts are numbers from 0 on; leave unknown ones empty.",
        )
    return numbers
