"""Series of scores: their order, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audit.errors import UsageError
from audit.thresholds.series import MOST_IMAGES, series_of


def test_concepts_stand_in_order_of_count_and_then_of_name():
    series = series_of(
        [5, 0, 5, 2],
        [0.1, 0.2, 0.3, 0.4],
        ["b", "z", "a", "é"],
        images=[1, 2, 3, 4],
        count_low=[4, 0, 5, 1],
        count_high=[9, 1, 5, 2],
    )
    assert series.concepts == ("z", "é", "a", "b")
    assert series.counts.tolist() == [0, 2, 5, 5]
    assert series.counts.dtype == np.int64
    assert series.scores.tolist() == [0.2, 0.4, 0.3, 0.1]
    assert series.images.tolist() == [2, 4, 3, 1]
    assert series.count_low.tolist() == [0, 1, 5, 4]
    assert series.count_high.tolist() == [1, 2, 5, 9]
    assert series.has_count_intervals
    assert series.log_counts == pytest.approx([0, math.log(3), math.log(6), math.log(6)])


def test_names_are_made_up_and_stay_in_order():
    series = series_of([3, 1], [0.5, 0.25])
    assert series.concepts == ("concept 0002", "concept 0001")
    assert series.images.tolist() == [1, 1]
    assert not series.has_count_intervals
    assert (len(series), series.left_out, series.images_left_out) == (2, (), 0)


def test_no_concepts_are_a_series_too():
    assert len(series_of([], [])) == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"scores": [0.1]}, "2 concepts, 2 counts and 1 scores"),
        ({"concepts": ["a"]}, "1 concepts, 2 counts and 2 scores"),
        ({"concepts": ["a", "a"]}, "'a' comes twice"),
        ({"counts": [-1, 2]}, "'a': the count is -1, not a whole number"),
        ({"counts": [1, 1234567.5]}, "'b': the count is 1234567.5, not a whole number"),
        ({"counts": [1, math.nan]}, "'b': the count is nan"),
        ({"counts": [1, math.inf]}, "'b': the count is inf"),
        ({"counts": [1, 2 * MOST_IMAGES]}, "'b': the count is 1.8"),
        ({"counts": [1, "many"]}, "Counts are not numbers"),
        ({"counts": [1, [2]]}, "Counts are not numbers"),
        ({"scores": [1, None]}, "'b': the score is nan, not a finite number"),
        ({"scores": [-math.inf, 1]}, "'a': the score is -inf"),
        ({"images": [1]}, "2 concepts, and 1 numbers of images"),
        ({"images": [1, 0]}, "'b': the number of images is 0"),
        ({"count_low": [1, 2]}, "one end only"),
        ({"count_high": [1, 2]}, "one end only"),
        ({"count_low": [1, 2], "count_high": [1]}, "2 counts, 2 low ends and 1 high ends"),
        ({"count_low": [1, 3], "count_high": [1, 4]}, "'b': the interval 3 to 4 does not hold its count, 2"),
        ({"count_low": [-1, 2], "count_high": [1, 2]}, "'a': the interval -1 to 1"),
        ({"count_low": [1, 2], "count_high": [1, math.inf]}, "'b': the interval 2 to inf"),
        ({"count_low": [math.nan, 2], "count_high": [1, 2]}, "'a': the interval nan to 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(changed, message):
    given = {"counts": [1, 2], "scores": [0.1, 0.2], "concepts": ["a", "b"], **changed}
    with pytest.raises(UsageError) as error:
        series_of(given.pop("counts"), given.pop("scores"), given.pop("concepts"), **given)
    assert message in error.value.message
    assert error.value.hint
