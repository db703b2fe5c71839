"""`audit embed` at the command line."""

from __future__ import annotations

import json
import tarfile

import numpy as np
import pytest

from audit import api
from audit.encoders.thumbnail import ThumbnailEncoder

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
    assert f"{tmp_path / 'one' / 'bad.png'}: corrupt (begins like an image" in answer.out


def test_only_the_first_bad_images_are_named_and_then_where_the_others_are(
    audit, pictures, tmp_path
):
    for number in range(6):
        (pictures / f"bad{number}.jpg").write_bytes(b"<html>gone</html>")
    answer = audit("embed", pictures, "--encoder", "thumbnail", "--out", tmp_path / "out")
    assert answer.code == 0
    assert answer.out.count("not an image (no known format begins with") == 5
    assert "Not usable, 5 of 6:" in answer.out
    assert f"{tmp_path / 'out' / 'images'}/*.parquet" in answer.out


def test_one_image_is_one(audit, pictures, tmp_path):
    answer = audit("embed", pictures / "0.png", "--encoder", "thumbnail", "--out", tmp_path / "o")
    assert "1 vector of thumbnail" in answer.out
    assert "of 1 image in 1 part; 1 image looked at now" in " ".join(answer.out.split())


def test_damaged_tar_is_told_once_with_what_to_do(audit, pictures, tmp_path):
    tar = tmp_path / "half.tar"
    with tarfile.open(tar, "w") as stream:
        for picture in sorted(pictures.iterdir()):
            stream.add(picture, picture.name)
    tar.write_bytes(tar.read_bytes()[:3000])
    command = ("embed", tar, "--encoder", "thumbnail", "--out", tmp_path / "out")
    for _ in range(2):
        answer = audit(*command)
        assert answer.code == 1
        assert answer.err.count(str(tar)) == 1
        assert f"Error: {tar}: cannot be read to its end" in answer.err
        assert "run the same command" in answer.err
        assert "all of it was here" not in answer.out


class LooksForFaces(ThumbnailEncoder):
    looks_for = "face"

    def encode(self, prepared):
        return [vectors[:0] for vectors in super().encode(prepared)]


def test_nothing_found_is_an_answer_that_says_what_was_looked_for(
    audit, pictures, tmp_path, monkeypatch
):
    monkeypatch.setattr("audit.visual.load_encoder", lambda name, device: LooksForFaces())
    answer = audit("embed", pictures, "--encoder", "faces", "--out", tmp_path / "out")
    assert answer.code == 0
    assert "no face found" in answer.out
    assert "No face was found in any of 5 images." in answer.err
    assert "Error" not in answer.err


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "CPU", ""])
def test_device_that_cannot_be_one_is_refused_whatever_the_encoder(
    audit, pictures, tmp_path, device
):
    command = ("embed", pictures, "--encoder", "thumbnail", "--out", tmp_path / "out")
    answer = audit(*command, "--device", device)
    assert answer.code == 2
    assert f"No device '{device}'." in answer.err
    assert "cuda:1" in answer.err


def test_without_images_it_says_where_to_get_some(audit, write_shard):
    api.ingest(write_shard("a.parquet", ["a cat"]), name="d")
    answer = audit("embed", "--encoder", "thumbnail")
    assert answer.code == 2
    assert "audit fetch" in answer.err
