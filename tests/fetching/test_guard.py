"""What keeps a fetch on the public web, and every answer within its bounds."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
import urllib.error
from pathlib import Path

import pytest

from audit.fetching.guard import AnswerLimits, is_public, limited_opener

_spec = importlib.util.spec_from_file_location("web", Path(__file__).with_name("web.py"))
_web = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_web)


@pytest.fixture
def web():
    web = _web.Web()
    yield web
    web.close()


@pytest.fixture
def opener():
    return limited_opener(AnswerLimits(max_bytes=200_000, total_seconds=0.6), proxies=False)


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "8.8.8.8",
        "2606:4700:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "64:ff9b:1::808:808",
        "::8.8.8.8",
        "2002:808:808::1",
    ],
)
def test_public_addresses_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "100.64.0.1", "100.100.100.200", "169.254.169.254", "168.63.129.16", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::",
        "64:ff9b::7f00:1", "::127.0.0.1", "::a9fe:a9fe", "64:ff9b:1::7f00:1", "64:ff9b:1:808:8:800::",
        "::ffff:0:127.0.0.1", "2001:0:a9fe:a9fe::1", "2001:0:808:808:0:0:f5ff:fffe", "fec0::1",
        "192.88.99.1", "192.0.0.8", "3fff::1", "5f00::1", "localhost", "example.org", "",
    ],
)  # fmt: skip
def test_private_special_and_unresolved_addresses_are_not(address):
    assert not is_public(address)


GUARDED = """
import sys, urllib.request
from audit.fetching import guard
if sys.argv[2]:
    guard.is_public = lambda host: host == sys.argv[2]
guard.refuse_private_addresses()
limits = guard.AnswerLimits(10_000, 5.0)
opener = guard.limited_opener(limits, proxies=False)
try:
    print(len(opener.open(sys.argv[1], timeout=2).read()))
except Exception as error:
    print(error)
"""


def guarded(url, public=""):
    """What a process under the guard says to ``url``; the guard cannot be taken off again."""
    command = [sys.executable, "-c", GUARDED, url, public]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0", "0x7f.1"])
def test_guarded_process_does_not_reach_loopback_by_any_name(web, host):
    answer = guarded(f"http://{host}:{web.url.rsplit(':')[-1]}/good/1")
    assert "is not a public address" in answer
    assert not web.requests


def test_guarded_process_does_not_follow_a_redirect_to_a_private_address(web):
    assert guarded(f"{web.url}/good/1", public="127.0.0.1").strip().isdigit()
    answer = guarded(f"{web.url}/to/http://127.0.0.2:9/", public="127.0.0.1")
    assert "127.0.0.2 is not a public address" in answer


def test_good_answer_is_read_whole(web, opener):
    assert opener.open(f"{web.url}/good/5", timeout=1).read() == _web.png(noise=5)


def test_large_answer_is_refused_unread_and_a_lying_one_at_the_limit(web, opener):
    for kind in ("huge", "liar"):
        answer = opener.open(f"{web.url}/{kind}/", timeout=1)
        with pytest.raises(OSError, match="larger than 200,000 bytes"):
            answer.read()


def test_cut_answer_is_no_answer(web, opener):
    import http.client

    with pytest.raises(http.client.IncompleteRead):
        opener.open(f"{web.url}/cut/", timeout=1).read()


@pytest.mark.parametrize("kind", ["drip", "header"])
def test_steady_drip_ends_at_the_deadline(web, opener, kind):
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        opener.open(f"{web.url}/{kind}/", timeout=5).read()
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///etc/passwd", "data:,x"])
def test_only_the_web_is_spoken_even_on_redirect(web, opener, target):
    for url in (target, f"{web.url}/to/{target}"):
        with pytest.raises(urllib.error.URLError, match=r"unknown url type|is not allowed"):
            opener.open(url, timeout=1)


def test_urls_as_people_see_them_are_escaped(web, opener):
    assert opener.open(f"{web.url}/good/1?é b", timeout=1).read()
    assert "/good/1?%C3%A9%20b" in web.requests
