"""A stratum: what follows from its scores, its design, its dead links and an approximate search."""

from __future__ import annotations

import numpy as np
import pytest

from audit.counts.strata import estimate_stratum
from audit.estimates.prevalence import Estimate
from audit.estimates.rates import Rate
from audit.estimates.recall import SearchRecall
from audit.references.cutoffs import CutOff
from audit.references.sensitivity import FoundReferences

#: Hardly anything is missed.
FOUND = FoundReferences(2000, 2000)


def cutoff(sensitivity=FOUND):
    return CutOff(0.6, None, "max", "given", sensitivity, None, None, 0, None)


def stratum(population, attempted, examined, above, design="random", below=(), **more):
    scores = np.concatenate([np.full(above, 0.9), np.asarray(below, np.float64)])
    return estimate_stratum(
        population, attempted, scores, examined, cutoff(), 0.2, design, **more
    )  # fmt: skip


def test_random_sample_stands_for_all_and_dead_links_for_the_living():
    found = stratum(10_000, 1000, 500, 100)
    assert found.estimate.value == pytest.approx(2000, rel=0.05)
    assert found.estimate.low < 2000 < found.estimate.high


def test_dead_links_of_a_draw_may_all_show_it_and_how_many_there_are_is_uncertain():
    found = stratum(10_000, 50, 35, 0)
    assert found.bounds.low == 0
    # 30 % of the drawn links are dead; of all of them it may well be 43 %.
    assert 4200 < found.bounds.high < 4700


def test_dead_links_are_counted_where_all_were_looked_for():
    found = stratum(1000, 1000, 700, 100, "all")
    assert found.bounds.low <= 100
    assert 400 <= found.bounds.high < 420


def test_samples_that_nobody_looked_for_may_show_it_or_not():
    found = stratum(1000, 500, 400, 100, "unknown")
    complete = stratum(500, 500, 400, 100, "all")
    for mine, theirs in (
        (found.estimate, complete.estimate),
        (found.bounds, complete.bounds),
    ):
        assert mine == Estimate(theirs.value, theirs.low, theirs.high + 500)


@pytest.mark.parametrize("design", ["random", "unknown"])
@pytest.mark.parametrize("attempted", [0, 50])
def test_where_nothing_was_examined_nothing_is_counted_and_everything_possible(design, attempted):
    found = stratum(1000, attempted, 0, 0, design)
    assert found.estimate == found.bounds == Estimate(0, 0, 1000)


def test_all_is_no_design_where_some_were_not_looked_for():
    with pytest.raises(ValueError, match="500 of 1000 samples were looked for"):
        stratum(1000, 500, 500, 100, "all")


def test_what_a_search_misses_raises_the_count_and_may_be_false():
    below = np.linspace(0.2, 0.55, 60)
    exact = stratum(1000, 1000, 1000, 90, "all", below)
    recall = SearchRecall(Rate(180, 200), Rate(50, 100))
    found = stratum(1000, 1000, 1000, 90, "all", below, recall=recall)
    assert found.estimate.value == pytest.approx(100, rel=0.03)
    assert found.estimate.low <= 100 <= found.estimate.high
    assert found.most_false == pytest.approx(exact.most_false / Rate(50, 100).interval()[0])


def test_search_of_which_nothing_is_known_proves_only_what_it_found():
    recall = SearchRecall(Rate(0, 0), Rate(0, 0))
    found = stratum(1000, 1000, 1000, 90, "all", recall=recall)
    assert found.estimate.value == pytest.approx(90, rel=0.05)
    assert found.estimate.high == 1000
    assert found.most_false == 90
