"""Long work in the background: one at a time, stopped when nobody waits, kept for a while."""

from __future__ import annotations

import logging
import threading

import pytest

from audit.errors import UsageError
from audit.explorer.jobs import Jobs


@pytest.fixture
def jobs():
    made = Jobs()
    yield made
    made.close()


@pytest.fixture
def gate():
    """Work that goes on until the event is set, telling as it goes."""
    opened = threading.Event()

    def work(tell):
        while not opened.wait(0.01):
            tell(what="waiting for the gate")
        return "through"

    work.opened = opened
    yield work
    opened.set()


def test_an_answer_is_kept_and_not_worked_out_again(jobs):
    times = []
    first = jobs.ask("a", lambda tell: times.append(1) or "answer")
    assert first.ended.wait(10)
    assert jobs.ask("a", lambda tell: times.append(1)) is first
    assert first.answer == "answer"
    assert times == [1]


def test_who_asks_something_else_leaves_their_job_and_it_stops(jobs, gate):
    left = jobs.ask("a", gate, owner="Ann")
    after = jobs.ask("b", lambda tell: "b", owner="Ann")
    assert after.ended.wait(10)
    assert after.answer == "b"
    assert left.state == "stopped"


def test_a_job_that_others_wait_for_goes_on(jobs, gate):
    shared = jobs.ask("a", gate, owner="Ann")
    assert jobs.ask("a", gate, owner="Bob") is shared
    jobs.ask("b", lambda tell: "b", owner="Ann")
    gate.opened.set()
    assert shared.ended.wait(10)
    assert shared.answer == "through"


def test_a_stopped_job_is_asked_anew(jobs, gate):
    jobs.ask("a", gate, owner="Ann")
    jobs.ask("b", lambda tell: "b", owner="Ann")
    again = jobs.ask("a", lambda tell: "again", owner="Ann")
    assert again.ended.wait(10)
    assert again.answer == "again"


def test_too_many_at_once_are_told_to_come_back(jobs, gate):
    jobs.ask("running", gate)
    with pytest.raises(UsageError, match="wait already"):
        for number in range(20):
            jobs.ask(f"waiting {number}", gate)


def test_the_oldest_answers_are_let_go_of():
    dropped = []
    jobs = Jobs(dropped.append)
    try:
        for number in range(40):
            assert jobs.ask(str(number), lambda tell, n=number: n).ended.wait(10)
    finally:
        jobs.close()
    assert dropped == list(range(len(dropped)))
    assert 10 <= len(dropped) < 40


def test_what_breaks_is_kept_as_the_error_and_told_in_the_terminal(jobs, caplog):
    def broken(tell):
        raise ZeroDivisionError("insides")

    def refused(tell):
        raise UsageError("not so")

    with caplog.at_level(logging.ERROR):
        told = jobs.ask("refused", refused)
        assert told.ended.wait(10)
        assert caplog.records == []
        job = jobs.ask("broken", broken)
        assert job.ended.wait(10)
    assert isinstance(job.error, ZeroDivisionError)
    assert "insides" in caplog.text


def test_a_file_that_is_gone_is_no_mistake_of_ours(jobs, caplog):
    def work(tell):
        raise FileNotFoundError(2, "No such file or directory", "/shards/0.parquet")

    job = jobs.ask("a", work)
    assert job.ended.wait(10)
    assert "/shards/0.parquet" in job.error.message
    assert caplog.records == []


def test_closing_stops_what_runs(gate):
    jobs = Jobs()
    job = jobs.ask("a", gate)
    jobs.close()
    assert job.state == "stopped"
