"""Which samples a person should look at."""

from __future__ import annotations

import numpy as np
import pytest

from audit.counts.sheet_groups import ABOVE, BELOW, MATCHES, NAMED, UNNAMED, choose_groups

SCORE = np.array([0.50, 0.95, 0.40, 0.61, 0.60, 0.70, 0.59, 0.80])
IS_NAMED = np.array([1, 1, 1, 0, 1, 0, 0, 1], dtype=bool)


def test_groups_at_the_cutoff_hold_the_nearest_first_and_a_tie_is_above():
    groups = choose_groups(SCORE, IS_NAMED, 0.60, each=2, seed=0)
    assert groups[ABOVE].tolist() == [4, 3]
    assert groups[BELOW].tolist() == [6, 0]


def test_random_matches_are_told_apart_by_caption_and_ordered_by_score():
    groups = choose_groups(SCORE, IS_NAMED, 0.60, each=9, seed=0)
    assert list(groups) == [ABOVE, BELOW, NAMED, UNNAMED]
    assert groups[NAMED].tolist() == [1, 7, 4]
    assert groups[UNNAMED].tolist() == [5, 3]


def test_without_captions_there_is_one_random_group():
    groups = choose_groups(SCORE, None, 0.60, each=9, seed=0)
    assert list(groups) == [ABOVE, BELOW, MATCHES]
    assert groups[MATCHES].tolist() == [1, 7, 5, 3, 4]


def test_every_match_has_the_same_chance():
    score = np.linspace(0, 1, 20)
    named = np.arange(20) % 2 == 0
    drawn = np.zeros(20)
    runs = 4000
    for seed in range(runs):
        groups = choose_groups(score, named, 0.5, each=2, seed=seed)
        drawn[groups[NAMED]] += 1
        drawn[groups[UNNAMED]] += 1
    assert drawn[score < 0.5].sum() == 0
    # 2 of 5 each; four standard deviations of a share over so many runs are 0.031.
    assert drawn[score >= 0.5] / runs == pytest.approx(np.full(10, 0.4), abs=0.031)


def test_a_seed_gives_the_same_sample_again_and_another_seed_another():
    score, named = np.linspace(0, 1, 500), np.ones(500, dtype=bool)
    once, again, other = (
        choose_groups(score, named, 0.2, each=10, seed=seed)[NAMED].tolist() for seed in (5, 5, 6)
    )
    assert once == again
    assert once != other


def test_nothing_scored_gives_empty_groups():
    groups = choose_groups(np.empty(0), np.empty(0, dtype=bool), 0.6, each=5, seed=0)
    assert [len(members) for members in groups.values()] == [0, 0, 0, 0]
