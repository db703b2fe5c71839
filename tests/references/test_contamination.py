"""Images of the concept in the background are told from others, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from audit.references.contamination import without_concept


@pytest.mark.parametrize("share", [0.0005, 0.006, 0.02, 0.05])
def test_a_cluster_beyond_a_gap_is_left_out(share):
    rng = np.random.default_rng(0)
    others = rng.normal(0.2, 0.08, 20_000)
    concept = rng.normal(0.8, 0.03, round(share * len(others)))
    kept = without_concept(np.concatenate([others, concept]))
    assert kept.max() < 0.7
    assert len(others) - len(kept) <= 0.003 * len(others)


@pytest.mark.parametrize("shape", ["normal", "exponential", "heavy"])
def test_scores_that_fall_off_are_left_alone(shape):
    dropped = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        scores = {
            "normal": rng.normal(0.2, 0.1, 5000),
            "exponential": rng.exponential(0.1, 5000),
            "heavy": rng.pareto(5, 5000) * 0.1,
        }[shape]
        dropped += 5000 - len(without_concept(scores))
    assert dropped <= 2 * 50


def test_where_the_concept_is_not_told_from_others_nothing_is_left_out():
    rng = np.random.default_rng(1)
    scores = np.concatenate([rng.normal(0.2, 0.1, 5000), rng.normal(0.35, 0.1, 50)])
    assert len(without_concept(scores)) == len(scores)


def test_scores_that_are_all_alike_are_left_alone():
    assert len(without_concept(np.full(1000, 0.5))) == 1000
