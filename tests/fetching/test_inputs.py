"""From chosen samples to blocks of URLs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from audit import api
from audit.errors import SourceError
from audit.fetching import inputs
from audit.fetching.inputs import INPUT_SCHEMA, BlockBuilder, SourceRows, read_samples


@pytest.fixture
def dataset(home, write_shard):
    write_shard("a.parquet", [f"c{i}" for i in range(100)], row_group_size=30)
    api.ingest(write_shard("b.parquet", ["x", "y"], URL=["https://b/0", None]).parent, name="d")
    return api.open("d").dataset


def read(dataset, ordinal, rows):
    found = list(read_samples(dataset, dataset.parts[ordinal], np.array(rows)))
    return pa.concat_tables([some.table for some in found]), sum(some.changed for some in found)


@pytest.mark.parametrize("few", [0, 1000], ids=["reading on", "looking up"])
def test_urls_and_captions_come_from_the_source_row_by_row(dataset, monkeypatch, few):
    monkeypatch.setattr(inputs, "_FEW_ROWS", few)
    table, changed = read(dataset, 0, [0, 29, 30, 99])
    assert changed == 0
    assert table.to_pylist() == [
        {
            "audit_shard": 0,
            "audit_row": i,
            "caption": f"c{i}",
            "url": f"https://a.example.org/{i}.jpg",
        }
        for i in (0, 29, 30, 99)
    ]


def test_sample_without_url_is_kept(dataset):
    table, changed = read(dataset, 1, [0, 1])
    assert table["url"].to_pylist() == ["https://b/0", ""]
    assert changed == 0


def test_rows_that_changed_since_ingest_are_not_taken_for_the_samples(dataset):
    path = dataset.parts[0].shard.uri
    frame = pl.read_parquet(path).with_row_index()
    moved = pl.when(pl.col("index") == 5).then(pl.lit("https://other/")).otherwise("URL")
    frame.with_columns(URL=moved).drop("index").head(50).write_parquet(path)
    table, changed = read(dataset, 0, [4, 5, 6, 60])
    assert table["audit_row"].to_pylist() == [4, 6]
    assert changed == 2  # one has another URL, one is no more


def test_shard_that_is_gone_is_an_error(dataset, tmp_path):
    (tmp_path / "shards" / "a.parquet").unlink()
    with pytest.raises(SourceError, match="the file is gone"):
        read(dataset, 0, [1])


def rows_of(ordinal, first, last):
    rows = list(range(first, last + 1))
    columns = [[ordinal] * len(rows), rows, [""] * len(rows), [""] * len(rows)]
    table = pa.table(dict(zip(INPUT_SCHEMA.names, columns, strict=True)), schema=INPUT_SCHEMA)
    return SourceRows(table, 1, last)


def test_blocks_account_for_no_more_than_they_hold():
    builder = BlockBuilder(10)
    blocks = list(builder.add(0, rows_of(0, 0, 3)))
    builder.finish(0)
    blocks += builder.add(1, rows_of(1, 0, 24))
    builder.finish(1)
    blocks.append(builder.rest())
    assert [len(block.table) for block in blocks] == [10, 10, 9]
    assert [block.reached for block in blocks] == [{0: 3, 1: 5}, {1: 15}, {1: 24}]
    assert [block.finished for block in blocks] == [[0], [], [1]]
    assert [block.changed for block in blocks] == [1, 0, 1]
