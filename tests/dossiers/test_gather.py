"""A report holds what the commands of their own answer, and the rows behind every figure."""

from __future__ import annotations

import json

import duckdb
import polars as pl
import pytest

import audit as package
from audit.concepts import Concept
from audit.counts.by_caption import count_by_caption
from audit.domains import count_domains
from audit.dossiers import ReportQuestion, gather_report
from audit.dossiers import gather as gathering
from audit.errors import AuditError, ConditionError
from audit.optouts import review_optouts
from audit.reviews.review import review_licenses
from audit.verdicts.flagging import Yardstick
from tests.dossiers.conftest import CONCEPTS


@pytest.fixture
def gather(dataset, tmp_path):
    folder = tmp_path / "gathered"

    def call(concepts=CONCEPTS, yardstick=None, **question):
        folder.mkdir()
        return gather_report(
            dataset, concepts, yardstick or Yardstick(), folder, ReportQuestion(**question)
        )

    call.folder = folder
    return call


def rows_behind(folder, figure):
    """How many rows a figure's own condition finds in its own file."""
    path = folder / figure["file"]
    query = f"SELECT count(*) FROM read_parquet('{path}') WHERE {figure['where']}"
    return duckdb.sql(query).fetchall()[0][0]


def figures(report):
    told = report.to_dict()
    for concept in told["concepts"]:
        yield from concept["evidence"]
    yield from told["evidence"]["figures"]


@pytest.mark.parametrize("where", [None, "license IS NOT NULL"])
def test_every_figure_has_its_rows(gather, where):
    report = gather(where=where)
    seen = list(figures(report))
    assert {figure["figure"].split(".")[0] for figure in seen} >= {"caption", "licenses", "optouts"}
    for figure in seen:
        assert rows_behind(gather.folder, figure) == figure["rows"], figure


def test_numbers_are_those_of_the_commands_of_their_own(gather, dataset):
    report = gather(on=None)
    count = count_by_caption(dataset, CONCEPTS, distinct="url")
    assert [d.number for d in report.dossiers] != [0, 1, 2, 3]  # by verdict, not as asked
    for number, concept in enumerate(CONCEPTS):
        dossier = report[concept.name]
        assert dossier.number == number
        assert dossier.caption.samples == count.counts[number].samples
        assert dossier.caption.distinct == count.counts[number].distinct
        review = review_licenses(dataset, concepts=[concept])
        assert dossier.licenses.to_dict() == review.concepts[0].to_dict()
        optouts = review_optouts(dataset, concepts=[concept])
        assert dossier.rows.with_signal == optouts.with_signal
        for use in optouts.uses:
            told = {"denied": use.denied, "allowed": use.allowed, "unknown": use.unknown}
            assert dossier.rows.optouts[use.use] == told
    assert report["Ada Lovelace"].caption.samples == 180  # 2 of 7 kinds of 630 rows
    assert report["Van Gogh"].caption.samples == 180
    assert report["Van Gogh"].caption.excluded == 90
    assert report.licenses.to_dict()["statuses"] == review_licenses(dataset).to_dict()["statuses"]
    assert report.domains.to_dict() == count_domains(dataset, at_most=100).to_dict()


def test_hosts_of_a_concept_are_those_of_its_samples(gather, shards):
    report = gather(hosts=4)
    expected = duckdb.sql(
        "SELECT regexp_extract(URL, '//([^/]*)', 1) AS host, count(*) AS n "
        f"FROM '{shards}/*.parquet' WHERE TEXT ILIKE '%cat %' GROUP BY host ORDER BY n DESC, host"
    ).fetchall()
    found = report["cat"].rows
    assert list(found.hosts) == expected[:4]
    assert found.different_hosts == len(expected) == 6
    assert found.with_host == sum(n for _, n in expected)


def test_evidence_tells_where_a_row_is_and_what_was_concluded(gather, shards):
    gather()
    evidence = pl.read_parquet(gather.folder / "samples.parquet")
    assert evidence["concept_number"].is_sorted()
    row = evidence.filter(concept="Van Gogh").row(0, named=True)
    source = pl.read_parquet(row["shard"]).row(row["row"], named=True)
    assert "Van Gogh" in source["TEXT"]
    assert row["license"] == source["LICENSE"]
    assert (row["url"], row["caption"]) == (source["URL"], source["TEXT"])
    concluded = dict(evidence.select("license", "concluded").unique().iter_rows())
    assert concluded["CC BY 4.0"] == "CC-BY-4.0"
    assert concluded["who knows"] == "NOASSERTION"
    unsafe = dict(
        evidence.join(_labels(shards), on=["shard", "row"]).select("NSFW", "unsafe").iter_rows()
    )
    assert unsafe == {"UNLIKELY": False, "UNSURE": None, "NSFW": True, None: None}


