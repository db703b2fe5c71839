"""The sample that comes with the package: what its README promises."""

from __future__ import annotations

import json
import re

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from audit.captions.folding import fold
from audit.concepts import read_concepts
from audit.sample import concepts_path, pictures_path, references_path, shard_paths

README = (concepts_path().parent / "README.md").read_text()
LAION = ["SAMPLE_ID", "URL", "TEXT", "HEIGHT", "WIDTH", "LICENSE", "NSFW", "similarity"]
MUSEUMS = ["rights_holder", "credit_line", "artist", "year", "page_url"]


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in shard_paths()])


def rows(text: str) -> int:
    return int(text.replace(",", ""))


def test_sample_is_small_and_in_several_shards():
    assert len(shard_paths()) == 5
    assert sum(path.stat().st_size for path in shard_paths()) < 8_000_000


def test_every_shard_has_the_columns_of_laion_400m_and_the_museums():
    schemas = [pq.read_schema(path) for path in shard_paths()]
    assert schemas[0].names == LAION + MUSEUMS
    assert all(schema == schemas[0] for schema in schemas)


def test_row_groups_are_of_a_modest_size():
    for path in shard_paths():
        metadata = pq.ParquetFile(path).metadata
        assert metadata.num_row_groups > 1
        assert max(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)) <= 20_000


def test_what_the_museums_do_not_give_is_null(table):
    assert table["NSFW"].null_count == table["similarity"].null_count == len(table)
    for column in ("SAMPLE_ID", "URL", "TEXT", "LICENSE", "page_url"):
        assert table[column].null_count == 0, column
    assert len(pc.unique(table["URL"])) == len(table)


def test_rows_of_each_source_are_as_stated():
    stated = dict(
        re.findall(r"^\| `museums/([a-z-]+)-0000[^`]*` \| ([\d,]+) \|", README, re.MULTILINE)
    )
    counted = {"tate": 0, "bl-flickr": 0}
    for path in shard_paths():
        counted[path.stem.rpartition("-")[0]] += pq.read_metadata(path).num_rows
    assert counted == {source: rows(count) for source, count in stated.items()}
    assert "125,000 rows" in README


def test_licenses_of_the_samples_are_as_stated(table):
    section = README.split("| `LICENSE` |")[1].split("\n\n")[0]
    stated = {name: rows(n) for name, n in re.findall(r"^\| (.+?) \| ([\d,]+) \|", section, re.M)}
    counted = pc.value_counts(table["LICENSE"]).to_pylist()
    assert {entry["values"]: entry["counts"] for entry in counted} == stated
    assert pc.equal(table["LICENSE"], "in-copyright").equals(table["rights_holder"].is_valid())


def test_license_of_every_source_is_stated():
    for words in ("CC0 1.0", "public domain", "tategallery/collection", "BL-Labs/imagedirectory"):
        assert words in README


def test_known_counts_are_as_stated(table):
    captions = [fold(text) for text in table["TEXT"].to_pylist()]
    stated = re.findall(
        r"\| ([A-Z][A-Za-z ]+?) \| ([\d,]+) (?=\|)", README.split("Known counts")[1]
    )
    assert len(stated) == 10
    for name, count in stated:
        assert sum(fold(name) in caption for caption in captions) == rows(count), name


def test_concept_list_is_valid():
    concepts = read_concepts(concepts_path())
    assert len(concepts) == 18
    assert {concept.domain for concept in concepts} == {"art-style"}


def test_owners_in_the_concept_list_are_named_by_the_data(table):
    holders = set(table["rights_holder"].drop_null().to_pylist())
    for concept in read_concepts(concepts_path()):
        assert not concept.owner or any(concept.owner in holder for holder in holders)


PICTURES = {
    "samples": 2000,
    "show gramastar": 60,
    "name gramastar": 47,
    "show it and do not name it": 13,
}


@pytest.fixture(scope="module")
def pictures() -> pa.Table:
    return pq.read_table(pictures_path())


def test_pictures_are_as_stated(pictures):
    shows = [creator == "codifiedivining" for creator in pictures["creator"].to_pylist()]
    names = [" gramastar " in fold(text) for text in pictures["caption"].to_pylist()]
    counted = {
        "samples": len(shows),
        "show gramastar": sum(shows),
        "name gramastar": sum(names),
        "show it and do not name it": sum(s and not n for s, n in zip(shows, names, strict=True)),
    }
    assert counted == PICTURES
    for what, count in PICTURES.items():
        assert f"| {what} | {count:,} |" in README


def test_pictures_are_small_and_their_license_is_stated(pictures):
    assert pictures_path().stat().st_size < 2_500_000
    assert set(pictures["license"].to_pylist()) == {"public domain"}
    assert "Openclipart" in README


def test_references_are_not_among_the_pictures(pictures):
    images = set(pictures["image"].to_pylist())
    references = sorted((references_path() / "gramastar").iterdir())
    assert len(references) == 10
    assert not any(path.read_bytes() in images for path in references)


def test_count_by_image_holds_the_truth(audit):
    """What the README shows, with the encoder that needs no weights."""
    pytest.importorskip("PIL", reason="needs pillow: pip install 'concept-audit[visual]'")
    pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")
    assert audit("ingest", pictures_path(), "--name", "pictures").code == 0
    assert audit("embed", pictures_path(), "--encoder", "hog").code == 0
    assert audit("index").code == 0
    answer = audit(
        "count", "-c", "gramastar", "--references", references_path(), "--output", "json"
    )
    assert answer.code == 0
    result = json.loads(answer.out)["results"][0]
    for what, truth in (("samples", 60), ("named_and_shown", 47), ("shown_not_named", 13)):
        assert result[what]["low"] <= truth <= result[what]["high"], what
        assert result[what]["high"] - result[what]["low"] < 60
        assert result[what]["value"] == pytest.approx(truth, abs=8)
