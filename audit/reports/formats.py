"""Output formats: every answer as a table, JSON, CSV or Parquet.

To add a format, write a function ``(answer, stream)`` and enter it in :data:`FORMATS`.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from typing import IO, Any, Protocol

import polars as pl

from audit.errors import UsageError
from audit.formulas import harmless_texts
from audit.reports.tables import print_table


class Answer(Protocol):
    """What a command answers with."""

    def to_dict(self) -> dict[str, Any]: ...

    def to_polars(self) -> pl.DataFrame: ...


def _write_table(answer: Answer, stream: IO[bytes]) -> None:
    print_table(answer, stream)


def _write_json(answer: Answer, stream: IO[bytes]) -> None:
    text = json.dumps(answer.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)
    stream.write(text.encode("utf-8", errors="backslashreplace") + b"\n")


def _write_csv(answer: Answer, stream: IO[bytes]) -> None:
    harmless_texts(answer.to_polars()).write_csv(stream)


def _write_parquet(answer: Answer, stream: IO[bytes]) -> None:
    if _is_terminal(stream):
        raise UsageError(
            "Parquet is no text for a terminal.", hint="Send it to a file: … > answer.parquet"
        )
    whole = io.BytesIO()  # Parquet's writer seeks; a pipe does not
    answer.to_polars().write_parquet(whole)
    stream.write(whole.getvalue())


def _is_terminal(stream: IO[bytes]) -> bool:
    return stream.isatty()


FORMATS: dict[str, Callable[[Answer, IO[bytes]], None]] = {
    "table": _write_table,
    "json": _write_json,
    "csv": _write_csv,
    "parquet": _write_parquet,
}


def write_answer(answer: Answer, output: str, stream: IO[bytes] | None = None) -> None:
    """Write ``answer`` in one of :data:`FORMATS`, by default to standard output."""
    if stream is None:
        stream = sys.stdout.buffer
    FORMATS[output](answer, stream)
    stream.flush()
