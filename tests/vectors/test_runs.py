"""Runs of coded vectors: as FAISS itself would code them, no larger than the lists, merged right."""

from __future__ import annotations

import numpy as np
import pytest

from audit.errors import SourceError
from audit.vectors import runs
from audit.vectors.runs import OlderLists, WrittenRun, merged, runs_of, write_run
from audit.vectors.training import ADDED_ROWS

faiss = pytest.importorskip("faiss", reason="needs FAISS: pip install 'concept-audit[visual]'")

DIMENSION, LISTS = 32, 16


class Part:
    """What a run asks of an indexed part."""

    def __init__(self, ordinal, vectors):
        self.embeddings, self.vectors = type("Embeddings", (), {"ordinal": ordinal}), vectors

    def __len__(self):
        return len(self.vectors)


def vectors(rows, seed):
    made = np.random.default_rng(seed).standard_normal((rows, DIMENSION))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture
def parts():
    return [Part(0, vectors(900, 0)), Part(3, vectors(1, 1)), Part(4, vectors(1500, 2))]


@pytest.fixture
def trained(parts):
    lists = faiss.index_factory(DIMENSION, f"IVF{LISTS},RaBitQ", faiss.METRIC_INNER_PRODUCT)
    lists.train(parts[0].vectors.astype(np.float32))
    return lists


@pytest.fixture
def written(parts, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "RUN_ROWS", 700)
    paths = []
    for run in runs_of(parts, {0: "a", 3: "b", 4: "c"}):
        paths.append(run.path(tmp_path))
        write_run(faiss, trained, run, paths[-1])
    return paths


def by_faiss(trained, parts):
    """(ids, codes) of each list, as FAISS adds them."""
    for part in parts:
        ids = np.arange(len(part)) + (part.embeddings.ordinal << runs.ROW_BITS)
        trained.add_with_ids(part.vectors.astype(np.float32), ids)
    lists = []
    for number in range(LISTS):
        size = trained.invlists.list_size(number)
        ids = np.array(faiss.rev_swig_ptr(trained.invlists.get_ids(number), size))
        codes = faiss.rev_swig_ptr(trained.invlists.get_codes(number), size * trained.code_size)
        lists.append((ids, np.array(codes).reshape(size, -1)))
    return lists


@pytest.mark.parametrize("rows_at_once", [1, 700, 10**6])
def test_merged_runs_are_the_lists_that_faiss_makes(
    parts, trained, written, monkeypatch, rows_at_once
):
    sources = [WrittenRun(path) for path in written]
    assert len(sources) == 4
    sizes = np.sum([source.sizes for source in sources], axis=0)
    monkeypatch.setattr(runs, "RUN_ROWS", rows_at_once)
    lists = list(merged(sources, sizes))
    for rows, (ids, codes) in zip(lists, by_faiss(trained, parts), strict=True):
        assert rows["id"].tolist() == ids.tolist()
        assert (rows["code"] == codes).all()


def test_kept_parts_of_an_older_file_are_merged_with_runs(parts, trained, written, tmp_path):
    first = WrittenRun(written[0])
    expected = by_faiss(trained, parts)
    faiss.write_index(trained, str(tmp_path / "older.index"))
    older = OlderLists(faiss, tmp_path / "older.index", {3, 4})
    assert older.sizes.sum() == 1501
    # Rows of part 0 come from its first run, the others from the file.
    sizes = older.sizes + first.sizes
    for rows, (ids, codes) in zip(merged([first, older], sizes), expected, strict=True):
        wanted = (ids < 700) | (ids >> runs.ROW_BITS > 0)
        assert rows["id"].tolist() == ids[wanted].tolist()
        assert (rows["code"] == codes[wanted]).all()


def test_runs_hold_their_vectors_and_nothing_of_the_index(written, trained):
    stored = sum(path.stat().st_size for path in written)
    assert stored < 2401 * (trained.code_size + 8) + len(written) * 500
    ends = [path.with_suffix(".ends").stat().st_size for path in written]
    assert max(ends) <= 128 + (LISTS + 1) * 4


def test_damaged_run_is_refused(written):
    written[0].write_bytes(written[0].read_bytes()[:-1])
    with pytest.raises(SourceError, match="cannot be read"):
        WrittenRun(written[0])


def test_part_that_is_coded_in_several_blocks_is_whole(trained, tmp_path):
    part = Part(1, vectors(ADDED_ROWS + 5, 7))
    (run,) = runs_of([part], {1: "a"})
    write_run(faiss, trained, run, run.path(tmp_path))
    source = WrittenRun(run.path(tmp_path))
    ids = np.concatenate([rows["id"] for rows in merged([source], source.sizes)])
    assert sorted(ids - (1 << runs.ROW_BITS)) == list(range(ADDED_ROWS + 5))
