"""Registered domains against the list's own test vectors, and against publicsuffixlist."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import publicsuffixlist
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from audit.domains import list_version, registered_domains

LIST = Path(publicsuffixlist.PSLFILE)
RULES = [
    line.split()[0].removeprefix("!").removeprefix("*.")
    for line in LIST.read_text("utf-8").splitlines()
    if line.strip() and not line.startswith("//")
]
#: Suffixes whose rules are seldom: wildcards with exceptions, several labels, companies' own.
ODD = ["ck", "www.ck", "kawasaki.jp", "city.kawasaki.jp", "kobe.jp", "er", "sch.uk", "s3.amazonaws.com",
       "compute.amazonaws.com", "github.io", "blogspot.com", "co.uk", "com", "unlisted"]  # fmt: skip


def domain(host, **options):
    return registered_domains(pl.Series([host], dtype=pl.String), **options).item()


def vectors():
    """(host, domain) of the test vectors that publicsuffix.org publishes (public domain)."""
    text = (LIST.parent / "test_psl.txt").read_text("utf-8")
    for host, found in re.findall(r"^checkPublicSuffix\((.*), (.*)\);", text, re.MULTILINE):
        yield tuple(None if word == "null" else word.strip("'") for word in (host, found))


def in_ascii(name):
    return name and name.encode("idna").decode()


@pytest.mark.skipif(not (LIST.parent / "test_psl.txt").exists(), reason="vectors not installed")
def test_vectors_of_the_list_itself():
    hosts, domains = zip(*vectors(), strict=True)
    assert len(hosts) > 70
    found = registered_domains(pl.Series(hosts, dtype=pl.String))
    assert found.to_list() == [in_ascii(name) for name in domains]


LABEL = st.one_of(
    st.sampled_from(["a", "www", "B", "city", "x-1", "0", "1e3"]),
    st.from_regex(r"[a-z0-9_-]{1,8}", fullmatch=True),
)
HOSTS = st.builds(
    lambda labels, suffix, dot, upper: (
        (".".join([*labels, suffix]) + dot).upper() if upper else ".".join([*labels, suffix]) + dot
    ),
    st.lists(LABEL, max_size=4),
    st.one_of(st.sampled_from(RULES).map(in_ascii), st.sampled_from(ODD)),
    st.sampled_from(["", "", "."]),
    st.booleans(),
)


@pytest.mark.parametrize("registries_only", [False, True])
@settings(max_examples=25, deadline=None)
@given(hosts=st.lists(HOSTS, min_size=20, max_size=60))
def test_equals_publicsuffixlist(registries_only, hosts):
    truth = PublicSuffixList(only_icann=registries_only)
    found = registered_domains(pl.Series(hosts), registries_only=registries_only)
    assert found.to_list() == [truth.privatesuffix(host) for host in hosts]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.none(), st.text(max_size=40)))
def test_any_text_is_answered_and_the_answer_is_its_own_domain(host):
    found = domain(host)
    if found is not None:
        assert found.isascii()
        assert domain(found) == found


@pytest.mark.parametrize(
    "host",
    [None, "", ".", "..", "com", "co.uk", "localhost", ".example.com", "a..example.com",
     "127.0.0.1", "127.0.0.1.", "2130706433", "0x7f.1", "017700000001", "[::1]", "[2001:db8::1]"],
)  # fmt: skip
def test_what_has_no_registered_domain_has_none(host):
    assert domain(host) is None


def test_unicode_and_punycode_are_one_name():
    assert domain("www.MÜNCHEN.de") == domain("www.xn--mnchen-3ya.de") == "xn--mnchen-3ya.de"
    assert (
        domain("食狮.公司.cn") == domain("xn--85x722f.xn--55qx5d.cn") == "xn--85x722f.xn--55qx5d.cn"
    )
    # Two owners: what IDNA 2003 made one name is two since IDNA 2008.
    assert domain("straße.de") != domain("strasse.de")
    assert domain("ｗｗｗ。example．com") == "example.com"


def test_names_below_those_of_companies():
    assert domain("me.github.io") == "me.github.io"
    assert domain("me.github.io", registries_only=True) == "github.io"
    assert domain("github.io") is None


def test_name_and_order_of_the_series_are_kept():
    hosts = pl.Series("host", ["b.de", None, "a.b.de", "b.de"])
    found = registered_domains(hosts)
    assert found.name == "host"
    assert found.to_list() == ["b.de", None, "b.de", "b.de"]
    assert registered_domains(hosts.head(0)).to_list() == []


def test_the_list_says_how_old_it_is():
    assert re.match(r"20\d\d-\d\d-\d\d", list_version())
