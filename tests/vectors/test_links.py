"""Joining images to samples: once, early refused, in little memory, each sample counted once."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import api
from audit.embeddings.folder import EmbeddingFolder
from audit.embeddings.mapped import mapped_array
from audit.errors import UsageError
from audit.vectors import build, join, links
from audit.vectors.build import build_index, index_dataset
from audit.vectors.index import VectorIndex
from audit.vectors.places import index_folder


def url(row):
    return f"https://a.example.org/{row}.jpg"


@pytest.fixture
def dataset(home, write_shard):
    def make(captions, keep=(), **columns):
        api.ingest(str(write_shard("a.parquet", captions, **columns)), name="d", keep=keep)
        return home.open("d")

    return make


@pytest.fixture
def embeddings(tmp_path):
    def write(*parts):
        folder = tmp_path / "foreign"
        for number, columns in enumerate(parts):
            rows = len(next(iter(columns.values())))
            for place in ("img_emb", "metadata"):
                (folder / place).mkdir(parents=True, exist_ok=True)
            vectors = np.tile(np.float16([0.6, 0.8]), (rows, 1))
            np.save(folder / "img_emb" / f"img_emb_{number}.npy", vectors)
            pq.write_table(pa.table(columns), folder / "metadata" / f"metadata_{number}.parquet")
        return EmbeddingFolder.open(folder, "e")

    return write


@pytest.fixture
def joins(monkeypatch):
    """How often images were joined."""
    calls = []
    link = links.link_parts
    monkeypatch.setattr(build, "link_parts", lambda *all_: (calls.append(1), link(*all_))[1])
    return calls


def pairs(folder):
    return [
        (number, *link.values())
        for number, part in enumerate(VectorIndex(folder).parts)
        for link in part.links.to_pylist()
    ]


def test_sample_with_two_images_is_one_sample(dataset, embeddings, tmp_path):
    opened = dataset(["a", "b"])
    known = {"audit_shard": pa.array([0, 0, 0], pa.int32()), "audit_row": [1, None, 1]}
    report = build_index(opened, embeddings(known, {"url": [url(1)]}), tmp_path / "i")
    assert report.join.by == {"row": 2, "url": 1}
    assert (report.join.images, report.join.joined, report.join.samples) == (4, 3, 1)
    assert pairs(tmp_path / "i") == [(0, 0, 0, 1), (0, 2, 0, 1), (1, 0, 0, 1)]


def test_nothing_is_joined_again_where_nothing_changed(
    dataset, embeddings, tmp_path, joins, write_shard
):
    opened = dataset(["a", "b"])
    place = tmp_path / "i"
    folder = embeddings({"url": [url(0)], "caption": ["b"]}, {"url": [url(5)], "caption": ["c"]})
    first = build_index(opened, folder, place)
    manifest = (place / "image.json").read_bytes()
    assert build_index(opened, folder, place).join == first.join
    assert len(joins) == 1
    assert (place / "image.json").read_bytes() == manifest
    # Links that are gone, another way to join, metadata and samples that changed:
    (place / "links_00001.parquet").unlink()
    assert build_index(opened, folder, place).join == first.join
    assert build_index(opened, folder, place, by="caption").join.by == {"caption": 2}
    assert len(joins) == 3
    folder = embeddings({"url": [url(1)], "caption": ["a"]}, {"url": [url(5)], "caption": ["c"]})
    build_index(opened, folder, place)
    assert pairs(place) == [(0, 0, 0, 0)]
    api.ingest(str(write_shard("b.parquet", ["c"])), name="d", add=True)
    build_index(type(opened)(opened.folder), folder, place)
    assert pairs(place) == [(0, 0, 0, 0), (1, 0, 1, 0)]
    assert len(joins) == 5


def test_join_that_was_stopped_is_done_again(dataset, embeddings, tmp_path, joins, monkeypatch):
    """Else the links of two joins would be there, and taken for those of the first."""
    opened = dataset(["a", "b"])
    columns = {"url": [url(0)], "caption": ["b"]}
    place, folder = tmp_path / "i", embeddings(columns, columns)
    build_index(opened, folder, place)
    before = pairs(place)

    def stop(*arguments):
        written = iter(join_by_key(*arguments))
        yield next(written)
        raise KeyboardInterrupt

    join_by_key = links.joined
    with monkeypatch.context() as stopped, pytest.raises(KeyboardInterrupt):
        stopped.setattr(links, "joined", stop)
        build_index(opened, folder, place, by="caption")
    assert pairs(place) != before
    build_index(opened, folder, place, by="url")
    assert pairs(place) == before
    assert not (place / links.JOINING).exists()


def test_way_to_join_is_kept_until_auto_goes_back_to_the_best(dataset, embeddings, home):
    opened = dataset(["a", "b"])
    folder = embeddings({"url": [url(0)], "caption": ["b"]}).path
    place = index_folder(opened, "e")

    def joined_by(**options):
        return index_dataset(opened, home, folder, encoder="e", **options).join.by

    assert joined_by() == {"url": 1}
    assert joined_by(by="caption") == {"caption": 1}
    assert joined_by() == {"caption": 1}
    assert joined_by(by="auto") == {"url": 1}
    assert json.loads((place / "image.json").read_bytes())["by"] is None
    assert joined_by() == {"url": 1}


@pytest.mark.parametrize(
    ("by", "told"), [("capton", "has no such column"), ("row", "nothing tells which sample")]
)
def test_what_cannot_be_joined_is_refused_before_anything_is_coded(
    dataset, embeddings, home, by, told
):
    opened = dataset(["a"])
    folder = embeddings({"url": [url(0)]}, {"url": [url(1)]}).path
    with pytest.raises(UsageError, match=told):
        index_dataset(opened, home, folder, encoder="e", by=by)
    assert not index_folder(opened, "e").exists()


def test_names_of_files_join_with_a_kept_column(dataset, embeddings, tmp_path):
    opened = dataset(["a", "b", "c"], keep=("file",), file=["x1", "x2", "x3"])
    named = {"key": pa.nulls(2, pa.string()), "image_path": ["in/x3.JPG", "other/in/x1.webp"]}
    report = build_index(opened, embeddings(named, {"key": ["x2"]}), tmp_path / "i", by="file")
    assert report.join.by == {"file": 3}
    assert pairs(tmp_path / "i") == [(0, 0, 0, 2), (0, 1, 0, 0), (1, 0, 0, 1)]


def test_join_that_does_not_fit_the_memory_goes_to_the_disk(dataset, embeddings, tmp_path):
    """80,000 captions of 1 kB: in memory they would be 80 MB a side."""
    rows = 80_000
    names = np.random.default_rng(0).permutation(rows)
    captions = [f"{number:09d} " + "x" * 1000 for number in range(rows)]
    opened = dataset(captions)
    half = rows // 2
    parts = [{"caption": [captions[n] for n in some]} for some in (names[:half], names[half:])]
    folder = embeddings(*parts)
    report = build_index(opened, folder, tmp_path / "i", by="caption", engine_memory=80 << 20)
    assert (report.join.joined, report.join.samples) == (rows, rows)
    found = [part.links["row"].to_numpy() for part in VectorIndex(tmp_path / "i").parts]
    assert (np.concatenate(found) == names).all()
    with pytest.raises(UsageError, match="does not fit") as told:
        build_index(opened, folder, tmp_path / "j", by="caption", engine_memory=2 << 20)
    assert "--max-memory" in told.value.hint


def test_parts_get_their_rows_however_they_lie_in_the_joins_answer(tmp_path):
    part = np.repeat([1, 3, 4], [70_000, 1, 140_000]).astype(np.int32)
    table = pa.table({"part": part, "image": np.arange(len(part))})
    pq.write_table(table, tmp_path / "l.parquet", row_group_size=50_000)
    got = dict(join._by_part(tmp_path / "l.parquet", [0, 1, 2, 3, 4, 5]))
    assert {ordinal: len(rows) for ordinal, rows in got.items()} == {
        0: 0, 1: 70_000, 2: 0, 3: 1, 4: 140_000, 5: 0,
    }  # fmt: skip
    assert got[4]["image"].to_numpy()[[0, -1]].tolist() == [70_001, 210_000]


def test_embeddings_whose_metadata_has_no_rows_need_nothing_to_join_by(
    dataset, embeddings, tmp_path
):
    opened = dataset(["a"])
    report = build_index(opened, embeddings({"nothing": []}), tmp_path / "i")
    assert (report.vectors, report.join.joined) == (0, 0)
    assert mapped_array(tmp_path / "i" / "codes_00000.npy").shape == (0, 2)
