"""Licenses and opt-outs of two sides, from numbers known by hand."""

from __future__ import annotations

from audit.comparisons.reading import as_snapshot
from audit.comparisons.rights import compare_licenses, compare_optouts

from .documents import coverage, optouts, report, snapshot


def signals(denied, allowed, unknown, **changes):
    samples = denied + allowed + unknown
    document = report(samples=samples)
    document["optouts"] |= {
        "columns": ["robots_tag"],
        "uses": [optouts("training", denied, allowed, unknown)],
        "samples": samples,
    } | changes
    return as_snapshot(document, "a.json", "report")


def test_answers_of_each_use_are_compared_with_their_shares():
    found = compare_optouts(signals(10, 20, 70), signals(50, 30, 120))
    assert found.why_not is None
    denied = found.uses["training"]["denied"].to_shares()
    assert denied["a"] == {"samples": 10, "share": 0.1}
    assert denied["b"] == {"samples": 50, "share": 0.25}
    assert denied["difference"] == {"value": 40, "low": 40, "high": 40, "way": "exact"}
    assert denied["share_difference"] == 0.25 - 0.1
    assert found.uses["training"]["allowed"].difference.value == 10


def test_uses_that_one_side_does_not_have_are_left_out():
    other = signals(1, 0, 0, uses=[optouts("search", 1, 0, 0)])
    assert compare_optouts(signals(1, 0, 0), other).uses == {}


def test_that_nothing_is_known_of_one_side_is_no_difference():
    found = compare_optouts(snapshot(), signals(1, 2, 3))
    assert found.uses == {}
    assert found.why_not == "only B has opt-out signals: nothing is known of the other side"
    assert (compare_optouts(snapshot(), snapshot()).why_not or "").startswith("neither side")
    assert (compare_optouts(signals(1, 2, 3), snapshot()).why_not or "").startswith("only A")


def test_a_sample_of_the_samples_is_not_compared_with_all():
    part = signals(1, 2, 3, sample={"size": 6, "population": 100, "seed": 0})
    found = compare_optouts(part, signals(1, 2, 3))
    assert found.why_not == "only a sample was looked at on one side"


def licensed(statuses, concluded, findings=(), tier=None, **read):
    samples = sum(statuses.values())
    document = report(samples=samples)
    document["licenses"] |= {
        "samples": samples,
        "statuses": [{"name": name, "samples": n} for name, n in statuses.items()],
        "concluded": [{"license": name, "samples": n} for name, n in concluded.items()],
        "findings": [{"name": name, "samples": n} for name, n in dict(findings).items()],
        "openness": {"tier": tier},
    }
    document["dataset"]["coverage"] |= coverage(samples, **read)
    return as_snapshot(document, "a.json", "report")


def test_licenses_that_changed_most_come_first_and_those_that_went_are_there():
    a = licensed({"open": 60, "unknown": 40}, {"CC-BY-4.0": 50, "CC0-1.0": 10, "NOASSERTION": 40},
                 {"missing": 40})  # fmt: skip
    b = licensed({"open": 5, "restricted": 15}, {"CC-BY-4.0": 5, "CC-BY-NC-4.0": 15},
                 tier="openly licensed")  # fmt: skip
    found = compare_licenses(a, b)
    assert list(found.licenses) == ["CC-BY-4.0", "NOASSERTION", "CC-BY-NC-4.0", "CC0-1.0"]
    assert found.licenses["CC-BY-NC-4.0"].difference.value == 15
    assert found.statuses["open"].share_difference == 0.25 - 0.6
    assert found.statuses["in-copyright"].difference.value == 0
    assert list(found.findings) == ["missing"]
    assert found.findings["missing"].difference.value == -40
    assert (found.tier_a, found.tier_b) == (None, "openly licensed")


def test_unread_rows_may_have_any_license():
    a = licensed({"open": 60}, {"CC0-1.0": 60}, unread=7, read_shards=1)
    found = compare_licenses(a, licensed({"open": 70}, {"CC0-1.0": 70}))
    difference = found.statuses["open"].difference
    assert (difference.value, difference.low, difference.high) == (10, 3, 10)
