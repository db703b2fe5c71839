"""`audit lookup`, `audit remove-samples` and `audit removals` as a curator uses them."""

from __future__ import annotations

import io
import json
import sys

import click
import polars as pl
import pytest

CAPTIONS = ["Starry Night", "a cat", "The Cat", None]


@pytest.fixture
def ingested(audit, write_shard):
    shard = write_shard("a.parquet", CAPTIONS, WIDTH=[1, 2, 3, 4], md5=list("abcd"))
    assert audit("ingest", str(shard), "--name", "d").code == 0


def words(outcome):
    return " ".join(outcome.out.split())


def test_found_samples_are_shown_with_how_they_were_found(audit, ingested):
    answer = audit("lookup", "--url", "http://a.example.org/1.jpg")
    assert answer.code == 0
    text = words(answer)
    assert text.startswith("Found: 1 sample.")
    assert "a cat https://a.example.org/1.jpg [a.parquet row 1] found by URL, https scheme" in text
    assert "Searched: URL, 4 of 4 samples (as given and in other spellings)" in text


def test_not_found_says_what_was_not_searched(audit, ingested):
    answer = audit("lookup", "--caption", "dog", "--hash", "f" * 64)
    assert answer.code == 0
    text = words(answer)
    assert text.startswith("Not found in what was searched, which is not all that could hold it.")
    assert "not searched: columns for hash" in text
    as_json = audit("lookup", "--caption", "dog", "--hash", "f" * 64, "--output", "json")
    told = json.loads(as_json.out)
    assert told["schema"] == "audit.lookup/1"
    assert told["samples"] == 0
    assert told["not_searched"]
    assert "not searched" in as_json.err


def test_gate_trips_only_on_what_counts(audit, ingested):
    asked = ("lookup", "--caption", "cat", "--fail-if-found")
    assert audit(*asked).code == 3
    audit("remove-samples", "--caption", "cat", "--reason", "asked", "--yes")
    assert audit(*asked).code == 0
    assert audit("lookup", "--caption", "dog", "--fail-if-found").code == 0


def test_the_gate_does_not_pass_what_was_not_looked_at(audit, ingested, write_shard):
    asked = ("--fail-if-found", "--output", "json")
    # No such column: nothing was looked at.
    outcome = audit("lookup", "--hash", "sha256:" + "0" * 64, *asked)
    assert outcome.code == 3
    assert "not all that could hold it was searched" in outcome.err
    assert audit("lookup", "--caption", "dog", *asked).code == 0
    # A shard that cannot be read may hold it.
    broken = write_shard("b.parquet", ["dog"])
    broken.write_bytes(b"no parquet")
    audit("ingest", broken, "--name", "d", "--add")
    assert audit("lookup", "--caption", "dog", *asked).code == 3
    assert audit("lookup", "--caption", "dog", "--output", "json").code == 0


def test_the_gate_does_not_pass_a_dataset_without_samples(audit, write_shard):
    audit("ingest", write_shard("a.parquet", []), "--name", "d")
    assert audit("lookup", "--caption", "dog", "--fail-if-found").code == 3


def test_no_limit_shows_all(audit, write_shard):
    audit("ingest", write_shard("a.parquet", ["cat"] * 30), "--name", "d")
    asked = ("lookup", "--caption", "cat", "--output", "json")
    shown = [
        json.loads(audit(*asked, *more).out)["shown"]
        for more in ((), ("--limit", "0"), ("--limit", "7"))
    ]
    assert shown == [20, 30, 7]


def test_urls_come_from_a_file_or_from_standard_input(audit, ingested, tmp_path, monkeypatch):
    urls = "https://a.example.org/0.jpg\r\n\n  https://a.example.org/9.jpg \n"
    (tmp_path / "urls.txt").write_text(urls)
    found = json.loads(audit("lookup", "--urls", tmp_path / "urls.txt", "--output", "json").out)
    assert [one["samples"] for one in found["asked"]] == [1, 0]
    stream = io.TextIOWrapper(io.BytesIO(urls.encode()))
    monkeypatch.setattr(sys, "stdin", stream)
    assert json.loads(audit("lookup", "--url", "-", "--output", "json").out)["samples"] == 1
    assert audit("lookup", "--urls", tmp_path / "gone.txt").code == 1


