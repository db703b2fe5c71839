"""Long work in the background: one job at a time, watched while it runs.

A job nobody waits for any more is stopped: whoever asks something else leaves their earlier job.
Answers are kept, the latest of them, so that Back and bookmarks cost nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from audit.errors import AuditError, SourceError, UsageError

_LOG = logging.getLogger(__name__)

State = Literal["waiting", "running", "done", "failed", "stopped"]

_MOST_WAITING = 8
_KEPT = 24
#: A stopped job looks up when it next tells how far it is.
_STOP_SECONDS = 5.0


class StoppedError(Exception):
    """Nobody waits for this job any more."""


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes
    ----------
    what:
        What is being done.
    share:
        From 0 to 1; None if nobody knows.
    done, total:
        Samples, where these are counted.
    matches:
        Found so far; None before the first part is done.
    """

    what: str = "waiting"
    share: float | None = None
    done: int | None = None
    total: int | None = None
    matches: int | None = None


#: What work calls to tell how far it is; raises StoppedError if it should stop.
Tell = Callable[..., None]


@dataclass
class Job:
    """One piece of work, from asking to answer."""

    key: str
    work: Callable[[Tell], Any]
    owners: set[str]
    state: State = "waiting"
    progress: Progress = field(default_factory=Progress)
    answer: Any = None
    error: Exception | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def tell(self, **changes: Any) -> None:
        if self.state == "stopped":
            raise StoppedError
        self.progress = replace(self.progress, **changes)


class Jobs:
    """Runs jobs in a thread of its own, in the order in which they were asked for.

    Parameters
    ----------
    on_dropped:
        Called with answers that are not kept any longer.
    """

    def __init__(self, on_dropped: Callable[[Any], None] = lambda answer: None) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._changed = threading.Condition()
        self._on_dropped = on_dropped
        self._closed = False
        self._thread: threading.Thread | None = None

    def ask(self, key: str, work: Callable[[Tell], Any], owner: str | None = None) -> Job:
        """The job of a key: the one that is there, or a new one.

        Parameters
        ----------
        owner:
            Whoever asks; jobs with other keys that only they wait for are stopped. Without an owner
            the job is never stopped so.

        Raises
        ------
        UsageError
            If too many wait already.
        """
        with self._changed:
            if owner is not None:
                self._leave(owner, key)
            job = self._jobs.get(key)
            if job is None or job.state == "stopped":
                waiting = sum(one.state == "waiting" for one in self._jobs.values())
                if waiting >= _MOST_WAITING:
                    raise UsageError(
                        f"{waiting} questions wait already.", hint="Ask again in a moment."
                    )
                job = Job(key, work, set())
                self._jobs[key] = job
                self._drop_oldest()
                self._start()
            job.owners.add(owner or "")
            self._jobs.move_to_end(key)
            self._changed.notify()
        return job

    def get(self, key: str) -> Job | None:
        with self._changed:
            return self._jobs.get(key)

    @property
    def idle(self) -> bool:
        """Whether no job waits or runs."""
        with self._changed:
            return not any(job.state in ("waiting", "running") for job in self._jobs.values())

    def forget(self, key: str) -> None:
        """Let go of a job that ended, so that asking again runs it again."""
        with self._changed:
            job = self._jobs.get(key)
            if job is not None and job.ended.is_set():
                del self._jobs[key]

    def close(self) -> None:
        """Stop everything; waits a little for what runs."""
        with self._changed:
            self._closed = True
            for job in self._jobs.values():
                self._stop(job)
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def _leave(self, owner: str, key: str) -> None:
        for other in self._jobs.values():
            if other.key != key and owner in other.owners:
                other.owners.discard(owner)
                if not other.owners:
                    self._stop(other)

    def _stop(self, job: Job) -> None:
        if job.state in ("waiting", "running"):
            job.state = "stopped"
            job.ended.set()

    def _drop_oldest(self) -> None:
        ended = [job for job in self._jobs.values() if job.ended.is_set()]
        for job in ended[: max(len(self._jobs) - _KEPT, 0)]:
            del self._jobs[job.key]
            if job.answer is not None:
                self._on_dropped(job.answer)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="audit-jobs", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                job = self._next()
                while job is None:
                    if self._closed:
                        return
                    self._changed.wait()
                    job = self._next()
                job.state = "running"
            self._work(job)

    def _next(self) -> Job | None:
        waiting = (job for job in self._jobs.values() if job.state == "waiting")
        return next(waiting, None)

    def _work(self, job: Job) -> None:
        answer: Any = None
        error: Exception | None = None
        try:
            answer = job.work(job.tell)
        except StoppedError:
            pass
        except OSError as problem:
            error = SourceError(
                f"A file could not be read or written: {problem}.",
                hint="If it was moved or removed while the server runs, put it back; ask again.",
            )
        except Exception as problem:  # told to whoever asked, on their page
            error = problem
            if not isinstance(problem, AuditError):
                _LOG.exception("While working on %s", job.key)
        with self._changed:
            if job.state == "stopped":
                if answer is not None:
                    self._on_dropped(answer)
                return
            job.answer, job.error = answer, error
            job.state = "failed" if error else "done"
            job.ended.set()
