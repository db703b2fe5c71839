"""One run of a fetch: what was left over, what was not planned yet, what is tried again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from audit.datasets.dataset import Dataset, Part
from audit.datasets.files import remove_unfinished
from audit.datasets.sample_keys import sample_keys
from audit.errors import SourceError
from audit.fetching.inputs import BlockBuilder, PlannedBlock, read_samples, write_input
from audit.fetching.outcomes import STATS_SUFFIX, Outcomes
from audit.fetching.process import DownloadProcess
from audit.fetching.record import FetchRecord
from audit.fetching.selection import IntArray
from audit.fetching.worker import SHARD_DIGITS, DownloadSettings

#: Inputs that wait for each worker: enough to keep it busy, and no more on disk than needed.
_WAITING_PER_WORKER = 3
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class FetchProgress:
    """How far a fetch is."""

    tried: int  #: samples, in this run
    total: int  #: samples that this run tries, as far as is known
    seconds: float

    @property
    def share(self) -> float | None:
        return min(self.tried / self.total, 1.0) if self.total else None

    @property
    def per_second(self) -> float:
        return self.tried / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        return (self.total - self.tried) / self.per_second if self.per_second else None


class FetchRun:
    """Brings a fetch forward; whatever happens, what it did is on disk and stays.

    Parameters
    ----------
    record_path:
        Where ``record`` is kept; the images are in the folder of the same name beside it.
    rows:
        The chosen rows of a part, ascending.
    """

    def __init__(
        self,
        dataset: Dataset,
        record: FetchRecord,
        record_path: Path,
        settings: DownloadSettings,
        rows: Callable[[Part], IntArray],
        on_progress: Callable[[FetchProgress], None],
    ) -> None:
        self._dataset, self._record, self._record_path = dataset, record, record_path
        self._settings, self._rows, self._on_progress = settings, rows, on_progress
        self._folder = Path(settings.output)
        self._inputs = self._folder / "_inputs"
        self._process: DownloadProcess | None = None
        self._started = time.monotonic()
        self.tried = 0
        self._total = 0
        #: URI -> why its samples could not be looked up
        self.unread: dict[str, str] = {}
        self._inputs.mkdir(parents=True, exist_ok=True)
        remove_unfinished(self._inputs)
        remove_unfinished(record_path.parent)

    def first_attempts(self) -> int:
        """Try every chosen sample that was not tried; returns how many these were."""
        record = self._record
        self._total = record.chosen - record.planned - record.changed
        before = self.tried
        with self._downloading():
            for shard, path, rows in self._leftovers():
                self._total += rows
                self._submit(shard, path, rows)
            for block in self._planned():
                self._give(block.table, block)
        return self.tried - before

    def try_again(self, reasons: tuple[str, ...]) -> int:
        """Try samples again whose last attempt ended for one of ``reasons``."""
        outcomes = self.outcomes()
        counts = outcomes.by_reason()
        self._total += sum(counts.get(reason, 0) for reason in reasons)
        before = self.tried
        with self._downloading():
            for table in outcomes.inputs(reasons, self._record.shard_size):
                self._record.retried = True
                self._give(table, None)
        return self.tried - before

    def outcomes(self) -> Outcomes:
        """What became of the samples that are left."""
        removed = self._dataset.removed
        return Outcomes(self._folder, retried=self._record.retried, removed=removed)

    def unwritten(self) -> int:
        """Samples of output shards that img2dataset gave up writing."""
        return sum(rows for _, _, rows in self._leftovers())

    def _leftovers(self) -> Iterator[tuple[int, Path, int]]:
        """Inputs that an earlier run left: (shard, path, samples)."""
        for path in sorted(self._inputs.glob("*.arrow")):
            shard = int(path.stem)
            done = self._folder / f"{shard:0{SHARD_DIGITS}d}{STATS_SUFFIX}"
            if shard >= self._record.next_shard or done.exists():
                # Written but not entered in the record, so it will be planned again; or done,
                # and the process was killed before it could delete it.
                path.unlink()
                continue
            with pa.ipc.open_file(path) as file:
                table = file.read_all()
            keys = sample_keys(table["audit_shard"].to_numpy(), table["audit_row"].to_numpy())
            removed = self._dataset.removed.holds(keys)
            if removed.any():
                table = table.filter(pa.array(~removed))
                write_input(self._inputs, shard, table)
                self._record.planned -= int(removed.sum())
                self._record.write(self._record_path)
            if not len(table):
                path.unlink()
                continue
            yield shard, path, len(table)

    def _planned(self) -> Iterator[PlannedBlock]:
        builder = BlockBuilder(self._record.shard_size)
        for part in self._dataset.parts:
            ordinal = part.shard.ordinal
            reached = self._record.reached.get(str(ordinal), -1)
            if reached is None:
                continue
            chosen = self._rows(part)
            left = chosen[np.searchsorted(chosen, reached, side="right") :]
            try:
                if len(left):
                    for some in read_samples(self._dataset, part, left):
                        yield from builder.add(ordinal, some)
                builder.finish(ordinal)
            except SourceError as error:
                self.unread[part.shard.uri] = error.message
        yield builder.rest()

    def _give(self, table: pa.Table, block: PlannedBlock | None) -> None:
        """Write an input, account for it, and hand it on when there is room."""
        record, shard = self._record, self._record.next_shard
        path = None
        if len(table):
            path = write_input(self._inputs, shard, table)
            record.next_shard += 1
        if block is not None:
            record.planned += len(table)
            record.changed += block.changed
            record.reached |= {str(ordinal): row for ordinal, row in block.reached.items()}
            record.reached |= dict.fromkeys(map(str, block.finished))
        record.write(self._record_path)
        if path is not None:
            self._submit(shard, path, len(table))

    def _submit(self, shard: int, path: Path, rows: int) -> None:
        if self._process is None:
            log = self._folder / "_img2dataset.log"
            self._process = DownloadProcess(self._settings, log)
        while self._process.waiting >= self._settings.workers * _WAITING_PER_WORKER:
            self._watch(self._process)
        self._process.submit(shard, path, rows)

    @contextlib.contextmanager
    def _downloading(self) -> Iterator[None]:
        """Ends the downloading process: when it is done, or at once if anything goes wrong."""
        try:
            yield
            if self._process is not None:
                self._process.finish()
                while self._process.running:
                    self._watch(self._process)
                self._watch(self._process)
        finally:
            if self._process is not None:
                self._process.close()
                self._process = None

    def _watch(self, process: DownloadProcess) -> None:
        time.sleep(_POLL_SECONDS)
        self.tried += process.finished_rows()
        seconds = time.monotonic() - self._started
        self._on_progress(FetchProgress(self.tried, self._total, seconds))
