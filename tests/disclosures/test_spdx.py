"""SPDX documents fit the model of SPDX 3.0.1, and count licenses truly."""

from __future__ import annotations

import copy
import json
from collections import Counter
from datetime import datetime

import duckdb
import pytest

from audit.datasets.ingest import ingest
from audit.disclosures import Stated, as_spdx, gather_facts, hash_shards
from audit.reviews import review_licenses
from tests.disclosures.conftest import CONCLUDED, DECLARED

STATED = Stated("https://example.org/d", "ACME", datetime(2024, 1, 1), datetime(2024, 2, 1))


def described(dataset, stated=None, hashes=None):
    review = review_licenses(dataset)
    return as_spdx(
        dataset, gather_facts(dataset), review, stated, hashes, made=datetime(2025, 1, 1)
    )


def check(document):
    """Load it with bindings that are generated from SPDX's own model (SHACL), links resolved."""
    spdx = pytest.importorskip("spdx_python_model", reason="pip install 'concept-audit[dev]'")
    model, objects = spdx.load_data(document)
    assert "v3_0_1" in model.__name__
    missing = {str(one) for one in objects.link()}
    assert not missing
    return objects


def elements(document, type_):
    return [one for one in document["@graph"] if one["type"] == type_]


def counts(document, way):
    """License -> samples, from the annotations; each group's relationship says the same license."""
    by_id = {one["spdxId"]: one for one in document["@graph"] if "spdxId" in one}
    kind = {"declared": "hasDeclaredLicense", "concluded": "hasConcludedLicense"}[way]
    found = {}
    for annotation in elements(document, "Annotation"):
        counted = json.loads(annotation["statement"])
        if counted["way"] != way:
            continue
        (relation,) = [
            one for one in elements(document, "Relationship")
            if one["from"] == annotation["subject"] and one["relationshipType"] == kind
        ]  # fmt: skip
        (target,) = relation["to"]
        if target == "expandedlicensing_NoAssertionLicense":
            assert counted["license"] == "NOASSERTION"
        else:
            assert by_id[target]["simplelicensing_licenseExpression"] == counted["license"]
        found[counted["license"]] = counted["samples"]
    return found


def test_fits_the_model(dataset):
    check(described(dataset))
    check(described(dataset, STATED, hash_shards(dataset)))


@pytest.mark.parametrize(
    ("type_", "change"),
    [
        ("Relationship", {"relationshipType": "hasLicense"}),
        ("dataset_DatasetPackage", {"dataset_datasetType": ["picture"]}),
        ("dataset_DatasetPackage", {"dataset_datasetSize": -1}),
        ("Annotation", {"contentType": "json"}),
        ("Relationship", {"to": ["urn:uuid:00000000-0000-0000-0000-000000000000#nothing"]}),
    ],
)
def test_the_check_finds_what_does_not_fit(dataset, type_, change):
    document = copy.deepcopy(described(dataset))
    elements(document, type_)[0].update(change)
    with pytest.raises((ValueError, TypeError, KeyError, AssertionError)):
        check(document)


def test_counts_equal_those_of_sql(dataset, shard):
    """Rows of the source grouped by DuckDB, and what each value means, written by hand."""
    meaning = (
        "CASE WHEN lower(replace(license, ' ', '-')) = 'cc-by-4.0' THEN 'CC-BY-4.0' "
        "WHEN license = 'CC BY-NC 2.0' THEN 'CC-BY-NC-2.0' "
        "WHEN license = 'in-copyright' THEN 'LicenseRef-in-copyright' "
        "WHEN license = 'CC0-1.0 OR MIT' THEN license ELSE 'NOASSERTION' END"
    )
    truth = dict(
        duckdb.sql(
            f"SELECT {meaning} AS id, count(*) FROM read_parquet('{shard}') GROUP BY id"
        ).fetchall()
    )
    document = described(dataset)
    assert counts(document, "declared") == truth == DECLARED
    assert counts(document, "concluded") == CONCLUDED


