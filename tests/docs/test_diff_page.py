"""The page on comparisons shows what the tool answers."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from audit.sample import shard_paths

ROOT = Path(__file__).parents[2]


def test_page_shows_the_whole_answer(audit, monkeypatch, tmp_path):
    page = (ROOT / "docs" / "diff.md").read_text("utf-8")
    block = page.split("```console\n")[1].split("```")[0]
    commands = re.findall(r"^\$ audit (.+)$", block, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["report", "remove-samples", "diff"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "audit").symlink_to(ROOT / "audit")
    audit("ingest", shard_paths()[0].parent, "--name", "sample")
    answers = [audit(*shlex.split(command)) for command in commands]
    assert [answer.code for answer in answers] == [0, 0, 0], answers[-1].err
    shown = block.rpartition("$ audit")[2].partition("\n")[2].strip()
    when = r"report of \S+:"
    assert re.sub(when, "", answers[-1].out.strip()) == re.sub(when, "", shown)
