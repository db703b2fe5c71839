"""The file that a person labels: spreadsheets show it as it is, and run nothing in it."""

from __future__ import annotations

import csv
import json
from types import SimpleNamespace

import pytest

from audit.labels.answers import read_answers
from audit.labels.export import COLUMNS, LabelSheet
from audit.reports.label_sheet import write_label_sheet

NO_INDEX = SimpleNamespace(parts=[])
NONE = SimpleNamespace(names=(), kind="images")


def sheet_with(**cells):
    row = dict.fromkeys(COLUMNS) | {"label_id": "abcd-1", "label": ""} | cells
    return LabelSheet(SimpleNamespace(concept="blue cat"), (row,), (None,), NONE)


@pytest.fixture
def written(tmp_path):
    """The one row of a sheet as CSV readers find it."""

    def write(**cells):
        path = tmp_path / "labels.csv"
        write_label_sheet(sheet_with(**cells), path, NO_INDEX)
        with path.open(encoding="utf-8-sig", newline="") as stream:
            (row,) = csv.DictReader(stream)
        return row

    return write


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1+1"])
def test_what_a_spreadsheet_takes_for_a_formula_becomes_text(written, text):
    row = written(caption=text, url=text)
    assert row["caption"] == row["url"] == f"'{text}"


@pytest.mark.parametrize("text", ["a cat", "1 = 1", "Łódź, “quoted”", "a;b,c"])
def test_other_text_stays_as_it_is(written, text):
    assert written(caption=text)["caption"] == text


def test_a_caption_of_several_lines_stays_in_one(written):
    assert written(caption="a\r\n=b\nc\x00")["caption"] == "a =b c"


def test_unknown_is_empty_and_scores_are_short(written):
    row = written(score=1 / 3, row=7)
    assert (row["score"], row["row"], row["url"]) == ("0.3333", "7", "")


def test_csv_says_that_it_is_utf8_and_names_the_columns_in_order(tmp_path):
    path = tmp_path / "labels.csv"
    write_label_sheet(sheet_with(caption="Łódź"), path, NO_INDEX)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n")


def test_json_keeps_values(tmp_path):
    path = tmp_path / "labels.JSON"
    write_label_sheet(sheet_with(caption="=1+1", score=1 / 3), path, NO_INDEX)
    record = json.loads(path.read_text("utf-8"))
    assert record["concept"] == "blue cat"
    (sample,) = record["samples"]
    assert (sample["caption"], sample["score"], sample["url"]) == ("=1+1", 1 / 3, None)


@pytest.mark.parametrize("name", ["labels.csv", "labels.json"])
def test_a_sheet_with_answers_is_read_back(tmp_path, name):
    path = tmp_path / name
    write_label_sheet(sheet_with(caption="=1", label="yes"), path, NO_INDEX)
    assert read_answers(path).answers == {"abcd-1": 1}
