"""Sets of references: what is left out, what they score of each other, and where they fall apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audit.encoders.encoder import EncoderInfo
from audit.errors import ConceptError
from audit.references.reference_set import ReferenceSet, embed_references, text_references

INFO = EncoderInfo("test-encoder", "1", "none", 2)


def at(*degrees):
    angle = np.radians(degrees)
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float16)
    return ReferenceSet(vectors, tuple(f"{d}.jpg" for d in degrees), INFO)


def cosine(degrees):
    return pytest.approx(np.cos(np.radians(degrees)), abs=2e-3)


def test_each_is_scored_against_the_nearest_other():
    assert at(0, 10, 40).own_scores("max").tolist() == [cosine(10), cosine(10), cosine(30)]


def test_or_against_the_mean_of_the_others():
    first, *_ = at(0, 10, 40).own_scores("mean")
    assert first == pytest.approx((np.cos(np.radians(10)) + np.cos(np.radians(40))) / 2, abs=2e-3)


def test_one_reference_and_words_have_no_others():
    assert len(at(0).own_scores("max")) == 0
    assert len(replace(at(0, 10), kind="text").own_scores("max")) == 0


def test_a_mean_of_similarities_is_the_similarity_to_the_mean():
    references = at(0, 10, 40)
    (query,) = references.queries("mean").astype(float)
    vector = np.array([0.6, 0.8])
    expected = np.mean(references.vectors.astype(float) @ vector)
    assert query @ vector == pytest.approx(expected, abs=1e-3)
    assert len(references.queries("max")) == 3


def test_groups_hang_together_by_chains():
    groups = at(0, 20, 40, 120, 200, 205).groups(np.cos(np.radians(25)))
    assert groups == [[0, 1, 2], [4, 5], [3]]


def test_no_reference_that_can_be_used_is_an_error():
    with pytest.raises(ConceptError, match=r"a\.jpg: too small"):
        ReferenceSet(np.empty((0, 2), np.float16), (), INFO, "images", (("a.jpg", "too small"),))


class GreyEncoder:
    """Sees how bright an image is; several faces in a white one, none in a black one."""

    info = INFO

    def prepare(self, image):
        return float(np.asarray(image, dtype=float).mean()) / 255

    def encode(self, prepared):
        found = []
        for grey in prepared:
            vector = np.array([[np.cos(grey), np.sin(grey)]], np.float32)
            found.append(np.repeat(vector, 2 if grey > 0.95 else grey > 0.05, axis=0))
        return found


@pytest.fixture
def pictures(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="needs pillow")

    def draw(**greys):
        for name, grey in greys.items():
            image.new("RGB", (64, 64), (grey,) * 3).save(tmp_path / f"{name}.png")
        return tmp_path

    return draw


def test_copies_broken_images_and_others_are_left_out_and_named(pictures):
    folder = pictures(a=60, b=60, c=180, many=255, none=0)
    (folder / "broken.jpg").write_bytes(b"no image")
    (folder / "notes.txt").write_text("not an image file")
    found = embed_references([folder], GreyEncoder())
    assert [name.rsplit("/", 1)[1] for name in found.names] == ["a.png", "c.png"]
    why = {name.rsplit("/", 1)[1]: reason for name, reason in found.left_out}
    assert why["b.png"] == "a copy of a.png"
    assert why["many.png"] == "shows 2 of what is looked for"
    assert why["none.png"] == "shows none of what is looked for"
    assert set(why) == {"b.png", "many.png", "none.png", "broken.jpg"}


def test_missing_and_empty_places_are_named(tmp_path):
    with pytest.raises(ConceptError, match="does not exist"):
        embed_references([tmp_path / "nothing"], GreyEncoder())
    with pytest.raises(ConceptError, match="no images there"):
        embed_references([tmp_path], GreyEncoder())


def test_words_need_an_encoder_that_has_a_text_side():
    with pytest.raises(ConceptError, match="no text side"):
        text_references(["a painting"], GreyEncoder())
