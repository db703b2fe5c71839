"""Ingest: what is written, what is redone, what is refused."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import audit as package
from audit.captions.folding import fold
from audit.datasets import ingest as ingest_module
from audit.datasets import parts, shard_job
from audit.datasets.dataset import Dataset
from audit.datasets.ingest import IngestListener, ingest
from audit.errors import DatasetExistsError, SourceError


def samples(dataset: Dataset) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in dataset.paths])


def modified(dataset: Dataset) -> dict[str, int]:
    return {path: os.stat(path).st_mtime_ns for path in dataset.paths}


def test_part_holds_the_shard_row_for_row(home, write_shard):
    shard = write_shard(
        "a.parquet",
        ["Van Gogh’s “Sunflowers”", None, "!!!", "Caf&eacute; &amp; Łódź"],
        URL=["https://User:pw@Example.ORG:8080/x.jpg", None, "not a url", "HTTP://b.org?x"],
        WIDTH=pa.array([512.0, float("nan"), None, 7.0]),
        LICENSE=["?", "cc-by", None, "?"],
        similarity=[0.25, 0.5, None, 1.0],
    )
    report = ingest([str(shard)], "d", home=home)
    rows = samples(home.open("d")).to_pydict()
    assert rows["caption"] == [" van gogh s sunflowers ", None, " ", " cafe lodz "]
    assert rows["host"] == ["example.org", None, None, "b.org"]
    assert rows["width"] == [512, None, None, 7]
    assert rows["license"] == ["?", "cc-by", None, "?"]
    assert rows["similarity"] == [0.25, 0.5, None, 1.0]
    assert rows["url_hash"][1] is None
    assert len(set(rows["url_hash"])) == 4
    assert (report.stats.rows, report.stats.null_captions, report.stats.wordless_captions) == (
        4,
        1,
        1,
    )
    assert report.stats.null_urls == 1
    assert report.stats.longest_caption == len("Van Gogh’s “Sunflowers”")


def test_url_hash_is_the_head_of_the_md5(home, write_shard):
    import hashlib

    shard = write_shard("a.parquet", ["x"], URL=["https://example.org/ü.jpg"])
    ingest([str(shard)], "d", home=home)
    digest = hashlib.md5("https://example.org/ü.jpg".encode()).digest()
    assert samples(home.open("d"))["url_hash"].to_pylist() == [int.from_bytes(digest[:8], "big")]


def test_second_run_does_nothing(home, write_shard):
    shard = write_shard("a.parquet", ["one", "two"])
    ingest([str(shard)], "d", home=home)
    before = modified(home.open("d"))
    report = ingest([str(shard)], "d", home=home)
    assert report.rows_read == 0
    assert report.plan.unchanged == 1
    assert modified(home.open("d")) == before


def test_only_new_and_changed_shards_are_read_again(home, write_shard):
    first = write_shard("a.parquet", ["one"])
    write_shard("b.parquet", ["two"])
    folder = str(first.parent)
    ingest([folder], "d", home=home)
    before = modified(home.open("d"))
    write_shard("b.parquet", ["two", "three"])
    write_shard("0.parquet", ["zero"])
    report = ingest([folder], "d", home=home)
    assert (report.plan.new, report.plan.changed, report.plan.unchanged) == (1, 1, 1)
    assert report.rows_read == 3
    after = modified(home.open("d"))
    assert [path for path in before if before[path] != after[path]] == [home.open("d").paths[1]]
    assert samples(home.open("d"))["caption"].to_pylist() == [" one ", " two ", " three ", " zero "]


def test_shard_that_is_gone_is_reported_and_its_part_is_kept(home, write_shard):
    first = write_shard("a.parquet", ["one"])
    second = write_shard("b.parquet", ["two"])
    ingest([str(first.parent)], "d", home=home)
    second.unlink()
    report = ingest([str(first.parent)], "d", home=home)
    assert report.plan.gone == [str(second)]
    assert home.open("d").coverage.rows == 2
    assert [s.gone for s in home.open("d").manifest.shards] == [False, True]


def test_unreadable_shard_is_recorded_and_read_once_it_is_repaired(home, write_shard):
    good = write_shard("a.parquet", ["one"])
    bad = good.with_name("b.parquet")
    bad.write_bytes(b"PAR1 this is no parquet")
    report = ingest([str(good.parent)], "d", home=home)
    assert [uri for uri, _ in report.failures] == [str(bad)]
    assert str(bad) in report.failures[0][1]
    coverage = home.open("d").coverage
    assert (coverage.read_shards, coverage.shards, coverage.unread_rows) == (1, 2, None)
    assert not coverage.complete
    write_shard("b.parquet", ["two"])
    report = ingest([str(good.parent)], "d", home=home)
    assert report.failures == []
    assert home.open("d").coverage.complete


def test_shard_of_which_nothing_was_ingested_is_no_part_of_the_dataset_once_it_is_gone(
    home, write_shard
):
    good = write_shard("a.parquet", ["one"])
    bad = good.with_name("b.parquet")
    bad.write_bytes(b"PAR1 this is no parquet")
    last = write_shard("c.parquet", ["three"])
    folder = str(good.parent)
    ingest([folder], "d", home=home)
    bad.unlink()
    last.unlink()
    report = ingest([folder], "d", home=home)
    assert (report.plan.gone, report.plan.dropped) == ([str(last)], [str(bad)])
    coverage = home.open("d").coverage
    assert (coverage.shards, coverage.rows, coverage.complete) == (2, 2, True)
    assert ingest([folder], "d", home=home).plan.dropped == [], "it is told once"

    write_shard("d.parquet", ["four"])
    write_shard("b.parquet", ["two"])  # it is back, and its ordinal was not given away
    assert ingest([folder], "d", home=home).plan.new == 2
    opened = home.open("d")
    assert opened.coverage.shards == 4
    assert [Path(part.shard.uri).name for part in opened.parts] == [
        "a.parquet", "b.parquet", "c.parquet", "d.parquet",
    ]  # fmt: skip
    assert samples(opened)["caption"].to_pylist() == [" one ", " two ", " three ", " four "]


def test_same_folder_with_an_unchanged_broken_shard_tries_it_again(home, write_shard):
    good = write_shard("a.parquet", ["one"])
    good.with_name("b.parquet").write_bytes(b"nothing")
    ingest([str(good.parent)], "d", home=home)
    assert ingest([str(good.parent)], "d", home=home).plan.retried == 1


def test_rows_of_a_shard_that_breaks_off_are_known(home, write_shard, tmp_path):
    whole = write_shard("a.parquet", [f"caption {i} " + "x" * 200 for i in range(5000)],
                        row_group_size=1000)  # fmt: skip
    data = bytearray(whole.read_bytes())
    damaged = whole.with_name("b.parquet")
    data[2000:60000] = bytes(58000)  # pages wiped, footer intact
    damaged.write_bytes(data)
    report = ingest([str(whole.parent)], "d", home=home)
    assert [uri for uri, _ in report.failures] == [str(damaged)]
    coverage = home.open("d").coverage
    assert (coverage.rows, coverage.unread_rows) == (5000, 5000)
    assert not list((home.folder("d") / "samples").glob("*unfinished*"))


def test_name_of_other_sources_is_refused_unless_added(home, write_shard):
    first = write_shard("a.parquet", ["one"])
    other = write_shard("b.parquet", ["two"])
    ingest([str(first)], "d", home=home)
    with pytest.raises(DatasetExistsError) as error:
        ingest([str(other)], "d", home=home)
    assert str(first) in error.value.message
    assert "--add" in error.value.hint
    assert home.open("d").coverage.rows == 1
    ingest([str(other)], "d", home=home, add=True)
    assert home.open("d").coverage.rows == 2


def test_other_columns_for_the_same_name_are_refused(home, write_shard):
    shard = write_shard("a.parquet", ["one"], alternative=["two"])
    ingest([str(shard)], "d", home=home)
    with pytest.raises(DatasetExistsError, match="caption was 'TEXT', now 'alternative'"):
        ingest([str(shard)], "d", home=home, columns={"caption": "alternative"})


def test_columns_said_once_hold_for_every_later_run(home, write_shard):
    shard = write_shard("b.parquet", ["van gogh"], caption=["monet"], LICENSE=["?"], year=[1889])
    asked = {"columns": {"caption": "TEXT"}, "keep": ["year"]}
    ingest([str(shard)], "d", home=home, **asked)
    write_shard("a.parquet", ["gauguin"], caption=["manet"])
    for repeated in ({}, asked):
        ingest([str(shard.parent)], "d", home=home, **repeated)
        assert samples(home.open("d"))["caption"].to_pylist() == [" van gogh ", " gauguin "]
    assert samples(home.open("d"))["year"].to_pylist() == [1889, None]
    with pytest.raises(DatasetExistsError, match="'page' was not kept"):
        ingest([str(shard.parent)], "d", home=home, keep=["page"])


def test_leftovers_of_a_killed_run_are_cleared(home, write_shard):
    shard = write_shard("a.parquet", ["one"])
    ingest([str(shard)], "d", home=home)
    for place in (home.folder("d"), home.folder("d") / "samples"):
        (place / "x.unfinished-1").write_bytes(b"half")
    ingest([str(shard)], "d", home=home)
    assert not list(home.folder("d").rglob("*.unfinished-*"))


def test_nothing_is_left_where_no_shard_can_be_read(home, tmp_path):
    for name in ("a.parquet", "b.parquet"):
        (tmp_path / name).write_bytes(b"no parquet")
    with pytest.raises(
        SourceError, match=r"None of the 2 shards can be read. The first: .*a.parquet"
    ):
        ingest([str(tmp_path / "*.parquet")], "d", home=home)
    assert home.names() == []


def test_part_made_before_a_crash_is_adopted(home, write_shard):
    shard = write_shard("a.parquet", ["one"])
    ingest([str(shard)], "d", home=home)
    before = modified(home.open("d"))
    manifest = home.folder("d") / "dataset.json"
    manifest.unlink()  # as if killed after the part was renamed and before the manifest
    report = ingest([str(shard)], "d", home=home)
    assert report.plan.unchanged == 1
    assert modified(home.open("d")) == before


def test_lost_part_is_made_again(home, write_shard):
    shard = write_shard("a.parquet", ["one"])
    ingest([str(shard)], "d", home=home)
    Path(home.open("d").paths[0]).unlink()
    with pytest.raises(SourceError, match="part of 'd' is missing"):
        home.open("d")
    ingest([str(shard)], "d", home=home)
    assert samples(home.open("d"))["caption"].to_pylist() == [" one "]


def test_parts_of_another_folding_version_are_made_again(home, write_shard):
    shard = write_shard("a.parquet", ["one"])
    ingest([str(shard)], "d", home=home)
    path = home.folder("d") / "dataset.json"
    path.write_text(path.read_text().replace('"folding_version": 1', '"folding_version": 0'))
    with pytest.raises(SourceError, match="folded by version 0"):
        home.open("d")


def test_processes_and_one_process_make_the_same_parts(home, write_shard):
    rng = np.random.default_rng(5)
    for name in "abc":
        words = rng.choice(["van", "gogh", "Łódź", "painting"], (300, 4))
        shard = write_shard(f"{name}.parquet", [" ".join(row) for row in words])
    ingest([str(shard.parent)], "one", home=home, workers=1)
    ingest([str(shard.parent)], "many", home=home, workers=2)
    assert samples(home.open("one")).equals(samples(home.open("many")))
    assert home.open("one").manifest.stats == home.open("many").manifest.stats


def test_two_ingests_of_the_same_dataset_wait_for_each_other(home, write_shard):
    for name in "abcd":
        shard = write_shard(f"{name}.parquet", ["one", "two"])
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(ingest, [str(shard.parent)], "d", home=home) for _ in range(2)]
        reports = [run.result() for run in runs]
    assert sorted(report.rows_read for report in reports) == [0, 8]
    assert home.open("d").coverage.rows == 8


def test_two_ingests_of_different_datasets_run_at_once(home, write_shard):
    shard = write_shard("a.parquet", ["one"])
    with home.locked("other"):
        waited = []
        listener = IngestListener(on_wait=lambda: waited.append(True))
        ingest([str(shard)], "d", home=home, listener=listener)
    assert waited == []


def test_interrupted_ingest_keeps_what_is_finished(home, write_shard, monkeypatch):
    for name in "abc":
        shard = write_shard(f"{name}.parquet", ["one"])
    make_part, calls = ingest_module.make_part, []

    def interrupted(job, on_batch):
        calls.append(job.shard.uri)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return make_part(job, on_batch)

    monkeypatch.setattr(ingest_module, "make_part", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ingest([str(shard.parent)], "d", home=home, workers=1)
    coverage = home.open("d").coverage
    assert (coverage.read_shards, coverage.shards) == (1, 3)
    assert ("not ingested yet") in dict(coverage.unread).values()
    report = ingest([str(shard.parent)], "d", home=home)
    assert (report.plan.unchanged, report.rows_read) == (1, 2)


def test_row_groups_of_a_part_stay_small(home, write_shard, monkeypatch):
    monkeypatch.setattr("audit.datasets.parts.GROUP_ROWS", 100)
    monkeypatch.setattr("audit.datasets.reading.BATCH_ROWS", 64)
    shard = write_shard("a.parquet", [f"caption {i}" for i in range(1000)])
    ingest([str(shard)], "d", home=home)
    metadata = pq.read_metadata(home.open("d").paths[0])
    assert metadata.num_rows == 1000
    assert max(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)) <= 128
    assert samples(home.open("d"))["caption"].to_pylist() == [f" caption {i} " for i in range(1000)]


def test_kept_column_can_be_read_under_its_name(home, write_shard):
    shard = write_shard("a.parquet", ["one"], year=[1889], license=None, Host=["mine"])
    ingest([str(shard)], "d", home=home, keep=["year", "host"])
    table = samples(home.open("d"))
    assert table["year"].to_pylist() == [1889]
    assert table["source_Host"].to_pylist() == ["mine"]  # `host` is the host of the URL
    assert set(home.open("d").columns) == set(table.column_names)


def test_kept_column_may_be_dictionary_encoded(home, write_shard):
    shard = write_shard("a.parquet", ["one", "two"], kind=pa.array(["a", "b"]).dictionary_encode())
    ingest([str(shard)], "d", home=home, keep=["kind"])
    assert samples(home.open("d"))["kind"].to_pylist() == ["a", "b"]


def test_shard_without_an_optional_column_has_nulls_there(home, write_shard):
    first = write_shard("a.parquet", ["one"], LICENSE=["?"])
    write_shard("b.parquet", ["two"])
    ingest([str(first.parent)], "d", home=home)
    assert samples(home.open("d"))["license"].to_pylist() == ["?", None]
    assert home.open("d").manifest.shards[1].absent_roles == ["license"]


@pytest.mark.parametrize(
    "type_",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.dictionary(pa.int32(), pa.string()),
    ],
    ids=str,
)
def test_captions_of_every_text_type_are_read(home, write_shard, type_):
    captions = pa.array(["Łódź", None]).cast(type_)
    shard = write_shard("a.parquet", ["", ""], TEXT=captions)
    ingest([str(shard)], "d", home=home)
    assert samples(home.open("d"))["caption"].to_pylist() == [" lodz ", None]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.none() | st.text(max_size=30), min_size=1, max_size=30))
def test_any_captions_survive_the_way_through_a_shard(home, write_shard, captions):
    clean = [c if c is None else c.encode("utf-8", "replace").decode() for c in captions]
    shard = write_shard("a.parquet", clean)
    shutil.rmtree(home.path, ignore_errors=True)
    ingest([str(shard)], "d", home=home)
    folded = samples(home.open("d"))["caption"].to_pylist()
    assert folded == [None if c is None else fold(c) for c in clean]


BLANK = ["", " ", "\t\n", "\u00a0", "\u200b", "\x00", "\u3000 "]


def test_a_blank_url_is_none(home, write_shard):
    urls = ["https://a.org/1", *BLANK, None, "no url", "https://a.org/1"]
    report = ingest([str(write_shard("a.parquet", ["x"] * len(urls), URL=urls))], "d", home=home)
    dataset = home.open("d")
    hashes = samples(dataset)["url_hash"].to_pylist()
    there = [url is not None and url not in BLANK for url in urls]
    assert [value is not None for value in hashes] == there
    assert report.stats.null_urls == there.count(False) == 8
    assert report.distinct_urls["value"] == 2
    assert samples(dataset)["host"].null_count == 9


def test_kept_columns_stand_beside_the_names_that_reading_gives(home, write_shard):
    """And beside each other."""
    shard = write_shard(
        "a.parquet",
        ["x", "y"],
        file_row_number=[7, 8],
        AUDIT_FILE=["p", "q"],
        filename=["f", "g"],
        source_file_row_number=[5, 6],
    )
    keep = ["file_row_number", "AUDIT_FILE", "filename", "source_file_row_number"]
    ingest([str(shard)], "d", home=home, keep=keep)
    rows = samples(home.open("d")).to_pydict()
    assert rows["source_source_file_row_number"] == [7, 8]
    assert rows["source_file_row_number"] == [5, 6]
    assert (rows["source_AUDIT_FILE"], rows["filename"]) == (["p", "q"], ["f", "g"])
    opened = package.open("d", home=home.path)
    report = opened.remove_samples(
        package.Wanted(where="source_source_file_row_number = 8"), reason="asked"
    )
    assert report.newly == 1
    assert opened.show().stats.rows == 1


def test_parts_with_a_name_that_is_reserved_now_are_made_anew(home, write_shard, monkeypatch):
    shard = write_shard("a.parquet", ["x"], file_row_number=[7])
    with monkeypatch.context() as before:
        before.setattr(parts, "RESERVED", frozenset())
        before.setattr(shard_job, "RESERVED", frozenset())
        ingest([str(shard)], "d", home=home, keep=["file_row_number"])
    assert samples(home.open("d")).column_names[-1] == "file_row_number"
    assert ingest([str(shard)], "d", home=home).rows_read == 1
    assert samples(home.open("d")).column_names[-1] == "source_file_row_number"
    assert ingest([str(shard)], "d", home=home).rows_read == 0


def test_the_hint_to_delete_a_dataset_says_what_goes_with_it(home, write_shard):
    ingest([str(write_shard("a.parquet", ["x"]))], "d", home=home)
    other = str(write_shard("b.parquet", ["y"]))
    with pytest.raises(DatasetExistsError) as error:
        ingest([other], "d", home=home)
    assert "audit removals export" not in error.value.hint
    package.open("d", home=home.path).remove_samples(
        package.Wanted(captions=("x",)), reason="asked"
    )
    for ask in ({"sources": [other]}, {"sources": [other], "add": True, "keep": ["WIDTH"]}):
        with pytest.raises(DatasetExistsError) as error:
            ingest(name="d", home=home, **ask)
        assert "`audit removals export FILE --dataset d`" in error.value.hint
