"""Checks on the network, against local servers that serve every form, and misbehave."""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import json
import shutil
import ssl
import subprocess
import threading
import time
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from audit.datasets.home import Home
from audit.errors import StorageError, UsageError
from audit.fetching.guard import timed_tls
from audit.optouts import audience, judge, read_stored, review_optouts
from audit.optouts.network import hosts as hosts_module
from audit.optouts.network.asking import ask_about
from audit.optouts.network.check import CheckSettings, check_optouts
from audit.optouts.network.client import Client, Limits, RequestError
from audit.optouts.network.hosts import Hosts, Manners
from audit.optouts.network.store import CheckStore
from audit.optouts.places import kept_checks


def _module(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


web, images = _module("web"), _module("images")

LIMITS = Limits(connect_seconds=1, read_seconds=0.4, total_seconds=0.8, redirects=3)
QUICK = Manners(delay=0, retries=1, backoff=0.01)
ASKING = audience()
IMAGE = {"Content-Type": "image/jpeg"}
USES = ("mining", "training", "generative-training", "search")


@pytest.fixture
def site():
    made = web.Site()
    yield made
    made.close()


@pytest.fixture
def other():
    made = web.Site()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def hard_timeout():
    """A test that hangs is a failure: nothing here may take longer than this."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 20


def asked(url, *, manners=QUICK, image_bytes=0, allow_private=True, agent="concept-audit/1"):
    client = Client(LIMITS, agent, allow_private=allow_private)
    hosts = Hosts(client, manners, agent.partition("/")[0], threading.Event())
    return ask_about(url, hosts, ASKING, image_bytes=image_bytes)


def answers(row):
    """Of the four uses, d(enied) a(llowed) u(nknown), as a review reads the row."""
    signals = read_stored({k: v for k, v in row.to_dict().items() if k != "url"}, ASKING)
    return "".join(judge(signals, use, ASKING).answer[0] for use in USES)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "uuuu"),
        ({"X-Robots-Tag": "noai"}, "uddu"),
        ({"x-robots-tag": ["nofollow", "NoImageAI"]}, "uddu"),
        ({"X-Robots-Tag": "gptbot: noai, noindex"}, "uddd"),
        ({"X-Robots-Tag": "noindex"}, "uuud"),
        ({"tdm-reservation": "1", "tdm-policy": "https://p/"}, "dddu"),
        ({"TDM-Reservation": "0"}, "auuu"),
        ({"Content-Usage": "train-ai=n, search=y"}, "udda"),
        ({"Content-Signal": "ai-train=no"}, "uddu"),
        ({"Content-Usage": "train-ai=="}, "uuuu"),
    ],
)
def test_headers(site, headers, expected):
    site.pages["/i.jpg"] = (200, IMAGE | headers, b"\xff\xd8")
    row = asked(f"{site.url}/i.jpg")
    assert (row.error, row.status) == (None, 200)
    assert answers(row) == expected
    assert ("HEAD", "/i.jpg") in {(method, path) for method, path, _ in site.requests}


@pytest.mark.parametrize("status", [403, 405, 501])
def test_servers_that_refuse_head_are_asked_with_get(site, status):
    def page(request):
        if request.command == "HEAD":
            web.send(request, status, {}, b"")
        else:
            web.send(request, 200, IMAGE | {"X-Robots-Tag": "noai"}, b"x" * 100_000)

    site.pages["/i.jpg"] = page
    assert answers(asked(f"{site.url}/i.jpg")) == "uddu"


@pytest.mark.parametrize(
    ("robots", "expected"),
    [
        ("User-agent: GPTBot\nDisallow: /", "uddu"),
        ("User-agent: GPTBot\nDisallow: /other/", "uuuu"),
        ("User-agent: *\nDisallow: /a/\n\nUser-agent: concept-audit\nAllow: /", "dddd"),
        ("User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /", "udda"),
        ("\ufeffUser-agent: *\nAllow: /", "uuuu"),
    ],
)
def test_robots_txt(site, robots, expected):
    site.pages["/robots.txt"] = (200, {}, robots.encode())
    row = asked(f"{site.url}/a/i.jpg")
    assert row.error is None
    assert answers(row) == expected


def test_our_own_robots_txt_is_obeyed_and_what_was_not_asked_is_unknown(site):
    site.pages["/robots.txt"] = (200, {}, b"User-agent: Concept-Audit\nDisallow: /private/")
    row = asked(f"{site.url}/private/i.jpg")
    assert "robots.txt bars this check" in row.error
    assert not row.passing
    assert site.count("/private/i.jpg") == 0
    assert row.x_robots_tag.startswith("error:")
    assert answers(row) == "uuuu"
    assert asked(f"{site.url}/private/i.jpg", agent="mybot/2").error is None


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_robots_txt_out_of_reach_bars_us_and_is_unknown(site, status):
    site.pages["/robots.txt"] = (status, {}, b"")
    site.pages["/i.jpg"] = (200, IMAGE | {"Content-Usage": "train-ai=y"}, b"")
    row = asked(f"{site.url}/i.jpg")
    assert row.passing
    assert row.robots_txt == f"error: HTTP {status}"
    assert answers(row) == "uuuu"
    assert site.count("/i.jpg") == 0
    assert site.count("/robots.txt") == 2  # and one retry


@pytest.mark.parametrize("status", [404, 410])
def test_no_robots_txt_bars_nobody_and_permits_nobody(site, status):
    site.pages["/robots.txt"] = (status, {}, b"User-agent: *\nDisallow: /")
    row = asked(f"{site.url}/i.jpg")
    assert (row.error, row.robots_txt) == (None, "")
    assert answers(row) == "uuuu"


@pytest.mark.parametrize("status", [400, 401, 403])
def test_files_of_a_site_that_are_refused_are_unknown_and_let_us_go_on(site, status):
    """RFC 9309 lets a crawler go on; that nobody may read them is no word on what they say."""
    site.pages["/robots.txt"] = (status, {}, b"")
    headers = IMAGE | {"Content-Signal": "ai-train=yes"}
    site.pages["/i.jpg"] = (200, headers, b"")
    row = asked(f"{site.url}/i.jpg")
    assert (row.error, row.robots_txt) == (None, f"error: HTTP {status}")
    assert answers(row) == "uuuu"
    site.pages["/robots.txt"] = (404, {}, b"")
    site.pages["/.well-known/tdmrep.json"] = (status, {}, b"")
    row = asked(f"{site.url}/i.jpg")
    assert (row.error, row.tdm_reservation) == (None, f"error: tdmrep.json: HTTP {status}")
    assert answers(row) == "uuuu"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["1", "1"], "dddu"), (["1", "0"], "dddu"), (["0", "1"], "dddu"), ("1, 0", "dddu"),
        ("1.0", "dddu"), ("yes", "uuuu"), (["0", "x"], "uuuu"), ("0", "auuu"),
    ],
)  # fmt: skip
def test_what_a_file_does_not_reserve_never_wins_over_a_header(site, headers, expected):
    rules = [{"location": "/", "tdm-reservation": 0}]
    site.pages["/.well-known/tdmrep.json"] = (200, {}, json.dumps(rules).encode())
    site.pages["/i.jpg"] = (200, IMAGE | {"tdm-reservation": headers}, b"")
    assert answers(asked(f"{site.url}/i.jpg")) == expected


def test_tdmrep_json_and_what_supersedes_it(site):
    rules = [{"location": "/r/", "tdm-reservation": 1, "tdm-policy": "https://p/"},
             {"location": "/o/", "tdm-reservation": 0}]  # fmt: skip
    site.pages["/.well-known/tdmrep.json"] = (200, {}, json.dumps(rules).encode())
    site.pages["/r/free.jpg"] = (200, IMAGE | {"tdm-reservation": "0"}, b"")
    site.pages["/r/odd.jpg"] = (200, IMAGE | {"tdm-reservation": "2"}, b"")
    site.pages["/o/held.jpg"] = (200, IMAGE | {"tdm-reservation": "1"}, b"")
    assert answers(asked(f"{site.url}/r/i.jpg")) == "dddu"
    assert asked(f"{site.url}/r/i.jpg").tdm_policy == "https://p/"
    assert answers(asked(f"{site.url}/r/free.jpg")) == "auuu"
    assert answers(asked(f"{site.url}/r/odd.jpg")) == "dddu"
    assert answers(asked(f"{site.url}/o/i.jpg")) == "auuu"
    assert answers(asked(f"{site.url}/o/held.jpg")) == "dddu"
    assert answers(asked(f"{site.url}/x.jpg")) == "uuuu"


@pytest.mark.parametrize(
    "page",
    [(200, {}, b"{"), (500, {}, b""), (200, {"Content-Encoding": "br"}, b"x"), web.cut_off,
     web.silent],
    ids=["broken", "500", "encoding", "cut", "silent"],
)  # fmt: skip
def test_a_tdmrep_json_that_cannot_be_read_is_unknown(site, page):
    site.pages["/.well-known/tdmrep.json"] = page
    site.pages["/i.jpg"] = (200, IMAGE | {"Content-Usage": "train-ai=y"}, b"")
    row = asked(f"{site.url}/i.jpg")
    assert row.error is None
    assert row.tdm_reservation.startswith("error:")
    assert answers(row) == "uuuu"


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (images.jpeg_with_xmp(images.xmp()), "dddd"),
        (images.webp((b"VP8 ", b"\0" * 99), (b"XMP ", images.xmp())), "dddd"),
        (images.png_with_xmp(images.xmp('plus:DataMining="DMI-ALLOWED"')), "aaaa"),
        (
            images.jpeg_with_manifest(images.training_mining(ai_generative_training="notAllowed")),
            "uudu",
        ),
        (images.jpeg_with_manifest(images.training_mining(ai_training="allowed")[:-5]), "uuuu"),
        (images.jpeg(), "uuuu"),
    ],
    ids=["xmp", "webp", "allowed", "c2pa", "cut", "plain"],
)
def test_images(site, image, expected):
    site.pages["/i"] = (200, IMAGE, image)
    row = asked(f"{site.url}/i", image_bytes=1 << 20)
    assert row.error is None
    assert answers(row) == expected


def test_of_a_large_image_only_the_beginning_is_read_and_the_rest_is_unknown(site):
    late = images.webp(
        (b"VP8 ", b"\0" * 300_000), (b"XMP ", images.xmp('plus:DataMining="DMI-ALLOWED"'))
    )
    site.pages["/i"] = (200, IMAGE | {"Content-Usage": "train-ai=y"}, late)
    row = asked(f"{site.url}/i", image_bytes=100_000)
    assert row.data_mining == "error: only the first 100,000 bytes were read"
    assert answers(row) == "uuuu"
    assert answers(asked(f"{site.url}/i", image_bytes=1 << 20)) == "aaaa"


@pytest.mark.parametrize(
    "page",
    [web.drip, web.silent, web.garbage, web.many_headers, web.hang_up],
    ids=["drip", "silent", "garbage", "headers", "hang-up"],
)
def test_servers_that_do_not_answer_are_unknown_and_do_not_hold_us(site, page):
    site.pages["/i.jpg"] = page
    started = time.monotonic()
    row = asked(f"{site.url}/i.jpg")
    assert time.monotonic() - started < 5
    assert row.passing
    assert answers(row) == "uuuu"


@pytest.mark.parametrize("page", [web.endless, web.slow_body], ids=["endless", "slow"])
@pytest.mark.parametrize("path", ["/robots.txt", "/i.jpg"])
def test_bodies_without_end_are_left(site, page, path):
    site.pages[path] = page
    started = time.monotonic()
    row = asked(f"{site.url}/i.jpg", image_bytes=200_000)
    assert time.monotonic() - started < 8
    assert "a" not in answers(row)
    if page is web.endless:
        # As much as is looked at was there; of the rest nobody knows.
        told = row.robots_txt if path == "/robots.txt" else row.data_mining
        assert told == "" or "read" in told


def test_a_wrong_length_is_no_answer(site):
    site.pages["/robots.txt"] = web.cut_off
    row = asked(f"{site.url}/i.jpg")
    assert "cut off" in row.robots_txt
    assert row.passing


def test_what_inflates_without_end_is_cut(site):
    bomb = gzip.compress(b"#" * (200 << 20), 9)
    site.pages["/robots.txt"] = (200, {"Content-Encoding": "gzip"}, bomb)
    site.pages["/i.jpg"] = (200, IMAGE | {"Content-Encoding": "gzip"}, bomb)
    row = asked(f"{site.url}/i.jpg", image_bytes=100_000)
    assert row.error is None
    assert answers(row) == "uuuu"
    assert "100,000 bytes" in row.data_mining


def test_a_compressed_robots_txt_is_read(site):
    body = gzip.compress(b"User-agent: GPTBot\nDisallow: /")
    site.pages["/robots.txt"] = (200, {"Content-Encoding": "gzip"}, body)
    assert answers(asked(f"{site.url}/i.jpg")) == "uddu"


def redirect(to, status=302):
    return (status, {"Location": to}, b"")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_to_the_image(site, other, status):
    site.pages["/i.jpg"] = redirect(f"{other.url}/j.jpg", status)
    other.pages["/j.jpg"] = (200, IMAGE | {"X-Robots-Tag": "noai"}, b"")
    row = asked(f"{site.url}/i.jpg")
    assert row.final_url == f"{other.url}/j.jpg"
    assert answers(row) == "uddu"


def test_every_host_of_a_redirect_counts_and_one_denial_denies(site, other):
    allowed = json.dumps([{"location": "/", "tdm-reservation": 0}]).encode()
    site.pages["/.well-known/tdmrep.json"] = (200, {}, allowed)
    site.pages["/i.jpg"] = redirect(f"{other.url}/j.jpg")
    other.pages["/j.jpg"] = (200, IMAGE | {"Content-Usage": "train-ai=y"}, b"")
    assert answers(asked(f"{site.url}/i.jpg")) == "auau"
    other.pages["/.well-known/tdmrep.json"] = (200, {}, allowed.replace(b"0", b"1"))
    assert answers(asked(f"{site.url}/i.jpg")) == "dddu"
    other.pages["/.well-known/tdmrep.json"] = (404, {}, b"")
    other.pages["/robots.txt"] = (200, {}, b"User-agent: GPTBot\nDisallow: /")
    site.pages["/robots.txt"] = (200, {}, b"User-agent: GPTBot\nAllow: /")
    assert answers(asked(f"{site.url}/i.jpg")) == "addu"
    other.pages["/robots.txt"] = (403, {}, b"")
    assert answers(asked(f"{site.url}/i.jpg")) == "uuuu"


def test_what_a_redirect_denies_is_denied_and_what_it_permits_is_not_permitted(site, other):
    def answer(headers, last=IMAGE, status=200):
        site.pages["/i.jpg"] = (302, {"Location": f"{other.url}/j.jpg"} | headers, b"")
        other.pages["/j.jpg"] = (status, last, b"")
        return answers(asked(f"{site.url}/i.jpg"))

    assert answer({"X-Robots-Tag": "noai"}) == "uddu"
    assert answer({"tdm-reservation": "1"}, IMAGE | {"tdm-reservation": "0"}) == "dddu"
    assert (
        answer({"Content-Usage": "train-ai=n"}, IMAGE | {"Content-Usage": "train-ai=y"}) == "uddu"
    )
    assert answer({"Content-Usage": "train-ai=y", "tdm-reservation": "0"}) == "uuuu"
    assert answer({"X-Robots-Tag": "noai"}, {}, 404) == "uddu"


def test_a_redirect_to_a_host_that_bars_us_is_not_followed(site, other):
    site.pages["/i.jpg"] = redirect(f"{other.url}/j.jpg")
    other.pages["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /")
    row = asked(f"{site.url}/i.jpg")
    assert "bars this check" in row.error
    assert other.count("/j.jpg") == 0


def test_redirects_without_end_are_given_up(site):
    site.pages["/i.jpg"] = redirect("/i.jpg")
    site.pages["/a.jpg"] = redirect("/b.jpg")
    site.pages["/b.jpg"] = redirect("/a.jpg")
    for path in ("/i.jpg", "/a.jpg"):
        row = asked(f"{site.url}{path}")
        assert row.error == "more than 3 redirects"
        assert answers(row) == "uuuu"


@pytest.mark.parametrize(
    "to", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/", "http://[broken/", "http://"]
)
def test_redirects_away_from_the_web_are_not_followed(site, to):
    site.pages["/i.jpg"] = redirect(to)
    row = asked(f"{site.url}/i.jpg")
    assert row.error
    assert answers(row) == "uuuu"


def test_a_robots_txt_behind_a_redirect_is_read(site, other):
    site.pages["/robots.txt"] = redirect(f"{other.url}/robots.txt")
    other.pages["/robots.txt"] = (200, {}, b"User-agent: GPTBot\nDisallow: /")
    assert answers(asked(f"{site.url}/i.jpg")) == "uddu"


@pytest.mark.parametrize("status", [404, 410, 401])
def test_headers_of_error_pages_do_not_speak_of_the_image(site, status):
    site.pages["/i.jpg"] = (status, {"Content-Usage": "train-ai=y"}, b"")
    row = asked(f"{site.url}/i.jpg")
    assert row.error == f"HTTP {status}"
    assert not row.passing
    assert answers(row) == "uuuu"


def test_a_page_in_the_place_of_an_image_does_not_speak_of_it(site):
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Usage": "train-ai=y"}
    site.pages["/i.jpg"] = (200, headers, b"<html>")
    row = asked(f"{site.url}/i.jpg")
    assert "page and no image" in row.error
    assert answers(row) == "uuuu"


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://example.org/a", "http://", "http:///a", "http://[1/", "http://a:b/c",
     "file:///etc/passwd", "http://a:99999/", "data:image/png;base64,AAAA", "http://exa\x00mple/"],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_unknown(url):
    row = asked(url)
    assert row.error
    assert not row.passing or "name" in row.error
    assert answers(row) == "uuuu"


def test_a_url_as_people_write_it_is_escaped(site):
    asked(f"{site.url}/café und tee.jpg?q=ü")
    assert site.count("/caf%C3%A9%20und%20tee.jpg?q=%C3%BC") == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254"])
def test_private_addresses_are_refused_unless_allowed(site, host):
    row = asked(f"http://{host}:{site.port}/i.jpg", allow_private=False)
    assert "not a public address" in row.robots_txt or "no answer" in row.robots_txt
    assert site.requests == []
    assert answers(row) == "uuuu"


def test_a_redirect_to_a_private_address_is_refused(site, other, monkeypatch):
    """One site is taken for public, the other is where it is."""
    monkeypatch.setattr(
        "audit.optouts.network.client.is_public", lambda address: address == "127.0.0.1"
    )
    site.pages["/i.jpg"] = redirect(f"http://127.0.0.2:{other.port}/secret")
    row = asked(f"{site.url}/i.jpg", allow_private=False)
    assert "127.0.0.2 is not a public address" in row.error
    assert other.requests == []


def test_a_name_that_changes_its_address_is_connected_where_it_was_judged(site, monkeypatch):
    """DNS rebinding: public when looked at, private when looked up again."""
    calls = []

    def resolve(host, port, **options):
        calls.append(host)
        where = "127.0.0.1" if len(calls) > 1 else "93.184.216.34"
        return [(2, 1, 6, "", (where, port))]

    connected = []

    class Socket:
        def __init__(self, *arguments):
            pass

        def settimeout(self, seconds):
            pass

        def connect(self, where):
            connected.append(where[0])
            raise OSError("nothing there")

        def close(self):
            pass

    monkeypatch.setattr("audit.optouts.network.client.socket.getaddrinfo", resolve)
    monkeypatch.setattr("audit.optouts.network.client.socket.socket", Socket)
    client = Client(LIMITS, "x/1")
    with pytest.raises(RequestError):
        client.ask("http://example.org/")
    assert connected == ["93.184.216.34"]
    with pytest.raises(RequestError, match="not a public address"):
        client.ask("http://example.org/")
    assert connected == ["93.184.216.34"]


def test_what_fails_for_now_is_tried_again_with_growing_pauses(site):
    times = []

    def page(request):
        times.append(time.monotonic())
        status = 503 if len(times) < 4 else 200
        web.send(request, status, IMAGE | {"X-Robots-Tag": "noai"}, b"")

    site.pages["/i.jpg"] = page
    row = asked(f"{site.url}/i.jpg", manners=Manners(0, retries=3, backoff=0.1))
    assert answers(row) == "uddu"
    pauses = [after - before for before, after in itertools.pairwise(times)]
    assert [pause >= wanted for pause, wanted in zip(pauses, (0.1, 0.2, 0.4), strict=True)] == [
        True
    ] * 3


def test_retry_after_is_honoured(site):
    times = []

    def page(request):
        times.append(time.monotonic())
        web.send(request, 429 if len(times) == 1 else 200, {"Retry-After": "1"}, b"")

    site.pages["/i.jpg"] = page
    assert asked(f"{site.url}/i.jpg").error is None
    assert times[1] - times[0] >= 1


def test_who_asks_for_a_long_pause_is_left_for_another_run(site):
    site.pages["/i.jpg"] = (503, {"Retry-After": "86400"}, b"")
    started = time.monotonic()
    row = asked(f"{site.url}/i.jpg")
    assert time.monotonic() - started < 2
    assert (row.error, row.passing) == ("HTTP 503", True)


def test_who_asks_is_said(site):
    asked(f"{site.url}/i.jpg", agent="mybot/1.0 (https://example.org/bot)")
    assert site.agents == {"mybot/1.0 (https://example.org/bot)"}


# The whole check


@pytest.fixture
def dataset(write_shard, audit, site, other):
    def make(*paths, elsewhere=()):
        urls = [f"{site.url}{path}" for path in paths] + [f"{other.url}{p}" for p in elsewhere]
        shard = write_shard("s.parquet", [f"a cat {n}" for n in range(len(urls))], URL=urls)
        assert audit("ingest", shard, "--name", "web").code == 0
        return Home().open("web")

    return make


def settings(**more):
    return CheckSettings(**{"limits": LIMITS, "manners": QUICK, "allow_private": True, **more})


def kept(dataset):
    return pl.concat([pl.read_parquet(path) for path in kept_checks(dataset)])


def test_a_check_and_the_review_after_it(dataset, site):
    site.pages["/a.jpg"] = (200, IMAGE | {"X-Robots-Tag": "noai"}, b"")
    site.pages["/b.jpg"] = (200, IMAGE | {"Content-Usage": "train-ai=y"}, b"")
    site.pages["/c.jpg"] = (404, {}, b"")
    made = dataset("/a.jpg", "/b.jpg", "/c.jpg", "/a.jpg")
    report = check_optouts(made, settings())
    assert (report.samples, report.urls, report.answered) == (4, 3, 2)
    assert dict(report.failed) == {"HTTP 404": 1}
    review = review_optouts(made, rows="denied")
    count = review.count("generative-training")
    assert (count.denied, count.allowed, count.unknown) == (2, 1, 1)
    assert [row.row for row in review.rows] == [0, 3]
    assert all(row.seen for row in review.rows)


def test_files_of_a_site_are_asked_for_once_and_one_connection_at_a_time(dataset, site, other):
    pause = 0.05

    def slowly(request):
        time.sleep(0.02)
        web.send(request, 200, IMAGE, b"")

    paths = [f"/{n}.jpg" for n in range(12)]
    site.pages |= dict.fromkeys(paths, slowly)
    site.pages["/x.jpg"] = other.pages["/x.jpg"] = slowly
    made = dataset(*paths, elsewhere=["/x.jpg", "/y.jpg"])
    check_optouts(made, settings(manners=Manners(pause, 0, 0)))
    for each in (site, other):
        assert each.count("/robots.txt") == each.count("/.well-known/tdmrep.json") == 1
    assert site.most_at_once == other.most_at_once == 1
    # Both have the address 127.0.0.1: they are one host, and wait for each other.
    times = sorted(when for each in (site, other) for _, _, when in each.requests)
    assert all(after - before >= pause for before, after in itertools.pairwise(times))


def test_a_second_run_asks_only_for_what_is_missing(dataset, site):
    site.pages["/down.jpg"] = (503, {}, b"")
    site.pages["/gone.jpg"] = (404, {}, b"")
    made = dataset("/a.jpg", "/down.jpg", "/gone.jpg")
    check_optouts(made, settings())
    site.requests.clear()
    site.pages["/down.jpg"] = (200, IMAGE | {"X-Robots-Tag": "noai"}, b"")
    report = check_optouts(made, settings())
    assert (report.known, report.answered) == (2, 1)
    assert site.count("/a.jpg") == site.count("/gone.jpg") == 0
    assert review_optouts(made).count("training").denied == 1
    assert check_optouts(made, settings()).asked == 0


def test_what_is_too_old_is_asked_for_again(dataset, site):
    made = dataset("/a.jpg")
    check_optouts(made, settings())
    site.pages["/a.jpg"] = (200, IMAGE | {"X-Robots-Tag": "noai"}, b"")
    assert check_optouts(made, settings(max_age=timedelta(days=1))).asked == 0
    time.sleep(1.1)
    assert check_optouts(made, settings(max_age=timedelta(seconds=1))).asked == 1
    assert review_optouts(made).count("training").denied == 1


def test_images_are_asked_for_where_only_headers_were(dataset, site):
    site.pages["/a.jpg"] = (200, IMAGE, images.jpeg_with_xmp(images.xmp()))
    made = dataset("/a.jpg")
    check_optouts(made, settings())
    assert review_optouts(made).count("training").unknown == 1
    assert check_optouts(made, settings(images=True)).asked == 1
    assert review_optouts(made).count("training").denied == 1
    assert check_optouts(made, settings()).asked == 0


def test_crawlers_that_are_named_later_are_asked_for_in_what_was_kept(dataset, site):
    text = (
        b"User-agent: MyBot\nDisallow: /\n\nUser-agent: *\nContent-Signal: ai-train=yes\nAllow: /"
    )
    site.pages["/robots.txt"] = (200, {}, text)
    made = dataset("/a.jpg")
    check_optouts(made, settings())
    mine = {"agents": ["MyBot"], "listed_crawlers": False}
    assert review_optouts(made, **mine).count("generative-training").denied == 1
    other = {"agents": ["OtherBot"], "listed_crawlers": False}
    assert review_optouts(made, **other).count("generative-training").allowed == 1


def test_earlier_answers_are_read_once_for_a_run(dataset, site, monkeypatch):
    paths = [f"/{n}.jpg" for n in range(6)]
    made = dataset(*paths, *paths)
    check_optouts(made, settings())
    reads = []
    read = CheckStore._read
    monkeypatch.setattr(CheckStore, "_read", lambda *given: reads.append(1) or read(*given))
    monkeypatch.setattr("audit.optouts.network.check._BLOCK", 2)
    report = check_optouts(made, settings())
    assert (report.known, report.asked, len(reads)) == (12, 0, 1)
    fresh = check_optouts(made, settings(images=True))
    assert (fresh.known, fresh.asked) == (6, 6)


def test_a_host_that_only_fails_is_left_alone_soon(dataset, site):
    paths = [f"/{n}.jpg" for n in range(30)]
    site.pages |= dict.fromkeys(paths, (500, {}, b""))
    made = dataset(*paths)
    report = check_optouts(made, settings())
    asked_for = sum(1 for _, path, _ in site.requests if path.endswith(".jpg"))
    assert asked_for == hosts_module.GIVE_UP_AFTER * (1 + QUICK.retries)
    assert report.passing == 30


def test_a_sample_is_checked_and_reviewed_as_a_sample(dataset, site):
    site.pages["/robots.txt"] = (200, {}, b"User-agent: GPTBot\nDisallow: /")
    made = dataset(*(f"/{n}.jpg" for n in range(40)))
    report = check_optouts(made, settings(), sample=10, seed=3)
    assert (report.samples, report.population, report.asked) == (10, 40, 10)
    count = review_optouts(made, sample=10, seed=3).count("training")
    assert (count.denied, count.samples) == (10, 10)
    assert review_optouts(made).count("training").denied == 10


def test_what_was_found_before_an_interruption_is_kept(dataset, site):
    made = dataset(*(f"/{n}.jpg" for n in range(30)))

    def stop(progress):
        if progress.asked >= 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_optouts(made, settings(manners=Manners(0.02, 0, 0)), on_progress=stop)
    found = len(kept(made))
    assert 5 <= found < 30
    report = check_optouts(made, settings())
    assert (report.known, report.asked) == (found, 30 - found)
    assert kept(made)["url"].n_unique() == len(kept(made)) == 30


def test_an_interruption_does_not_wait_for_slow_servers(dataset, site):
    site.pages["/a.jpg"] = web.slow_body
    made = dataset("/a.jpg")
    slow = Limits(connect_seconds=5, read_seconds=15, total_seconds=15)
    begun = time.monotonic()

    def stop(progress):
        if time.monotonic() - begun > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_optouts(made, settings(limits=slow, images=True), on_progress=stop)
    assert time.monotonic() - begun < 5


def test_two_checks_of_a_dataset_do_not_run_at_once(dataset, site):
    made = dataset("/a.jpg")
    failures = []

    def second(progress):
        if not failures:
            try:
                check_optouts(made, settings())
            except StorageError as error:
                failures.append(error)

    check_optouts(made, settings(), on_progress=second)
    assert "another check" in failures[0].message


def test_a_source_that_changed_is_not_asked_about(dataset, write_shard, site):
    made = dataset("/a.jpg", "/b.jpg")
    write_shard("s.parquet", ["a cat 0", "a cat 1"], URL=[f"{site.url}/z.jpg", f"{site.url}/b.jpg"])
    report = check_optouts(made, settings())
    assert site.count("/z.jpg") == 0
    assert report.unread >= 1


def test_a_strange_failure_of_one_url_does_not_end_the_check(dataset, monkeypatch):
    made = dataset("/a.jpg", "/b.jpg")
    ask = Hosts.ask

    def fail(self, url, **options):
        if url.endswith("/a.jpg"):
            raise ZeroDivisionError("oh")
        return ask(self, url, **options)

    monkeypatch.setattr(Hosts, "ask", fail)
    report = check_optouts(made, settings())
    assert report.answered == 1
    assert dict(report.failed) == {"unexpected ZeroDivisionError": 1}
    assert review_optouts(made).count("training").unknown == 2


def test_who_asks_must_have_a_name():
    for wrong in ("", " ", "böt", "a\nb"):
        with pytest.raises(UsageError, match="names nobody"):
            CheckSettings(user_agent=wrong)


def test_a_dataset_without_urls_cannot_be_checked(write_shard, audit):
    audit("ingest", write_shard("bare.parquet", ["a"], URL=None), "--name", "bare")
    with pytest.raises(UsageError, match="no URLs"):
        check_optouts(Home().open("bare"))


def test_private_addresses_are_refused_by_default(dataset, site):
    made = dataset("/a.jpg")
    report = check_optouts(made, CheckSettings(limits=LIMITS, manners=QUICK))
    assert site.requests == []
    assert report.answered == 0
    assert review_optouts(made).count("training").unknown == 1


@pytest.fixture
def secure(site, tmp_path):
    """The site behind TLS, with a certificate that nobody vouches for; and that certificate."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate, is not here")
    key, made = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", made,
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    site._server.socket = context.wrap_socket(site._server.socket, server_side=True)
    return f"https://127.0.0.1:{site.port}", made


