"""Domains of two lists of the largest: what is sure, and what the lists leave open."""

from __future__ import annotations

from audit.comparisons.domains import compare_domains
from audit.comparisons.reading import as_snapshot

from .documents import coverage, domains, report, snapshot


def movements(listed_a, listed_b, all_a=None, all_b=None, unread_b=0):
    a = snapshot(domains=domains(listed_a, domains=all_a))
    document = report(domains=domains(listed_b, domains=all_b))
    document["dataset"]["coverage"] = coverage(1000, unread=unread_b)
    b = as_snapshot(document, "b.json", "report")
    found = compare_domains(a, b)
    return {one.domain: one for one in found.changes}, found


def test_whole_lists_tell_what_is_new_and_gone():
    found, whole = movements(
        {"old.org": 5, "both.org": 7, "less.org": 9}, {"both.org": 7, "less.org": 2, "new.org": 3}
    )
    assert {name: one.movement for name, one in found.items()} == {
        "old.org": "gone", "both.org": "same", "less.org": "shrunk", "new.org": "new",
    }  # fmt: skip
    assert whole.tally == {"gone": 1, "same": 1, "shrunk": 1, "new": 1}
    assert whole.changes[0].domain == "less.org"


def test_a_domain_that_is_not_listed_has_at_most_as_many_as_the_smallest_that_is():
    found, _ = movements({"big.org": 90, "last.org": 40}, {"big.org": 95, "x.org": 50}, all_a=9)
    x = found["x.org"]
    assert x.a.value is None
    assert x.a.span.high == 40
    assert x.movement == "grown"  # by 10 or more, and it may be new
    assert (x.difference.value, x.difference.low, x.difference.high) == (None, 10, 50)
    assert found["last.org"].movement == "gone"  # all of B are listed


def test_below_the_smallest_listed_nothing_is_sure():
    found, _ = movements({"big.org": 90, "last.org": 40}, {"y.org": 30}, all_a=9, all_b=2)
    assert found["y.org"].movement == "unknown"
    assert (found["y.org"].difference.low, found["y.org"].difference.high) == (-10, 30)
    # 30 is the smallest that B lists: what it does not list has no more.
    assert found["big.org"].movement == "shrunk"
    assert found["last.org"].movement == "shrunk"


def test_unread_shards_leave_open_what_is_new():
    found, _ = movements({"a.org": 10, "b.org": 50}, {"a.org": 10, "c.org": 9}, unread_b=20)
    assert found["a.org"].movement == "unknown"
    assert found["b.org"].movement == "shrunk"  # 50, and at most 20
    assert found["c.org"].movement == "new"


def test_other_lists_of_suffixes_are_not_compared():
    other = domains({"a.org": 1}) | {"public_suffix_list": "2020"}
    found = compare_domains(snapshot(), snapshot(domains=other))
    assert found.changes == ()
    assert found.why_not is not None


def test_the_other_way_round_is_the_mirror():
    a = snapshot(domains=domains({"a.org": 10, "b.org": 5}, domains=4))
    b = snapshot(domains=domains({"a.org": 3, "c.org": 2}))
    turned = {"new": "gone", "gone": "new", "grown": "shrunk", "shrunk": "grown"}
    there = {one.domain: one for one in compare_domains(a, b).changes}
    for back in compare_domains(b, a).changes:
        one = there[back.domain]
        assert back.movement == turned.get(one.movement, one.movement)
        assert back.difference.mirrored == one.difference
