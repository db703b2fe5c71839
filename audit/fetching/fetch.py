"""Fetching the images of a dataset's samples with img2dataset; resumed by running it again.

Images come in img2dataset's own layout. Below the dataset's folder::

    images/<name>.json            what was selected, of how many, and how far it is
    images/<name>.sample.parquet  the samples that were drawn, if it is a random sample
    images/<name>/00000.tar       images, captions and metadata (webdataset)
    images/<name>/00000.parquet   one row a sample, failed ones too; audit_shard and audit_row tell
                                  which sample of the dataset it is
    images/<name>/00000_stats.json

A sample that is tried again is in a further shard: its row with the highest shard counts.
"""

from __future__ import annotations

import importlib.util
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import polars as pl

from audit._version import __version__
from audit.concepts import Concept
from audit.datasets.dataset import Dataset
from audit.datasets.files import locked, written_whole
from audit.errors import AuditError, UsageError
from audit.fetching.reasons import BY_NAME, CHANGED, FETCHED, LOST, PRIVATE, TRANSIENT
from audit.fetching.record import FetchRecord
from audit.fetching.removed_since import RemovedSince, removed_since
from audit.fetching.report import FetchReport
from audit.fetching.run import FetchProgress, FetchRun
from audit.fetching.selection import Candidates, Chosen, Selection, choose, dataset_digest
from audit.fetching.worker import DownloadSettings
from audit.parallel import processors

Retry = Literal["transient", "failed", "none"]

#: What each way of trying again tries again.
_TRIED_AGAIN = {
    "none": (),
    "transient": TRANSIENT,
    "failed": tuple(name for name in BY_NAME if name not in (FETCHED, "opted-out")),
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class FetchListener:
    """What wants to hear of a fetch while it runs; the functions must return quickly."""

    #: Called with samples looked at and in all, while candidates are counted and drawn.
    on_choosing: Callable[[int, int], None] = lambda done, total: None
    #: Called with what was chosen, and the folder that the images go to.
    on_chosen: Callable[[FetchRecord, Path], None] = lambda record, folder: None
    on_progress: Callable[[FetchProgress], None] = lambda progress: None


def fetch_images(
    dataset: Dataset,
    *,
    concepts: Sequence[Concept] = (),
    where: str | None = None,
    sample: int | None = None,
    seed: int = 0,
    name: str | None = None,
    retry: Retry = "transient",
    retries: int = 0,
    image_size: int | None = None,
    max_bytes: int = 20 << 20,
    timeout: float = 10.0,
    total_seconds: float = 60.0,
    workers: int | None = None,
    threads: int = 32,
    shard_size: int | None = None,
    allow_private: bool = False,
    user_agent_token: str = "audit",
    honour_opt_out: bool = True,
    listener: FetchListener | None = None,
) -> FetchReport:
    """Download the images of samples; the same call again goes on, and never fetches one twice.

    Memory is bounded by one shard's chosen rows, a random sample's rows, and the downloads under
    way: ``workers * threads * 2`` answers of up to ``max_bytes``.

    Parameters
    ----------
    concepts, where, sample, seed:
        Only samples whose caption names one of the concepts, that meet the DuckDB condition, and
        of these a simple random sample without replacement.
    name:
        Of the folder of images; by default made of the selection.
    retry:
        What a call after the first tries again: what failed for ``transient`` reasons (timeout,
        server error, DNS …), all that ``failed``, or ``none``.
    retries:
        How often to do so at the end of a call that made first attempts.
    image_size:
        Shrink images to this longest side, as JPEG; by default their bytes are kept as they came.
    max_bytes, timeout, total_seconds:
        Give up on larger answers, after so many seconds of silence, and after so many in all.
    workers, threads:
        Processes, and downloads at a time in each.
    shard_size:
        Samples in an output shard.
    allow_private:
        Also connect to addresses that are not public, and use proxies of the environment. What
        was refused without it was never tried: it is tried now, whatever ``retry`` says.
    user_agent_token:
        Names us to servers; opt-outs that name it are honoured too.
    honour_opt_out:
        Leave images whose X-Robots-Tag says noai, noimageai, noindex or noimageindex.

    Raises
    ------
    UsageError
        If the dataset has no URLs, or the folder holds a fetch of something else.
    StorageError
        If another process is fetching into the folder, or it cannot be written.
    AuditError
        If img2dataset is missing or its process ended.
    """
    started = time.monotonic()
    listener = listener or FetchListener()
    selection = Selection(tuple(concepts), where, sample, seed)
    name = name or selection.default_name
    path = dataset.folder / "images" / f"{name}.json"
    folder = path.with_suffix("")
    _check(dataset, name)
    candidates = Candidates(dataset, selection)
    _require_img2dataset()
    wanted = FetchRecord(
        dataset=dataset.name,
        dataset_digest=dataset_digest(dataset),
        name=name,
        selection=selection.to_dict(),
        settings={"image_size": image_size, "honour_opt_out": honour_opt_out},
        population=0,
        chosen=0,
        shard_size=shard_size or 0,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        tool_version=__version__,
        removals=[removal.id for removal in dataset.removed.in_force],
    )
    busy = f"{folder}: another process is fetching into this folder."
    with locked(path.with_suffix(".lock"), busy):
        record, chosen = _begin(wanted, selection, candidates, path, listener.on_choosing)
        listener.on_chosen(record, folder)
        settings = DownloadSettings(
            output=str(folder),
            captions=True,
            image_size=image_size,
            shard_size=record.shard_size,
            workers=workers or processors(),
            threads=threads,
            timeout=timeout,
            total_seconds=total_seconds,
            max_bytes=max_bytes,
            allow_private=allow_private,
            user_agent_token=user_agent_token,
            honour_opt_out=honour_opt_out,
        )
        run = FetchRun(
            dataset,
            record,
            path,
            settings,
            lambda part: chosen.rows(part, candidates),
            listener.on_progress,
        )
        fresh = run.first_attempts()
        again = _TRIED_AGAIN[retry]
        rounds = retries if fresh else max(retries, 1)
        if allow_private:
            run.try_again((PRIVATE, *(() if fresh else again)))
            rounds -= 0 if fresh else 1
        for _ in range(rounds):
            if not run.try_again(again):
                break
        since = removed_since(record, candidates, chosen.drawn)
        return _report(dataset, record, since, path, run, time.monotonic() - started)


def _check(dataset: Dataset, name: str) -> None:
    if "url" not in dataset.manifest.mapping.columns:
        raise UsageError(
            f"{dataset.name}: its samples have no URLs, so there is nothing to fetch.",
            hint="If there is a column of URLs, ingest again under another --name with --url-col.",
        )
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a folder of images.",
            hint="Use letters, digits, '.', '_' and '-', and begin with a letter or digit.",
        )


