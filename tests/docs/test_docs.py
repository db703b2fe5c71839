"""The documentation agrees with the tool."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import json
import pkgutil
import re
import shlex
from pathlib import Path

import click
import pytest

import audit
from audit.cli import cli

ROOT = Path(__file__).parents[2]


def commands(group=cli, before=""):
    """Those of groups too, as "label export"."""
    found = {}
    for name, command in group.commands.items():
        found[before + name] = command
        if isinstance(command, click.Group):
            found |= commands(command, f"{before}{name} ")
    return found


def test_command_reference_is_up_to_date():
    spec = importlib.util.spec_from_file_location("build_cli", ROOT / "docs" / "build_cli.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "cli.md").read_text() == module.render(), "run `make docs`"


@pytest.mark.parametrize("name", commands())
def test_every_command_and_option_has_help(name):
    command = commands()[name]
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/counting.md",
        "docs/diff.md",
        "docs/encoders.md",
        "docs/explorer.md",
        "docs/flagging.md",
        "docs/generation.md",
        "docs/methods/counting.md",
        "docs/methods/disclosures.md",
        "docs/methods/licenses.md",
        "docs/methods/optouts.md",
        "docs/methods/removal.md",
        "docs/methods/thresholds.md",
        "docs/scores.md",
        "indexes/README.md",
    ],
)
def test_commands_shown_in_the_docs_exist(page):
    text = (ROOT / page).read_text()
    for line in re.findall(r"^\$? ?(audit .+)$", text, re.MULTILINE):
        words = shlex.split(line.split(" #")[0].split(" > ")[0])
        known_commands = commands()
        name = " ".join(words[1:3])
        command = known_commands[name if name in known_commands else words[1]]
        known = {name for option in command.params for name in option.opts}
        used = {word.split("=")[0] for word in words[2:] if re.match(r"--?[a-z]", word)}
        assert used <= known | {"--help"}, line


def test_examples_in_docstrings_are_true():
    for module in pkgutil.walk_packages(audit.__path__, "audit."):
        if not module.name.endswith("__main__"):
            failed, _ = doctest.testmod(importlib.import_module(module.name))
            assert not failed, module.name


@pytest.fixture
def shown_counts(audit):
    """The counts that the README shows, in a home that holds what it ingested before."""
    from audit.sample import shard_paths

    readme = (ROOT / "README.md").read_text()
    audit("ingest", shard_paths()[0].parent, "--name", "sample")
    return [shlex.split(line)[1:] for line in re.findall(r"^\$ (audit count .+)$", readme, re.M)]


def test_readme_shows_what_the_demo_answers(audit, shown_counts):
    """The numbers in the README are those of the sample that comes with the package."""
    readme = (ROOT / "README.md").read_text()
    by_caption = [words for words in shown_counts if "--references" not in words]
    assert by_caption
    for words in by_caption:
        answer = audit(*words, "--output", "json")
        for result in json.loads(answer.out)["results"]:
            row = next(r for r in readme.splitlines() if r.startswith(result["concept"]))
            assert f" {result['samples']:,} " in row


def test_readme_says_what_its_picture_shows():
    spec = importlib.util.spec_from_file_location("build_images", ROOT / "docs" / "build_images.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    estimate = module.without_threshold()
    assert estimate.audit.verdict == "no threshold"
    assert f"the first says {estimate.paper.threshold:,} " in (ROOT / "README.md").read_text()
    assert (
        f"published rule: {estimate.paper.threshold:,}"
        in (ROOT / "docs" / "images" / "no-threshold.svg").read_text()
    )


def test_readme_shows_the_whole_answer_of_flagging(audit):
    from audit.sample import shard_paths

    section = (ROOT / "README.md").read_text().split("## Is it enough to be imitated?")[1]
    command, shown = section.split("```console\n$ audit ")[1].split("```")[0].split("\n", 1)
    audit("ingest", shard_paths()[0].parent, "--name", "sample")
    assert audit(*shlex.split(command)).out.strip() == shown.strip()


def test_readme_shows_the_whole_answer_of_a_count_by_image(audit, monkeypatch):
    pytest.importorskip("PIL", reason="needs pillow: pip install 'concept-audit[visual]'")
    pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")
    monkeypatch.chdir(ROOT)
    readme = (ROOT / "README.md").read_text()
    section = readme.split("## What images show")[1]
    block = section.split("```console\n")[1].split("```")[0]
    commands = re.findall(r"^\$ audit (.+)$", block, re.M)
    assert [command.split()[0] for command in commands] == ["ingest", "embed", "index", "count"]
    answers = [audit(*shlex.split(command)) for command in commands]
    assert [answer.code for answer in answers] == [0, 0, 0, 0]
    assert answers[-1].out.strip() == block.rpartition("$ audit")[2].partition("\n")[2].strip()
