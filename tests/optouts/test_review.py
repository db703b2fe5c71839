"""A review of a dataset: counts against independent SQL, rows with reasons, sidecars, samples."""

from __future__ import annotations

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import audit as package
from audit.concepts import Concept
from audit.datasets.home import Home
from audit.errors import ColumnError, ConditionError, SourceError, UsageError
from audit.optouts import review_optouts

#: (X-Robots-Tag, tdm-reservation, Data Mining) and what follows for generative training, by hand.
KINDS = [
    (None, None, None, "unknown"),
    ("noai", None, None, "denied"),
    ("NOINDEX", "0", None, "unknown"),
    ("", "1", "DMI-ALLOWED", "denied"),
    (None, "0", "DMI-ALLOWED", "allowed"),
    ("gptbot: noai", None, None, "denied"),
    ("somebot: noai", None, "DMI-ALLOWED", "allowed"),
    ("unknownword", "7", "DMI-ALLOWED", "unknown"),
    (None, None, "DMI-PROHIBITED-AIMLTRAINING", "denied"),
]


@pytest.fixture
def dataset(write_shard, audit):
    """Two shards of 300 rows each: the kinds in turn, every third caption with a cat."""
    for number in range(2):
        picked = [KINDS[(row * 7 + number) % len(KINDS)] for row in range(300)]
        write_shard(
            f"{number}.parquet",
            [f"a {'cat' if row % 3 == 0 else 'dog'} {row}" for row in range(300)],
            x_robots_tag=pa.array([kind[0] for kind in picked], pa.string()),
            tdm_reservation=pa.array([kind[1] for kind in picked], pa.string()),
            data_mining=pa.array([kind[2] for kind in picked], pa.string()),
            crawl_date=[f"2024-0{1 + row % 9}-01" for row in range(300)],
            expected=[kind[3] for kind in picked],
        )
    folder = write_shard("x.parquet", [], x_robots_tag=pa.array([], pa.string())).parent
    (folder / "x.parquet").unlink()
    assert audit("ingest", folder, "--name", "made").code == 0
    return Home().open("made")


def expected(dataset, condition="true"):
    """What the made column says, counted by DuckDB at the source."""
    folder = dataset.parts[0].shard.uri.rpartition("/")[0]
    rows = duckdb.sql(
        f"SELECT expected, count(*) FROM '{folder}/*.parquet' WHERE {condition} GROUP BY ALL"
    ).fetchall()
    return dict(rows)


def counts(review, use="generative-training"):
    count = review.count(use)
    found = {name: getattr(count, name) for name in ("denied", "allowed", "unknown")}
    return {name: n for name, n in found.items() if n}


def test_counts_are_those_made_by_hand(dataset):
    review = review_optouts(dataset)
    assert counts(review) == expected(dataset)
    assert review.samples == 600
    assert review.columns == ("x_robots_tag", "tdm_reservation", "data_mining")
    for count in review.uses:
        assert count.samples == 600


def test_signals_are_counted_and_dated(dataset):
    review = review_optouts(dataset)
    folder = dataset.parts[0].shard.uri.rpartition("/")[0]
    (noai,) = [s for s in review.signals if s.reader == "x-robots-tag" and s.agent == "gptbot"]
    known = duckdb.sql(
        f"SELECT count(*), min(crawl_date), max(crawl_date) FROM '{folder}/*.parquet' "
        "WHERE x_robots_tag = 'gptbot: noai'"
    ).fetchall()[0]
    assert (noai.samples, noai.first_seen, noai.last_seen) == known
    assert noai.counts
    assert noai.values == (("gptbot: noai", known[0]),)
    (other,) = [s for s in review.signals if s.agent == "somebot"]
    assert not other.counts


def test_a_concept_and_a_condition_narrow_it(dataset):
    cats = review_optouts(dataset, concepts=[Concept("cat")])
    assert counts(cats) == expected(dataset, "TEXT LIKE '%cat%'")
    denied = review_optouts(dataset, where="x_robots_tag = 'noai'")
    assert counts(denied) == {"denied": denied.samples}
    with pytest.raises(ConditionError):
        review_optouts(dataset, where="no_such_column = 1")


def test_rows_are_the_first_with_what_decided(dataset):
    review = review_optouts(dataset, rows="denied", limit=5)
    folder = dataset.parts[0].shard.uri.rpartition("/")[0]
    known = duckdb.sql(
        f"SELECT file_row_number, URL, crawl_date FROM read_parquet('{folder}/0.parquet', "
        "file_row_number=true) WHERE expected = 'denied' ORDER BY 1 LIMIT 5"
    ).fetchall()
    assert [(row.row, row.url) for row in review.rows] == [(row, url) for row, url, _ in known]
    for row in review.rows:
        assert row.verdict.answer == row.verdict.signal.answer == "denied"
        assert row.verdict.reason
        assert row.seen
    frame = review.to_polars()
    assert frame["answer"].unique().to_list() == ["denied"]


