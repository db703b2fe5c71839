"""`audit card`: metadata that is there, gaps, and what closes them."""

from __future__ import annotations

import io
import json

import polars as pl
import pytest


@pytest.fixture
def made(audit, write_shard):
    shard = write_shard("a.parquet", ["x", "y"], license=["CC0", "?"], creator=["Eve", None])
    assert audit("ingest", shard, "--name", "a").code == 0
    return audit


def test_table_tells_shares_gaps_and_their_sections(made):
    outcome = made("card")
    text = " ".join(outcome.out.split())
    assert outcome.code == 0
    for told in (
        "a: 2 samples.",
        "source URL 2 100 % complete URL",
        "creator 1 50.0 % partial creator",
        "license as declared 1 50.0 % partial license",
        "crawl date 0 0 % missing",
        "Data sourcing: follow and record preference signals",
        "`audit ingest --dataset-license`",
        "arXiv 2501.08365",
        "its one shard, 2 samples",
    ):
        assert told in text, told


def test_json_and_csv(made):
    record = json.loads(made("card", "--output", "json").out)
    assert record["schema"] == "audit.card/1"
    frame = pl.read_csv(io.StringIO(made("card", "--output", "csv").out))
    assert frame["name"].to_list() == [entry["name"] for entry in record["entries"]]


def test_names_of_columns_cannot_move_the_cursor(audit, write_shard):
    shard = write_shard("a.parquet", ["x"], **{"\x1b[31mwho\u202e": ["Eve"]})
    audit("ingest", shard, "--name", "a", "--col", "creator=\x1b[31mwho\u202e")
    out = audit("card").out
    assert "\\x1b[31mwho" in out
    assert not {"\x1b", "\u202e"} & set(out)
