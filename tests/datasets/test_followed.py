"""Removed samples in shards that were moved, dealt out anew, or are copies: found, and known."""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow as pa
import pytest

from audit.captions.folding import FOLDING_VERSION, fold
from audit.datasets import followed
from audit.datasets.ingest import ingest
from audit.datasets.tombstones import (
    COLUMNS,
    Removal,
    SeenShards,
    ShardState,
    Withdrawal,
    write_removal,
    write_withdrawal,
)
from audit.errors import SourceError, StorageError
from tests.datasets.removals import first_bits, removal_of


@pytest.fixture
def dataset(home, write_shard):
    shard = write_shard("a.parquet", [f"Monet {n}" for n in range(6)])
    ingest([str(shard)], "d", home=home)
    return home.open("d")


def again(home, write_shard, captions, urls):
    """The dataset after its one shard was replaced."""
    shard = write_shard("a.parquet", captions, URL=urls)
    ingest([str(shard)], "d", home=home)
    return home.open("d")


def urls(*numbers):
    return [f"https://a.example.org/{n}.jpg" for n in numbers]


def move(home, write_shard, tmp_path, before, after="moved/b.parquet"):
    """Ingest the one shard of the dataset again from another place, with --add."""
    (tmp_path / "moved").mkdir(exist_ok=True)
    shutil.move(before, tmp_path / after)
    ingest([str(tmp_path / after)], "d", home=home, add=True)
    return home.open("d")


def test_a_moved_shard_does_not_bring_removed_samples_back(dataset, home, write_shard, tmp_path):
    write_removal(dataset.folder, removal_of(dataset, [1, 4]))
    now = move(home, write_shard, tmp_path, tmp_path / "shards" / "a.parquet")
    assert now.removed.rows(1).tolist() == [1, 4]
    assert now.coverage.samples == 8
    remarks = now.coverage.removal_remarks
    assert remarks[0] == (
        "2 samples of new or changed shards are what removal 0001 took: left out too"
    )
    assert "what is new there was not looked at" in remarks[1]
    assert now.removed.first_removals(1, np.array([0, 1, 4])) == [None, "0001", "0001"]


def test_a_removal_that_was_taken_back_takes_nothing_from_new_shards(
    dataset, home, write_shard, tmp_path
):
    removal = write_removal(dataset.folder, removal_of(dataset, [1]))
    write_withdrawal(dataset.folder, removal, Withdrawal("me", "2026", "mistake", "0"))
    now = move(home, write_shard, tmp_path, tmp_path / "shards" / "a.parquet")
    assert now.coverage.removed == 0


def test_copies_in_new_shards_are_taken_by_url_and_caption(dataset, home, write_shard):
    write_removal(dataset.folder, removal_of(dataset, [1]))
    shard = write_shard(
        "b.parquet",
        ["Monet 2", "MONET 1", "Monet 1", "another caption", "monet 1"],
        URL=[*urls(2, 1), None, *urls(1, 1)],
    )
    ingest([str(shard)], "d", home=home, add=True)
    now = home.open("d")
    assert now.removed.rows(1).tolist() == [1, 4]


def test_a_shard_that_another_one_takes_the_rows_of(home, write_shard):
    """Shards made anew, with the rows dealt out otherwise."""
    both = [write_shard(f"{n}.parquet", [f"{n}{m}" for m in "ab"]) for n in "xy"]
    ingest([str(path) for path in both], "d", home=home)
    write_removal(home.folder("d"), removal_of(home.open("d"), [0], ordinal=0))
    first, second = ("https://x.example.org/0.jpg", "https://y.example.org/0.jpg")
    write_shard("x.parquet", ["ya", "new"], URL=[second, None])
    write_shard("y.parquet", ["yb", "xa"], URL=[None, first])
    ingest([str(path) for path in both], "d", home=home)
    now = home.open("d")
    assert [now.removed.rows(n).tolist() for n in (0, 1)] == [[], [1]]


