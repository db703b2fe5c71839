"""Jobs that are timed, each in a process of its own: ``python -m benchmarks.caption_jobs NAME``."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.made_captions import SINGLE, people

JOBS: dict[str, Callable[[Path], Callable[[], Any]]] = {}


def job(prepare: Callable[[Path], Callable[[], Any]]) -> Callable[[Path], Callable[[], Any]]:
    """Register a job: ``prepare(data)`` imports and opens, what it returns is timed."""
    JOBS[prepare.__name__] = prepare
    return prepare


def _parts(data: Path) -> list[str]:
    from audit.datasets.home import Home

    return Home(data / "home").open("bench").paths


def _shards(data: Path) -> list[str]:
    return sorted(map(str, (data / "shards").glob("*.parquet")))


@job
def decode_pyarrow(data: Path) -> Callable[[], Any]:
    import pyarrow.parquet as pq

    paths = _parts(data)

    def run() -> int:
        rows = 0
        for path in paths:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(1 << 15, columns=["caption"], use_threads=False):
                    rows += len(batch)
        return rows

    return run


@job
def decode_polars(data: Path) -> Callable[[], Any]:
    import polars as pl

    paths = _parts(data)
    length = pl.col("caption").str.len_bytes().sum()
    return lambda: [
        pl.scan_parquet(path).select(length).collect(engine="streaming").item() for path in paths
    ]


@job
def memmem(data: Path) -> Callable[[], Any]:
    """Decode, then look for one phrase in the bytes of each batch: Python's ``bytes.count``."""
    import pyarrow.parquet as pq

    from audit.captions.folding import fold

    paths, phrase = _parts(data), fold(SINGLE).encode()

    def run() -> int:
        found = 0
        for path in paths:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(1 << 15, columns=["caption"], use_threads=False):
                    found += batch.column(0).buffers()[2].to_pybytes().count(phrase)
        return found

    return run


def _count(data: Path, concepts: int) -> Callable[[], Any]:
    from audit.concepts import Concept
    from audit.counts.by_caption import count_by_caption
    from audit.datasets.home import Home

    dataset = Home(data / "home").open("bench")
    asked = [Concept(name, aliases=aliases) for name, aliases in people()[:concepts]]
    return lambda: sum(c.samples or 0 for c in count_by_caption(dataset, asked).counts)


@job
def count_1(data: Path) -> Callable[[], Any]:
    return _count(data, 1)


@job
def count_1000(data: Path) -> Callable[[], Any]:
    return _count(data, 1000)


@job
def count_10000(data: Path) -> Callable[[], Any]:
    return _count(data, 10_000)


@job
def duckdb_ilike(data: Path) -> Callable[[], Any]:
    """What a user would type: case-insensitive LIKE over the raw captions."""
    import duckdb

    engine = duckdb.connect(config={"threads": 1})
    query = f"SELECT count(*) FROM read_parquet({_shards(data)}) WHERE TEXT ILIKE '%van gogh%'"
    return lambda: engine.execute(query).fetchall()[0][0]


@job
def polars_regex(data: Path) -> Callable[[], Any]:
    """What a user would type: a case-insensitive whole-word regex over the raw captions."""
    import polars as pl

    found = pl.scan_parquet(_shards(data)).select(
        pl.col("TEXT").str.contains(r"(?i)\bvan gogh\b").sum()
    )
    return lambda: found.collect(engine="streaming").item()


@job
def polars_aho_corasick_1000(data: Path) -> Callable[[], Any]:
    """1,000 concepts by Polars: only whether any of the names is there, not which."""
    import polars as pl

    from audit.captions.folding import fold

    names = [fold(n) for name, aliases in people()[:1000] for n in (name, *aliases)]
    found = [
        pl.scan_parquet(path).select(pl.col("caption").str.contains_any(names).sum())
        for path in _parts(data)
    ]
    return lambda: sum(query.collect(engine="streaming").item() for query in found)


@job
def ingest(data: Path) -> Callable[[], Any]:
    import shutil

    from audit.datasets.home import Home
    from audit.datasets.ingest import ingest as run

    home = Home(data / "again")
    shutil.rmtree(home.path, ignore_errors=True)
    return lambda: run(_shards(data), "bench", home=home, workers=1).coverage.rows


@job
def copy_shards(data: Path) -> Callable[[], Any]:
    """Floor of ingest: decode the same columns and write them again, unchanged."""
    import pyarrow.parquet as pq

    target = data / "copy.parquet"
    columns = ["URL", "TEXT", "HEIGHT", "WIDTH", "LICENSE", "NSFW", "similarity"]

    def run() -> int:
        for path in _shards(data):
            with pq.ParquetFile(path) as file:
                schema = file.schema_arrow
                schema = schema.remove(schema.get_field_index("SAMPLE_ID"))
                with pq.ParquetWriter(
                    target, schema, compression="zstd", use_dictionary=["LICENSE", "NSFW"]
                ) as writer:
                    batches = file.iter_batches(1 << 17, columns=columns, use_threads=False)
                    for batch in batches:
                        writer.write_batch(batch.select(schema.names))
        return target.stat().st_size

    return run


def peak_memory() -> int:
    """Largest resident size of this process, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # on Linux, ru_maxrss includes what the parent held before exec
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Run one job and print what it took, as JSON."""
    name, data = sys.argv[1], Path(sys.argv[2])
    import pyarrow as pa

    pa.set_cpu_count(1)
    run = JOBS[name](data)
    wall, cpu = time.perf_counter(), time.process_time()
    answer = run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    json.dump(
        {"cpu": cpu, "wall": wall, "peak": peak_memory(), "answer": str(answer)[:80]}, sys.stdout
    )


if __name__ == "__main__":
    main()
