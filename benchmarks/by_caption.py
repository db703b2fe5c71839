"""Counting by caption and ingesting, against floors: ``python -m benchmarks.by_caption``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.made_captions import SHARD_ROWS, make_shard
from benchmarks.pages import BENCHMARKS, made_on, write_section

#: job -> (what it is, what it is measured against, must, hope) with rates in M rows/s/core.
TABLE: dict[str, tuple[str, str | None, float | None, float | None]] = {
    "decode_pyarrow": ("floor: decode the captions (pyarrow)", None, None, None),
    "decode_polars": ("floor: decode the captions (Polars)", None, None, None),
    "memmem": ("floor: decode and `bytes.count` of one phrase", "decode_polars", None, None),
    "count_1": ("**count 1 concept**", "decode_polars", 8.0, None),
    "duckdb_ilike": ("by hand: DuckDB `ILIKE '%van gogh%'`, raw text", "decode_polars", None, None),
    "polars_regex": ("by hand: Polars `(?i)\\bvan gogh\\b`, raw text", "decode_polars", None, None),
    "count_1000": ("**count 1,000 concepts**", "decode_pyarrow", 3.0, 6.0),
    "polars_aho_corasick_1000": (
        "by hand: Polars `contains_any`, 1,000 concepts, any or none",
        "decode_pyarrow",
        None,
        None,
    ),
    "count_10000": ("**count 10,000 concepts**", "decode_pyarrow", 1.0, 4.0),
    "copy_shards": ("floor: decode the shards and write them again", None, None, None),
    "ingest": ("**ingest** (read, fold, write)", "copy_shards", 0.4, 1.0),
}

ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1"}


@dataclass
class Measured:
    cpu: float
    wall: float
    peak: float
    answer: str


def run_job(name: str, data: Path) -> Measured:
    command = [sys.executable, "-m", "benchmarks.caption_jobs", name, str(data)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | ONE_THREAD
    )
    return Measured(**json.loads(done.stdout))


def prepare(data: Path, rows: int) -> None:
    """Make the shards and ingest them once, unless they are there."""
    from audit.datasets.home import Home
    from audit.datasets.ingest import ingest

    wanted = []
    for seed in range(-(-rows // SHARD_ROWS)):
        path = data / "shards" / f"{seed:05d}.parquet"
        wanted.append(str(path))
        if not path.exists():
            print(f"making {path}", file=sys.stderr)
            make_shard(path, seed, min(SHARD_ROWS, rows - seed * SHARD_ROWS))
    for path in (data / "shards").glob("*.parquet"):
        if str(path) not in wanted:
            path.unlink()
    ingest(wanted, "bench", home=Home(data / "home"))


def start_up() -> dict[str, float]:
    """Best of five wall times of whole commands, in seconds."""
    audit = [sys.executable, "-m", "audit"]
    home = ["--home", "build/benchmarks/start"]
    from audit.sample import shard_paths

    folder = str(shard_paths()[0].parent)
    subprocess.run([*audit, "ingest", folder, "--name", "sample", *home, "-q"],
                   check=True, capture_output=True)  # fmt: skip
    commands = {
        "`audit --help`": [*audit, "--help"],
        '`audit count --concept "Van Gogh"` on the sample': [
            *audit,
            "count",
            "-c",
            "Van Gogh",
            *home,
        ],
    }
    times = {}
    for name, command in commands.items():
        taken = []
        for _ in range(5):
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            taken.append(time.perf_counter() - started)
        times[name] = min(taken)
    return times


def report(rows: int, repeats: int, measured: dict[str, Measured], starts: dict[str, float]) -> str:
    rates = {name: rows / result.cpu / 1e6 for name, result in measured.items()}
    lines = [
        f"Made on {made_on('pyarrow', 'polars', 'duckdb', 'numpy')}.",
        (
            f"{rows:,} made-up LAION-like rows ({-(-rows // SHARD_ROWS)} shards; see "
            "`benchmarks/made_captions.py`), files in the page cache, every job in a process of "
            f"its own on one thread, floors and jobs in turns, best of {repeats}. Rates are rows "
            "per second of CPU time; a ratio is the rate of the job over the rate of its floor."
        ),
        "",
        "| job | M rows/s/core | ratio | of | must | hope | peak memory |",
        "|---|---:|---:|---|---:|---:|---:|",
    ]
    for name, (what, floor, must, hope) in TABLE.items():
        ratio = f"{rates[name] / rates[floor]:.2f}" if floor else ""
        of = TABLE[floor][0].removeprefix("floor: ") if floor else ""
        lines.append(
            f"| {what} | {rates[name]:.2f} | {ratio} | {of} | {must or ''} | {hope or ''} "
            f"| {measured[name].peak / 2**20:,.0f} MiB |"
        )
    lines += ["", "| command | seconds, best of 5 |", "|---|---:|"]
    lines += [f"| {name} | {seconds:.2f} |" for name, seconds in starts.items()]
    lines += [
        "",
        (
            "What the figures do not say: the peers by hand are not only slower or faster but "
            "answer another question (`ILIKE` finds *Ivan Goghman*, a regex misses *Beyoncé* for "
            "*Beyonce*). Reading from a network is not measured. Ingest reads a shard with one "
            "process; several shards are read by several."
        ),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--only", nargs="*", choices=TABLE, help="print these, write nothing")
    arguments = parser.parse_args()
    prepare(arguments.data, arguments.rows)
    measured: dict[str, Measured] = {}
    for _ in range(arguments.repeats):
        for name in arguments.only or TABLE:
            result = run_job(name, arguments.data)
            if name not in measured or result.cpu < measured[name].cpu:
                peak = max(result.peak, measured[name].peak if name in measured else 0)
                measured[name] = Measured(result.cpu, result.wall, peak, result.answer)
            rate = arguments.rows / result.cpu / 1e6
            print(
                f"{name:26s} {rate:6.2f} M rows/s/core  {result.peak / 2**20:6.0f} MiB  "
                f"-> {result.answer}",
                file=sys.stderr,
            )
    if not arguments.only:
        text = report(arguments.rows, arguments.repeats, measured, start_up())
        write_section(BENCHMARKS, "by caption", text)


if __name__ == "__main__":
    main()
