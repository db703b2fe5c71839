"""Imitation scores from vectors, against known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import linregress, spearmanr

from audit.encoders.encoder import EncoderInfo
from audit.errors import EncoderMismatchError, SourceError, UsageError
from audit.scores.results import ScoreSettings
from audit.scores.score import score_concepts
from audit.scores.synthetic import imitations, noise, planted
from audit.scores.vectors import ConceptVectors

PAPER = ScoreSettings(mode="paper")


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def published_rule(by_prompt, training):
    """The rule as the paper's code has it: the whole matrix, the columns nearest on average."""
    scores = []
    for generated in by_prompt.values():
        similarity = generated.astype(float) @ training.astype(float).T
        nearest = np.argsort(-similarity.mean(axis=0))[:10]
        scores.append(similarity[:, nearest].mean())
    return np.mean(scores)


# -- What each mode is -----------------------------------------------------------------------------


def test_paper_mode_is_the_published_rule(rng):
    generated = {prompt: noise(30, 16, rng) for prompt in "abc"}
    training = noise(500, 16, rng)
    result = score_concepts({"x": generated}, {"x": training}, settings=PAPER)
    assert result["x"].score == pytest.approx(published_rule(generated, training), abs=1e-6)
    assert result["x"].pool_from == "training"


def test_audit_mode_with_one_pool_of_all_images_is_a_difference_of_means(rng):
    generated = {name: noise(30, 16, rng) for name in "abcd"}
    training = {"a": noise(10, 16, rng)}
    one = score_concepts(generated, training)["a"]
    own = (generated["a"] @ training["a"].T).mean()
    wrong = [(generated[name] @ training["a"].T).mean() for name in "bcd"]
    assert one.own == pytest.approx(own, abs=1e-6)
    assert one.controls == pytest.approx(wrong, abs=1e-6)
    assert one.score == pytest.approx(own - np.mean(wrong), abs=1e-6)


def test_a_prompt_counts_once_however_many_images_it_has(rng):
    many, few = noise(200, 16, rng), noise(5, 16, rng)
    training = {"x": noise(20, 16, rng)}
    for settings in (PAPER, ScoreSettings()):
        others = {"y": noise(20, 16, rng), "z": noise(20, 16, rng)}
        result = score_concepts(
            {"x": {"many": many, "few": few}, **others}, training, settings=settings
        )
        assert result["x"].own == pytest.approx(np.mean(list(result["x"].prompts.values())))


def test_the_nearest_of_a_pool_are_those_of_each_prompt(rng):
    generated = {
        "x": {"p": noise(9, 8, rng), "q": noise(9, 8, rng)},
        "y": noise(9, 8, rng),
        "z": noise(9, 8, rng),
    }
    training = {"x": noise(10, 8, rng)}
    one = score_concepts(generated, training, settings=ScoreSettings(top=3))["x"]
    of_prompt = [
        np.sort((rows @ training["x"].T).mean(axis=0))[-3:].mean()
        for rows in generated["x"].values()
    ]
    assert one.own == pytest.approx(np.mean(of_prompt), abs=1e-6)


def test_vectors_of_any_length_are_compared_by_their_direction(rng):
    generated = {name: noise(10, 8, rng) for name in "abc"}
    training = {"a": noise(12, 8, rng)}
    lengths = rng.uniform(0.1, 9, (10, 1))
    longer = {name: rows * lengths for name, rows in generated.items()}
    once, again = (score_concepts(made, training)["a"] for made in (generated, longer))
    assert once.score == pytest.approx(again.score, abs=1e-6)


# -- No imitation ----------------------------------------------------------------------------------


def test_on_noise_the_published_rule_rises_with_the_number_of_training_images(rng):
    training = np.geomspace(10, 10_000, 16).astype(int).tolist()
    made, trained = imitations([0] * 16, rng, training=training, likeness=0, of_model=0)
    scores = [one.score for one in score_concepts(made, trained, settings=PAPER).scores]
    assert spearmanr(training, scores).statistic > 0.9
    assert scores[-1] > scores[0] + 0.03


