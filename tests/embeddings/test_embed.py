"""Embedding: every image has a status, a rerun gives the same bytes, encoders do not mix."""

from __future__ import annotations

import hashlib
import io
import signal
import subprocess
import sys
import tarfile
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.embeddings.embed import embed
from audit.embeddings.embed_part import BATCH_IMAGES
from audit.embeddings.folder import EmbeddingFolder
from audit.encoders.encoder import EncoderInfo
from audit.encoders.thumbnail import ThumbnailEncoder
from audit.errors import EncoderMismatchError, SourceError, UsageError
from audit.images.collections import find_units

Image = pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")


def jpeg(seed, size=32):
    rng = np.random.default_rng(seed)
    picture = Image.fromarray(rng.integers(0, 255, (6, 6, 3), dtype=np.uint8)).resize((size, size))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def write_tar(path, seeds, **others):
    with tarfile.open(path, "w") as tar:
        files = {f"{seed:06d}.jpg": jpeg(seed) for seed in seeds} | others
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class TwoHalves:
    """Two vectors an image, none for dark ones: as a detector of several things would give."""

    info = EncoderInfo("halves", "1", "", 2)
    looks_for = "light"

    def prepare(self, image):
        return np.asarray(image.convert("L"), dtype=np.float32).mean()

    def encode(self, prepared):
        rows = np.array([[1, 0], [0, 1]], dtype=np.float32)
        return [rows if mean > 60 else rows[:0] for mean in prepared]


def test_vectors_and_metadata_belong_together_row_by_row(tmp_path):
    write_tar(tmp_path / "a.tar", range(150))
    report = embed(find_units([tmp_path / "a.tar"]), tmp_path / "out", ThumbnailEncoder())
    assert (report.images, report.vectors, report.statuses) == (150, 150, {"embedded": 150})
    part = EmbeddingFolder.open(tmp_path / "out").parts[0]
    assert part.vectors.dtype == np.float16
    assert np.allclose(np.linalg.norm(part.vectors.astype(float), axis=1), 1, atol=1e-3)
    names = part.metadata(["image_path"])["image_path"].to_pylist()
    encoder = ThumbnailEncoder()
    for row in (0, 63, 64, 149):
        with Image.open(io.BytesIO(jpeg(int(names[row])))) as picture:
            expected = encoder.encode([encoder.prepare(picture.convert("RGB"))])[0][0]
        assert np.allclose(part.vectors[row], expected, atol=2e-3)


def test_files_are_clip_retrievals(tmp_path):
    write_tar(tmp_path / "a.tar", range(3))
    embed(find_units([tmp_path / "a.tar"]), tmp_path / "out", ThumbnailEncoder())
    vectors = np.load(tmp_path / "out" / "img_emb" / "img_emb_00000.npy")
    metadata = pq.read_table(tmp_path / "out" / "metadata" / "metadata_00000.parquet")
    assert vectors.shape == (3, 192)
    assert metadata.num_rows == 3
    assert {"image_path", "caption", "url"} <= set(metadata.column_names)


