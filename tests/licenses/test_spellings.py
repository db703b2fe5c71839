"""What strings and addresses stand for, against answers made by hand."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from audit.licenses import normalise
from audit.licenses.normalise import LONGEST
from audit.licenses.tables import rules

GROUPS = tomllib.loads((Path(__file__).parent / "spellings.toml").read_text("utf-8"))["group"]
ANSWERS = [(group.get("numbers"), *answer) for group in GROUPS for answer in group["answers"]]


def test_there_are_many_and_each_once_with_its_source():
    assert len(ANSWERS) >= 150
    assert len({(numbers, value) for numbers, value, *_ in ANSWERS}) == len(ANSWERS)
    assert all(group["source"] for group in GROUPS)


@pytest.mark.parametrize(("numbers", "value", "license", "status", "rule"), ANSWERS)
def test_spelling(numbers, value, license, status, rule):
    found = normalise(value, numbers=numbers)
    assert (found.license.id, found.status, found.rule) == (license, status, rule)


@pytest.mark.parametrize(("numbers", "value"), [answer[:2] for answer in ANSWERS])
def test_reason_is_a_filled_in_sentence(numbers, value):
    reason = normalise(value, numbers=numbers).reason
    assert reason.endswith(".")
    assert "{" not in reason
    assert "()" not in reason


def test_nothing_is_missing():
    assert normalise(None).rule == "missing"


@pytest.mark.parametrize("text", ["CC0 " * 200, "CC0" + " " * LONGEST, "©" * 10**6])
def test_very_long_text_is_no_license(text):
    assert (normalise(text).status, normalise(text).rule) == ("unknown", "too-long")


def test_very_long_emptiness_is_missing():
    assert normalise(" " * 10**6).rule == "missing"


def test_deep_brackets_are_no_expression():
    assert normalise("(" * 200 + "MIT" + ")" * 200).status == "unknown"


def test_every_rule_is_explained_and_tried():
    tried = {normalise(value, numbers=numbers).rule for numbers, value, *_ in ANSWERS}
    # A map is of a curator: tests/licenses/test_mapping.py.
    assert tried | {"too-long", "license-ref", "mapped"} == set(rules())
