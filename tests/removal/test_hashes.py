"""Perceptual hashes as others write them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.removal.hashes import as_number, near_hashes, numbers_of_hashes


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_hexadecimal_unsigned_and_signed_are_the_same_hashes(values):
    signed = [value - 2**64 if value >= 2**63 else value for value in values]
    decimal = [str(v) for v in signed]
    if any(len(text) == 16 and text.isdigit() for text in decimal):
        decimal = [f"{v:016x}" for v in values]  # could be either: taken for hexadecimal
    for text in ([f"{v:016x}" for v in values], [f"{v:016X}" for v in values], decimal):
        rows, numbers = numbers_of_hashes(pa.array(text, pa.string()))
        assert rows.tolist() == list(range(len(values)))
        assert numbers.tolist() == signed


def test_what_is_no_hash_is_passed_over():
    values = ["", None, "xyz", "123456789012345678901", "99999999999999999999", "ff", "0" * 16, "7"]
    rows, numbers = numbers_of_hashes(pa.array(values))
    assert rows.tolist() == [6, 7]
    assert numbers.tolist() == [0, 7]
    assert as_number("xyz") is None
    assert as_number(" 00000000000000ff ") == 255


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1)), st.integers(-(2**63), 2**63 - 1), st.integers(0, 32)
)
def test_near_is_by_bits_that_differ(values, wanted, distance):
    places, bits = near_hashes(np.array(values, np.int64), wanted, distance)
    expected = {n: ((v ^ wanted) & (2**64 - 1)).bit_count() for n, v in enumerate(values)}
    expected = {n: count for n, count in expected.items() if count <= distance}
    assert dict(zip(places.tolist(), bits.tolist(), strict=True)) == expected
    assert (np.diff(bits.astype(int)) >= 0).all()


@pytest.mark.parametrize("type_", [pa.int64(), pa.uint64()])
def test_columns_of_numbers(type_):
    rows, numbers = numbers_of_hashes(pa.array([5, None, 2**40], type_))
    assert (rows.tolist(), numbers.tolist()) == ([0, 2], [5, 2**40])
