"""Lists of concepts on the command line, wherever they are read."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def prompts(audit, write_shard, tmp_path):
    assert audit("ingest", write_shard("a.parquet", ["by Monet", "Klee"]), "--name", "d").code == 0
    path = tmp_path / "prompts.csv"
    path.write_text(",prompt,artist\n0,Art by Monet,Monet\n1,By Monet,Monet\n2,By Klee,Paul Klee\n")
    return path


def test_table_of_something_else_says_how_it_can_be_read(audit, prompts):
    outcome = audit("count", "--concepts", prompts)
    assert outcome.code == 2
    assert "unknown column 'prompt'" in outcome.err
    assert "--name-col artist" in outcome.err


def test_column_of_the_names_can_be_given_before_and_after_the_list(audit, prompts):
    for options in (
        ("--concepts", prompts, "--name-col", "artist"),
        ("--name-col", "artist", "--concepts", prompts),
    ):
        outcome = audit("count", *options, "--output", "json")
        assert outcome.code == 0, outcome.err
        results = json.loads(outcome.out)["results"]
        assert [(r["concept"], r["samples"]) for r in results] == [("Monet", 1), ("Paul Klee", 0)]
        assert f"{prompts}: columns that are not read: prompt, one without header." in outcome.err
        assert "not read" not in audit("count", *options, "--quiet").err


def test_column_of_names_without_a_list_is_a_mistake(audit, prompts):
    outcome = audit("count", "-c", "Monet", "--name-col", "artist")
    assert outcome.code == 2
    assert "--name-col is for a concept list" in outcome.err


def test_findings_of_thousands_do_not_flood_the_terminal(audit, write_shard, tmp_path):
    words = [f"Wort{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(40)]
    captions = [word for word in words for _ in range(60)]
    assert audit("ingest", write_shard("0.parquet", captions), "--name", "d").code == 0
    listed = tmp_path / "words.txt"
    listed.write_text("\n".join(words))
    answer = audit("count", "--concepts", listed, "--output", "json")
    found = sum(len(one["findings"]) for one in json.loads(answer.out)["results"])
    assert found > 20
    assert answer.err.count("is one word and names 60 samples") == 10
    assert f"and {found - 10} more findings" in answer.err
