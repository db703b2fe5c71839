"""After removing n samples every number falls by exactly n."""

from __future__ import annotations

import json
import os

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import audit as package
from audit.captions.phrases import fold_concepts
from audit.concepts import Concept
from audit.counts.by_caption import count_by_caption
from audit.counts.named import named_samples
from audit.datasets.conditions import Condition
from audit.datasets.home import Home
from audit.datasets.ingest import ingest
from audit.datasets.overview import overview
from audit.errors import StorageError, UsageError
from audit.fetching.selection import Candidates, Selection, choose
from audit.removal.finding import find_samples
from audit.removal.removing import carry_out, find_removal, plan_removal, take_back
from audit.removal.wanted import Wanted

ROWS = 300
REASON = "request of the artist"


@pytest.fixture
def dataset(home, write_shard):
    """Two shards of 150 rows: row n has width n, one of three hosts, a license in turns."""
    paths = []
    for name, first in (("a", 0), ("b", 150)):
        numbers = range(first, first + 150)
        captions = [
            None if n % 50 == 7 else f"Monet {n}" if n % 3 == 0 else f"cat and Monet, {n}"
            for n in numbers
        ]
        paths.append(
            write_shard(
                f"{name}.parquet",
                captions,
                URL=[
                    None if n % 60 == 1 else f"https://host{n % 3}.example.org/{n // 2}"
                    for n in numbers
                ],
                WIDTH=list(numbers),
                LICENSE=[("?", "cc-by", None)[n % 3] for n in numbers],
                row_group_size=40,
            )
        )
    ingest([str(path) for path in paths], "d", home=home)
    return home.open("d")


def remove(home, dataset, where, **wanted):
    asked = Wanted(where=where, **wanted)
    plan = plan_removal(dataset, asked, find_samples(dataset, asked), REASON, "me")
    return carry_out(home, plan)


def rows_of(dataset, condition="true"):
    """What is in a dataset by independent SQL over its shards and the list of removed rows."""
    left = []
    for part in dataset.parts:
        query = (
            f"SELECT row FROM (SELECT *, row_number() OVER () - 1 AS row "
            f"FROM '{part.shard.uri}') WHERE {condition}"
        )
        rows = {row for (row,) in duckdb.sql(query).fetchall()}
        left += [(part.shard.ordinal, row) for row in rows - set(part.removed.tolist())]
    return left


GONE = "width in (0, 1, 7, 30, 33, 149, 150, 299)"
MANY = [Concept(f"{n}") for n in range(40)]


def test_samples_and_caption_counts_fall_by_exactly_n(home, dataset):
    before = count_by_caption(dataset, [Concept("Monet")], distinct="url")
    report = remove(home, dataset, GONE)
    now = home.open("d")
    after = count_by_caption(now, [Concept("Monet")], distinct="url")
    assert report.newly == 8
    assert now.coverage.samples == after.considered == 292
    # Row 7 has no caption, so that seven of the eight name the concept.
    assert after["Monet"].samples == before["Monet"].samples - 7
    expected = rows_of(now, "TEXT LIKE '%Monet%'")
    assert after["Monet"].samples == len(expected)
    assert after["Monet"].per_million == pytest.approx(len(expected) / 292 * 1e6)


@pytest.mark.parametrize("where", [None, "width < 200"])
@pytest.mark.parametrize("concepts", [[Concept("Monet")], MANY, [Concept("cat"), Concept("99")]])
@pytest.mark.parametrize("workers", [1, 2])
def test_every_way_of_counting_leaves_them_out(home, dataset, concepts, where, workers):
    if workers == 2 and len(concepts) == 2:
        pytest.skip("two ways in two processes are enough")
    remove(home, dataset, GONE)
    now = home.open("d")
    found = count_by_caption(now, concepts, where=where, workers=workers)
    inside = "WIDTH < 200" if where else "true"
    assert found.considered == len(rows_of(now, inside))
    for concept in concepts:
        word = rf"regexp_matches(TEXT, '(^|[^0-9a-zA-Z]){concept.name}($|[^0-9a-zA-Z])')"
        assert found[concept.name].samples == len(rows_of(now, f"{inside} AND {word}"))


def test_distinct_counts_are_of_what_is_left(home, dataset):
    remove(home, dataset, "width in (30, 31, 33)")
    now = home.open("d")
    left = set(rows_of(now, "TEXT LIKE '%Monet%'"))
    urls = []
    for part in now.parts:
        query = f"SELECT row_number() OVER () - 1, URL FROM '{part.shard.uri}'"
        urls += [
            url if url else (part.shard.ordinal, row)
            for row, url in duckdb.sql(query).fetchall()
            if (part.shard.ordinal, row) in left
        ]
    counted = count_by_caption(now, [Concept("Monet")], distinct="url")
    assert counted["Monet"].distinct == len(set(urls))


def test_examples_are_of_what_is_left(home, dataset):
    remove(home, dataset, "width >= 5")
    (count,) = count_by_caption(home.open("d"), [Concept("Monet")], examples=50).counts
    assert sorted(example.row for example in count.examples) == [0, 1, 2, 3, 4]


