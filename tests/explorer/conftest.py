"""A server without a network: the application behind its gate, asked in this process."""

from __future__ import annotations

import re
import time

import pyarrow as pa
import pytest

pytest.importorskip("starlette", reason="needs starlette: pip install 'concept-audit[serve]'")

import httpx
from starlette.testclient import TestClient

import audit as package
from audit.explorer.app import Explorer
from audit.explorer.desk import Desk, DeskSettings
from audit.explorer.gate import Gate, Keys, allowed_hosts
from audit.explorer.pages.layout import refusal
from audit.sample import pictures_path, references_path

PORT = 8899
BASE = f"http://127.0.0.1:{PORT}"


class Browser:
    """Somebody who showed the token; ``key`` is what the forms of pages carry."""

    def __init__(self, gate, keys):
        self.client = TestClient(
            gate, base_url=BASE, follow_redirects=False, raise_server_exceptions=False
        )
        self.keys = keys

    def enter(self):
        assert self.get(f"/?token={self.keys.token}").status_code == 303
        return self

    def get(self, path, **headers):
        return self.client.get(path, headers=headers)

    def post(self, path, form=None, **headers):
        return self.client.post(
            path, data={"key": self.key, **(form or {})}, headers={"origin": BASE, **headers}
        )

    @property
    def key(self):
        (cookie,) = self.client.cookies.values()
        return self.keys.form_key(cookie.partition(".")[0])

    def awaited(self, path):
        """A page that is made in the background, once it is there."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            answer = self.get(path)
            if "data-events" not in answer.text:
                return answer
            time.sleep(0.05)
        raise TimeoutError(path)


@pytest.fixture
def open_explorer():
    """Opens an explorer of a dataset; all that were opened are closed at the end."""
    desks = []

    def opened(name, settings=None, host="127.0.0.1"):
        desk = Desk(package.open(name), settings or DeskSettings())
        desks.append(desk)
        keys = Keys()
        app = Explorer(desk, keys, "usual").app()
        gate = Gate(app, keys, allowed_hosts(host, PORT), PORT, refusal)
        return Browser(gate, keys)

    yield opened
    for desk in desks:
        desk.close()


LICENSES = ("CC BY 4.0", "All rights reserved", None)


@pytest.fixture
def made(write_shard, audit):
    """120 samples in two shards, of which 90 name Van Gogh."""
    for number in range(2):
        captions = [f"{'Van Gogh' if row % 4 else 'nobody'} {row}" for row in range(60)]
        write_shard(
            f"{number}.parquet",
            captions,
            URL=[f"https://{'abc'[row % 3]}.example.org/{number}/{row}" for row in range(60)],
            LICENSE=pa.array([LICENSES[row % 3] for row in range(60)], pa.string()),
            WIDTH=pa.array([(100, 300, 2000, None)[row % 4] for row in range(60)], pa.int64()),
            HEIGHT=pa.array([800] * 60, pa.int64()),
            NSFW=pa.array(["NSFW" if row == 5 else "UNLIKELY" for row in range(60)]),
        )
    folder = write_shard("x.parquet", []).parent
    (folder / "x.parquet").unlink()
    assert audit("ingest", folder, "--name", "made").code == 0
    return folder


@pytest.fixture
def pictures(audit):
    pytest.importorskip("PIL", reason="needs pillow: pip install 'concept-audit[visual]'")
    pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")
    for command in (
        ("ingest", pictures_path(), "--name", "pictures"),
        ("embed", pictures_path(), "--encoder", "hog"),
        ("index",),
    ):
        assert audit(*command).code == 0
    return DeskSettings(references=references_path())


def draw(browser, samples=12, seed=0):
    """Draw samples of gramastar, and go to the first one; its task."""
    form = {"name": "gramastar", "samples": str(samples), "seed": str(seed)}
    answer = browser.post("/draw", form)
    assert answer.status_code == 303, answer.text
    answer = browser.awaited(answer.headers["location"])
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/label/")


def begin(browser, task, who):
    assert browser.post(f"/label/{task}/who", {"who": who}).status_code == 303
    return browser.get(f"/label/{task}").text


def say(browser, task, number, answer):
    """Label a sample, as the form on its page does."""
    page = browser.get(f"/label/{task}?n={number}").text
    shown = re.search(r'name="shown" value="([0-9a-f]*)"', page)[1]
    return browser.post(f"/label/{task}/{number}", {"answer": answer, "shown": shown})


__all__ = ["BASE", "Browser", "begin", "draw", "httpx", "say"]
