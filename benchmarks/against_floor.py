"""Jobs over the made-up rows with licenses, each against its floor: what both benchmarks share."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.by_caption import ONE_THREAD, Measured
from benchmarks.made_rights import make_shard
from benchmarks.pages import BENCHMARKS, made_on, write_section

SHARD_ROWS = 1_000_000

#: Takes the ingested dataset, and gives what is timed.
Job = Callable[[Any], Callable[[], object]]
#: Job -> (what it is, its floor, at most how many times as long).
Table = Mapping[str, tuple[str, str | None, float | None]]


def run(
    module: str,
    section: str,
    jobs: Mapping[str, Job],
    table: Table,
    describe: Callable[[int, Mapping[str, Measured]], str],
    packages: tuple[str, ...],
    remarks: str = "",
) -> None:
    """The command of a benchmark: time the jobs in turns, and write a section of the page.

    Parameters
    ----------
    module:
        The benchmark's, which runs single jobs in a process of their own.
    describe:
        Says of a number of rows, and of what was measured, what the data is.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path("build/benchmarks/rights"))
    parser.add_argument("--job", choices=jobs, help="run this here and print what it took")
    arguments = parser.parse_args()
    if arguments.job:
        _run_here(jobs[arguments.job], arguments.data)
        return
    _prepare(arguments.data, arguments.rows)
    measured: dict[str, Measured] = {}
    for _ in range(arguments.repeats):
        for name in table:
            result = _run_job(module, name, arguments.data)
            if name not in measured or result.cpu < measured[name].cpu:
                measured[name] = result
            print(f"{name:16s} {result.cpu:6.2f} s  -> {result.answer}", file=sys.stderr)
    lines = [
        f"Made on {made_on(*packages)}.",
        (
            f"{describe(arguments.rows, measured)}, files in the page cache, every job in a "
            f"process of its own on one thread, in turns, best of {arguments.repeats}."
        ),
        "",
        "| job | seconds of CPU | times its floor | must be below | peak memory |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, (what, floor, must) in table.items():
        ratio = f"{measured[name].cpu / measured[floor].cpu:.1f}" if floor else ""
        lines.append(
            f"| {what} | {measured[name].cpu:.2f} | {ratio} | {must or ''} "
            f"| {measured[name].peak / 2**20:,.0f} MiB |"
        )
    write_section(BENCHMARKS, section, "\n".join([*lines, "", remarks]))


def _prepare(data: Path, rows: int) -> None:
    """Make the shards and ingest them once, unless they are there."""
    from audit.datasets.home import Home
    from audit.datasets.ingest import ingest

    shards = [data / "shards" / f"{seed:05d}.parquet" for seed in range(-(-rows // SHARD_ROWS))]
    for seed, path in enumerate(shards):
        if not path.exists():
            print(f"making {path}", file=sys.stderr)
            make_shard(path, seed, min(SHARD_ROWS, rows - seed * SHARD_ROWS))
    ingest([str(path) for path in shards], "rights", home=Home(data / "home"))


def _run_job(module: str, name: str, data: Path) -> Measured:
    command = [sys.executable, "-m", module, "--job", name, "--data", str(data)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | ONE_THREAD
    )
    return Measured(**json.loads(done.stdout))


def _run_here(job: Job, data: Path) -> None:
    import pyarrow as pa

    from audit.datasets.home import Home
    from benchmarks.caption_jobs import peak_memory

    pa.set_cpu_count(1)
    timed = job(Home(data / "home").open("rights"))
    wall, cpu = time.perf_counter(), time.process_time()
    answer = timed()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    measured = {"cpu": cpu, "wall": wall, "peak": peak_memory(), "answer": str(answer)}
    json.dump(measured, sys.stdout)
