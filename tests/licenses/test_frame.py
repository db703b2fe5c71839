"""Whole columns: one row for every different value."""

from __future__ import annotations

import polars as pl
import pytest

from audit.errors import UsageError
from audit.licenses import normalise, normalise_all


def test_one_row_for_each_different_value_the_most_frequent_first():
    column = pl.Series(["CC0", "?", "?", None, "cc-by-2.0", "?", None])
    frame = normalise_all(column)
    assert frame["value"].to_list() == ["?", None, "CC0", "cc-by-2.0"]
    assert frame["rows"].to_list() == [3, 2, 1, 1]
    assert frame["license"].to_list() == ["NOASSERTION", "NOASSERTION", "CC0-1.0", "CC-BY-2.0"]
    assert frame["use_commercial-training"].to_list() == [
        "unknown",
        "unknown",
        "allowed",
        "allowed",
    ]


def test_joined_back_every_row_has_what_its_value_says_alone():
    rows = pl.DataFrame({"license": ["MIT", None, "© Tate", "x", "MIT"] * 50})
    frame = normalise_all(rows["license"]).rename({"license": "normalised"})
    joined = rows.join(frame, left_on="license", right_on="value", how="left", nulls_equal=True)
    assert joined.height == rows.height
    for value, status, rule in joined.select("license", "status", "rule").unique().rows():
        assert (status, rule) == (normalise(value).status, normalise(value).rule)


@pytest.mark.parametrize("values", [pl.Series([4, 0, None]), [*"4", "0", None]])
def test_numbers_and_lists(values):
    frame = normalise_all(values, numbers="flickr").drop_nulls("value").sort("value")
    assert frame["license"].to_list() == ["LicenseRef-all-rights-reserved", "CC-BY-2.0"]


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.String])
def test_nothing_and_columns_of_categories(dtype):
    assert normalise_all(pl.Series([], dtype=dtype)).height == 0
    assert normalise_all(pl.Series(["CC0", "CC0"]).cast(dtype))["rows"].to_list() == [2]


def test_schema_does_not_depend_on_the_values():
    assert normalise_all([]).schema == normalise_all(["CC BY 4.0", None]).schema


def test_unknown_numbering_is_a_mistake():
    with pytest.raises(UsageError, match="imgur"):
        normalise_all(["1"], numbers="imgur")
