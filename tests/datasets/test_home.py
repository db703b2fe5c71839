"""The folder of datasets: names, suggestions, removal, locks."""

from __future__ import annotations

import pytest

from audit.datasets.home import Home
from audit.datasets.ingest import ingest
from audit.errors import DatasetNotFoundError, SourceError, StorageError, UsageError


@pytest.fixture
def two(home, write_shard):
    for name in ("laion", "museums"):
        ingest([str(write_shard("a.parquet", ["x"]))], name, home=home)
    return home


def test_the_only_dataset_needs_no_name(home, write_shard):
    ingest([str(write_shard("a.parquet", ["x"]))], "laion", home=home)
    assert home.open().name == "laion"


def test_several_datasets_must_be_told_apart(two):
    with pytest.raises(DatasetNotFoundError, match="holds 2 datasets: laion, museums"):
        two.open()


def test_misspelt_name_gets_a_suggestion(two):
    with pytest.raises(DatasetNotFoundError) as error:
        two.open("laoin")
    assert "Did you mean 'laion'?" in error.value.hint


def test_empty_home_says_how_to_begin(tmp_path):
    with pytest.raises(DatasetNotFoundError) as error:
        Home(tmp_path / "nowhere").open()
    assert "audit ingest" in error.value.hint


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "-x", "ü", "a" * 101])
def test_names_that_could_leave_the_home_are_refused(home, name):
    with pytest.raises(UsageError):
        home.folder(name)


def test_removal_deletes_the_dataset_and_nothing_else(two, tmp_path):
    two.remove("laion")
    assert two.names() == ["museums"]
    assert not two.folder("laion").exists()
    assert (tmp_path / "shards" / "a.parquet").exists()
    with pytest.raises(DatasetNotFoundError):
        two.remove("laion")


def test_dataset_that_is_being_changed_is_not_removed(two):
    with two.locked("laion"), pytest.raises(StorageError, match="another process is changing"):
        two.remove("laion")
    assert "laion" in two.names()


def test_damaged_manifest_is_named(two):
    (two.folder("laion") / "dataset.json").write_text('{"schema": "audit.dataset/1"')
    with pytest.raises(SourceError, match=r"laion/dataset\.json: is damaged"):
        two.open("laion")


def test_manifest_of_another_format_is_not_guessed(two):
    (two.folder("laion") / "dataset.json").write_text('{"schema": "audit.dataset/99"}')
    with pytest.raises(SourceError, match=r"audit\.dataset/99"):
        two.open("laion")
