"""Counting domains, against scanning the hosts: ``python -m benchmarks.domains``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.against_floor import Table, run
from benchmarks.by_caption import Measured
from benchmarks.made_rights import HOSTS

TABLE: Table = {
    "scan": ("floor: decode the hosts (pyarrow)", None, None),
    "scan_polars": ("decode the hosts (Polars)", "scan", None),
    "by_hand": ("by hand: DuckDB `GROUP BY host`, then `privatesuffix` of each", "scan", None),
    "domains": ("**domains** with samples and hosts, the first tenth in order", "scan", 5.0),
}


def scan(dataset: Any) -> Callable[[], object]:
    import pyarrow.parquet as pq

    def timed() -> int:
        rows = 0
        for path in dataset.paths:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(1 << 17, columns=["host"], use_threads=False):
                    rows += len(batch)
        return rows

    return timed


def scan_polars(dataset: Any) -> Callable[[], object]:
    import polars as pl

    length = pl.col("host").str.len_bytes().sum()
    return lambda: sum(
        pl.scan_parquet(path).select(length).collect(engine="streaming").item()
        for path in dataset.paths
    )


def by_hand(dataset: Any) -> Callable[[], object]:
    from collections import Counter

    import duckdb
    from publicsuffixlist import PublicSuffixList

    engine = duckdb.connect(config={"threads": 1})
    suffixes = PublicSuffixList()

    def timed() -> int:
        domains: Counter[str | None] = Counter()
        query = f"SELECT host, count(*) FROM {dataset.sql()} GROUP BY host"
        for host, samples in engine.execute(query).fetchall():
            domains[suffixes.privatesuffix(host)] += samples
        return len(domains)

    return timed


def domains(dataset: Any) -> Callable[[], object]:
    import polars as pl

    from audit.domains import count_domains, registered_domains

    registered_domains(pl.Series(["example.org"]))  # reads the list, once in a process
    return lambda: count_domains(dataset, share=0.1).domains


JOBS = {job.__name__: job for job in (scan, scan_polars, by_hand, domains)}


def describe(rows: int, measured: Mapping[str, Measured]) -> str:
    return (
        f"{rows:,} made-up rows on {HOSTS:,} hosts of {int(measured['domains'].answer):,} domains "
        "(see `benchmarks/made_rights.py`)"
    )


if __name__ == "__main__":
    run(
        "benchmarks.domains",
        "domains",
        JOBS,
        TABLE,
        describe,
        ("pyarrow", "polars", "duckdb", "publicsuffixlist"),
    )
