"""Fetching, with the real img2dataset, from a small web on loopback."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import polars as pl
import psutil
import pytest

from audit import api
from audit.concepts import Concept
from audit.counts.draws import draws_of
from audit.errors import AuditError, StorageError, UsageError
from audit.estimates.intervals import wilson
from audit.fetching import fetch as fetch_module
from audit.fetching.fetch import FetchListener, fetch_images
from audit.fetching.inputs import INPUT_SCHEMA, write_input
from audit.removal.wanted import Wanted

_spec = importlib.util.spec_from_file_location("web", Path(__file__).with_name("web.py"))
_web = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_web)

needs_img2dataset = pytest.mark.skipif(
    importlib.util.find_spec("img2dataset") is None,
    reason="img2dataset is not installed: pip install 'concept-audit[fetch]'",
)

#: How the web is asked: quickly.
QUICK = {"timeout": 1.0, "total_seconds": 2.0, "max_bytes": 200_000, "workers": 1}
LOCAL = {**QUICK, "allow_private": True}


@pytest.fixture
def web():
    web = _web.Web()
    yield web
    web.close()


@pytest.fixture
def dataset_of(home, write_shard):
    """A dataset of one shard with these URLs."""

    def make(urls, captions=None, name="d"):
        shard = write_shard(
            f"{name}.parquet", captions or [f"caption {i}" for i in range(len(urls))], URL=urls
        )
        api.ingest(shard, name=name)
        return api.open(name).dataset

    return make


def rows_of(report):
    return pl.read_parquet(f"{report.folder}/*.parquet")


def images_of(report):
    """(shard, row) -> bytes of every image in the tar files."""
    images = {}
    for path in Path(report.folder).glob("*.tar"):
        with tarfile.open(path) as tar:
            members = {member.name: tar.extractfile(member).read() for member in tar}
        for name, content in members.items():
            if name.endswith(".json"):
                meta = json.loads(content)
                key = (meta["audit_shard"], meta["audit_row"])
                assert key not in images, "fetched twice"
                images[key] = members[name.removesuffix("json") + "jpg"]
    return images


@needs_img2dataset
def test_every_kind_of_answer_has_its_reason_and_a_rerun_tries_only_what_may_pass(web, dataset_of):
    asked = {
        "/good/1": "fetched",
        "/good/2?é b": "fetched",
        "/moved/": "fetched",
        "/scoped/other": "fetched",
        "/noai/": "opted-out",
        "/scoped/audit": "opted-out",
        "/garbage/": "not-an-image",
        "/truncated/": "not-an-image",
        "/page/": "not-an-image",
        "/missing/": "gone",
        "/secret/": "forbidden",
        "/failing/": "server-error",
        "/flaky/": "server-error",
        "/cut/": "broken",
        "/huge/": "too-large",
        "/liar/": "too-large",
        "/drip/": "timeout",
        "/silent/": "timeout",
        "/loop/": "redirects",
        "/to/file:///etc/passwd": "bad-url",
        "/to/ftp://127.0.0.1/x": "bad-url",
    }
    urls = {web.url + path: reason for path, reason in asked.items()}
    urls |= {
        "http://127.0.0.1:1/": "refused",
        "http://nowhere.invalid/": "dns",
        web.url.replace("http:", "https:"): "tls",
        "ftp://127.0.0.1/x": "bad-url",
        "nonsense": "bad-url",
        None: "bad-url",
    }
    dataset = dataset_of(list(urls))
    report = fetch_images(dataset, **LOCAL)

    counts = pl.Series(list(urls.values())).value_counts().rows()
    assert report.outcomes == dict(counts)
    assert list(report.outcomes.values()) == sorted(report.outcomes.values(), reverse=True)
    rows = rows_of(report).sort("audit_row")
    assert rows["audit_shard"].to_list() == [0] * len(urls)
    assert rows["audit_row"].to_list() == list(range(len(urls)))
    assert rows["url"].to_list() == [url or "" for url in urls]
    assert rows["caption"].to_list() == [f"caption {i}" for i in range(len(urls))]
    succeeded = rows.filter(pl.col("status") == "success")
    assert succeeded["url"].to_list() == [
        url for url, reason in urls.items() if reason == "fetched"
    ]
    assert succeeded.select("width", "height").rows() == [(6, 4)] * 4
    images = images_of(report)
    assert images[0, 0] == _web.png(noise=1), "the bytes are as they came"
    assert len(images) == report.fetched == 4
    assert any("audit" in agent for agent in web.agents)
    assert report.complete
    dead = len(urls) - sum(urls[u] in ("fetched", "opted-out", "too-large") for u in urls)
    assert (report.dead, report.judged) == (dead, len(urls))
    assert report.link_rot_interval is None, "this is no random sample"

    before = web.requests.copy()
    web.down = False
    again = fetch_images(dataset, **LOCAL)
    asked_again = {path.split("?")[0] for path in web.requests - before}
    assert asked_again == {"/failing/", "/flaky/", "/cut/", "/drip/", "/silent/"}
    assert again.outcomes["fetched"] == 5
    assert again.outcomes["server-error"] == 1
    assert sum(again.outcomes.values()) == len(urls)
    assert again.tried_now == 7  # with the refused one and the one without address
    assert images_of(again)[0, list(asked).index("/flaky/")] == _web.png()

    before = web.requests.copy()
    assert fetch_images(dataset, **LOCAL, retry="none").outcomes == again.outcomes
    assert web.requests == before
    with pytest.raises(UsageError, match="another settings"):
        fetch_images(dataset, **LOCAL, image_size=8)
    with pytest.raises(UsageError, match="another selection"):
        fetch_images(dataset, **LOCAL, where="caption is not null", name="all")


@needs_img2dataset
def test_private_addresses_are_refused_and_a_sample_says_how_rotten_the_links_are(web, dataset_of):
    urls = [f"{web.url}/good/{i}" for i in range(30)] + ["http://nowhere.invalid/"] * 30
    dataset = dataset_of(urls, ["Van Gogh"] * 50 + ["Monet"] * 10)
    report = fetch_images(dataset, concepts=[Concept("Van Gogh")], sample=20, seed=4, **QUICK)
    assert not web.requests
    refused, no_host = report.outcomes["private-address"], report.outcomes["dns"]
    assert refused + no_host == report.chosen == 20
    assert (report.dead, report.judged) == (no_host, no_host), "refused links cannot be judged"
    assert report.link_rot_interval == wilson(no_host, no_host)
    record = json.loads(Path(report.record).read_text())
    assert (record["population"], record["chosen"]) == (50, 20)
    assert record["inclusion_probability"] == 0.4
    assert record["selection"]["seed"] == 4
    drawn = pl.read_parquet(Path(report.record).with_suffix(".sample.parquet"))
    assert sorted(drawn.rows()) == sorted(rows_of(report).select("audit_shard", "audit_row").rows())

    allowed = fetch_images(
        dataset, concepts=[Concept("Van Gogh")], sample=20, seed=4, retry="failed", **LOCAL
    )
    assert allowed.outcomes == {"fetched": refused, "dns": no_host}
    assert allowed.link_rot_interval == wilson(no_host, 20)


@needs_img2dataset
def test_what_was_refused_was_never_tried_and_is_tried_when_it_is_allowed(web, dataset_of):
    dataset = dataset_of([f"{web.url}{path}" for path in ("/good/1", "/failing/", "/missing/")])
    refused = fetch_images(dataset, **QUICK)
    assert (refused.outcomes, refused.refused, refused.judged) == ({"private-address": 3}, 3, 0)
    assert "--allow-private" in refused.what_to_do
    assert fetch_images(dataset, **QUICK).tried_now == 0
    allowed = fetch_images(dataset, retry="none", **LOCAL)
    assert allowed.outcomes == {"fetched": 1, "server-error": 1, "gone": 1}
    assert (allowed.refused, allowed.what_to_do) == (0, None)
    assert set(web.requests.values()) == {1}
    fetch_images(dataset, **LOCAL)
    assert web.requests == {"/good/1": 1, "/failing/": 2, "/missing/": 1}


@needs_img2dataset
def test_size_and_opt_outs_are_as_asked_for_and_flaky_ones_get_their_retry(web, dataset_of):
    dataset = dataset_of([f"{web.url}/noai/", f"{web.url}/flaky/"])
    report = fetch_images(dataset, **LOCAL, honour_opt_out=False, image_size=3, retries=1)
    assert report.outcomes == {"fetched": 1, "server-error": 1}
    assert web.requests["/flaky/"] == 2
    (image,) = images_of(report).values()
    assert image.startswith(b"\xff\xd8"), "shrunk images are JPEG"
    fetched = rows_of(report).filter(pl.col("status") == "success")
    assert fetched.select("width", "height", "original_width").rows() == [(3, 2, 6)]


@needs_img2dataset
def test_shard_that_is_gone_is_told_and_fetched_when_it_is_back(web, home, write_shard):
    for name in ("a", "b"):
        shard = write_shard(
            f"{name}.parquet",
            ["x", "y"],
            URL=[f"{web.url}/good/{name == 'a':d}{i}" for i in (0, 1)],
        )
    api.ingest(shard.parent, name="d")
    dataset = api.open("d").dataset
    away = shard.parent.parent / "a.away"
    os.rename(shard.parent / "a.parquet", away)
    report = fetch_images(dataset, **LOCAL)
    assert (report.fetched, report.unread_samples, report.complete) == (2, 2, False)
    assert "a.parquet" in report.unread[0][0]
    os.rename(away, shard.parent / "a.parquet")
    report = fetch_images(dataset, **LOCAL)
    assert (report.fetched, report.unread_samples, report.complete) == (4, 0, True)
    assert set(web.requests.values()) == {1}


@needs_img2dataset
def test_killed_in_the_middle_it_goes_on_and_fetches_no_finished_shard_again(web, dataset_of):
    web.pause = 0.25
    dataset = dataset_of([f"{web.url}/good/{i}" for i in range(48)])
    script = (
        "from audit import api; from audit.fetching.fetch import fetch_images\n"
        f"fetch_images(api.open('d').dataset, shard_size=8, threads=4, **{LOCAL!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", script])
    folder = dataset.folder / "images" / "all"
    deadline = time.monotonic() + 30
    while len(list(folder.glob("*_stats.json"))) < 2:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    with pytest.raises(StorageError, match="another process is fetching"):
        fetch_images(dataset, shard_size=8, **LOCAL)
    below = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(below, timeout=5)
    assert not alive, "nothing goes on downloading"

    finished = pl.read_parquet(
        [p.with_name(p.name[:5] + ".parquet") for p in folder.glob("*_stats.json")]
    )
    assert 16 <= len(finished) < 48
    web.pause = 0.0
    report = fetch_images(dataset, shard_size=8, **LOCAL)
    assert report.outcomes == {"fetched": 48}
    assert report.complete
    assert sorted(images_of(report)) == [(0, row) for row in range(48)]
    for row in finished["audit_row"]:
        assert web.requests[f"/good/{row}"] == 1


@needs_img2dataset
def test_killed_worker_ends_the_fetch_with_an_error_and_is_no_loss(web, dataset_of):
    web.pause = 1.0
    dataset = dataset_of([f"{web.url}/good/{i}" for i in range(4)])

    def kill_workers(progress):
        for below in psutil.Process().children(recursive=True) if web.requests else ():
            with contextlib.suppress(psutil.NoSuchProcess):
                if "spawn_main" in " ".join(below.cmdline()):
                    below.kill()

    listener = FetchListener(on_progress=kill_workers)
    with pytest.raises(AuditError, match="ended unexpectedly") as told:
        fetch_images(dataset, listener=listener, **LOCAL)
    assert "BrokenProcessPool" in told.value.message
    web.pause = 0.0
    assert fetch_images(dataset, **LOCAL).outcomes == {"fetched": 4}


@needs_img2dataset
def test_dataset_that_changed_is_not_mixed_into_an_earlier_fetch(web, dataset_of, write_shard):
    fetch_images(dataset_of([f"{web.url}/good/1"]), **LOCAL)
    api.ingest(write_shard("more.parquet", ["x"]), name="d", add=True)
    with pytest.raises(UsageError, match="another dataset"):
        fetch_images(api.open("d").dataset, **LOCAL)


def test_missing_img2dataset_says_what_to_install(dataset_of, monkeypatch):
    monkeypatch.setattr(fetch_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(AuditError, match=r"pip install 'concept-audit\[fetch\]'"):
        fetch_images(dataset_of(["https://example.org/"]))


def test_dataset_without_urls_has_nothing_to_fetch(home, write_shard):
    api.ingest(write_shard("a.parquet", ["x"], URL=None), name="d")
    with pytest.raises(UsageError, match="have no URLs"):
        fetch_images(api.open("d").dataset)


def remove_rows(rows, name="d"):
    """Remove rows of the first shard on request; the dataset after it."""
    opened = api.open(name)
    condition = " or ".join(f"caption like '% caption {row} %'" for row in rows)
    opened.remove_samples(Wanted(where=condition), reason="asked")
    return opened.dataset


@needs_img2dataset
def test_what_was_removed_is_neither_tried_again_nor_counted(web, dataset_of):
    urls = [f"{web.url}/{'failing' if i in (2, 3) else 'good'}/{i}" for i in range(6)]
    fetch_images(dataset_of(urls), **LOCAL)
    report = fetch_images(remove_rows([1, 2]), **LOCAL)
    assert report.outcomes == {"fetched": 3, "server-error": 1}
    assert (report.population, report.chosen, report.unread_samples) == (4, 4, 0)
    assert report.complete
    assert web.requests["/failing/2"] == 1
    assert web.requests["/failing/3"] == 2
    assert report.coverage.removed == 2


@needs_img2dataset
def test_what_was_removed_before_its_turn_is_never_tried(web, home, write_shard):
    for name in ("a", "b"):
        urls = [f"{web.url}/good/{name == 'b':d}{i}" for i in range(2)]
        shard = write_shard(f"{name}.parquet", ["caption 0", "caption 1"], URL=urls)
    api.ingest(shard.parent, name="d")
    away = shard.parent.parent / "b.away"
    os.rename(shard, away)
    fetch_images(api.open("d").dataset, **LOCAL)
    dataset = remove_rows([1])
    os.rename(away, shard)
    report = fetch_images(dataset, **LOCAL)
    assert (report.fetched, report.chosen, report.unread_samples) == (2, 2, 0)
    assert report.outcomes == {"fetched": 2}
    assert set(web.requests) == {"/good/00", "/good/01", "/good/10"}


@needs_img2dataset
def test_of_what_a_killed_fetch_left_over_removed_samples_are_not_tried(web, dataset_of):
    dataset = dataset_of([f"{web.url}/good/{i}" for i in range(4)])
    report = fetch_images(dataset, **LOCAL)
    folder = Path(report.folder)
    table = rows_of(report).sort("audit_row").to_arrow()
    for path in folder.glob("00000*"):
        path.unlink()
    write_input(folder / "_inputs", 0, table.select(INPUT_SCHEMA.names).cast(INPUT_SCHEMA))
    web.requests.clear()
    report = fetch_images(remove_rows([0, 3]), **LOCAL)
    assert report.outcomes == {"fetched": 2}
    assert report.complete
    assert set(web.requests) == {"/good/1", "/good/2"}


@needs_img2dataset
def test_a_random_sample_is_one_of_what_is_left(web, dataset_of):
    dataset = dataset_of([f"{web.url}/good/{i}" for i in range(8)])
    fetch_images(dataset, sample=5, **LOCAL)
    (draw,), _ = draws_of(dataset)
    first, other = draw.keys.tolist()[0], min(set(range(8)) - set(draw.keys.tolist()))
    now = remove_rows([first, other])
    (left,), outdated = draws_of(now)
    assert left.keys.tolist() == [key for key in draw.keys.tolist() if key != first]
    assert not outdated
    report = fetch_images(now, sample=5, **LOCAL)
    assert (report.population, report.chosen, report.fetched) == (6, 4, 4)
    assert report.link_rot_interval == pytest.approx(wilson(0, 4))


@needs_img2dataset
def test_samples_that_were_taken_back_had_no_chance_to_be_drawn(web, dataset_of):
    dataset_of([f"{web.url}/good/{i}" for i in range(8)])
    report = fetch_images(remove_rows([0, 1]), sample=3, **LOCAL)
    assert report.population == 6
    api.open("d").undo_removal("1", reason="mistake")
    dataset = api.open("d").dataset
    assert draws_of(dataset) == ([], [report.name])
    with pytest.raises(UsageError, match="another set of removed samples"):
        fetch_images(dataset, sample=3, **LOCAL)
