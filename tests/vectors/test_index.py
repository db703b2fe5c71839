"""Building an index: codes, links to samples, resumable, never of two encoders."""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import weakref

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import api
from audit.embeddings.folder import EmbeddingFolder
from audit.errors import EncoderMismatchError, SourceError, UsageError
from audit.vectors.build import build_index, index_dataset
from audit.vectors.exact import search
from audit.vectors.index import VectorIndex
from audit.vectors.places import index_folder

LINKS = "links_00000.parquet"


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.fixture
def embeddings(tmp_path):
    """Writes a clip-retrieval folder: vectors, and the metadata given."""

    def write(*parts, dimension=16, dtype=np.float16, name="foreign", scale=1.0):
        folder = tmp_path / name
        for place in ("img_emb", "metadata"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(0)
        for number, columns in enumerate(parts):
            rows = len(next(iter(columns.values())))
            vectors = unit(rng.standard_normal((rows, dimension))) * scale
            np.save(folder / "img_emb" / f"img_emb_{number}.npy", vectors.astype(dtype))
            pq.write_table(pa.table(columns), folder / "metadata" / f"metadata_{number}.parquet")
        return EmbeddingFolder.open(folder, "test-encoder")

    return write


@pytest.fixture
def dataset(home, write_shard):
    def make(*shards, **columns):
        paths = [
            str(write_shard(f"{number}.parquet", captions, **columns))
            for number, captions in enumerate(shards)
        ]
        api.ingest(*paths, name="d")
        return home.open("d")

    return make


def links_of(index):
    return [
        (number, link["image"], link["shard"], link["row"])
        for number, part in enumerate(index.parts)
        for link in part.links.to_pylist()
    ]


def url(shard, row):
    return f"https://{shard}.example.org/{row}.jpg"


def test_images_are_joined_by_url_across_parts_and_shards(dataset, embeddings, tmp_path):
    opened = dataset(["a", "b", "c"], ["d", "e"])
    folder = embeddings(
        {"url": [url(1, 0), "https://elsewhere.example.org/x.jpg", url(0, 2)]},
        {"url": [url(0, 0), None]},
    )
    report = build_index(opened, folder, tmp_path / "index")
    assert report.join.by == {"url": 5}
    assert (report.join.images, report.join.joined, report.join.samples) == (5, 3, 3)
    assert links_of(VectorIndex(tmp_path / "index")) == [(0, 0, 1, 0), (0, 2, 0, 2), (1, 0, 0, 0)]


def test_samples_that_repeat_a_url_share_its_images(dataset, embeddings, tmp_path):
    opened = dataset(["a", "b", "c", "d"], URL=["http://x", "http://x", "http://y", "http://x"])
    folder = embeddings({"url": ["http://x", "http://x", "http://y", "http://y"]})
    build_index(opened, folder, tmp_path / "index")
    assert links_of(VectorIndex(tmp_path / "index")) == [
        (0, 0, 0, 0), (0, 0, 0, 3), (0, 1, 0, 1), (0, 2, 0, 2),
    ]  # fmt: skip


def test_samples_that_repeat_a_caption_do_not_share_an_image(dataset, embeddings, tmp_path):
    opened = dataset(["A Café", "a cafe", "the sea"])
    folder = embeddings({"caption": ["a café!", "the sea", "the sea"]})
    report = build_index(opened, folder, tmp_path / "index", by="caption")
    assert links_of(VectorIndex(tmp_path / "index")) == [(0, 0, 0, 0), (0, 1, 0, 2)]
    assert report.to_dict()["images_unmatched"] == 1


def test_metadata_without_anything_to_join_by_is_refused(dataset, embeddings, tmp_path):
    opened = dataset(["a"])
    with pytest.raises(UsageError, match="nothing tells which sample"):
        build_index(opened, embeddings({"image_path": ["1.jpg"]}), tmp_path / "index")
    with pytest.raises(UsageError, match="which sample of 'd' an image is by caption"):
        build_index(opened, embeddings({"url": ["http://x"]}), tmp_path / "index", by="caption")


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1.0), (np.float16, 7.5)])
def test_vectors_that_are_not_unit_float16_are_copied_as_such(
    dataset, embeddings, tmp_path, dtype, scale
):
    opened = dataset(["a", "b", "c"])
    folder = embeddings({"url": [url(0, row) for row in range(3)]}, dtype=dtype, scale=scale)
    build_index(opened, folder, tmp_path / "index")
    index = VectorIndex(tmp_path / "index")
    assert index.parts[0].vectors.dtype == np.float16
    assert np.allclose(np.linalg.norm(index.parts[0].vectors.astype(float), axis=1), 1, atol=2e-3)
    asked = unit(folder.parts[0].vectors.astype(float))
    assert search(index.parts, asked, 0.99).query.tolist() == [0, 1, 2]