def test_on_noise_equal_pools_do_not(rng):
    training = np.geomspace(10, 10_000, 40).astype(int).tolist()
    made, trained = imitations([0] * 40, rng, training=training, likeness=0, of_model=0)
    for top in (None, 3):
        result = score_concepts(made, trained, settings=ScoreSettings(top=top))
        line = linregress(np.log(training), [one.score for one in result.scores])
        assert abs(line.slope) < 2.02 * line.stderr  # Student's t, 38 degrees of freedom
        assert abs(np.mean([one.score for one in result.scores])) < 0.005


def test_without_imitation_one_in_twenty_is_above_the_level_and_percentiles_are_even(rng):
    made, trained = imitations([0] * 150, rng, generated=20, training=30)
    result = score_concepts(made, trained)
    above = np.mean([one.score > result.control_p95 for one in result.scores])
    assert above < 0.12
    assert 40 < np.mean([one.percentile for one in result.scores]) < 60


# -- Imitation -------------------------------------------------------------------------------------


def test_calibrated_score_rises_with_planted_imitation_and_is_near_zero_without():
    rng = np.random.default_rng(3)
    strengths = np.repeat([0, 0.3, 0.6, 1.0, 1.5], 12)
    made, trained = imitations(strengths, rng, generated=60, dimension=256)
    result = score_concepts(made, trained)
    means = np.array([one.score for one in result.scores]).reshape(5, 12).mean(axis=1)
    assert (np.diff(means) > 0.05).all()
    assert abs(means[0]) < 0.02
    imitated = result.scores[-1]
    assert imitated.percentile == 100
    assert imitated.score > result.control_p95


def test_what_all_pictures_have_in_common_is_no_imitation():
    rng = np.random.default_rng(4)
    made, trained = imitations([0] * 30, rng, of_model=2.0, dimension=256)
    result = score_concepts(made, trained)
    assert min(one.own for one in result.scores) > 0.4
    assert abs(np.mean([one.score for one in result.scores])) < 0.02


# -- Interval --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "training", "controls", "settings"),
    [
        pytest.param(20, 10, 10, ScoreSettings(), id="one pool is all there is"),
        pytest.param(20, 200, 10, ScoreSettings(), id="many training images"),
        pytest.param(5, 40, 4, ScoreSettings(), id="few of everything"),
        pytest.param(20, 60, 10, ScoreSettings(top=3), id="the nearest of a pool"),
    ],
)
def test_intervals_hold_the_truth(images, training, controls, settings):
    """The truth is what the score would be with no end of images and names: its mean here."""
    rng = np.random.default_rng(11)
    concept = noise(1, 48, rng)[0]
    scores = []
    for _ in range(250):
        made = {f"wrong {n}": {p: noise(images, 48, rng) for p in "pq"} for n in range(controls)}
        made["x"] = {p: planted(concept, 0.7, images, rng) for p in "pq"}
        trained = {"x": planted(concept, 1.0, training, rng)}
        scores.append(score_concepts(made, trained, settings=settings)["x"])
    truth = np.mean([one.score for one in scores])
    held = np.mean([one.interval[0] <= truth <= one.interval[1] for one in scores])
    assert 0.91 <= held <= 0.99


def test_interval_is_that_of_a_bootstrap_of_each_kind_of_unit(rng):
    made = {f"wrong {n}": noise(40, 24, rng) for n in range(30)} | {"x": noise(40, 24, rng)}
    trained = {"x": noise(30, 24, rng)}
    one = score_concepts(made, trained, settings=ScoreSettings(pool=30))["x"]

    def resampled(rows):
        return rows[rng.integers(len(rows), size=len(rows))]

    centre = trained["x"].mean(axis=0)
    wrong = np.array([rows.mean(axis=0) for name, rows in made.items() if name != "x"])
    net = made["x"].mean(axis=0) - wrong.mean(axis=0)
    drawn = {
        "generated images": [resampled(made["x"]).mean(axis=0) @ centre for _ in range(4000)],
        "pool images": [resampled(trained["x"]).mean(axis=0) @ net for _ in range(4000)],
        "wrong names": [resampled(wrong).mean(axis=0) @ centre for _ in range(4000)],
    }
    for unit, values in drawn.items():
        units = {"generated images": 40, "pool images": 30, "wrong names": 30}[unit]
        corrected = np.std(values) * np.sqrt(units / (units - 1))
        assert one.spreads[unit].deviation == pytest.approx(corrected, rel=0.06), unit


