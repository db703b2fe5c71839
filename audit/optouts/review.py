"""Opt-outs of a dataset, from what was kept of its signals; nothing is fetched."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from audit._version import __version__
from audit.concepts import Concept
from audit.datasets.dataset import Dataset
from audit.datasets.lookup import SampleRef, look_up
from audit.errors import UsageError, did_you_mean
from audit.fetching.selection import Candidates, Selection, choose
from audit.optouts.crawling import audience
from audit.optouts.places import kept_checks
from audit.optouts.results import ANSWERS, OptOutReview, OptOutRow, SampleOf, SignalCount, UseCount
from audit.optouts.review_part import PartReviewer, PartTally, Wanted, bounded_engine
from audit.optouts.sidecars import merge_sidecars
from audit.optouts.signals import GENERATIVE, USES, Audience, Signal
from audit.parallel import processors, run_jobs

#: The use that rows and gates are about if nothing else is said.
USUAL_USE = GENERATIVE
_SHOWN_VALUES = 10


def review_optouts(
    dataset: Dataset,
    *,
    concepts: Sequence[Concept] = (),
    where: str | None = None,
    sample: int | None = None,
    seed: int = 0,
    sidecars: Sequence[str | Path] = (),
    agents: Sequence[str] = (),
    listed_crawlers: bool = True,
    use: str = USUAL_USE,
    rows: str | None = None,
    limit: int | None = 20,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> OptOutReview:
    """Review the opt-out signals of a dataset's samples, by different values and not by row.

    Read are the dataset's columns of signals, the sidecars, and what earlier checks found
    (``audit optout --check``). Memory is bounded by the different values of a part.

    Parameters
    ----------
    concepts, where, sample, seed:
        Only samples whose caption names one of these, that meet the DuckDB condition, and of
        these a simple random sample: the one that a check with the same words takes.
    sidecars:
        Parquet files with ``url``, columns of signals and maybe ``checked_at``.
    agents:
        Crawlers of the asker, besides those of the package's list.
    listed_crawlers:
        Whether what is said to a crawler of the list counts.
    use, rows, limit:
        Also give the first ``limit`` samples of which the answer for ``use`` is ``rows``: denied,
        allowed or unknown; all of them if it is None, which takes memory for each.
    on_progress:
        Called with samples done and in all.

    Raises
    ------
    UsageError
        If the question is wrong, or sidecars are given for a dataset without URLs.
    SourceError
        If a sidecar cannot be read.
    """
    started = time.monotonic()
    check_use(use)
    if rows is not None and rows not in ANSWERS:
        raise UsageError(f"No finding {rows!r}.", hint=f"There are: {', '.join(ANSWERS)}.")
    if limit is not None and limit < 1:
        raise UsageError(f"{limit:,} rows cannot be shown.", hint="Use 1 or more, or None for all.")
    asking = audience(agents, listed=listed_crawlers)
    files = signal_files(dataset, sidecars)
    wanted = None if rows is None else Wanted(use, rows, limit)
    selection = Selection(tuple(concepts), where, sample, seed)
    candidates = Candidates(dataset, selection)
    chosen = choose(candidates, selection)
    total = dataset.coverage.samples
    tally = PartTally()
    with merged_signals(files) as (folder, merged, columns):
        reviewer = PartReviewer(
            dataset, asking, selection, chosen, merged, columns, folder, processors(), wanted
        )
        report = run_jobs(reviewer, dataset.parts, 1, lambda n, _, __: on_progress(n, total))
        for part_tally in report:
            tally.absorb(part_tally)
            if wanted and wanted.limit:
                tally.trim_rows(wanted.limit)
    return OptOutReview(
        dataset=dataset.name,
        coverage=dataset.coverage,
        concepts=tuple(concept.name for concept in concepts),
        where=where,
        sample=None if sample is None else SampleOf(tally.samples, chosen.population, seed),
        agents=tuple(agents),
        crawlers=tuple(crawler.name for crawler in asking.crawlers.values()),
        columns=tuple(reviewer.columns),
        sidecars=tuple(str(path) for path in files),
        samples=tally.samples,
        with_signal=tally.with_signal,
        uses=tuple(
            UseCount(name, *(tally.answers[name, answer] for answer in ANSWERS)) for name in USES
        ),
        signals=_signal_counts(tally, asking),
        rows=_rows(dataset, tally, wanted),
        seconds=time.monotonic() - started,
        tool_version=__version__,
    )


def signal_files(dataset: Dataset, sidecars: Sequence[str | Path] = ()) -> list[Path]:
    """The files of signals that count for a dataset: those given, and what checks found.

    Raises
    ------
    UsageError
        If files are given, and the dataset has no URLs to join them by.
    """
    files = [Path(path) for path in sidecars]
    if "url_hash" in dataset.columns:
        return files + kept_checks(dataset)
    if files:
        raise UsageError(
            f"{dataset.name}: has no URLs, so that no signals can be joined by URL.",
            hint="Ingest it with --url-col, or map columns of signals with --col ROLE=COLUMN.",
        )
    return []


@contextlib.contextmanager
def merged_signals(
    files: Sequence[Path],
) -> Iterator[tuple[Path, Path | None, tuple[str, ...]]]:
    """A scratch folder; in it, if there are any files, one with all their signals; its columns."""
    with tempfile.TemporaryDirectory(prefix="audit-optouts-") as scratch:
        folder = Path(scratch)
        if not files:
            yield folder, None, ()
            return
        merged = folder / "signals.parquet"
        yield folder, merged, merge_sidecars(bounded_engine(folder, processors()), files, merged)


def check_use(use: str) -> None:
    """Refuse what is no use.

    Raises
    ------
    UsageError
        If it is none of ``audit.optouts.signals.USES``.
    """
    if use not in USES:
        near = did_you_mean(use, USES)
        raise UsageError(f"No use {use!r}.", hint=near or f"There are: {', '.join(USES)}.")


def _signal_counts(tally: PartTally, asking: Audience) -> tuple[SignalCount, ...]:
    counts = []
    for (reader, source, answer, uses, agent), kept in tally.kinds.items():
        shown = tuple(sorted(kept.values.items(), key=lambda item: (-item[1], item[0])))
        kind = Signal(reader, answer, uses, "", source, "", agent)  # type: ignore[arg-type]
        counts.append(
            SignalCount(
                reader, source, kind.answer, uses, agent, asking.concerns(kind),
                kept.samples, kept.first, kept.last, shown[:_SHOWN_VALUES],
            )
        )  # fmt: skip
    order = {answer: place for place, answer in enumerate(ANSWERS)}
    counts.sort(key=lambda c: (order[c.answer], -c.samples, c.reader, c.source, c.agent or ""))
    return tuple(counts)


def _rows(dataset: Dataset, tally: PartTally, wanted: Wanted | None) -> tuple[OptOutRow, ...]:
    if wanted is None:
        return ()
    kept = sorted(tally.rows, key=lambda row: row[0])[: wanted.limit]
    refs = [SampleRef(*place) for place, *_ in kept]
    found = look_up(dataset, refs)
    rows = []
    for ref, (_, verdict, seen, signals) in zip(refs, kept, strict=True):
        sample = found[ref]
        rows.append(
            OptOutRow(
                sample.shard,
                ref.row,
                sample.url,
                sample.caption,
                wanted.use,
                verdict,
                seen,
                signals,
            )
        )
    return tuple(rows)