def _require_img2dataset() -> None:
    if importlib.util.find_spec("img2dataset") is None:
        raise AuditError(
            "Fetching images needs img2dataset, which is not installed.",
            hint="Install it: pip install 'concept-audit[fetch]'.",
        )


def _begin(
    wanted: FetchRecord,
    selection: Selection,
    candidates: Candidates,
    path: Path,
    on_choosing: Callable[[int, int], None],
) -> tuple[FetchRecord, Chosen]:
    """The record of a fetch, and its chosen samples: as they were, or chosen now."""
    drawn_path = path.with_suffix(".sample.parquet")
    begun = FetchRecord.read(path)
    if begun is not None:
        begun.check_same(wanted, path)
        drawn = None
        if selection.sample is not None:
            frame = pl.read_parquet(drawn_path, glob=False)
            drawn = frame["audit_shard"].to_numpy(), frame["audit_row"].to_numpy()
        return begun, Chosen(begun.population, begun.chosen, drawn)
    chosen = choose(candidates, selection, on_choosing)
    if chosen.drawn is not None:
        ordinals, rows = chosen.drawn
        with written_whole(drawn_path) as stream:
            pl.DataFrame({"audit_shard": ordinals, "audit_row": rows}).write_parquet(stream)
    wanted.population, wanted.chosen = chosen.population, chosen.count
    wanted.shard_size = wanted.shard_size or _shard_size(chosen.count)
    wanted.write(path)
    return wanted, chosen


def _shard_size(samples: int) -> int:
    """Small enough to lose little when killed, and for every worker to have some."""
    return 100 if samples <= 2_000 else 1_000 if samples <= 200_000 else 10_000


def _report(
    dataset: Dataset,
    record: FetchRecord,
    since: RemovedSince,
    path: Path,
    run: FetchRun,
    seconds: float,
) -> FetchReport:
    folder = path.with_suffix("")
    tried = run.outcomes()
    outcomes = tried.by_reason()
    unwritten = run.unwritten()
    chosen, planned = record.chosen - since.chosen, record.planned - tried.of_removed()
    lost = planned - sum(outcomes.values()) - unwritten
    outcomes |= {name: n for name, n in ((CHANGED, record.changed), (LOST, lost)) if n > 0}
    return FetchReport(
        dataset=dataset.name,
        coverage=dataset.coverage,
        name=record.name,
        folder=str(folder),
        record=str(path),
        selection=record.selection,
        settings=record.settings,
        population=record.population - since.population,
        chosen=chosen,
        outcomes=dict(sorted(outcomes.items(), key=lambda item: -item[1])),
        unread=tuple(run.unread.items()),
        unread_samples=max(chosen - planned - record.changed, 0),
        unwritten=unwritten,
        tried_now=run.tried,
        seconds=seconds,
    )