def test_unit_float16_vectors_are_not_copied(dataset, embeddings, tmp_path):
    opened = dataset(["a"])
    build_index(opened, embeddings({"url": [url(0, 0)]}), tmp_path / "index")
    assert not list((tmp_path / "index").glob("vectors_*"))


def test_only_new_parts_are_coded(dataset, embeddings, tmp_path):
    opened = dataset(["a", "b", "c"])
    first, second = {"url": [url(0, 0), url(0, 1)]}, {"url": [url(0, 2)]}
    assert build_index(opened, embeddings(first), tmp_path / "index").vectors_now == 2
    stamp = (tmp_path / "index" / "codes_00000.npy").stat().st_mtime_ns
    # Only the second part is new; the first keeps its files.
    folder = tmp_path / "foreign"
    np.save(folder / "img_emb" / "img_emb_1.npy", unit(np.ones((1, 16))).astype(np.float16))
    pq.write_table(pa.table(second), folder / "metadata" / "metadata_1.parquet")
    grown = EmbeddingFolder.open(folder, "test-encoder")
    assert VectorIndex(tmp_path / "index").not_indexed == 1
    report = build_index(opened, grown, tmp_path / "index")
    assert (report.vectors_now, report.vectors, report.join.samples) == (1, 3, 3)
    assert (tmp_path / "index" / "codes_00000.npy").stat().st_mtime_ns == stamp


def test_damage_and_change_are_noticed(dataset, embeddings, tmp_path):
    opened = dataset(["a", "b"])
    folder = embeddings({"url": [url(0, 0), url(0, 1)]})
    build_index(opened, folder, tmp_path / "index")
    other = EmbeddingFolder.open(tmp_path / "foreign", "another-encoder")
    with pytest.raises(EncoderMismatchError, match="index of test-encoder, not of another-encoder"):
        build_index(opened, other, tmp_path / "index")
    codes = tmp_path / "index" / "codes_00000.npy"
    codes.write_bytes(codes.read_bytes()[:60])
    with pytest.raises(SourceError, match="part 0 of the index cannot be read"):
        search(VectorIndex(tmp_path / "index").parts, np.ones((1, 16)) / 4, 0.5)
    np.save(tmp_path / "foreign" / "img_emb" / "img_emb_0.npy", np.ones((2, 16), np.float32) / 4)
    with pytest.raises(SourceError, match="has changed"):
        VectorIndex(tmp_path / "index")
    (tmp_path / "index" / "image.json").write_text('{"schema": "audit.vectors/7"}')
    with pytest.raises(SourceError, match=r"audit\.vectors/7"):
        VectorIndex(tmp_path / "index")
    with pytest.raises(UsageError, match="no index there"):
        VectorIndex(tmp_path / "nowhere")


def test_vectors_that_are_not_finite_are_refused(dataset, embeddings, tmp_path):
    opened = dataset(["a", "b"])
    folder = embeddings({"url": [url(0, 0), url(0, 1)]})
    path = tmp_path / "foreign" / "img_emb" / "img_emb_0.npy"
    vectors = np.load(path)
    vectors[1, 3] = np.nan
    np.save(path, vectors)
    with pytest.raises(SourceError, match="not finite"):
        build_index(opened, EmbeddingFolder.open(folder.path, "e"), tmp_path / "index")


SLOW_RUN = """
import sys, time
from pathlib import Path
from audit.datasets.home import Home
from audit.embeddings.folder import EmbeddingFolder
from audit.vectors.build import build_index

def slowly(done, total):
    print(done, flush=True)
    time.sleep(0.2)

folder = EmbeddingFolder.open(Path(sys.argv[2]), "test-encoder")
build_index(Home(sys.argv[1]).open("d"), folder, Path(sys.argv[3]), on_progress=slowly)
"""


def test_killed_build_goes_on_and_gives_the_same_bytes(dataset, embeddings, home, tmp_path):
    opened = dataset([str(row) for row in range(40)])
    parts = [{"url": [url(0, row) for row in range(at, at + 10)]} for at in range(0, 40, 10)]
    folder = embeddings(*parts)
    build_index(opened, folder, tmp_path / "whole")
    killed = tmp_path / "killed"
    run = subprocess.Popen(
        [sys.executable, "-c", SLOW_RUN, str(home.path), str(folder.path), str(killed)],
        stdout=subprocess.PIPE,
        text=True,
    )
    for _ in range(3):
        run.stdout.readline()
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    assert 0 < len(list(killed.glob("codes_*"))) < 4
    # Finished parts are not coded again.
    assert build_index(opened, folder, killed).vectors_now < 40

    def contents(place):
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(place.iterdir())
        }

    assert contents(killed) == contents(tmp_path / "whole")
    assert json.loads((killed / "image.json").read_text())["schema"] == "audit.vectors/1"


