"""Prevalence from an erring classifier: closed forms, brute force for few samples, and order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom

from audit.estimates.prevalence import Estimate, estimate_total
from audit.estimates.rates import Bounded, Product, Rate


def known(share: float) -> Bounded:
    return Bounded(share, share, share)


PERFECT = {"sensitivity": known(1), "false_positives": known(0)}


def by_brute_force(population, examined, above, hit, false, level=0.95):
    """Every total whose exact mid-p tails, from all ways that it can come about, are not small."""
    tail, totals = (1 - level) / 2, []
    counts = np.arange(examined + 1)
    for total in range(population + 1):
        chance = np.zeros(examined + 1)
        for shown in range(min(total, examined) + 1):
            weight = hypergeom.pmf(shown, population, total, examined)
            if weight > 0:
                found = binom.pmf(counts, shown, hit)
                wrong = binom.pmf(counts, examined - shown, false)
                chance += weight * np.convolve(found, wrong)[: examined + 1]
        at_most = chance[:above].sum() + chance[above] / 2
        if tail <= at_most <= 1 - tail:
            totals.append(total)
    return min(totals), max(totals)


def test_perfect_classifier_that_saw_all_is_certain():
    assert estimate_total(1000, 1000, 37, **PERFECT) == Estimate(37, 37, 37)


@pytest.mark.parametrize(("examined", "above"), [(50, 0), (50, 5), (200, 40), (1000, 990)])
def test_few_of_very_many_is_the_mid_p_interval_of_a_share(examined, above):
    population = 10**8
    found = estimate_total(population, examined, above, **PERFECT)

    def mid_p(share):
        return binom.cdf(above, examined, share) - binom.pmf(above, examined, share) / 2

    if above:
        assert mid_p(found.low / population) == pytest.approx(0.975, abs=1e-3)
    else:
        assert found.low == 0
    assert mid_p(found.high / population) == pytest.approx(0.025, abs=1e-3)
    assert found.value == pytest.approx(population * above / examined)


@pytest.mark.parametrize(
    ("population", "examined", "above", "hit", "false"),
    [
        (60, 60, 20, 0.9, 0.05),
        (60, 30, 8, 0.9, 0.02),
        (40, 40, 0, 0.7, 0.0),
        (80, 20, 20, 0.95, 0.1),
        (100, 50, 10, 1.0, 0.0),
        (50, 50, 12, 0.6, 0.2),
    ],
)
def test_few_samples_agree_with_brute_force(population, examined, above, hit, false):
    found = estimate_total(population, examined, above, known(hit), known(false))
    low, high = by_brute_force(population, examined, above, hit, false)
    assert found.low == pytest.approx(low, abs=1)
    assert found.high == pytest.approx(high, abs=1)


def test_value_is_that_of_rogan_and_gladen():
    found = estimate_total(10_000, 1000, 200, Rate(90, 100), Rate(5, 500))
    assert found.value == pytest.approx(10_000 * (0.2 - 0.01) / (0.9 - 0.01))


def test_uncertain_errors_widen_the_interval_both_ways():
    certain = estimate_total(1000, 1000, 300, known(0.9), known(0.02))
    doubtful = estimate_total(1000, 1000, 300, Rate(9, 10), Rate(2, 100))
    assert doubtful.low < certain.low
    assert doubtful.high > certain.high


def test_unknown_sensitivity_leaves_the_upper_end_open():
    found = estimate_total(1000, 1000, 30, Rate(0, 0), known(0))
    assert (found.low, found.high) == (30, 1000)


def test_bounds_of_false_positives_are_all_allowed_for():
    """Any number of the 50 may be false, up to 40: from 10 to 50 show it."""
    found = estimate_total(1000, 1000, 50, known(1), Bounded(0, 0.01, 0.04))
    each = [
        estimate_total(1000, 1000, 50, known(1), known(false)) for false in (0, 0.01, 0.02, 0.04)
    ]
    assert found.low <= min(one.low for one in each)
    assert found.high >= max(one.high for one in each)


def test_recall_of_an_approximate_search_adds_to_what_may_be_missed():
    alone = estimate_total(10_000, 10_000, 90, Rate(19, 20), known(0))
    both = estimate_total(10_000, 10_000, 90, Product(Rate(19, 20), Rate(180, 200)), known(0))
    assert both.value == pytest.approx(90 / (0.95 * 0.9))
    assert both.high > alone.high
    assert both.low >= alone.low


def test_a_classifier_that_tells_nothing_leaves_everything_possible():
    assert estimate_total(100, 100, 30, known(0.3), known(0.3)) == Estimate(0, 0, 100)


def test_nothing_examined_tells_nothing_and_counts_nothing():
    assert estimate_total(100, 0, 0, **PERFECT) == Estimate(0, 0, 100)


def test_no_samples_hold_nothing():
    assert estimate_total(0, 0, 0, **PERFECT) == Estimate(0, 0, 0)


@pytest.mark.parametrize(
    ("population", "examined", "above"), [(10, 11, 1), (10, 5, 6), (10, 5, -1)]
)
def test_numbers_that_contradict_each_other_are_refused(population, examined, above):
    with pytest.raises(ValueError, match="examined"):
        estimate_total(population, examined, above, **PERFECT)


def test_estimates_add_end_to_end():
    assert Estimate(2, 1, 4) + Estimate(10, 5, 20) == Estimate(12, 6, 24)


sizes = st.integers(1, 500).flatmap(
    lambda population: st.integers(1, population).flatmap(
        lambda examined: st.tuples(st.just(population), st.just(examined), st.integers(0, examined))
    )
)
shares = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda p: Rate(min(p), max(p)))


@settings(max_examples=60, deadline=None)
@given(sizes, shares, shares)
def test_value_lies_in_its_interval_and_that_in_the_population(size, hit, false):
    found = estimate_total(*size, hit, false)
    assert 0 <= found.low <= found.value <= found.high <= size[0]


@settings(max_examples=30, deadline=None)
@given(sizes.filter(lambda size: size[2] < size[1]), shares)
def test_more_above_the_cutoff_never_lowers_an_end(size, hit):
    population, examined, above = size
    fewer = estimate_total(population, examined, above, hit, known(0.01))
    more = estimate_total(population, examined, above + 1, hit, known(0.01))
    assert more.low >= fewer.low
    assert more.high >= fewer.high
