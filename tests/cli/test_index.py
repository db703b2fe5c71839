"""`audit index` at the command line."""

from __future__ import annotations

import io
import json

import click
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import api
from audit.cli.index import _line, memory_size
from audit.vectors.build import IndexProgress


@pytest.fixture
def foreign(tmp_path):
    """Writes a part of a folder as clip-retrieval writes it; returns the folder."""
    folder = tmp_path / "foreign"

    def write(number, urls, dimension=16):
        for place in ("img_emb", "metadata"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        vectors = np.random.default_rng(number).standard_normal((len(urls), dimension))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        np.save(folder / "img_emb" / f"img_emb_{number}.npy", vectors.astype(np.float16))
        pq.write_table(pa.table({"url": urls}), folder / "metadata" / f"metadata_{number}.parquet")
        return folder

    return write


@pytest.fixture
def dataset(write_shard, home):
    api.ingest(write_shard("a.parquet", ["a cat", "a dog", "a bird"]), name="d")
    return home.path / "d"


def url(row):
    return f"https://a.example.org/{row}.jpg"


def test_unmatched_images_are_told_and_the_plan_comes_first(audit, dataset, foreign):
    folder = foreign(0, [url(0), url(2), "https://elsewhere.example.org/x.jpg"])
    answer = audit("index", folder, "--encoder", "e", "--output", "json")
    report = json.loads(answer.out)
    assert answer.code == 0
    assert report["images_joined"] == 2
    assert report["images_unmatched"] == 1
    assert "3 of 3 vectors to code" in answer.err
    assert (dataset / "vectors" / "e" / "image.json").exists()
    table = audit("index", folder, "--encoder", "e", "-q")
    assert "belong to none" in table.out
    assert table.err == ""


def test_new_parts_are_added_and_the_folder_need_not_be_named_again(audit, dataset, foreign):
    assert audit("index", foreign(0, [url(0)]), "--encoder", "e").code == 0
    foreign(1, [url(1), url(2)])
    again = audit("index", "--output", "csv")
    assert again.code == 0
    row = pl.read_csv(io.StringIO(again.out)).row(0, named=True)
    assert (row["encoder"], row["vectors"], row["vectors_now"]) == ("e", 3, 2)
    assert "nothing to code" in audit("index").out


def test_parquet_is_one_row(audit, dataset, foreign):
    audit("index", foreign(0, [url(0)]), "--encoder", "e")
    from audit.datasets.home import Home
    from audit.reports.formats import write_answer
    from audit.vectors.build import index_dataset

    stream = io.BytesIO()
    write_answer(index_dataset(Home().open("d"), Home()), "parquet", stream)
    assert pl.read_parquet(io.BytesIO(stream.getvalue()))["samples_with_image"].to_list() == [1]


def test_memory_that_does_not_suffice_is_refused_with_what_would(audit, dataset, foreign):
    folder = foreign(0, [url(0)])
    refused = audit("index", folder, "--encoder", "e", "--max-memory", "1MB")
    assert refused.code == 2
    assert not (dataset / "vectors").exists()
    fits = refused.err.split("--max-memory ")[1].split(".\n")[0]
    assert audit("index", folder, "--encoder", "e", "--max-memory", fits).code == 0


def test_images_of_another_dataset_are_a_failure(audit, dataset, foreign):
    answer = audit("index", foreign(0, ["http://x"]), "--encoder", "e")
    assert answer.code == 1
    assert "Not one image belongs to a sample" in answer.err


def test_folder_without_an_encoder_or_without_vectors_says_what_to_do(
    audit, dataset, foreign, tmp_path
):
    nameless = audit("index", foreign(0, [url(0)]))
    assert (nameless.code, "--encoder" in nameless.err) == (2, True)
    empty = audit("index", tmp_path)
    assert (empty.code, "audit embed" in empty.err) == (2, True)
    nothing = audit("index")
    assert (nothing.code, "has no embeddings" in nothing.err) == (2, True)


def test_dataset_that_another_process_changes_is_left_alone(audit, dataset, foreign, home):
    with home.locked("d"):
        answer = audit("index", foreign(0, [url(0)]), "--encoder", "e")
    assert answer.code == 1
    assert "another process is changing this dataset" in answer.err


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("512", 512), ("4GB", 4 * 10**9), ("4GiB", 4 << 30), ("1.5g", 3 << 29), ("200 MB", 2 * 10**8)],
)
def test_sizes_of_memory(text, bytes_):
    assert memory_size(None, None, text) == bytes_


def test_what_is_no_size_is_refused():
    with pytest.raises(click.BadParameter, match="write 4GB"):
        memory_size(None, None, "lots")


def test_approximate_index_is_planned_made_and_kept_up_to_date(audit, dataset, foreign):
    pytest.importorskip("faiss", reason="needs FAISS: pip install 'concept-audit[visual]'")
    folder = foreign(0, [url(row % 3) for row in range(300)])
    first = audit("index", folder, "--encoder", "e", "--approximate", "--output", "json")
    assert first.code == 0
    assert "4 lists, trained on 192 vectors" in first.err
    assert json.loads(first.out)["lists"] == 4
    assert (dataset / "vectors" / "e" / "image.index").exists()
    foreign(1, [url(1)])
    assert "301 vectors in 4 lists" in audit("index").out


def test_progress_tells_the_rate_of_its_own_step():
    assert _line(IndexProgress("training", 0, 100_000, 1.0)) == "training"
    begun = IndexProgress("adding to the lists", 50_000, 100_000, 0.0, done_before=50_000)
    assert _line(begun) == "adding to the lists: 50,000 vectors"
    later = IndexProgress("adding to the lists", 60_000, 100_000, 2.0, done_before=50_000)
    assert "60,000 vectors  5,000 a second  8" in _line(later)
