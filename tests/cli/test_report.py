"""`audit report` as a curator uses it."""

from __future__ import annotations

import json

import pytest

from audit.sample import pictures_path, references_path


@pytest.fixture
def made(write_shard, audit):
    captions = [f"Van Gogh {n}" for n in range(150)] + [f"Ada Lovelace {n}" for n in range(3)]
    assert audit("ingest", write_shard("0.parquet", captions), "--name", "made").code == 0


def test_says_what_was_written_and_answers(audit, made, tmp_path):
    answer = audit(
        "report", "-c", "Van Gogh", "-c", "Ada Lovelace", "--threshold", "100",
        "-o", tmp_path / "r.md", "-o", tmp_path / "r.json",
    )  # fmt: skip
    assert answer.code == 0
    assert "2 concepts: 1 above" in answer.out
    for name in ("r.md", "r.json", "r.evidence"):
        assert f"Written: {tmp_path / name}" in answer.err
    told = json.loads((tmp_path / "r.json").read_text())
    assert told["command"].startswith("audit report -c 'Van Gogh' -c ")
    assert [one["name"] for one in told["concepts"]] == ["Van Gogh", "Ada Lovelace"]


def test_without_a_file_the_answer_is_all(audit, made):
    answer = json.loads(audit("report", "-c", "Van Gogh", "--output", "json").out)
    assert answer["schema"] == "audit.report/1"
    assert answer["evidence"]["folder"] is None


def test_csv_has_a_row_for_each_concept(audit, made):
    lines = audit("report", "-c", "Van Gogh", "--output", "csv").out.splitlines()
    assert lines[0].startswith("concept,number,")
    assert lines[1].startswith("Van Gogh,0,")


def test_without_a_concept_it_is_about_the_dataset(audit, made):
    answer = audit("report")
    assert answer.code == 0
    assert "No concept was asked about" in answer.out


def test_is_a_gate(audit, made):
    ask = ("report", "-c", "Van Gogh", "--threshold", "100", "--fail-on")
    assert audit(*ask, "above").code == 3
    assert (
        audit("report", "-c", "Ada Lovelace", "--threshold", "100", "--fail-on", "above").code == 0
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "r.pdf"), "cannot be written as .pdf"),
        (("-o", "/no/such/folder/r.md"), "there is no folder"),
        (("-o", "r.md", "--evidence", "r.md"), "have the same name"),
        (("--evidence", "x", "--tables", "./x"), "have the same name"),
        (("--no-evidence", "--evidence", "x"), "--evidence says where to"),
        (("--threshold", "5", "--model", "SD1.5"), "leave one out"),
        (("--references", "nowhere"), "Images are counted of a concept"),
        (("-c", "Van Gogh", "--cutoff", "0.3"), "is for images"),
        (("--where", "nonsense = 1"), "nonsense"),
    ],
)
def test_slips_are_told_before_anything_is_counted(audit, made, arguments, said):
    answer = audit("report", *arguments)
    assert answer.code == 2
    assert said in answer.err


def test_by_image(audit, tmp_path):
    pytest.importorskip("PIL", reason="needs pillow: pip install 'concept-audit[visual]'")
    pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")
    for command in (
        ("ingest", pictures_path(), "--name", "pictures"),
        ("embed", pictures_path(), "--encoder", "hog"),
        ("index",),
    ):
        assert audit(*command).code == 0
    asked = ("-c", "gramastar", "--references", references_path())
    count = json.loads(audit("count", *asked, "--output", "json").out)["results"][0]
    assert audit("report", *asked, "-o", tmp_path / "r.json").code == 0
    told = json.loads((tmp_path / "r.json").read_text())
    (concept,) = told["concepts"]
    assert concept["visual"] == count
    # What is known of the name by its captions is told beside what images show.
    assert any("is one word" in note for note in concept["verdict"]["notes"])
    # Nobody looked for opt-outs; and public domain that is only claimed allows nothing.
    assert concept["optouts"] is None
    assert concept["licenses"]["uses"]["commercial-training"]["allowed"] == 0
    assert told["question"]["by"] == "both"
    above = next(one for one in concept["evidence"] if one["figure"] == "visual.above")
    assert above["rows"] == count["named"]["above_cutoff"] + count["unnamed"]["above_cutoff"]
    images = concept["gallery"]["images"]
    assert 0 < len(images) <= 12
    assert {image["named"] for image in images} == {True, False}
    assert all(image["score"] is not None for image in images)
    # Without references the gallery shows caption matches that have an image.
    assert audit("report", "-c", "gramastar", "-o", tmp_path / "c.json").code == 0
    (concept,) = json.loads((tmp_path / "c.json").read_text())["concepts"]
    assert concept["gallery"]["of"] == 47
    assert len(concept["gallery"]["images"]) == 12
    assert all("gramastar" in image["caption"] for image in concept["gallery"]["images"])


def test_a_name_that_no_caption_holds_is_doubted(audit, made, tmp_path):
    report = audit("report", "-c", "Van Goch", "--threshold", "100", "--output", "json")
    (concept,) = json.loads(report.out)["concepts"]
    assert concept["verdict"]["verdict"] == "below"
    assert "is it spelt as captions spell it" in concept["verdict"]["notes"][0]


def test_nothing_is_below_a_threshold_in_a_dataset_of_nothing(audit, write_shard):
    audit("ingest", write_shard("0.parquet", []), "--name", "empty")
    flagged = audit("flag", "-c", "Van Gogh", "--threshold", "100", "--output", "json")
    (one,) = json.loads(flagged.out)["results"]
    assert one["verdict"] == "uncertain"
    assert one["settle"] == ["ingest samples: the dataset has none"]


def test_what_was_not_read_is_no_census(audit, write_shard, tmp_path):
    folder = write_shard("0.parquet", ["Van Gogh"] * 5).parent
    (folder / "1.parquet").write_bytes(b"PAR1 broken")
    audit("ingest", folder, "--name", "half")
    assert audit("report", "-c", "Van Gogh", "-o", tmp_path / "r.md", "--no-evidence").code == 0
    told = (tmp_path / "r.md").read_text()
    assert "Captions were all read" not in told
    assert "what was not read may hold more" in told
    counted = " ".join(audit("count", "-c", "Van Gogh").out.split())
    assert "A census of the captions that were read" in counted
