"""Reviewing licenses, against scanning the columns: ``python -m benchmarks.licenses``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.by_caption import Measured
from benchmarks.made_rights import HOSTS, SPELLINGS, make_shard
from benchmarks.pages import BENCHMARKS, made_on, write_section

_SHARD_ROWS = 1_000_000
_ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1"}
_COLUMNS = ["license", "license_url", "host", "url_hash"]

#: Job -> (what it is, its floor, at most how many times as long).
TABLE: dict[str, tuple[str, str | None, float | None]] = {
    "scan": ("floor: decode license, link, host and URL hash (pyarrow)", None, None),
    "by_hand": ("by hand: DuckDB `GROUP BY license, license_url, host`", "scan", None),
    "review": ("**review** of everything", "scan", 5.0),
    "review_concept": ("**review** of one concept's samples", "scan", None),
}


def scan(data: Path) -> Callable[[], object]:
    import pyarrow.parquet as pq

    paths = _dataset(data).paths

    def run() -> int:
        rows = 0
        for path in paths:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(1 << 17, columns=_COLUMNS, use_threads=False):
                    rows += len(batch)
        return rows

    return run


def by_hand(data: Path) -> Callable[[], object]:
    import duckdb

    engine = duckdb.connect(config={"threads": 1})
    listed = ", ".join(f"'{path}'" for path in _dataset(data).paths)
    query = (
        "SELECT count(*) FROM (SELECT license, license_url, host, count(*) "
        f"FROM read_parquet([{listed}]) GROUP BY ALL)"
    )
    return lambda: engine.execute(query).fetchall()[0][0]


def review(data: Path) -> Callable[[], object]:
    from audit.reviews import review_licenses

    dataset = _dataset(data)
    return lambda: review_licenses(dataset).whole.named["open"].samples


def review_concept(data: Path) -> Callable[[], object]:
    from audit.concepts import Concept
    from audit.reviews import review_licenses

    dataset = _dataset(data)
    return lambda: review_licenses(dataset, concepts=[Concept("picture 1")]).samples


JOBS = {job.__name__: job for job in (scan, by_hand, review, review_concept)}


def _dataset(data: Path):  # type: ignore[no-untyped-def]
    from audit.datasets.home import Home

    return Home(data / "home").open("rights")


def prepare(data: Path, rows: int) -> None:
    """Make the shards and ingest them once, unless they are there."""
    from audit.datasets.home import Home
    from audit.datasets.ingest import ingest

    shards = [data / "shards" / f"{seed:05d}.parquet" for seed in range(-(-rows // _SHARD_ROWS))]
    for seed, path in enumerate(shards):
        if not path.exists():
            print(f"making {path}", file=sys.stderr)
            make_shard(path, seed, min(_SHARD_ROWS, rows - seed * _SHARD_ROWS))
    ingest([str(path) for path in shards], "rights", home=Home(data / "home"))


def run_job(name: str, data: Path) -> Measured:
    command = [sys.executable, "-m", "benchmarks.licenses", "--job", name, "--data", str(data)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | _ONE_THREAD
    )
    return Measured(**json.loads(done.stdout))


def _run_here(name: str, data: Path) -> None:
    import pyarrow as pa

    from benchmarks.caption_jobs import peak_memory

    pa.set_cpu_count(1)
    run = JOBS[name](data)
    wall, cpu = time.perf_counter(), time.process_time()
    answer = run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    measured = {"cpu": cpu, "wall": wall, "peak": peak_memory(), "answer": str(answer)}
    json.dump(measured, sys.stdout)


def report(rows: int, repeats: int, measured: dict[str, Measured]) -> str:
    lines = [
        f"Made on {made_on('pyarrow', 'polars', 'duckdb', 'numpy')}.",
        (
            f"{rows:,} made-up rows in {-(-rows // _SHARD_ROWS)} shards with {len(SPELLINGS)} "
            f"spellings, one row in 1,000 with a credit line of its own, and {HOSTS:,} hosts (see "
            "`benchmarks/made_rights.py`), files in the page cache, every job in a process of its "
            f"own on one thread, in turns, best of {repeats}."
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
    lines += [
        "",
        (
            "The review normalises every different value, concludes, counts statuses, findings, "
            "licenses, different URLs of each, and hosts; the query by hand only groups."
        ),
    ]
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
    text = report(arguments.rows, arguments.repeats, measured)
    write_section(BENCHMARKS, "licenses", text)


if __name__ == "__main__":
    main()
