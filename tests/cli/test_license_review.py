"""`audit license`: the review on a terminal and in files, its gates, map and mistakes."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import polars as pl
import pyarrow as pa
import pytest


@pytest.fixture
def reviewed(audit, write_shard):
    """Ten samples: four open, two restricted, three missing, one with an odd value."""
    licenses = ["CC BY 4.0"] * 4 + ["CC BY-NC 2.0"] * 2 + ["?", "?", None, "house style"]
    captions = [f"Van Gogh {i}" if i % 2 else f"a field {i}" for i in range(10)]
    shard = write_shard("a.parquet", captions, license=pa.array(licenses, pa.string()))
    assert audit("ingest", shard, "--name", "a", "--dataset-license", "CC BY 4.0").code == 0
    return audit


def run_with_output_to(path, *arguments):
    with open(path, "wb") as stream:
        command = [sys.executable, "-m", "audit", *arguments]
        return subprocess.run(command, stdout=stream, stderr=subprocess.PIPE, check=False)


def words(outcome):
    return " ".join(outcome.out.split())


def test_table_tells_statuses_findings_openness_and_what_it_rests_on(reviewed):
    outcome = reviewed("license")
    text = words(outcome)
    assert outcome.code == 0
    for told in (
        "a: 10 samples.",
        "open 4 40.0% 4",
        "missing 3 30.0% 3",
        "unclear 1 10.0% 1",
        "conflict-dataset 2 20.0% 2",
        "commercial-training 4 2 4",
        "“house style” license 1 NOASSERTION unknown unlisted",
        "openly licensed: no (6 of 10 samples have no open license)",
        "The dataset's own license, for itself: “CC BY 4.0” (CC-BY-4.0).",
        "its one shard, 10 samples",
        "Not legal advice.",
    ):
        assert told in text, told


def test_json_has_the_versioned_schema_and_keeps_declared_and_concluded_apart(reviewed):
    record = json.loads(reviewed("license", "--use", "research", "--output", "json").out)
    assert record["schema"] == "audit.license/1"
    assert record["samples"] == 10
    assert [one["license"] for one in record["declared"]] == [
        "CC-BY-4.0", "NOASSERTION", "CC-BY-NC-2.0",
    ]  # fmt: skip
    assert record["dataset_license"]["license"] == "CC-BY-4.0"
    assert record["openness"]["tier"] is None
    assert sum(one["samples"] for one in record["statuses"]) == 10
    assert {one["name"]: one["samples"] for one in record["findings"]}["use-unknown"] == 4


@pytest.mark.parametrize(
    ("by", "column", "values"),
    [
        ("finding", "name", {"open", "missing", "conflict-link"}),
        ("license", "license", {"CC-BY-4.0", "NOASSERTION"}),
        ("host", "host", {"a.example.org"}),
        ("value", "value", {"CC BY 4.0", "?", None, "house style"}),
    ],
)
def test_csv_has_the_listing_that_was_asked_for(reviewed, by, column, values):
    answer = pl.read_csv(io.StringIO(reviewed("license", "--by", by, "--output", "csv").out))
    assert values <= set(answer[column])


def test_rows_are_listed_with_reason_and_address(reviewed):
    text = words(reviewed("license", "--rows", "non-commercial"))
    for told in (
        "2 rows non-commercial: use for gain is not permitted.",
        "“a field 4” [a.parquet row 4] https://a.example.org/4.jpg",
        "says license “CC BY-NC 2.0”",
        "restricted (CC-BY-NC-2.0)",
        "Does not permit use for gain",
    ):
        assert told in text, told


def test_rows_left_out_are_told_and_all_go_to_a_file(reviewed, tmp_path):
    outcome = reviewed("license", "--rows", "missing", "--limit", "1")
    assert "2 rows more: --limit 0, or --to FILE" in words(outcome)
    for name in ("rows.parquet", "rows.csv"):
        path = tmp_path / name
        outcome = reviewed("license", "--rows", "missing", "--limit", "1", "--to", path)
        read = pl.read_parquet if name.endswith("parquet") else pl.read_csv
        assert read(path)["row"].to_list() == [6, 7, 8]
        assert "3 rows of a written" in outcome.err


def test_a_csv_that_is_not_whole_is_told(reviewed):
    outcome = reviewed("license", "--rows", "missing", "--limit", "1", "--output", "csv")
    assert "1 of 3 rows are in the answer; for all of them: --limit 0" in outcome.err
    outcome = reviewed("license", "--by", "value", "--limit", "2", "--output", "csv")
    assert "2 of 5 values" in outcome.err
    assert reviewed("license", "--rows", "missing", "--output", "csv").err == ""


def test_a_file_of_no_rows_has_its_columns(reviewed, tmp_path):
    path = tmp_path / "none.parquet"
    reviewed("license", "--rows", "expired", "--to", path)
    assert pl.read_parquet(path).shape == (0, 17)


def test_a_concept_is_reviewed_alone(reviewed):
    outcome = reviewed("license", "--concept", "Van Gogh", "--output", "json")
    record = json.loads(outcome.out)
    assert record["samples"] == 5
    assert record["concepts"][0]["concept"] == "Van Gogh"
    assert "5 samples that name “Van Gogh”" in words(reviewed("license", "-c", "Van Gogh"))


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        ("missing>29%", 3),
        ("missing>30%", 0),  # exactly 30 % are
        ("missing>2", 3),
        ("missing>3", 0),
        ("conflict-dataset>0", 3),
        ("conflict-link>0", 0),
        ("unknown>39.9%", 3),
        ("not-open>5", 3),
    ],
)
def test_a_gate(reviewed, gate, code):
    outcome = reviewed("license", "--fail-on", gate)
    assert outcome.code == code
    assert ("--fail-on" in outcome.err) == (code == 3)
    assert "Concluded" in outcome.out  # the review is there in any case


def test_rows_that_were_not_read_do_not_pass_a_gate(audit, write_shard, tmp_path):
    good = write_shard("good.parquet", ["x"] * 4, license=["CC0"] * 4)
    bad = good.with_name("bad.parquet")
    bad.write_bytes(good.read_bytes()[:200])
    audit("ingest", good, bad, "--name", "half", "--allow-errors", "1")
    outcome = audit("license", "--fail-on", "missing>0")
    assert outcome.code == 3
    assert "1 of 2 shards was not read" in outcome.err
    assert "every row that could be read" in words(outcome)


def test_several_gates_each_tell_what_tripped(reviewed):
    outcome = reviewed("license", "--fail-on", "missing>0", "--fail-on", "expired>0",
                       "--fail-on", "use-denied>0", "--use", "commercial-training")  # fmt: skip
    assert outcome.code == 3
    assert "3 of 10 samples (30.00%) are missing" in outcome.err
    assert "2 of 10 samples (20.00%) are use-denied" in outcome.err
    assert "expired" not in outcome.err


def test_a_gate_over_no_samples_does_not_pass(reviewed):
    outcome = reviewed("license", "--where", "width > 10", "--fail-on", "missing>5%")
    assert outcome.code == 2  # this dataset has no width
    outcome = reviewed("license", "--where", "license = 'x'", "--fail-on", "missing>5%")
    assert outcome.code == 3
    assert "nothing was held against missing>5%" in outcome.err


def test_values_are_listed_filled_in_and_given_back(reviewed, tmp_path):
    listed = reviewed("license", "--by", "value", "--output", "csv").out
    path = tmp_path / "values.csv"
    path.write_text(
        listed.replace("house style,1,NOASSERTION", "house style,1,All rights reserved")
    )
    outcome = reviewed("license", "--map", path)
    assert "1 value mapped; kept with a" in outcome.err
    assert "in-copyright 1 10.0% 1" in words(outcome)
    assert "Read with the map values.csv (1 value)" in words(reviewed("license"))
    assert "in-copyright 0 0.0% 0" in words(reviewed("license", "--no-map"))


def test_captions_and_licenses_cannot_move_the_cursor(audit, write_shard):
    shard = write_shard("b.parquet", ["\x1b[31mred\u202e"], license=["\x1b[2J=cmd|' /C calc'!A0"])
    audit("ingest", shard, "--name", "b")
    for arguments in ((), ("--rows", "unclear"), ("--by", "value")):
        out = audit("license", *arguments).out
        assert "\x1b" not in out
        assert "\u202e" not in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--rows", "mising"), "Did you mean 'missing'?"),
        (("--fail-on", "mising>5%"), "Did you mean 'missing'?"),
        (("--fail-on", "missing>lots"), "is no gate"),
        (("--fail-on", "missing>100%"), "nothing can be more than 100 %"),
        (("--fail-on", "missing<5%"), "is no gate"),
        (("--rows", "use-denied"), "--use PROFILE"),
        (("--to", "x.parquet"), "--rows FINDING"),
        (("--rows", "missing", "--to", "x.txt"), "cannot be written as .txt"),
        (("--use", "commercial"), "commercial-training"),
        (("--map", "nowhere.csv"), "there is no such file"),
        (("--map", "nowhere.csv", "--no-map"), "leave one out"),
        (("--on", "yesterday"), "does not match the format"),
        (("--where", "licence = 'x'"), "license"),
        (("--concept", "!!!"), "Nothing to search"),
        (("--use", "research", "explain", "CC0"), "--use is for a review"),
        (("expalin", "CC0"), "No such command"),
        (("--dataset", "b"), "No dataset"),
    ],
)
def test_mistakes_say_what_to_do_before_anything_is_read(reviewed, arguments, told):
    outcome = reviewed("license", *arguments)
    assert outcome.code in (1, 2)
    assert told in outcome.err
    assert "Concluded" not in outcome.out


def test_the_dataset_license_is_kept_when_more_is_ingested(reviewed, write_shard):
    more = write_shard("c.parquet", ["x"], license=["CC0"])
    assert reviewed("ingest", more, "--name", "a", "--add").code == 0
    record = json.loads(reviewed("license", "--output", "json").out)
    assert record["dataset_license"]["license"] == "CC-BY-4.0"
    assert record["samples"] == 11


def test_an_answer_never_takes_the_place_of_a_source(reviewed, home, tmp_path):
    source = tmp_path / "shards" / "a.parquet"
    before = source.read_bytes()
    for command in (
        ("license", "--rows", "open", "--to", source),
        ("license", "--rows", "open", "--to", home.open("a").parts[0].path),
        ("license", "--rows", "open", "--to", tmp_path / "nowhere" / "x.csv"),
        ("disclose", "spdx", "--out", source),
        ("removals", "export", source),
        ("disclose", "eu", "--out", tmp_path / "nowhere" / "x.md"),
    ):
        outcome = reviewed(*command)
        assert outcome.code == 2, command
        assert outcome.out == ""
    assert source.read_bytes() == before
    assert not (tmp_path / "nowhere").exists()


def test_a_full_disk_is_said_to_be_one(reviewed):
    outcome = run_with_output_to("/dev/full", "license", "--dataset", "a")
    assert outcome.returncode == 1
    assert b"no space left" in outcome.stderr
    assert b"mistake" not in outcome.stderr
