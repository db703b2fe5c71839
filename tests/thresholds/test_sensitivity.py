from __future__ import annotations

import numpy as np

from audit.thresholds import synthetic
from audit.thresholds.paper import paper_threshold
from audit.thresholds.sensitivity import PENALTIES, sensitivity


def test_the_published_penalty_is_among_those_asked(grid):
    series = synthetic.logistic(grid, 300, scale=0.5)
    said = sensitivity(series, np.random.default_rng(0))
    by_penalty = dict(said.by_penalty)
    assert [*by_penalty] == [*PENALTIES]
    for penalty in (0.3, 0.9, 3.0):
        assert by_penalty[penalty] == paper_threshold(series, penalty).threshold


def test_a_step_is_found_whatever_is_asked_and_a_line_is_not(grid):
    distinct = np.unique(grid)
    at = int(distinct[len(distinct) // 2])
    sharp = sensitivity(synthetic.step(grid, at, noise=0.02), np.random.default_rng(0))
    assert sharp.penalty_range == (at, at)
    assert sharp.half_none == 0
    assert at <= sharp.half_low <= sharp.half_high < at * 1.2
    straight = sensitivity(synthetic.line(grid, seed=3), np.random.default_rng(0))
    low, high = straight.penalty_range
    assert high > 2 * low or straight.half_none > 20


def test_flat_scores_have_no_change_in_any_half(grid):
    said = sensitivity(synthetic.flat(grid), np.random.default_rng(0))
    assert said.half_none == said.halves
    assert said.half_median is said.half_low is said.half_high is None
    assert said.to_dict()["halves"]["median"] is None
