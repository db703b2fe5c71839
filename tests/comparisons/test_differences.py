"""Differences with their intervals: by hand, from either side, and how often they are right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.comparisons.differences import Difference, Measured, Pair, difference, rates
from audit.verdicts.judging import Span


def test_a_census_has_an_exact_difference_and_no_interval():
    found = difference(Measured.counted(140), Measured.counted(100), independent=True)
    assert found == Difference(-40, -40, -40, "exact")
    ratio = rates(Measured.counted(140), Measured.counted(100), 1_000_000, 500_000)
    assert (ratio.a, ratio.b, ratio.ratio) == (140, 200, pytest.approx(200 / 140))
    assert ratio.ratio_span is None


def test_unread_samples_widen_the_difference_by_what_they_may_hold():
    found = difference(Measured.counted(140, unread=30), Measured.counted(100, unread=5))
    assert found == Difference(-40, 100 - 170, 105 - 140, "ends")
    found = difference(Measured.counted(140), Measured.counted(100, unread=math.inf))
    assert found == Difference(-40, -40, math.inf, "ends")
    assert found.to_dict() == {"value": -40, "low": -40, "high": None, "way": "ends"}


def test_related_estimates_have_the_ends_of_both_intervals():
    a, b = Measured(100, 80, 130), Measured(150, 140, 170)
    assert difference(a, b) == Difference(50, 140 - 130, 170 - 80, "ends")


def test_independent_estimates_have_the_interval_of_zou_and_donner():
    """By hand: 50 - sqrt(10² + 30²), and 50 + sqrt(20² + 20²)."""
    a, b = Measured(100, 80, 130), Measured(150, 140, 170)
    found = difference(a, b, independent=True)
    assert found.way == "MOVER"
    assert found.low == pytest.approx(50 - 31.6227766)
    assert found.high == pytest.approx(50 + 28.2842712)
    unread = difference(Measured(100, 80, 130, 7), Measured(150, 140, 170, 3), independent=True)
    assert unread.low == pytest.approx(found.low - 7)
    assert unread.high == pytest.approx(found.high + 3)


def test_nothing_is_subtracted_from_what_is_not_known():
    found = difference(Measured.unknown(), Measured.counted(5))
    assert found.value is None
    assert (found.low, found.high) == (-math.inf, 5)
    assert rates(Measured.unknown(), Measured.counted(5), 10, 10).ratio is None
    assert rates(Measured.counted(0), Measured.counted(5), 10, 10).ratio is None
    assert rates(Measured.counted(5), Measured.counted(5), 0, 10).a is None


def test_ratios_of_estimates_have_the_ends_of_both_intervals():
    found = rates(Measured(100, 80, 125), Measured(50, 40, 60), 1000, 2000)
    assert found.ratio == pytest.approx(0.25)
    assert found.ratio_span is not None
    assert found.ratio_span.low == pytest.approx(40 / 125 / 2)
    assert found.ratio_span.high == pytest.approx(60 / 80 / 2)
    assert rates(Measured(1, 0, 2), Measured(5, 4, 6), 10, 10).ratio_span == Span(2, math.inf)


def test_shares_are_of_what_was_looked_at():
    pair = Pair.of(Measured.counted(10), Measured.counted(30), (100, 120))
    assert pair.share_difference == pytest.approx(0.25 - 0.1)
    assert Pair.of(Measured.counted(0), Measured.counted(1), (0, 1)).share_difference is None
    refused = Pair.of(Measured.counted(1), Measured.counted(2), (10, 10), why_not="other names")
    assert refused.difference is refused.rates is refused.share_difference is None
    assert refused.to_dict()["why_not_compared"] == "other names"


@st.composite
def measured(draw):
    low, value, high = sorted(draw(st.tuples(*[st.floats(0, 1e9)] * 3)))
    unread = draw(st.sampled_from([0, 1, 1e6, math.inf]))
    kinds = (
        Measured(value, low, high, unread),
        Measured.counted(round(value), unread),
        Measured.unknown(),
    )
    return draw(st.sampled_from(kinds))


@given(measured(), measured(), st.booleans())
def test_the_other_way_round_is_the_mirror(a, b, independent):
    there, back = (
        difference(a, b, independent=independent),
        difference(b, a, independent=independent),
    )
    assert there.mirrored.way == back.way
    for end in ("value", "low", "high"):
        mirrored, seen = getattr(there.mirrored, end), getattr(back, end)
        assert mirrored == seen or mirrored == pytest.approx(seen, rel=1e-9, abs=1e-6)


@given(measured(), measured())
def test_the_interval_holds_the_value_and_the_careful_one_holds_the_other(a, b):
    careful, narrow = difference(a, b), difference(a, b, independent=True)
    slack = 1e-6 + 1e-9 * max(a.high, b.high)
    assert careful.low - slack <= narrow.low <= narrow.high <= careful.high + slack
    if narrow.value is not None:
        assert narrow.low - slack <= narrow.value <= narrow.high + slack


@pytest.mark.parametrize("shared_error", [0.0, 30.0])
def test_intervals_hold_the_true_difference_as_often_as_they_say(shared_error):
    """Normal errors of two sides, and one that goes the same way on both."""
    seeded, truth, trials = np.random.default_rng(7), 250.0, 4000
    held = {False: 0, True: 0}
    for _ in range(trials):
        shared = seeded.normal(0, shared_error) if shared_error else 0
        sides = []
        for mean, spread in ((1000.0, 40.0), (1000.0 + truth, 25.0)):
            value = mean + seeded.normal(0, spread) + shared
            half = 1.96 * math.hypot(spread, shared_error)
            sides.append(Measured(value, value - half, value + half))
        for independent in held:
            found = difference(*sides, independent=independent)
            held[independent] += found.low <= truth <= found.high
    if shared_error:
        assert held[True] / trials > 0.95  # rather too wide
    else:
        assert 0.94 < held[True] / trials < 0.96
    assert held[False] >= held[True]
