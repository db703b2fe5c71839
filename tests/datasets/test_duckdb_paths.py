"""Whatever a folder is called, DuckDB reads what is in it, and nothing else."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import audit as package
from audit.datasets.conditions import Condition
from audit.datasets.duckdb_paths import FILE, ORDINAL, allowed_folder, parquet_sql, quoted_path
from audit.datasets.home import Home
from audit.datasets.ingest import ingest
from audit.datasets.overview import overview
from audit.errors import StorageError

#: Folders, of which one as a pattern would mean others.
NAMES = [
    "a[b]", "ab", "a*c", "axc", "a?c", "a[!b]", "[", "[]", "[[]", "w]z", "a]b[c", "x**y", "{a,b}",
    "it's", "é[ü]*", "pct%20", "~", "sp ace", "n=1", "caption=c", "x?y=1", 'q"q',
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Each of the folders with a file that says which it is."""
    whole = tmp_path_factory.mktemp("paths")
    for number, name in enumerate(NAMES):
        (whole / name).mkdir()
        target = quoted_path(whole / name / "00007.parquet")
        duckdb.execute(f"COPY (SELECT {number} AS n, 'cat' AS caption) TO {target}")
    return whole


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_read_and_no_other(folder, name):
    path = folder / name / "00007.parquet"
    found = duckdb.execute(f"SELECT * FROM {parquet_sql([path])}").fetchall()
    assert found == [(NAMES.index(name), "cat")]
    source = parquet_sql([str(path)], file_row=True, file=True, by_name=True)
    query = f"SELECT {ORDINAL}, file_row_number, {FILE} FROM {source}"
    assert duckdb.execute(query).fetchall() == [(7, 0, str(path))]


@pytest.mark.parametrize("name", NAMES)
def test_an_engine_may_read_the_folder_that_it_is_allowed_and_no_other(folder, name):
    with duckdb.connect() as engine:
        engine.execute(f"SET allowed_directories = {allowed_folder(folder / name)}")
        engine.execute("SET enable_external_access = false")
        mine = parquet_sql([folder / name / "00007.parquet"])
        assert engine.execute(f"SELECT n FROM {mine}").fetchall() == [(NAMES.index(name),)]
        for other in NAMES:
            if other != name:
                with pytest.raises(duckdb.Error):
                    engine.execute(
                        f"SELECT n FROM {parquet_sql([folder / other / '00007.parquet'])}"
                    ).fetchall()


@settings(max_examples=40, deadline=None)
@given(name=st.text(st.sampled_from("ab*?[]!-^{},'"), min_size=1, max_size=6))
def test_any_name_means_itself(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("any") / name
    folder.mkdir()
    (folder.parent / "a").mkdir(exist_ok=True)
    for number, place in enumerate([folder.parent / "a", folder]):
        duckdb.execute(f"COPY (SELECT {number} AS n) TO {quoted_path(place / 'p.parquet')}")
    assert duckdb.execute(f"FROM {parquet_sql([folder / 'p.parquet'])}").fetchall() == [(1,)]


def test_what_duckdb_cannot_be_told_is_refused(tmp_path):
    with pytest.raises(StorageError, match="backslash"):
        parquet_sql([tmp_path / "a\\b*" / "p.parquet"])
    path = tmp_path / "a\\b" / "p.parquet"
    path.parent.mkdir()
    duckdb.execute(f"COPY (SELECT 1 AS n) TO {quoted_path(path)}")
    assert duckdb.execute(f"FROM {parquet_sql([path])}").fetchall() == [(1,)]


def test_no_files_are_not_all_files(home, write_shard):
    with pytest.raises(ValueError, match="no files"):
        parquet_sql([])
    ingest([str(write_shard("a.parquet", ["x"]))], "d", home=home)
    with pytest.raises(ValueError, match="no files"):
        home.open("d").sql([])


@pytest.mark.parametrize("name", ["a[b]", "ho*me", "a?", "caption=secret", "run=3"])
def test_a_dataset_is_itself_whatever_its_home_is_called(tmp_path, write_shard, name):
    """Beside homes that its name as a pattern would mean too."""
    for other in ("ab", "hoXme", "az"):
        shard = write_shard("other.parquet", ["a secret"] * 9)
        ingest([str(shard)], "d", home=Home(tmp_path / other))
    mine = Home(tmp_path / name)
    ingest([str(write_shard("mine.parquet", ["a cat", "a dog", "a cat"]))], "d", home=mine)
    dataset = mine.open("d")
    assert overview(dataset).hosts[0] == [("mine.example.org", 3)]
    assert [
        row
        for batch in Condition("caption = ' a cat '", dataset).batches(dataset.parts[0], [])
        for row in batch["file_row_number"].to_pylist()
    ] == [0, 2]
    opened = package.open("d", home=mine.path)
    report = opened.remove_samples(package.Wanted(captions=("dog",)), reason="asked")
    assert report.newly == 1
    assert {one.what: one.after for one in report.changes} == {"samples": 2, "distinct URLs": 2}
    assert opened.show().hosts[0] == [("mine.example.org", 2)]