def test_all_rows_of_a_finding_can_be_had(dataset):
    review = review_optouts(dataset, rows="unknown", limit=1000)
    assert len(review.rows) == expected(dataset)["unknown"]


def test_rows_are_trimmed_while_parts_add_up(dataset, monkeypatch):
    from audit.optouts import review

    most = []
    absorb = review.PartTally.absorb

    def watched(self, other):
        most.append(len(self.rows))
        absorb(self, other)

    monkeypatch.setattr(review.PartTally, "absorb", watched)
    rows = review_optouts(dataset, rows="unknown", limit=1).rows
    assert [row.row for row in rows] == [0]
    assert max(most) <= 4
    everything = review_optouts(dataset, rows="unknown", limit=None).rows
    assert len(everything) == expected(dataset)["unknown"]


def test_rows_without_any_signal_say_so(dataset):
    review = review_optouts(dataset, rows="unknown", where="x_robots_tag IS NULL", limit=1)
    assert "no permission" in review.rows[0].verdict.reason
    assert review.rows[0].seen is None


def test_a_sample_is_the_one_drawn_by_its_seed(dataset):
    first, again, other = (review_optouts(dataset, sample=50, seed=s) for s in (1, 1, 2))
    assert first.samples == 50
    assert first.sample.population == 600
    assert counts(first) == counts(again) != counts(other)
    low, high = first.sample.interval(first.count("generative-training").denied)
    assert low <= expected(dataset)["denied"] / 600 <= high


def test_a_sidecar_is_joined_by_url(dataset, tmp_path):
    path = tmp_path / "signals.parquet"
    urls = [f"https://0.example.org/{row}.jpg" for row in range(0, 300, 9)]
    pl.DataFrame(
        {"URL": [*urls, "https://elsewhere/x.jpg", None], "X_Robots_Tag": ["noai"] * (len(urls) + 2),
         "checked_at": ["2026-01-02T00:00:00+00:00"] * (len(urls) + 2)}
    ).write_parquet(path)  # fmt: skip
    review = review_optouts(dataset, sidecars=[path], rows="denied", limit=1000)
    before = review_optouts(dataset, rows="denied", limit=1000)
    place = {(row.shard, row.row) for row in before.rows}
    there = {(dataset.parts[0].shard.uri, row) for row in range(0, 300, 9)}
    assert {(row.shard, row.row) for row in review.rows} == place | there
    assert "2026-01-02T00:00:00+00:00" in {row.seen for row in review.rows}


def test_of_a_url_that_was_checked_twice_the_newest_values_hold(dataset, tmp_path):
    url = "https://0.example.org/0.jpg"
    for name, when, tag, mining in [
        ("a", "2026-01-01", "noai", None),
        ("b", "2026-02-01", "", None),
        ("c", "2025-01-01", "noai", "DMI-PROHIBITED"),
    ]:
        pl.DataFrame(
            {"url": [url], "x_robots_tag": [tag], "data_mining": [mining], "checked_at": [when]},
            schema_overrides={"data_mining": pl.String},
        ).write_parquet(tmp_path / f"{name}.parquet")
    files = [tmp_path / f"{name}.parquet" for name in "abc"]
    where = "x_robots_tag IS NULL AND data_mining IS NULL AND tdm_reservation IS NULL"
    review = review_optouts(dataset, where=where, sidecars=files)
    (signal,) = review.signals
    assert (signal.reader, signal.samples) == ("iptc-data-mining", 1)
    review = review_optouts(dataset, where=where, sidecars=files[:1])
    assert [(s.reader, s.samples) for s in review.signals] == [("x-robots-tag", 1)]