def test_bad_images_have_a_status_and_stop_nothing(tmp_path):
    good = jpeg(1, 200)
    write_tar(
        tmp_path / "a.tar",
        [1, 2],
        **{
            "3.jpg": good[: len(good) // 2],
            "4.jpg": b"<html>gone</html>",
            "5.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "6.png": b"",
        },
    )
    report = embed(find_units([tmp_path / "a.tar"]), tmp_path / "out", ThumbnailEncoder())
    assert report.statuses == {
        "embedded": 2, "truncated": 1, "not an image": 1, "format refused": 1, "empty": 1,
    }  # fmt: skip
    images = EmbeddingFolder.open(tmp_path / "out").parts[0].images(["status", "message"])
    assert all(m for s, m in zip(*images.to_pydict().values(), strict=True) if s != "embedded")


def test_encoder_may_find_several_things_in_an_image_or_none(tmp_path):
    for name, grey in (("dark", 0), ("light", 200)):
        Image.new("RGB", (20, 20), (grey,) * 3).save(tmp_path / f"{name}.png")
    report = embed(find_units([tmp_path]), tmp_path / "out", TwoHalves())
    assert report.statuses == {"embedded": 1, "nothing found": 1}
    assert (report.found_nothing, report.sought, report.problems) == (1, "light", ())
    part = EmbeddingFolder.open(tmp_path / "out").parts[0]
    assert (
        part.metadata(["image", "image_path"]).to_pylist()
        == [{"image": 1, "image_path": "light.png"}] * 2
    )
    assert part.images(["vectors"])["vectors"].to_pylist() == [0, 2]


def test_rerun_makes_only_what_is_new_or_changed(tmp_path):
    for number in range(3):
        write_tar(tmp_path / f"{number}.tar", range(number * 10, number * 10 + 5))
    out = tmp_path / "out"
    units = find_units([tmp_path / f"{number}.tar" for number in range(2)])
    assert embed(units, out, ThumbnailEncoder()).images_now == 10
    before = digests(out)
    assert embed(units, out, ThumbnailEncoder()).images_now == 0
    assert digests(out) == before
    write_tar(tmp_path / "1.tar", range(40, 47))
    report = embed(find_units(tmp_path.glob("*.tar")), out, ThumbnailEncoder())
    assert (report.images_now, report.images, report.parts) == (12, 17, 3)


def test_lost_manifest_loses_no_work(tmp_path):
    write_tar(tmp_path / "a.tar", range(5))
    units = find_units([tmp_path / "a.tar"])
    embed(units, tmp_path / "out", ThumbnailEncoder())
    (tmp_path / "out" / "embeddings.json").unlink()
    assert embed(units, tmp_path / "out", ThumbnailEncoder()).images_now == 0


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def test_of_a_damaged_unit_what_comes_before_is_embedded_and_the_rest_is_missed(tmp_path):
    tar, out = tmp_path / "a.tar", tmp_path / "out"
    write_tar(tar, range(150))
    write_tar(tmp_path / "b.tar", range(150, 155))
    with tarfile.open(tar) as whole:
        cut(tar, whole.getmember("000100.jpg").offset_data + 50)
    report = embed(find_units([tmp_path]), out, ThumbnailEncoder())
    assert (report.images, report.vectors, report.parts) == (105, 105, 2)
    ((unit, reason),) = report.failures
    assert unit == str(tar)
    assert reason.startswith("cannot be read to its end"), "the unit is named once"
    assert "run the same command" in report.hints[0]
    opened = EmbeddingFolder.open(out)
    assert (len(opened), opened.unread) == (105, report.failures)

    again = embed(find_units([tmp_path]), out, ThumbnailEncoder())
    assert (again.images_now, again.failures) == (0, report.failures)
    write_tar(tar, range(150))
    mended = embed(find_units([tmp_path]), out, ThumbnailEncoder())
    assert (mended.images, mended.images_now, mended.failures) == (155, 150, [])
    assert EmbeddingFolder.open(out).unread == []


def test_unit_of_which_nothing_can_be_read_has_no_part_and_is_forgotten_when_it_is_gone(tmp_path):
    write_tar(tmp_path / "a.tar", range(5))
    write_tar(tmp_path / "b.tar", range(5, 10))
    cut(tmp_path / "a.tar", 300)
    out = tmp_path / "out"
    report = embed(find_units([tmp_path]), out, ThumbnailEncoder())
    assert (report.images, report.parts) == (5, 1)
    assert [unit for unit, _ in report.failures] == [str(tmp_path / "a.tar")]
    assert "a.tar" in EmbeddingFolder.open(out).unread[0][0]
    (tmp_path / "a.tar").unlink()
    without = embed(find_units([tmp_path]), out, ThumbnailEncoder())
    assert (without.images, without.failures) == (5, [])
    assert EmbeddingFolder.open(out).unread == []


def test_images_that_cannot_be_used_are_named_with_the_reason(tmp_path):
    write_tar(tmp_path / "a.tar", [1], **{"2.jpg": b"<html>"})
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(7):
        (pictures / f"{number}.png").write_bytes(b"")
    report = embed(find_units([tmp_path]), tmp_path / "out", ThumbnailEncoder())
    first, *others = report.problems
    assert first.describe().startswith(f"{tmp_path / 'a.tar'}: 2: not an image (")
    assert [problem.path for problem in others] == [str(pictures / f"{n}.png") for n in range(4)]
    assert report.problems_in_all == 8
    files = list(report.problem_files.parent.glob(report.problem_files.name))
    assert sum(pq.read_metadata(file).num_rows for file in files) == 9


@pytest.mark.parametrize("change", [{"id": "other"}, {"revision": "2"}, {"preprocessing": "x"}])
def test_embeddings_of_another_encoder_are_not_added(tmp_path, change):
    write_tar(tmp_path / "a.tar", range(2))
    units = find_units([tmp_path / "a.tar"])
    embed(units, tmp_path / "out", ThumbnailEncoder())
    other = ThumbnailEncoder()
    other.info = replace(other.info, **change)
    with pytest.raises(EncoderMismatchError, match="holds embeddings of"):
        embed(units, tmp_path / "out", other)


SLOW_RUN = """
import sys, time
from pathlib import Path
from audit.embeddings.embed import embed
from audit.encoders.thumbnail import ThumbnailEncoder
from audit.images.collections import find_units

class Slow(ThumbnailEncoder):
    def encode(self, prepared):
        time.sleep(0.15)
        print("batch", flush=True)
        return super().encode(prepared)

embed(find_units(sys.argv[1:-1]), Path(sys.argv[-1]), Slow())
"""


def test_killed_run_goes_on_where_it_was_and_gives_the_same_bytes(tmp_path):
    tars = [tmp_path / f"{number}.tar" for number in range(3)]
    for number, tar in enumerate(tars):
        write_tar(tar, range(number * 1000, number * 1000 + 2 * BATCH_IMAGES + 5))
    embed(find_units(tars), tmp_path / "whole", ThumbnailEncoder())
    killed = tmp_path / "killed"
    run = subprocess.Popen(
        [sys.executable, "-c", SLOW_RUN, *map(str, tars), str(killed)],
        stdout=subprocess.PIPE,
        text=True,
    )
    for _ in range(5):  # in the middle of the second part
        run.stdout.readline()
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    assert (killed / "images" / "images_00000.parquet").exists()
    assert not (killed / "images" / "images_00002.parquet").exists()
    report = embed(find_units(tars), killed, ThumbnailEncoder())
    assert 0 < report.images_now < report.images
    assert digests(killed) == digests(tmp_path / "whole")


def test_foreign_folder_is_read_as_its_user_says(tmp_path):
    (tmp_path / "img_emb").mkdir()
    (tmp_path / "laion2B-en-metadata").mkdir()
    for number in range(12):
        np.save(tmp_path / "img_emb" / f"img_emb_{number:04d}.npy", np.ones((4, 8), np.float16))
        pq.write_table(
            pa.table({"url": [f"http://{number}/{i}" for i in range(4)]}),
            tmp_path / "laion2B-en-metadata" / f"metadata_{number:04d}.parquet",
        )
    with pytest.raises(UsageError, match="does not say which encoder"):
        EmbeddingFolder.open(tmp_path)
    folder = EmbeddingFolder.open(tmp_path, "open_clip:ViT-H-14/laion2b")
    assert (len(folder), folder.info.dimension) == (48, 8)
    assert folder.parts[10].metadata(["url"])["url"][1].as_py() == "http://10/1"


def test_damaged_folders_say_what_is_wrong(tmp_path):
    write_tar(tmp_path / "a.tar", range(4))
    out = tmp_path / "out"
    embed(find_units([tmp_path / "a.tar"]), out, ThumbnailEncoder())
    with pytest.raises(EncoderMismatchError, match="of thumbnail, not of clip"):
        EmbeddingFolder.open(out, "clip")
    vectors = out / "img_emb" / "img_emb_00000.npy"
    whole = vectors.read_bytes()
    np.save(vectors, np.ones((3, 192), np.float16))
    with pytest.raises(SourceError, match="4 rows for 3 vectors"):
        EmbeddingFolder.open(out)
    np.save(vectors, np.ones((4, 100), np.float16))
    with pytest.raises(EncoderMismatchError, match="vectors of 100 numbers among vectors of 192"):
        EmbeddingFolder.open(out)
    vectors.write_bytes(whole[:500])
    with pytest.raises(SourceError, match="cannot be read as vectors"):
        EmbeddingFolder.open(out)
    (out / "embeddings.json").write_text('{"schema": "audit.embeddings/9"}')
    with pytest.raises(SourceError, match=r"audit\.embeddings/9"):
        EmbeddingFolder.open(out)
    (out / "embeddings.json").write_text("{")
    with pytest.raises(SourceError, match="is damaged"):
        EmbeddingFolder.open(out)
    with pytest.raises(UsageError, match="no embeddings there"):
        EmbeddingFolder.open(tmp_path / "nowhere")
