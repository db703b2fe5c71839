"""Five shapes, compared on concepts that they have not seen."""

from __future__ import annotations

import numpy as np
import pytest

from audit.thresholds import synthetic
from audit.thresholds.candidates import candidates
from audit.thresholds.curves import Grouping


def compared(series, level=None, seed=0, **options):
    grouping = Grouping(series.log_counts)
    made = candidates(grouping, series.scores, level, np.random.default_rng(seed), **options)
    return {one.shape: one for one in made}


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (synthetic.flat, "flat"),
        (synthetic.line, "line"),
        (lambda counts: synthetic.step(counts, 112), "step"),
        (lambda counts: synthetic.logistic(counts, 300, scale=0.6), "logistic"),
    ],
    ids=["flat", "line", "step", "logistic"],
)
def test_the_true_shape_foretells_best_or_as_well(grid, make, shape):
    said = compared(make(grid))
    assert {*said} == {"flat", "line", "step", "isotonic", "logistic"}
    assert said[shape].behind <= 2 * said[shape].behind_error + 1e-12
    assert said[shape].error == pytest.approx(0.1, rel=0.12)


def test_errors_are_those_of_concepts_left_out(grid):
    """Of a flat line they follow in closed form: the variance, and the error of the mean."""
    series = synthetic.flat(grid)
    expected = series.scores.var(ddof=1) * (1 + 1 / (0.9 * len(series)))
    assert compared(series)["flat"].error ** 2 == pytest.approx(expected, rel=0.01)


def test_crossings_agree_where_the_truth_is_sharp(grid):
    distinct = np.unique(grid)
    at = int(distinct[len(distinct) // 2])
    said = compared(synthetic.step(grid, at, noise=0.02))
    for shape in ("step", "logistic", "isotonic"):
        assert said[shape].crossing == pytest.approx(at, rel=0.03)
    assert said["line"].crossing is None
    assert said["flat"].crossing is None


def test_a_given_level_is_reached_by_a_line_too(grid):
    said = compared(synthetic.line(grid, noise=0.01), level=0.35)
    half = np.expm1((np.log1p(grid.max()) + np.log1p(grid.min())) / 2)
    assert said["line"].crossing == pytest.approx(half, rel=0.05)
    assert compared(synthetic.line(grid), level=2.0)["line"].crossing is None


def test_known_ends_hold_for_the_logistic_curve(grid):
    said = compared(synthetic.logistic(grid, 300, scale=2.0, low=0, high=1), 0.5, ends=(0.0, 1.0))
    curve = said["logistic"].curve
    assert curve.min() >= 0
    assert curve.max() <= 1
    assert said["logistic"].crossing == pytest.approx(300, rel=0.3)


def test_an_isotonic_curve_never_falls(grid):
    curve = compared(synthetic.flat(grid))["isotonic"].curve
    assert (np.diff(curve) >= -1e-12).all()