# -- Which images a concept is compared with -------------------------------------------------------


def test_too_few_training_images_give_way_to_references_and_never_to_a_smaller_pool(rng):
    made = {name: noise(5, 8, rng) for name in ("few", "enough", "none", "fewer")}
    trained = {"few": noise(9, 8, rng), "enough": noise(10, 8, rng)}
    references = {"few": noise(12, 8, rng), "fewer": noise(6, 8, rng)}
    result = score_concepts(made, trained, references)
    assert (result["enough"].pool_from, result["few"].pool_from) == ("training", "references")
    assert result["none"].score is None
    assert result["none"].reason == "no training images, of 10 needed; no references, of 10 needed"
    assert result["fewer"].reason == "no training images, of 10 needed; 6 references, of 10 needed"
    assert any("compared with references" in remark for remark in result.remarks)


def test_paper_mode_falls_back_under_ten_and_takes_five_references_at_least(rng):
    made = {name: noise(5, 8, rng) for name in ("ten", "nine", "bare")}
    trained = {"ten": noise(10, 8, rng), "nine": noise(9, 8, rng), "bare": noise(9, 8, rng)}
    references = {"ten": noise(30, 8, rng), "nine": noise(5, 8, rng), "bare": noise(4, 8, rng)}
    result = score_concepts(made, trained, references, PAPER)
    assert (result["ten"].pool_from, result["ten"].pool) == ("training", 10)
    assert (result["nine"].pool_from, result["nine"].pool) == ("references", 5)
    assert result["bare"].reason == "9 training images, of 10 needed; 4 references, of 5 needed"


def test_wrong_names_are_of_the_same_domain(rng):
    made = {name: noise(5, 8, rng) for name in "abcdef"}
    domains = dict.fromkeys("abc", "face") | dict.fromkeys("def", "art-style")
    trained = {name: noise(10, 8, rng) for name in "ad"}
    result = score_concepts(made, trained, domains=domains)
    wrong = [(made[name] @ trained["a"].T).mean() for name in "bc"]
    assert result["a"].controls == pytest.approx(wrong, abs=1e-6)


def test_one_concept_alone_has_a_similarity_and_no_score(rng):
    result = score_concepts({"x": noise(9, 8, rng)}, {"x": noise(30, 8, rng)})
    assert result["x"].score is None
    assert result["x"].own is not None
    assert result["x"].reason == "no other concepts, of 2 needed to compare with"


def test_names_match_whatever_their_case_accents_and_hyphens(rng):
    made = {"Beyoncé": noise(5, 8, rng), "b": noise(5, 8, rng), "c": noise(5, 8, rng)}
    result = score_concepts(made, {"beyonce": noise(10, 8, rng)}, counts={"BEYONCÉ": 812})
    assert result["Beyoncé"].score is not None
    assert result["Beyoncé"].count == 812
    assert result["b"].count is None


def test_concepts_of_one_side_only_are_named(rng):
    made = {name: noise(5, 8, rng) for name in ("both", "made only", "third")}
    result = score_concepts(made, {"both": noise(10, 8, rng), "trained only": noise(10, 8, rng)})
    assert result.not_generated == ("trained only",)
    assert result["made only"].score is None
    assert any("trained only" in remark for remark in result.remarks)


def test_copies_among_the_compared_images_are_told(rng):
    made = {name: noise(5, 8, rng) for name in "abc"}
    trained = {"a": np.repeat(noise(5, 8, rng), 3, axis=0)}
    result = score_concepts(made, trained)
    assert (result["a"].copies, result["a"].compared) == (10, 15)
    assert any("near copies" in remark for remark in result.remarks)


