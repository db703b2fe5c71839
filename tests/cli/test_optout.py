"""`audit optout`: its answer in every format, its gate, its exit codes, and its network."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from pathlib import Path

import polars as pl
import pytest

from audit.datasets.home import Home

_spec = importlib.util.spec_from_file_location(
    "web", Path(__file__).parents[1] / "optouts" / "web.py"
)
web = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(web)


@pytest.fixture
def made(write_shard, audit):
    """Four samples: two that say noai, one that permits, one that says nothing."""
    shard = write_shard(
        "s.parquet",
        ["a cat", "a dog", "a cat", "a dog"],
        x_robots_tag=["noai", "nofollow, NOAI", None, ""],
        data_mining=[None, None, "DMI-ALLOWED", None],
        crawl_date=["2024-01-01", "2024-03-01", "2024-02-01", None],
    )
    assert audit("ingest", shard, "--name", "made").code == 0


@pytest.fixture
def site():
    served = web.Site()
    yield served
    served.close()


def test_a_table_with_counts_signals_and_their_days(made, audit):
    answer = audit("optout")
    assert answer.code == 0
    (line,) = [row for row in answer.out.splitlines() if row.startswith("generative-training")]
    assert line.split()[1:] == ["2", "50.0%", "1", "25.0%", "1", "25.0%"]
    assert "2024-01-01" in answer.out
    assert "2024-03-01" in answer.out
    assert "absence of a signal is no" in answer.out
    assert "legal advice" in answer.out


def test_json_says_what_was_read_and_after_which_specification(made, audit):
    told = json.loads(audit("optout", "--output", "json").out)
    assert told["schema"] == "audit.optouts/1"
    (use,) = [use for use in told["uses"] if use["use"] == "search"]
    assert (use["denied"], use["allowed"], use["unknown"]) == (0, 1, 3)
    assert told["columns"] == ["x_robots_tag", "data_mining"]
    assert told["specifications"]["robots.txt"]["version"] == "RFC 9309"
    assert "GPTBot" in told["crawlers"]


def test_rows_with_their_reasons(made, audit):
    answer = audit("optout", "--rows", "denied", "--limit", "1")
    assert "noai: not for training of AI." in answer.out
    assert "https://s.example.org/0.jpg" in answer.out
    assert "https://s.example.org/1.jpg" not in answer.out
    table = audit("optout", "--rows", "denied", "--output", "csv").out
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [(row["row"], row["answer"], row["seen"]) for row in rows] == [
        ("0", "denied", "2024-01-01"), ("1", "denied", "2024-03-01"),
    ]  # fmt: skip


def test_parquet_without_rows_is_the_counts(made):
    from audit.optouts import review_optouts
    from audit.reports.formats import write_answer

    stream = io.BytesIO()
    write_answer(review_optouts(Home().open("made")), "parquet", stream)
    frame = pl.read_parquet(io.BytesIO(stream.getvalue()))
    assert frame.filter(use="training")["denied"].to_list() == [2]


def test_a_concept(made, audit):
    told = json.loads(audit("optout", "-c", "cat", "--output", "json").out)
    assert told["samples"] == 2
    assert told["uses"][1]["denied"] == 1


@pytest.mark.parametrize(
    ("gate", "code"),
    [("denied>0", 3), ("denied>2", 0), ("denied>49%", 3), ("denied>50%", 0), ("unknown>1", 0),
     ("unknown>0", 3), ("allowed>0", 3)],
)  # fmt: skip
def test_gates(made, audit, gate, code):
    answer = audit("optout", "--fail-on", gate)
    assert answer.code == code
    assert ("--fail-on " + gate in answer.err) == (code == 3)


def test_a_gate_over_a_sample_is_held_against_what_may_be(write_shard, audit):
    """3 of 40 in a sample of 400: 7.5 %, and by Wilson's interval at most 19.9 %."""
    tags = ["noai" if row % 13 == 0 else "x" for row in range(400)]
    audit("ingest", write_shard("s.parquet", ["a"] * 400, x_robots_tag=tags), "--name", "many")
    told = json.loads(audit("optout", "--sample", "40", "--output", "json").out)
    (use,) = [use for use in told["uses"] if use["use"] == "generative-training"]
    share, high = use["denied_share"], use["denied_share_high"]
    assert share < high < 1
    for limit, code in [(high * 100 + 1, 0), ((share + high) * 50, 3), (share * 100 - 1, 3)]:
        gate = f"denied>{max(limit, 0):.2f}%"
        answer = audit("optout", "--sample", "40", "--fail-on", gate)
        assert answer.code == code, gate
        assert ("By a sample of 40, up to" in answer.err) == (code == 3)
    assert audit("optout", "--sample", "40", "--fail-on", f"denied>{high * 400 + 1:.0f}").code == 0
    assert audit("optout", "--sample", "40", "--fail-on", "denied>39").code == 3
    assert audit("optout", "--sample", "400", "--fail-on", "denied>31").code == 0
    assert audit("optout", "--sample", "400", "--fail-on", "denied>30").code == 3


