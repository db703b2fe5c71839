"""Sidecars: parquet files that hold signals by URL, beside the dataset's own columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from audit.errors import ColumnError, SourceError
from audit.optouts.readers import roles

#: Columns of signals, besides ``url`` and ``checked_at``.
TIME = "checked_at"


def signal_columns() -> tuple[str, ...]:
    """Every role that says something of opt-outs."""
    return (*roles(), "tdm_policy")


def merge_sidecars(
    engine: duckdb.DuckDBPyConnection, paths: Sequence[str | Path], out: Path
) -> tuple[str, ...]:
    """Write all sidecars as one file: a row for each URL, of each column the newest value.

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
    selects = [_select(files, dict(key), wanted, n) for n, (key, files) in enumerate(alike.items())]
    newest = [f"arg_max({name}, age) AS {name}" for name in [*wanted, TIME]]
    target = str(out).replace("'", "''")
    try:
        engine.execute(
            f"COPY (SELECT url_hash, {', '.join(newest)} "
            f"FROM ({' UNION ALL '.join(selects)}) GROUP BY url_hash) TO '{target}' "
            "(FORMAT parquet)"
        )
    except duckdb.Error as error:
        listed = ", ".join(str(path) for path in paths)
        raise SourceError(
            f"{listed}: the signals cannot be read ({str(error).splitlines()[0]}).",
            hint="Write the files again, as Parquet with columns of text.",
        ) from error
    return tuple(wanted)


def _select(files: list[str], columns: dict[str, str], wanted: list[str], order: int) -> str:
    """Rows of files with the same columns, and ``age``: larger is newer, or of a later file."""
    taken = [
        f'CAST("{columns[name]}" AS VARCHAR) AS {name}'
        if name in columns
        else f"NULL::VARCHAR AS {name}"
        for name in [*wanted, TIME]
    ]
    # A time with a zone becomes one of UTC; without, it is taken for one.
    when = f"epoch_ms(try_cast({TIME} AS TIMESTAMP))"
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
    url = f'"{columns["url"]}"'
    # What a part has too: the first eight bytes of the URL's MD5.
    hashed = f"CAST('0x' || substr(md5({url}), 1, 16) AS UBIGINT)"
    return (
        f"SELECT *, coalesce({when}, 0) * 1000 + {order} AS age FROM ("
        f"SELECT {hashed} AS url_hash, {', '.join(taken)} FROM read_parquet([{listed}]) "
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
        raise ColumnError(
            f"{path}: has no column of texts named url.",
            hint=f"Signals are joined by URL. Columns: {', '.join(schema.names) or 'none'}.",
        )
    if not any(name in columns for name in signal_columns()):
        raise ColumnError(
            f"{path}: has no column of signals.",
            hint=f"Name one or more {', '.join(signal_columns())}.",
        )
    return columns
