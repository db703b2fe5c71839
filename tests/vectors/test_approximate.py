"""Approximate matching: exact scores, few matches missing, and how many is measured."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import api
from audit.errors import SourceError, UsageError
from audit.vectors import inverted_lists, runs, training
from audit.vectors.approximate import search_approximate
from audit.vectors.build import index_dataset
from audit.vectors.exact import search
from audit.vectors.index import VectorIndex
from audit.vectors.inverted_lists import approximate_record
from audit.vectors.places import index_folder
from audit.vectors.training import Training

faiss = pytest.importorskip("faiss", reason="needs FAISS: pip install 'concept-audit[visual]'")

DIMENSION = 64


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def clustered(rows, seed=0, clusters=40):
    rng = np.random.default_rng(seed)
    centres = unit(np.random.default_rng(99).standard_normal((clusters, DIMENSION)))
    spread = unit(rng.standard_normal((rows, DIMENSION)))
    which = rng.integers(clusters, size=rows)
    return unit(centres[which] + rng.uniform(0.2, 0.9, (rows, 1)) * spread).astype(np.float16)


@pytest.fixture
def dataset(home, write_shard):
    api.ingest(str(write_shard("a.parquet", ["a", "b"])), name="d")
    return home.open("d")


@pytest.fixture
def embeddings(tmp_path):
    """Writes a part of a folder of clip-retrieval's layout; returns the folder."""
    folder = tmp_path / "foreign"

    def write(number, vectors):
        for place in ("img_emb", "metadata"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        np.save(folder / "img_emb" / f"img_emb_{number}.npy", vectors)
        urls = ["https://a.example.org/0.jpg"] * len(vectors)
        pq.write_table(pa.table({"url": urls}), folder / "metadata" / f"metadata_{number}.parquet")
        return folder

    return write


@pytest.fixture
def build(dataset, home, tmp_path):
    def run(**options):
        index_dataset(dataset, home, tmp_path / "foreign", encoder="e", approximate=True, **options)
        return VectorIndex(index_folder(dataset, "e"))

    return run


def pairs(matches):
    return set(zip(matches.query.tolist(), matches.part.tolist(), matches.row.tolist(),
                   matches.score.tolist(), strict=True))  # fmt: skip


def contents(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def test_nearly_all_matches_are_found_with_exact_scores(embeddings, build):
    embeddings(0, clustered(7000, 1))
    embeddings(1, clustered(5000, 2))
    index = build()
    queries = clustered(60, 3)
    exact = search(index.parts, queries, 0.75)
    found, _ = search_approximate(index, queries, 0.75, workers=2)
    assert len(exact) > 5000
    assert pairs(found) <= pairs(exact)
    assert len(found) >= 0.99 * len(exact)
    keys = list(zip(found.part, found.row, found.query, strict=True))
    assert keys == sorted(keys)


def test_looking_everywhere_with_a_wide_margin_finds_everything(embeddings, build):
    embeddings(0, clustered(3000))
    index = build()
    queries = clustered(20, 3)
    cutoffs = np.linspace(0.5, 0.9, 20)
    everywhere = approximate_record(index.folder).lists
    found, sampled = search_approximate(
        index, queries, cutoffs, nprobe=everywhere, margin=0.5, sample=3000
    )
    exact = search(index.parts, queries, cutoffs)
    assert pairs(found) == pairs(exact)
    assert pairs(sampled.matches) == pairs(exact)
    assert sampled.found.all()


def test_where_all_is_sampled_what_is_missing_is_known(embeddings, build):
    embeddings(0, clustered(6000))
    index = build()
    queries = clustered(30, 3)
    found, sampled = search_approximate(index, queries, 0.6, nprobe=1, margin=-0.05, sample=6000)
    exact = search(index.parts, queries, 0.6)
    assert pairs(sampled.matches) == pairs(exact)
    told = zip(
        sampled.matches.query, sampled.matches.part, sampled.matches.row, sampled.matches.score,
        strict=True,
    )  # fmt: skip
    assert {pair for pair, hit in zip(told, sampled.found, strict=True) if hit} == pairs(found)
    assert len(found) < 0.9 * len(exact)


def test_recall_of_a_sample_holds_the_truth_as_often_as_it_says(embeddings, build):
    embeddings(0, clustered(6000))
    index = build()
    queries = clustered(30, 3)
    exact = search(index.parts, queries, 0.6)

    def images(matches, first, last):
        mine = (matches.query >= first) & (matches.query < last)
        return len(np.unique(matches.row[mine]))

    concepts = [(first, first + 3) for first in range(0, 30, 3)]  # of three references each
    inside = 0
    for seed in range(30):
        found, sampled = search_approximate(
            index, queries, 0.6, nprobe=2, margin=0.0, sample=1500, seed=seed
        )
        for first, last in concepts:
            low, high = sampled.recall(first, last, 0.6).interval()
            truth = images(found, first, last) / images(exact, first, last)
            inside += low <= truth <= high
    assert inside >= 0.93 * 300


def test_same_seed_draws_the_same_sample(embeddings, build):
    embeddings(0, clustered(2000))
    index = build()
    first, again, other = (
        search_approximate(index, clustered(5, 3), 0.6, sample=500, seed=seed)[1]
        for seed in (1, 1, 2)
    )
    assert pairs(first.matches) == pairs(again.matches) != pairs(other.matches)
    assert first.found.tolist() == again.found.tolist()


def test_nothing_need_be_sampled(embeddings, build):
    embeddings(0, clustered(1000))
    _, sampled = search_approximate(build(), clustered(5, 3), 0.6, sample=0)
    assert sampled.recall(0, 5, 0.6).interval() == (0, 1)


def test_calibrated_lists_hold_the_target_share_of_matches_of_new_queries(embeddings, build):
    embeddings(0, clustered(12_000))
    index = build()
    record = approximate_record(index.folder)
    assert 0 < record.left_out < 0.5
    queries = clustered(100, 5)
    for cutoff in (0.7, 0.8, 0.9):
        exact = len(search(index.parts, queries, cutoff))
        found, _ = search_approximate(index, queries, cutoff, margin=0.3)
        assert len(found) >= 0.99 * exact


def test_faiss_reads_the_file_and_holds_every_vector_once(embeddings, build):
    embeddings(0, clustered(3000, 1))
    embeddings(2, clustered(2000, 2))
    index = build()
    lists = faiss.read_index(str(index.folder / "image.index"))
    assert lists.ntotal == 5000
    sizes = [lists.invlists.list_size(number) for number in range(lists.nlist)]
    ids = np.concatenate(
        [
            faiss.rev_swig_ptr(lists.invlists.get_ids(number), size).copy()
            for number, size in enumerate(sizes)
            if size
        ]
    )
    expected = [*range(3000), *((2 << 40) + row for row in range(2000))]
    assert sorted(ids.tolist()) == expected
    # Each vector is in the list whose centroid it is nearest to, as FAISS itself would add it.
    own = faiss.read_index(str(index.folder / "trained.index"))
    own.add(np.concatenate([part.vectors for part in index.parts]).astype(np.float32))
    assert sizes == [own.invlists.list_size(number) for number in range(own.nlist)]


def test_new_parts_are_added_without_training_and_give_the_same_bytes(
    embeddings, build, dataset, monkeypatch
):
    embeddings(0, clustered(3000, 1))
    index = build()
    trained = (index.folder / "trained.index").read_bytes()
    embeddings(3, clustered(1000, 2))
    build()
    monkeypatch.setattr(Training, "draw", None)
    embeddings(1, clustered(500, 3))
    index = build()
    grown = (index.folder / "image.index").read_bytes()
    assert (index.folder / "trained.index").read_bytes() == trained
    assert approximate_record(index.folder).vectors == 4500
    (index.folder / "image.index").unlink()
    build()
    assert (index.folder / "image.index").read_bytes() == grown


def test_changed_parts_are_replaced_and_removed_ones_dropped(embeddings, build):
    embeddings(0, clustered(2000, 1))
    embeddings(1, clustered(1000, 2))
    folder = embeddings(2, clustered(1000, 3))
    build()
    embeddings(1, clustered(1500, 4))
    (folder / "img_emb" / "img_emb_2.npy").unlink()
    index = build()
    queries = clustered(20, 5)
    found, _ = search_approximate(index, queries, 0.7, nprobe=10**6, margin=0.5)
    assert pairs(found) == pairs(search(index.parts, queries, 0.7))


def test_parts_that_are_not_in_the_lists_yet_are_searched_exactly(
    embeddings, build, dataset, home, monkeypatch
):
    embeddings(0, clustered(2000, 1))
    embeddings(2, clustered(2000, 2))
    build()
    embeddings(1, clustered(1000, 3))
    monkeypatch.setattr("audit.vectors.build.build_lists", lambda index, *rest: None)
    index = build()
    queries = clustered(20, 5)
    found, _ = search_approximate(index, queries, 0.7, nprobe=10**6, margin=0.5)
    exact = search(index.parts, queries, 0.7)
    assert pairs(found) == pairs(exact)
    assert (found.row == exact.row).all()


SLOW_RUN = """
import sys, time
from audit.datasets.home import Home
from audit.vectors import runs
from audit.vectors.build import index_dataset

runs.RUN_ROWS = 500
def slowly(progress):
    if progress.step == "adding to the lists":
        print(progress.done, flush=True)
        time.sleep(0.3)

home = Home(sys.argv[1])
index_dataset(home.open("d"), home, sys.argv[2], encoder="e", approximate=True,
              on_progress=slowly)
"""


def test_killed_build_goes_on_and_gives_the_same_bytes(
    embeddings, build, dataset, home, monkeypatch
):
    folder = embeddings(0, clustered(1700, 1))
    embeddings(1, clustered(900, 2))
    run = subprocess.Popen(
        [sys.executable, "-c", SLOW_RUN, str(home.path), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    for _ in range(3):
        run.stdout.readline()
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    place = index_folder(dataset, "e")
    there = list(place.glob("run_*.rows"))
    assert len(there) >= 2
    assert not (place / "image.index").exists()
    monkeypatch.setattr(runs, "RUN_ROWS", 500)
    added = []
    write = inverted_lists.write_run
    monkeypatch.setattr(inverted_lists, "write_run", lambda *all_: (added.append(1), write(*all_)))
    build()
    assert len(added) == 6 - len(there)
    resumed = contents(place)
    for path in place.iterdir():
        path.unlink()
    monkeypatch.setattr(runs, "RUN_ROWS", 1 << 18)
    build()
    assert contents(place) == resumed


def test_without_an_approximate_index_it_says_how_to_get_one(embeddings, dataset, home):
    folder = embeddings(0, clustered(100))
    index_dataset(dataset, home, folder, encoder="e")
    index = VectorIndex(index_folder(dataset, "e"))
    with pytest.raises(UsageError, match="no approximate index") as none:
        search_approximate(index, clustered(1), 0.5)
    assert "audit index --approximate" in none.value.hint


def test_damaged_file_and_other_queries_are_refused(embeddings, build):
    embeddings(0, clustered(1000))
    index = build()
    with pytest.raises(UsageError, match="32 numbers, the stored vectors 64"):
        search_approximate(index, np.ones((1, 32)) / 6, 0.5)
    path = index.folder / "image.index"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SourceError, match=r"image\.index: cannot be read"):
        search_approximate(index, clustered(1), 0.5)


def test_little_memory_makes_fewer_lists_and_a_smaller_sample():
    plenty = Training.of(10_000_000)
    assert (plenty.lists, plenty.sample) == (4096, 4096 * 48)
    little = plenty.within(250 << 20, 512)
    assert little.lists < plenty.lists
    assert little.memory_bytes(512) <= 250 << 20
    assert plenty.within(1 << 20, 512) is None
    assert Training.of(10).lists == 1


def test_estimated_time_is_of_the_order_of_what_it_takes():
    rng = np.random.default_rng(0)
    planned = Training(256, 256 * 48)
    sample = unit(rng.standard_normal((planned.sample, 256))).astype(np.float32)
    lists = faiss.index_factory(256, "IVF256,RaBitQ", faiss.METRIC_INNER_PRODUCT)
    train, _ = planned.seconds(256, 0)
    started = time.perf_counter()
    lists.train(sample)
    assert train / 10 < time.perf_counter() - started < train * 10


def test_rows_are_drawn_from_all_parts_without_replacement(embeddings, build):
    embeddings(0, clustered(900))
    embeddings(1, clustered(100))
    index = build()
    rows = training.drawn_rows(index.parts, 500, seed=1)
    assert sum(map(len, rows)) == 500
    assert all((np.diff(some) > 0).all() for some in rows)
    assert 420 < len(rows[0]) < 480
    assert [len(some) for some in training.drawn_rows(index.parts, 5000, seed=1)] == [900, 100]


def test_python_makes_an_approximate_index_and_tells_each_steps_own_rate(embeddings, dataset, home):
    folder = embeddings(0, clustered(1000, 1))
    report = api.open("d", home.path).index(
        folder, encoder="e", approximate=True, max_memory=4 << 30
    )
    assert report.approximate.vectors == 1000
    embeddings(1, clustered(500, 2))
    told = []
    index_dataset(dataset, home, on_progress=told.append)
    began = {}
    for progress in told:
        began.setdefault(progress.step, progress.done)
        assert progress.rate is None or progress.rate > 0
        assert progress.done_before <= began[progress.step]
    assert began["adding to the lists"] == 1000