def test_show_tells_of_what_is_left(home, dataset):
    remove(home, dataset, GONE)
    now = home.open("d")
    told = overview(now)
    shards = " UNION ALL ".join(
        f"(SELECT *, {part.shard.ordinal} AS s, row_number() OVER () - 1 AS r "
        f"FROM '{part.shard.uri}')"
        for part in now.parts
    )
    left = f"(SELECT * FROM ({shards}) WHERE WIDTH NOT IN (0, 1, 7, 30, 33, 149, 150, 299))"

    def ask(query):
        return duckdb.sql(query.format(left=left)).fetchall()

    assert told.stats.rows == 292 == ask("SELECT count(*) FROM {left}")[0][0]
    assert told.stats.null_captions == ask("SELECT count(*) - count(TEXT) FROM {left}")[0][0]
    assert told.stats.null_urls == ask("SELECT count(*) - count(URL) FROM {left}")[0][0]
    assert told.distinct_urls["value"] == ask("SELECT count(DISTINCT URL) FROM {left}")[0][0]
    licenses = dict(ask("SELECT LICENSE, count(*) FROM {left} GROUP BY LICENSE"))
    assert dict(told.licenses[0]) == licenses
    hosts = dict(ask("SELECT split_part(URL, '/', 3), count(*) FROM {left} GROUP BY 1"))
    assert dict(told.hosts[0]) == hosts
    assert told.coverage.describe() == "all 2 shards, 292 samples; 8 removed on request"


def test_conditions_and_keys_leave_them_out(home, dataset):
    remove(home, dataset, GONE)
    now = home.open("d")
    rows = [
        row
        for batch in Condition("width < 40", now).batches(now.parts[0], ["width"])
        for row in batch["file_row_number"].to_pylist()
    ]
    assert sorted(rows) == [n for n in range(40) if n not in (0, 1, 7, 30, 33)]
    phrases, _ = fold_concepts([Concept("Monet")])
    for where in (None, "true"):
        found = named_samples(now, phrases, where)
        assert found.considered == 292
        assert len(found.named[0]) == len(rows_of(now, "TEXT LIKE '%Monet%'"))
        assert not now.removed.holds(found.named[0]).any()


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(sample=1000),
        Selection(concepts=(Concept("Monet"),)),
        Selection(concepts=(Concept("Monet"),), where="width < 200"),
        Selection(where="width < 200"),
        Selection(where="width < 200", sample=500),
    ],
)
def test_no_removed_sample_is_chosen_to_be_fetched(home, dataset, selection):
    before = choose(Candidates(dataset, selection), selection)
    remove(home, dataset, GONE)
    now = home.open("d")
    candidates = Candidates(now, selection)
    after = choose(candidates, selection)
    inside = ["WIDTH < 200"] if selection.where else []
    inside += ["TEXT LIKE '%Monet%'"] if selection.concepts else []
    expected = rows_of(now, " AND ".join(inside) or "true")
    assert after.population == after.count == len(expected)
    chosen = [
        (part.shard.ordinal, row)
        for part in now.parts
        for row in after.rows(part, candidates).tolist()
    ]
    assert sorted(chosen) == sorted(expected)
    # What was chosen before the removal is not fetched after it either.
    later = [row for part in now.parts for row in before.rows(part, candidates).tolist()]
    assert len(later) == len(expected)


def test_the_same_removal_again_looks_at_what_is_new(home, dataset, write_shard):
    remove(home, dataset, None, captions=("cat and Monet",))
    ingest([str(write_shard("c.parquet", ["cat and Monet, 7", "x"]))], "d", home=home, add=True)
    now = home.open("d")
    assert "is new or has changed since removal 0001" in now.coverage.describe()
    report = remove(home, now, None, captions=("cat and Monet",))
    assert report.newly == 1
    assert home.open("d").coverage.removal_remarks == ()


def test_taking_back_restores_every_number(home, dataset):
    before = overview(dataset).to_dict()
    remove(home, dataset, GONE)
    remove(home, dataset, "width < 10")
    report = take_back(home.open("d"), home, "1", "by mistake", "me")
    now = home.open("d")
    assert now.coverage.samples == 290
    assert report.newly == -5  # 0, 1 and 7 stay removed: the other removal took them too
    assert find_removal(now, "0001").withdrawn.reason == "by mistake"
    take_back(now, home, "2", "by mistake", "me")
    assert overview(home.open("d")).to_dict() == before


def test_taking_back_twice_or_what_is_not_there_is_refused(home, dataset):
    remove(home, dataset, GONE)
    take_back(dataset, home, "0001", "by mistake", "me")
    with pytest.raises(UsageError, match="taken back already"):
        take_back(dataset, home, "1", "again", "me")
    with pytest.raises(UsageError, match="has no removal") as error:
        take_back(dataset, home, "7", "why not", "me")
    assert "0001" in error.value.hint
    with pytest.raises(UsageError, match="No reason"):
        take_back(dataset, home, "1", "  ", "me")


