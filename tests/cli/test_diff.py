"""`audit diff` as a curator and a pipeline use it, on datasets with planted differences."""

from __future__ import annotations

import csv
import io
import json

import duckdb
import pyarrow as pa
import pytest

import audit as library
from audit.datasets.duckdb_paths import parquet_sql
from audit.datasets.home import Home
from audit.errors import UsageError

HOSTILE = "=HYPERLINK(1)\u202e<script>alert(1)</script>"

#: Rows of the older dataset: caption, host, license.
OLD = (
    [("by Van Gogh", "old.org", "CC BY 4.0")] * 150
    + [("Claude Monet", "stays.org", "CC BY 4.0")] * 250
    + [("Paul Klee", "stays.org", None)] * 50
    + [(f"a cat {HOSTILE}", "stays.org", None)] * 10
)
#: The newer: more of Van Gogh, fewer of Monet, another license of Klee, old.org is gone.
NEW = (
    [("by Van Gogh", "new.org", "CC BY 4.0")] * 260
    + [("Claude Monet", "stays.org", "CC BY 4.0")] * 90
    + [("Paul Klee", "stays.org", "All rights reserved")] * 50
    + [(f"a cat {HOSTILE}", "stays.org", None)] * 12
)
ASK = ("-c", "Van Gogh", "-c", "Claude Monet", "-c", "Paul Klee", "--domain", "art-style")


@pytest.fixture
def ingest(audit, write_shard):
    def make(name, rows, **columns):
        shard = write_shard(
            f"{name}.parquet",
            [caption for caption, _, _ in rows],
            URL=[f"https://{host}/{n}" for n, (_, host, _) in enumerate(rows)],
            LICENSE=pa.array([license for _, _, license in rows], pa.string()),
            **columns,
        )
        assert audit("ingest", shard, "--name", name).code == 0
        return shard

    return make


@pytest.fixture
def both(ingest):
    ingest("old", OLD)
    ingest("new", NEW)


def told(outcome):
    assert outcome.out, outcome.err
    return json.loads(outcome.out)


def by_name(answer):
    return {one["concept"]: one for one in answer["concepts"]}


def test_concepts_that_crossed_come_first_and_say_why(audit, both):
    outcome = audit("diff", "old", "new", *ASK)
    assert outcome.code == 0, outcome.err
    text = " ".join(outcome.out.split())
    assert "3 concepts: 1 crossed to above, 0 rose to uncertain, 1 fell." in text
    assert text.index("Van Gogh 150 260 +110") < text.index("Claude Monet 250 90 −160")
    assert "uncertain → above, by the count" in text
    assert "above → below, by the count" in text
    assert "Opt-outs are not compared: neither side has opt-out signals" in text


def test_every_number_is_that_of_the_command_of_its_own(audit, both):
    answer = told(audit("diff", "old", "new", *ASK, "--output", "json"))
    assert answer["schema"] == "audit.diff/1"
    for side, name in (("a", "old"), ("b", "new")):
        counts = told(audit("count", "-d", name, *ASK[:-2], "--output", "json"))["results"]
        flags = told(audit("flag", "-d", name, *ASK, "--output", "json"))["results"]
        for one in counts:
            there = by_name(answer)[one["concept"]]
            assert there["named"][side]["value"] == one["samples"]
            assert there["named"]["per_million"][side] == pytest.approx(one["per_million"])
        for one in flags:
            assert by_name(answer)[one["concept"]]["verdict"][side] == one["verdict"]
        review = told(audit("license", "-d", name, "--output", "json"))
        statuses = {one["name"]: one[side]["samples"] for one in answer["licenses"]["statuses"]}
        assert statuses == {one["name"]: one["samples"] for one in review["statuses"]}


def test_license_shifts_and_hosts_are_those_of_the_shards(audit, ingest):
    shards = {"a": ingest("old", OLD), "b": ingest("new", NEW)}
    answer = told(audit("diff", "old", "new", *ASK, "--output", "json"))
    hosts = {one["domain"]: one for one in answer["domains"]["listed"]}
    findings = {one["name"]: one for one in answer["licenses"]["findings"]}
    for side, shard in shards.items():
        table = parquet_sql([shard])
        ((missing,),) = duckdb.sql(f"SELECT count(*) FROM {table} WHERE LICENSE IS NULL").fetchall()
        assert findings["missing"][side]["samples"] == missing
        for domain, samples in duckdb.sql(
            f"SELECT split_part(URL, '/', 3), count(*) FROM {table} GROUP BY 1"
        ).fetchall():
            assert hosts[domain][side]["value"] == samples
    assert {name: one["movement"] for name, one in hosts.items()} == {
        "old.org": "gone", "new.org": "new", "stays.org": "shrunk",
    }  # fmt: skip
    klee = by_name(answer)["Paul Klee"]["licenses"]
    assert klee["unknown"]["share_difference"] == -1
    assert klee["in-copyright"]["share_difference"] == 1
    tables = [parquet_sql([shard]) for shard in shards.values()]
    ((urls,),) = duckdb.sql(
        f"SELECT count(*) FROM (SELECT URL FROM {tables[0]} INTERSECT SELECT URL FROM {tables[1]})"
    ).fetchall()
    assert answer["overlap"]["urls_in_both"] == urls > 0


