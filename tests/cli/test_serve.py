"""`audit serve` at a terminal: what it refuses, and how it begins and ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys

import pytest


@pytest.fixture
def ingested(audit, write_shard):
    assert audit("ingest", write_shard("0.parquet", ["a cat"]), "--name", "d").code == 0


@pytest.fixture
def _server():
    pytest.importorskip("starlette", reason="needs starlette: pip install 'concept-audit[serve]'")
    pytest.importorskip("uvicorn", reason="needs uvicorn: pip install 'concept-audit[serve]'")


def test_what_is_missing_is_named(audit, ingested, monkeypatch):
    monkeypatch.setitem(sys.modules, "starlette", None)
    refused = audit("serve")
    assert refused.code != 0
    assert "concept-audit[serve]" in refused.err


@pytest.mark.usefixtures("_server", "ingested")
@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_a_host_that_is_every_address_is_refused(audit, host):
    refused = audit("serve", "--host", host)
    assert refused.code == 2
    assert "every address" in refused.err


@pytest.mark.usefixtures("_server", "ingested")
def test_a_port_that_is_taken_is_told(audit):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        refused = audit("serve", "--port", str(taken.getsockname()[1]))
    assert refused.code == 2
    assert "Choose another --port" in refused.err


@pytest.mark.usefixtures("_server", "ingested")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-d", "dd"), "Did you mean"),
        (("--references", "/nowhere"), "/nowhere"),
        (("--concepts", "/nowhere.toml"), "/nowhere.toml"),
        (("--port", "70000"), "70000"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_listens(audit, arguments, told):
    refused = audit("serve", *arguments)
    assert refused.code == 2
    assert told in refused.err
    assert refused.out == ""


@pytest.mark.usefixtures("_server", "ingested")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_and_ends_when_told(home, tmp_path, how):
    process = subprocess.Popen(
        [sys.executable, "-m", "audit", "serve"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "AUDIT_HOME": str(home.path), "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    try:
        address = process.stdout.readline()
        assert address.startswith("http://127.0.0.1:")
        process.send_signal(how)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert out == ""
    assert "Traceback" not in err
    assert process.returncode == {signal.SIGINT: 0, signal.SIGTERM: 143}[how]
    assert ("Labels are kept" in err) == (how is signal.SIGINT)
    assert list(tmp_path.glob("audit-serve-*")) == []


@pytest.mark.usefixtures("_server", "ingested")
def test_an_address_that_others_reach_is_warned_of(home):
    process = subprocess.Popen(
        [sys.executable, "-m", "audit", "serve", "--host", "localhost.localdomain"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "AUDIT_HOME": str(home.path)},
    )  # fmt: skip
    try:
        began = process.stdout.readline() != ""
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    if not began:  # no such name here: told as such
        assert "Nothing can listen" in err
    assert "is no address of this machine alone" in err