SILENT = "x_robots_tag IS NULL AND data_mining IS NULL AND tdm_reservation IS NULL"
OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # Each file: what it says for generative training, and when it was seen
        ([("n", OLD), ("y", NEW)], "allowed"),
        ([("y", OLD), ("n", NEW)], "denied"),
        ([("n", OLD), ("error: timeout", NEW)], "denied"),
        ([("y", OLD), ("error: timeout", NEW)], "unknown"),
        ([("error: timeout", OLD), ("y", NEW)], "allowed"),
        ([("y", OLD), ("Error: timeout", OLD)], "unknown"),
        ([("n", None), ("y", None)], "denied"),
        ([("n", OLD), ("y", OLD)], "denied"),
        ([("n", None), ("y", NEW)], "denied"),
        ([("y", None), ("error: timeout", NEW)], "unknown"),
        ([("n", "yesterday"), ("y", "1971-01-01")], "denied"),
        ([("n", OLD), ("", NEW)], "unknown"),
        ([("n", OLD), (None, NEW)], "denied"),
        ([("n", "2026-01-01T10:00:00+02:00"), ("y", "2026-01-01T09:00:00Z")], "allowed"),
    ],
)
@pytest.mark.parametrize("layout", ["rows", "files", "backwards", "different"])
def test_what_holds_of_several_values_of_a_url(dataset, tmp_path, files, expected, layout):
    url = "https://0.example.org/0.jpg"
    told = [
        {"url": url, "checked_at": when,
         "http_headers": f"Content-Usage: train-ai={said}" if said in ("y", "n") else said}
        for said, when in files
    ]  # fmt: skip
    texts = {"url": pl.String, "checked_at": pl.String, "http_headers": pl.String}
    frames = [pl.DataFrame(told, schema=texts)]
    if layout != "rows":
        frames = frames[0].partition_by("url", "checked_at", "http_headers")
        frames = frames[::-1] if layout == "backwards" else frames
    if layout == "different":
        frames[-1] = frames[-1].with_columns(robots_txt=pl.lit("allowed"))
    paths = [tmp_path / f"{place}.parquet" for place in range(len(frames))]
    for frame, path in zip(frames, paths, strict=True):
        frame.write_parquet(path)
    count = review_optouts(dataset, where=SILENT, sidecars=paths).count("generative-training")
    before = review_optouts(dataset, where=SILENT).count("generative-training")
    changed = {name: getattr(count, name) - getattr(before, name) for name in ("denied", "allowed")}
    assert changed == {name: int(name == expected) for name in changed}


def test_many_urls_that_are_there_twice_are_united_in_turns(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr("audit.optouts.sidecars._AT_A_TIME", 50)
    urls = [f"https://{shard}.example.org/{row}.jpg" for shard in (0, 1) for row in range(300)]
    for name, tag in (("a", "noai"), ("b", "all")):
        frame = pl.DataFrame({"url": urls, "x_robots_tag": tag, "checked_at": OLD})
        (frame if tag == "noai" else frame[1:]).write_parquet(tmp_path / f"{name}.parquet")
    review = review_optouts(dataset, sidecars=[tmp_path / "a.parquet", tmp_path / "b.parquet"])
    assert counts(review) == {"denied": 600}
    assert {s.samples for s in review.signals if s.values[0] == ("all", 599)} == {599}


def test_names_of_columns_are_shown_so_that_they_move_no_cursor(dataset, tmp_path):
    pl.DataFrame({"\x1b[2J\u202eodd": ["x"]}).write_parquet(tmp_path / "odd.parquet")
    with pytest.raises(ColumnError) as raised:
        review_optouts(dataset, sidecars=[tmp_path / "odd.parquet"])
    assert r"\x1b[2J\u202eodd" in raised.value.hint


def test_headers_that_could_not_be_had_are_unknown(write_shard, audit):
    shard = write_shard(
        "e.parquet",
        ["a"] * 3,
        http_headers=["error: timeout", "Date: 1", None],
        tdm_reservation=["0"] * 3,
    )
    audit("ingest", shard, "--name", "failed")
    assert counts(review_optouts(Home().open("failed")), "mining") == {"allowed": 2, "unknown": 1}


def test_the_pages_of_images_may_be_given(dataset, tmp_path):
    url = "https://0.example.org/0.jpg"
    before = review_optouts(dataset, where=SILENT).count("training").denied
    for page, more in [
        ('<html><head><meta name="robots" content="noai">', 1),
        ('<meta content="nofollow" name="GPTBot" content="noai">', 1),
        ('<meta name="tdm-reservation" content="1">', 1),
        ("<meta name='somebot' content='noai'>", 0),
    ]:
        pl.DataFrame({"url": [url], "page_html": [page]}).write_parquet(tmp_path / "p.parquet")
        review = review_optouts(dataset, where=SILENT, sidecars=[tmp_path / "p.parquet"])
        assert review.count("training").denied == before + more, page
        assert {s.source for s in review.signals} == ({"meta"} if more else set())


def test_pages_may_be_a_column_of_the_dataset(write_shard, audit):
    pages = ['<meta name="robots" content="noai">', '<meta name="x" content="noai">', None]
    shard = write_shard("pages.parquet", ["x"] * 3, page_html=pa.array(pages, pa.string()))
    audit("ingest", shard, "--name", "pages")
    review = review_optouts(Home().open("pages"))
    assert review.columns == ("page_html",)
    assert counts(review, "training") == {"denied": 1, "unknown": 2}


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ({"link": ["x"], "x_robots_tag": ["noai"]}, ColumnError),
        ({"url": ["x"], "other": ["noai"]}, ColumnError),
        ({"url": [1], "x_robots_tag": ["noai"]}, ColumnError),
    ],
)
def test_sidecars_that_are_none_are_refused(dataset, tmp_path, columns, error):
    pl.DataFrame(columns).write_parquet(tmp_path / "odd.parquet")
    with pytest.raises(error, match=r"odd\.parquet"):
        review_optouts(dataset, sidecars=[tmp_path / "odd.parquet"])