def test_wrong_questions_are_usage_errors(audit, ingested):
    assert audit("lookup").code == 2
    assert "Nothing is looked for" in audit("lookup").err
    assert audit("lookup", "--url", "a.jpg").code == 2
    assert audit("lookup", "--caption", "x", "--dataset", "e").code == 2
    assert audit("lookup", "--caption", "x", "--distance", "99").code == 2
    assert audit("remove-samples", "--caption", "cat").code == 2
    assert audit("remove-samples", "--reason", "x").code == 2
    assert audit("remove-samples", "--where", "widht > 1", "--reason", "x").code == 2
    assert audit("removals", "undo", "1", "--reason", "x").code == 2


def test_what_would_be_removed_is_shown_and_asked(audit, ingested, monkeypatch):
    answers = iter([False, True])
    monkeypatch.setattr(click, "confirm", lambda *_, **__: next(answers))
    ask = ("remove-samples", "--caption", "cat", "--reason", "request of the owner")
    first = audit(*ask)
    assert first.code == 130
    assert "Would be removed: 2 samples." in first.out
    assert "samples 4 2 -2" in words(first)
    assert "Nothing was removed" in first.err
    assert "4 samples" in words(audit("show", "d"))
    second = audit(*ask)
    assert second.code == 0
    assert "Removed 2 samples as removal 0001" in second.err
    assert "2 samples; 2 removed on request" in words(audit("show", "d"))
    assert " 2 " in audit("datasets").out.splitlines()[3]


