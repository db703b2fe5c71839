"""Shares: what trials and bounds tell of them, and the values that an estimate is averaged over."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from audit.estimates.rates import Bounded, Product, Rate, beta_quantiles

EVEN = (np.arange(20_000) + 0.5) / 20_000


def test_value_is_the_share_seen():
    assert Rate(3, 4).value == 0.75


def test_no_hit_is_half_a_hit_so_that_it_can_be_divided_by():
    assert Rate(0, 9).value == 0.05


@pytest.mark.parametrize(("hits", "trials"), [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(hits, trials):
    with pytest.raises(ValueError, match="no share"):
        Rate(hits, trials)


@pytest.mark.parametrize(("hits", "trials"), [(3, 10), (45, 50), (1, 2)])
def test_interval_is_that_of_jeffreys(hits, trials):
    law = beta(hits + 0.5, trials - hits + 0.5)
    assert Rate(hits, trials).interval() == pytest.approx((law.ppf(0.025), law.ppf(0.975)))


def test_interval_is_closed_where_nothing_or_everything_hit():
    assert Rate(0, 7).interval()[0] == 0
    assert Rate(7, 7).interval()[1] == 1


@pytest.mark.parametrize(("hits", "trials"), [(2, 5), (0, 8), (8, 8), (30, 100)])
def test_draws_are_the_mid_p_confidence_distribution(hits, trials):
    """P(share <= p) is 1 less the mid-p value of "at most so many hits" if the share were p."""
    rng = np.random.default_rng(0)
    drawn = Rate(hits, trials).draws(rng.permutation(EVEN), "small")
    for p in (0.05, 0.2, 0.35, 0.7, 0.95):
        mid_p = binom.cdf(hits, trials, p) - binom.pmf(hits, trials, p) / 2
        assert (drawn <= p).mean() == pytest.approx(1 - mid_p, abs=0.02)


def test_without_trials_nothing_is_corrected():
    assert Rate(0, 0).value == 1
    assert Rate(0, 0).interval() == (0, 1)


def test_without_trials_a_share_may_be_anything():
    assert set(Rate(0, 0).draws(EVEN, "small")) == {0.0}
    assert set(Rate(0, 0).draws(EVEN, "large")) == {1.0}


def test_of_bounds_the_bound_is_taken():
    share = Bounded(0.1, 0.2, 0.4)
    assert set(share.draws(EVEN, "small")) == {0.1}
    assert set(share.draws(EVEN, "large")) == {0.4}


def test_product_is_that_of_independent_shares():
    one, other = Rate(18, 20), Rate(95, 100)
    both = Product(one, other)
    assert both.value == pytest.approx(0.9 * 0.95)
    rng = np.random.default_rng(1)
    expected = one.draws(rng.permutation(EVEN), "small") * other.draws(
        rng.permutation(EVEN), "small"
    )
    drawn = both.draws(rng.permutation(EVEN), "small")
    for q in (0.025, 0.25, 0.5, 0.75, 0.975):
        assert np.quantile(drawn, q) == pytest.approx(np.quantile(expected, q), abs=0.01)


def test_product_with_a_certain_share_is_the_other():
    drawn = Product(Rate(18, 20), Bounded(1.0, 1.0, 1.0)).draws(EVEN, "large")
    assert np.array_equal(drawn, Rate(18, 20).draws(EVEN, "large"))


@given(
    st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(0, 50).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
)
def test_draws_are_shares_and_small_ones_are_not_larger(one, other):
    share = Product(Rate(*one), Rate(*other))
    at = EVEN[::200]
    small, large = share.draws(at, "small"), share.draws(at, "large")
    assert ((small >= 0) & (large <= 1) & (small <= large)).all()


def test_beta_quantiles_at_the_ends():
    assert set(beta_quantiles(0, 3, EVEN)) == {0.0}
    assert set(beta_quantiles(3, 0, EVEN)) == {1.0}
    assert np.allclose(beta_quantiles(2, 5, EVEN[::500]), beta(2, 5).ppf(EVEN[::500]))
