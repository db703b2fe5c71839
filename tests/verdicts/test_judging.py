"""The rule of verdicts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.verdicts.judging import Span, judge


@pytest.mark.parametrize(
    ("count", "threshold", "verdict"),
    [
        ((112, 112), (112, 112), "above"),  # at the threshold is above
        ((111, 111), (112, 112), "below"),
        ((111, 112), (112, 112), "uncertain"),
        ((241, 250), (112, 241), "above"),
        ((240, 250), (112, 241), "uncertain"),  # inside the band
        ((150, 160), (112, 241), "uncertain"),
        ((50, 112), (112, 241), "uncertain"),
        ((0, 111.9), (112, 241), "below"),
        ((0, 500), (112, 241), "uncertain"),  # wider than the band
        ((241, math.inf), (112, 241), "above"),  # nobody knows how many more
        ((0, math.inf), (112, 241), "uncertain"),
        ((0, 0), (1, 1), "below"),
    ],
)
def test_both_intervals_decide(count, threshold, verdict):
    assert judge(Span(*count), Span(*threshold)) == verdict


spans = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(sorted)


@given(spans, spans)
def test_verdict_is_what_every_pair_within_the_intervals_says(count, threshold):
    """Above if all say so, below if all say so, and uncertain only where they do not agree."""
    pairs = [
        (c, t) for c in range(count[0], count[1] + 1) for t in range(threshold[0], threshold[1] + 1)
    ]
    told = {"above" if c >= t else "below" for c, t in pairs}
    expected = told.pop() if len(told) == 1 else "uncertain"
    assert judge(Span(*count), Span(*threshold)) == expected


@pytest.mark.parametrize(
    "ends", [(2, 1), (-1, 1), (math.nan, 1), (1, math.nan), (math.inf, math.inf)]
)
def test_what_is_no_interval_is_refused(ends):
    with pytest.raises(ValueError, match="no interval"):
        Span(*ends)
