"""Tails of scores, against distributions of which the tail is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import expon, genpareto, norm

from audit.references.tail import LEAST_BACKGROUND, Tail, fit_tail


def quantiles(law, count=200_000):
    """A sample without chance: every quantile once."""
    return law.ppf((np.arange(count) + 0.5) / count)


@pytest.mark.parametrize("law", [expon(scale=0.1), genpareto(0.2, scale=0.05)])
def test_generalised_pareto_tails_are_found_exactly(law):
    tail = fit_tail(quantiles(law))
    for share in (1e-3, 1e-4, 1e-5, 1e-6):
        assert tail.score_exceeded_by(share) == pytest.approx(law.isf(share), rel=0.01)
        assert tail.exceeded_by(law.isf(share)) == pytest.approx(share, rel=0.05)


@pytest.mark.parametrize("aimed", [1e-3, 1e-4, 1e-5, 1e-6])
def test_normal_scores_exceed_it_about_as_often_as_aimed_at(aimed):
    """Their tail is no generalised Pareto one; far out the error stays within a factor of two."""
    law = norm(0.2, 0.1)
    actual = law.sf(fit_tail(quantiles(law)).score_exceeded_by(aimed))
    assert aimed / 2 < actual < 2 * aimed


def test_score_and_share_are_inverse():
    tail = Tail(0.4, 0.03, 0.05, 0.1)
    for share in (0.02, 1e-3, 1e-6):
        assert tail.exceeded_by(tail.score_exceeded_by(share)) == pytest.approx(share)


def test_exponential_tail_without_shape():
    tail = Tail(0.4, 0.03, 0.05, 0.0)
    assert tail.exceeded_by(0.45) == pytest.approx(0.03 / np.e)
    assert tail.score_exceeded_by(0.03 / np.e) == pytest.approx(0.45)


def test_nothing_exceeds_the_end_of_a_tail_that_has_one():
    tail = Tail(0.4, 0.03, 0.05, -0.1)
    assert tail.exceeded_by(0.4 + 0.05 / 0.1 + 0.01) == 0


@pytest.mark.parametrize("shape", [-0.1, 0.0, 0.2])
def test_mean_excess_is_that_of_drawn_scores(shape):
    tail = Tail(0.0, 1.0, 0.05, shape)
    drawn = quantiles(genpareto(shape, scale=0.05), 1_000_000)
    for score in (0.0, 0.05, 0.1):
        beyond = drawn[drawn > score] - score
        assert tail.mean_excess(score) == pytest.approx(beyond.mean(), rel=0.02)


def test_few_scores_tell_no_tail():
    with pytest.raises(ValueError, match="do not tell"):
        fit_tail(np.zeros(LEAST_BACKGROUND - 1))


def test_scores_that_are_all_alike_have_a_tail_nonetheless():
    tail = fit_tail(np.full(LEAST_BACKGROUND, 0.5))
    assert tail.score_exceeded_by(1e-5) == pytest.approx(0.5, abs=1e-6)
