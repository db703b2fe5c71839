"""Matching vectors against FAISS, on clustered unit vectors: ``python -m benchmarks.vectors``.

Writes a table into ``docs/benchmarks.md``. Every job runs in a process of its own on one thread;
what is compared is timed in turns, and a ratio is one of medians.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.pages import BENCHMARKS, made_on, write_section

DIMENSION = 512
QUERIES = 100
#: Share of the vectors that a query's cut-off lets through.
MATCHING = 1e-4
_BLOCK = 50_000
_PART_ROWS = 1_000_000
_ENCODER = "made-up"

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
#: Settings of a machine that would make NumPy slower than it is elsewhere.
_UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")

HEADER = "| what | audit | peer | ratio | must | hope |\n|---|---:|---:|---:|---:|---:|"


class Clusters:
    """Unit vectors like image embeddings: a direction common to all, few strong dimensions,
    clusters of very different size and width."""

    def __init__(self, dimension: int = DIMENSION, clusters: int = 2000, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        spectrum = np.arange(1, dimension + 1) ** -0.4
        self.dimension = dimension
        self.spectrum = (spectrum / np.linalg.norm(spectrum)).astype(np.float32)
        turned, _ = np.linalg.qr(rng.standard_normal((dimension, dimension)))
        self.turned = turned.astype(np.float32)
        common = _unit(rng.standard_normal(dimension))
        self.centres = _unit(0.6 * common + self._noise(rng, clusters)).astype(np.float32)
        self.width = rng.uniform(0.3, 1.0, clusters).astype(np.float32)
        self.shares = np.arange(1, clusters + 1) ** -0.8
        self.shares /= self.shares.sum()

    def draw(self, rng: np.random.Generator, rows: int) -> NDArray[np.float16]:
        which = rng.choice(len(self.shares), rows, p=self.shares)
        noise = self.width[which][:, None] * self._noise(rng, rows)
        return _unit(self.centres[which] + noise).astype(np.float16)

    def _noise(self, rng: np.random.Generator, rows: int) -> NDArray[np.float32]:
        plain = rng.standard_normal((rows, self.dimension), dtype=np.float32)
        return _unit((plain * self.spectrum) @ self.turned)


def _unit(vectors: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def prepare(data: Path, rows: int) -> None:
    """Make the vectors and index them, unless they are there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from audit.datasets.home import Home
    from audit.datasets.ingest import ingest
    from audit.vectors.build import index_dataset

    url = "https://example.org/0.jpg"
    shard = data / "shard.parquet"
    embeddings = data / "embeddings"
    for folder in (embeddings / "img_emb", embeddings / "metadata"):
        folder.mkdir(parents=True, exist_ok=True)
    if not shard.exists():
        pq.write_table(pa.table({"URL": [url], "TEXT": ["a"]}), shard)
    clusters, rng = Clusters(), np.random.default_rng(1)
    path = embeddings / "img_emb" / "img_emb_0.npy"
    if not path.exists():
        unfinished = data / "unfinished.npy"
        vectors = np.lib.format.open_memmap(unfinished, "w+", np.float16, (rows, DIMENSION))
        for start in range(0, rows, _BLOCK):
            vectors[start : start + _BLOCK] = clusters.draw(rng, min(_BLOCK, rows - start))
        np.save(data / "queries.npy", clusters.draw(np.random.default_rng(2), QUERIES))
        pq.write_table(
            pa.table({"url": pa.array([url] * rows)}),
            embeddings / "metadata" / "metadata_0.parquet",
        )
        unfinished.rename(path)
    home = Home(data / "home")
    ingest([str(shard)], "bench", home=home)
    report = index_dataset(
        home.open("bench"), home, embeddings, encoder=_ENCODER, approximate=True,
        on_progress=lambda progress: print(f"{progress.step} {progress.done:,}", file=sys.stderr),
    )  # fmt: skip
    print(f"index: {report.vectors:,} vectors in {report.seconds:.0f} s", file=sys.stderr)


