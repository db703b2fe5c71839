"""Croissant files are valid under mlcroissant, load the samples, and count licenses truly."""

from __future__ import annotations

import json
import logging

import duckdb
import pyarrow as pa
import pytest

from audit.datasets.ingest import ingest
from audit.disclosures import Stated, as_croissant, gather_facts, hash_shards
from audit.errors import SourceError, UsageError
from audit.reviews import review_licenses
from tests.disclosures.conftest import CONCLUDED, DECLARED


def described(dataset, stated=None, hashes=None):
    """The description; with hashes of the files by default."""
    hashes = hash_shards(dataset) if hashes is None else hashes
    return as_croissant(dataset, gather_facts(dataset), review_licenses(dataset), stated, hashes)


def opened(description, folder=None):
    """What mlcroissant makes of it; it raises if the description is not valid."""
    mlcroissant = pytest.importorskip("mlcroissant", reason="pip install 'concept-audit[dev]'")
    logging.getLogger("absl").setLevel(logging.ERROR)
    if folder is None:
        return mlcroissant.Dataset(jsonld=description)
    path = folder / "croissant.json"
    path.write_text(json.dumps(description))
    return mlcroissant.Dataset(jsonld=path)


def records(found, name):
    return [
        {key.partition("/")[2]: value for key, value in record.items()}
        for record in found.records(name)
    ]


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def test_valid_and_loadable_for_one_shard(dataset, shard):
    found = opened(described(dataset), shard.parent)
    assert found.metadata.ctx.is_v1_1()
    samples = records(found, "samples")
    assert [text(one["caption"]) for one in samples] == [f"picture {n}" for n in range(8)]
    assert text(samples[1]["url"]) == "https://a.example.co.uk/1.jpg"


def test_valid_and_loadable_for_many_shards(home, write_shard):
    folder = write_shard("a.parquet", ["one"]).parent
    write_shard("b.parquet", ["two", "three"])
    ingest([str(folder)], "d", home=home)
    found = opened(described(home.open("d")), folder)
    assert sorted(text(one["caption"]) for one in records(found, "samples")) == ["one", "three", "two"]  # fmt: skip


def test_license_counts_equal_those_of_sql(dataset, shard):
    """Rows of the source grouped by DuckDB, and what each value means, written by hand."""
    means = {"CC BY 4.0": "CC-BY-4.0", "cc-by-4.0": "CC-BY-4.0", "CC BY-NC 2.0": "CC-BY-NC-2.0",
             "in-copyright": "LicenseRef-in-copyright", "?": "NOASSERTION", None: "NOASSERTION",
             "CC0-1.0 OR MIT": "CC0-1.0 OR MIT"}  # fmt: skip
    truth: dict[str, int] = {}
    for value, samples in duckdb.sql(
        f"SELECT license, count(*) FROM read_parquet('{shard}') GROUP BY license"
    ).fetchall():
        truth[means[value]] = truth.get(means[value], 0) + samples
    found = {one["license"]: one for one in records(opened(described(dataset)), "licenses")}
    assert {id_: one["declared"] for id_, one in found.items()} == truth == DECLARED
    assert {id_: one["concluded"] for id_, one in found.items()} == CONCLUDED


def test_license_is_that_of_the_dataset_and_never_that_of_its_images(dataset, home, write_shard):
    assert described(dataset)["license"] == "https://spdx.org/licenses/CC-BY-4.0.html"
    path = write_shard("all-open.parquet", ["x"], license=pa.array(["CC0"]))
    ingest([str(path)], "unsaid", home=home)
    description = described(home.open("unsaid"))
    assert "license" not in description
    assert "The dataset's own license is not the images'." in " ".join(description["rai:dataLimitations"])  # fmt: skip
    opened(description)


def test_a_license_that_is_not_known_is_given_as_said(home, write_shard):
    ingest([str(write_shard("a.parquet", ["x"]))], "d", home=home, dataset_license="ask Eve")
    assert described(home.open("d"))["license"] == "ask Eve"


def test_without_hashes_nothing_else_is_missing(dataset):
    mlcroissant = pytest.importorskip("mlcroissant", reason="pip install 'concept-audit[dev]'")
    with pytest.raises(mlcroissant.ValidationError) as told:
        opened(described(dataset, hashes={}))
    errors = [line for line in str(told.value).splitlines() if "FileObject" in line or "1 error" in line]  # fmt: skip
    assert len(errors) == 2
    assert "['md5', 'sha256']" in errors[1]


def test_what_is_stated_is_told_and_nothing_is_made_up(dataset):
    from datetime import datetime

    bare = described(dataset)
    assert not {"url", "creator", "datePublished", "dateCreated"} & bare.keys()
    stated = Stated(url="https://example.org/d", creator="ACME", published=datetime(2024, 3, 1), description="Pictures.")  # fmt: skip
    full = described(dataset, stated)
    assert full["url"] == "https://example.org/d"
    assert full["creator"]["name"] == "ACME"
    assert full["datePublished"] == "2024-03-01T00:00:00Z"
    opened(full)


def test_period_missing_values_and_limits_are_rai_fields(dataset):
    description = described(dataset)
    assert description["rai:dataCollectionTimeframe"] == [
        "2020-12-24T00:00:00Z", "2021-05-09T00:00:00Z",
    ]  # fmt: skip
    assert "creator: 4 of 8 samples have none" in description["rai:dataCollectionMissingData"]
    limits = " ".join(description["rai:dataLimitations"])
    assert "Not legal advice" in limits
    assert "its one shard, 8 samples" in limits


def test_a_shard_that_changed_or_is_gone_is_not_hashed(dataset, shard, write_shard):
    write_shard("part.parquet", ["something else"])
    with pytest.raises(SourceError, match="changed since it was ingested"):
        hash_shards(dataset)
    shard.unlink()
    with pytest.raises(SourceError, match="no shards there"):
        hash_shards(dataset)


def test_files_are_named_from_their_common_folder_on(home, tmp_path):
    import pyarrow.parquet as pq

    for name in ("x/part.parquet", "y/part.parquet"):
        path = tmp_path / "private" / name
        path.parent.mkdir(parents=True)
        pq.write_table(pa.table({"url": ["http://a.de/1"], "text": [name]}), path)
    ingest([str(tmp_path / "private")], "d", home=home)
    description = described(home.open("d"))
    files = [one for one in description["distribution"] if one["@type"] == "cr:FileObject"]
    assert [one["contentUrl"] for one in files] == ["x/part.parquet", "y/part.parquet"]
    assert str(tmp_path) not in json.dumps(description)


def test_hostile_names_of_columns_are_described(home, write_shard):
    odd = 'a "quoted"\u202e/{column}'
    path = write_shard("a.parquet", ["x"], **{odd: ["1"]})
    ingest([str(path)], "d", home=home, keep=[odd])
    found = opened(described(home.open("d")), path.parent)
    assert text(records(found, "samples")[0]["a__quoted____column_"]) == "1"


@pytest.mark.parametrize("url", ["nonsense", "", "https://", "https://a b.org/", "http://[x", "https://ü.de/"])  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(UsageError):
        Stated(url=url)
