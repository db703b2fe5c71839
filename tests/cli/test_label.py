"""Labels as a curator uses them: export, label, import, count again."""

from __future__ import annotations

import csv
import json
import re
import shutil

import polars as pl
import pytest

from audit.cli import run
from audit.sample import pictures_path, references_path

pytest.importorskip("PIL", reason="needs pillow: pip install 'concept-audit[visual]'")
pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")

CONCEPT = ("-c", "gramastar", "--references", str(references_path()))
SHOWN = 60  #: of the 2,000 pictures; 47 name it


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    home = tmp_path_factory.mktemp("prepared") / "home"
    for command in (
        ("ingest", str(pictures_path()), "--name", "pictures"),
        ("embed", str(pictures_path()), "--encoder", "thumbnail"),
        ("index",),
    ):
        assert run([*command, "--home", str(home), "-q"]) == 0
    return home


@pytest.fixture
def ready(audit, home, prepared):
    shutil.copytree(prepared, home.path)


@pytest.fixture
def export(audit, ready, tmp_path):
    def call(*options, name="labels.csv"):
        path = tmp_path / name
        answer = audit("label", "export", *CONCEPT, "-n", "150", "-o", path, *options)
        assert answer.code == 0, answer.err
        return path, answer

    return call


def shows(url):
    """The sample's own truth: only pictures of the concept are called so."""
    return re.search(r"/star_\d+pt\d+step$", url) is not None


