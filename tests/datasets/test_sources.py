"""Paths, globs, folders and URIs become single files."""

from __future__ import annotations

import fsspec
import pytest

from audit.datasets.manifest import Manifest
from audit.datasets.presets import ColumnMapping
from audit.datasets.sources import expand
from audit.errors import SourceError


@pytest.fixture
def folder(tmp_path):
    for name in (
        "b.parquet",
        "a.parquet",
        "deep/er/c.parquet",
        "notes.txt",
        "_tmp.parquet",
        "x.tsv",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content of " + name.encode())
    return tmp_path


def names(folder, *specs):
    return [file.uri.removeprefix(f"{folder}/") for file in expand([str(s) for s in specs])]


def test_folder_means_every_parquet_below_it(folder):
    assert names(folder, folder) == ["a.parquet", "b.parquet", "deep/er/c.parquet"]


def test_folder_without_parquet_means_its_text_files(folder):
    for path in folder.rglob("*.parquet"):
        path.unlink()
    assert names(folder, folder) == ["x.tsv"]


def test_glob_and_path_may_overlap(folder):
    assert names(folder, folder / "*.parquet", folder / "b.parquet") == [
        "_tmp.parquet",
        "a.parquet",
        "b.parquet",
    ]


def test_double_star_goes_into_folders(folder):
    assert names(folder, f"{folder}/**/c.parquet") == ["deep/er/c.parquet"]


def test_parts_of_a_dataset_in_the_same_folder_are_no_sources(folder):
    part = folder / "indexes" / "mine" / "samples" / "00000.parquet"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"a part")
    before = names(folder, folder)
    assert "indexes/mine/samples/00000.parquet" in before
    Manifest("mine", [], ColumnMapping("custom", {}, ()), "", "", "").write(part.parent.parent)
    expected = ["a.parquet", "b.parquet", "deep/er/c.parquet"]
    assert names(folder, folder) == expected
    assert names(folder, f"{folder}/**/*.parquet") == ["_tmp.parquet", *expected]
    assert names(folder, part) == ["indexes/mine/samples/00000.parquet"], "asked for by name"


def test_dataset_json_of_another_tool_hides_nothing(folder):
    (folder / "deep" / "dataset.json").write_text('{"labels": null}')
    assert "deep/er/c.parquet" in names(folder, folder)


def test_relative_and_absolute_paths_are_one_file(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert names(folder, "a.parquet", folder / "a.parquet", "./a.parquet") == ["a.parquet"]


def test_name_with_brackets_is_a_file_before_it_is_a_pattern(folder):
    (folder / "part[1].parquet").write_bytes(b"x")
    assert names(folder, folder / "part[1].parquet") == ["part[1].parquet"]


@pytest.mark.parametrize(
    ("spec", "remedy"),
    [
        ("a.parqet", "Did you mean 'a.parquet'?"),
        ("*.pq", "No file matches"),
        ("nowhere/a.parquet", "does not exist"),
        ("empty", "holds no .parquet"),
    ],
)
def test_spec_that_names_nothing_is_refused_with_a_remedy(folder, spec, remedy):
    (folder / "empty").mkdir()
    with pytest.raises(SourceError) as error:
        expand([str(folder / spec)])
    assert spec in error.value.message
    assert remedy in error.value.hint


def test_fsspec_uris_are_expanded_and_read():
    memory = fsspec.filesystem("memory")
    for name in ("a.parquet", "b.parquet"):
        memory.pipe(f"/shards/{name}", b"bytes of " + name.encode())
    for spec in ("memory://shards", "memory://shards/*.parquet"):
        files = expand([spec])
        assert [file.uri.rsplit("/", 2)[1:] for file in files] == [
            ["shards", "a.parquet"],
            ["shards", "b.parquet"],
        ]
        assert files[0].size == len(b"bytes of a.parquet")
    with files[0].open() as stream:
        assert stream.read() == b"bytes of a.parquet"
    with pytest.raises(SourceError, match="no shards there"):
        expand(["memory://elsewhere"])


class StubbornFileSystem(fsspec.AbstractFileSystem):
    """Lists one file, and fails in its own way when it is read."""

    protocol = "stubborn"

    def exists(self, path, **_):
        if "forbidden" in path:
            raise RuntimeError("no credentials found")
        return True

    def isdir(self, path):
        return False

    def info(self, path, **_):
        return {"name": path, "size": 100, "type": "file"}

    def _open(self, path, *_, **__):
        raise ValueError("range requests are not supported")


def test_errors_of_remote_file_systems_are_explained(home):
    from audit.datasets.ingest import ingest

    fsspec.register_implementation("stubborn", StubbornFileSystem, clobber=True)
    with pytest.raises(SourceError, match=r"forbidden: cannot be listed \(no credentials found"):
        expand(["stubborn://forbidden"])
    with pytest.raises(SourceError, match="range requests are not supported"):
        ingest(["stubborn://a.parquet"], "d", home=home)


def test_unknown_protocol_is_refused():
    with pytest.raises(SourceError) as error:
        expand(["quux://bucket/a.parquet"])
    assert "quux://bucket/a.parquet" in error.value.message
