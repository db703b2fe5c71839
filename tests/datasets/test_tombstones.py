"""Files of removals: whole, numbered, never ignored."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from audit.datasets import tombstones
from audit.datasets.ingest import ingest
from audit.datasets.tombstones import (
    SeenShards,
    Withdrawal,
    read_removals,
    removal_files,
    write_removal,
    write_withdrawal,
)
from audit.errors import SourceError, StorageError
from tests.datasets.removals import removal_of

BACK = Withdrawal("somebody", "2026-02-02T00:00:00+00:00", "by mistake", "0")


@pytest.fixture
def dataset(home, write_shard):
    ingest([str(write_shard("a.parquet", ["one", "two", "three"]))], "d", home=home)
    return home.open("d")


def test_removals_are_numbered_and_read_as_they_were_written(dataset):
    first = write_removal(dataset.folder, removal_of(dataset, [0], reason="“why” \ud800?"))
    second = write_removal(dataset.folder, removal_of(dataset, [1, 2], selector={"urls": ["x"]}))
    assert (first.id, second.id) == ("0001", "0002")
    one, two = read_removals(dataset.folder)
    assert (one.samples, two.samples) == (1, 2)
    assert one.reason == "“why” ??"
    assert two.selector == {"urls": ["x"]}
    assert two.table.equals(second.table)
    assert two.shards == second.shards


def test_what_is_taken_back_stays_on_record(dataset, home):
    removal = write_removal(dataset.folder, removal_of(dataset, [0]))
    write_withdrawal(dataset.folder, removal, BACK)
    (now,) = read_removals(dataset.folder)
    assert now.withdrawn == BACK
    assert not now.in_force
    assert home.open("d").coverage.samples == 3
    assert write_removal(dataset.folder, removal_of(dataset, [1])).id == "0002"
    with pytest.raises(StorageError):
        write_withdrawal(dataset.folder, removal, BACK)


def flip_a_byte_at_2(path):
    data = bytearray(path.read_bytes())
    data[2] ^= 0xFF
    path.write_bytes(data)


def empty(path):
    path.write_bytes(b"")


def flip_a_byte(path):
    data = bytearray(path.read_bytes())
    data[10] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: path.write_bytes(b"something else"),
        flip_a_byte,
        lambda path: path.unlink(),
        lambda path: path.rename(path.with_name("0001 (copy).parquet")),
        lambda path: path.rename(path.with_name("0003.parquet")),
    ],
    ids=["empty", "cut off", "no parquet", "bit rot", "deleted", "renamed", "renumbered"],
)
def test_a_damaged_removal_is_an_error_for_everybody(dataset, home, audit, damage):
    write_removal(dataset.folder, removal_of(dataset, [0]))
    write_removal(dataset.folder, removal_of(dataset, [1]))
    damage(dataset.folder / "removed" / "0001.parquet")
    with pytest.raises(SourceError) as error:
        home.open("d")
    assert "removed" in error.value.message
    assert error.value.hint
    for command in (("count", "-c", "one"), ("show", "d"), ("lookup", "--caption", "one")):
        outcome = audit(*command)
        assert outcome.code == 1
        assert not outcome.out
        assert "removed" in outcome.err
    (entry,) = json.loads(audit("datasets", "--output", "json").out)["datasets"]
    assert entry["rows"] == 0
    assert "removed" in entry["problem"]


def test_a_parquet_file_of_others_is_no_removal(dataset, home):
    import polars as pl

    (dataset.folder / "removed").mkdir()
    pl.DataFrame({"shard": [0], "row": [0]}).write_parquet(
        dataset.folder / "removed" / "0001.parquet"
    )
    with pytest.raises(SourceError, match="cannot be read"):
        home.open("d")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": "other/1"}', "\xff"])
def test_a_damaged_withdrawal_is_an_error(dataset, home, text):
    write_removal(dataset.folder, removal_of(dataset, [0]))
    (dataset.folder / "removed" / "0001.withdrawn.json").write_text(text)
    with pytest.raises(SourceError, match="cannot be read"):
        home.open("d")


def test_a_withdrawal_without_its_removal_is_an_error(dataset, home):
    write_withdrawal(dataset.folder, write_removal(dataset.folder, removal_of(dataset, [0])), BACK)
    (dataset.folder / "removed" / "0001.parquet").unlink()
    with pytest.raises(SourceError, match="is missing"):
        home.open("d")


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOSPC, "no space left"), (errno.EROFS, "cannot write"), (errno.EACCES, "cannot")],
)
def test_what_cannot_be_written_leaves_nothing_behind(dataset, home, monkeypatch, number, reason):
    def refuse(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match=reason):
        write_removal(dataset.folder, removal_of(dataset, [0]))
    monkeypatch.undo()
    assert read_removals(dataset.folder) == ()
    assert list((dataset.folder / "removed").iterdir()) == []
    assert home.open("d").coverage.samples == 3


def test_what_a_killed_process_left_is_no_removal(dataset, home):
    place = dataset.folder / "removed"
    place.mkdir()
    (place / "0001.parquet.unfinished-123").write_bytes(b"half")
    assert removal_files(dataset.folder) == ()
    assert home.open("d").coverage.samples == 3
    write_removal(dataset.folder, removal_of(dataset, [0]))
    assert removal_files(dataset.folder) == ("0001.parquet",)
    assert sorted(path.suffix for path in place.iterdir()) == [".parquet", ".shards"]


def test_records_are_plain_json(dataset):
    removal = write_removal(dataset.folder, removal_of(dataset, [0]))
    told = json.loads(json.dumps(removal.to_dict()))
    assert told["in_force"] is True
    assert told["withdrawn"] is None
    assert told["samples"] == 1


_REMOVE = """
import sys
from pathlib import Path
import audit
dataset = audit.open("d", home=sys.argv[1])
report = dataset.remove_samples(audit.Wanted(captions=(sys.argv[2],)), reason="asked", who=sys.argv[2])
print(report.removal.id)
"""


def test_two_processes_that_remove_at_once_lose_nothing(dataset, home):
    words = ["one", "two", "three"]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _REMOVE, str(home.path), word],
            stdout=subprocess.PIPE,
            text=True,
        )
        for word in words
    ]
    numbers = [process.communicate(timeout=120)[0].strip() for process in running]
    assert sorted(numbers) == ["0001", "0002", "0003"]
    assert {removal.who for removal in read_removals(dataset.folder)} == set(words)
    assert home.open("d").coverage.samples == 0


def test_schema_is_the_one_that_is_documented():
    assert tombstones.COLUMNS.names == ["shard", "row", "url_hash", "caption_hash"]


def test_what_was_looked_at_is_kept_once_for_all_removals_of_a_state(dataset, home, write_shard):
    for row in range(3):
        write_removal(dataset.folder, removal_of(dataset, [row]))
    assert len(list((dataset.folder / "removed").glob("*.shards"))) == 1
    removals = read_removals(dataset.folder)
    assert len({id(removal.looked_at) for removal in removals}) == 1
    assert removals[0].looked_at == SeenShards.of(part.shard for part in dataset.parts)
    ingest([str(write_shard("b.parquet", ["x"]))], "d", home=home, add=True)
    write_removal(dataset.folder, removal_of(home.open("d"), [0]))
    sizes = sorted(path.stat().st_size for path in dataset.folder.glob("removed/*.shards"))
    assert sizes == [8, 16]


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), flip_a_byte_at_2, empty])
def test_not_to_know_what_was_looked_at_is_an_error(dataset, home, damage):
    write_removal(dataset.folder, removal_of(dataset, [0]))
    (seen,) = (dataset.folder / "removed").glob("*.shards")
    damage(seen)
    with pytest.raises(SourceError, match="cannot be read"):
        home.open("d")


def test_removals_of_the_first_format_are_read(dataset, home):
    """They had the digests of all shards themselves."""
    removal = write_removal(dataset.folder, removal_of(dataset, [0]))
    path = dataset.folder / "removed" / "0001.parquet"
    table = pq.read_table(path)
    record = json.loads(table.schema.metadata[b"audit.tombstones"])
    told = repr((shard := removal.shards[0]).uri), shard.size, shard.fingerprint
    digest = hashlib.sha256(f"({told[0]}, {told[1]!r}, {told[2]!r})".encode()).hexdigest()[:16]
    record |= {"schema": "audit.tombstones/1", "looked_at": [digest]}
    pq.write_table(
        table.replace_schema_metadata({b"audit.tombstones": json.dumps(record).encode()}), path
    )
    (read,) = read_removals(dataset.folder)
    assert read.looked_at == removal.looked_at
    now = home.open("d")
    assert now.coverage.samples == 2
    assert now.coverage.removal_remarks == ()
