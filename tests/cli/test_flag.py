"""`audit flag` as a curator and a pipeline use it."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import time

import polars as pl
import pytest

from audit.sample import concepts_path, pictures_path, references_path, shard_paths


@pytest.fixture
def gallery(audit, write_shard):
    captions = ["by Van Gogh"] * 250 + ["Claude Monet"] * 150 + ["Paul Klee"] * 3
    assert audit("ingest", write_shard("a.parquet", captions), "--name", "gallery").code == 0


ASK = ("flag", "-c", "Van Gogh", "-c", "Claude Monet", "-c", "Paul Klee", "--domain", "art-style")


def verdicts(outcome):
    assert outcome.out, outcome.err
    return {one["concept"]: one["verdict"] for one in json.loads(outcome.out)["results"]}


def test_each_concept_has_a_verdict_and_the_answer_its_reasons(audit, gallery):
    outcome = audit(*ASK)
    text = " ".join(outcome.out.split())
    assert outcome.code == 0
    assert text.startswith("3 concepts: 1 above, 1 uncertain, 1 below, 0 no threshold")
    for words in (
        "Van Gogh 250 112–241 [1] above",
        "Claude Monet 150 112–241 [1] uncertain",
        "name a model or group (above 1 of 4 values); count by image",
        "because no model and no group was named; arXiv 2410.15002 v1, Table 3",
        "Captions are counted, and thresholds are of images that show the concept",
        "--by both with --references counts images",
        "no conclusion on the law",
        "Note: images in a training set are not exposures",
    ):
        assert words in text, words


def test_json_csv_and_parquet_have_every_concept(audit, gallery):
    record = json.loads(audit(*ASK, "--output", "json").out)
    assert record["schema"] == "audit.flag/1"
    assert record["dataset"] == "gallery"
    assert record["thresholds_of"] == "published"
    rows = list(csv.DictReader(io.StringIO(audit(*ASK, "--output", "csv").out)))
    assert [row["verdict"] for row in rows] == ["above", "uncertain", "below"]
    assert [one["verdict"] for one in record["results"]] == ["above", "uncertain", "below"]
    assert float(rows[0]["threshold_high"]) == 241


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--model", "SD1.5", "--group", "classical artists"), ("above", "above", "below")),
        (("--model", "SD2.1"), ("above", "below", "below")),
        (("--threshold", "3"), ("above", "above", "above")),
        (("--threshold", "3:200"), ("above", "uncertain", "uncertain")),
        (("--share", "0.5:1"), ("uncertain", "uncertain", "below")),
    ],
)
def test_thresholds_are_chosen_or_given(audit, gallery, options, expected):
    assert tuple(verdicts(audit(*ASK, *options, "--output", "json")).values()) == expected


def test_one_published_value_is_said_to_have_no_interval(audit, gallery):
    outcome = audit(*ASK, "--model", "SD2.1", "--group", "modern artists")
    assert "published without interval, taken as a point" in " ".join(outcome.out.split())


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ((), 0, ""),
        (("--fail-on", "above"), 3, "1 of 3 concepts is above a threshold (--fail-on above)"),
        (("--fail-on", "uncertain"), 3, "2 of 3 concepts are above or uncertain"),
        (("--fail-on", "above", "--threshold", "251"), 0, ""),
        (("--fail-on", "uncertain", "--threshold", "251"), 0, ""),
        (("--fail-on", "uncertain", "--threshold", "250:251"), 3, "1 of 3 concepts is"),
        (("--fail-on", "above", "--threshold", "250:251"), 0, ""),
    ],
)
def test_gate_has_an_exit_code_of_its_own(audit, gallery, options, code, told):
    outcome = audit(*ASK, *options, "--quiet", "--output", "csv")
    assert outcome.code == code
    assert told in outcome.err
    assert bool(outcome.err) == bool(told)
    assert outcome.out.count("\n") == 4, "the answer is there whatever the gate says"


def test_gate_says_what_it_does_not_hold_against_any(audit, gallery):
    outcome = audit("flag", "-c", "Van Gogh", "--fail-on", "uncertain")
    assert outcome.code == 3  # a gate that holds nothing against anything is no gate
    assert "1 of 1 concept has no threshold" in outcome.err
    assert "Nothing was held against a threshold" in outcome.err
    assert "say it in the concept list, or for all with --domain" in " ".join(outcome.out.split())


def test_own_thresholds_stand_in_place_of_the_published(audit, gallery, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[[threshold]]\ndomain = "art-style"\nvalue = 100\ninterval = [50, 200]\n')
    outcome = audit(*ASK, "--thresholds", path, "--output", "json")
    assert tuple(verdicts(outcome).values()) == ("above", "uncertain", "below")
    assert json.loads(outcome.out)["thresholds_of"] == "mine.toml"
    path.write_text('[[threshold]]\ndomain = "face"\nvalue = 100\n')
    assert set(verdicts(audit(*ASK, "--thresholds", path, "--output", "json")).values()) == {
        "no threshold for this domain"
    }


def test_estimate_of_our_own_is_taken_in_the_voice_that_is_asked(audit, gallery, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(
        json.dumps(
            {
                "schema": "audit.threshold/1",
                "domain": None,
                "model": "ours",
                "paper": {"threshold": 2},
                "audit": {"verdict": "no threshold", "threshold": None, "interval": None},
            }
        )
    )
    own = verdicts(audit(*ASK, "--thresholds", path, "--output", "json"))
    assert set(own.values()) == {"no threshold for this domain"}
    paper = verdicts(audit(*ASK, "--thresholds", path, "--voice", "paper", "--output", "json"))
    assert set(paper.values()) == {"above"}
    without = audit("flag", "-c", "Van Gogh", "--thresholds", path)
    assert without.code == 2
    assert "--domain" in without.err


def test_count_that_was_kept_gives_the_same_verdicts(audit, gallery, tmp_path):
    counts = audit("count", *ASK[1:-2], "--output", "json")
    path = tmp_path / "counts.json"
    path.write_text(counts.out)
    now = audit(*ASK, "--output", "json")
    kept = audit("flag", "--counts", path, "--domain", "art-style", "--output", "json")
    assert json.loads(kept.out) == json.loads(now.out)


def test_unread_shards_are_in_the_count(audit, write_shard):
    good = write_shard("a.parquet", ["by Van Gogh"] * 60)
    bad = write_shard("b.parquet", ["by Van Gogh"] * 100)
    bad.write_bytes(bad.read_bytes()[:-50])
    audit("ingest", good.parent, "--name", "d")
    outcome = audit("flag", "-c", "Van Gogh", "--threshold", "100")
    text = " ".join(outcome.out.split())
    assert "60 (60 or more)" in text
    assert "read the unread shards; count by image" in text
    assert "1 of 2 shards were not read" in text


def test_hostile_names_are_shown_and_not_obeyed(audit, gallery, tmp_path):
    path = tmp_path / "names.txt"
    names = ["[bold]Van Gogh[/]", "=cmd()|' /C calc'!A0", "a\u202egnp", "葛飾北斎"]
    path.write_text("\n".join(names) + "\n")
    outcome = audit("flag", "--concepts", path, "--threshold", "1")
    assert outcome.code == 0
    assert "[bold]Van Gogh[/]" in outcome.out
    assert "a\\x202egnp" in outcome.out
    assert "\u202e" not in outcome.out
    answer = audit("flag", "--concepts", path, "--threshold", "1", "--output", "csv").out
    told = {row["concept"] for row in csv.DictReader(io.StringIO(answer))}
    assert told == {"'" + name if name.startswith("=") else name for name in names}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--threshold", "many"), "neither a number of images nor two as LOW:HIGH"),
        (("--threshold", "0"), "no threshold is 0 images"),
        (("--threshold", "300:100"), "ends before it begins"),
        (("--threshold", "nan"), "no number of images"),
        (("--share", "0.2:1.2"), "is no share of samples"),
        (("--share", "x"), "neither a share nor two"),
        (("--threshold", "5", "--model", "SD1.5"), "--model chooses among thresholds"),
        (("--threshold", "5", "--thresholds", "x.toml"), "--thresholds chooses among thresholds"),
        (("--voice", "paper"), "--voice says what to take of a file"),
        (("--model", "SD9"), "No threshold is of the model 'SD9'"),
        (("--group", "polticians"), "Did you mean 'politicians'?"),
        (("--domain", "faces"), "Did you mean 'face'?"),
        (("--thresholds", "nowhere.toml"), "there is no such file"),
        (("--counts", "nowhere.json"), "--concept says what to count and --counts gives a count"),
        (("--cutoff", "0.5"), "--cutoff is for images"),
        (("--by", "both", "--share", "0.5"), "--share is of named samples"),
        (("--dataset", "nowhere"), "nowhere"),
    ],
)
def test_wrong_questions_are_answered_with_what_to_do(audit, gallery, options, told):
    outcome = audit("flag", "-c", "Van Gogh", *options)
    assert outcome.code == 2
    assert told in outcome.err


def test_without_concepts_it_says_what_to_give(audit, gallery):
    outcome = audit("flag")
    assert outcome.code == 2
    assert "--counts FILE" in outcome.err


def test_images_are_held_against_thresholds(audit):
    pytest.importorskip("PIL", reason="needs pillow: pip install 'concept-audit[visual]'")
    if importlib.util.find_spec("numkong") is None:
        pytest.skip("needs numkong: pip install 'concept-audit[visual]'")
    for command in (
        ("ingest", pictures_path(), "--name", "pictures"),
        ("embed", pictures_path(), "--encoder", "hog"),
        ("index",),
    ):
        assert audit(*command).code == 0
    ask = ("-c", "gramastar", "--references", references_path(), "--output", "json")
    counted = json.loads(audit("count", *ask).out)["results"][0]["samples"]
    for threshold, verdict in (("10", "above"), ("60", "uncertain"), ("500", "below")):
        answer = json.loads(audit("flag", *ask, "--threshold", threshold).out)
        assert answer["by"] == "both"
        assert answer["results"][0]["count"] == counted
        assert answer["results"][0]["verdict"] == verdict


@pytest.fixture
def sample(audit):
    assert audit("ingest", shard_paths()[0].parent, "--name", "sample").code == 0


@pytest.fixture
def many(tmp_path):
    """A table of prompts like those that researchers share: five rows an artist, 1,734 artists."""
    known = ["Joseph Mallord William Turner", "Henry Moore", "John Constable", "Claude Monet"]
    names = known + [f"Artist Number {number}" for number in range(1730)]
    path = tmp_path / "prompts.csv"
    rows = [f"{i},Art by {name},{name}" for i, name in enumerate(names) for _ in range(5)]
    path.write_text("\n".join([",prompt,artist", *rows]) + "\n")
    return path


def assert_can_be_acted_on(audit, path):
    started = time.monotonic()
    options = ("--concepts", path, "--name-col", "artist", "--domain", "art-style")
    outcome = audit("flag", *options, "--fail-on", "above")
    assert time.monotonic() - started < 30, "seconds, not minutes; about one here"
    assert outcome.code == 3, outcome.err
    first, *rest = outcome.out.splitlines()
    assert first.startswith("1,734 concepts: 2 above, ")
    assert first.endswith(" below, 0 no threshold for this domain.")
    assert len(rest) < 100, "what is below is told in a line"
    text = " ".join(outcome.out.split())
    assert text.index("Turner") < text.index("Henry Moore") < text.index("John Constable")
    assert "columns that are not read" in outcome.err
    frame = pl.read_csv(io.StringIO(audit("flag", *options, "--output", "csv").out))
    assert len(frame) == 1734


def test_table_of_1734_artists_is_one_that_a_curator_can_act_on(audit, sample, many):
    assert_can_be_acted_on(audit, many)


def test_the_real_list_of_1734_artists(audit, sample, test_data):
    assert_can_be_acted_on(audit, test_data / "prompts" / "artists1734_prompts.csv")


def test_list_of_the_sample_needs_no_options(audit, sample):
    outcome = audit("flag", "--concepts", concepts_path(), "--output", "json")
    found = verdicts(outcome)
    assert found["Henry Moore"] == "above"
    assert found["John Constable"] == "uncertain"
    assert found["Claude Monet"] == "below"
