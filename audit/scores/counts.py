"""How many training images concepts have, from a table."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from audit.errors import ColumnError, SourceError, UsageError
from audit.scores.vectors import concept_key

#: Columns of numbers, the first that there is: our own, and that of `audit count`.
_COUNTS = ("count", "samples")


def read_counts(path: Path) -> dict[str, int]:
    """Concept -> count, from CSV or Parquet; concepts without a count are left out.

    Columns are ``concept`` and ``count``, or ``samples`` as `audit count` calls it.

    Raises
    ------
    UsageError
        If there is no such file, or it is neither CSV nor Parquet.
    SourceError
        If it cannot be read, or a count is no number of images.
    """
    path = path.expanduser()
    kind = path.suffix.lower()
    if not path.is_file() or kind not in (".csv", ".parquet"):
        told = "is neither CSV nor Parquet" if path.is_file() else "there is no such file"
        raise UsageError(f"{path}: {told}.", hint="Counts are a .csv or .parquet file.")
    try:
        # CSV as text: what is no number is to be named, and not to fail in the middle.
        table = (
            pl.read_parquet(path) if kind == ".parquet" else pl.read_csv(path, infer_schema=False)
        )
    except (pl.exceptions.PolarsError, OSError, UnicodeError) as error:
        told = str(error).partition("\n")[0]
        raise SourceError(f"{path}: cannot be read ({told}).", hint="Is it a table?") from error
    column = next((name for name in _COUNTS if name in table.columns), None)
    if column is None or "concept" not in table.columns:
        raise ColumnError(
            f"{path}: has the columns {', '.join(table.columns)}.",
            hint="Name them concept and count, or give what `audit count --output csv` wrote.",
        )
    numbers = table[column].cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() & table[column].is_not_null()) | ~(numbers.fill_null(0) >= 0)
    wrong |= numbers.is_infinite().fill_null(False) | numbers.is_nan().fill_null(False)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise SourceError(
            f"{path}: {table[column][row]!r} in row {row + 1} is no count.",
            hint="Counts are numbers from 0 on; leave unknown ones empty.",
        )
    counts: dict[str, int] = {}
    seen: dict[str, str] = {}
    for name, number in zip(table["concept"].cast(pl.String), numbers, strict=True):
        if name is None or number is None:
            continue
        other = seen.setdefault(concept_key(name), name)
        if name in counts or other != name:
            raise SourceError(
                f"{path}: {name!r} has two counts.", hint="Keep one row of each concept."
            )
        counts[name] = round(number)
    return counts
