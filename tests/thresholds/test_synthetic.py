from __future__ import annotations

import numpy as np
import pytest

from audit.thresholds import synthetic


def test_counts_are_log_normal_around_their_median():
    counts = synthetic.count_grid(4000, median=300, spread=2.0)
    assert np.median(counts) == pytest.approx(300, rel=0.1)
    assert np.log(counts[counts > 0]).std() == pytest.approx(2.0, rel=0.1)
    assert (np.diff(counts) >= 0).all()


def test_curves_are_what_they_are_called():
    counts = np.arange(0, 2001)
    assert (synthetic.flat(counts, noise=0).scores == 0.3).all()
    line = synthetic.line(counts, noise=0)
    assert np.polyfit(line.log_counts, line.scores, 1, full=True)[1] == pytest.approx([0], abs=1e-9)
    step = synthetic.step(counts, 112, noise=0)
    assert step.counts[step.scores == 0.5].min() == 112
    curve = synthetic.logistic(counts, 300, scale=0.5, noise=0)
    assert curve.scores[300] == pytest.approx(0.35)
    tenth, nine_tenths = 0.2 + 0.03, 0.5 - 0.03
    between = (curve.scores > tenth) & (curve.scores < nine_tenths)
    rise = (1 + curve.counts[between].max()) / (1 + curve.counts[between].min())
    assert rise == pytest.approx(np.exp(4.39 * 0.5), rel=0.05)


def test_noise_is_as_wide_as_asked_and_follows_the_seed():
    counts = synthetic.count_grid(5000)
    assert synthetic.flat(counts, noise=0.07).scores.std() == pytest.approx(0.07, rel=0.05)
    assert (synthetic.flat(counts, seed=1).scores == synthetic.flat(counts, seed=1).scores).all()
    assert (synthetic.flat(counts, seed=1).scores != synthetic.flat(counts, seed=2).scores).any()