class Bench:
    """The index, the queries, and cut-offs that about one in 10,000 vectors reach."""

    def __init__(self, data: Path) -> None:
        from audit.datasets.home import Home
        from audit.vectors.places import only_index

        self.index = only_index(Home(data / "home").open("bench"), _ENCODER)
        self.queries = np.load(data / "queries.npy")
        self.vectors = self.index.parts[0].vectors
        sample = self.vectors[::20].astype(np.float32) @ self.queries.astype(np.float32).T
        self.cutoffs = np.quantile(sample, 1 - MATCHING, axis=0).astype(np.float64)
        for part in self.index.parts:  # into memory, as the peers' vectors are
            part.coded.codes.max()

    def floats(self) -> Iterator[NDArray[np.float32]]:
        for start in range(0, len(self.vectors), _BLOCK):
            yield self.vectors[start : start + _BLOCK].astype(np.float32)

    def query(self, number: int) -> NDArray[np.float32]:
        return self.queries[number : number + 1].astype(np.float32)


def counts(parts: Any, queries: NDArray[Any], cutoffs: Any) -> NDArray[np.int64]:
    """How many vectors reach the cut-off of each query, as `audit count` finds them."""
    from audit.vectors.exact import search

    return np.bincount(search(parts, queries, cutoffs).query, minlength=len(queries))


def in_turns(runs: int, *jobs: Callable[[int], Any]) -> tuple[list[float], list[list[Any]]]:
    """Median seconds of each job, and all answers; each is called with the number of the turn."""
    times: list[list[float]] = [[] for _ in jobs]
    answers: list[list[Any]] = [[] for _ in jobs]
    for turn in range(runs):
        for number, job in enumerate(jobs):
            started = time.perf_counter()
            answers[number].append(job(turn))
            times[number].append(time.perf_counter() - started)
    return [statistics.median(some) for some in times], answers


def exact(data: Path) -> dict[str, Any]:
    """One query, and a hundred at once, against FAISS Flat."""
    import faiss

    bench = Bench(data)
    flat = faiss.IndexFlatIP(DIMENSION)
    for block in bench.floats():
        flat.add(block)
    parts = bench.index.parts

    def ours(turn: int) -> int:
        return int(counts(parts, bench.query(turn), bench.cutoffs[turn])[0])

    def peer(turn: int) -> int:
        return len(flat.range_search(bench.query(turn), float(bench.cutoffs[turn]))[2])

    (one, flat_one), answers = in_turns(21, ours, peer)
    # FAISS has one cut-off for all queries of a call.
    cutoff = float(np.median(bench.cutoffs))
    everyone = bench.queries.astype(np.float32)
    (many, flat_many), _ = in_turns(
        3,
        lambda turn: counts(parts, bench.queries, cutoff),
        lambda turn: flat.range_search(everyone, cutoff),
    )
    coded = parts[0].coded
    read = sum(a.nbytes for a in (coded.codes, coded.scales, coded.residuals, coded.lengths))
    return {
        "one": one,
        "flat_one": flat_one,
        "many": many / QUERIES,
        "flat_many": flat_many / QUERIES,
        "bytes": read,
        "flat_bytes": len(bench.vectors) * DIMENSION * 4,
        "differences": sum(a != b for a, b in zip(*answers, strict=True)),
    }


