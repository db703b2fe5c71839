"""`audit thresholds`: what is known, in every format."""

from __future__ import annotations

import io
import json

import polars as pl
import pytest


def test_table_has_values_sources_and_caveats_once(audit):
    outcome = audit("thresholds")
    text = " ".join(outcome.out.split())
    assert outcome.code == 0
    for words in ("364", "527", "arXiv 2410.15002", "none given", "200 to 700"):
        assert words in text
    assert text.count("images in a training set are not exposures") == 1
    assert "rescaled by the ratio of captions (SD2.1, celebrities;" in text


def test_json_has_the_versioned_schema_and_null_where_no_interval_is_published(audit):
    record = json.loads(audit("thresholds", "--domain", "face", "--output", "json").out)
    assert record["schema"] == "audit.thresholds/1"
    assert {entry["domain"] for entry in record["thresholds"]} == {"face"}
    assert all(entry["interval"] is None for entry in record["thresholds"])


def test_chosen_by_model_and_group(audit):
    answer = audit("thresholds", "--model", "SD2.1", "--group", "modern artists", "--output", "csv")
    assert pl.read_csv(io.StringIO(answer.out))["value"].to_list() == [241]


def test_own_thresholds_are_listed_beside_the_published(audit, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("domain,value,low,high,source\nobject,50,40,70,\x1b[31mmine \u202egnp\n")
    outcome = audit("thresholds", "--thresholds", path)
    assert outcome.code == 0
    assert "40–70" in outcome.out
    assert "\\x1b[31m" in outcome.out
    assert "\x1b[31m" not in outcome.out
    assert "\u202e" not in outcome.out
    count = len(
        json.loads(audit("thresholds", "--thresholds", path, "--output", "json").out)["thresholds"]
    )
    assert count == 1 + len(json.loads(audit("thresholds", "--output", "json").out)["thresholds"])


def test_nothing_known_is_said(audit):
    assert "No threshold is known for that." in audit("thresholds", "--domain", "object").out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--domain", "faces"), "Did you mean 'face'?"),
        (("--model", "SD9"), "There are: SD1.1"),
        (("--group", "painters"), "celebrities"),
        (("--thresholds", "nowhere.toml"), "there is no such file"),
        (("--voice", "paper"), "--voice says what to take of a file: it needs --thresholds"),
    ],
)
def test_wrong_questions_are_answered_with_what_to_do(audit, options, told):
    outcome = audit("thresholds", *options)
    assert outcome.code == 2
    assert told in outcome.err
