"""The commands as a curator uses them: answers on stdout, talk on stderr, in every format."""

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from audit.cli import talk as talk_module
from audit.cli.talk import Talk, duration


@pytest.fixture
def gallery(audit, write_shard):
    shard = write_shard(
        "a.parquet",
        ["Vincent van Gogh, Sunflowers", "VAN-GOGH’S ear", "The Van Gogh Museum", "Monet"],
        LICENSE=["?", "?", "cc-by", None],
        WIDTH=[100, 600, 700, 800],
    )
    assert audit("ingest", shard, "--name", "gallery").code == 0
    return shard


COUNT = ("count", "-c", "Van Gogh", "--exclude", "Van Gogh Museum")


def test_table_names_dataset_coverage_phrases_and_numbers(audit, gallery):
    out = audit(*COUNT, "--alias", "Vincent van Gogh", "--distinct", "--examples", "1").out
    assert "gallery: its one shard, 4 samples" in out
    assert "“van gogh” | “vincent van gogh”" in out
    assert "500,000" in out  # per million
    assert "1 samples that name it only inside “Van Gogh Museum”" in " ".join(out.split())
    assert "https://a.example.org/" in out


def test_json_has_the_versioned_schema(audit, gallery):
    record = json.loads(audit(*COUNT, "--distinct", "--output", "json").out)
    assert record["schema"] == "audit.count/1"
    assert record["dataset"] == "gallery"
    (result,) = record["results"]
    assert (result["concept"], result["samples"], result["distinct"]) == ("Van Gogh", 2, 2)
    assert result["aliases"] == {"Van Gogh": 2}
    assert result["interval"] == [2, 2]
    assert json.loads(audit(*COUNT, "--output", "json").out)["results"][0]["distinct"] is None


def test_csv_can_be_read_back(audit, gallery):
    out = audit(*COUNT, "-c", "Monet", "--output", "csv")
    assert out.code == 2, "exclusions belong to one concept"
    out = audit("count", "-c", "Van Gogh", "-c", "Monet", "--output", "csv").out
    frame = pl.read_csv(io.StringIO(out))
    assert frame["concept"].to_list() == ["Van Gogh", "Monet"]
    assert frame["samples"].to_list() == [3, 1]


def test_parquet_goes_through_a_pipe(home, gallery):
    command = [sys.executable, "-m", "audit", *COUNT, "--output", "parquet"]
    done = subprocess.run([*command, "--home", str(home.path)], capture_output=True, check=True)
    assert pl.read_parquet(done.stdout)["samples"].to_list() == [2]


