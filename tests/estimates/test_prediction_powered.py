"""Labels of a few samples: exact where all are labelled, all that is possible where none is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import hypergeom

from audit.estimates.prediction_powered import (
    NO,
    UNSURE,
    YES,
    Extent,
    LabelledStratum,
    estimate_with_labels,
)
from audit.estimates.prevalence import Estimate
from audit.references.sensitivity import FoundReferences


def stratum(size, *answers, named=False, above=False):
    return LabelledStratum(
        named, above, size, np.array(answers, np.int8), np.full(len(answers), np.nan)
    )


def test_where_all_are_labelled_the_number_is_known():
    found = estimate_with_labels([stratum(4, YES, NO, YES, NO), stratum(1, YES, named=True)])
    assert found.total == Estimate(3, 3, 3)
    assert (found.named, found.unnamed) == (Estimate(1, 1, 1), Estimate(2, 2, 2))


def test_interval_of_a_simple_random_sample_is_that_of_its_hypergeometric_count():
    answers = [YES] * 12 + [NO] * 88
    found = estimate_with_labels([stratum(2000, *answers)]).total
    assert found.value == pytest.approx(240)

    def mid_p(total):
        law = hypergeom(2000, total, 100)
        return law.cdf(12) - law.pmf(12) / 2

    assert mid_p(int(found.low)) == pytest.approx(0.975, abs=0.01)
    assert mid_p(int(found.high)) == pytest.approx(0.025, abs=0.01)


def test_samples_that_nobody_labelled_may_all_show_it_and_are_not_counted():
    found = estimate_with_labels([stratum(2, YES, YES, above=True), stratum(1000)]).total
    assert found == Estimate(2, 2, 1002)


def test_samples_of_which_all_labels_are_unsure_may_all_show_it_and_are_not_counted():
    unsure = stratum(3, UNSURE, UNSURE, UNSURE)
    found = estimate_with_labels([unsure, stratum(2, YES, NO, named=True)]).total
    assert found == Estimate(1, 1, 4)


def test_group_of_which_nothing_was_examined_may_all_show_it_and_is_not_counted():
    found = estimate_with_labels([stratum(2, YES, NO)], named=Extent(500, 0))
    assert found.named == Estimate(0, 0, 500)
    assert found.total == Estimate(1, 1, 501)


def test_without_any_label_there_is_no_estimate():
    with pytest.raises(ValueError, match="no labels"):
        estimate_with_labels([stratum(10)])


def test_total_is_at_most_what_the_groups_are_at_most():
    """The references bound the whole no looser than its parts: a group is not larger than it is."""
    found = estimate_with_labels(
        [
            LabelledStratum(True, True, 47, np.ones(8, np.int8), np.full(8, np.nan)),
            LabelledStratum(False, True, 15, np.ones(4, np.int8), np.full(4, np.nan)),
            LabelledStratum(False, False, 1938, np.zeros(48, np.int8), np.full(48, np.nan)),
        ],
        sensitivity=FoundReferences(10, 10),
    )
    assert found.by_references
    assert found.named.high == 47
    assert found.unnamed.high < 60
    assert found.total.high <= found.named.high + found.unnamed.high + 1


def test_labels_that_contradict_the_references_hold_alone():
    """People see it below the cut-off, where by the references nearly nothing is left to see."""
    strata = [stratum(15, NO, NO, above=True), stratum(1900, YES, NO)]
    alone = estimate_with_labels(strata)
    found = estimate_with_labels(strata, sensitivity=FoundReferences(10, 10))
    assert not found.by_references
    assert found.total == alone.total
    assert found.total.high - found.total.low > 1000