def test_small_memory_makes_small_blocks_and_the_same_index(dataset, embeddings, home, tmp_path):
    opened = dataset([str(row) for row in range(600)])
    folder = embeddings({"url": [url(0, row) for row in range(600)]}, dtype=np.float32)
    plans = []
    index_dataset(opened, home, folder.path, encoder="test-encoder", on_plan=plans.append)
    place = index_folder(opened, "test-encoder")
    codes, links = ((place / name).read_bytes() for name in ("codes_00000.npy", LINKS))
    assert plans[0].new_vectors == 600
    written = sum(file.stat().st_size for file in place.glob("*_00000.npy"))
    assert plans[0].disk_bytes == pytest.approx(written, rel=0.3)
    shutil.rmtree(place)
    with pytest.raises(UsageError, match="does not fit") as refused:
        index_dataset(opened, home, folder.path, encoder="test-encoder", max_memory=10**6)
    fits = round(float(refused.value.hint.split("--max-memory ")[1].split("GB")[0]) * 1e9) + 10**7
    index_dataset(opened, home, folder.path, encoder="test-encoder", max_memory=fits,
                  on_plan=plans.append)  # fmt: skip
    assert plans[1].memory_bytes <= fits
    assert (place / "codes_00000.npy").read_bytes() == codes
    assert (place / LINKS).read_bytes() == links


def test_index_of_embeddings_elsewhere_is_brought_up_to_date_without_naming_them(
    dataset, embeddings, home
):
    opened = dataset(["a", "b"])
    folder = embeddings({"url": [url(0, 0), url(0, 1)]})
    index_dataset(opened, home, folder.path, encoder="test-encoder")
    seen = []
    report = index_dataset(opened, home, on_progress=seen.append)
    assert (report.vectors, report.vectors_now) == (2, 0)
    assert seen[-1].share == 1.0


def test_what_is_damaged_is_made_anew(dataset, embeddings, tmp_path):
    opened = dataset(["a", "b"])
    folder = embeddings({"url": [url(0, 0)]}, {"url": [url(0, 1)]})
    place = tmp_path / "index"
    build_index(opened, folder, place)
    for kind in ("codes", "bounds"):
        path = place / f"{kind}_00001.npy"
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        assert build_index(opened, folder, place).vectors_now == 1
        assert path.read_bytes() == whole


def test_reader_of_a_part_that_is_made_anew_is_told_so(dataset, embeddings, tmp_path):
    opened = dataset(["a"])
    build_index(opened, embeddings({"url": [url(0, 0)]}), tmp_path / "index")
    (part,) = VectorIndex(tmp_path / "index").parts
    for name, read in ((LINKS, lambda: part.links), ("codes_00000.npy", lambda: part.coded)):
        read()
        (tmp_path / "index" / name).unlink()
        with pytest.raises(SourceError, match="being made anew") as told:
            read()
        assert "wait until it is done" in told.value.hint


def test_links_are_not_kept_in_memory(dataset, embeddings, tmp_path):
    opened = dataset(["a"] * 1000)
    build_index(opened, embeddings({"url": [url(0, row) for row in range(1000)]}), tmp_path / "i")
    (part,) = VectorIndex(tmp_path / "i").parts
    table = part.links
    assert table.num_rows == 1000
    read = weakref.ref(table)
    del table
    gc.collect()
    assert read() is None


def test_files_of_parts_that_are_gone_are_removed(dataset, embeddings, tmp_path):
    opened = dataset(["a", "b", "c"])
    parts = [{"url": [url(0, row)]} for row in range(3)]
    place = tmp_path / "index"
    build_index(opened, embeddings(*parts, dtype=np.float32), place)
    assert {path.name for path in place.glob("*_00002.*")} == {
        "codes_00002.npy", "bounds_00002.npy", "vectors_00002.npy", "links_00002.parquet",
    }  # fmt: skip
    (tmp_path / "foreign" / "img_emb" / "img_emb_2.npy").unlink()
    build_index(opened, EmbeddingFolder.open(tmp_path / "foreign", "test-encoder"), place)
    assert not list(place.glob("*_00002.*"))
    assert len(VectorIndex(place)) == 2
