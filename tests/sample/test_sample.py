"""The sample that comes with the package: what its README promises."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.captions.folding import fold
from audit.concepts import read_concepts
from audit.sample import concepts_path, shard_paths

README = (Path(shard_paths()[0]).parent / "README.md").read_text()


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in shard_paths()])


def test_sample_is_small_and_in_several_shards():
    assert len(shard_paths()) == 5
    assert sum(path.stat().st_size for path in shard_paths()) < 8_000_000


def test_columns_are_those_of_laion_400m(table):
    laion = ["SAMPLE_ID", "URL", "TEXT", "HEIGHT", "WIDTH", "LICENSE", "NSFW", "similarity"]
    assert table.column_names[:8] == laion
    assert table["URL"].null_count == 0


def test_rows_and_licenses_are_as_stated(table):
    assert len(table) == 125_000
    assert "125,000 rows" in README
    assert set(table["LICENSE"].to_pylist()) == {
        "?",
        "in-copyright",
        "No known copyright restrictions",
    }
    for words in ("CC0", "public domain", "tategallery/collection", "BL-Labs/imagedirectory"):
        assert words in README


def test_known_counts_are_as_stated(table):
    captions = [fold(text) for text in table["TEXT"].to_pylist()]
    stated = re.findall(
        r"\| ([A-Z][A-Za-z ]+?) \| ([\d,]+) (?=\|)", README.split("Known counts")[1]
    )
    assert len(stated) == 8
    for name, rows in stated:
        assert sum(fold(name) in caption for caption in captions) == int(rows.replace(",", "")), (
            name
        )


def test_concept_list_is_valid():
    concepts = read_concepts(concepts_path())
    assert len(concepts) == 18
    assert {concept.domain for concept in concepts} == {"art-style"}
