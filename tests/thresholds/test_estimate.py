"""Both voices on series of which the truth is known, and what is said where little can be."""

from __future__ import annotations

import json

import numpy as np
import pytest

from audit.errors import UsageError
from audit.thresholds import synthetic
from audit.thresholds.estimate import estimate_threshold
from audit.thresholds.estimated import threshold_of_estimate
from audit.thresholds.series import series_of
from audit.thresholds.settings import ThresholdSettings


def estimate(series, **options):
    return estimate_threshold(series, ThresholdSettings(rounds=99, **options))


def test_a_gradual_rise_is_a_threshold_with_an_interval(grid):
    said = estimate(synthetic.logistic(grid, 300, scale=0.5)).audit
    assert said.verdict == "threshold"
    assert said.threshold == pytest.approx(300, rel=0.3)
    assert said.interval[0] < 300 < said.interval[1]
    assert said.rise.shape == "logistic"
    assert said.rise.floor == pytest.approx(0.2, abs=0.05)
    assert said.level.value == pytest.approx(0.35, abs=0.03)
    assert said.interval_open == (False, False)


def test_a_step_is_told_by_the_count_of_the_first_concept_above(grid):
    distinct = np.unique(grid)
    at = int(distinct[len(distinct) // 2])
    said = estimate(synthetic.step(grid, at, noise=0.03))
    assert said.audit.threshold == at
    assert said.paper.threshold == at
    assert said.audit.rise.shape == "step"


def test_a_straight_line_is_no_threshold_whatever_the_published_rule_says(grid):
    said = estimate(synthetic.line(grid, seed=3))
    assert said.paper.threshold is not None
    assert said.audit.verdict == "no threshold"
    assert said.audit.threshold is None
    assert said.audit.interval is None
    assert "straight line" in said.audit.reason


def test_flat_scores_are_no_threshold(grid):
    said = estimate(synthetic.flat(grid)).audit
    assert said.verdict == "no threshold"
    assert "would have been seen" in said.reason


def test_falling_scores_are_no_threshold(grid):
    said = estimate(synthetic.logistic(grid, 300, scale=0.3, low=0.5, high=0.2)).audit
    assert said.verdict == "no threshold"


def test_few_noisy_concepts_are_not_enough_data():
    counts = synthetic.count_grid(30)
    said = estimate(synthetic.flat(counts)).audit
    assert said.verdict == "not enough data"
    gradual = [
        estimate(synthetic.logistic(counts, 300, scale=0.5, noise=0.2, seed=seed)).audit.verdict
        for seed in range(8)
    ]
    assert gradual.count("no threshold") <= 1
    assert "not enough data" in gradual


@pytest.mark.parametrize(
    ("counts", "told"),
    [([5], "1 concept,"), (range(9), "9 concepts"), ([7] * 40, "all counts are equal")],
    ids=["one concept", "nine concepts", "equal counts"],
)
def test_where_nothing_can_be_estimated_the_answer_says_so(counts, told):
    said = estimate(series_of(list(counts), np.linspace(0, 1, len(list(counts)))))
    assert said.audit.verdict == "not enough data"
    assert told in said.audit.reason
    assert said.audit.tests == ()


@pytest.mark.parametrize("zeros", [16, 36])
def test_where_no_count_divides_the_concepts_nothing_is_estimated(zeros):
    counts = [0] * zeros + [1, 2, 3, 4]
    said = estimate(series_of(counts, np.arange(len(counts)) / 10)).audit
    assert said.verdict == "not enough data"
    assert "too many have the same count" in said.reason


def test_where_nobody_is_imitated_no_level_is_reached(grid):
    """A curve between known ends rises because it was told to, and not because scores do."""
    for scores in (np.zeros(len(grid)), -np.log1p(grid) / 100):
        said = estimate(series_of(grid, scores), ends=(0.0, 1.0)).audit
        assert said.verdict == "no threshold"
        assert said.crossing is None
        assert said.rise is None
        assert not any("reach the level" in note for note in said.notes)


def test_a_level_at_the_very_edge_of_the_plateau_is_crossed_or_not(grid):
    series = synthetic.logistic(grid, 300, scale=0.3, noise=0.05, seed=1)
    rise = estimate(series).audit.rise
    for share in (1e-4, 0.9999):
        said = estimate(series, level=rise.floor + share * (rise.plateau - rise.floor)).audit
        assert (said.verdict == "threshold") == (said.threshold is not None)
        assert (said.threshold is None) == (said.interval is None)


def test_no_threshold_says_between_which_counts(grid):
    reason = estimate(synthetic.flat(grid)).audit.reason
    assert f"between {grid.min():,} and {grid.max():,} images" in reason


def test_no_scores_are_an_error():
    with pytest.raises(UsageError, match="no scores"):
        estimate(series_of([], []))


def test_scores_without_a_floor_or_a_plateau_have_no_threshold(grid):
    x = np.log1p(grid)
    rng = np.random.default_rng(1)
    saturating = 0.2 + 0.3 * (1 - np.exp(-x / 3)) + rng.normal(0, 0.05, len(x))
    bending = 0.2 + 0.1 * np.maximum(x - 6, 0) + rng.normal(0, 0.05, len(x))
    for scores in (saturating, bending):
        assert estimate(series_of(grid, scores)).audit.verdict == "no threshold"


def test_a_given_level_moves_the_threshold(grid):
    series = synthetic.logistic(grid, 300, scale=0.5, noise=0.05)
    low, high = (estimate(series, level=level).audit for level in (0.25, 0.45))
    assert low.threshold < 300 < high.threshold
    assert low.level.source == "given"


def test_a_level_that_is_never_reached_is_no_threshold(grid):
    said = estimate(synthetic.logistic(grid, 300, scale=0.3), level=0.9).audit
    assert said.verdict == "no threshold"
    assert "never crosses" in said.reason


def test_a_line_that_reaches_a_level_has_a_crossing_and_no_threshold(grid):
    said = estimate(synthetic.line(grid, seed=3), level=0.35).audit
    assert said.verdict == "no threshold"
    assert said.threshold is None
    half = np.expm1(np.log1p(grid.max()) / 2)
    assert said.crossing.interval[0] < half < said.crossing.interval[1]
    assert any("it is a crossing, and no threshold" in note for note in said.notes)


def test_doubtful_counts_widen_the_interval(grid):
    sure = synthetic.logistic(grid, 300, scale=0.5, seed=2)
    counts = sure.counts
    doubtful = series_of(
        counts, sure.scores, sure.concepts, count_low=counts // 3, count_high=counts * 3
    )
    known, unknown = estimate(sure).audit, estimate(doubtful).audit
    assert unknown.threshold == known.threshold
    assert unknown.interval[0] < known.interval[0]
    assert unknown.interval[1] > known.interval[1]
    assert 0 < unknown.diagnostics.count_share < 1
    assert known.diagnostics.count_share is None


def test_doubt_of_counts_follows_the_confidence_and_may_reach_beyond_them():
    counts = np.arange(20, 220)
    series = synthetic.step(counts, 60, noise=0.05)
    doubtful = series_of(
        counts, series.scores, series.concepts, count_low=counts // 6, count_high=counts * 6
    )
    half = estimate(doubtful, confidence=0.5).audit
    most = estimate(doubtful, confidence=0.95).audit
    assert half.verdict == most.verdict == "threshold"
    assert np.log(half.interval[1] / half.interval[0]) < 0.6 * np.log(
        most.interval[1] / most.interval[0]
    )
    assert most.interval_open == (most.interval[0] <= 20, most.interval[1] >= 219)


def test_counts_that_are_sure_widen_nothing(grid):
    sure = synthetic.logistic(grid, 300, scale=0.5, seed=2)
    told = series_of(
        sure.counts, sure.scores, sure.concepts, count_low=sure.counts, count_high=sure.counts
    )
    low, high = estimate(told).audit.interval
    assert (low, high) == pytest.approx(estimate(sure).audit.interval, rel=0.1)


def test_concepts_far_off_the_curve_are_named(grid):
    series = synthetic.logistic(grid, 300, scale=0.3, noise=0.03)
    scores = series.scores.copy()
    scores[10] = 0.9
    said = estimate(series_of(series.counts, scores, series.concepts)).audit
    assert [name for name, *_ in said.diagnostics.odd][:1] == [series.concepts[10]]


def test_the_same_seed_gives_the_same_answer(grid):
    series = synthetic.logistic(grid, 300, scale=0.5)
    first, again = estimate(series, seed=4), estimate(series, seed=4)
    assert first.to_dict() == again.to_dict()
    assert estimate(series, seed=5).to_dict() != first.to_dict()


@pytest.mark.parametrize(
    "make", [synthetic.flat, synthetic.line, lambda c: synthetic.logistic(c, 300, scale=0.3)]
)
def test_the_answer_is_plain_json_and_is_read_back_as_a_threshold(grid, make, tmp_path):
    said = estimate(make(grid))
    record = json.loads(json.dumps(said.to_dict(), allow_nan=False))
    assert record["schema"] == "audit.threshold/1"
    known = threshold_of_estimate(record, tmp_path / "estimate.json", "audit")
    assert known.value == said.audit.threshold
    assert (known.reason is None) == (said.audit.verdict == "threshold")
    assert said.to_polars()["voice"].to_list() == ["paper", "audit"]


def test_images_of_a_concept_tell_how_much_noise_is_theirs(grid):
    series = synthetic.logistic(grid, 300, scale=0.5)
    told = series_of(
        series.counts,
        series.scores,
        images=np.full(len(series), 5),
        image_variance=0.25 * 0.1**2,
    )
    assert estimate(told).audit.diagnostics.image_share == pytest.approx(0.25, rel=0.2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"level": np.nan},
        {"ends": (1.0, 0.0)},
        {"ends": (0.0, 1.0), "level": 0.5},
        {"penalty": 0.0},
        {"confidence": 1.0},
        {"rounds": 10},
        {"seed": -1},
    ],
    ids=lambda wrong: "+".join(wrong),
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError):
        ThresholdSettings(**wrong)


def test_human_trials_cannot_tell_a_threshold_and_say_so(trials):
    low, high, scores = trials
    counts = np.rint(np.sqrt(low * high))
    series = series_of(counts, scores, count_low=np.minimum(low, counts), count_high=high)
    said = estimate(series, ends=(0.0, 1.0))
    assert said.audit.verdict != "threshold"
    assert "straight line" in said.audit.reason
    assert said.audit.crossing.count == pytest.approx(232, rel=0.2)
    assert 60 < said.audit.crossing.interval[0] < 130
    assert 900 < said.audit.crossing.interval[1] < 4000
    assert any(note.startswith("the interval is wide") for note in said.audit.notes)
    assert said.paper.threshold == pytest.approx(5, abs=3)
    step = next(one for one in estimate(series).audit.candidates if one.shape == "step")
    assert step.crossing == pytest.approx(5, abs=3)
