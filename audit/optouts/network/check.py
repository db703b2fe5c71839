"""Checking opt-outs on the network: politely, once, and resumed by running it again."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from audit._version import __version__
from audit.concepts import Concept
from audit.datasets.dataset import Dataset
from audit.datasets.files import locked, remove_unfinished
from audit.errors import SourceError, UsageError
from audit.fetching.inputs import read_samples
from audit.fetching.selection import Candidates, Selection, choose
from audit.optouts.crawling import audience
from audit.optouts.network.asking import Checked, ask_about
from audit.optouts.network.client import Client, Limits
from audit.optouts.network.hosts import Hosts, Manners, StoppedError
from audit.optouts.network.store import CheckStore
from audit.optouts.places import checks_folder, kept_checks
from audit.optouts.signals import Audience
from audit.shown import Shown

USER_AGENT = f"concept-audit/{__version__} (reads opt-out signals of images; keeps no image)"

#: URLs that are planned at a time, so that memory does not grow with the dataset.
_BLOCK = 20_000
#: Answers, and seconds, after which what was found is written.
_WRITE_ROWS = 2_000
_WRITE_SECONDS = 30.0
_POLL_SECONDS = 0.2
#: How long threads that were told to stop are waited for.
_STOP_SECONDS = 1.0


@dataclass(frozen=True)
class CheckSettings:
    """How servers are asked."""

    images: bool = False  #: also look for XMP and C2PA inside the images
    image_bytes: int = 8 << 20  #: as much of an image is read at most
    threads: int = 16  #: hosts that are asked at a time
    limits: Limits = field(default_factory=Limits)
    manners: Manners = field(default_factory=Manners)
    user_agent: str = USER_AGENT
    allow_private: bool = False
    max_age: timedelta | None = None  #: older answers are asked for again; None: none is too old

    def __post_init__(self) -> None:
        agent = self.user_agent
        if not agent.isascii() or not agent.isprintable() or not self.token:
            raise UsageError(
                f"The user agent {agent!r} names nobody.",
                hint="Begin with a name of letters and digits, such as mybot/1.0 (address).",
            )

    @property
    def token(self) -> str:
        """The name by which robots.txt speaks to us."""
        name = self.user_agent.partition("/")[0].split()
        return name[0] if name else ""


@dataclass(frozen=True)
class CheckProgress:
    """How far a check is."""

    asked: int
    known: int  #: answered by earlier checks
    total: int  #: samples to look up; several may share a URL


@dataclass
class CheckReport(Shown):
    """What became of a check."""

    folder: Path
    samples: int  #: that were chosen
    population: int  #: that could have been
    urls: int = 0  #: different ones, as far as a block of samples tells
    known: int = 0
    answered: int = 0
    failed: Counter[str] = field(default_factory=Counter)  #: reason -> URLs
    passing: int = 0  #: URLs that failed for reasons that may pass
    unread: int = 0  #: samples that could not be looked up at their source
    seconds: float = 0.0

    @property
    def asked(self) -> int:
        return self.answered + sum(self.failed.values())

    def to_dict(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "samples": self.samples,
            "population": self.population,
            "urls": self.urls,
            "known": self.known,
            "asked": self.asked,
            "answered": self.answered,
            "failed": dict(self.failed.most_common()),
            "may_pass": self.passing,
            "unread_samples": self.unread,
            "seconds": self.seconds,
        }


def check_optouts(
    dataset: Dataset,
    settings: CheckSettings | None = None,
    *,
    concepts: Sequence[Concept] = (),
    where: str | None = None,
    sample: int | None = None,
    seed: int = 0,
    agents: Sequence[str] = (),
    on_progress: Callable[[CheckProgress], None] = lambda progress: None,
) -> CheckReport:
    """Ask for the opt-out signals of samples' images, and keep them in the dataset's folder.

    Opens network connections. The same call again asks for what is missing, failed for reasons
    that may pass, or is older than ``settings.max_age``. Whatever stops it, what was found until
    shortly before is kept. Memory is bounded by a block of URLs.

    Parameters
    ----------
    concepts, where, sample, seed:
        Which samples: whose caption names one of these, that meet the DuckDB condition, and of
        these a simple random sample.
    agents:
        Crawlers of whom robots.txt may speak, besides the listed ones.

    Raises
    ------
    UsageError
        If the dataset has no URLs, or the question is wrong.
    StorageError
        If another check of this dataset runs, or the folder cannot be written.
    """
    started = time.monotonic()
    settings = settings or CheckSettings()
    if "url_hash" not in dataset.columns:
        raise UsageError(
            f"{dataset.name}: has no URLs, so that nobody can be asked.",
            hint="Ingest it with --url-col COLUMN.",
        )
    asking = audience(agents)
    selection = Selection(tuple(concepts), where, sample, seed)
    candidates = Candidates(dataset, selection)
    folder = checks_folder(dataset)
    busy = f"{folder}: another check of {dataset.name!r} is running."
    with locked(folder / ".lock", busy):
        remove_unfinished(folder)
        chosen = choose(candidates, selection)
        report = CheckReport(folder, chosen.count, chosen.population)
        run = _Run(dataset, settings, asking, report, on_progress)
        try:
            for urls in _blocks(dataset, chosen, candidates, report):
                run.block(urls)
        finally:
            run.close()
            report.seconds = time.monotonic() - started
    return report


def _blocks(
    dataset: Dataset, chosen: Any, candidates: Candidates, report: CheckReport
) -> Iterator[pl.Series]:
    """The URLs of the chosen samples, as their sources have them, in blocks of different ones."""
    waiting: list[pl.Series] = []
    size = 0
    for part in dataset.parts:
        rows = chosen.rows(part, candidates)
        if not len(rows):
            continue
        try:
            for read in read_samples(dataset, part, rows):
                report.unread += read.changed
                urls = pl.Series("url", read.table["url"]).cast(pl.String)
                for start in range(0, len(urls), _BLOCK):
                    waiting.append(urls[start : start + _BLOCK])
                    size += len(waiting[-1])
                    if size >= _BLOCK:
                        yield _different(waiting)
                        waiting, size = [], 0
        except SourceError:
            report.unread += len(rows)
    if waiting:
        yield _different(waiting)


def _different(pieces: list[pl.Series]) -> pl.Series:
    urls = pl.concat(pieces)
    return urls.filter(urls.str.len_bytes() > 0).unique(maintain_order=True)


class _Run:
    """One check: its threads, what they found, and what is written of it."""

    def __init__(
        self,
        dataset: Dataset,
        settings: CheckSettings,
        asking: Audience,
        report: CheckReport,
        on_progress: Callable[[CheckProgress], None],
    ) -> None:
        self._dataset, self._settings, self._asking = dataset, settings, asking
        self._report, self._on_progress = report, on_progress
        self._store = CheckStore(report.folder)
        self._stop = threading.Event()
        client = Client(settings.limits, settings.user_agent, allow_private=settings.allow_private)
        self._hosts = Hosts(client, settings.manners, settings.token, self._stop)
        self._found: queue.SimpleQueue[Checked | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._unwritten: list[Checked] = []
        self._written_at = time.monotonic()

    def block(self, urls: pl.Series) -> None:
        """Ask for those of a block's URLs that are missing."""
        age = self._settings.max_age
        missing = self._store.missing(
            urls,
            kept_checks(self._dataset),
            not_before=None if age is None else datetime.now(UTC) - age,
            images=self._settings.images,
        )
        self._report.urls += len(urls)
        self._report.known += len(urls) - len(missing)
        jobs: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        by_host = _by_host(missing.to_list())
        for job in by_host:
            jobs.put(job)
        self._threads = [
            threading.Thread(target=self._work, args=(jobs,), daemon=True)
            for _ in range(min(self._settings.threads, len(by_host)))
        ]
        for thread in self._threads:
            thread.start()
        running = len(self._threads)
        while running:
            self._tell()
            try:
                row = self._found.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                self._write_if_due()
                continue
            if row is None:
                running -= 1
            else:
                self._take(row)
        for thread in self._threads:
            thread.join()
        self._hosts.forget()
        self._write()

    def close(self) -> None:
        """Stop what still runs, and write what was found."""
        self._stop.set()
        until = time.monotonic() + _STOP_SECONDS
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))
        while not self._found.empty():
            row = self._found.get()
            if row is not None:
                self._take(row)
        self._write()

    def _work(self, jobs: queue.SimpleQueue[list[str]]) -> None:
        image_bytes = self._settings.image_bytes if self._settings.images else 0
        try:
            while not self._stop.is_set():
                for url in jobs.get_nowait():
                    self._found.put(
                        ask_about(url, self._hosts, self._asking, image_bytes=image_bytes)
                    )
        except (queue.Empty, StoppedError):
            pass
        finally:
            self._found.put(None)

    def _take(self, row: Checked) -> None:
        self._unwritten.append(row)
        if row.error is None:
            self._report.answered += 1
        else:
            self._report.failed[_kind(row.error)] += 1
            self._report.passing += row.passing
        self._write_if_due()

    def _write_if_due(self) -> None:
        due = time.monotonic() - self._written_at > _WRITE_SECONDS
        if len(self._unwritten) >= _WRITE_ROWS or (due and self._unwritten):
            self._write()

    def _write(self) -> None:
        self._store.add(self._unwritten)
        self._unwritten = []
        self._written_at = time.monotonic()

    def _tell(self) -> None:
        report = self._report
        self._on_progress(CheckProgress(report.asked, report.known, report.samples))


def _by_host(urls: list[str]) -> list[list[str]]:
    """URLs host by host, the hosts with most first: they take longest."""
    groups: dict[str, list[str]] = defaultdict(list)
    for url in urls:
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            host = ""
        groups[host].append(url)
    jobs = list(groups.values())
    random.Random(0).shuffle(jobs)
    return sorted(jobs, key=len, reverse=True)


def _kind(error: str) -> str:
    """An error without what differs from URL to URL."""
    return error.partition(" (")[0].partition(": ")[0] if not error.startswith("HTTP") else error