def _labels(shards):
    return pl.concat(
        pl.read_parquet(path).select(
            shard=pl.lit(str(path)), row=pl.int_range(pl.len(), dtype=pl.Int64), NSFW="NSFW"
        )
        for path in sorted(shards.glob("*.parquet"))
    )


def test_nothing_but_evidence_is_left_in_the_folder(gather):
    report = gather()
    assert sorted(path.name for path in gather.folder.iterdir()) == [
        "rows.parquet",
        "samples.parquet",
    ]
    assert [file.name for file in report.files] == ["samples.parquet", "rows.parquet"]
    assert [file.rows for file in report.files] == [540, 630]


def test_removed_samples_are_nowhere(gather, dataset, audit, tmp_path):
    assert (
        audit("remove-samples", "--host", "a0.example.org", "--yes", "--reason", "asked").code == 0
    )
    folder = tmp_path / "later"
    folder.mkdir()
    report = gather_report(package.open("made").dataset, CONCEPTS, Yardstick(), folder)
    hosts = pl.read_parquet(folder / "rows.parquet")["host"]
    assert len(hosts) == 630 - 105
    assert "a0.example.org" not in hosts.to_list()
    assert any("105 samples were removed on request" in limit for limit in report.limits)
    for figure in figures(report):
        assert rows_behind(folder, figure) == figure["rows"], figure


def test_a_dataset_too_large_for_its_rows_says_so(gather):
    report = gather(whole_rows=629)
    assert [file.name for file in report.files] == ["samples.parquet"]
    assert "629" in report.left_out[0]
    assert report.figures == ()


def test_without_concepts_it_is_about_the_dataset(gather, dataset):
    told = gather(()).to_dict()
    assert told["concepts"] == []
    assert told["count"] is None
    assert told["flags"] is None
    assert told["licenses"]["samples"] == 630
    json.dumps(told, allow_nan=False)


def test_a_concept_that_cannot_be_searched_is_unknown(gather):
    report = gather((*CONCEPTS, Concept("!!!")))
    assert report["!!!"].caption.samples is None
    assert report["!!!"].to_dict()["verdict"]["count"]["value"] is None
    assert not report["!!!"].gallery.images


def test_verdicts_are_those_of_the_yardstick(gather):
    report = gather(yardstick=Yardstick(threshold=(50, 100)))
    # A cat in lower case may mean anything: that is in its interval.
    verdicts = {d.concept.name: d.verdict.verdict for d in report.dossiers}
    assert verdicts == {
        "Ada Lovelace": "above", "Van Gogh": "above", "cat": "uncertain",
        "nowhere to be found": "below",
    }  # fmt: skip
    assert report.flags.tally["above"] == 2


def test_unread_shards_are_told(shards, audit, tmp_path):
    (shards / "x.parquet").write_bytes(b"PAR1 broken")
    audit("ingest", shards, "--name", "made")
    folder = tmp_path / "gathered"
    folder.mkdir()
    report = gather_report(package.open("made").dataset, CONCEPTS, Yardstick(), folder)
    assert any("1 of 4 shards was not read" in limit for limit in report.limits)
    assert report.to_dict()["concepts"][0]["caption"]["interval"][1] is None


def test_a_wrong_condition_leaves_nothing(gather):
    with pytest.raises(ConditionError):
        gather(where="no_such_column = 1")


def test_a_dataset_that_changes_meanwhile_is_refused(gather, monkeypatch):
    real = gathering.count_by_caption

    def fewer(dataset, concepts, **asked):
        return real(dataset, concepts, **{**asked, "where": "license IS NOT NULL"})

    monkeypatch.setattr(gathering, "count_by_caption", fewer)
    with pytest.raises(AuditError, match="was changed while it was read"):
        gather()


def test_draws_are_told_by_their_seed(gather, dataset, tmp_path):
    def examples(seed):
        folder = tmp_path / f"seed-{seed}"
        folder.mkdir()
        asked = ReportQuestion(seed=seed, examples=3)
        report = gather_report(dataset, CONCEPTS, Yardstick(), folder, asked)
        assert report.to_dict()["seeds"] == {"draws": seed}
        return [example.row for example in report["cat"].caption.examples]

    assert examples(1) != examples(2)


def test_of_too_many_rows_urls_and_captions_are_left_in_the_shards(gather):
    report = gather(text_rows=539)
    assert "url" not in pl.read_parquet(gather.folder / "samples.parquet").columns
    assert "samples.parquet is without URLs and captions" in report.left_out[0]