def test_counts_of_the_museums_equal_those_of_sql(home):
    from audit.sample import shard_paths

    paths = [str(path) for path in shard_paths()]
    ingest(paths, "museums", home=home)
    document = described(home.open("museums"))
    truth = dict(
        duckdb.sql(
            "SELECT CASE license WHEN '?' THEN 'NOASSERTION' WHEN 'in-copyright' THEN "
            "'LicenseRef-in-copyright' ELSE 'LicenseRef-no-known-copyright-restrictions' END AS id, "
            f"count(*) FROM read_parquet({paths}) GROUP BY id"
        ).fetchall()
    )
    assert counts(document, "declared") == truth
    assert sum(counts(document, "concluded").values()) == sum(truth.values()) == 125_000
    check(document)


def test_the_dataset_has_exactly_one_declared_and_one_concluded_license(dataset):
    document = described(dataset)
    (package,) = elements(document, "dataset_DatasetPackage")
    mine = [one for one in elements(document, "Relationship") if one["from"] == package["spdxId"]]
    kinds = Counter(one["relationshipType"] for one in mine)
    assert (kinds["hasDeclaredLicense"], kinds["hasConcludedLicense"]) == (1, 1)
    (concluded,) = [one for one in mine if one["relationshipType"] == "hasConcludedLicense"]
    assert concluded["to"] == ["expandedlicensing_NoAssertionLicense"]
    (declared,) = [one for one in mine if one["relationshipType"] == "hasDeclaredLicense"]
    (license,) = [one for one in document["@graph"] if one.get("spdxId") == declared["to"][0]]
    assert license["simplelicensing_licenseExpression"] == "CC-BY-4.0"


def test_licenses_of_images_are_not_taken_for_the_datasets(home, write_shard):
    ingest([str(write_shard("a.parquet", ["x"], license=["CC0"]))], "d", home=home)
    document = described(home.open("d"))
    (package,) = elements(document, "dataset_DatasetPackage")
    for one in elements(document, "Relationship"):
        if one["from"] == package["spdxId"] and one["relationshipType"].endswith("License"):
            assert one["to"] == ["expandedlicensing_NoAssertionLicense"]


def test_a_license_of_no_list_has_a_text(dataset):
    document = described(dataset)
    (expression,) = [
        one for one in elements(document, "simplelicensing_LicenseExpression")
        if one["simplelicensing_licenseExpression"] == "LicenseRef-in-copyright"
    ]  # fmt: skip
    (entry,) = expression["simplelicensing_customIdToUri"]
    assert entry["key"] == "LicenseRef-in-copyright"
    (text,) = [one for one in document["@graph"] if one.get("spdxId") == entry["value"]]
    assert text["type"] == "simplelicensing_SimpleLicensingText"
    assert text["simplelicensing_licenseText"]


def test_the_dataset_profile_is_claimed_only_with_all_that_it_requires(dataset):
    (bare,) = elements(described(dataset), "SpdxDocument")
    (full,) = elements(described(dataset, STATED), "SpdxDocument")
    assert "dataset" not in bare["profileConformance"]
    assert "dataset" in full["profileConformance"]
    (package,) = elements(described(dataset, STATED), "dataset_DatasetPackage")
    assert package["builtTime"] == "2024-01-01T00:00:00Z"
    assert package["software_downloadLocation"] == "https://example.org/d"


def test_size_is_in_bytes_and_only_of_a_whole(dataset, shard, home, write_shard):
    (package,) = elements(described(dataset), "dataset_DatasetPackage")
    assert package["dataset_datasetSize"] == shard.stat().st_size
    (shard.parent / "broken.parquet").write_bytes(b"x")
    ingest([str(shard.parent)], "part", home=home)
    (package,) = elements(described(home.open("part")), "dataset_DatasetPackage")
    assert "dataset_datasetSize" not in package
    assert package["summary"].startswith("at least 8 ")


def test_hashes_are_those_of_the_files(dataset, shard):
    import hashlib

    (file,) = elements(described(dataset, None, hash_shards(dataset)), "software_File")
    truth = hashlib.sha256(shard.read_bytes()).hexdigest()
    assert file["verifiedUsing"] == [
        {"type": "Hash", "algorithm": "sha256", "hashValue": truth}
    ]  # fmt: skip


def test_the_same_question_has_the_same_document(dataset):
    assert described(dataset) == described(dataset)
    assert "not legal advice" in json.dumps(described(dataset)).lower()