def ivf(data: Path) -> dict[str, Any]:
    """A hundred queries at once against FAISS IVFFlat that finds 99.5 % of the matches."""
    import faiss

    bench = Bench(data)
    truth = counts(bench.index.parts, bench.queries, bench.cutoffs)
    lists = 1024
    peer = faiss.index_factory(DIMENSION, f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
    peer.train(bench.vectors[:: max(len(bench.vectors) // (48 * lists), 1)].astype(np.float32))
    for block in bench.floats():
        peer.add(block)

    def found(number: int) -> int:
        return len(peer.range_search(bench.query(number), float(bench.cutoffs[number]))[2])

    for nprobe in range(16, lists + 1, 16):
        peer.nprobe = nprobe
        recall = sum(found(number) for number in range(QUERIES)) / truth.sum()
        if recall >= 0.995:
            break
    (one, ivf_one), _ = in_turns(
        QUERIES,
        lambda turn: counts(bench.index.parts, bench.query(turn), bench.cutoffs[turn]),
        found,
    )
    return {"one": one, "ivf_one": ivf_one, "nprobe": nprobe, "recall": recall}


def approximate(data: Path) -> dict[str, Any]:
    """The approximate index, query by query, with and without measuring recall."""
    from audit.vectors.approximate import ApproximateIndex
    from audit.vectors.inverted_lists import LISTS

    bench = Bench(data)
    bench.vectors.max()  # into memory
    opened = ApproximateIndex(bench.index)
    truth = counts(bench.index.parts, bench.queries, bench.cutoffs)

    def one(number: int) -> int:
        query, cutoff = bench.queries[number : number + 1], bench.cutoffs[number]
        return len(opened.search(query, cutoff, sample=0)[0])

    one(0)
    (single,), (found,) = in_turns(QUERIES, one)
    (together,), (answers,) = in_turns(3, lambda turn: opened.search(bench.queries, bench.cutoffs))
    sampled = answers[0][1]
    errors = np.abs(np.array(found) - truth) / np.maximum(truth, 1)
    return {
        "single": single,
        "together": together / QUERIES,
        "median_error": float(np.median(errors)),
        "p95_error": float(np.quantile(errors, 0.95)),
        "recall": float(np.sum(found) / truth.sum()),
        "measured": [int(sampled.found.sum()), len(sampled.matches)],
        "left_out": opened.record.left_out,
        "bytes": (bench.index.folder / LISTS).stat().st_size,
    }


def memory(data: Path) -> dict[str, Any]:
    """Anonymous memory, that which is not mapped from files, of an exact count; sampled."""
    bench = Bench(data)
    peak, done = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.005):
            peak = max(peak, _anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    found = counts(bench.index.parts, bench.queries, bench.cutoffs)
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    return {
        "peak": peak,
        "seconds": seconds,
        "vectors": len(bench.index),
        "found": int(found.sum()),
    }


def _anonymous() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


JOBS = {job.__name__: job for job in (exact, ivf, approximate, memory)}


def copied(data: Path, large: Path, times: int) -> None:
    """An index of ``times`` as many vectors, from copies of the files of the first part."""
    shutil.copytree(data / "home", large / "home", dirs_exist_ok=True)
    shutil.copytree(data / "embeddings", large / "embeddings", dirs_exist_ok=True)
    shutil.copy(data / "queries.npy", large)
    folder = next((large / "home" / "bench" / "vectors").iterdir())
    manifest = json.loads((folder / "image.json").read_bytes())
    manifest.pop("approximate", None)
    manifest["embeddings"] = str((large / "embeddings").absolute())
    manifest["parts"] = []
    for number in range(times):
        vectors = large / "embeddings" / "img_emb" / f"img_emb_{number}.npy"
        if number:
            shutil.copy(large / "embeddings" / "img_emb" / "img_emb_0.npy", vectors)
            for kind in ("codes", "bounds"):
                shutil.copy(folder / f"{kind}_00000.npy", folder / f"{kind}_{number:05d}.npy")
        status = vectors.stat()
        mark = f"{status.st_size}:{status.st_mtime_ns}"
        manifest["parts"].append({"ordinal": number, "mark": mark, "own_vectors": False})
    (folder / "image.json").write_text(json.dumps(manifest))


def run_job(name: str, data: Path) -> dict[str, Any]:
    environment = {k: v for k, v in os.environ.items() if k not in _UNSET} | _ONE_THREAD
    command = [sys.executable, "-m", "benchmarks.vectors", "--data", str(data), "--job", name]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return dict(json.loads(done.stdout))


def rows(measured: dict[str, dict[str, Any]], vectors: int) -> Iterator[str]:
    """The rows of the table, of the jobs that were run."""
    size = f"{vectors / 1e6:g} M x {DIMENSION}"
    if "exact" in measured:
        m = measured["exact"]
        yield _row(f"exact count, {size}, 1 query, of FAISS Flat fp32",
                   m["one"], m["flat_one"], "≤ 1.3", "< 1")  # fmt: skip
        yield (
            f"| … bytes read | {m['bytes'] / 1e6:,.0f} MB | {m['flat_bytes'] / 1e6:,.0f} MB "
            f"| {m['bytes'] / m['flat_bytes']:.2f} | 0.25 | |"
        )
        speed = m["flat_many"] / m["many"]
        yield (
            f"| exact count, {QUERIES} queries at once, per query, faster than FAISS Flat "
            f"`range_search` | {m['many'] * 1e3:.1f} ms | {m['flat_many'] * 1e3:.1f} ms "
            f"| {speed:.1f}x | 5x | 8x |"
        )
    if "ivf" in measured:
        m = measured["ivf"]
        what = (
            f"exact count, 1 query, of FAISS IVF1024,Flat with nprobe {m['nprobe']} "
            f"(finds {m['recall']:.2%})"
        )
        yield _row(what, m["one"], m["ivf_one"], "", "")
    if "approximate" in measured:
        m = measured["approximate"]
        hits, trials = m["measured"]
        yield (
            f"| approximate, 1 query, re-scored ({m['bytes'] / 1e6:,.0f} MB) "
            f"| {m['single'] * 1e3:.1f} ms | | | ≤ 10 ms | |"
        )
        yield f"| … {QUERIES} at once, recall measured too | {m['together'] * 1e3:.1f} ms | | | | |"
        yield f"| … error of the count, median | {m['median_error']:.2%} | | | 0 | |"
        yield f"| … 95th percentile | {m['p95_error']:.2%} | | | ≤ 2 % | |"
        yield f"| … recall; on the sample | {m['recall']:.2%} | {hits} of {trials} | | | |"
    if "memory" in measured:
        m = measured["memory"]
        yield (
            f"| exact count, {m['vectors'] / 1e6:g} M x {DIMENSION}, {QUERIES} queries: memory "
            f"besides mapped files ({m['seconds']:.0f} s) | {m['peak'] / 1e9:.2f} GB | | "
            f"| ≤ 1.5 GB | |"
        )


def _row(what: str, ours: float, peer: float, must: str, hope: str) -> str:
    times = f"{ours * 1e3:.1f} ms | {peer * 1e3:.1f} ms | {ours / peer:.2f}"
    return f"| {what} | {times} | {must} | {hope} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=_PART_ROWS)
    parser.add_argument("--data", type=Path, default=Path("build/benchmarks/vectors"))
    parser.add_argument("--only", nargs="*", choices=JOBS, default=list(JOBS))
    parser.add_argument(
        "--times", type=int, default=10, help="copies for the memory of a large one"
    )
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job:
        print(json.dumps(JOBS[arguments.job](arguments.data)))
        return
    prepare(arguments.data, arguments.rows)
    measured = {}
    for name in arguments.only:
        data = arguments.data
        if name == "memory":
            data = arguments.data / "large"
            copied(arguments.data, data, arguments.times)
        try:
            measured[name] = run_job(name, data)
        finally:
            if name == "memory":
                shutil.rmtree(data)
        print(name, measured[name], file=sys.stderr)
    table = "\n".join([HEADER, *rows(measured, arguments.rows)])
    print(table)
    if len(measured) == len(JOBS):
        made = f"Made on {made_on('numpy', 'numkong', 'faiss-cpu')}; one thread.\n\n"
        write_section(BENCHMARKS, "vectors", made + table)


if __name__ == "__main__":
    main()
