"""What the rows of every concept say, added up from the evidence file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from audit.datasets.duckdb_paths import one_path
from audit.optouts.by_row import USE_COLUMNS


@dataclass(frozen=True)
class ConceptRows:
    """What the rows of one concept say, added up.

    Attributes
    ----------
    hosts:
        (host, samples), the most samples first; None for samples without a host.
    different_hosts:
        How many there are.
    with_host:
        Samples that have one.
    with_signal:
        Samples of which an opt-out signal was kept.
    optouts:
        Use -> answer -> samples.
    """

    samples: int
    hosts: tuple[tuple[str | None, int], ...]
    different_hosts: int
    with_host: int
    with_signal: int
    optouts: dict[str, dict[str, int]]


NO_ROWS = ConceptRows(
    0, (), 0, 0, 0, {use: {"denied": 0, "allowed": 0, "unknown": 0} for use in USE_COLUMNS}
)


def add_up(
    engine: duckdb.DuckDBPyConnection, path: Path, listed_hosts: int
) -> Callable[[int], ConceptRows]:
    """What the rows of every concept say; by the concept's number."""
    rows = f"read_parquet({one_path(path)}, hive_partitioning = false)"
    counted = [
        f"count(*) FILTER ({column} = '{answer}')"
        for column in USE_COLUMNS.values()
        for answer in ("denied", "allowed", "unknown")
    ]
    totals = engine.execute(
        "SELECT concept_number, count(*), count(DISTINCT host), count(host), "
        f"count(*) FILTER (has_signal), {', '.join(counted)} FROM {rows} GROUP BY concept_number"
    ).fetchall()
    hosts: dict[int, list[tuple[str | None, int]]] = {}
    for number, host, samples in engine.execute(
        f"SELECT concept_number, host, count(*) AS samples FROM {rows} "
        "GROUP BY concept_number, host QUALIFY row_number() OVER "
        "(PARTITION BY concept_number ORDER BY count(*) DESC, host NULLS LAST) <= ? "
        "ORDER BY concept_number, samples DESC, host NULLS LAST",
        [listed_hosts],
    ).fetchall():
        hosts.setdefault(number, []).append((host, samples))
    found = {}
    for number, samples, different, hosted, signalled, *answers in totals:
        each = iter(answers)
        optouts = {
            use: {answer: next(each) for answer in ("denied", "allowed", "unknown")}
            for use in USE_COLUMNS
        }
        found[number] = ConceptRows(
            samples, tuple(hosts.get(number, ())), different, hosted, signalled, optouts
        )
    return lambda number: found.get(number, NO_ROWS)
