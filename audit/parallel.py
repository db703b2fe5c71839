"""Jobs in this process or in many: one way to run them, to watch them and to stop them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

from audit.errors import AuditError

Job = TypeVar("Job")
Result = TypeVar("Result")

#: What a job calls with rows done and bytes (or whatever else measures progress) done.
Add = Callable[[int, float], None]

_POLL_SECONDS = 0.2
#: Below this many samples, starting worker processes costs more than it gains.
_POOL_SAMPLES = 40_000_000


def processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usual_workers(samples: int, parts: int) -> int:
    """Processes that help to read so many samples of so many parts, if nobody said how many."""
    return 1 if samples < _POOL_SAMPLES else min(processors(), parts)


def run_jobs(
    work: Callable[[Job, Add], Result],
    jobs: Sequence[Job],
    workers: int,
    on_progress: Callable[[int, float, int], None] = lambda rows, bytes_done, jobs_done: None,
) -> Iterator[Result]:
    """Yield ``work(job, add)`` for every job, as they finish.

    Parameters
    ----------
    work:
        Sent to every worker once, so it may carry what all jobs need. It calls ``add`` often:
        that is also where a worker learns that it should stop.
    workers:
        Processes; with one, everything happens in this process.
    on_progress:
        Called with rows and bytes of all jobs so far, and with the number of finished jobs.

    Raises
    ------
    AuditError
        If a worker was killed. What ``work`` raises is raised here.
    """
    if workers <= 1:
        yield from _in_this_process(work, jobs, on_progress)
    else:
        yield from _in_processes(work, jobs, workers, on_progress)


def _in_this_process(
    work: Callable[[Job, Add], Result],
    jobs: Sequence[Job],
    on_progress: Callable[[int, float, int], None],
) -> Iterator[Result]:
    rows, bytes_done, finished = 0, 0.0, 0

    def add(more_rows: int, more_bytes: float) -> None:
        nonlocal rows, bytes_done
        rows += more_rows
        bytes_done += more_bytes
        on_progress(rows, bytes_done, finished)

    for job in jobs:
        yield work(job, add)
        finished += 1
        on_progress(rows, bytes_done, finished)


def _in_processes(
    work: Callable[[Job, Add], Result],
    jobs: Sequence[Job],
    workers: int,
    on_progress: Callable[[int, float, int], None],
) -> Iterator[Result]:
    # Spawned, not forked: a fork of a process with threads (Arrow's, DuckDB's) may deadlock.
    context = get_context("spawn")
    counters = context.Array("d", 2)
    stop = context.Event()
    arguments = (work, counters, stop, os.getpid())
    pool = ProcessPoolExecutor(workers, context, _start_worker, arguments)
    finished = 0
    try:
        waiting: set[Future[Result]] = {pool.submit(_run_in_worker, job) for job in jobs}
        while waiting:
            done, waiting = wait(waiting, _POLL_SECONDS, FIRST_COMPLETED)
            for future in done:
                yield future.result()
                finished += 1
            rows, bytes_done = counters[:]
            on_progress(int(rows), bytes_done, finished)
    except BrokenProcessPool as error:
        raise AuditError(
            "A worker process was killed, perhaps because memory ran out.",
            hint="Run the same command again with fewer --workers: what is finished is kept.",
        ) from error
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


class _StoppedError(Exception):
    """The parent asked this worker to give up."""


_work: Any = None
_counters: Any = None
_stop: Any = None


def _start_worker(work: Any, counters: Any, stop: Any, parent: int) -> None:
    import signal

    global _work, _counters, _stop
    _work, _counters, _stop = work, counters, stop
    # Ctrl-C reaches the whole process group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def leave_with_parent() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=leave_with_parent, daemon=True).start()


def _run_in_worker(job: Any) -> Any:
    def add(rows: int, bytes_done: float) -> None:
        if _stop.is_set():
            raise _StoppedError
        with _counters.get_lock():
            _counters[0] += rows
            _counters[1] += bytes_done

    return _work(job, add)
