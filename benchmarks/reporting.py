"""Gathering and writing a report on thousands of concepts: ``python -m benchmarks.reporting``.

The floor is reading the captions twice, which a report does whatever the number of concepts.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from audit.concepts import Concept
from audit.counts.by_caption import count_by_caption
from audit.datasets.dataset import Dataset
from audit.datasets.home import Home
from audit.datasets.ingest import ingest
from audit.dossiers import gather_report
from audit.reports.page import write_page
from audit.reports.report_files import write_report
from audit.sample import shard_paths
from audit.verdicts.flagging import Yardstick
from benchmarks.pages import BENCHMARKS, made_on, write_section

CONCEPTS = 5_000


def names_in(dataset: Dataset, wanted: int) -> list[Concept]:
    """Pairs of words that captions begin with, and made-up names where there are too few."""
    import polars as pl

    captions = pl.read_parquet(dataset.paths, columns=["caption"])["caption"].str.split(" ")
    pairs = captions.list.slice(1, 2).list.join(" ").drop_nulls().unique().sort().to_list()
    chosen = random.Random(0).sample([pair for pair in pairs if len(pair) > 6], k=wanted)
    domains = ("art-style", "face", "object", None)
    return [Concept(name, domain=domains[n % 4]) for n, name in enumerate(chosen)]


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        home = Home(folder / "home")
        ingest([str(path) for path in shard_paths()], "sample", home=home, workers=1)
        dataset = home.open("sample")
        concepts = names_in(dataset, CONCEPTS)
        started = time.perf_counter()
        count_by_caption(dataset, concepts)
        counting = time.perf_counter() - started
        (folder / "gathered").mkdir()
        started = time.perf_counter()
        report = gather_report(dataset, concepts, Yardstick(), folder / "gathered")
        gathering = time.perf_counter() - started
        told = report.to_dict()
        told["evidence"]["folder"] = "report.evidence"
        started = time.perf_counter()
        page = write_page(told, folder / "report.html")
        writing = time.perf_counter() - started
        started = time.perf_counter()
        write_report(report, [folder / "report.json"], gathered=folder / "gathered", evidence=None)
        as_json = time.perf_counter() - started
        evidence = sum(path.stat().st_size for path in (folder / "gathered").iterdir())
        size = (folder / "report.json").stat().st_size
    write_section(
        BENCHMARKS,
        "reporting",
        f"""\
{made_on("polars", "duckdb", "vl-convert-python")}.

A report on {CONCEPTS:,} concepts in the sample's 125,000 captions, one thread for most of it.

| job | seconds | times the count alone | megabytes |
|---|---|---|---|
| floor: counting the same concepts by caption | {counting:.1f} | 1 | |
| gathering: counts, verdicts, licenses, hosts, opt-outs, evidence | {gathering:.1f} | \
{gathering / counting:.1f} | {evidence / 1e6:.1f} |
| the page | {writing:.1f} | {writing / counting:.1f} | {page.bytes / 1e6:.1f} |
| JSON | {as_json:.1f} | {as_json / counting:.1f} | {size / 1e6:.1f} |

The page may have 10 MB; a page of 5,000 concepts keeps all but the first compressed inside it.
""",
    )


if __name__ == "__main__":
    main()