def test_sidecars_that_are_gone_or_damaged_are_refused(dataset, tmp_path):
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(b"PAR1 and no more")
    for path in (damaged, tmp_path / "gone.parquet"):
        with pytest.raises(SourceError, match=path.name):
            review_optouts(dataset, sidecars=[path])


def test_a_dataset_without_urls_takes_no_sidecar(write_shard, audit, tmp_path):
    shard = write_shard("bare.parquet", ["a"], URL=None)
    audit("ingest", shard, "--name", "bare")
    pl.DataFrame({"url": ["x"], "x_robots_tag": ["noai"]}).write_parquet(tmp_path / "s.parquet")
    with pytest.raises(UsageError, match="no URLs"):
        review_optouts(Home().open("bare"), sidecars=[tmp_path / "s.parquet"])
    review = review_optouts(Home().open("bare"))
    assert counts(review) == {"unknown": 1}
    assert review.with_signal == 0


def test_questions_that_are_wrong_are_refused(dataset):
    for wrong in ({"use": "train"}, {"rows": "maybe"}, {"limit": 0}, {"agents": ["a b"]}):
        with pytest.raises(UsageError):
            review_optouts(dataset, **wrong)


def test_headers_that_differ_in_every_row_are_counted(write_shard, audit):
    """Dates make all headers different; only those that speak of it are told apart."""
    headers = [
        f'{{"Date": "{row}", "X-Robots-Tag": "{"noai" if row % 4 == 0 else "nofollow"}"}}'
        if row % 2 == 0
        else f"Date: {row}\nServer: x"
        for row in range(1000)
    ]
    shard = write_shard("h.parquet", ["a"] * 1000, http_headers=headers)
    audit("ingest", shard, "--name", "headers")
    review = review_optouts(Home().open("headers"))
    assert counts(review) == {"denied": 250, "unknown": 750}


def test_parts_with_many_shards_add_up(dataset):
    """The whole is the sum of its shards, each reviewed by itself."""
    whole = review_optouts(dataset)
    parts = [review_optouts(dataset, where=f"url_hash % 7 = {rest}") for rest in range(7)]
    for use in ("mining", "training", "search"):
        total: dict[str, int] = {}
        for part in parts:
            for answer, n in counts(part, use).items():
                total[answer] = total.get(answer, 0) + n
        assert total == counts(whole, use)


def test_the_file_of_a_check_is_a_sidecar_of_any_dataset(dataset, tmp_path):
    from audit.optouts.network.asking import Checked
    from audit.optouts.network.store import CheckStore

    row = Checked("https://1.example.org/0.jpg", "2026-03-01T00:00:00+00:00", x_robots_tag="noml")
    CheckStore(tmp_path / "kept").add([row])
    (path,) = (tmp_path / "kept").glob("*.parquet")
    assert pq.read_schema(path).names[0] == "url"
    review = review_optouts(dataset, sidecars=[path])
    assert any(s.values[0][0] == "noml" for s in review.signals)


def test_a_damaged_part_is_named(dataset):
    path = dataset.parts[1].path
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SourceError, match=path.name):
        review_optouts(dataset)


def test_removed_samples_are_in_no_count_and_no_row(dataset, home):
    before = counts(review_optouts(dataset))
    gone = [f"https://{shard}.example.org/{row}.jpg" for shard in (0, 1) for row in (5, 6, 7, 299)]
    package.open("made", home=home.path).remove_samples(package.Wanted(urls=gone), reason="asked")
    kept = home.open("made")
    now = counts(review_optouts(kept))
    out = expected(kept, "split_part(URL, '/', 4) IN ('5.jpg', '6.jpg', '7.jpg', '299.jpg')")
    assert sum(before.values()) - sum(now.values()) == 8
    assert {key: before[key] - now[key] for key in before} == {k: out.get(k, 0) for k in before}
    rows = review_optouts(kept, rows="denied", limit=600).rows
    assert len(rows) == now["denied"]
    assert not {row.row for row in rows} & {5, 6, 7, 299}
