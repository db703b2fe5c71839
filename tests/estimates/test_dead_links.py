"""Bounds for dead links: exact where all were looked for, and part of the draw where not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import hypergeom

from audit.estimates.dead_links import dead_link_bounds
from audit.estimates.prevalence import Estimate, estimate_total
from audit.estimates.rates import Bounded, Rate


def known(share: float) -> Bounded:
    return Bounded(share, share, share)


PERFECT = {"sensitivity": known(1), "false_positives": known(0)}


def test_without_dead_links_it_is_the_estimate():
    errors = {"sensitivity": Rate(19, 20), "false_positives": known(0.01)}
    assert dead_link_bounds(900, 300, 300, 40, **errors) == estimate_total(900, 300, 40, **errors)


def test_where_all_were_looked_for_the_dead_are_added_or_not():
    found = dead_link_bounds(1000, 1000, 700, 70, **PERFECT)
    assert found.value == pytest.approx(100)
    assert (found.low, found.high) == (70, 370)


def test_ends_of_a_perfect_classifier_are_those_of_the_draw():
    found = dead_link_bounds(10_000, 50, 35, 5, **PERFECT)

    def mid_p(total, seen):
        law = hypergeom(10_000, total, 50)
        return law.cdf(seen) - law.pmf(seen) / 2

    assert mid_p(found.low, 5) == pytest.approx(0.975, abs=2e-3)
    assert mid_p(found.high, 20) == pytest.approx(0.025, abs=2e-3)


def test_nothing_examined_leaves_everything_possible():
    assert dead_link_bounds(100, 50, 0, 0, **PERFECT) == Estimate(0, 0, 100)


def test_unknown_sensitivity_leaves_the_upper_end_open():
    found = dead_link_bounds(1000, 100, 70, 0, Rate(0, 0), known(0))
    assert (found.low, found.high) == (0, 1000)


def test_dead_links_are_not_taken_for_missed_as_often_as_the_living():
    """Half of the living that show it are missed, and none of the 300 dead among 1,000."""
    found = dead_link_bounds(10**7, 10**6, 7 * 10**5, 10_000, known(0.5), known(0))
    assert found.high == pytest.approx(10 * (300_000 + 20_000), rel=0.01)


def test_numbers_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match="examined"):
        dead_link_bounds(10, 5, 6, 1, **PERFECT)


@pytest.mark.parametrize("all_show_it", [True, False])
@pytest.mark.parametrize(("living", "hit"), [(0, 1.0), (500, 0.8)])
def test_the_end_holds_the_truth_as_often_as_it_says(all_show_it, living, hit):
    """Of 10,000 links 3,000 are dead; of the others ``living`` show it; 50 are looked for."""
    rng = np.random.default_rng(5)
    truth = living + 3000 * all_show_it
    beyond, rounds = 0, 250
    for _ in range(rounds):
        dead, shown, _ = rng.multivariate_hypergeometric([3000, living, 7000 - living], 50)
        above = int(rng.binomial(shown, hit))
        found = dead_link_bounds(10_000, 50, 50 - int(dead), above, known(hit), known(0))
        beyond += truth > found.high if all_show_it else truth < found.low
    # If 2.5 % are beyond, more than 13 of 250 are once in a hundred times.
    assert beyond <= 13
