"""Images: found by their file, their looks and their hash; and out of counts by image."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from audit.datasets.sample_keys import sample_keys
from audit.sample import pictures_path, references_path
from audit.vectors.images import PartImages
from audit.vectors.places import only_index

Image = pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")
pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")


@pytest.fixture
def pictures(audit, home):
    """The pictures of the sample, indexed by an encoder without weights."""
    for command in (
        ("ingest", pictures_path(), "--name", "pictures"),
        ("embed", pictures_path(), "--encoder", "hog"),
        ("index",),
    ):
        assert audit(*command).code == 0
    return home.open("pictures")


def first_picture(dataset, tmp_path):
    """The file of the first sample's image, as the embeddings saw it."""
    table = pq.read_table(dataset.parts[0].shard.uri)
    column = next(name for name in table.column_names if name in ("jpg", "image", "bytes", "png"))
    value = table[column][0].as_py()
    data = value["bytes"] if isinstance(value, dict) else value
    path = tmp_path / "mine.png"
    path.write_bytes(data)
    return path


def lookup(audit, *arguments):
    outcome = audit("lookup", *arguments, "--output", "json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_an_image_is_found_by_file_hash_and_looks(audit, pictures, tmp_path):
    path = first_picture(pictures, tmp_path)
    found = lookup(audit, "--image", path, "--similarity", "0.999", "--limit", "100")
    mine = [m for m in found["matches"] if m["row"] == 0]
    assert mine[0]["how"] == "indexed file"
    assert mine[0]["same"] is True
    places = {one["place"] for one in found["searched"]}
    assert "sha256 of images indexed by hog" in places
    assert "perceptual hash of images indexed by hog" in places
    assert "vectors of hog" in places
    missing = {one["place"] for one in found["not_searched"]}
    assert {"column sha256", "column md5", "column phash"} <= missing
    assert found["answer"].startswith("Found:")


def test_a_version_of_an_image_is_found_by_its_looks(audit, pictures, tmp_path):
    path = first_picture(pictures, tmp_path)
    smaller = tmp_path / "smaller.jpg"
    with Image.open(path) as image:
        image.convert("RGB").resize((96, 96)).save(smaller, quality=80)
    found = lookup(audit, "--image", smaller, "--limit", "1000")
    how = {m["how"]: m["score"] for m in found["matches"] if m["row"] == 0}
    assert set(how) <= {"perceptual hash", "similar image"}
    assert how


def test_a_picture_that_is_not_in_is_not_claimed_to_be_absent(audit, pictures, tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(tmp_path / "noise.png")
    found = lookup(audit, "--image", tmp_path / "noise.png", "--similarity", "0.99")
    assert found["samples"] == 0
    assert found["answer"] == "Not found in what was searched, which is not all that could hold it."


def test_without_an_index_images_were_not_searched(audit, write_shard, tmp_path):
    audit("ingest", write_shard("a.parquet", ["one"]), "--name", "d")
    Image.new("RGB", (20, 20), "red").save(tmp_path / "red.png")
    found = lookup(audit, "--image", tmp_path / "red.png")
    assert found["answer"].startswith("Not searched")
    assert {one["place"] for one in found["not_searched"]} >= {"indexed images", "perceptual hash"}


def test_what_is_no_image_is_an_error(audit, pictures, tmp_path):
    (tmp_path / "x.jpg").write_text("<svg/>")
    for path in ("x.jpg", "gone.jpg"):
        outcome = audit("lookup", "--image", tmp_path / path)
        assert outcome.code == 1
        assert path in outcome.err


def test_a_similar_image_is_removed_only_if_somebody_says_so(audit, pictures, tmp_path):
    path = first_picture(pictures, tmp_path)
    ask = ("remove-samples", "--image", path, "--dry-run", "--distance", "0", "--output", "json")
    exact = json.loads(audit(*ask).out)
    alike = json.loads(audit(*ask, "--similarity", "0.5").out)
    assert 1 <= exact["newly_removed"] < alike["newly_removed"]


COUNT = ("count", "-c", "gramastar", "--references", references_path(), "--output", "json")


def counted(audit, *further):
    return json.loads(audit(*COUNT, *further).out)


def test_removed_samples_are_in_no_count_by_image(audit, home, pictures):
    before = counted(audit, "--cutoff", "0.8")
    result = before["results"][0]
    audit("remove-samples", "-c", "gramastar", "--reason", "asked", "--yes")
    after = counted(audit, "--cutoff", "0.8")
    now = after["results"][0]
    named = result["named"]["population"]
    assert named == 47
    assert now["named"]["population"] == 0
    assert after["considered"] == before["considered"] - named
    assert now["unnamed"]["population"] == result["unnamed"]["population"]
    # Pictures that nobody removed are where they were.
    assert now["unnamed"]["above_cutoff"] == result["unnamed"]["above_cutoff"]
    assert after["coverage"]["removed"] == named


@pytest.mark.parametrize("by", ["visual", "both"])
def test_matches_fall_by_exactly_those_that_were_removed(audit, home, pictures, tmp_path, by):
    """What is removed is a few of the samples that match by image."""
    asked = ("--cutoff", "0.8", "--by", by)
    before = counted(audit, *asked)
    matching = matching_rows(home.open("pictures"), by)
    gone = sorted(matching)[:7]
    path = tmp_path / "gone.csv"
    pl.DataFrame({"shard": ["0"] * 7, "row": gone}).write_csv(path)
    assert audit("remove-samples", "--from", path, "--reason", "asked", "--yes").code == 0
    after = counted(audit, *asked)
    assert total_matches(before) - total_matches(after) == 7
    assert after["considered"] == before["considered"] - 7
    assert after["images"] == before["images"] - 7
    assert matching_rows(home.open("pictures"), by) == matching - set(gone)


def total_matches(answer):
    (result,) = answer["results"]
    return sum(result[stratum]["above_cutoff"] for stratum in ("named", "unnamed"))


def matching_rows(dataset, by):
    """Rows of the samples from the cut-off on."""
    from audit.concepts import Concept
    from audit.counts.matching import VisualMatching, VisualSettings
    from audit.encoders.encoder import load_encoder
    from audit.visual import gather_references

    index = only_index(dataset)
    sought = gather_references([Concept("gramastar")], references_path(), (), load_encoder("hog"))
    (found,) = VisualMatching(dataset, index, sought, VisualSettings(by=by, cutoff=0.8)).scored()
    return set(found.row[found.above].tolist())


def test_removed_images_are_in_no_background_and_no_label_sheet(audit, home, pictures, tmp_path):
    from audit.counts.named import named_samples
    from audit.counts.scene import Scene

    half = list(range(0, 2000, 2))
    pl.DataFrame({"shard": ["0"] * 1000, "row": half}).write_csv(tmp_path / "half.csv")
    audit("remove-samples", "--from", tmp_path / "half.csv", "--reason", "asked", "--yes")
    dataset = home.open("pictures")
    index = only_index(dataset)
    linked = np.concatenate([PartImages.of(part).link_key for part in index.parts])
    assert len(linked) == 1000
    assert not dataset.removed.holds(linked).any()
    scene = Scene(dataset, index, named_samples(dataset, []))
    assert not np.isin(scene._background_key, sample_keys(0, np.array(half))).any()
    assert len(scene.background) == len(scene.examined) == 1000
    out = tmp_path / "labels.csv"
    outcome = audit(
        "label", "export", "-c", "gramastar", "--references", references_path(),
        "--samples", "300", "-o", out,
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    rows = pl.read_csv(out)["row"].to_list()
    assert rows
    assert not set(rows) & set(half)


def test_labels_of_before_a_removal_do_not_count_until_it_is_taken_back(
    audit, home, pictures, tmp_path
):
    out = tmp_path / "labels.csv"
    audit(
        "label", "export", "-c", "gramastar", "--references", references_path(),
        "--samples", "60", "-o", out,
    )  # fmt: skip
    table = pl.read_csv(out, infer_schema=False)
    table.with_columns(label=pl.lit("no")).write_csv(out)
    assert audit("label", "import", out).code == 0
    assert counted(audit)["results"][0]["labelled"]
    audit("remove-samples", "-c", "gramastar", "--reason", "asked", "--yes")
    result = counted(audit)["results"][0]
    assert not result["labelled"]
    audit("removals", "undo", "1", "--reason", "mistake")
    assert counted(audit)["results"][0]["labelled"]


def test_indexing_again_tells_of_what_is_left(audit, home, pictures):
    told = json.loads(audit("index", "--output", "json").out)
    audit("remove-samples", "-c", "gramastar", "--reason", "asked", "--yes")
    now = json.loads(audit("index", "--output", "json").out)
    assert told["samples_with_image"] - now["samples_with_image"] == 47
    assert told["images"] - now["images"] == 47
    assert now["images_unmatched"] == told["images_unmatched"] == 0
    audit("removals", "undo", "1", "--reason", "mistake")
    again = json.loads(audit("index", "--output", "json").out)
    assert again["samples_with_image"] == told["samples_with_image"]