def test_numbers_before_and_after_are_what_counting_says(home, dataset):
    asked = Wanted(concepts=(Concept("cat"),), where="width < 100")
    plan = plan_removal(dataset, asked, find_samples(dataset, asked), REASON, "me")
    assert not plan.done
    assert home.open("d").coverage.samples == 300
    report = carry_out(home, plan)
    told = {change.what: (change.before, change.after) for change in report.changes}
    now = home.open("d")
    cats = [count_by_caption(one, [Concept("cat")])["cat"].samples for one in (dataset, now)]
    assert told["samples"] == (300, now.coverage.samples)
    assert told["samples that name 'cat'"] == tuple(cats)
    assert cats[0] - cats[1] == report.newly == report.removal.samples
    assert told["distinct URLs"] == tuple(
        overview(one).distinct_urls["value"] for one in (dataset, now)
    )


def test_a_removal_keeps_why_who_and_what_it_was_found_by(home, dataset):
    report = remove(home, dataset, "width < 3", urls=("https://host0.example.org/0",))
    (kept,) = home.open("d").removed.removals
    assert (kept.reason, kept.who, kept.samples) == (REASON, "me", 1)
    assert kept.selector["urls"] == ["https://host0.example.org/0"]
    assert kept.selector["where"] == "width < 3"
    assert kept.table.to_pylist()[0]["row"] == 0
    assert json.loads(json.dumps(report.to_dict()))["schema"] == "audit.removal/1"


def test_nothing_is_removed_without_a_reason_or_a_sample(home, dataset):
    asked = Wanted(captions=("nobody",))
    found = find_samples(dataset, asked)
    with pytest.raises(UsageError, match="No reason"):
        plan_removal(dataset, asked, found, " \n", "me")
    with pytest.raises(UsageError, match="Nothing was found"):
        carry_out(home, plan_removal(dataset, asked, found, REASON, "me"))
    assert not (dataset.folder / "removed").exists()


def test_a_dataset_that_changed_since_the_search_is_not_touched(home, dataset, write_shard):
    asked = Wanted(where="width < 10")
    plan = plan_removal(dataset, asked, find_samples(dataset, asked), REASON, "me")
    ingest([str(write_shard("a.parquet", ["x"] * 20))], "d", home=home)
    with pytest.raises(StorageError, match="in the meantime"):
        carry_out(home, plan)
    assert home.open("d").coverage.removed == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_cannot_be_written_is_an_error(home, dataset):
    dataset.folder.chmod(0o500)
    try:
        with pytest.raises(StorageError, match="cannot write"):
            remove(home, dataset, GONE)
    finally:
        dataset.folder.chmod(0o700)
    assert home.open("d").coverage.samples == 300


def test_a_notebook_that_is_open_sees_what_others_remove(home, dataset):
    opened = package.open("d", home=home.path)
    assert opened.count("Monet").considered == 300
    remove(Home(home.path), dataset, GONE)
    assert opened.count("Monet").considered == 292
    assert opened.coverage.removed == 8


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_set_of_rows_is_left_out(tmp_path_factory, data):
    """Random rows of a small dataset, in several removals, against plain sets."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path_factory.mktemp("any")
    home = Home(folder / "home")
    pq.write_table(
        pa.table({"TEXT": [f"cat {n}" for n in range(30)], "WIDTH": list(range(30))}),
        folder / "a.parquet",
    )
    ingest([str(folder / "a.parquet")], "d", home=home)
    gone = set()
    for _ in range(data.draw(st.integers(1, 3))):
        rows = data.draw(st.sets(st.integers(0, 29), min_size=1))
        remove(home, home.open("d"), f"width in ({', '.join(map(str, rows))})")
        gone |= rows
    now = home.open("d")
    assert now.removed.rows(0).tolist() == sorted(gone)
    result = count_by_caption(now, [Concept("cat"), *MANY[:6]])
    assert result["cat"].samples == result.considered == 30 - len(gone)
    for n in range(6):
        assert result[str(n)].samples == (n not in gone)
    assert np.isin(np.arange(30), now.removed.rows(0)).sum() == len(gone)


def test_removals_that_were_planned_on_one_state_tell_what_each_does(home, dataset):
    """The second is carried out after the first: its numbers are those of that moment."""
    plans = []
    for where in ("width in (60, 62)", "width in (62, 64)", "width in (66, 68)"):
        asked = Wanted(concepts=(Concept("Monet"),), where=where)
        plans.append(plan_removal(dataset, asked, find_samples(dataset, asked), REASON, "me"))
    before = home.open("d")
    for plan, newly in zip(plans, (2, 1, 2), strict=True):
        report = carry_out(home, plan)
        after = home.open("d")
        assert report.newly == newly
        assert {one.what: (one.before, one.after) for one in report.changes} == {
            "samples": (before.coverage.samples, after.coverage.samples),
            "distinct URLs": tuple(overview(one).distinct_urls["value"] for one in (before, after)),
            "samples that name 'Monet'": tuple(
                count_by_caption(one, [Concept("Monet")])["Monet"].samples
                for one in (before, after)
            ),
        }
        assert report.found.already_removed == 2 - newly
        before = after
    assert report.found.coverage.removals == ("0001", "0002")
