"""Reading labelled files as people and spreadsheets write them."""

from __future__ import annotations

import json

import pytest

from audit.errors import SourceError, UsageError
from audit.estimates.prediction_powered import NO, UNSURE, YES
from audit.labels.answers import read_answers


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, name="labels.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_answers(path)

    return write_and_read


def test_answers_by_label_id(read):
    found = read("label_id,concept,label\na-1,cat,yes\na-2,cat,no\na-3,cat,unsure\na-4,cat,\n")
    assert found.answers == {"a-1": YES, "a-2": NO, "a-3": UNSURE}
    assert list(found.lines) == ["a-1", "a-2", "a-3", "a-4"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("YES", YES), (" y ", YES), ("1", YES), ("True", YES), ("No", NO), ("n", NO), ("0", NO),
     ("FALSE", NO), ("?", UNSURE), ("Unsure", UNSURE), ("'yes", YES)],
)  # fmt: skip
def test_ways_of_saying_it(read, written, meant):
    assert read(f"label_id,label\na-1,{written}\n").answers == {"a-1": meant}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write(read, delimiter):
    """Other delimiters, a mark at the start, Windows line ends, other columns in any order."""
    lines = ["Label", "caption", "label_id"], ["yes", '"two\r\nlines, a ""cat"""', "a-1"]
    text = "\r\n".join(delimiter.join(line) for line in lines) + "\r\n"
    assert read("\ufeff" + text).answers == {"a-1": YES}
    assert read(text.encode("utf-16")).answers == {"a-1": YES}


def test_json_as_a_list_or_as_exported(read):
    samples = [{"label_id": "a-1", "label": "yes"}, {"label_id": "a-2", "label": False},
               {"label_id": "a-3", "label": None}, {"label_id": "a-4", "label": 1}]  # fmt: skip
    expected = {"a-1": YES, "a-2": NO, "a-4": YES}
    assert read(json.dumps(samples), "l.json").answers == expected
    assert read(json.dumps({"samples": samples}), "l.json").answers == expected


def test_all_mistakes_are_told_with_their_lines(read):
    text = 'label_id,caption,label\na-1,"two\nlines",yes\na-2,x,maybe\na-1,x,no\n,x,yes\n'
    with pytest.raises(UsageError) as error:
        read(text)
    first, second, third = error.value.message.splitlines()
    assert first.endswith("line 4: label 'maybe' is none of yes, no, unsure.")
    assert second.endswith("line 5: a-1 stands in line 2 too.")
    assert third.endswith("line 6: has a label and no label_id.")
    assert "nothing was stored" in error.value.hint


def test_very_many_mistakes_are_counted(read):
    rows = "".join(f"a-{n},perhaps\n" for n in range(500))
    with pytest.raises(UsageError, match="and 480 more"):
        read(f"label_id,label\n{rows}")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("l.csv", "label_id,label\na-1,\n", "no sample has a label"),
        ("l.csv", "", "has no column label_id and no column label"),
        ("l.csv", "id,label\na-1,yes\n", "has no column label_id"),
        ("l.csv", 'label_id,label\na-1,"yes\n', "line 2: is no CSV"),
        ("l.csv", b"label_id,label\na-1,yes\na-\xff,yes\n", "line 3: is not UTF-8"),
        ("l.json", "{", "is no JSON"),
        ("l.json", "[1]", "is no list of samples"),
        ("l.json", '{"label": 3}', "is no list of samples"),
        ("l.json", "[" * 200_000, "is nested too deeply|is no JSON"),
    ],
)
def test_files_that_are_none(read, name, text, message):
    with pytest.raises(UsageError, match=message):
        read(text, name)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        read_answers(tmp_path / "none.csv")
