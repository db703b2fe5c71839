"""TSV and CSV shards; parquet batches."""

from __future__ import annotations

import gzip
import os

import pytest

from audit.datasets.reading import open_shard
from audit.datasets.sources import SourceFile
from audit.errors import ColumnError, SourceError


def source(path) -> SourceFile:
    return SourceFile(str(path), os.path.getsize(path), "")


def read(path, *columns):
    with open_shard(source(path)) as reader:
        names = columns or tuple(reader.columns)
        rows = [
            tuple(None if v is None else v.decode() for v in row.values())
            for batch in reader.batches(names)
            for row in batch.to_pylist()
        ]
        return reader.layout, list(reader.columns), rows, reader.rejected


CC12M = 'https://a.org/1.jpg\ta "quoted" caption\nhttps://a.org/2.jpg\tcafé\n'
CC3M = "a caption\thttps://a.org/1.jpg\nanother\thttps://a.org/2.jpg\n"


def test_cc12m_is_url_then_caption_without_header(tmp_path):
    path = tmp_path / "cc12m.tsv"
    path.write_text(CC12M)
    layout, columns, rows, _ = read(path)
    assert layout == "CC12M TSV, no header"
    assert columns == ["url", "caption"]
    assert rows == [("https://a.org/1.jpg", 'a "quoted" caption'), ("https://a.org/2.jpg", "café")]


def test_cc3m_is_caption_then_url_without_header(tmp_path):
    path = tmp_path / "cc3m.tsv"
    path.write_text(CC3M)
    layout, columns, rows, _ = read(path, "caption")
    assert layout == "CC3M TSV, no header"
    assert columns == ["caption", "url"]
    assert rows == [("a caption",), ("another",)]


def test_header_and_compression_are_seen(tmp_path):
    path = tmp_path / "x.tsv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbfcaption\turl\tWIDTH\nvan gogh\thttp://a.org\t5\n"))
    layout, columns, rows, _ = read(path)
    assert layout is None
    assert columns == ["caption", "url", "WIDTH"]
    assert rows == [("van gogh", "http://a.org", "5")]


def test_csv_fields_may_hold_commas_quotes_and_line_breaks(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('url,caption\nhttp://a.org,"one, ""two""\nthree"\n')
    assert read(path)[2] == [("http://a.org", 'one, "two"\nthree')]


def test_lines_that_do_not_fit_are_counted_not_guessed(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text(CC12M + "https://a.org/3.jpg\ttoo\tmany\n" + "https://a.org/4.jpg\tlast\n")
    _, _, rows, rejected = read(path)
    assert [row[1] for row in rows] == ['a "quoted" caption', "café", "last"]
    assert rejected == 1


def test_line_of_a_megabyte_is_read(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text(CC12M + "https://a.org/3.jpg\t" + "long " * 200_000 + "\n")
    assert len(read(path)[2][-1][1]) == 1_000_000


def test_three_columns_without_header_are_not_guessed(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("1\thttps://a.org/1.jpg\tcaption\n")
    with pytest.raises(ColumnError, match="3 columns without a header"):
        read(path)


def test_broken_gzip_is_a_source_error(tmp_path):
    path = tmp_path / "x.tsv.gz"
    path.write_bytes(gzip.compress(CC12M.encode() * 1000)[:200])
    with pytest.raises(SourceError, match="cannot be read"):
        read(path)


def test_rows_are_found_without_reading_the_groups_before_them(write_shard):
    shard = write_shard("a.parquet", [f"caption {i}" for i in range(1000)], row_group_size=100)
    with open_shard(source(shard)) as reader:
        batches = list(reader.batches_with([250, 730], ["TEXT"]))
    assert [(start, len(batch)) for start, batch in batches] == [(200, 100), (700, 100)]
    assert batches[0][1]["TEXT"][50].as_py() == "caption 250"
