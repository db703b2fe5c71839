"""Where a curve crosses a level: planted curves are found, and intervals hold them."""

from __future__ import annotations

import numpy as np
import pytest

from audit.thresholds import synthetic
from audit.thresholds.crossing import find_crossing
from audit.thresholds.curves import Grouping
from audit.thresholds.line_crossing import line_crossing


def crossing(series, level=None, seed=0, rounds=199, **options):
    return find_crossing(
        Grouping(series.log_counts),
        series.scores,
        level,
        rounds=rounds,
        rng=np.random.default_rng(seed),
        **options,
    )


@pytest.mark.parametrize("scale", [0.1, 0.5, 1.0])
def test_a_curve_without_noise_is_found_as_it_is(grid, scale):
    found = crossing(synthetic.logistic(grid, 300, scale=scale, noise=0))
    assert np.expm1(found.at) == pytest.approx(300, rel=2e-3)
    assert found.fit.scale == pytest.approx(scale, rel=0.02)
    assert found.fit.floor == pytest.approx(0.2, abs=2e-3)
    assert found.fit.plateau == pytest.approx(0.5, abs=2e-3)
    assert np.expm1([found.low, found.high]) == pytest.approx([300, 300], rel=0.03)


def test_a_step_is_the_count_of_the_first_concept_above_and_its_interval_is_the_gap(grid):
    distinct = np.unique(grid)
    at = distinct[len(distinct) // 2]
    found = crossing(synthetic.step(grid, at, noise=0))
    assert found.fit.scale == 0
    assert np.expm1(found.at) == pytest.approx(at)
    assert np.expm1(found.low) == pytest.approx(distinct[len(distinct) // 2 - 1])
    assert np.expm1(found.high) == pytest.approx(at)


def test_a_level_is_crossed_where_the_curve_says(grid):
    found = crossing(synthetic.logistic(grid, 300, scale=0.5, noise=0), level=0.3)
    expected = np.log1p(300) + 0.5 * np.log((0.3 - 0.2) / (0.5 - 0.3))
    assert found.at == pytest.approx(expected, abs=0.01)
    assert found.low <= found.at <= found.high


@pytest.mark.parametrize("level", [0.1, 0.6])
def test_a_level_beyond_floor_or_plateau_is_never_crossed(grid, level):
    found = crossing(synthetic.logistic(grid, 300, scale=0.3, noise=0.02), level=level)
    assert found.at is None
    assert found.low is None


def test_known_ends_are_taken_as_they_are(grid):
    series = synthetic.logistic(grid, 300, scale=3.0, low=0, high=1, noise=0.05)
    found = crossing(series, ends=(0.0, 1.0))
    assert (found.fit.floor, found.fit.plateau) == (0.0, 1.0)
    assert found.fit.scale == pytest.approx(3.0, rel=0.1)
    assert np.expm1(found.low) < 300 < np.expm1(found.high)


@pytest.mark.parametrize(
    ("make", "truth", "level"),
    [
        (lambda c, s: synthetic.logistic(c, 300, scale=0.1, seed=s), 300, None),
        (lambda c, s: synthetic.logistic(c, 300, scale=0.5, seed=s), 300, None),
        (lambda c, s: synthetic.logistic(c, 300, scale=0.5, seed=s), 211.85, 0.3),
    ],
    ids=["sharp", "gradual", "level"],
)
def test_intervals_hold_the_truth_in_about_95_percent(grid, make, truth, level):
    """So few series tell 95 % from 75 %; the simulation of the documentation tells the rest."""
    many = 40 if level is None else 25
    found = [crossing(make(grid, seed), level, seed, rounds=99) for seed in range(many)]
    held = [np.expm1(one.low) <= truth <= np.expm1(one.high) for one in found]
    assert np.mean(held) >= 0.86
    width = np.median([one.high - one.low for one in found])
    assert 0.02 < width < 0.8  # they hold it because they are right, not because they hold all
    assert np.median([np.expm1(one.at) for one in found]) == pytest.approx(truth, rel=0.1)


@pytest.mark.parametrize("level", [None, 0.3, 0.45])
def test_a_step_among_tied_counts_is_held_wherever_in_its_gap_it_is(level):
    """Likelihood ratios of drawn concepts tell too little here, and q may not be below 3.84."""
    counts = np.repeat([0, 1, 3, 10, 30, 100, 300, 1000, 3000], 15)
    held = []
    for seed in range(40):
        series = synthetic.step(counts, 55, seed=seed)
        found = crossing(series, level, seed, rounds=99)
        held.append([np.expm1(found.low) <= at <= np.expm1(found.high) for at in (31, 55, 99)])
    assert np.mean(held, axis=0).min() >= 0.85


def test_the_interval_ends_where_counts_end_and_says_so():
    counts = synthetic.count_grid(60, median=300, spread=0.4)
    found = crossing(synthetic.logistic(counts, 40, scale=1.0), level=0.45)
    assert found.open_low or found.open_high or found.at is None


def test_the_same_seed_gives_the_same_interval(grid):
    series = synthetic.logistic(grid, 300, scale=0.5)
    assert crossing(series, seed=4) == crossing(series, seed=4)
    assert crossing(series, seed=4).critical != crossing(series, seed=5).critical


def test_a_line_reaches_a_level_where_least_squares_says(grid):
    series = synthetic.line(grid, seed=2)
    x, y = series.log_counts, series.scores
    slope, floor = np.polyfit(x, y, 1)
    rng = np.random.default_rng(0)
    at, low, high = line_crossing(Grouping(x), y, 0.35, rounds=499, rng=rng)
    assert at == pytest.approx((0.35 - floor) / slope)
    # Fieller's interval, of which this one is the resampled kin.
    centred = x - x.mean()
    residual = y - floor - slope * x
    noise = residual.var(ddof=2)
    error = np.sqrt(noise / len(x) + noise * (at - x.mean()) ** 2 / (centred**2).sum()) / slope
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.25)


def test_a_falling_line_and_a_level_out_of_reach_are_not_crossed(grid):
    grouping = Grouping(np.log1p(grid))
    rng = np.random.default_rng(0)
    falling = -np.log1p(grid.astype(float))
    assert line_crossing(grouping, falling, -3.0, rounds=99, rng=rng) is None
    rising = synthetic.line(grid).scores
    assert line_crossing(grouping, rising, 0.9, rounds=99, rng=rng) is None
