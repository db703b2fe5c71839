"""What was removed stays removed: through changed shards, and never in silence."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.captions.folding import FOLDING_VERSION, fold
from audit.datasets.dataset import Dataset
from audit.datasets.following import found_again
from audit.datasets.ingest import ingest
from audit.datasets.removed import kept_among, kept_in_range
from audit.datasets.tombstones import (
    COLUMNS,
    Removal,
    SeenShards,
    ShardState,
    write_removal,
)
from audit.errors import SourceError
from tests.datasets.removals import first_bits, removal_of


@given(st.sets(st.integers(0, 60)), st.integers(0, 50), st.integers(0, 30))
def test_rows_of_a_range_that_stay(removed, start, length):
    rows = np.array(sorted(removed), np.int64)
    kept = kept_in_range(rows, start, length)
    expected = [row not in removed for row in range(start, start + length)]
    assert expected == (expected if kept is None else kept.tolist())
    assert (kept is None) == all(expected)


@given(st.sets(st.integers(0, 20)), st.lists(st.integers(0, 20)))
def test_rows_in_any_order_that_stay(removed, asked):
    kept = kept_among(np.array(sorted(removed), np.int64), np.array(asked, np.int64))
    assert (kept is None) == (not removed)
    if kept is not None:
        assert kept.tolist() == [row not in removed for row in asked]


@pytest.fixture
def dataset(home, write_shard):
    shard = write_shard("a.parquet", [f"Monet {n}" for n in range(6)])
    ingest([str(shard)], "d", home=home)
    return home.open("d")


def test_nothing_removed_costs_nothing_and_says_nothing(dataset):
    assert len(dataset.removed) == 0
    assert not dataset.removed
    assert dataset.coverage.describe() == "its one shard, 6 samples"
    assert not (dataset.folder / "removed").exists()


def test_removed_rows_are_left_out_of_coverage_and_sql(dataset, home):
    write_removal(dataset.folder, removal_of(dataset, [1, 4]))
    now = home.open("d")
    assert now.removed.rows(0).tolist() == [1, 4]
    assert now.parts[0].kept(1, 3).tolist() == [False, True, True]
    assert now.parts[0].samples == now.coverage.samples == 4
    assert now.coverage.rows == 6
    assert now.coverage.complete
    assert now.coverage.describe() == "its one shard, 4 samples; 2 removed on request"
    with duckdb.connect() as engine:
        query = f"SELECT caption FROM {now.remaining_sql(engine)} ORDER BY 1"
        left = [caption for (caption,) in engine.execute(query).fetchall()]
        gone = now.removed_sql(engine)
        taken = {caption for (caption,) in engine.execute(f"SELECT caption FROM {gone}").fetchall()}
    assert left == [" monet 0 ", " monet 2 ", " monet 3 ", " monet 5 "]
    assert taken == {" monet 1 ", " monet 4 "}


def test_a_dataset_with_removals_travels_to_other_processes(dataset, home):
    write_removal(dataset.folder, removal_of(dataset, [2]))
    there = pickle.loads(pickle.dumps(home.open("d")))
    assert there.removed.rows(0).tolist() == [2]
    assert there.parts[0].removed.tolist() == [2]


def test_removals_unite_and_what_is_not_written_counts_only_where_it_is_asked_for(dataset, home):
    write_removal(dataset.folder, removal_of(dataset, [1, 2]))
    write_removal(dataset.folder, removal_of(dataset, [2, 3]))
    assert home.open("d").removed.rows(0).tolist() == [1, 2, 3]
    further = Dataset(dataset.folder, further=[removal_of(dataset, [5])])
    assert further.coverage.samples == 2
    assert further.removed.only(["0002"]).rows(0).tolist() == [2, 3]
    assert home.open("d").coverage.samples == 3


def again(home, write_shard, captions, urls):
    """The dataset after its one shard was replaced."""
    shard = write_shard("a.parquet", captions, URL=urls)
    ingest([str(shard)], "d", home=home)
    return home.open("d")


def urls(*numbers):
    return [f"https://a.example.org/{n}.jpg" for n in numbers]


def test_samples_are_followed_by_url_and_caption_into_a_changed_shard(dataset, home, write_shard):
    write_removal(dataset.folder, removal_of(dataset, [1, 4]))
    order = [5, 4, 3, 2, 1, 0]
    now = again(home, write_shard, [f"Monet {n}" for n in order], urls(*order))
    assert now.removed.rows(0).tolist() == [1, 4]  # which are other rows than before
    assert now.coverage.removal_remarks == (
        "1 shard is new or has changed since removal 0001: what is new there was not looked at",
    )
    order = [0, 9, 1, 4]
    now = again(home, write_shard, [f"Monet {n}" for n in order], urls(*order))
    assert now.removed.rows(0).tolist() == [2, 3]


def test_a_caption_that_was_edited_does_not_bring_a_sample_back(dataset, home, write_shard):
    write_removal(dataset.folder, removal_of(dataset, [1]))
    now = again(home, write_shard, ["x", "y", "a new caption"], urls(7, 8, 1))
    assert now.removed.rows(0).tolist() == [2]


def test_of_samples_with_one_url_the_one_with_the_caption_is_meant(dataset, home, write_shard):
    write_removal(dataset.folder, removal_of(dataset, [1]))
    now = again(home, write_shard, ["other", "Monet 1", "more"], urls(1, 1, 2))
    assert now.removed.rows(0).tolist() == [1]


def test_a_row_that_is_as_it_was_is_the_one_that_was_meant(home, write_shard):
    """Two alike, of which one was removed: a shard that was only touched changes nothing."""
    shard = write_shard("a.parquet", ["same", "same", "x"], URL=urls(1, 1, 2))
    ingest([str(shard)], "d", home=home)
    write_removal(home.folder("d"), removal_of(home.open("d"), [1]))
    now = again(home, write_shard, ["same", "same", "x", "y"], urls(1, 1, 2, 3))
    assert now.removed.rows(0).tolist() == [1]
    # Moved, nobody can tell which it was: none of them comes back.
    now = again(home, write_shard, ["y", "x", "same", "same"], urls(3, 2, 1, 1))
    assert now.removed.rows(0).tolist() == [2, 3]


def test_what_cannot_be_found_again_is_told(dataset, home, write_shard, audit):
    write_removal(dataset.folder, removal_of(dataset, [1, 2]))
    now = again(home, write_shard, ["x", "Monet 1"], urls(7, 1))
    assert now.removed.rows(0).tolist() == [1]
    remark, _ = now.coverage.removal_remarks
    assert remark.startswith("1 removed sample cannot be found again where shards have changed")
    assert "1 of removal 0001 in" in remark
    assert remark in now.coverage.describe()
    assert "cannot be found again" in " ".join(audit("show", "d").out.split())
    assert "cannot be found again" in " ".join(audit("count", "-c", "monet").out.split())


def test_a_part_that_cannot_be_read_is_an_error_where_a_removal_is_followed(
    dataset, home, write_shard
):
    write_removal(dataset.folder, removal_of(dataset, [1]))
    now = again(home, write_shard, ["x", "Monet 1"], urls(7, 1))
    (now.folder / "followed.parquet").unlink()
    now.parts[0].path.write_bytes(b"no parquet")
    with pytest.raises(SourceError, match="nobody knows where its removed samples are"):
        home.open("d")


def test_without_urls_samples_are_followed_by_caption(home, write_shard):
    shard = write_shard("a.parquet", ["one", None, "two", "!!!"], URL=None)
    ingest([str(shard)], "d", home=home)
    dataset = home.open("d")
    table = pa.table(
        {
            "shard": [0, 0, 0],
            "row": [0, 1, 3],
            "url_hash": [None] * 3,
            "caption_hash": [first_bits(fold("one")), None, None],
        },
        schema=COLUMNS,
    )
    shards = (ShardState.of(dataset.parts[0].shard),)
    removal = Removal("", "r", "w", "t", {}, shards, SeenShards(), FOLDING_VERSION, "0", table)
    write_removal(dataset.folder, removal)
    assert home.open("d").removed.rows(0).tolist() == [0, 1, 3]
    now = again(home, write_shard, ["two", "ONE", None, "???"], None)
    # Of samples without URL and words nothing is known but that the last row is still such a one.
    assert now.removed.rows(0).tolist() == [1, 3]
    assert "1 removed sample cannot" in now.coverage.removal_remarks[0]


def test_captions_folded_by_other_rules_are_not_compared(dataset, home, write_shard):
    write_removal(dataset.folder, removal_of(dataset, [1], folding_version=FOLDING_VERSION + 1))
    now = again(home, write_shard, ["x", "y", "z"], urls(0, 5, 1))
    assert now.removed.rows(0).tolist() == [2]


def test_new_shards_are_told_to_be_newer_than_a_removal(dataset, home, write_shard):
    write_removal(dataset.folder, removal_of(dataset, [1]))
    ingest([str(write_shard("b.parquet", ["new"]))], "d", home=home, add=True)
    now = home.open("d")
    assert now.coverage.samples == 6
    assert now.coverage.removal_remarks == (
        "1 shard is new or has changed since removal 0001: what is new there was not looked at",
    )
    write_removal(dataset.folder, removal_of(dataset, [2]))
    write_removal(dataset.folder, removal_of(dataset, [3]))
    (remark,) = home.open("d").coverage.removal_remarks
    assert "since removal 0001 and 2 more:" in remark


def test_samples_of_a_shard_that_cannot_be_read_any_more_wait_for_it(dataset, home, write_shard):
    write_removal(dataset.folder, removal_of(dataset, [1]))
    shard = write_shard("a.parquet", ["x"])
    shard.write_bytes(b"no parquet")
    other = write_shard("b.parquet", ["new"])
    ingest([str(shard), str(other)], "d", home=home, add=True)
    assert home.open("d").coverage.removed == 0
    now = again(home, write_shard, ["x", "Monet 1"], urls(9, 1))
    assert now.removed.rows(0).tolist() == [1]


KEYS = st.tuples(st.sampled_from([None, "u", "v"]), st.sampled_from([None, "a", "b"]))


@given(before=st.lists(KEYS, min_size=1, max_size=5), after=st.lists(KEYS, max_size=6),
       picked=st.sets(st.integers(0, 4)))  # fmt: skip
def test_samples_are_found_again_as_the_rules_say(tmp_path_factory, before, after, picked):
    import pyarrow.parquet as pq

    rows = sorted(row for row in picked if row < len(before))
    hashed = [[None if one is None else first_bits(one) for one in pair] for pair in before]
    gone = pa.table(
        {
            "shard": [0] * len(rows),
            "row": rows,
            "url_hash": [hashed[row][0] for row in rows],
            "caption_hash": [hashed[row][1] for row in rows],
        },
        schema=COLUMNS,
    )
    path = tmp_path_factory.mktemp("part") / "p.parquet"
    pq.write_table(
        pa.table(
            {
                "caption": pa.array([caption for _, caption in after], pa.large_string()),
                "url_hash": pa.array(
                    [None if url is None else first_bits(url) for url, _ in after], pa.uint64()
                ),
            }
        ),
        path,
    )
    found, missing = found_again(gone, path, FOLDING_VERSION)
    expected, lost = set(), 0
    for row in rows:
        url, caption = before[row]
        if row < len(after) and after[row] == (url, caption):
            fits = {row}
        else:
            both = {n for n, pair in enumerate(after) if pair == (url, caption)}
            fits = both if url or caption else set()
            if url and not (caption and fits):
                fits = {n for n, pair in enumerate(after) if pair[0] == url}
        expected |= fits
        lost += not fits
    assert found.tolist() == sorted(expected)
    assert missing == lost


def with_many_parts(home, write_shard, parts):
    """A dataset of that many shards of three rows, of which the second of each was removed."""
    ingest([str(write_shard("a.parquet", ["cat", "dog", "cow"]))], "d", home=home)
    dataset = home.open("d")
    (first,) = dataset.manifest.shards
    for ordinal in range(1, parts):
        shard = replace(first, ordinal=ordinal, uri=f"{first.uri}.{ordinal}")
        os.link(dataset.parts[0].path, dataset.folder / "samples" / shard.part_name)
        dataset.manifest.shards.append(shard)
    dataset.manifest.write(dataset.folder)
    dataset = home.open("d")
    one = removal_of(dataset, [1])
    hashes = [one.table[name].to_pylist() * parts for name in ("url_hash", "caption_hash")]
    table = pa.table([range(parts), [1] * parts, *hashes], schema=COLUMNS)
    shards = tuple(ShardState.of(part.shard) for part in dataset.parts)
    write_removal(dataset.folder, replace(one, table=table, shards=shards))
    return home.open("d")


def test_removals_from_a_thousand_shards_need_no_more_memory_than_from_one(home, write_shard):
    dataset = with_many_parts(home, write_shard, 1200)
    assert dataset.coverage.samples == 2400
    with duckdb.connect(config={"memory_limit": "100MB", "threads": 1}) as engine:
        query = f"SELECT caption, count(*) FROM {dataset.remaining_sql(engine)} GROUP BY ALL"
        assert set(engine.execute(query).fetchall()) == {(" cat ", 1200), (" cow ", 1200)}
        query = f"SELECT caption, count(*) FROM {dataset.removed_sql(engine)} GROUP BY ALL"
        assert engine.execute(query).fetchall() == [(" dog ", 1200)]


def test_where_some_parts_are_whole_each_row_is_there_once(home, write_shard):
    many = [str(write_shard(f"{n}.parquet", [f"{n} a", f"{n} b"])) for n in range(3)]
    ingest(many, "d", home=home)
    write_removal(home.folder("d"), removal_of(home.open("d"), [0], ordinal=1))
    dataset = home.open("d")
    with duckdb.connect() as engine:
        found = engine.execute(f"SELECT * FROM {dataset.remaining_sql(engine)}")
        assert [column[0] for column in found.description] == list(dataset.columns)
        left = sorted(row[0] for row in found.fetchall())
    assert left == [" 0 a ", " 0 b ", " 1 b ", " 2 a ", " 2 b "]


def test_a_dataset_of_which_nothing_could_be_read_has_no_rows(dataset, home, write_shard):
    dataset.parts.clear()
    with duckdb.connect() as engine:
        for table in (dataset.remaining_sql(engine), dataset.removed_sql(engine)):
            found = engine.execute(f"SELECT * FROM {table}")
            assert [column[0] for column in found.description] == list(dataset.columns)
            assert found.fetchall() == []
