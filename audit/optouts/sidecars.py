"""Sidecars: parquet files that hold signals by URL, beside the dataset's own columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from audit.datasets.duckdb_paths import parquet_sql, quoted_path
from audit.errors import ColumnError, SourceError
from audit.optouts.readers import ERROR, SEPARATOR, roles

#: Columns of signals, besides ``url`` and ``checked_at``.
TIME = "checked_at"
#: Rows of URLs that are there several times, that are united at a time.
_AT_A_TIME = 1_000_000


def signal_columns() -> tuple[str, ...]:
    """Every role that says something of opt-outs."""
    return (*roles(), "tdm_policy")


def merge_sidecars(
    engine: duckdb.DuckDBPyConnection, paths: Sequence[str | Path], out: Path
) -> tuple[str, ...]:
    """Write all sidecars as one file: a row for each URL, of each column what holds.

    Of dated values the newest holds, and those as old as it. Values without a time that can be
    read hold beside it, because nobody knows that they are older: an objection is not lost to the
    order of files. A failure (``error: ...``) replaces nothing, and is there beside what it did
    not replace, so that no permission is older than a failure; a newer answer makes it good.
    Several values of a column have ``audit.optouts.readers.SEPARATOR`` between them.

    Parameters
    ----------
    paths:
        Files with ``url``, any columns of :func:`signal_columns`, and maybe ``checked_at``. A
        blank value is a value: nothing was there.
    out:
        Written with ``url_hash`` (see ``audit.datasets.parts``), the columns that are returned,
        and ``checked_at`` as text.

    Raises
    ------
    SourceError
        If a file cannot be read.
    ColumnError
        If it has no URLs, or no column of signals.
    """
    alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for path in paths:
        alike.setdefault(tuple(_columns(Path(path)).items()), []).append(str(path))
    wanted = [name for name in signal_columns() if any(name in dict(key) for key in alike)]
    selects = [_select(files, dict(key), wanted) for key, files in alike.items()]
    try:
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute(f"CREATE VIEW said AS {' UNION ALL '.join(selects)}")
        # Few URLs are there twice. Only of these anything must be compared and united.
        engine.execute(
            "CREATE TABLE often AS SELECT * FROM said SEMI JOIN "
            "(SELECT url_hash FROM said GROUP BY url_hash HAVING count(*) > 1) USING (url_hash)"
        )
        # Lists of values cannot be spilled: so many at a time as fit into memory.
        (rows,) = engine.execute("SELECT count(*) FROM often").fetchone() or (0,)
        turns = rows // _AT_A_TIME + 1
        for turn in range(turns):
            made = "INSERT INTO united" if turn else "CREATE TABLE united AS"
            engine.execute(f"{made} {_united(wanted, f'url_hash % {turns} = {turn}')}")
        columns = ", ".join([*wanted, TIME])
        engine.execute(
            f"COPY (SELECT url_hash, {columns} FROM said ANTI JOIN often USING (url_hash) "
            f"UNION ALL SELECT url_hash, {columns} FROM united) TO {quoted_path(out)} "
            "(FORMAT parquet)"
        )
    except duckdb.Error as error:
        listed = ", ".join(str(path) for path in paths)
        raise SourceError(
            f"{listed}: the signals cannot be read ({str(error).splitlines()[0]}).",
            hint="Write the files again, as Parquet with columns of text.",
        ) from error
    return tuple(wanted)


def _united(wanted: list[str], which: str) -> str:
    """One row for each URL of the table ``often`` that meets a condition."""
    newest = [
        f"max(age) FILTER ({name} IS NOT NULL AND NOT {_failed(name)}) AS newest_{name}"
        for name in wanted
    ]
    # What is older than the newest answer does not hold any more. The rest does, all of it: what
    # was said at the same time, or nobody knows when, and failures that were not made good.
    united = [
        f"array_to_string(list_sort(list_distinct(list({name}) FILTER ({name} IS NOT NULL "
        f"AND (age IS NULL OR newest_{name} IS NULL OR age >= newest_{name})))), "
        f"chr({ord(SEPARATOR)})) AS {name}"
        for name in wanted
    ]
    seen = f"coalesce(arg_max({TIME}, age), max({TIME})) AS {TIME}"
    return (
        f"SELECT url_hash, {', '.join([*united, seen])} FROM often "
        f"JOIN (SELECT url_hash, {', '.join(newest)} FROM often WHERE {which} GROUP BY url_hash) "
        f"USING (url_hash) WHERE {which} GROUP BY url_hash"
    )


def _failed(name: str) -> str:
    """Whether a value is nothing but a failure."""
    return f"starts_with(lower(ltrim({name})), '{ERROR}')"


def _select(files: list[str], columns: dict[str, str], wanted: list[str]) -> str:
    """Rows of files with the same columns, and ``age``: larger is newer, NULL where undated."""
    taken = [
        f'CAST("{columns[name]}" AS VARCHAR) AS {name}'
        if name in columns
        else f"NULL::VARCHAR AS {name}"
        for name in [*wanted, TIME]
    ]
    # A time without a zone is taken for one of UTC, as the engine was told.
    when = f"epoch_ms(try_cast({TIME} AS TIMESTAMPTZ))"
    url = f'"{columns["url"]}"'
    # What a part has too: the first eight bytes of the URL's MD5.
    hashed = f"CAST('0x' || substr(md5({url}), 1, 16) AS UBIGINT)"
    return (
        f"SELECT *, {when} AS age FROM ("
        f"SELECT {hashed} AS url_hash, {', '.join(taken)} FROM {parquet_sql(files)} "
        f"WHERE {url} IS NOT NULL)"
    )


def _columns(path: Path) -> dict[str, str]:
    """Names in lower case -> as they are spelled in a sidecar."""
    try:
        schema = pq.read_schema(path)
    except FileNotFoundError as error:
        raise SourceError(
            f"{path}: there is no such file.", hint="Give a Parquet file of signals by URL."
        ) from error
    except (OSError, pa.ArrowException) as error:
        raise SourceError(
            f"{path}: cannot be read as Parquet ({str(error).splitlines()[0]}).",
            hint="Give a Parquet file with a column url and columns of signals.",
        ) from error
    columns = {name.lower(): name for name in schema.names if '"' not in name}
    if "url" not in columns or not pa.types.is_large_string(
        schema.field(columns["url"]).type
    ) | pa.types.is_string(schema.field(columns["url"]).type):
        there = ", ".join(map(_printable, schema.names)) or "none"
        raise ColumnError(
            f"{path}: has no column of texts named url.",
            hint=f"Signals are joined by URL. Columns: {there}.",
        )
    if not any(name in columns for name in signal_columns()):
        raise ColumnError(
            f"{path}: has no column of signals.",
            hint=f"Name one or more {', '.join(signal_columns())}.",
        )
    return columns


def _printable(name: str) -> str:
    """A name that a stranger gave, so that it moves no cursor and fills no screen."""
    return ascii(name)[1:-1][:100]
