"""Which samples are drawn to be labelled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.datasets.sample_keys import SampleSet, sample_keys
from audit.labels.sampling import BANDS, CaptionGroup, ListedSamples, draw_labels

CUTOFF, FLOOR = 0.6, 0.3


def group(named, first, scores):
    """Samples with keys from ``first`` on; those that score less than the floor have no score."""
    scores = np.asarray(scores, dtype=float)
    keys = np.arange(first, first + len(scores))
    known = scores >= FLOOR
    return CaptionGroup(named, ListedSamples(keys), keys[:0], keys[known], scores[known])


@pytest.fixture
def groups():
    rng = np.random.default_rng(0)
    named = group(True, 0, rng.uniform(0, 1, 500))
    unnamed = group(False, 1000, np.concatenate([rng.uniform(0, 0.5, 19_700), np.full(300, 0.8)]))
    return [named, unnamed]


def strata_of(draw):
    return {(s.named, s.band): s for s in draw.strata}


def test_every_band_of_both_groups_is_asked_about_and_most_far_below(groups):
    draw = draw_labels(groups, CUTOFF, 200)
    assert len(draw) == 200
    by_band = {band: sum(s.drawn for s in draw.strata if s.band == band) for band in BANDS}
    assert by_band == {"above": 40, "just below": 40, "far below": 120}
    assert all(s.drawn >= 5 for s in draw.strata)


def test_sizes_of_strata_are_those_of_the_groups(groups):
    draw = draw_labels(groups, CUTOFF, 200)
    for number, named in enumerate((True, False)):
        assert sum(s.size for s in draw.strata if s.named == named) == len(groups[number])
    strata = strata_of(draw)
    assert strata[True, "above"].size == (groups[0].score >= CUTOFF).sum()
    above = sum(s.size for s in draw.strata if s.above)
    near = sum(s.size for s in draw.strata if s.band == "just below")
    assert near == above


def test_a_drawn_sample_is_of_its_stratum(groups):
    draw = draw_labels(groups, CUTOFF, 300)
    assert len(np.unique(draw.key)) == 300
    lowest_near = min(draw.score[np.isfinite(draw.score)])
    for key, number, score in zip(draw.key, draw.stratum, draw.score, strict=True):
        stratum = draw.strata[number]
        mine = groups[0] if stratum.named else groups[1]
        assert (key < 500) == stratum.named
        found = np.flatnonzero(mine.key == key)
        known = mine.score[found[0]] if len(found) else 0.0
        if stratum.band == "far below":
            assert known < lowest_near
            assert np.isnan(score)
        else:
            assert score == known
            assert (score >= CUTOFF) == stratum.above


def test_mean_scores_are_of_all_samples_of_a_stratum(groups):
    strata = strata_of(draw_labels(groups, CUTOFF, 100))
    above = groups[0].score[groups[0].score >= CUTOFF]
    assert strata[True, "above"].mean_score == pytest.approx(above.mean())
    assert strata[False, "far below"].mean_score is None


def test_every_sample_of_a_stratum_is_as_likely_as_any_other():
    few = [group(True, 0, [0.9] * 10), group(False, 100, [0.1] * 40)]
    times = np.zeros(140)
    for seed in range(2000):
        times[draw_labels(few, CUTOFF, 20, seed).key] += 1
    for keys in (np.arange(10), np.arange(100, 140)):
        expected = times[keys].mean()
        assert np.abs(times[keys] - expected).max() < 5 * np.sqrt(expected)


def test_order_tells_nothing_of_strata(groups):
    draw = draw_labels(groups, CUTOFF, 200)
    first = np.bincount(draw.stratum[:100], minlength=6)
    assert (first >= 1).all()


def test_seed_decides(groups):
    one, same, other = (draw_labels(groups, CUTOFF, 50, seed).key.tolist() for seed in (1, 1, 2))
    assert one == same != other


def test_samples_outside_the_group_are_never_drawn():
    """The set holds both groups, as a set of a whole dataset does."""
    whole = SampleSet({0: 4000, 7: 1000})
    whole.add(sample_keys(0, np.arange(0, 4000, 2)))
    whole.add(sample_keys(7, np.arange(1000)))
    named = np.concatenate([sample_keys(0, np.arange(0, 4000, 4)), sample_keys(7, np.arange(990))])
    none = np.empty(0)
    unnamed = CaptionGroup(False, whole, named, named[:0], none)
    draw = draw_labels([unnamed], CUTOFF, 800)
    assert len(unnamed) == 1010
    assert len(draw) == 800
    assert not np.isin(draw.key, named).any()
    assert whole.holds(draw.key).all()
    everything = draw_labels([unnamed], CUTOFF, 5000)
    assert len(np.unique(everything.key)) == 1010


def test_nothing_to_draw_from():
    draw = draw_labels([group(True, 0, []), group(False, 0, [])], CUTOFF, 10)
    assert (len(draw), draw.strata) == (0, ())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1), max_size=80),
    st.lists(st.floats(0, 1), max_size=80),
    st.integers(0, 200),
)
def test_as_many_as_wanted_or_all(one, other, wanted):
    draw = draw_labels([group(True, 0, one), group(False, 1000, other)], CUTOFF, wanted)
    assert len(draw) == min(wanted, len(one) + len(other))
    assert len(np.unique(draw.key)) == len(draw)
    assert [s.drawn for s in draw.strata] == [
        int((draw.stratum == number).sum()) for number in range(len(draw.strata))
    ]
