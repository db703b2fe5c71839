"""The error of a score taken from codes is never larger than its bound."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from audit.vectors.codes import LARGEST, encode, error_bound

finite16 = st.floats(-2, 2, width=16)


@st.composite
def vectors_and_queries(draw):
    dimension = draw(st.integers(1, 24))
    rows = draw(hnp.arrays(np.float16, (draw(st.integers(1, 8)), dimension), elements=finite16))
    queries = draw(hnp.arrays(np.float16, (draw(st.integers(1, 4)), dimension), elements=finite16))
    return rows, queries


@given(vectors_and_queries())
@settings(max_examples=300)
def test_bound_holds_for_any_vectors(both):
    rows, queries = both
    coded, asked = encode(rows), encode(queries)
    truth = rows.astype(np.float64) @ queries.astype(np.float64).T
    dots = coded.codes.astype(np.int64) @ asked.codes.astype(np.int64).T
    scores = coded.scales.astype(np.float64)[:, None] * asked.scales.astype(np.float64) * dots
    bound = error_bound(
        coded.lengths[:, None],
        coded.residuals[:, None],
        asked.residuals,
        np.linalg.norm(queries.astype(np.float64), axis=1),
    )
    assert (np.abs(scores - truth) <= bound + 1e-12).all()


def test_vector_of_zeros_is_coded_without_error():
    coded = encode(np.zeros((1, 5), np.float16))
    assert coded.codes.tolist() == [[0] * 5]
    assert coded.residuals.tolist() == [0]


def test_codes_use_the_whole_range_of_each_vector():
    coded = encode(np.array([[0.001, -0.002, 0.0005], [1.0, 0.25, -0.5]]))
    assert np.abs(coded.codes).max(axis=1).tolist() == [LARGEST, LARGEST]


def test_bound_is_tight_enough_to_be_useful():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((1000, 512))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    coded = encode(rows)
    assert error_bound(coded.lengths, coded.residuals, coded.residuals, 1.0).mean() < 0.02
