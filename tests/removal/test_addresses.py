"""Other spellings of a URL: those that mean the same work, and no more."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import UsageError
from audit.removal.addresses import checked_url, names_of_host, spellings, url_hash


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("http://example.org/a.jpg", "https://example.org/a.jpg"),
        ("https://example.org/a.jpg", "http://www.example.org/a.jpg"),
        ("https://www.example.org/a.jpg", "https://example.org/a.jpg"),
        ("https://example.org/gallery", "https://example.org/gallery/"),
        ("https://example.org/gallery/", "http://example.org/gallery"),
        ("https://Example.ORG:443/a.jpg", "https://example.org/a.jpg"),
        ("https://example.org/a.jpg#top", "https://example.org/a.jpg"),
        ("https://example.org/i?a=1&b=2", "https://example.org/i?a=1&amp;b=2"),
        ("https://example.org/i?a=1&amp;b=2", "http://example.org/i?a=1&b=2"),
        ("  https://example.org/a.jpg ", "https://example.org/a.jpg"),
        ("https://münchen.de/a.jpg", "https://xn--mnchen-3ya.de/a.jpg"),
        ("https://xn--mnchen-3ya.de/a.jpg", "http://www.münchen.de/a.jpg"),
        ("https://xn--mnchen-3ya.de/a.jpg", "https://münchen.de/a.jpg"),
    ],
)
def test_same_work(asked, there):
    assert there in spellings(asked)


@pytest.mark.parametrize(
    ("asked", "other"),
    [
        ("https://example.org/a.jpg", "https://example.org/A.jpg"),
        ("https://example.org/i?a=1", "https://example.org/i?a=2"),
        ("https://example.org/i?a=1", "https://example.org/i"),
        ("https://example.org/a.jpg", "https://example.com/a.jpg"),
        ("https://example.org:8080/a.jpg", "https://example.org/a.jpg"),
        ("https://img.example.org/a.jpg", "https://example.org/a.jpg"),
    ],
)
def test_other_work(asked, other):
    assert other not in spellings(asked)


@given(st.from_regex(r"\Ahttps?://(www\.)?[a-z]{1,5}\.org(/[a-z]{1,3}){0,2}/?(\?a=1)?\Z"))
def test_the_url_comes_first_and_each_difference_is_told(url):
    found = spellings(url)
    first, *others = found.items()
    assert first == (url, "")
    assert all(told for _, told in others)
    assert len(found) <= 32
    # Whoever has one of the spellings finds the other.
    assert all(url in spellings(other) for other, told in others if "host in lower" not in told)


@pytest.mark.parametrize(
    "url", ["", "a.jpg", "example.org/a.jpg", "//x/y", "http://a b/c", "mailto:a@b.org", "http://["]
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(UsageError, match="is no URL"):
        checked_url(url)


@given(st.text())
def test_hash_is_the_first_half_of_md5(text):
    if text.isascii():
        assert f"{url_hash(text):016x}" == hashlib.md5(text.encode()).hexdigest()[:16]
    else:
        url_hash(text)


@pytest.mark.parametrize("host", ["münchen.de", "MÜNCHEN.de.", "xn--mnchen-3ya.de"])
def test_a_host_is_found_in_both_its_letters(host):
    assert names_of_host(host) == {"münchen.de", "xn--mnchen-3ya.de"}


@given(st.text(max_size=30))
def test_any_text_has_itself_among_its_names(text):
    assert text.strip(".").lower() in names_of_host(text)
