"""Files that a user names for an answer never take the place of a source, wherever they are named."""

from __future__ import annotations

import pytest

from audit.datasets.home import Home
from audit.datasets.outputs import check_folder, check_output
from audit.errors import UsageError

#: Commands that write a file that the user names, up to its name.
COMMANDS = {
    "label export": ("label", "export", "-c", "cat", "--force", "-o"),
    "contact sheet": ("count", "-c", "cat", "--by", "visual", "--sheet"),
}


@pytest.fixture
def shard(audit, write_shard):
    shard = write_shard("a.parquet", ["a cat", "a dog"])
    assert audit("ingest", shard, "--name", "pets").code == 0
    return shard


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_source_is_not_written_over(audit, shard, command):
    before = shard.read_bytes()
    answer = audit(*command, shard)
    assert answer.code == 2
    assert "is a source of 'pets'; sources are never modified" in answer.err
    assert shard.read_bytes() == before


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_nothing_is_written_among_the_files_of_a_dataset(audit, shard, home, command):
    manifest = home.path / "pets" / "dataset.json"
    before = manifest.read_bytes()
    answer = audit(*command, manifest)
    assert answer.code == 2
    assert "lies among the files of 'pets'" in answer.err
    assert manifest.read_bytes() == before


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_folder_that_is_not_there_is_told_before_anything_is_worked_out(
    audit, shard, tmp_path, command
):
    answer = audit(*command, tmp_path / "no" / "x.html")
    assert answer.code == 2
    assert "there is no folder" in answer.err
    assert not (tmp_path / "no").exists()


def test_a_plot_needs_its_folder_before_scores_are_read(audit, tmp_path):
    answer = audit("threshold", tmp_path / "no-scores.csv", "--plot", tmp_path / "no" / "x.svg")
    assert answer.code == 2
    assert "there is no folder" in answer.err
    assert not (tmp_path / "no").exists()


def test_a_link_to_a_source_is_the_source(shard, tmp_path):
    link = tmp_path / "answer.csv"
    link.symlink_to(shard)
    with pytest.raises(UsageError, match="is a source"):
        check_output(link, Home().open("pets"))
    check_folder(tmp_path / "answer.csv")


def test_a_folder_that_may_not_be_written_is_told_before_work_begins(monkeypatch, tmp_path):
    monkeypatch.setattr("audit.datasets.outputs.os.access", lambda path, mode: False)
    with pytest.raises(UsageError, match="you may not write in"):
        check_folder(tmp_path / "report.html")
