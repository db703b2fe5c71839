"""Intervals of proportions: published values and simulated coverage."""

from __future__ import annotations

import random

import pytest

from audit.estimates.intervals import wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe 1998, table I, method 3 (score without continuity correction)
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_values_are_reproduced(successes, trials, low, high):
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (-1, 5), (6, 5)])
def test_what_is_no_proportion_is_refused(successes, trials):
    with pytest.raises(ValueError, match="no proportion"):
        wilson(successes, trials)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_interval_holds_the_truth_about_95_times_in_100(share):
    rng = random.Random(0)
    held = 0
    for _ in range(2000):
        low, high = wilson(sum(rng.random() < share for _ in range(100)), 100)
        held += low <= share <= high
    assert 0.93 <= held / 2000 <= 0.97
