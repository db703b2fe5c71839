"""The page on flagging shows what the tool answers, and what it takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from audit.cli import cli
from audit.sample import shard_paths
from audit.thresholds.files import read_thresholds

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "flagging.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def sample(audit, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert audit("ingest", shard_paths()[0].parent, "--name", "sample").code == 0


def test_shown_answers_are_those_of_the_sample(audit, sample):
    assert blocks("console")
    for block in blocks("console"):
        command, _, shown = block.partition("\n")
        outcome = audit(*shlex.split(command)[2:])
        assert outcome.code == 0, outcome.err
        assert outcome.out.strip() == shown.strip()


def test_share_that_is_explained_is_answered_so(audit, sample):
    (line,) = [line for block in blocks("sh") for line in block.splitlines() if "--share" in line]
    text = audit(*shlex.split(line)[1:]).out
    assert "125 (62–187)" in text
    assert "narrow the share" in text


def test_commands_and_options_that_are_shown_exist():
    for line in [line for block in blocks("sh") for line in block.splitlines()]:
        words = shlex.split(line.split(" > ")[0])
        known = {name for option in cli.commands[words[1]].params for name in option.opts}
        assert {word for word in words if word.startswith("-")} <= known, line


def test_file_that_is_shown_can_be_read(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(blocks("toml")[0])
    value, none = read_thresholds(path).entries
    assert (value.value, value.interval, value.source) == (231, (90, 1300), "our own runs")
    assert none.reason == "no threshold: scores are flat"