def test_the_other_way_round_is_the_mirror(audit, both):
    there = told(audit("diff", "old", "new", *ASK, "--output", "json"))
    back = told(audit("diff", "new", "old", *ASK, "--output", "json"))
    for name, one in by_name(there).items():
        other = by_name(back)[name]
        assert one["named"]["difference"]["value"] == -other["named"]["difference"]["value"]
        assert (one["verdict"]["a"], one["verdict"]["b"]) == (
            other["verdict"]["b"],
            other["verdict"]["a"],
        )
    assert there["overlap"]["urls_only_in_a"] == back["overlap"]["urls_only_in_b"]
    assert there["licenses"]["openness"] == back["licenses"]["openness"]


@pytest.fixture
def report_of(audit, tmp_path):
    def make(name, *ask, file="kept.json"):
        path = tmp_path / file
        done = audit("report", "-d", name, *ask, "-o", path, "--no-evidence")
        assert done.code == 0, done.err
        return path

    return make


def test_a_snapshot_is_compared_with_the_dataset_by_its_own_question(audit, both, report_of):
    question = ("-c", "Van Gogh", "--alias", "Vincent", "--threshold", "100:200",
                "--where", "host <> 'stays.org'", "--on", "2020-01-02")  # fmt: skip
    kept = report_of("old", *question)
    taken = ("remove-samples", "-d", "old", "--caption", "Van Gogh", "--reason", "asked", "--yes")
    assert audit(*taken).code == 0
    answer = told(audit("diff", kept, "old", "--output", "json"))
    assert answer["related"]
    assert (answer["a"]["kind"], answer["b"]["kind"]) == ("report", "dataset")
    assert answer["b"]["where"] == "host <> 'stays.org'"
    assert answer["b"]["on"] == "2020-01-02"
    (one,) = answer["concepts"]
    assert one["asked"] == "alike"
    assert one["named"]["difference"] == {"value": -150, "low": -150, "high": -150, "way": "exact"}
    assert (one["verdict"]["a"], one["verdict"]["b"]) == ("uncertain", "below")
    caveats = {caveat["about"]: caveat["message"] for caveat in answer["caveats"]}
    assert set(caveats) == {"domains", "removals"}
    assert "0 samples in A and 150 in B were removed" in caveats["removals"]
    assert answer["overlap"] is None


def test_thresholds_of_a_file_are_taken_from_the_report(audit, both, report_of, tmp_path):
    mine = tmp_path / "mine.csv"
    mine.write_text("domain,value,low,high\nart-style,120,110,140\n")
    kept = report_of("old", *ASK, "--thresholds", mine)
    mine.unlink()
    answer = told(audit("diff", kept, "new", "--output", "json"))
    assert by_name(answer)["Van Gogh"]["verdict"] == {
        "a": "above", "b": "above", "cause": None,
        "a_against_threshold_of_b": "above", "b_against_threshold_of_a": "above",
    }  # fmt: skip
    assert [one for one in answer["caveats"] if one["about"] == "thresholds"] == []


def test_a_file_that_had_no_threshold_is_not_replaced_by_published_ones(
    audit, both, report_of, tmp_path
):
    mine = tmp_path / "mine.csv"
    mine.write_text("domain,value\nface,120\n")
    kept = report_of("old", *ASK, "--thresholds", mine)
    answer = told(audit("diff", kept, "new", "--output", "json"))
    assert {one["verdict"]["b"] for one in answer["concepts"]} == {"no threshold for this domain"}


def test_two_reports_need_no_dataset(audit, both, report_of, tmp_path):
    first = report_of("old", *ASK)
    second = report_of("new", "-c", "Van Gogh", "--alias", "Vincent", file="b.json")
    answer = told(audit("diff", first, second, "--home", tmp_path / "nowhere", "--output", "json"))
    found = by_name(answer)
    assert found["Van Gogh"]["asked"] == "differently"
    assert found["Van Gogh"]["named"]["difference"] is None
    assert found["Paul Klee"]["asked"] == "only in A"
    text = audit("diff", first, second).out
    assert "Van Gogh: only in B searched: vincent; the counts are not compared" in text


