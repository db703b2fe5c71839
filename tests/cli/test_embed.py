"""`audit embed` at the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from audit import api

Image = pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(5):
        pixels = rng.integers(0, 255, (20, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_vectors_go_to_the_dataset_and_a_rerun_has_nothing_to_do(
    audit, home, write_shard, pictures
):
    api.ingest(write_shard("a.parquet", ["a cat"]), name="d")
    answer = audit("embed", pictures, "--encoder", "thumbnail", "--output", "json")
    report = json.loads(answer.out)
    assert (answer.code, report["vectors"], report["images_now"]) == (0, 5, 5)
    assert (home.path / "d" / "embeddings" / "thumbnail" / "embeddings.json").exists()
    again = audit("embed", pictures)  # the encoder that is there is taken
    assert again.code == 0
    assert "nothing to do" in again.out


def test_bad_images_are_counted_by_reason(audit, pictures, tmp_path):
    (pictures / "bad.jpg").write_bytes(b"<html>gone</html>")
    answer = audit(
        "embed", pictures, "--encoder", "thumbnail", "--out", tmp_path / "out", "--output", "csv"
    )
    assert answer.code == 0
    assert answer.out == "status,images\nembedded,5\nnot an image,1\n"


def test_unknown_encoder_is_suggested(audit, pictures, tmp_path):
    answer = audit("embed", pictures, "--encoder", "thumbnal", "--out", tmp_path / "out")
    assert answer.code == 2
    assert "Did you mean 'thumbnail'?" in answer.err


def test_nothing_but_broken_images_is_a_failure(audit, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    answer = audit("embed", tmp_path / "one", "--encoder", "thumbnail", "--out", tmp_path / "out")
    assert answer.code == 1
    assert "Not one image could be embedded." in answer.err


def test_without_images_it_says_where_to_get_some(audit, write_shard):
    api.ingest(write_shard("a.parquet", ["a cat"]), name="d")
    answer = audit("embed", "--encoder", "thumbnail")
    assert answer.code == 2
    assert "audit fetch" in answer.err