def test_a_certificate_that_is_not_valid_is_no_answer(secure, site):
    url, _ = secure
    row = asked(f"{url}/i.jpg")
    assert "certificate is not valid" in row.robots_txt
    assert site.requests == []


def test_answers_come_over_tls_too(secure, site, monkeypatch):
    url, certificate = secure
    trusting = timed_tls()
    trusting.load_verify_locations(certificate)
    monkeypatch.setattr("audit.optouts.network.client._tls", lambda: trusting)
    site.pages["/i.jpg"] = (200, IMAGE | {"X-Robots-Tag": "noai"}, b"")
    site.pages["/slow.jpg"] = web.drip
    assert answers(asked(f"{url}/i.jpg")) == "uddu"
    row = asked(f"{url}/slow.jpg")
    assert row.error == "it took too long"


def test_urls_of_a_host_that_was_given_up_do_not_wait(dataset, site):
    paths = [f"/{n}.jpg" for n in range(60)]
    site.pages |= dict.fromkeys(paths, (500, {}, b""))
    started = time.monotonic()
    report = check_optouts(dataset(*paths), settings(manners=Manners(0, 1, 0.2)))
    assert report.passing == 60
    assert time.monotonic() - started < 5  # with a pause each it were twelve


def test_an_image_whose_compression_is_cut_off_is_not_whole(site):
    body = gzip.compress(images.jpeg())[:-12]
    site.pages["/i.jpg"] = (200, IMAGE | {"Content-Encoding": "gzip"}, body)
    row = asked(f"{site.url}/i.jpg", image_bytes=100_000)
    assert row.data_mining.startswith("error: only the first")


def test_a_page_in_the_place_of_the_files_of_a_site_is_no_file(site):
    page = (200, {"Content-Type": "text/html"}, b"<!doctype html><p>User-agent: none")
    site.pages |= {"/robots.txt": page, "/.well-known/tdmrep.json": page}
    site.pages["/i.jpg"] = (200, IMAGE | {"Content-Usage": "train-ai=y"}, b"")
    row = asked(f"{site.url}/i.jpg")
    assert (row.robots_txt, row.tdm_reservation) == ("", "")
    assert answers(row) == "uuau"
