"""Cut-offs: calibrated on other images, and what a reader is told of the references."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from audit.counts.strata import estimate_stratum
from audit.errors import UsageError
from audit.references.background import background_scores
from audit.references.cutoffs import calibrate, fixed
from audit.references.tail import LEAST_BACKGROUND


def background(world, references, count=20_000, statistic="max"):
    return background_scores(references, world.others(count), statistic)


@pytest.mark.parametrize("statistic", ["max", "mean"])
@pytest.mark.parametrize("references", [1, 2, 5, 30])
def test_false_positives_are_not_more_than_aimed_at_however_many_references(
    world, statistic, references
):
    asked = world.references(world.images(references))
    cutoff = calibrate(
        asked, background(world, asked, statistic=statistic), per_million=200, statistic=statistic
    )
    others = background_scores(asked, world.others(200_000), statistic)
    assert 2 <= (others.scores >= cutoff.value).sum() <= 60
    low, high = cutoff.interval
    assert low <= cutoff.value <= high


def test_fewer_false_positives_need_a_higher_cutoff(world):
    asked = world.references(world.images(5))
    scores = background(world, asked)
    values = [calibrate(asked, scores, per_million=p).value for p in (1000, 100, 10, 1)]
    assert values == sorted(values)
    assert len(set(values)) == 4


def test_images_of_the_concept_in_the_background_do_not_move_it(world):
    asked = world.references(world.images(8))
    others = world.others(20_000)
    with_concept = np.concatenate([others, world.images(200)])
    clean = calibrate(asked, background_scores(asked, others, "max"), per_million=50)
    mixed = calibrate(asked, background_scores(asked, with_concept, "max"), per_million=50)
    assert mixed.value == pytest.approx(clean.value, abs=0.03)
    assert 190 <= mixed.left_out <= 230


def test_sensitivity_is_what_references_find_of_each_other(world):
    asked = world.references(world.images(9), world.others(1))
    cutoff = calibrate(asked, background(world, asked), per_million=50)
    assert cutoff.sensitivity.references == 10
    assert cutoff.sensitivity.value == 0.9


def test_same_seed_same_interval(world):
    asked = world.references(world.images(5))
    scores = background(world, asked)
    assert calibrate(asked, scores, per_million=50) == calibrate(asked, scores, per_million=50)


def test_too_small_a_background_is_refused(world):
    asked = world.references(world.images(5))
    with pytest.raises(UsageError, match="too few to calibrate") as error:
        calibrate(asked, background(world, asked, LEAST_BACKGROUND - 1), per_million=50)
    assert "--cutoff" in error.value.hint


@pytest.mark.parametrize("per_million", [0, 30_000, 2e6])
def test_impossible_aims_are_refused(world, per_million):
    asked = world.references(world.images(5))
    with pytest.raises(UsageError, match="cannot be aimed at"):
        calibrate(asked, background(world, asked), per_million=per_million)


def test_references_that_cohere_are_not_warned_of(world):
    asked = world.references(world.images(8))
    assert calibrate(asked, background(world, asked), per_million=50).warnings == ()


@pytest.mark.parametrize("statistic", ["max", "mean"])
def test_a_stray_reference_is_named(world, statistic):
    asked = world.references(world.images(8), world.others(1))
    scores = background(world, asked, statistic=statistic)
    (warning,) = calibrate(asked, scores, per_million=50, statistic=statistic).warnings
    assert warning == "unlike the other references: 8.jpg; do they show the concept?"


def test_two_concepts_in_one_set_are_noticed(world):
    asked = world.references(world.images(6), world.images(4, concept=1))
    (warning,) = calibrate(asked, background(world, asked), per_million=50).warnings
    assert "groups: 6 like 0.jpg and 4 like 6.jpg" in warning


def test_concept_that_is_frequent_in_the_background_is_told_from_a_blind_encoder(world):
    """A tenth of the background is the concept, the nearer the rarer, and no caption says so."""
    asked = world.references(world.images(10, spread=0.8))
    frequent = [world.images(40, spread=spread) for spread in np.linspace(0.8, 4, 12)]
    images = np.concatenate([world.others(4000), *frequent])
    cutoff = calibrate(asked, background_scores(asked, images, "max"), per_million=50)
    assert cutoff.value > 1
    (warning,) = cutoff.warnings
    assert "too frequent here" in warning


def with_named(world, asked, named):
    return calibrate(
        asked, background_scores(asked, world.others(4000), "max", named), per_million=50
    )


def unlike(cutoff):
    return [warning for warning in cutoff.warnings if "unlike the concept's images" in warning]


def test_named_images_near_the_references_but_not_near_enough_are_a_warning(world):
    """References of one maker, and a dataset that has those of another."""
    asked = world.references(world.images(10, spread=0.3))
    cutoff = with_named(world, asked, world.images(30, spread=2.5))
    assert len(unlike(cutoff)) == 1


def test_named_images_that_show_it_or_are_like_any_other_are_no_warning(world):
    asked = world.references(world.images(10, spread=0.3))
    assert not unlike(with_named(world, asked, world.images(30, spread=0.3)))
    assert not unlike(with_named(world, asked, world.others(30)))
    assert not unlike(with_named(world, asked, world.images(4, spread=2.5)))


def test_references_that_have_nothing_in_common_are_noticed(world):
    asked = world.references(world.others(6))
    (warning,) = calibrate(asked, background(world, asked), per_million=50).warnings
    assert "no two references are more alike" in warning


def test_incoherence_is_noticed_where_the_background_holds_the_concept_too(world):
    asked = world.references(world.images(8), world.others(1))
    mixed = np.concatenate([world.others(20_000), world.images(150)])
    cutoff = calibrate(asked, background_scores(asked, mixed, "max"), per_million=50)
    assert any("8.jpg" in warning for warning in cutoff.warnings)


@pytest.mark.parametrize("references", [1, 2, 3, 4])
def test_few_references_warn_and_leave_a_wide_interval(world, references):
    asked = world.references(world.images(references))
    cutoff = calibrate(asked, background(world, asked), per_million=50)
    few = [warning for warning in cutoff.warnings if "only" in warning]
    assert len(few) == 1
    assert f"{references} reference" in few[0]
    stratum = counted(world, asked, cutoff)
    assert stratum.estimate.low <= 300 <= stratum.estimate.high
    assert stratum.estimate.high >= 600


def test_many_references_leave_a_narrow_one(world):
    asked = world.references(world.images(40))
    stratum = counted(world, asked, calibrate(asked, background(world, asked), per_million=50))
    assert stratum.estimate.low <= 300 <= stratum.estimate.high < 420


def test_words_leave_the_upper_end_open_and_say_so(world):
    asked = world.references(world.images(3), kind="text")
    cutoff = calibrate(asked, background(world, asked), per_million=50)
    assert any("words stand in" in warning for warning in cutoff.warnings)
    stratum = counted(world, asked, cutoff)
    assert stratum.estimate.high == stratum.population
    assert stratum.estimate.value == pytest.approx(stratum.above, rel=0.05)
    assert cutoff.to_dict()["sensitivity"]["value"] is None


def counted(world, asked, cutoff):
    """300 images of the concept among 20,300."""
    images = np.concatenate([world.others(20_000), world.images(300)]).astype(np.float32)
    scores = (images @ asked.vectors.astype(np.float32).T).max(axis=1).astype(np.float64)
    floor = cutoff.tail.start
    return estimate_stratum(
        len(scores), len(scores), scores[scores >= floor], len(scores), cutoff, floor, "all"
    )


def test_a_given_cutoff_is_used_as_it_is(world):
    asked = world.references(world.images(5))
    cutoff = fixed(asked, 0.61, background(world, asked))
    assert (cutoff.value, cutoff.method, cutoff.interval) == (0.61, "given", None)
    assert 0 < cutoff.false_positive_share < 1e-3


def test_a_given_cutoff_amid_others_is_warned_of_and_proves_nothing(world):
    asked = world.references(world.images(5))
    others = background(world, asked)
    cutoff = fixed(asked, 0.1, others)
    scores = others.scores
    assert cutoff.false_positive_share == pytest.approx((scores >= 0.1).mean())
    assert any("other images reach the cut-off 0.1" in warning for warning in cutoff.warnings)
    stratum = estimate_stratum(len(scores), len(scores), scores, len(scores), cutoff, -2.0, "all")
    assert stratum.estimate.low == 0


@pytest.mark.parametrize("score", [float("nan"), float("-inf"), 1.2])
def test_a_given_cutoff_is_a_similarity(world, score):
    asked = world.references(world.images(5))
    with pytest.raises(UsageError, match="is no similarity"):
        fixed(asked, score, background(world, asked, 20))


def test_a_given_cutoff_needs_no_background(world):
    asked = world.references(world.images(5))
    cutoff = fixed(asked, 0.61, background(world, asked, 20))
    assert (cutoff.tail, cutoff.false_positive_share) == (None, None)


def test_published_cutoffs_carry_their_source_and_their_warning(world):
    asked = world.references(world.images(5))
    faces = replace(asked, info=replace(asked.info, id="insightface:buffalo_l"))
    cutoff = fixed(faces, "insightface-celebrities", background(world, faces))
    assert (cutoff.value, cutoff.method) == (0.4567, "insightface-celebrities")
    assert any("2410.15002" in warning for warning in cutoff.warnings)


def test_published_cutoffs_of_another_encoder_are_refused(world):
    asked = world.references(world.images(5))
    with pytest.raises(UsageError, match="is one of csd"):
        fixed(asked, "csd-modern", background(world, asked))


def test_unknown_published_cutoffs_get_a_suggestion(world):
    asked = world.references(world.images(5))
    with pytest.raises(UsageError, match="No published cut-off") as error:
        fixed(asked, "csd-modem", background(world, asked))
    assert "csd-modern" in error.value.hint


def test_a_cutoff_is_plain_values(world):
    asked = world.references(world.images(5))
    record = calibrate(asked, background(world, asked), per_million=50).to_dict()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert record["false_positives_per_million"] == pytest.approx(50)
