"""Reviewing licenses, against scanning the columns: ``python -m benchmarks.licenses``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.against_floor import SHARD_ROWS, Table, run
from benchmarks.by_caption import Measured
from benchmarks.made_rights import HOSTS, SPELLINGS

_COLUMNS = ["license", "license_url", "host", "url_hash"]

TABLE: Table = {
    "scan": ("floor: decode license, link, host and URL hash (pyarrow)", None, None),
    "by_hand": ("by hand: DuckDB `GROUP BY license, license_url, host`", "scan", None),
    "review": ("**review** of everything", "scan", 5.0),
    "review_concept": ("**review** of one concept's samples", "scan", None),
}


def scan(dataset: Any) -> Callable[[], object]:
    import pyarrow.parquet as pq

    paths = dataset.paths

    def timed() -> int:
        rows = 0
        for path in paths:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(1 << 17, columns=_COLUMNS, use_threads=False):
                    rows += len(batch)
        return rows

    return timed


def by_hand(dataset: Any) -> Callable[[], object]:
    import duckdb

    engine = duckdb.connect(config={"threads": 1})
    listed = ", ".join(f"'{path}'" for path in dataset.paths)
    query = (
        "SELECT count(*) FROM (SELECT license, license_url, host, count(*) "
        f"FROM read_parquet([{listed}]) GROUP BY ALL)"
    )
    return lambda: engine.execute(query).fetchall()[0][0]


def review(dataset: Any) -> Callable[[], object]:
    from audit.reviews import review_licenses

    return lambda: review_licenses(dataset).whole.named["open"].samples


def review_concept(dataset: Any) -> Callable[[], object]:
    from audit.concepts import Concept
    from audit.reviews import review_licenses

    return lambda: review_licenses(dataset, concepts=[Concept("picture 1")]).samples


JOBS = {job.__name__: job for job in (scan, by_hand, review, review_concept)}


def describe(rows: int, measured: Mapping[str, Measured]) -> str:
    return (
        f"{rows:,} made-up rows in {-(-rows // SHARD_ROWS)} shards with {len(SPELLINGS)} "
        f"spellings, one row in 1,000 with a credit line of its own, and {HOSTS:,} hosts (see "
        "`benchmarks/made_rights.py`)"
    )


if __name__ == "__main__":
    run(
        "benchmarks.licenses",
        "licenses",
        JOBS,
        TABLE,
        describe,
        ("pyarrow", "polars", "duckdb", "numpy"),
        "The review normalises every different value, concludes, counts statuses, findings, "
        "licenses, different URLs of each, and hosts; the query by hand only groups.",
    )
