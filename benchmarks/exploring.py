"""Looking around in a million matches: ``python -m benchmarks.exploring``.

The floor of a count is the count that the command line makes. Pages have none: they are timed in
the process, without the network between it and the browser.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from audit.concepts import Concept
from audit.counts.by_caption import count_by_caption
from audit.datasets.home import Home
from audit.datasets.ingest import ingest
from audit.explorer.answers import count_captions
from audit.explorer.questions import LAST_PAGE
from audit.labels.journal import JournalEntry, Seen, append
from audit.labels.task import LabelTask, tasks_of
from audit.parallel import processors
from benchmarks.made_rights import make_shard
from benchmarks.pages import BENCHMARKS, made_on, write_section

ROWS = 1_000_000
#: In the caption of every row.
CONCEPT = Concept("picture")


def timed(work: Callable[[], object], rounds: int = 1) -> float:
    """Seconds: the median of some rounds."""
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return median(seconds)


def label_seconds(folder: Path) -> float:
    """From an answer to its being on the disk."""
    from audit import open as open_dataset
    from audit.sample import pictures_path, references_path

    home = Home(folder / "pictures")
    ingest([str(pictures_path())], "pictures", home=home, workers=1)
    opened = open_dataset("pictures", home.path)
    opened.embed(pictures_path(), encoder="hog")
    opened.index()
    opened.export_labels("gramastar", folder / "labels.html", references=references_path())
    (path,) = tasks_of(opened.dataset)
    task = LabelTask.read(path)
    entry = JournalEntry(0, 1, "A. Curator", "2026-11-26T00:00:00.000+00:00", Seen("0" * 64, ()))
    return timed(lambda: append(path.parent, task, entry), 50)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_shard(folder / "shards" / "0.parquet", 0, ROWS)
        home = Home(folder / "home")
        ingest([str(folder / "shards")], "made", home=home, workers=processors())
        dataset = home.open("made")
        counting = timed(lambda: count_by_caption(dataset, [CONCEPT], workers=processors()))
        started = time.perf_counter()
        answer = count_captions(dataset, CONCEPT, folder / "matches", lambda **told: None)
        exploring = time.perf_counter() - started
        matches = answer.matches
        assert matches is not None
        assert answer.count.samples == ROWS
        kept = sum(path.stat().st_size for path in matches.files)
        facets = timed(lambda: matches.facets({}))
        narrowed = timed(lambda: matches.facets({"status": "unknown"}))
        first, last = (
            timed(lambda page=page: matches.page({}, page), 5)  # type: ignore[misc]
            for page in (1, LAST_PAGE)
        )
        label = label_seconds(folder)
    write_section(
        BENCHMARKS,
        "exploring",
        f"""\
{made_on("duckdb", "starlette")}.

{ROWS:,} samples that all name the concept, on {ROWS:,} made-up URLs.

| job | seconds | times the count alone |
|---|---|---|
| floor: `audit count` of the concept | {counting:.2f} | 1 |
| the explorer's count: the same, and the matches with their licenses \
({kept / 1e6:.0f} MB) | {exploring:.2f} | {exploring / counting:.1f} |
| all four facets | {facets:.2f} | |
| … of those that one choice leaves | {narrowed:.2f} | |
| the first page of matches | {first:.3f} | |
| page {LAST_PAGE} | {last:.3f} | |
| a label, until it is on the disk | {label:.4f} | |
""",
    )


if __name__ == "__main__":
    main()
