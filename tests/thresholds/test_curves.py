"""Fits of all curves at once, against least squares done one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from audit.thresholds.curves import Curves, Grouping, Moments, bent_lines, s_curves, searched


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.fixture
def x(rng):
    return np.sort(np.log1p(np.rint(np.exp(rng.normal(5, 2, 60)))))


@pytest.fixture
def scores(x, rng):
    return 0.2 + 0.05 * x + rng.normal(0, 0.1, len(x))


def one_by_one(f, y, w):
    """Residual sum of squares of y = a + b f with b >= 0, weights w."""
    design = np.c_[np.ones_like(f), f] * np.sqrt(w)[:, None]
    (_, rise), *_ = np.linalg.lstsq(design, y * np.sqrt(w), rcond=None)
    if rise <= 0:
        mean = (w * y).sum() / w.sum()
        return (w * (y - mean) ** 2).sum()
    return (
        (design @ np.linalg.lstsq(design, y * np.sqrt(w), rcond=None)[0] - y * np.sqrt(w)) ** 2
    ).sum()


@pytest.mark.parametrize("family", [s_curves, bent_lines])
def test_every_curve_and_weighting_is_fitted_by_least_squares(family, x, scores, rng):
    grouping = Grouping(x)
    curves = family(grouping)
    weights = rng.multinomial(len(x), np.full(len(x), 1 / len(x)), 4).T.astype(float)
    moments = Moments(
        grouping.sums(weights),
        grouping.sums(weights * scores[:, None]),
        (weights * scores[:, None] ** 2).sum(axis=0),
    )
    rss = curves.rss(moments)
    for curve in rng.choice(len(curves), 60):
        f = grouping.spread(curves.values[:, curve])
        for at in range(4):
            expected = one_by_one(f, scores, weights[:, at])
            assert rss[curve, at] == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_curve_through_a_level_is_the_best_of_those_that_pass_it(x, scores, rng):
    grouping = Grouping(x)
    curves = s_curves(grouping)
    moments = grouping.moments(scores)
    at, level = 5.0, 0.45
    rss = curves.rss_through(moments, curves.at(at), level)[:, 0]
    for curve in rng.choice(np.flatnonzero(curves.scale > 0.2), 25):
        f = grouping.spread(curves.values[:, curve])
        here = curves.at(at)[curve]
        found = minimize(
            lambda rise, f=f, here=here: float(
                ((scores - level - abs(rise[0]) * (f - here)) ** 2).sum()
            ),
            [0.3],
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-12},
        )
        assert rss[curve] == pytest.approx(found.fun, rel=1e-5)
        assert rss[curve] >= curves.rss(moments)[curve, 0] - 1e-9


def test_with_known_ends_nothing_is_fitted(x, scores):
    grouping = Grouping(x)
    curves = s_curves(grouping, anywhere=True)
    rss = curves.rss_between(grouping.moments(scores), 0.1, 0.8)[:, 0]
    for curve in range(0, len(curves), 97):
        f = grouping.spread(curves.values[:, curve])
        assert rss[curve] == pytest.approx(((scores - 0.1 - 0.7 * f) ** 2).sum())


def test_falling_scores_are_not_fitted_by_a_rise(x):
    grouping = Grouping(x)
    moments = grouping.moments(-x)
    curves = s_curves(grouping)
    assert curves.rss(moments).min() == pytest.approx(float(moments.total[0]))


def test_a_step_rises_between_two_counts_and_is_told_by_the_upper_one(x):
    curves = s_curves(Grouping(x))
    steps = curves.select(curves.scale == 0)
    distinct = np.unique(x)
    for low, high, values in zip(steps.low, steps.high, steps.values.T, strict=True):
        assert distinct[values == 0].max() == low
        assert distinct[values == 1].min() == high
    assert (steps.centre == steps.high).all()


def test_centres_have_concepts_on_both_sides(x):
    low, high = searched(Grouping(x))
    curves = s_curves(Grouping(x))
    assert (x <= low).sum() >= 5
    assert (x >= high).sum() >= 5
    assert curves.low.min() >= low - 1e-9
    assert curves.high.max() <= high + 1e-9


def test_drawn_concepts_are_as_many_as_there_are(x, scores, rng):
    grouping = Grouping(x)
    moments = grouping.resampled(scores, 20, rng)
    assert moments.weight.sum(axis=0) == pytest.approx(np.full(20, len(x)))
    many = grouping.resampled(scores, 4000, rng)
    assert many.score.sum(axis=0).mean() / len(x) == pytest.approx(scores.mean(), abs=0.005)


def test_bent_lines_hold_the_straight_one_first(x):
    lines = bent_lines(Grouping(x))
    assert isinstance(lines, Curves)
    assert lines.values[:, 0] == pytest.approx(np.unique(x))
    assert (np.diff(lines.values, axis=0) >= 0).all()
