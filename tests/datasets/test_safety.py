"""What a dataset says of the safety of a picture, and what it leaves open."""

from __future__ import annotations

import pyarrow as pa
import pytest

from audit.datasets.safety import UNSAFE_FROM, marked_unsafe


@pytest.mark.parametrize(
    ("label", "likely", "unsafe"),
    [
        ("NSFW", None, True),
        ("nsfw ", 0.0, True),
        ("UNLIKELY", None, False),
        ("UNLIKELY", 0.9, True),
        ("UNSURE", None, None),
        ("UNSURE", 0.1, False),
        (None, UNSAFE_FROM, True),
        (None, UNSAFE_FROM - 0.01, False),
        (None, None, None),
        ("whatever", None, None),
    ],
)
def test_either_column_may_mark_a_sample(label, likely, unsafe):
    columns = {
        "nsfw": pa.array([label], pa.string()),
        "punsafe": pa.array([likely], pa.float32()),
    }
    assert marked_unsafe(columns, 1).to_pylist() == [unsafe]


def test_without_such_columns_nothing_is_known():
    assert marked_unsafe({}, 2).to_pylist() == [None, None]


def test_one_column_alone_tells():
    assert marked_unsafe({"punsafe": pa.array([0.7], pa.float32())}, 1).to_pylist() == [True]
    assert marked_unsafe({"nsfw": pa.array(["UNLIKELY"])}, 1).to_pylist() == [False]
