"""``audit fetch`` as a curator uses it."""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audit.cli import cli
from audit.cli.fetch import fetch

_spec = importlib.util.spec_from_file_location(
    "web", Path(__file__).parents[1] / "fetching" / "web.py"
)
_web = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_web)

needs_img2dataset = pytest.mark.skipif(
    importlib.util.find_spec("img2dataset") is None,
    reason="img2dataset is not installed: pip install 'concept-audit[fetch]'",
)
LOCAL = ("--allow-private", "--workers", "1", "--timeout", "2")


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(cli.commands, "fetch", fetch)


@pytest.fixture
def web():
    web = _web.Web()
    yield web
    web.close()


@pytest.fixture
def gallery(audit, write_shard, web):
    urls = [f"{web.url}/good/{i}" for i in range(6)] + [f"{web.url}/missing/"] * 2
    shard = write_shard("a.parquet", ["Van Gogh"] * 7 + ["Monet"], URL=urls)
    assert audit("ingest", shard, "--name", "gallery").code == 0
    return shard


@needs_img2dataset
def test_answer_on_stdout_talk_on_stderr_in_every_format(audit, gallery, web):
    concept = ("fetch", "-c", "Van Gogh", *LOCAL)
    table = audit(*concept)
    assert table.code == 0, table.err
    assert "gone (404, 410)" in table.out
    assert "all 7 samples whose caption names Van Gogh" in table.out
    assert "Link rot: 14.3% of 7 links" in table.out
    assert "Chosen: all 7 samples" in table.err
    assert "Chosen" not in table.out
    requests = web.requests.copy()

    record = json.loads(audit(*concept, "--output", "json").out)
    assert record["schema"] == "audit.fetch/1"
    assert (record["name"], record["fetched"], record["tried_now"]) == ("van-gogh", 6, 0)
    assert record["outcomes"] == {"fetched": 6, "gone": 1}
    lines = audit(*concept, "--output", "csv").out.splitlines()
    assert lines[:2] == ["outcome,samples,share,transient", f"fetched,6,{6 / 7},false"]
    assert web.requests == requests, "nothing was fetched again"


@needs_img2dataset
def test_random_sample_gives_an_interval_and_total_failure_is_a_failure(audit, gallery):
    out = audit("fetch", "--sample", "4", "--seed", "1", "--workers", "1", "--name", "refused")
    assert out.code == 1
    assert "private address refused" in out.out
    assert "4 of 8 samples, drawn at random without replacement, seed 1" in " ".join(
        out.out.split()
    )
    assert "Not one of 4 images" in out.err
    assert "4 of 4 samples are at private addresses" in out.err
    assert "--allow-private" in out.err
    assert "may pass" not in out.out
    again = audit("fetch", "--sample", "4", "--seed", "1", *LOCAL, "--name", "refused")
    assert again.code == 0
    assert "private address" not in again.out + again.err
    assert "95 % interval for all of them" in " ".join(again.out.split())
    other = audit("fetch", "--sample", "4", "--seed", "2", *LOCAL, "--name", "refused")
    assert other.code == 2
    assert "another selection" in other.err


@needs_img2dataset
def test_samples_that_are_fetched_again_are_embedded_and_indexed_once(audit, gallery):
    def told(*command, code=0):
        answer = audit(*command, "--output", "json")
        assert answer.code == code, answer.err
        return json.loads(answer.out)

    told("fetch", "--workers", "1", code=1)
    assert told("embed", "--encoder", "thumbnail", code=1)["images"] == 0
    assert told("index", code=1)["samples_with_image"] == 0
    told("fetch", *LOCAL)
    assert told("embed")["statuses"] == {"embedded": 6, "not fetched": 2}
    told("fetch", *LOCAL, "--retry", "failed")
    embedded = told("embed")
    assert (embedded["images"], embedded["vectors"]) == (8, 6)
    assert embedded["statuses"] == {"embedded": 6, "not fetched": 2}
    assert told("index")["images"] == 8


@needs_img2dataset
def test_interrupted_it_says_how_to_go_on_and_does(audit, gallery, web, home):
    web.pause = 3.0
    command = [sys.executable, "-c", "import sys; from audit.cli import cli, main; from audit.cli.fetch import fetch; cli.add_command(fetch); main(sys.argv[1:])", "fetch", *LOCAL]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 20
    while not web.requests:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "The same command goes on from here" in err
    assert not out
    web.pause = 0.0
    assert json.loads(audit("fetch", *LOCAL, "--output", "json").out)["fetched"] == 6


def test_wrong_options_are_refused_before_any_work(audit, gallery):
    assert audit("fetch", "--sample", "0").code == 2
    assert audit("fetch", "--where", "nonsense > 1").code == 2
    assert audit("fetch", "--name", "../up").code == 2
