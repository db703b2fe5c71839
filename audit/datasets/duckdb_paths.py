"""How DuckDB is given files: exactly those that are meant, and nothing of their paths as data.

DuckDB takes a path for a pattern: ``a[b]`` also means ``ab``, and ``a*`` all that begins with
``a``. And it takes a folder that is called ``caption=x`` for a column. Neither is ever meant here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from audit.errors import StorageError

#: What :func:`parquet_sql` calls the column of the file that a row is of. Not ``filename``, which
#: a column of the data may be called.
FILE = "audit_file"

#: SQL: the ordinal of the shard whose part a row is of. Parts are called by it. A path may come
#: back from DuckDB spelled otherwise than it was given; its last name does not.
ORDINAL = f"CAST(parse_filename({FILE}, true) AS INTEGER)"

_MEANT_FOR_MANY = "*?["


def quoted_path(path: str | os.PathLike[str]) -> str:
    """SQL of a path where DuckDB takes it as it is: what it writes to.

    >>> quoted_path("it's")
    "'it''s'"
    """
    return "'" + str(path).replace("'", "''") + "'"


def one_path(path: str | os.PathLike[str]) -> str:
    """SQL of a path where DuckDB would take it for a pattern: what it reads.

    >>> one_path("a*[b]")
    "'a[*][[]b]'"

    Raises
    ------
    StorageError
        If the path cannot be told DuckDB: it has a backslash, and one of ``*?[``.
    """
    return quoted_path(_of_one(str(path)))


def _of_one(path: str) -> str:
    if not any(mark in path for mark in _MEANT_FOR_MANY):
        return path
    if os.sep == "/" and "\\" in path:
        raise StorageError(
            f"{path}: cannot be read from there: it has a backslash, and one of * ? [.",
            hint="Rename the folder, or move it.",
        )
    return "".join(f"[{mark}]" if mark in _MEANT_FOR_MANY else mark for mark in path)


def allowed_folder(folder: Path) -> str:
    """SQL of the list of folders that lets DuckDB read what is in ``folder``, and nothing else."""
    # It asks for both: for the path as it is given, and for the file that it finds by that.
    names = dict.fromkeys((f"{folder}/", f"{_of_one(str(folder))}/"))
    return f"[{', '.join(map(quoted_path, names))}]"


def parquet_sql(
    paths: Iterable[str | os.PathLike[str]],
    *,
    file_row: bool = False,
    file: bool = False,
    by_name: bool = False,
) -> str:
    """A DuckDB table expression over Parquet files.

    Parameters
    ----------
    file_row:
        With the row in the file as ``file_row_number``, from 0.
    file:
        With the path of the file as :data:`FILE`.
    by_name:
        Files may lack columns that others have.

    Raises
    ------
    StorageError
        If a path cannot be told DuckDB.
    ValueError
        If there is no path: DuckDB has no table of no files.
    """
    listed = ", ".join(map(one_path, paths))
    if not listed:
        raise ValueError("no files to read")
    options = ["hive_partitioning = false"]
    options += ["file_row_number = true"] * file_row
    options += [f"filename = '{FILE}'"] * file
    options += ["union_by_name = true"] * by_name
    return f"read_parquet([{listed}], {', '.join(options)})"