def test_nobody_there_to_answer_removes_nothing(audit, ingested, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    outcome = audit("remove-samples", "--caption", "cat", "--reason", "x")
    assert outcome.code == 130
    assert "--yes" in outcome.err
    assert "4 samples" in words(audit("show", "d"))


def test_dry_run_needs_no_reason_and_writes_nothing(audit, ingested, home):
    outcome = audit("remove-samples", "--caption", "cat", "--dry-run")
    assert outcome.code == 0
    assert "Would be removed: 2 samples." in outcome.out
    assert not (home.folder("d") / "removed").exists()


def test_what_is_not_found_is_not_removed(audit, ingested, home):
    outcome = audit("remove-samples", "--caption", "dog", "--reason", "x", "--yes")
    assert outcome.code == 0
    assert "nothing was found" in outcome.err
    assert not (home.folder("d") / "removed").exists()


def test_what_cannot_be_looked_for_is_an_error(audit, ingested):
    outcome = audit("remove-samples", "--hash", "0" * 64, "--reason", "x", "--yes")
    assert outcome.code == 2
    assert "none of it can be looked for" in outcome.err


def test_a_reviewed_lookup_is_removed(audit, ingested, tmp_path):
    """Look up, take out what is not meant, remove the rest."""
    table = audit("lookup", "--caption", "cat", "--output", "csv").out
    kept = [line for line in table.splitlines() if "The Cat" not in line]
    (tmp_path / "reviewed.csv").write_text("\n".join(kept))
    ask = ("remove-samples", "--from", tmp_path / "reviewed.csv", "--reason", "x", "--yes")
    report = json.loads(audit(*ask, "--output", "json").out)
    assert report["done"] is True
    assert report["newly_removed"] == 1
    assert report["removal"]["id"] == "0001"
    (left,) = json.loads(audit("count", "-c", "cat", "--examples", "9", "--output", "json").out)[
        "results"
    ]
    assert [example["caption"] for example in left["examples"]] == ["The Cat"]


def test_concepts_and_conditions_choose_samples(audit, ingested):
    ask = ("remove-samples", "-c", "cat", "--where", "width > 2", "--reason", "x", "--yes")
    told = words(audit(*ask))
    assert "samples that name 'cat' 2 1 -1" in told
    assert "samples 4 3 -1" in told


def test_removals_are_listed_taken_back_and_kept_on_record(audit, ingested):
    assert "Nothing was removed from d" in audit("removals", "list").out
    reason = "asked\u202e by\n \x1b[31mthe owner"
    audit("remove-samples", "--caption", "cat", "--reason", reason, "--who", "Ann", "--yes")
    listed = words(audit("removals", "list"))
    assert "0001 2 " in listed
    assert "Ann" in listed
    assert "\\x1b[31mthe owner" in listed
    undone = audit("removals", "undo", "1", "--reason", "wrong cat", "--who", "Ben")
    assert undone.code == 0
    assert "samples 2 4 +2" in words(undone)
    listed = words(audit("removals", "list"))
    assert "by Ben: wrong cat" in listed
    assert "all 1 shards" not in listed
    (row,) = json.loads(audit("removals", "list", "--output", "json").out)["removals"]
    assert row["in_force"] is False
    assert row["withdrawn"]["who"] == "Ben"
    assert audit("removals", "list", "--output", "csv").out.startswith("id,samples,in_force")


def test_counts_say_that_samples_were_removed(audit, ingested):
    audit("remove-samples", "--caption", "starry", "--reason", "x", "--yes")
    told = json.loads(audit("count", "-c", "cat", "--output", "json").out)["coverage"]
    assert (told["rows"], told["removed"], told["removals"]) == (4, 1, ["0001"])
    assert "1 removed on request" in words(audit("count", "-c", "cat"))
    audit("count", "-c", "cat", "--save")


def test_filters_are_written(audit, ingested, tmp_path):
    audit("remove-samples", "--caption", "cat", "--reason", "x", "--yes")
    outcome = audit("removals", "export", tmp_path / "gone.parquet")
    assert outcome.code == 0
    assert pl.read_parquet(tmp_path / "gone.parquet")["md5"].to_list() == ["b", "c"]
    refused = audit("removals", "export", tmp_path / "left.npy", "--kept")
    assert refused.code == 2
    assert "--keep uid" in refused.err
    assert audit("removals", "export", tmp_path / "left.npy").code == 2


def test_a_second_removal_of_the_same_is_kept_beside_the_first(audit, ingested):
    ask = ("remove-samples", "--caption", "cat", "--reason", "x", "--yes")
    audit(*ask)
    again = audit(*ask)
    assert "2 of them were removed before" in again.out
    assert "Removed 0 samples as removal 0002" in again.err
    audit("removals", "undo", "1", "--reason", "mistake")
    assert "2 samples; 2 removed on request" in words(audit("show", "d"))


def test_removing_a_dataset_says_that_its_removals_go_with_it(audit, ingested, monkeypatch):
    audit("remove-samples", "--caption", "cat", "--reason", "x", "--yes")
    asked = []
    monkeypatch.setattr(click, "confirm", lambda text, **_: asked.append(text))
    outcome = audit("remove", "d")
    assert "and 1 removal of 2 samples on request?" in asked[0]
    assert "audit removals export FILE --dataset d" in outcome.err


def test_removing_a_dataset_unasked_says_what_went_with_it(audit, ingested, write_shard):
    audit("remove-samples", "--caption", "cat", "--reason", "x", "--yes")
    told = audit("remove", "d", "--yes", "--quiet").err
    assert "1 removal of 2 samples on request went with it" in told
    assert audit("ingest", write_shard("a.parquet", ["x"]), "--name", "d").code == 0
    assert "went with it" not in audit("remove", "d", "--yes").err
    assert "audit removals export" in audit("remove", "--help").out


def test_a_damaged_removal_does_not_keep_a_dataset_from_being_deleted(audit, ingested, home):
    audit("remove-samples", "--caption", "cat", "--reason", "x", "--yes")
    (home.folder("d") / "removed" / "0001.parquet").write_bytes(b"")
    outcome = audit("remove", "d", "--yes")
    assert outcome.code == 0
    assert "1 removal of samples on request went with it" in outcome.err


def test_a_file_has_all_that_was_found(audit, write_shard, tmp_path):
    shard = write_shard("many.parquet", ["a cat"] * 50)
    audit("ingest", str(shard), "--name", "many")
    found = audit("lookup", "-d", "many", "--caption", "cat", "--output", "csv").out
    path = tmp_path / "found.csv"
    path.write_text(found)
    assert len(pl.read_csv(path)) == 50
    outcome = audit("remove-samples", "-d", "many", "--from", path, "--reason", "x", "--yes")
    assert outcome.code == 0
    assert "50 samples" in words(outcome)
    few = audit("lookup", "-d", "many", "--caption", "cat", "--limit", "3", "--output", "csv").out
    assert len(pl.read_csv(io.StringIO(few))) == 3
