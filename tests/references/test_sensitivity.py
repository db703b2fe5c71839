"""How many images of a concept references find, by how many of each other they find."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.estimates.prevalence import estimate_total
from audit.estimates.rates import Bounded, Rate
from audit.references.sensitivity import FoundReferences

EVEN = (np.arange(4000) + 0.5) / 4000
counts = st.integers(2, 60).flatmap(
    lambda n: st.builds(FoundReferences, st.integers(0, n), st.just(n), st.booleans())
)


def test_value_is_the_share_found():
    assert FoundReferences(9, 12).value == 0.75


def test_none_found_is_half_of_one():
    assert FoundReferences(0, 10).value == 0.05


def test_references_that_cannot_tell_assume_no_miss_and_allow_for_any():
    nothing = FoundReferences(0, 0)
    assert (nothing.value, nothing.known, nothing.interval()) == (1, False, (0, 1))
    assert set(nothing.draws(EVEN, "small")) == {0.0}
    assert set(nothing.draws(EVEN, "large")) == {1.0}


@pytest.mark.parametrize(("found", "references"), [(3, 2), (-1, 2), (1, 1), (0, 1)])
def test_impossible_counts_are_refused(found, references):
    with pytest.raises(ValueError, match="references"):
        FoundReferences(found, references)


def test_small_values_are_those_of_half_as_many_trials():
    drawn = FoundReferences(9, 12).draws(EVEN, "small")
    assert np.array_equal(drawn, Rate(4.5, 6).draws(EVEN, "small"))


def test_up_to_three_that_no_other_finds_do_not_prove_a_miss():
    for missed in range(4):
        assert FoundReferences(20 - missed, 20).draws(EVEN, "large").min() == 1
    assert FoundReferences(16, 20).draws(EVEN, "large").min() < 1


def test_one_missed_of_a_mean_is_a_miss():
    assert FoundReferences(19, 20, best=False).draws(EVEN, "large").min() < 1


def test_few_references_leave_a_wide_interval_that_narrows():
    widths = []
    for n in (2, 4, 10, 40, 200):
        low, high = FoundReferences(n, n).interval()
        assert high == 1
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 0.7
    assert widths[-1] < 0.05


@given(counts)
def test_interval_holds_the_value(sensitivity):
    low, high = sensitivity.interval()
    assert 0 <= low <= sensitivity.value <= high + 1e-9
    assert high <= 1


@given(counts)
def test_draws_are_shares(sensitivity):
    for side in ("small", "large"):
        drawn = sensitivity.draws(EVEN[::40], side)
        assert ((drawn >= 0) & (drawn <= 1)).all()


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def modes(rng):
    """A concept that shows in ways that have little in common, some of them rare."""
    centres = unit(rng.standard_normal((12, 64)))
    weights = 1 / np.arange(1, 13)

    def images(count):
        which = rng.choice(12, count, p=weights / weights.sum())
        return unit(0.8 * centres[which] + 0.6 * unit(rng.standard_normal((count, 64))))

    return images


def one_look(rng):
    centre = unit(rng.standard_normal(64))
    return lambda count: unit(0.8 * centre + 0.6 * unit(rng.standard_normal((count, 64))))


@pytest.mark.parametrize("concept", [one_look, modes])
@pytest.mark.parametrize("best", [True, False])
@pytest.mark.parametrize("references", [3, 8, 20])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_counts_corrected_by_it_hold_the_truth(concept, best, references, share):
    """Of 300 images of a concept those near drawn references are counted; nothing is false."""
    rng = np.random.default_rng(7)

    def score(images, by):
        similarity = images @ by.T
        return similarity.max(axis=1) if best else similarity.mean(axis=1)

    usual = []
    for _ in range(20):
        images = concept(rng)
        usual.append(score(images(200), images(references)))
    cutoff = np.quantile(np.concatenate(usual), 1 - share)
    held, rounds = 0, 60
    for _ in range(rounds):
        images = concept(rng)
        by = images(references)
        above = int((score(images(300), by) >= cutoff).sum())
        similarity = by @ by.T
        if best:
            np.fill_diagonal(similarity, -1)
            own = similarity.max(axis=1)
        else:
            own = (similarity.sum(axis=1) - 1) / (references - 1)
        found = FoundReferences(int((own >= cutoff).sum()), references, best)
        estimate = estimate_total(50_000, 50_000, above, found, Bounded(0, 0, 0))
        held += estimate.low <= 300 <= estimate.high
    # By chance alone 53 of 60 or fewer happen once in a hundred times if 95 % hold.
    assert held >= 53
