"""Counting domains, against scanning the hosts: ``python -m benchmarks.domains``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.by_caption import Measured
from benchmarks.licenses import prepare
from benchmarks.made_rights import HOSTS
from benchmarks.pages import BENCHMARKS, made_on, write_section

_ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1"}

#: Job -> (what it is, its floor, at most how many times as long).
TABLE: dict[str, tuple[str, str | None, float | None]] = {
    "scan": ("floor: decode the hosts (pyarrow)", None, None),
    "scan_polars": ("decode the hosts (Polars)", "scan", None),
    "by_hand": ("by hand: DuckDB `GROUP BY host`, then `privatesuffix` of each", "scan", None),
    "domains": ("**domains** with samples and hosts, the first tenth in order", "scan", 5.0),
}


def scan(dataset: Any) -> Callable[[], object]:
    import pyarrow.parquet as pq

    def run() -> int:
        rows = 0
        for path in dataset.paths:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(1 << 17, columns=["host"], use_threads=False):
                    rows += len(batch)
        return rows

    return run


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

    def run() -> int:
        domains: Counter[str | None] = Counter()
        query = f"SELECT host, count(*) FROM {dataset.sql()} GROUP BY host"
        for host, samples in engine.execute(query).fetchall():
            domains[suffixes.privatesuffix(host)] += samples
        return len(domains)

    return run


def domains(dataset: Any) -> Callable[[], object]:
    import polars as pl

    from audit.domains import count_domains, registered_domains

    registered_domains(pl.Series(["example.org"]))  # reads the list, once in a process
    return lambda: count_domains(dataset, share=0.1).domains


JOBS = {job.__name__: job for job in (scan, scan_polars, by_hand, domains)}


def run_job(name: str, data: Path) -> Measured:
    command = [sys.executable, "-m", "benchmarks.domains", "--job", name, "--data", str(data)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | _ONE_THREAD
    )
    return Measured(**json.loads(done.stdout))


def _run_here(name: str, data: Path) -> None:
    import pyarrow as pa

    from audit.datasets.home import Home
    from benchmarks.caption_jobs import peak_memory

    pa.set_cpu_count(1)
    run = JOBS[name](Home(data / "home").open("rights"))
    wall, cpu = time.perf_counter(), time.process_time()
    answer = run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    measured = {"cpu": cpu, "wall": wall, "peak": peak_memory(), "answer": str(answer)}
    json.dump(measured, sys.stdout)


def report(rows: int, repeats: int, measured: dict[str, Measured]) -> str:
    lines = [
        f"Made on {made_on('pyarrow', 'polars', 'duckdb', 'publicsuffixlist')}.",
        (
            f"{rows:,} made-up rows on {HOSTS:,} hosts of {int(measured['domains'].answer):,} "
            "domains (see `benchmarks/made_rights.py`), files in the page cache, every job in a "
            f"process of its own on one thread, in turns, best of {repeats}."
        ),
        "",
        "| job | seconds of CPU | times its floor | must be below | peak memory |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, (what, floor, must) in TABLE.items():
        ratio = f"{measured[name].cpu / measured[floor].cpu:.1f}" if floor else ""
        lines.append(
            f"| {what} | {measured[name].cpu:.2f} | {ratio} | {must or ''} "
            f"| {measured[name].peak / 2**20:,.0f} MiB |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path("build/benchmarks/rights"))
    parser.add_argument("--job", choices=JOBS, help="run this here and print what it took")
    arguments = parser.parse_args()
    if arguments.job:
        _run_here(arguments.job, arguments.data)
        return
    prepare(arguments.data, arguments.rows)
    measured: dict[str, Measured] = {}
    for _ in range(arguments.repeats):
        for name in TABLE:
            result = run_job(name, arguments.data)
            if name not in measured or result.cpu < measured[name].cpu:
                measured[name] = result
            print(f"{name:16s} {result.cpu:6.2f} s  -> {result.answer}", file=sys.stderr)
    write_section(BENCHMARKS, "domains", report(arguments.rows, arguments.repeats, measured))


if __name__ == "__main__":
    main()
