"""Filters for other tools, read back as these read them."""

from __future__ import annotations

import errno
import os

import numpy as np
import polars as pl
import pytest

import audit as package
from audit.datasets.ingest import ingest
from audit.errors import SourceError, StorageError, UsageError
from audit.removal.export import UID_TYPE, export_kept, export_removed
from audit.removal.wanted import Wanted

UIDS = [f"{(n * 0x9E3779B97F4A7C15F39CC0605CEDC834) % 2**128:032x}" for n in range(1, 41)]


def make(home, write_shard, uids, **further):
    captions = [f"caption {n}" for n in range(len(uids))]
    half = len(uids) // 2
    paths = [
        write_shard("a.parquet", captions[:half], uid=uids[:half], WIDTH=list(range(half))),
        write_shard(
            "b.parquet", captions[half:], uid=uids[half:], WIDTH=list(range(half, len(uids)))
        ),
    ]
    ingest([str(path) for path in paths], "d", home=home, keep=["uid"], **further)
    return package.open("d", home=home.path)


def read_as_datacomp(path):
    """As its README says: pairs of unsigned 64-bit numbers, in lexicographic order."""
    array = np.load(path)
    assert array.dtype == np.dtype("u8,u8")
    assert array.shape == (len(array),)
    assert (array == np.sort(array)).all()
    return [f"{a:016x}{b:016x}" for a, b in array.tolist()]


def test_uids_of_what_is_left_are_those_that_datacomp_keeps(home, write_shard, tmp_path):
    opened = make(home, write_shard, UIDS)
    report = export_kept(opened.dataset, tmp_path / "all.npy")
    assert read_as_datacomp(tmp_path / "all.npy") == sorted(UIDS)
    assert (report.entries, report.left_out, report.lists) == (40, 0, "kept")
    opened.remove_samples(Wanted(where="width in (3, 39)"), reason="asked")
    export_kept(opened.dataset, tmp_path / "left.npy")
    expected = [uid for n, uid in enumerate(UIDS) if n not in (3, 39)]
    assert read_as_datacomp(tmp_path / "left.npy") == sorted(expected)
    # To the byte what the lines in that README write.
    processed = np.array([(int(u[:16], 16), int(u[16:32], 16)) for u in expected], UID_TYPE)
    processed.sort()
    np.save(tmp_path / "theirs.npy", processed)
    assert (np.load(tmp_path / "theirs.npy") == np.load(tmp_path / "left.npy")).all()
    assert list(tmp_path.glob("*sorting*")) == []


def test_a_uid_of_a_removed_sample_is_not_kept_for_another(home, write_shard, tmp_path):
    uids = [UIDS[0].upper(), UIDS[0], UIDS[1], UIDS[1], "no uid", None]
    opened = make(home, write_shard, uids)
    opened.remove_samples(Wanted(where="width = 0"), reason="asked")
    report = export_kept(opened.dataset, tmp_path / "left.npy")
    assert read_as_datacomp(tmp_path / "left.npy") == [UIDS[1]]
    assert (report.entries, report.left_out) == (1, 2)


def test_removed_samples_are_listed_with_all_that_tells_them(home, write_shard, tmp_path):
    opened = make(home, write_shard, UIDS)
    opened.remove_samples(Wanted(where="width in (3, 25)"), reason="asked")
    opened.remove_samples(Wanted(where="width in (3, 5)"), reason="asked")
    report = export_removed(opened.dataset, tmp_path / "gone.parquet")
    table = pl.read_parquet(tmp_path / "gone.parquet")
    assert report.entries == 3
    assert table["row"].to_list() == [3, 5, 5]
    assert [shard[-9:] for shard in table["shard"]] == ["a.parquet", "a.parquet", "b.parquet"]
    assert table["removal"].to_list() == ["0001", "0002", "0001"]
    assert table["uid"].to_list() == [UIDS[3], UIDS[5], UIDS[25]]
    assert table["url_hash"].dtype == pl.UInt64


def test_an_export_can_be_removed_elsewhere(home, write_shard, tmp_path):
    opened = make(home, write_shard, UIDS)
    opened.remove_samples(Wanted(where="width in (3, 25)"), reason="asked")
    path = tmp_path / "gone.parquet"
    export_removed(opened.dataset, path)
    opened.undo_removal("1", reason="another way")
    assert opened.coverage.removed == 0
    opened.remove_samples(Wanted(file=path), reason="as before")
    assert sorted(opened.dataset.removed.keys.tolist()) == [3, (1 << 40) + 5]


def test_nothing_removed_is_an_empty_list(home, write_shard, tmp_path):
    opened = make(home, write_shard, UIDS)
    assert export_removed(opened.dataset, tmp_path / "gone.parquet").entries == 0
    assert pl.read_parquet(tmp_path / "gone.parquet").height == 0


def test_what_cannot_be_exported_is_refused(home, write_shard, tmp_path):
    dataset = make(home, write_shard, UIDS).dataset
    with pytest.raises(UsageError, match=r"listed as Parquet"):
        export_removed(dataset, tmp_path / "gone.npy")
    with pytest.raises(UsageError, match=r"\.npy file"):
        export_kept(dataset, tmp_path / "left.parquet")
    with pytest.raises(UsageError, match="has kept no column 'uuid'") as error:
        export_kept(dataset, tmp_path / "left.npy", "uuid")
    assert "uid" in error.value.hint
    other = write_shard("c.parquet", ["one"], uid=["x"])
    ingest([str(other)], "e", home=home, keep=["uid"])
    with pytest.raises(SourceError, match="no sample that is left has a uid"):
        export_kept(home.open("e"), tmp_path / "left.npy")
    assert list(tmp_path.glob("*.npy")) == []


def test_a_full_disk_leaves_no_half_a_filter(home, write_shard, tmp_path, monkeypatch):
    dataset = make(home, write_shard, UIDS).dataset

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    for write, name in ((export_kept, "left.npy"), (export_removed, "gone.parquet")):
        with pytest.raises(StorageError):
            write(dataset, tmp_path / name)
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(name)] == []
