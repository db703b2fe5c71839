"""Fifty concepts of each collection, counted with references that are not in the dataset."""

from __future__ import annotations

import pytest

from audit.counts.matching import VisualSettings
from tests.collections.answers import Answer, ask, share

#: A 95 % interval misses more than 5 of 50 in 4 % of all cases, if errors are independent.
LEAST_HELD = 0.9

#: The encoder tells apart what emoji show; what one person drew for a subject it hardly does.
LEAST_TELLING = {"emoji": 8, "openclipart": 2}


@pytest.fixture(scope="module")
def answers(scenario) -> list[Answer]:
    return ask(scenario, 10)


def told(answers: list[Answer]) -> str:
    return "; ".join(str(answer) for answer in answers if not answer.total_holds)


def test_intervals_hold_the_true_count(answers):
    assert share(answers, "total_holds") >= LEAST_HELD, told(answers)


def test_intervals_hold_the_true_count_of_those_that_name_it_and_of_those_that_do_not(answers):
    assert share(answers, "named_holds") >= LEAST_HELD
    assert share(answers, "unnamed_holds") >= LEAST_HELD


def test_three_references_are_enough_for_an_honest_interval(scenario):
    answers = ask(scenario, 3)
    assert share(answers, "total_holds") >= LEAST_HELD, told(answers)


def test_intervals_hold_where_only_a_random_sample_has_images(sampled):
    answers = ask(sampled, 10, VisualSettings(design="random"))
    assert share(answers, "total_holds") >= LEAST_HELD, told(answers)


def test_what_the_encoder_knows_is_counted_to_within_a_third(collection, answers):
    telling = [answer for answer in answers if answer.is_telling]
    assert len(telling) >= LEAST_TELLING[collection.name]
    assert sorted(answer.error for answer in telling)[len(telling) // 2] < 1 / 3


def test_where_references_do_not_find_each_other_nothing_is_ruled_out(answers):
    weak = [
        answer
        for answer in answers
        if not (answer.count.references.own_scores("max") >= answer.count.cutoff.value).any()
    ]
    assert weak, "the encoder knows all of these concepts: this test needs weaker ones"
    for answer in weak:
        population = answer.count.named.population + answer.count.unnamed.population
        assert answer.count.total.high == population


def test_the_named_stratum_is_what_captions_say(scenario, answers):
    for answer in answers:
        # Captions of other pictures may name it too.
        assert answer.count.named.population >= len(answer.truth.named)
        assert answer.count.named.population + answer.count.unnamed.population == (
            scenario.dataset.coverage.rows
        )