def test_unread_shards_are_in_the_interval(audit, ingest, write_shard, tmp_path):
    ingest("new", NEW)
    good = write_shard("good.parquet", ["by Van Gogh"] * 90)
    broken = tmp_path / "shards" / "broken.parquet"
    broken.write_bytes(b"PAR1 no parquet")
    assert audit("ingest", good, broken, "--name", "torn").code == 1
    answer = told(audit("diff", "torn", "new", *ASK, "--output", "json"))
    van_gogh = by_name(answer)["Van Gogh"]
    assert van_gogh["named"]["a"] == {"value": 90, "low": 90, "high": None, "of": 90}
    assert van_gogh["named"]["difference"]["low"] is None
    assert van_gogh["named"]["difference"]["high"] == 170
    assert van_gogh["verdict"]["a"] == "uncertain"
    assert {"unread"} == {one["about"] for one in answer["caveats"]}
    assert all(one["movement"] != "new" for one in answer["domains"]["listed"])
    shown = audit("diff", "torn", "new", *ASK).out
    assert "1 of 2 shards not read" in shown
    assert "+170 (−∞ to +170)" in " ".join(shown.split())


def test_gates(audit, both):
    passed = audit("diff", "new", "old", *ASK[2:], "--fail-on", "uncertain")
    assert passed.code == 3  # Monet: below, and above in the older one
    assert "1 of 2 concepts crossed to above or rose to uncertain: Claude Monet" in passed.err
    assert audit("diff", "old", "new", *ASK[2:], "--fail-on", "uncertain").code == 0
    crossed = audit("diff", "old", "new", *ASK, "--fail-on", "crossed")
    assert crossed.code == 3
    assert "1 of 3 concepts crossed to above: Van Gogh (--fail-on crossed)" in crossed.err


def test_a_gate_does_not_pass_what_nothing_was_held_against(audit, both):
    outcome = audit("diff", "old", "new", "--fail-on", "crossed")
    assert outcome.code == 3
    assert "Nothing was held against a threshold on both sides" in outcome.err
    outcome = audit("diff", "old", "new", "-c", "Paul Klee", "--fail-on", "crossed")
    assert outcome.code == 3
    assert "1 of 1 concept is not held against a threshold on both sides" in outcome.err


def test_csv_has_a_row_a_concept_and_no_concept_is_fine(audit, both):
    rows = list(
        csv.DictReader(io.StringIO(audit("diff", "old", "new", *ASK, "--output", "csv").out))
    )
    assert [row["concept"] for row in rows] == ["Van Gogh", "Claude Monet", "Paul Klee"]
    assert rows[0]["named_difference"] == "110.0"
    assert rows[2]["share_in_copyright_difference"] == "1.0"
    alone = audit("diff", "old", "new")
    assert alone.code == 0
    assert "old.org" in alone.out
    assert told(audit("diff", "old", "new", "--output", "json"))["concepts"] == []


def test_hostile_names_are_shown_and_not_believed(audit, both):
    outcome = audit("diff", "old", "new", "-c", f"cat {HOSTILE}", "--threshold", "5")
    assert outcome.code == 0, outcome.err
    assert "\u202e" not in outcome.out
    assert "\\x202e" in outcome.out.replace("\n", "")


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        (("old", "old"), "is compared with itself"),
        (("old", "nwe"), "Did you mean 'new'?"),
        (("old", "nothing.json"), "there is no such file"),
        (("old", "no/such"), "there is no such file"),
    ],
)
def test_sides_that_cannot_be_compared(audit, both, sides, message):
    outcome = audit("diff", *sides)
    assert outcome.code == 2
    assert message in outcome.err
    assert not outcome.out


def test_one_report_is_not_two(audit, both, report_of, tmp_path, monkeypatch):
    kept = report_of("old")
    link = tmp_path / "link.json"
    link.symlink_to(kept)
    outcome = audit("diff", kept, link)
    assert outcome.code == 2
    assert "is the same report as" in outcome.err
    monkeypatch.chdir(tmp_path)
    kept.rename("new")
    outcome = audit("diff", "old", "new")
    assert outcome.code == 2
    assert "is the name of a dataset and of a file" in outcome.err
    assert audit("diff", "old", "./new").code == 0


@pytest.mark.parametrize(
    "asked", [("-c", "x"), ("--where", "1 = 1"), ("--on", "2020-01-01"), ("--model", "SD1.5")]
)
def test_a_report_is_asked_nothing_further(audit, both, report_of, asked):
    outcome = audit("diff", report_of("old"), "new", *asked)
    assert outcome.code == 2
    assert "a report was asked before" in outcome.err


def test_from_python(home, both, report_of):
    old, new = library.open("old"), library.open("new")
    found = library.diff(old, new, "Van Gogh", on=None)
    assert found["Van Gogh"].difference.value == 110
    assert "1 concepts" in repr(found)
    made = old.report("Van Gogh")
    assert library.diff(made, "new")["Van Gogh"].difference.value == 110
    assert library.diff(report_of("old", *ASK), new)["Paul Klee"].difference.value == 0
    with pytest.raises(KeyError):
        found["nobody"]
    with pytest.raises(UsageError, match="asked before"):
        library.diff(made, new, "Van Gogh")
    assert Home().names() == ["new", "old"]
