"""What a count by image says of itself: its question, its method, and what it does not know."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import api
from audit.concepts import Concept
from audit.counts.by_image import count_by_image
from audit.counts.matching import VisualSettings
from audit.counts.saved import save_result
from audit.embeddings.folder import EmbeddingFolder
from audit.encoders.encoder import EncoderInfo
from audit.references.reference_set import ReferenceSet
from audit.vectors.build import build_index
from audit.vectors.index import VectorIndex

pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")

CAT = Concept("blue cat")
DIMENSION = 8
INFO = EncoderInfo("test-encoder", "as named by the user", "", DIMENSION)

#: Images by the URL that they were fetched from. Those below 20 show the concept.
SHOWN, IMAGES = 20, 500


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.fixture
def vectors():
    """The concept's images are like the first axis, all others have nothing of it."""
    rng = np.random.default_rng(0)
    made = rng.standard_normal((IMAGES, DIMENSION))
    made[:, 0] = 0
    made[:SHOWN] *= 0.05
    made[:SHOWN, 0] = 1
    return unit(made).astype(np.float16)


@pytest.fixture
def dataset(home, write_shard):
    """A sample for each URL, and for the first URL two."""
    urls = [url_of(0), *map(url_of, range(IMAGES))]
    api.ingest(write_shard("a.parquet", ["a picture"] * len(urls), URL=urls), name="d")
    return home.open("d")


def url_of(image):
    return f"https://a.example.org/{image}.jpg"


@pytest.fixture
def ask(dataset, vectors, tmp_path):
    """Counts by a cut-off; further images are other ones of the samples with those URLs."""

    def call(references=None, *, further=(), **settings):
        folder, index = tmp_path / "foreign", tmp_path / "index"
        if not index.exists():
            for kind in ("img_emb", "metadata"):
                (folder / kind).mkdir(parents=True)
            # Just as like the concept, and other images all the same.
            more = np.roll(vectors[list(further)], 1, axis=0)
            np.save(folder / "img_emb" / "img_emb_0.npy", np.concatenate([vectors, more]))
            urls = [url_of(image) for image in (*range(IMAGES), *further)]
            pq.write_table(pa.table({"url": urls}), folder / "metadata" / "metadata_0.parquet")
            build_index(dataset, EmbeddingFolder.open(folder, "test-encoder"), index)
        references = references or references_of(vectors[:3])
        asked = VisualSettings(**{"cutoff": 0.7, "by": "visual", **settings})
        return count_by_image(dataset, VectorIndex(index), [(CAT, references)], asked)

    return call


def references_of(vectors):
    return ReferenceSet(vectors, tuple(f"{i}.jpg" for i in range(len(vectors))), INFO)


@pytest.mark.parametrize(
    "other",
    [
        {"cutoff": 0.9}, {"by": "both"}, {"where": "caption is not null"}, {"statistic": "mean"},
        {"design": "unknown"}, {"seed": 1}, {"background": 300}, {"per_million": 100.0},
    ],
    ids=str,
)  # fmt: skip
def test_another_question_does_not_replace_an_answer(ask, dataset, other):
    first, second = (save_result(ask(**settings), dataset) for settings in ({}, other))
    assert first != second
    name, value = next(iter(other.items()))
    asked = [json.loads(path.read_text())["question"] for path in (first, second)]
    assert asked[1][name] == value != asked[0][name]


def test_an_approximate_count_is_another_question_and_another_method(ask):
    exact = ask()
    approximate = replace(exact, settings=replace(exact.settings, approximate=True))
    assert exact.question() != approximate.question()
    assert "counted exactly" in exact.method
    assert "exactly" not in approximate.method
    assert "approximate search" in approximate.to_dict()["method"]


def test_the_same_question_replaces_its_answer_however_fast_it_was_got(ask, dataset):
    first = ask()
    again = replace(first, settings=replace(first.settings, workers=9, device="cuda"))
    assert save_result(first, dataset) == save_result(ask(), dataset) == save_result(again, dataset)


def test_other_images_under_the_same_names_are_another_question(ask, vectors):
    one, other = (ask(references_of(vectors[rows])) for rows in ([0, 1], [0, 2]))
    assert one.question()["references"] == other.question()["references"]
    assert one.question() != other.question()


def test_what_references_cannot_tell_is_null_in_every_format(ask, vectors):
    alone = references_of(vectors[:1])
    words = replace(references_of(vectors[:3]), kind="text")
    for references in (alone, words):
        result = ask(references)
        assert result["blue cat"].to_dict()["cutoff"]["sensitivity"]["value"] is None
        assert result.to_polars()["sensitivity"].to_list() == [None]
    several = ask(references_of(vectors[:3]))
    assert several.to_polars()["sensitivity"].to_list() == [1.0]


def test_matched_images_are_the_best_of_each_sample_each_once(ask):
    """Two samples share the first image; a second image of a sample adds nothing."""
    count = ask(further=range(5, 10))["blue cat"]
    assert count.unnamed.above == SHOWN + 1
    assert count.matched_images == SHOWN


def test_one_row_a_concept_has_the_numbers_of_the_json(ask):
    result = ask()
    (row,) = result.to_polars().to_dicts()
    told = result.to_dict()["results"][0]
    for name in ("samples", "named_and_shown", "named_not_shown", "shown_not_named"):
        assert row[name] == told[name]["value"]
        assert row[f"{name}_low"] == told[name]["low"]
    assert row["labelled"] is told["labelled"] is None
