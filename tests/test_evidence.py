"""What can fail is checked before anything is fetched; what is fetched joins the index."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import api
from audit.concepts import Concept
from audit.embeddings.files import MANIFEST
from audit.embeddings.places import embeddings_folder
from audit.encoders.encoder import load_encoder
from audit.errors import ConceptError, EncoderMismatchError, UsageError
from audit.evidence import fetch_evidence
from audit.vectors.build import index_dataset
from audit.vectors.places import only_index
from audit.visual import embed_images, gather_references

Image = pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")

CAT = [Concept("cat")]


def picture(path, seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (20, 20, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def shard_of_pictures(folder, rows):
    """Images of samples, with their URLs."""
    made = [picture(folder.parent / "made" / f"{row}.png", row) for row in rows]
    data = [path.read_bytes() for path in made]
    table = {"image": data, "url": [f"https://a.example.org/{row}.jpg" for row in rows]}
    path = folder / f"{min(rows):05d}.parquet"
    pq.write_table(pa.table(table), path)
    return path


@pytest.fixture
def dataset(home, write_shard):
    api.ingest(write_shard("a.parquet", ["a cat"] * 20), name="d")
    return home.open("d")


@pytest.fixture
def fetched(monkeypatch, dataset):
    """What would be fetched lies in the dataset's folder; whether anything was."""
    calls = []

    def fetch(dataset, **options):
        calls.append(options["sample"])
        (dataset.folder / "images").mkdir(exist_ok=True)
        shard_of_pictures(dataset.folder / "images", list(range(10, 14)))

    monkeypatch.setattr("audit.evidence.fetch_images", fetch)
    return calls


@pytest.fixture
def elsewhere(dataset, home, tmp_path):
    """An index of six pictures that were embedded into another folder."""
    shard = shard_of_pictures(tmp_path, list(range(6)))
    embed_images([shard], None, home, encoder="thumbnail", out=tmp_path / "elsewhere")
    index_dataset(dataset, home, tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


def test_new_images_join_those_that_the_index_was_made_from(
    dataset, home, elsewhere, fetched, tmp_path
):
    refs = picture(tmp_path / "refs" / "a.png", 3)
    loaded = fetch_evidence(dataset, home, CAT, 5, references=refs, on_fetched=lambda report: None)
    assert loaded.info.id == "thumbnail"
    assert fetched == [5, 1000]
    index = only_index(dataset)
    assert (len(index), index.embeddings.path) == (10, elsewhere)
    assert not embeddings_folder(dataset, "thumbnail").exists()


def test_without_an_index_images_go_into_the_datasets_own_folder(dataset, home, fetched, tmp_path):
    refs = picture(tmp_path / "refs" / "a.png", 3)
    fetch_evidence(
        dataset, home, CAT, 5, references=refs, others=0, encoder=load_encoder("thumbnail")
    )
    assert fetched == [5]
    used = only_index(dataset).embeddings.path
    assert used.samefile(embeddings_folder(dataset, "thumbnail"))


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"references": "nowhere"}, ConceptError, "does not exist"),
        ({}, ConceptError, "no references"),
        ({"prompts": ["a drawing of {}"]}, ConceptError, "has no text side"),
        ({"references": "refs", "encoder": "thumbnal"}, UsageError, "No encoder 'thumbnal'"),
    ],
)
def test_mistakes_are_told_before_anything_is_fetched(
    dataset, home, elsewhere, fetched, tmp_path, monkeypatch, options, error, told
):
    picture(tmp_path / "refs" / "a.png", 3)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=told):
        fetch_evidence(dataset, home, CAT, 5, **options)
    assert fetched == []


def test_embeddings_of_others_or_of_another_revision_are_not_added_to(
    dataset, home, elsewhere, fetched, tmp_path
):
    refs = picture(tmp_path / "refs" / "a.png", 3)
    manifest = elsewhere / MANIFEST
    record = json.loads(manifest.read_bytes())
    record["encoder"]["revision"] = "another"
    manifest.write_text(json.dumps(record))
    with pytest.raises(EncoderMismatchError, match="elsewhere: holds embeddings of thumbnail"):
        fetch_evidence(dataset, home, CAT, 5, references=refs)
    manifest.unlink()  # now it is a folder as clip-retrieval writes it
    with pytest.raises(UsageError, match="others made the embeddings"):
        fetch_evidence(dataset, home, CAT, 5, references=refs)
    assert fetched == []


def test_references_by_name_may_be_one_path_or_several(tmp_path):
    encoder = load_encoder("thumbnail")
    one, two = (picture(tmp_path / "refs" / f"{seed}.png", seed) for seed in range(2))
    for given, expected in ((str(one), [one]), (one, [one]), ([one, two], [one, two])):
        ((_, references),) = gather_references(CAT, {"cat": given}, (), encoder)
        assert references.names == tuple(map(str, expected))


def test_folder_of_other_concepts_folders_is_no_reference_for_one(tmp_path):
    encoder = load_encoder("thumbnail")
    picture(tmp_path / "refs" / "cats" / "a.png", 0)
    picture(tmp_path / "refs" / "dog" / "a.png", 1)
    with pytest.raises(
        ConceptError, match="has no folder of that name, only 'cats', 'dog'"
    ) as told:
        gather_references(CAT, tmp_path / "refs", (), encoder)
    assert "Did you mean 'cats'?" in told.value.hint
    # With images beside the folders it is one collection.
    picture(tmp_path / "refs" / "b.png", 2)
    ((_, references),) = gather_references(CAT, tmp_path / "refs", (), encoder)
    assert len(references) == 3