def test_the_same_seed_gives_the_same_scores_whatever_other_concepts_are_scored(rng):
    made, trained = imitations([0.5] * 6, rng)
    once, again = score_concepts(made, trained), score_concepts(made, trained)
    assert once.to_dict() == again.to_dict()
    other = score_concepts(made, trained, settings=ScoreSettings(seed=1))
    assert once["concept 000"].own != other["concept 000"].own
    fewer = {name: made[name] for name in sorted(made)[:4]}
    assert score_concepts(fewer, trained)["concept 000"].own == once["concept 000"].own


# -- Bad input -------------------------------------------------------------------------------------


def test_nothing_in_common_names_both_sides(rng):
    with pytest.raises(UsageError, match=r"No concept is on both sides.*'van gogh'.*'Monet'"):
        score_concepts({"van gogh": noise(5, 8, rng)}, {"Monet": noise(10, 8, rng)})


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, 1e300])
def test_vectors_that_are_none_are_named(rng, bad):
    training = noise(20, 8, rng).astype(np.float64)
    training[13] = bad
    with pytest.raises(SourceError, match=r"x: vector 13 is (all zeros|not finite)"):
        score_concepts({"x": noise(5, 8, rng)}, {"x": training}, settings=PAPER)


def test_other_dimensions_and_encoders_are_refused(rng):
    with pytest.raises(EncoderMismatchError, match="vectors of 8 and 9 numbers"):
        score_concepts({"x": noise(5, 8, rng)}, {"x": noise(10, 9, rng)})
    one, other = (EncoderInfo(name, "1", "", 8) for name in ("faces", "styles"))
    with pytest.raises(EncoderMismatchError, match="of faces, not of styles"):
        score_concepts(
            ConceptVectors.of({"x": noise(5, 8, rng)}, one),
            ConceptVectors.of({"x": noise(10, 8, rng)}, other),
        )


@pytest.mark.parametrize(
    ("generated", "training", "message"),
    [
        ({}, {"x": np.ones((3, 2))}, "no generated image"),
        ({"x": np.ones((0, 2))}, {"x": np.ones((3, 2))}, "no generated image"),
        ({"x": np.ones((3, 2))}, {}, "nothing to compare"),
        ({"x": np.ones(3)}, {"x": np.ones((3, 2))}, "are not vectors"),
        ({"x": [["a"]]}, {"x": np.ones((3, 2))}, "are not vectors"),
        ({"Van Gogh": np.ones((3, 2)), "van-gogh": np.ones((3, 2))}, {"x": np.ones((3, 2))}, "one name"),
        ({" ": np.ones((3, 2))}, {"x": np.ones((3, 2))}, "empty"),
    ],
)  # fmt: skip
def test_input_that_cannot_be_scored_is_refused(generated, training, message):
    with pytest.raises(UsageError, match=message):
        score_concepts(generated, training)


@pytest.mark.parametrize(
    "settings",
    [{"pool": 0}, {"repeats": 0}, {"controls": 1}, {"seed": -1}, {"top": 11}, {"mode": "both"}],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(UsageError):
        ScoreSettings(**settings)


def test_one_generated_image_is_too_few(rng):
    made = {"x": noise(1, 8, rng), "b": noise(5, 8, rng), "c": noise(5, 8, rng)}
    result = score_concepts(made, {"x": noise(10, 8, rng)})
    assert result["x"].reason == "1 generated image, of 2 needed"


# -- The answer ------------------------------------------------------------------------------------


def test_table_begins_with_what_a_threshold_is_estimated_from(rng):
    made, trained = imitations([0, 1, 1], rng)
    table = score_concepts(made, trained, counts={"concept 001": 40}).to_polars()
    assert table.columns[:5] == ["concept", "count", "score", "score_low", "score_high"]
    assert table["count"].to_list() == [None, 40, None]
    assert (table["score_low"] < table["score"]).all()
