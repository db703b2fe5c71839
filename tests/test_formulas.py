"""A text in a CSV file is never a formula, and is read back as it was."""

from __future__ import annotations

import csv
import io

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.formulas import harmless, harmless_texts, meant, meant_texts

FORMULAS = (
    '=HYPERLINK("http://evil.example","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    " =1",
    "\t=1",
    "\r=1",
    "\u00a0=1",
    "\u200b=1",
    "\uff1d1",
    "'=1",
)
texts = st.one_of(
    st.text(), st.tuples(st.text("'\t =+-@\uff1d\u200b", max_size=4), st.text()).map("".join)
)


@pytest.mark.parametrize("formula", FORMULAS)
def test_what_a_spreadsheet_would_run_is_marked(formula):
    assert harmless(formula) == f"'{formula}"
    assert meant(harmless(formula)) == formula


@pytest.mark.parametrize("text", ["Van Gogh", "1-1", "a=b", "", "'tis", "https://example.org/=1"])
def test_other_texts_stay(text):
    assert harmless(text) == text
    assert meant(text) == text


@given(texts)
def test_every_text_is_read_back(text):
    assert meant(harmless(text)) == text
    assert harmless(text).lstrip()[:1] not in ("=", "+", "-", "@")


@given(st.lists(st.none() | texts, min_size=1))
def test_columns_are_as_single_texts(values):
    frame = pl.DataFrame({"text": pl.Series(values, dtype=pl.String), "number": [-1] * len(values)})
    marked = harmless_texts(frame)
    assert marked["text"].to_list() == [None if v is None else harmless(v) for v in values]
    assert marked["number"].to_list() == [-1] * len(values)
    assert meant_texts(marked).equals(frame)


def test_answers_are_harmless_and_their_numbers_numbers(write_shard, audit):
    captions = [f"{formula} cat" for formula in FORMULAS]
    shard = write_shard("0.parquet", captions, LICENSE=pa.array(FORMULAS, pa.string()))
    assert audit("ingest", shard, "--name", "made").code == 0
    for command in (
        ("license", "--by", "value", "--limit", "0"),
        ("license", "--rows", "unclear", "--limit", "0"),
        ("count", "-c", "=cat", "-c", "-cat"),
        ("report", "-c", "=cat"),
    ):
        out = audit(*command, "--output", "csv").out
        rows = list(csv.reader(io.StringIO(out, newline="")))
        cells = [cell for row in rows[1:] for cell in row]
        assert any(cell.startswith("'") for cell in cells), command
        for cell in cells:
            assert not cell.lstrip().startswith(("=", "+", "@")), (command, cell)


def test_files_of_rows_are_harmless(write_shard, audit, tmp_path):
    shard = write_shard("0.parquet", ["a cat"], LICENSE=pa.array(["=1+1"], pa.string()))
    assert audit("ingest", shard, "--name", "made").code == 0
    for name in ("rows.csv", "rows.parquet"):
        assert audit("license", "--rows", "unclear", "--to", tmp_path / name).code == 0
    assert "'=1+1" in (tmp_path / "rows.csv").read_text()
    assert pl.read_parquet(tmp_path / "rows.parquet")["license"].to_list() == ["=1+1"]


def test_values_that_were_filled_in_still_match(write_shard, audit, tmp_path):
    """`audit license --by value` writes them, a curator fills them in, --map reads them."""
    raw = ["=mine", "-ours", "'@theirs", "+all"]
    shard = write_shard("0.parquet", ["a cat"] * len(raw), LICENSE=pa.array(raw, pa.string()))
    assert audit("ingest", shard, "--name", "made").code == 0
    out = audit("license", "--by", "value", "--limit", "0", "--output", "csv").out
    table = pl.read_csv(io.StringIO(out)).with_columns(license=pl.lit("CC-BY-4.0"))
    table.write_csv(tmp_path / "values.csv")
    assert audit("license", "--map", tmp_path / "values.csv").code == 0
    rows = audit("license", "--rows", "mapped", "--limit", "0", "--output", "csv").out
    assert len(pl.read_csv(io.StringIO(rows))) == len(raw)
