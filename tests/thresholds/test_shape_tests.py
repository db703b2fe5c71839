"""Three stories without a threshold: refused where they are false, and not where they are true."""

from __future__ import annotations

import numpy as np
import pytest

from audit.thresholds import synthetic
from audit.thresholds.curves import Grouping
from audit.thresholds.series import series_of
from audit.thresholds.shape_tests import shape_tests

STORIES = ("flat", "line", "bent line")


def run_tests(series, seed=0, rounds=99):
    return shape_tests(
        Grouping(series.log_counts), series.scores, rounds=rounds, rng=np.random.default_rng(seed)
    )


def refused(series, seed=0):
    return [test.refused for test in run_tests(series, seed).tests]


@pytest.fixture(scope="module")
def few():
    return synthetic.count_grid(150, median=300, spread=2.2)


def test_a_rise_between_plateaus_refuses_all_stories(grid):
    assert refused(synthetic.logistic(grid, 300, scale=0.5)) == [True, True, True]
    assert refused(synthetic.step(grid, 112)) == [True, True, True]


@pytest.mark.parametrize(
    ("make", "story"),
    [
        (lambda counts, seed: synthetic.flat(counts, seed=seed), "flat"),
        (lambda counts, seed: synthetic.line(counts, seed=seed), "line"),
        (lambda counts, seed: _flat_then_rising(counts, seed), "bent line"),
    ],
    ids=STORIES,
)
def test_a_true_story_is_refused_in_about_one_of_twenty(few, make, story):
    """Eighty series: more than 12 of them would be one chance in 700 if it were 5 %."""
    refusals = sum(run_tests(make(few, seed), seed).of(story).refused for seed in range(80))
    assert refusals <= 12


def _flat_then_rising(counts, seed):
    curve = 0.2 + 0.06 * np.maximum(np.log1p(counts) - np.log1p(400), 0)
    return series_of(counts, curve + np.random.default_rng(seed).normal(0, 0.1, len(counts)))


def test_noise_that_grows_with_the_count_is_no_threshold(few):
    """Where residuals were shuffled instead of given signs, this would be refused too often."""
    x = np.log1p(few)
    share = (x - x.min()) / np.ptp(x)
    refused = []
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(0, 1, len(few)) * (0.04 + 0.2 * share**2)
        rising = run_tests(series_of(few, 0.2 + 0.3 * share + noise), seed)
        level = run_tests(series_of(few, 0.2 + noise), seed)
        refused.append([rising.of("line").refused, level.of("flat").refused])
    assert np.sum(refused, axis=0).max() <= 10


def test_the_detectable_step_is_seen_in_about_four_of_five_cases(few):
    height = run_tests(synthetic.flat(few)).detectable
    middle = np.median(few)
    seen = [
        run_tests(synthetic.step(few, middle, low=0.2, high=0.2 + height, seed=seed), seed)
        .of("flat")
        .refused
        for seed in range(60)
    ]
    assert 0.6 <= np.mean(seen) <= 0.95


def test_power_is_told_only_of_lines_that_are_not_refused(grid, few):
    straight = run_tests(synthetic.line(grid))
    assert straight.of("line").power == pytest.approx(1.0, abs=0.02)
    assert run_tests(synthetic.step(grid, 112)).of("line").power is None
    weak = run_tests(synthetic.line(few[::5], noise=0.3))
    assert weak.of("line").power < 0.5


def test_noise_is_the_scatter_around_the_curve(grid):
    assert run_tests(synthetic.logistic(grid, 300, scale=0.5, noise=0.07)).noise == pytest.approx(
        0.07, rel=0.1
    )


def test_falling_scores_are_not_taken_for_a_rise(grid):
    series = synthetic.logistic(grid, 300, scale=0.5, low=0.5, high=0.2)
    assert not run_tests(series).of("flat").refused
