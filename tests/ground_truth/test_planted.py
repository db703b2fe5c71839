"""Indirect exposure: 300 pictures of a concept in 8,101 others, 120 of them without its name."""

from __future__ import annotations

import pytest

from tests.collections.answers import Answer, ask
from tests.collections.planted import PLANTED, PLANTED_PART, REFERENCES, UNNAMED


@pytest.fixture(scope="module")
def answer(planted) -> Answer:
    return ask(planted, REFERENCES)[0]


def test_those_that_name_it_are_counted_exactly_by_caption(answer):
    assert answer.count.named.population == PLANTED - UNNAMED


def test_those_that_name_it_and_show_it_are_within_the_interval(answer):
    assert answer.named_holds


def test_those_that_never_name_it_are_found_within_the_stated_error(answer):
    estimate = answer.count.unnamed.estimate
    assert estimate.low <= UNNAMED <= estimate.high
    assert estimate.low > UNNAMED / 2, "the interval says little"
    assert estimate.high < 2 * UNNAMED, "the interval says little"


def test_most_of_the_planted_pictures_are_above_the_cutoff_and_hardly_anything_else(answer):
    found = answer.count.scored
    is_planted = found.part[found.above] == PLANTED_PART
    assert is_planted.sum() > 0.7 * PLANTED
    assert (~is_planted).sum() < 0.05 * PLANTED
