"""What reaches a terminal cannot take it over, and what reaches a file keeps every character."""

from __future__ import annotations

import json

import pytest

from audit.reports.formats import FORMATS, write_answer
from audit.reports.tables import as_renderables, counted, named, size, visible


@pytest.mark.parametrize(
    ("bytes_", "told"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_940_000, "1.94 MB"),
        (999_900, "1 MB"),
        (2.5e9, "2.5 GB"),
        (4.2e12, "4,200 GB"),
    ],
)
def test_sizes_have_the_unit_that_suits_them(bytes_, told):
    assert size(bytes_) == told


def test_one_is_singular_and_what_is_named_is_named_once():
    assert [counted(n, "image") for n in (0, 1, 2000)] == ["0 images", "1 image", "2,000 images"]
    assert named("/a.tar", "/a.tar: is cut off") == "/a.tar: is cut off"
    assert named("/a.tar", "is cut off") == "/a.tar: is cut off"


def test_control_and_reordering_characters_are_shown_not_obeyed():
    assert visible("a\x1b[31mb\u202egnp.exe\nc") == "a\\x1b[31mb\\x202egnp.exe\\x0ac"
    assert visible("葛飾北斎 é") == "葛飾北斎 é"


def test_markup_in_captions_is_text(audit, write_shard):
    shard = write_shard("a.parquet", ["[bold red]Van Gogh[/] :smile: [link=x]"])
    audit("ingest", shard, "--name", "d")
    assert (
        "[bold red]Van Gogh[/] :smile: [link=x]"
        in audit("count", "-c", "van gogh", "--examples", "1").out
    )


def test_urls_are_not_broken_over_lines(audit, write_shard):
    url = "https://example.org/" + "x" * 300
    audit("ingest", write_shard("a.parquet", ["Van Gogh"], URL=[url]), "--name", "d")
    assert f"    {url}  [" in audit("count", "-c", "van gogh", "--examples", "1").out


def test_every_format_is_offered_by_the_command_line():
    from audit.cli.options import OUTPUT_FORMATS

    assert set(OUTPUT_FORMATS) == FORMATS.keys()


def test_answer_without_a_table_is_a_mistake_of_ours():
    with pytest.raises(TypeError, match="no table for"):
        as_renderables(object())


def test_lone_surrogates_do_not_break_json(tmp_path):
    class Odd:
        def to_dict(self):
            return {"uri": "shard-\udcff.parquet"}

    path = tmp_path / "x.json"
    with path.open("wb") as stream:
        write_answer(Odd(), "json", stream)
    assert json.loads(path.read_text())["uri"] == "shard-\udcff.parquet"


def test_parquet_is_not_thrown_at_a_terminal(audit, write_shard, monkeypatch):
    audit("ingest", write_shard("a.parquet", ["x"]), "--name", "d")
    monkeypatch.setattr("audit.reports.formats._is_terminal", lambda stream: True)
    outcome = audit("count", "-c", "x", "--output", "parquet")
    assert outcome.code == 2
    assert "> answer.parquet" in outcome.err
