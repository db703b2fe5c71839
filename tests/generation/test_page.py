"""docs/generation.md says what is so."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
from pathlib import Path

from audit.cli import cli
from audit.generation import PROMPTS
from audit.generation.plan import folder_name

PAGE = (Path(__file__).parents[2] / "docs" / "generation.md").read_text()


def test_prompts_on_the_page_are_those_that_are_taken():
    rows = re.findall(r"^\| ([^|]*\{\}[^|]*) \| ([^|]*\{\}[^|]*) \|$", PAGE, re.M)
    assert {"face": tuple(a for a, _ in rows), "art-style": tuple(b for _, b in rows)} == PROMPTS


def test_seeds_on_the_page_are_those_that_are_taken():
    examples = doctest.DocTestParser().get_doctest(PAGE.replace("```", ""), {}, "page", None, 0)
    assert len(examples.examples) == 3
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_path_on_the_page_is_that_of_the_image():
    concept, template = "Vincent van Gogh", "a painting in the style of {}"
    assert f"images/{folder_name(concept)}/{folder_name(template)}/00000.png" in PAGE


def test_commands_on_the_page_can_be_given():
    lines = re.findall(r"^audit generate (.+)$", PAGE, re.M)
    assert len(lines) == 4
    for line in lines:
        parent = cli.make_context("audit", ["generate", "--help"], obj=None)
        cli.commands["generate"].make_context("generate", shlex.split(line), parent=parent)


def test_example_in_python_runs(tiny_model, tmp_path, monkeypatch, capsys):
    (example,) = (
        block for block in re.findall(r"```python\n(.*?)```", PAGE, re.S) if ">>>" not in block
    )
    shutil.copytree(tiny_model, tmp_path / "models" / "stable-diffusion")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "docs/generation.md", "exec"), {})
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 10
    assert told[0].startswith("Vincent van Gogh a painting in the style of Vincent van Gogh 0 ")
    assert Path(told[0].rpartition(" ")[2]).is_file()
