"""How many images a search finds, by those of a sample: what is proven, and what is left open."""

from __future__ import annotations

import numpy as np

from audit.estimates.prevalence import estimate_total
from audit.estimates.rates import Bounded, Product, Rate
from audit.estimates.recall import SearchRecall

EVEN = (np.arange(4000) + 0.5) / 4000
CERTAIN = Bounded(1, 1, 1)
NO_FALSE = Bounded(0, 0, 0)


def test_enough_images_above_the_cutoff_are_all_it_rests_on():
    recall = SearchRecall(Rate(190, 200), Rate(10, 500))
    assert (recall.measured, recall.value) == (Rate(190, 200), 0.95)
    assert recall.interval() == Rate(190, 200).interval()


def test_few_are_helped_out_by_those_near_it_at_the_lower_end_only():
    recall = SearchRecall(Rate(4, 4), Rate(294, 296))
    assert recall.measured == Rate(298, 300)
    low, high = recall.interval()
    assert low > 0.97
    assert high == 1
    assert np.array_equal(recall.draws(EVEN, "large"), Rate(4, 4).draws(EVEN, "large"))
    assert np.array_equal(recall.draws(EVEN, "small"), Rate(298, 300).draws(EVEN, "small"))


def test_without_a_trial_nothing_is_corrected_and_anything_possible():
    recall = SearchRecall(Rate(0, 0), Rate(0, 0))
    assert (recall.value, recall.interval(), recall.least_near) == (1, (0, 1), 0)
    estimate = estimate_total(1000, 1000, 30, Product(CERTAIN, recall), NO_FALSE)
    assert (estimate.value, estimate.low, estimate.high) == (30, 30, 1000)


def test_interval_of_a_count_holds_the_truth_where_high_scores_are_found_more_often():
    """2,000 of 100,000 images show it; 5 % of all were sampled, about 100 that reach the cut-off."""
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(300):
        reached, near = rng.binomial(2000, 0.05), rng.binomial(4000, 0.05)
        recall = SearchRecall(
            Rate(int(rng.binomial(reached, 0.95)), int(reached)),
            Rate(int(rng.binomial(near, 0.85)), int(near)),
        )
        above = int(rng.binomial(2000, 0.95))
        estimate = estimate_total(100_000, 100_000, above, Product(CERTAIN, recall), NO_FALSE)
        held += estimate.low <= 2000 <= estimate.high
    assert held >= 0.93 * 300
