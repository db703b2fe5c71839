"""What a search misses is measured by image: one is found if any of its references finds it."""

from __future__ import annotations

import numpy as np

from audit.estimates.prevalence import estimate_total
from audit.estimates.rates import Bounded, Product, Rate
from audit.vectors.exact import Matches
from audit.vectors.recall import SampledMatches


def sampled(*pairs):
    """Pairs of query, part, row, score and whether it was found."""
    query, part, row, score, found = zip(*pairs, strict=True)
    matches = Matches(
        np.array(query, np.int32), np.array(part, np.int32), np.array(row, np.int64),
        np.array(score, np.float64),
    )  # fmt: skip
    return SampledMatches(matches, np.array(found))


def test_image_is_one_trial_and_is_found_if_one_query_finds_it_above_the_cutoff():
    found = sampled(
        (0, 0, 7, 0.8, True),
        (1, 0, 7, 0.7, False),
        (2, 0, 7, 0.9, False),
        (0, 1, 7, 0.8, False),
        (1, 1, 7, 0.4, True),  # found, but not to reach the cut-off
        (0, 0, 9, 0.6, True),
    )
    recall = found.recall(0, 3, 0.6)
    assert recall.reached == Rate(2, 3)
    assert recall.near == Rate(0, 0)


def test_below_the_cutoff_an_image_has_to_be_found_with_its_score():
    found = sampled(
        (0, 0, 1, 0.5, True),
        (1, 0, 1, 0.4, False),
        (0, 0, 2, 0.5, False),
        (1, 0, 2, 0.4, True),
    )
    assert found.recall(0, 2, 0.6).near == Rate(1, 2)


def test_each_concept_is_measured_by_its_own_queries():
    found = sampled((0, 0, 1, 0.8, False), (1, 0, 1, 0.8, True), (2, 0, 1, 0.8, True))
    assert found.recall(0, 1, 0.6).reached == Rate(0, 1)
    assert found.recall(1, 3, 0.6).reached == Rate(1, 1)
    assert found.recall(3, 4, 0.6).reached == Rate(0, 0)


def test_pairs_that_are_missed_do_not_raise_the_count_if_every_image_is_found():
    """Of 5,000 images each is found by some of ten references; a tenth of the pairs is missed."""
    rng = np.random.default_rng(0)
    pairs = [
        (query, 0, image, 0.8, bool(hit))
        for image, hits in enumerate(rng.random((200, 10)) < 0.9)
        for query, hit in enumerate(hits)
    ]
    measured = sampled(*pairs)
    assert 0.88 < measured.found.mean() < 0.92
    recall = measured.recall(0, 10, 0.6)
    assert recall.reached == Rate(200, 200)
    certain = Bounded(1, 1, 1)
    estimate = estimate_total(10**6, 10**6, 5000, Product(certain, recall), Bounded(0, 0, 0))
    assert (estimate.value, estimate.low) == (5000, 5000)
    assert estimate.high < 5100
