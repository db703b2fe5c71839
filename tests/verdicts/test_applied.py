"""Which threshold a concept is held against."""

from __future__ import annotations

import pytest

from audit.errors import UsageError
from audit.thresholds.known import KnownThreshold, KnownThresholds
from audit.thresholds.published import published_thresholds
from audit.verdicts.applied import GivenThreshold, ThresholdChoice
from audit.verdicts.judging import Span


def choice(*entries, **options):
    known = KnownThresholds(entries) if entries else published_thresholds()
    return ThresholdChoice(known, **{"whose": "mine.toml" if entries else "published", **options})


@pytest.mark.parametrize(
    ("domain", "chosen", "ends"),
    [
        ("art-style", {}, (112, 241)),
        ("face", {}, (234, 527)),
        ("art-style", {"model": "SD1.5"}, (112, 198)),
        ("face", {"model": "SD1.5"}, (234, 364)),
        ("face", {"group": "politicians"}, (234, 369)),
    ],
)
def test_without_model_and_group_the_band_of_all_stands_in(domain, chosen, ends):
    applied = choice(**chosen).for_domain(domain)
    assert applied.span == Span(*ends)
    assert applied.value == pytest.approx((ends[0] * ends[1]) ** 0.5)
    assert "the band from the smallest to the largest" in applied.statement
    for what in ("model", "group"):
        assert (f"no {what}" in applied.statement) == (what not in chosen)
    assert applied.not_named == tuple(what for what in ("model", "group") if what not in chosen)


def test_one_published_value_is_a_point_and_the_answer_says_so():
    applied = choice(model="sd1.2").for_domain("face")
    assert (applied.value, applied.span) == (252, Span(252, 252))
    assert "published without interval, taken as a point" in applied.statement


def test_own_threshold_has_its_interval():
    entry = KnownThreshold(
        231.5, (90, 1300), "art-style", ("ours",), source="mine.json, audit mode"
    )
    applied = choice(entry).for_domain("art-style")
    assert (applied.value, applied.span) == (231.5, Span(90, 1300))
    assert applied.statement == "ours, mine.json, audit mode, with its interval"


def test_domain_without_a_threshold_says_why_there_is_none():
    applied = choice().for_domain("object")
    assert (applied.value, applied.span) == (None, None)
    assert applied.statement.startswith("none is published for the domain object")
    assert "--domain" in choice().for_domain(None).statement
    assert "model SD1.2" in choice(model="SD1.2").for_domain("art-style").statement
    own = choice(KnownThreshold(3, domain="face")).for_domain("art-style")
    assert own.statement.startswith("none is in mine.toml for the domain art-style")


def test_no_threshold_that_an_estimate_found_is_told_with_its_reason():
    none = KnownThreshold(None, None, "face", ("ours",), reason="no threshold: flat")
    applied = choice(none).for_domain("face")
    assert applied.span is None
    assert applied.statement == "no threshold: flat (ours)"
    some = choice(none, KnownThreshold(50, (40, 60), "face", ("other",))).for_domain("face")
    assert some.span == Span(40, 60)
    assert "1 more found no threshold" in some.statement


def test_threshold_without_domain_takes_the_one_that_is_given():
    entry = KnownThreshold(50, (40, 60))
    assert choice(entry, domain="object").for_domain("object").span == Span(40, 60)
    with pytest.raises(UsageError, match="for which domain"):
        choice(entry)


def test_given_threshold_holds_for_all_domains():
    for domain in (None, "object", "face"):
        assert GivenThreshold(200).for_domain(domain).span == Span(200, 200)
    applied = GivenThreshold((100, 400)).for_domain(None)
    assert (applied.value, applied.span) == (200, Span(100, 400))


@pytest.mark.parametrize(
    "wrong", [0, -1, float("nan"), float("inf"), (300, 100), (100, float("nan"))]
)
def test_what_is_no_threshold_is_refused(wrong):
    with pytest.raises(UsageError, match="is none"):
        GivenThreshold(wrong)
