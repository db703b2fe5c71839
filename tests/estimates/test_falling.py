"""The most images above a cut-off that may be others, by how their scores fall off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.estimates.falling import most_false


class Exponential:
    """A tail whose excesses are on average as large wherever it begins."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def mean_excess(self, score: float) -> float:
        return self.scale


def others(rng, rate_above, floor=-6.0):
    """Scores that fall off exponentially, about ``rate_above`` of them above 0."""
    return floor + rng.exponential(1.0, rng.poisson(rate_above * np.exp(-floor)))


def test_nothing_above_is_nothing_false():
    assert most_false(np.array([0.1, 0.2]), 0.5, 0.0) == 0


def test_where_there_is_a_gap_few_can_be_false():
    rng = np.random.default_rng(0)
    below = rng.uniform(0.0, 0.2, 2000)
    shown = rng.uniform(0.8, 0.9, 300)
    assert most_false(np.concatenate([below, shown]), 0.6, 0.0) < 15


def test_where_scores_run_through_all_may_be_false():
    scores = np.linspace(0, 1, 1000)
    assert most_false(scores, 0.6, 0.0) == (scores >= 0.6).sum()


def test_few_images_near_the_cutoff_allow_no_more_than_there_are_above():
    assert most_false(np.array([0.55, 0.7]), 0.6, 0.5) <= 1


def test_floor_has_to_be_below_the_cutoff():
    with pytest.raises(ValueError, match="not below"):
        most_false(np.array([0.7]), 0.5, 0.5)


@pytest.mark.parametrize("tail", [None, Exponential(1.0)])
@pytest.mark.parametrize("rate", [0.5, 3, 20])
def test_bound_holds_for_others_that_fall_off(rate, tail):
    """Whatever is above besides: here 100 images that show the concept."""
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        false = others(rng, rate)
        shown = rng.normal(5, 2, 100)
        bound = most_false(np.concatenate([false, shown]), 0.0, -6.0, tail)
        held += (false >= 0).sum() <= bound
    assert held >= 0.97 * 200


def test_a_tail_that_is_known_allows_fewer():
    rng = np.random.default_rng(4)
    scores = np.concatenate([others(rng, 10), rng.normal(20, 2, 300)])
    assert most_false(scores, 0.0, -6.0, Exponential(1.0)) < most_false(scores, 0.0, -6.0)


@pytest.mark.parametrize("found", [0.1, 0.3])
def test_bound_holds_where_a_search_found_only_a_share_of_what_is_below(found):
    """And all of what is above; taken for complete it would be bounded too low.

    Others are as dense up to 0.5 as below 0, which is as far as they may go.
    """
    rng = np.random.default_rng(6)
    held = {1.0: 0, found: 0}
    for _ in range(200):
        false = rng.uniform(-2.0, 0.5, rng.poisson(2000))
        below = false[(false < 0) & (rng.random(len(false)) < found)]
        seen = np.concatenate([below, false[false >= 0], rng.normal(8, 1, 500)])
        for recall in held:
            bound = most_false(seen, 0.0, -2.0, recall=recall)
            held[recall] += (false >= 0).sum() <= bound
    assert held[found] >= 0.97 * 200
    assert held[1.0] < 0.9 * 200


def test_where_nothing_is_known_of_what_is_below_all_may_be_false():
    assert most_false(np.array([0.1, 0.9, 0.95]), 0.6, 0.0, recall=0.0) == 2


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0.1, 0.9))
def test_never_more_than_there_are_above(scores, cutoff):
    known = np.array(scores)
    assert 0 <= most_false(known, cutoff, 0.0) <= (known >= cutoff).sum()