def answered(path, label=lambda row: "yes" if shows(row["url"]) else "no"):
    """Fill in the column `label`, as a person would in a spreadsheet."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["label"] = label(row)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows


def test_the_sample_tells_which_pictures_show_it():
    urls = pl.read_parquet(pictures_path(), columns=["url"])["url"]
    assert sum(map(shows, urls)) == SHOWN


def test_exported_samples_carry_what_a_person_needs(export):
    path, answer = export()
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 150
    assert list(rows[0]) == [
        "label_id", "concept", "stratum", "stratum_size", "weight", "score", "caption", "url",
        "shard", "row", "image", "label",
    ]  # fmt: skip
    source = pl.read_parquet(pictures_path(), columns=["url", "caption"])
    for row in rows:
        assert row["url"] == source["url"][int(row["row"])]
        assert row["caption"].lstrip("'") == source["caption"][int(row["row"])]
        assert row["shard"].endswith(".parquet")
        assert row["image"]
        assert row["label"] == ""
        assert (row["score"] == "") == row["stratum"].endswith("far below")
    weights = sum(float(row["weight"]) for row in rows)
    assert weights == pytest.approx(2000, rel=0.01)
    assert "audit label import" in answer.out


def test_labels_stand_beside_the_count(audit, export):
    path, _ = export()
    rows = answered(path)
    answer = json.loads(audit("label", "import", path, "--who", "Ada", "--output", "json").out)
    yes = sum(shows(row["url"]) for row in rows)
    assert answer["labels"] == {"yes": yes, "no": 150 - yes, "unsure": 0}
    assert answer["samples"]["low"] <= SHOWN <= answer["samples"]["high"]
    assert answer["named_and_shown"]["low"] <= 47 <= answer["named_and_shown"]["high"]
    result = json.loads(audit("count", *CONCEPT, "--output", "json").out)["results"][0]
    assert result["labelled"]["samples"] == answer["samples"]
    assert result["labelled"]["labelled_by"] == "Ada"
    told = " ".join(audit("count", *CONCEPT).out.split())
    assert f"150 labels by Ada, {answer['labelled_at'][:10]}: {yes} yes" in told


def test_labels_of_all_samples_are_the_truth(audit, ready, tmp_path):
    path = tmp_path / "all.csv"
    audit("label", "export", *CONCEPT, "-n", "5000", "-o", path)
    assert len(answered(path)) == 2000
    answer = json.loads(audit("label", "import", path, "--output", "json").out)
    assert answer["samples"] == {"value": SHOWN, "low": SHOWN, "high": SHOWN}
    assert answer["named_and_shown"] == {"value": 47, "low": 47, "high": 47}


def test_labels_of_another_question_are_not_used(audit, export):
    path, _ = export()
    answered(path)
    assert audit("label", "import", path).code == 0
    for other in (("--where", "width > 100"), ("--by", "visual"), ("--alias", "star")):
        result = json.loads(audit("count", *CONCEPT, *other, "--output", "json").out)
        assert result["results"][0]["labelled"] is None


def test_a_second_import_replaces_the_first(audit, export):
    path, _ = export()
    answered(path, lambda row: "no")
    audit("label", "import", path)
    answered(path)
    audit("label", "import", path)
    result = json.loads(audit("count", *CONCEPT, "--output", "json").out)["results"][0]
    assert result["labelled"]["labels"]["yes"] > 20


def test_labels_are_not_lost_unasked(audit, export):
    path, _ = export()
    rows = answered(path)
    assert audit("label", "import", path).code == 0
    first = {row["label_id"] for row in rows[:30]}
    answered(path, lambda row: "no" if row["label_id"] in first else "")
    refused = audit("label", "import", path)
    assert refused.code == 2
    assert "lacks labels of 120 samples that are stored already" in refused.err
    assert audit("label", "import", path, "--replace").code == 0
    result = json.loads(audit("count", *CONCEPT, "--output", "json").out)["results"][0]
    assert result["labelled"]["labels"] == {"yes": 0, "no": 30, "unsure": 0}


def test_of_several_draws_the_largest_counts_and_the_others_are_named(audit, export):
    for name, seed, wanted in (("large.csv", "1", 150), ("small.csv", "2", 20)):
        path, _ = export("--seed", seed, name=name)
        rows = answered(path)
        kept = {row["label_id"] for row in rows[:wanted]}
        answered(
            path,
            lambda row, kept=kept: (
                ("yes" if shows(row["url"]) else "no") if row["label_id"] in kept else ""
            ),
        )
        assert audit("label", "import", path, "--who", name).code == 0
    result = json.loads(audit("count", *CONCEPT, "--output", "json").out)["results"][0]
    assert result["labelled"]["labelled_by"] == "large.csv"
    assert any(
        "20 labels by small.csv" in note and "not used" in note for note in result["warnings"]
    )


def test_who_stops_early_has_fewer_labels_and_who_skips_is_unsure(audit, export):
    path, _ = export()
    rows = answered(path)
    first = {row["label_id"] for row in rows[:100]}
    skipped = {rows[2]["label_id"]}
    answered(
        path,
        lambda row: (
            ("yes" if shows(row["url"]) else "no") if row["label_id"] in first - skipped else ""
        ),
    )
    answer = audit("label", "import", path, "--output", "json")
    found = json.loads(answer.out)
    assert sum(found["labels"].values()) == 100
    assert (found["skipped"], found["labels"]["unsure"]) == (1, 1)
    assert "1 samples were skipped" in answer.err
    assert found["samples"]["low"] <= SHOWN <= found["samples"]["high"]


def test_json_goes_the_same_way(audit, export):
    path, _ = export(name="labels.json")
    record = json.loads(path.read_text())
    for row in record["samples"]:
        row["label"] = shows(row["url"])
    path.write_text(json.dumps(record))
    answer = json.loads(audit("label", "import", path, "--output", "json").out)
    assert answer["samples"]["low"] <= SHOWN <= answer["samples"]["high"]


def test_page_shows_the_pictures_and_its_labels_are_read(audit, export, tmp_path):
    path, answer = export(name="labels.html")
    page = path.read_text()
    assert page.count('alt="To label"') == 150
    ids = re.findall(r'<fieldset id="([^"]+)">', page)
    assert len(set(ids)) == 150
    (saved,) = re.findall(r"audit label import (labels-\w+\.csv)", answer.out)
    # What the page saves after the first forty.
    labels = tmp_path / saved
    given = [f"{one},no" for one in ids[:40]] + [f"{one}," for one in ids[40:]]
    labels.write_text("\r\n".join(["label_id,label", *given, ""]))
    found = json.loads(audit("label", "import", labels, "--output", "json").out)
    assert found["labels"] == {"yes": 0, "no": 40, "unsure": 0}


def test_same_seed_same_samples(export):
    ids = []
    for seed in (3, 3, 4):
        path, answer = export("--seed", str(seed), "--output", "json", "--force")
        ids.append((json.loads(answer.out)["task"], path.read_bytes()))
    assert ids[0] == ids[1] != ids[2]


def test_a_file_that_may_hold_labels_is_not_replaced(audit, export):
    path, _ = export()
    answered(path)
    before = path.read_bytes()
    answer = audit("label", "export", *CONCEPT, "-o", path)
    assert answer.code == 2
    assert "may hold labels" in answer.err
    assert path.read_bytes() == before


def test_options_that_would_be_ignored_are_refused(audit, ready, tmp_path):
    options = ("--cutoff", "0.5", "--per-million", "10", "-o", tmp_path / "labels.csv")
    answer = audit("label", "export", *CONCEPT, *options)
    assert answer.code == 2
    assert "--per-million calibrates" in answer.err


def test_nothing_is_stored_of_a_file_with_a_mistake(audit, home, export):
    path, _ = export()
    answered(path, lambda row: "perhaps" if row["row"] == "0" else "no")
    path.write_text(path.read_text() + "deadbeef-001,,,,,,,,,,,yes\n")
    answer = audit("label", "import", path)
    assert answer.code == 2
    assert (
        "line 152: deadbeef-001" in answer.err or "exports" in answer.err or "perhaps" in answer.err
    )
    assert not list(home.path.glob("pictures/labels/*/labels.json"))


def test_labels_of_another_dataset_are_refused(audit, export, write_shard):
    path, _ = export()
    answered(path)
    assert audit("ingest", write_shard("b.parquet", ["a cat"]), "--name", "other").code == 0
    answer = audit("label", "import", path, "--dataset", "other")
    assert answer.code == 2
    assert "were not drawn from dataset 'other'" in answer.err


def test_a_task_that_was_changed_is_refused(audit, home, export):
    path, _ = export()
    answered(path)
    (task,) = home.path.glob("pictures/labels/*/task.json")
    record = json.loads(task.read_text())
    record["strata"][0]["size"] += 1000
    task.write_text(json.dumps(record))
    answer = audit("label", "import", path)
    assert answer.code == 1
    assert "was changed after the samples were drawn" in answer.err


def test_the_concept_may_come_from_a_list(audit, ready, tmp_path):
    listed = tmp_path / "concepts.csv"
    listed.write_text("name,alias\ngramastar,star polygon\n")
    path = tmp_path / "labels.csv"
    options = ("--concepts", listed, "--references", references_path(), "-o", path)
    assert audit("label", "export", "-c", "gramastar", *options).code == 0
    answer = audit("label", "export", "-c", "gramestar", *options, "--force")
    assert answer.code == 2
    assert "Did you mean 'gramastar'?" in answer.err


def test_answers_in_tables_and_csv(audit, export):
    path, answer = export("--output", "csv")
    assert answer.out.startswith("stratum,size,drawn,mean_score\n")
    answered(path)
    table = " ".join(audit("label", "import", path, "--who", "Ada").out.split())
    assert "150 labels by Ada" in table
    assert "Assumed: the labels are right" in table
    assert audit("label", "import", path, "--output", "csv").out.startswith("concept,samples,")


@pytest.mark.parametrize(("given", "verdict"), [(150, "above"), (60, "uncertain")])
def test_labels_that_contradict_the_references_keep_a_verdict_from_them(
    audit, export, given, verdict
):
    path, _ = export()
    answered(path, lambda row: "no" if shows(row["url"]) else "yes")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        kept = {row["label_id"] for row in list(csv.DictReader(stream))[:given]}
    answered(path, lambda row: row["label"] if row["label_id"] in kept else "")
    assert audit("label", "import", path).code == 0
    count = audit("count", *CONCEPT, "--output", "json")
    assert "people's labels contradict it" in str(json.loads(count.out)["results"][0]["warnings"])
    flagged = audit("flag", *CONCEPT, "--threshold", "200", "--output", "json")
    assert json.loads(flagged.out)["results"][0]["verdict"] == verdict
