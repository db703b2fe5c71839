"""A report as files: what is written, what is refused before, and what nobody loses."""

from __future__ import annotations

import json
import os

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import audit as package
from audit.errors import StorageError, UsageError
from audit.reports.report_markdown import report_markdown, text
from audit.reports.report_tables import COLUMNS

NAMES = ("Ada Lovelace", "Van Gogh")
HOSTILE = (
    "<script>alert(1)</script>",
    "a | b\n# heading",
    "[click](javascript:alert(1)) ![x](http://evil.example/x.png)",
    "=HYPERLINK(\"http://evil.example\")",
    "abc\u202egpj.exe",
    "`code` **bold** ~~gone~~ &amp; <b>",
    "word " * 3000,
)  # fmt: skip


@pytest.fixture
def opened(write_shard, audit):
    shard = write_shard("0.parquet", [f"{name} {n}" for n in range(5) for name in NAMES])
    assert audit("ingest", shard, "--name", "made").code == 0
    return package.open("made")


def test_each_file_is_written_as_its_suffix_says(opened, tmp_path):
    report = opened.report(*NAMES)
    files = [tmp_path / name for name in ("r.json", "r.md")]
    written = report.write(*files, tables=tmp_path / "tables")
    assert written == [*files, tmp_path / "r.evidence", tmp_path / "tables"]
    told = json.loads(files[0].read_text())
    assert told["schema"] == "audit.report/1"
    assert told["evidence"]["folder"] == "r.evidence"
    assert files[1].read_text().startswith("# Audit of made\n")
    concepts = pl.read_csv(tmp_path / "tables" / "concepts.csv")
    assert concepts["named"].to_list() == [5, 5]


def test_tables_without_a_row_have_their_columns(opened, tmp_path):
    opened.report().write(tables=tmp_path / "none")
    opened.report(*NAMES).write(tables=tmp_path / "two")
    assert {file.stem for file in (tmp_path / "none").iterdir()} == {"concepts", *COLUMNS}
    for name, columns in COLUMNS.items():
        for folder in ("none", "two"):
            assert pl.read_csv(tmp_path / folder / f"{name}.csv").columns == list(columns)
    assert pl.read_csv(tmp_path / "none" / "names.csv").is_empty()
    assert pl.read_csv(tmp_path / "two" / "names.csv").height == 2


def test_the_folder_of_evidence_says_what_it_is(opened, tmp_path):
    report = opened.report(*NAMES)
    report.write(tmp_path / "r.json")
    folder = tmp_path / "r.evidence"
    index = json.loads((folder / "evidence.json").read_text())
    assert index["schema"] == "audit.evidence/1"
    assert {file["file"] for file in index["files"]} == {"samples.parquet", "rows.parquet"}
    assert len(pl.read_parquet(folder / "samples.parquet")) == 10


def test_a_report_is_written_again_in_its_own_place(opened, tmp_path):
    report = opened.report(*NAMES)
    report.write(tmp_path / "r.json")
    report.write(tmp_path / "r.json")
    assert sorted(os.listdir(tmp_path / "r.evidence")) == [
        "evidence.json",
        "rows.parquet",
        "samples.parquet",
    ]
    assert not [name for name in os.listdir(tmp_path) if "unfinished" in name]


def test_evidence_may_lie_elsewhere_or_nowhere(opened, tmp_path):
    report = opened.report(*NAMES)
    report.write(tmp_path / "a.json", evidence=tmp_path / "rows")
    assert json.loads((tmp_path / "a.json").read_text())["evidence"]["folder"] == "rows"
    report.write(tmp_path / "b.json", evidence=False)
    told = json.loads((tmp_path / "b.json").read_text())
    assert told["evidence"]["folder"] is None
    assert not (tmp_path / "b.evidence").exists()


def test_a_folder_of_somebody_is_not_replaced(opened, tmp_path):
    mine = tmp_path / "r.evidence"
    mine.mkdir()
    (mine / "thesis.txt").write_text("ten years of work")
    with pytest.raises(UsageError, match="holds something else"):
        opened.report(*NAMES).write(tmp_path / "r.json")
    assert (mine / "thesis.txt").read_text() == "ten years of work"


@pytest.mark.parametrize(
    ("name", "said"),
    [("r.pdf", "cannot be written as .pdf"), ("r", "without suffix"), ("no/r.md", "no folder")],
)
def test_a_name_that_cannot_be_written_is_refused(opened, tmp_path, name, said):
    with pytest.raises(UsageError, match=said):
        opened.report(*NAMES).write(tmp_path / name)


def test_a_source_is_never_written_over(opened):
    shard = opened.dataset.parts[0].shard.uri
    report = opened.report(*NAMES)
    with pytest.raises(UsageError):
        report.write(os.path.join(opened.dataset.folder, "r.json"))
    with pytest.raises(UsageError):
        report.write(f"{os.path.splitext(shard)[0]}.json", evidence=shard)


def test_a_folder_that_may_not_be_written_says_so(opened, tmp_path, monkeypatch):
    report = opened.report(*NAMES)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("audit.reports.report_files.os.link", full)
    monkeypatch.setattr("audit.reports.report_files.shutil.copyfile", full)
    with pytest.raises(StorageError, match="no space left"):
        report.write(tmp_path / "r.json")
    assert os.listdir(tmp_path) == ["home", "shards"] or not (tmp_path / "r.evidence").exists()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_texts_stay_text_in_markdown(write_shard, audit, tmp_path, hostile):
    shard = write_shard("0.parquet", [f"Van Gogh {hostile}"])
    assert audit("ingest", shard, "--name", "made").code == 0
    lines = list(report_markdown(package.open("made").report("Van Gogh").to_dict()))
    (line,) = [line for line in lines if line.startswith("- “Van Gogh")]
    assert "\n" not in line
    assert "\u202e" not in line
    assert len(line) < 1000
    for mark in ("<script>", "[click]", "![x]", "`code`", "**bold**", "|"):
        assert mark not in line.replace(f"\\{mark[0]}", "")


@given(st.text())
def test_no_mark_of_a_text_is_a_mark_of_the_page(value):
    shown = text(value)
    assert "\n" not in shown
    unescaped = shown
    for mark in "\\`*_{}[]<>#!|~$&@^":
        unescaped = unescaped.replace(f"\\{mark}", "")
    assert not set("`*_{}[]<>#!|~$&@^") & set(unescaped)


def test_a_report_does_not_take_the_rows_of_another(opened, tmp_path):
    opened.report(*NAMES).write(tmp_path / "r.json")
    with pytest.raises(UsageError, match=r"holds the rows behind .*r\.json"):
        opened.report().write(tmp_path / "r.md")
    # Together with it, or in its place, is another matter.
    opened.report().write(tmp_path / "r.md", tmp_path / "r.json")
    (tmp_path / "r.json").unlink()
    opened.report().write(tmp_path / "r.md")


def test_a_table_that_is_not_ours_is_not_replaced(opened, tmp_path):
    report = opened.report(*NAMES)
    (tmp_path / "concepts.csv").write_text("my,own\n")
    with pytest.raises(UsageError, match=r"holds concepts\.csv, and not the other tables"):
        report.write(tables=tmp_path)
    assert (tmp_path / "concepts.csv").read_text() == "my,own\n"
    report.write(tables=tmp_path / "tables")
    (tmp_path / "tables" / "mine.txt").write_text("mine")
    report.write(tables=tmp_path / "tables")
    assert (tmp_path / "tables" / "mine.txt").exists()
