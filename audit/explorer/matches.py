"""The samples that name a concept, on the disk: how many are so or so, and pages of them."""

from __future__ import annotations

import shutil
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from audit.datasets.duckdb_paths import parquet_sql
from audit.datasets.lookup import SampleRef
from audit.errors import AuditError
from audit.explorer.questions import FACETS, SIZES

#: Matches on a page.
PAGE = 25
#: Values of a facet that are listed.
LISTED = 20

_MEMORY = "400MB"
_THREADS = 2
_KEPT_FACETS = 256

Choices = Mapping[str, str | None]


@dataclass(frozen=True)
class Facet:
    """The values of a facet.

    Attributes
    ----------
    values:
        (value, matches), the most matches first; None for those that have none. What was chosen is
        always among them.
    different:
        How many different values there are.
    others:
        Matches with a value that is not listed.
    """

    values: tuple[tuple[str | None, int], ...]
    different: int
    others: int


@dataclass(frozen=True)
class Facets:
    """How the matches that were chosen divide.

    Attributes
    ----------
    chosen:
        Matches that meet all choices.
    by_name:
        Each facet, of the matches that meet the choices of all *other* facets.
    """

    chosen: int
    by_name: Mapping[str, Facet]


@dataclass(frozen=True)
class Match:
    """One match, with what is known of it."""

    ref: SampleRef
    host: str | None
    width: int | None
    height: int | None
    license: str | None
    declared: str
    concluded: str
    status: str
    unsafe: bool | None


@dataclass
class Matches:
    """Parquet files of matches, as :class:`audit.dossiers.kept_rows.RowPieces` wrote them.

    Parameters
    ----------
    folder:
        What goes when the matches go.
    safety:
        Whether the dataset tells which samples are unsafe to look at.
    """

    folder: Path
    files: Sequence[Path]
    safety: bool = True
    _known: OrderedDict[tuple[Any, ...], Facets] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def facets(self, choices: Choices) -> Facets:
        """Count the matches by every facet; each needs a pass over two or three columns."""
        key = tuple(sorted(choices.items(), key=str))
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        with self._engine() as engine:
            found = Facets(
                self._count(engine, choices),
                {name: self._facet(engine, name, choices) for name in FACETS},
            )
        with self._lock:
            self._known[key] = found
            while len(self._known) > _KEPT_FACETS:
                self._known.popitem(last=False)
        return found

    def page(self, choices: Choices, number: int) -> list[Match]:
        """The matches of a page, from 1 on, in the order of the dataset."""
        where, values = _condition(choices)
        columns = "host, width, height, license, declared, concluded, status, unsafe"
        with self._engine() as engine:
            rows = engine.execute(
                f"SELECT shard_number, row, {columns} FROM {self._rows} WHERE {where} "
                f"ORDER BY shard_number, row LIMIT {PAGE} OFFSET {PAGE * (number - 1)}",
                values,
            ).fetchall()
        return [Match(SampleRef(shard, row), *told) for shard, row, *told in rows]

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _rows(self) -> str:
        return parquet_sql(self.files)

    def _engine(self) -> _Engine:
        return _Engine(self.folder)

    def _count(self, engine: duckdb.DuckDBPyConnection, choices: Choices) -> int:
        where, values = _condition(choices)
        found = engine.execute(f"SELECT count(*) FROM {self._rows} WHERE {where}", values)
        return int(found.fetchall()[0][0])

    def _facet(self, engine: duckdb.DuckDBPyConnection, name: str, choices: Choices) -> Facet:
        others = {other: value for other, value in choices.items() if other != name}
        where, values = _condition(others)
        first, first_values = "false", list[str]()
        if name in choices:
            first, first_values = _one(name, choices[name])
        rows = engine.execute(
            f"SELECT value, samples, different, total FROM (SELECT *, count(value) OVER () AS "
            "different, sum(samples) OVER () AS total FROM "
            f"(SELECT {_EXPRESSIONS[name]} AS value, count(*) AS samples, bool_or({first}) AS first"
            f" FROM {self._rows} WHERE {where} GROUP BY 1)) "
            f"ORDER BY first DESC, samples DESC, value NULLS LAST LIMIT {LISTED}",
            [*first_values, *values],
        ).fetchall()
        listed = sorted(
            ((value, samples) for value, samples, _, _ in rows),
            key=lambda one: (-one[1], one[0] is None, one[0] or ""),
        )
        if name in choices and choices[name] not in [value for value, _ in listed]:
            listed.append((choices[name], 0))
        different, total = (rows[0][2], int(rows[0][3])) if rows else (0, 0)
        return Facet(tuple(listed), different, total - sum(samples for _, samples in listed))


class _Engine:
    """An engine of bounded memory, for one question."""

    def __init__(self, folder: Path) -> None:
        config = {
            "memory_limit": _MEMORY, "threads": _THREADS, "temp_directory": str(folder / "spilled"),
        }  # fmt: skip
        self._engine = duckdb.connect(config=config)  # type: ignore[arg-type]

    def __enter__(self) -> duckdb.DuckDBPyConnection:
        return self._engine

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._engine.close()
        if isinstance(error, duckdb.IOException):
            raise AuditError(
                "These matches are not kept any longer.", hint="Count the concept again."
            ) from error


def _size_expression() -> str:
    side = "least(width, height)"
    classes = [
        f"WHEN {side} >= {low or 0} AND {side} < {high} THEN '{name}'"
        if high is not None
        else f"WHEN {side} >= {low} THEN '{name}'"
        for name, (_, low, high) in SIZES.items()
        if (low, high) != (None, None)
    ]
    known = "width IS NULL OR height IS NULL OR least(width, height) < 0"
    return f"CASE WHEN {known} THEN 'unknown' {' '.join(classes)} END"


_EXPRESSIONS = {"status": "status", "declared": "declared", "host": "host"}
_EXPRESSIONS["size"] = _size_expression()


def _one(name: str, value: str | None) -> tuple[str, list[str]]:
    expression = _EXPRESSIONS[name]
    return (f"{expression} IS NULL", []) if value is None else (f"{expression} = ?", [value])


def _condition(choices: Choices) -> tuple[str, list[str]]:
    clauses, values = ["true"], []
    for name, value in choices.items():
        clause, mine = _one(name, value)
        clauses.append(clause)
        values += mine
    return " AND ".join(clauses), values
