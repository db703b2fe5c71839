"""From an embedded image back to its bytes, or to the reason why there are none."""

from __future__ import annotations

import io
import os
import shutil
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.embeddings.embed import embed
from audit.embeddings.folder import EmbeddingFolder
from audit.embeddings.originals import read_originals
from audit.encoders.thumbnail import ThumbnailEncoder
from audit.images.collections import find_units

Image = pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")


def png(seed):
    rng = np.random.default_rng(seed)
    stream = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def write_folder(path, images):
    path.mkdir()
    for name, data in images.items():
        (path / f"{name}.png").write_bytes(data)
    return path


def write_tar(path, images):
    with tarfile.open(path, "w") as tar:
        for name, data in images.items():
            for suffix, content in ((".png", data), (".txt", b"a caption")):
                member = tarfile.TarInfo(f"in/{name}{suffix}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return path


def write_parquet(path, images):
    column = pa.array([{"bytes": data, "path": name} for name, data in images.items()])
    pq.write_table(pa.table({"image": column}), path, row_group_size=3)
    return path


KINDS = {
    "folder": (write_folder, "images"),
    "tar": (write_tar, "images.tar"),
    "parquet": (write_parquet, "images.parquet"),
}
IMAGES = {f"{number:03d}": png(number) for number in range(10)}


@pytest.fixture(params=KINDS)
def written(request, tmp_path):
    """A collection of each kind: how to write it, and where it lies."""
    write, name = KINDS[request.param]
    return write, write(tmp_path / name, IMAGES)


def embedded(place):
    out = place.parent / "embeddings"
    embed(find_units([place]), out, ThumbnailEncoder())
    return EmbeddingFolder.open(out).parts[0]


def remove(place):
    shutil.rmtree(place) if place.is_dir() else place.unlink()


def by_image(originals):
    return {original.image: (original.data, original.problem) for original in originals}


def test_the_very_bytes_come_back(written):
    part = embedded(written[1])
    found = by_image(read_originals(part, [7, 0, 3, 7]))
    assert found == {number: (png(number), None) for number in (0, 3, 7)}


def test_nothing_wanted_reads_nothing(written):
    part = embedded(written[1])
    remove(written[1])
    assert list(read_originals(part, [])) == []


def test_a_source_that_is_gone_is_told(written):
    part = embedded(written[1])
    remove(written[1])
    assert by_image(read_originals(part, [1, 2])) == dict.fromkeys(
        (1, 2), (None, "its source is gone")
    )


def test_other_bytes_under_the_same_name_are_never_given(written):
    write, place = written
    part = embedded(place)
    remove(place)
    write(place, IMAGES | {"003": png(77)})
    found = by_image(read_originals(part, [2, 3]))
    assert found == {
        2: (png(2), None),
        3: (None, "its source has changed since it was embedded"),
    }


def test_a_source_that_was_only_copied_is_still_good(written):
    part = embedded(written[1])
    for path in [written[1], *written[1].rglob("*")] if written[1].is_dir() else [written[1]]:
        os.utime(path, (1, 1))
    assert by_image(read_originals(part, [4])) == {4: (png(4), None)}


def test_images_beyond_the_size_limit_are_not_read(written):
    part = embedded(written[1])
    [(data, problem)] = by_image(read_originals(part, [4], max_bytes=10)).values()
    assert data is None
    assert "too large" in problem


@pytest.mark.parametrize("kind", ["tar", "parquet"])
def test_a_file_cut_off_gives_what_is_before_and_a_reason_for_the_rest(tmp_path, kind):
    write, name = KINDS[kind]
    place = write(tmp_path / name, IMAGES)
    part = embedded(place)
    data = place.read_bytes()
    place.write_bytes(data[: len(data) // 2])
    found = by_image(read_originals(part, range(10)))
    assert sorted(found) == list(range(10))
    assert all(data in (None, png(number)) for number, (data, _) in found.items())
    assert found[9][0] is None
    assert "its source" in found[9][1]


def test_an_image_that_could_not_be_read_when_embedding_keeps_that_reason(tmp_path):
    column = pa.array([png(0), None], pa.binary())
    pq.write_table(pa.table({"jpg": column}), tmp_path / "a.parquet")
    part = embedded(tmp_path / "a.parquet")
    assert by_image(read_originals(part, [0, 1])) == {
        0: (png(0), None),
        1: (None, "no bytes in this row"),
    }


def test_images_of_a_tar_with_the_same_key_are_told_apart_by_their_bytes(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for seed, name in enumerate(["a.png", "b.png", "a.png"]):
            member = tarfile.TarInfo(name)
            member.size = len(png(seed))
            tar.addfile(member, io.BytesIO(png(seed)))
    part = embedded(tmp_path / "a.tar")
    assert by_image(read_originals(part, [0, 2])) == {0: (png(0), None), 2: (png(2), None)}


def test_a_key_does_not_lead_out_of_the_folder(tmp_path):
    place = write_folder(tmp_path / "images", IMAGES)
    part = embedded(place)
    (tmp_path / "secret.png").write_bytes(png(0))
    (place / "000.png").unlink()
    table = pq.read_table(part.images_path)
    paths = ["../secret.png", *table["image_path"].to_pylist()[1:]]
    pq.write_table(table.set_column(0, "image_path", pa.array(paths)), part.images_path)
    assert by_image(read_originals(part, [0])) == {0: (None, "its source is gone")}


class TestFoldersOfOthers:
    """clip-retrieval's: a path an image, no digest."""

    @pytest.fixture
    def part(self, tmp_path):
        def make(paths):
            for place in ("img_emb", "metadata"):
                (tmp_path / place).mkdir()
            rows = len(paths)
            np.save(tmp_path / "img_emb" / "img_emb_0.npy", np.ones((rows, 4), np.float16))
            table = pa.table({"image_path": paths} if any(paths) else {"caption": ["x"] * rows})
            pq.write_table(table, tmp_path / "metadata" / "metadata_0.parquet")
            return EmbeddingFolder.open(tmp_path, "test-encoder").parts[0]

        return make

    def test_a_local_path_is_read(self, part, tmp_path):
        (tmp_path / "a.png").write_bytes(png(1))
        found = by_image(read_originals(part([str(tmp_path / "a.png")]), [0]))
        assert found == {0: (png(1), None)}

    def test_addresses_keys_and_pipes_are_not(self, part, tmp_path):
        os.mkfifo(tmp_path / "pipe.png")
        paths = ["https://example.org/a.png", "000000001", str(tmp_path / "pipe.png"), "a\0b", None]
        found = by_image(read_originals(part(paths), range(5)))
        assert [data for data, _ in found.values()] == [None] * 5
        assert "nothing is fetched" in found[0][1]
        assert found[1][1] == found[2][1] == "its source is gone"
        assert found[4][1] == "nothing tells where it lies"

    def test_metadata_without_paths_says_so(self, part):
        assert by_image(read_originals(part([None]), [0])) == {
            0: (None, "nothing tells where it lies")
        }