def test_a_csv_that_is_not_whole_is_told(made, audit):
    outcome = audit("optout", "--rows", "denied", "--limit", "1", "--output", "csv")
    assert "1 of " in outcome.err
    assert "for all of them: --limit 0" in outcome.err


def test_all_rows_may_be_asked_for(made, audit):
    table = audit("optout", "--rows", "denied", "--limit", "0", "--output", "csv").out
    assert [row["row"] for row in csv.DictReader(io.StringIO(table))] == ["0", "1"]


def test_nobody_is_asked_for_a_question_that_is_wrong(write_shard, audit, site):
    shard = write_shard("w.parquet", ["a"], URL=[f"{site.url}/a.jpg"])
    audit("ingest", shard, "--name", "web")
    answer = audit("optout", "--check", "--allow-private", "--only-agents")
    assert answer.code == 2
    assert "no crawler" in answer.err
    assert site.requests == []


def test_a_gate_is_about_its_use(made, audit):
    assert audit("optout", "--fail-on", "denied>0", "--use", "search").code == 0


def test_a_gate_that_looks_at_nothing_does_not_pass(write_shard, audit):
    audit("ingest", write_shard("plain.parquet", ["a"]), "--name", "plain")
    answer = audit("optout", "--fail-on", "denied>0")
    assert answer.code == 3
    assert "looked at nothing" in answer.err
    assert audit("optout").code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--fail-on", "deny>0"], "No finding"),
        (["--fail-on", "denied"], "no gate"),
        (["--limit", "3"], "needs --rows"),
        (["--images"], "needs --check"),
        (["--allow-private"], "needs --check"),
        (["--only-agents"], "no crawler"),
        (["--agent", "two words"], "cannot name a crawler"),
        (["--use", "train"], "not one of"),
    ],
)
def test_wrong_questions(made, audit, arguments, told):
    answer = audit("optout", *arguments)
    assert answer.code == 2
    assert told in " ".join(answer.err.split())


def test_signals_of_a_file(made, audit, tmp_path):
    path = tmp_path / "signals.parquet"
    pl.DataFrame(
        {"url": ["https://s.example.org/3.jpg"], "training_mining": ["notAllowed"],
         "checked_at": ["2026-01-01"]}
    ).write_parquet(path)  # fmt: skip
    told = json.loads(audit("optout", "--signals", path, "--output", "json").out)
    assert told["uses"][2]["denied"] == 3
    answer = audit("optout", "--signals", tmp_path / "gone.parquet")
    assert answer.code == 1
    assert "gone.parquet" in answer.err


def test_text_of_strangers_cannot_move_the_cursor(write_shard, audit):
    shard = write_shard("h.parquet", ["a"], x_robots_tag=["\x1b[31m\u202enoai: noai"])
    audit("ingest", shard, "--name", "hostile")
    answer = audit("optout", "--rows", "denied")
    assert answer.code == 0
    assert "\x1b[31m" not in answer.out
    assert "\u202e" not in answer.out


def test_a_check_asks_and_its_answer_is_reviewed(write_shard, audit, site):
    site.pages["/robots.txt"] = (200, {}, b"User-agent: GPTBot\nDisallow: /")
    shard = write_shard("w.parquet", ["a", "b"], URL=[f"{site.url}/{n}.jpg" for n in "ab"])
    audit("ingest", shard, "--name", "web")
    quick = ("--delay", "0", "--retries", "0", "--timeout", "2", "--total-timeout", "3")
    refused = audit("optout", "--check", *quick)
    assert refused.code == 1
    assert "--allow-private" in refused.err
    assert site.requests == []
    answer = audit("optout", "--check", "--allow-private", *quick, "--output", "json")
    assert answer.code == 0
    assert json.loads(answer.out)["uses"][2]["denied"] == 2
    assert "2 answered" in answer.err
    asked = len(site.requests)
    again = audit("optout", "--check", "--allow-private", *quick)
    assert "2 were known" in again.err
    assert len(site.requests) == asked
    assert {agent.split("/")[0] for agent in site.agents} == {"concept-audit"}


def test_nothing_is_asked_without_check(write_shard, audit, site):
    shard = write_shard("w.parquet", ["a"], URL=[f"{site.url}/a.jpg"])
    audit("ingest", shard, "--name", "web")
    assert audit("optout", "--rows", "unknown").code == 0
    assert site.requests == []