def test_without_urls_a_moved_shard_is_known_by_rows_and_captions(home, write_shard, tmp_path):
    shard = write_shard("a.parquet", ["one", "untitled", "two", None], URL=None)
    ingest([str(shard)], "d", home=home)
    dataset = home.open("d")
    table = pa.table(
        {
            "shard": [0, 0],
            "row": [1, 3],
            "url_hash": [None] * 2,
            "caption_hash": [first_bits(fold("untitled")), None],
        },
        schema=COLUMNS,
    )
    shards = (ShardState.of(dataset.parts[0].shard),)
    seen = SeenShards.of(part.shard for part in dataset.parts)
    removal = Removal("", "r", "w", "t", {}, shards, seen, FOLDING_VERSION, "0", table)
    write_removal(dataset.folder, removal)
    # Another shard has such a caption too, in another row: it may well be another work.
    other = write_shard("other.parquet", ["untitled", "x"], URL=None)
    ingest([str(other)], "d", home=home, add=True)
    now = move(home, write_shard, tmp_path, shard)
    assert [now.removed.rows(n).tolist() for n in range(3)] == [[1, 3], [], [1]]


def test_captions_folded_by_other_rules_are_not_compared_in_new_shards(dataset, home, write_shard):
    write_removal(dataset.folder, removal_of(dataset, [1], folding_version=FOLDING_VERSION + 1))
    shard = write_shard("b.parquet", ["x", "y"], URL=urls(1, 2))
    ingest([str(shard)], "d", home=home, add=True)
    assert home.open("d").removed.rows(1).tolist() == [0]


def test_a_new_part_that_is_damaged_is_an_error(dataset, home, write_shard):
    write_removal(dataset.folder, removal_of(dataset, [1]))
    ingest([str(write_shard("b.parquet", ["x"]))], "d", home=home, add=True)
    now = home.open("d")
    (now.folder / "followed.parquet").unlink()
    now.parts[1].path.write_bytes(b"no parquet")
    with pytest.raises(SourceError, match="nobody knows where its removed samples are"):
        home.open("d")


def told(dataset):
    removed = dataset.removed
    rows = {part.shard.ordinal: part.removed.tolist() for part in dataset.parts}
    return rows, removed.lost, removed.elsewhere, removed.first_removals(0, np.arange(6))


def test_what_was_found_again_is_not_searched_at_every_opening(
    dataset, home, write_shard, monkeypatch
):
    write_removal(dataset.folder, removal_of(dataset, [1, 2, 4]))
    write_removal(dataset.folder, removal_of(dataset, [4, 5]))
    write_shard("b.parquet", ["Monet 4", "x", "Monet 2"], URL=urls(4, 9, 2))
    again(home, write_shard, ["x", "Monet 1", "Monet 5", "y"], urls(7, 1, 5, 8))
    ingest([str(write_shard("b.parquet", ["Monet 4", "x"], URL=urls(4, 9)))], "d", home=home,
           add=True)  # fmt: skip
    now = home.open("d")
    before = told(now)
    assert before[0] == {0: [1, 2], 1: [0]}
    assert [(track.removal, track.samples) for track in before[1]] == [("0001", 2), ("0002", 1)]
    assert before[2] == {"0001": 1, "0002": 1}
    kept = now.folder / "followed.parquet"
    whole = kept.read_bytes()
    # Not known, or not to be trusted: it is searched again, and the same is found.
    for damaged in (None, b"", whole[:-9], b"x" * 900, whole[:40] + b"~~" + whole[42:]):
        kept.unlink() if damaged is None else kept.write_bytes(damaged)
        assert told(home.open("d")) == before
    monkeypatch.setattr(followed, "_find", None)
    assert told(home.open("d")) == before
    # Any other state is another question.
    for change in (
        lambda: write_removal(now.folder, removal_of(dataset, [0])),
        lambda: write_withdrawal(
            now.folder, now.removed.removals[0], Withdrawal("me", "2026", "mistake", "0")
        ),
    ):
        change()
        with monkeypatch.context() as searching:
            searching.setattr(followed, "_find", find)
            home.open("d")
        assert told(home.open("d")) != before
        before = told(home.open("d"))


find = followed._find


def test_a_home_that_cannot_be_written_can_be_read(dataset, home, write_shard, monkeypatch):
    def refuse(path):
        raise StorageError("no space left")

    write_removal(dataset.folder, removal_of(dataset, [1]))
    now = again(home, write_shard, ["x", "Monet 1"], urls(7, 1))
    (now.folder / "followed.parquet").unlink()
    monkeypatch.setattr(followed, "written_whole", refuse)
    assert home.open("d").removed.rows(0).tolist() == [1]
    assert not (now.folder / "followed.parquet").exists()