def test_reader_that_has_seen_enough_is_no_error(home, gallery):
    python, folder = shlex.quote(sys.executable), shlex.quote(str(home.path))
    command = f"{python} -m audit show --output json --home {folder} | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stdout == "{\n"
    assert done.stderr == ""


def test_many_concepts_share_one_table_ordered_by_count(audit, gallery, tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("nobody\nMonet\nVan Gogh\na\nb\nc\n")
    rows = audit("count", "--concepts", path).out.splitlines()
    assert [row.split("  ")[0] for row in rows[2:5]] == ["Van Gogh", "Monet", "nobody"]


def test_findings_reach_whoever_reads_json(audit, gallery):
    outcome = audit("count", "-c", "!!!", "-c", "Monet", "--output", "json")
    assert outcome.code == 0
    assert "no letter or digit" in outcome.err
    assert json.loads(outcome.out)["results"][0]["samples"] is None


def test_condition_is_part_of_the_answer(audit, gallery):
    out = " ".join(audit("count", "-c", "Van Gogh", "--where", "width >= 600").out.split())
    assert "3 samples of 4 meet the condition width >= 600" in out


def test_saved_answer_carries_its_question(audit, home, gallery):
    outcome = audit(*COUNT, "--save", "--output", "json")
    (path,) = (home.folder("gallery") / "results").iterdir()
    assert str(path) in outcome.err
    saved = json.loads(path.read_text())
    assert saved["results"] == json.loads(outcome.out)["results"]
    assert saved["question"]["concepts"][0]["exclusions"] == ["Van Gogh Museum"]
    audit(*COUNT, "--save")
    assert len(list(path.parent.iterdir())) == 1, "the same question replaces its answer"
    audit(*COUNT, "--save", "--where", "true")
    assert len(list(path.parent.iterdir())) == 2


def test_layout_is_shown_before_work_starts(audit, write_shard):
    outcome = audit("ingest", write_shard("a.parquet", ["x"], WIDTH=[1]), "--name", "d")
    assert outcome.err.startswith("Layout LAION (subset): caption ← TEXT, url ← URL, width ← WIDTH")
    assert "Shards: 1 new" in outcome.err


def test_quiet_says_nothing_but_the_answer(audit, write_shard):
    outcome = audit("ingest", write_shard("a.parquet", ["x"]), "--name", "d", "--quiet")
    assert outcome.err == ""
    assert "Dataset" in outcome.out


def test_ingest_summary_in_every_format(audit, write_shard):
    shard = write_shard("a.parquet", ["Van Gogh", None], URL=["http://a.org", "http://a.org"])
    table = audit("ingest", shard, "--name", "d").out
    assert "1 (50.00% repeat one)" in table
    record = json.loads(audit("ingest", shard, "--name", "d", "--output", "json").out)
    assert record["schema"] == "audit.ingest/1"
    assert (record["null_captions"], record["unchanged"]) == (1, 1)
    frame = pl.read_csv(io.StringIO(audit("ingest", shard, "--name", "d", "--output", "csv").out))
    assert frame["state"].to_list() == ["done"]


def test_roles_can_be_given_by_hand(audit, write_shard):
    shard = write_shard("a.parquet", ["x"], owner=["Tate"])
    assert audit("ingest", shard, "--name", "d", "--col", "rights_holder=owner").code == 0
    assert "rights_holder" in audit("show", "d").out
    for wrong in ("rights_holdr=owner", "owner", "rights_holder=ownr"):
        assert audit("ingest", shard, "--name", "e", "--col", wrong).code in (1, 2)


def test_show_tells_columns_hosts_and_licenses(audit, gallery):
    out = audit("show").out
    for words in ("LAION (subset)", "a.example.org", "cc-by", "url_hash", "100.0%", "LICENSE"):
        assert words in out
    record = json.loads(audit("show", "gallery", "--output", "json").out)
    assert record["schema"] == "audit.show/1"
    assert record["licenses"] == {
        "different": 2,
        "most_frequent": [
            {"license": "?", "samples": 2},
            {"license": "cc-by", "samples": 1},
            {"license": None, "samples": 1},
        ],
    }


def test_datasets_are_listed_and_damaged_ones_too(audit, home, gallery):
    other = home.folder("broken")
    other.mkdir()
    (other / "dataset.json").write_text("{")
    out = audit("datasets").out
    assert "gallery" in out
    assert "is damaged" in " ".join(out.split())
    record = json.loads(audit("datasets", "--output", "json").out)
    assert [entry["name"] for entry in record["datasets"]] == ["broken", "gallery"]


def test_empty_home_says_how_to_begin(audit):
    assert "audit ingest" in " ".join(audit("datasets").out.split())


def test_removal_asks_first(audit, gallery, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert audit("remove", "gallery").code == 130
    assert "gallery" in audit("datasets").out
    assert audit("remove", "gallery", "--yes").code == 0
    assert "gallery" not in audit("datasets").out
    assert gallery.exists()
    assert audit("remove", "gallery", "--yes").code == 2


def test_demo_runs_and_answers(audit):
    outcome = audit("demo")
    assert outcome.code == 0, outcome.err
    assert "Van Gogh         6" in outcome.out
    assert "Henry Moore" in outcome.out
    (page,) = re.findall(r"The report is in (.*): open it", outcome.out)
    assert Path(page).exists()
    again = audit("demo")
    assert again.code == 0
    assert "5 already here" in again.err


def test_version_and_help(audit):
    from audit import __version__

    assert __version__ in audit("--version").out
    assert "Exit codes" in audit("--help").out


def test_progress_waits_before_it_appears(monkeypatch, capsys):
    clock = iter([0.0, 0.5, 15.0, 16.0, 30.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with Talk().progress() as show:
        for share in (0.1, 0.5, 0.6, None):
            show("work", share)
    assert capsys.readouterr().err == " 50%  work\nwork\n"


def test_progress_on_a_terminal_cleans_up(monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr(talk_module, "_PATIENCE_SECONDS", 0)
    monkeypatch.setattr(talk_module, "_REDRAW_SECONDS", 0)
    with Talk().progress() as show:
        show("half", 0.5)
    assert "50%  half" in screen.getvalue()
    assert screen.getvalue().endswith("\r\x1b[2K")


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.21, "4.2 s"), (42, "42 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations_are_for_people(seconds, text):
    assert duration(seconds) == text
