"""The published rule, against planted steps and a brute-force optimal partition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.thresholds import synthetic
from audit.thresholds.paper import change_points, optimal_changes, paper_threshold
from audit.thresholds.series import series_of


def brute_force(scores, penalty):
    """Where segments begin in the cheapest of all partitions, by O(n²) dynamic programming."""
    best, cut = [0.0], [0]
    for end in range(1, len(scores) + 1):
        costs = []
        for start in range(end):
            segment = scores[start:end]
            spread = float(((segment - segment.mean()) ** 2).sum())
            costs.append(best[start] + spread + (penalty if start else 0.0))
        best.append(min(costs))
        cut.append(int(np.argmin(costs)))
    changes, end = [], cut[-1]
    while end:
        changes.append(end)
        end = cut[end]
    return changes[::-1], best[-1]


def cost(scores, changes, penalty):
    parts = np.split(scores, changes)
    return sum(float(((p - p.mean()) ** 2).sum()) for p in parts) + penalty * len(changes)


@pytest.mark.parametrize("planted", [112, 391, 360])
def test_a_step_planted_at_a_published_threshold_is_found_to_the_digit(artists, planted):
    said = paper_threshold(synthetic.step(artists, planted, noise=0))
    assert said.threshold == planted
    assert (said.mean_before, said.mean_after) == (pytest.approx(0.2), pytest.approx(0.5))
    assert [point.count for point in said.change_points] == [planted]


@pytest.mark.parametrize("seed", range(30))
def test_equals_a_brute_force_optimal_partition(seed):
    rng = np.random.default_rng(seed)
    scores = np.repeat(rng.random(6), rng.integers(4, 20, 6)) + rng.normal(0, 0.1, 1)[0]
    scores = scores + rng.normal(0, 0.15, len(scores))
    penalty = float(rng.choice([0.1, 0.3, 0.9]))
    expected, least = brute_force(scores, penalty)
    assert change_points(scores, penalty) == expected
    assert optimal_changes(scores, penalty) == expected
    assert cost(scores, expected, penalty) == pytest.approx(least)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1, 1, width=16), min_size=2, max_size=30), st.sampled_from([0.05, 0.3, 0.9])
)
def test_our_own_programme_costs_no_more_than_brute_force(scores, penalty):
    values = np.asarray(scores)
    _, least = brute_force(values, penalty)
    assert cost(values, optimal_changes(values, penalty), penalty) == pytest.approx(least, abs=1e-9)


def test_only_the_first_change_is_the_threshold_and_all_are_told():
    counts = np.arange(90)
    scores = np.repeat([0.0, 1.0, 3.0], 30)
    said = paper_threshold(series_of(counts, scores))
    assert said.threshold == 30
    assert [point.count for point in said.change_points] == [30, 60]
    # As the published script averages: everything behind the first change.
    assert said.mean_after == pytest.approx(2.0)


def test_concepts_of_equal_count_stand_in_the_order_of_their_names():
    names = ["b", "a", "d", "c", "e", "f"]
    counts = [5, 5, 5, 5, 1, 9]
    scores = [0.9, 0.1, 3.0, 2.0, 0.0, 3.0]
    forward = series_of(counts, scores, names)
    backward = series_of(counts[::-1], scores[::-1], names[::-1])
    assert forward.concepts == backward.concepts == ("e", "a", "b", "c", "d", "f")
    assert paper_threshold(forward) == paper_threshold(backward)


def test_outliers_are_above_four_times_the_mean_before():
    scores = np.r_[np.full(40, 0.1), np.full(40, 0.9)]
    scores[7], scores[9] = 0.85, 0.3
    said = paper_threshold(series_of(np.arange(80), scores))
    assert said.threshold == 40
    assert [(name, count) for name, count, _ in said.outliers] == [("concept 0008", 7)]


def test_without_a_change_there_is_no_threshold():
    said = paper_threshold(series_of(range(50), np.full(50, 0.4)))
    assert said.threshold is None
    assert said.mean_after is None
    assert said.change_points == said.outliers == ()


def test_one_concept_has_no_change():
    assert paper_threshold(series_of([3], [0.1])).threshold is None


def test_it_answers_where_there_is_no_threshold(artists):
    said = [paper_threshold(synthetic.line(artists, seed=seed)).threshold for seed in range(8)]
    found = [one for one in said if one is not None]
    assert len(found) >= 6
    assert 30 < np.median(found) < 700
