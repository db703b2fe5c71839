"""JSON lists: the line and number of every entry, and keys that are given twice."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from audit.concepts.entries import Entry
from audit.concepts.from_json import parse_json
from audit.curated.problems import Problem


def problems(text):
    found = []
    for item in parse_json(text):
        found += [item] if isinstance(item, Problem) else item.problems()
    return [(problem.line, problem.text) for problem in found]


def test_every_entry_is_checked_and_told_with_line_and_number():
    text = '[{"name": "a", "name": "b"}, 5,\n\n {"name": "c", "aliases": {}},\n ["d"]]'
    assert problems(text) == [
        (1, "the key 'name' is given twice (entry 1)"),
        (1, "a concept is an object with a name, not 5 (entry 2)"),
        (3, "aliases must be a list of texts, not {} (entry 3)"),
        (4, 'a concept is an object with a name, not ["d"] (entry 4)'),
    ]


def test_keys_given_twice_are_seen_inside_and_around_the_list():
    assert problems('{"concepts": ["a"], "concepts": ["b"]}')[0][0] == 1
    assert "expected a list" in problems('{"concept": ["a"]}')[0][1]


def test_null_is_a_value_left_out_but_for_the_name():
    (entry,) = parse_json('[{"name": "a", "owner": null, "aliases": null}]')
    assert entry.values == {"name": "a"}
    assert problems('[{"name": null}]') == [(1, "name must be text, not null (entry 1)")]


def test_long_values_are_cut_in_messages():
    assert len(problems(json.dumps([["x" * 900]]))[0][1]) < 200


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
)


@given(st.lists(anything, max_size=6), st.sampled_from([None, 0, 2]))
def test_every_entry_of_any_list_has_the_line_where_it_starts(values, indent):
    # One entry a line, each spread over lines of its own where there is an indent.
    parts = [json.dumps(value, indent=indent) for value in values]
    text = "[\n" + "\n,".join(parts) + "\n]"
    starts = [2 + sum(part.count("\n") + 1 for part in parts[:i]) for i in range(len(parts))]
    assert [item.line for item in parse_json(text)] == starts


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text):
    assert all(isinstance(item, Entry | Problem) for item in parse_json(text))
