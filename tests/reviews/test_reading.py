"""Batches of columns become what rows say: against a plain loop over the rows."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.reviews.conclusions import Said
from audit.reviews.reading import end_of, names_a_holder, sayings

ON = date(2026, 11, 25)
TEXT = st.one_of(st.none(), st.sampled_from(["a", "b", "", "Tate", "2020-01-01", "2030-01-01"]))


@given(st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT), max_size=40), st.booleans(), st.booleans())
def test_every_row_says_what_its_columns_say(rows, encoded, without_link):
    names = ("license", "license_url", "rights_holder", "license_end")
    columns = {}
    for name, values in zip(names, zip(*rows, strict=True) if rows else [()] * 4, strict=True):
        column = pa.array(values, pa.string())
        columns[name] = column.dictionary_encode() if encoded else column
    if without_link:
        del columns["license_url"]
    found = sayings(columns, len(rows), ON)
    expected = [
        Said(
            license,
            None if without_link else link,
            holder is not None and names_a_holder(holder),
            "" if end is None else end_of(end, ON),
        )
        for license, link, holder, end in rows
    ]
    assert [found.said[number] for number in found.numbers] == expected
    assert len(set(found.said)) == len(found.said)
    assert found.rows.sum() == len(rows)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("© Tate", True),
        ("The estate of Barbara Hepworth", True),
        ("Rights Agency", True),
        ("none", False),
        ("?", False),
        ("", False),
        ("unknown", False),
        ("Public domain", False),
        ("public domain ", False),
        ("No known copyright restrictions", False),
        ("Unknown author", False),
        ("anonymous", False),
        ("Copyright expired", False),
        ("No known copyright holder", False),
        ("Orphan work", False),
        ("not in copyright", False),
        ("0", False),
        ("Design and Artists Copyright Society", True),
        ("The Unknown Artists Trust", True),
        ("CC0", True),  # a waiver has somebody who waives
    ],
)
def test_whether_a_holder_is_named(value, named):
    assert names_a_holder(value) is named


@pytest.mark.parametrize(
    ("value", "end"),
    [
        ("2026-11-24", "past"),
        ("2026-11-25", "to come"),  # the license holds on its last day
        ("20261124", "past"),
        ("2026-11-26T00:00:00Z", "to come"),
        ("2026-11-26 12:30:00 +01:00", "to come"),
        ("2099-01-01 revoked 2019", "unreadable"),
        ("2099-01-01 to 2020-01-01", "unreadable"),
        ("1999-02-30", "unreadable"),
        ("31.12.2019", "unreadable"),
        ("never", "unreadable"),
        ("", ""),
        ("n/a", ""),
    ],
)
def test_when_a_license_ends(value, end):
    assert end_of(value, ON) == end
