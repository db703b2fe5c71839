"""Reviews of whole datasets: totals against independent SQL on the source shards."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa
import pytest

import audit
from audit.concepts import Concept
from audit.datasets.ingest import ingest
from audit.errors import ConceptError, UsageError
from audit.licenses.mapping import keep_map, kept_map, read_map
from audit.reviews.review import make_question, review_licenses
from audit.reviews.rows import rows_named

LICENSES = [
    "CC BY 4.0", "CC BY-NC 2.0", "?", "house style", "Public domain", "CC BY-SA 3.0", None,
    "in-copyright", "CC0", "CC BY-ND 4.0",
]  # fmt: skip
LINKS = [
    None, "https://creativecommons.org/licenses/by/4.0/", None, None, None, None,
    "https://creativecommons.org/licenses/by/4.0/", None, None, None,
]  # fmt: skip
HOLDERS = [None, None, "Tate", None, "Tate", None, None, "© Tate", None, None]
ENDS = [None, None, None, None, None, "2020-01-01", None, None, None, None]


@pytest.fixture
def mixed(home, write_shard):
    """Twenty samples: ten ways to say something, each twice, in two shards."""
    shards = [
        write_shard(
            f"{number}.parquet",
            [f"picture {i} by Van Gogh" if i < 3 else f"picture {i}" for i in range(10)],
            license=pa.array(LICENSES, pa.string()),
            license_url=pa.array(LINKS, pa.string()),
            rights_holder=pa.array(HOLDERS, pa.string()),
            license_end=pa.array(ENDS, pa.string()),
        )
        for number in range(2)
    ]
    ingest(list(map(str, shards)), "mixed", home=home, dataset_license="CC BY 4.0", workers=1)
    return home.open("mixed")


def named(review, scope=None):
    scope = scope or review.whole
    return {name: count.samples for name, count in scope.named.items()}


def test_every_status_and_finding_is_counted_once_a_row(mixed):
    review = review_licenses(mixed, on=date(2026, 1, 1))
    found = named(review)
    assert review.samples == 20
    assert {name: n // 2 for name, n in found.items() if n} == {
        "open": 2,  # CC BY 4.0, and the row that only has a link
        "public-domain": 1,  # CC0; "Public domain" has a holder
        "restricted": 1,  # CC BY-ND
        "in-copyright": 2,  # in-copyright, and "?" with a holder
        "unknown": 4,
        "missing": 1,
        "unclear": 4,
        "conflict-link": 1,
        "conflict-holder": 1,
        "conflict-dataset": 6,
        "expired": 1,
        "holder-named": 1,
        "no-derivatives": 1,
        "conflicting": 2,
        "not-open": 7,
    }
    assert sum(count.samples for count in review.whole.statuses) == 20
    assert all(count.urls.value == count.samples for count in review.whole.named.values())


def test_before_its_end_a_license_holds(mixed):
    review = review_licenses(mixed, on=date(2019, 1, 1))
    assert named(review)["expired"] == 0
    assert named(review)["open"] == 6


def test_processes_and_one_process_say_the_same(mixed):
    one, two = (review_licenses(mixed, workers=n, on=date(2026, 1, 1)) for n in (1, 2))
    drop = ("seconds",)
    records = [{k: v for k, v in r.to_dict().items() if k not in drop} for r in (one, two)]
    assert records[0] == records[1]


def test_concepts_are_reviewed_each_and_together(mixed):
    concepts = [Concept("Van Gogh"), Concept("picture 2"), Concept("nobody at all")]
    review = review_licenses(mixed, concepts=concepts, on=date(2026, 1, 1))
    assert review.samples == 6  # the union
    assert [scope.samples for scope in review.concepts] == [6, 2, 0]
    assert named(review, review.concepts[1])["in-copyright"] == 2
    assert review.concepts[0].urls.value == 6
    assert review.considered == 20
    alone = review_licenses(mixed, concepts=concepts[:1], on=date(2026, 1, 1))
    assert named(alone) == named(review, review.concepts[0])


def test_a_condition_chooses_rows(mixed):
    review = review_licenses(mixed, where="license = 'CC0'")
    assert (review.samples, named(review)["public-domain"]) == (2, 2)


def test_rows_with_a_finding_and_why(mixed):
    question = make_question(mixed, on=date(2026, 1, 1))
    rows = list(rows_named(question, "conflict-link"))
    assert [(row.shard, row.row) for row in rows] == [(0, 1), (1, 1)]
    assert rows[0].caption == "picture 1 by Van Gogh"
    assert rows[0].url == "https://0.example.org/1.jpg"
    assert rows[0].license == "CC BY-NC 2.0"
    assert (rows[0].declared, rows[0].concluded) == ("CC-BY-NC-2.0", "NOASSERTION")
    assert "CC-BY-4.0" in rows[0].reason
    assert len(list(rows_named(question, "not-open"))) == 14
    assert len(list(rows_named(question, "not-open", 9))) == 9


def test_rows_of_concepts_are_rows_that_name_them(mixed):
    question = make_question(mixed, concepts=[Concept("Van Gogh")])
    assert [row.row for row in rows_named(question, "conflicting")] == [1, 1]


def test_a_map_changes_what_a_value_means_and_is_kept(mixed, tmp_path):
    path = tmp_path / "map.csv"
    path.write_text("value,license\nhouse style,CC BY 2.0\n")
    keep_map(read_map(path), mixed.folder)
    review = review_licenses(mixed, own_map=kept_map(mixed.folder), on=date(2026, 1, 1))
    assert named(review)["mapped"] == 2
    assert named(review)["open"] == 6
    assert review.to_dict()["license_map"]["entries"] == 1
    assert named(review_licenses(mixed, on=date(2026, 1, 1)))["mapped"] == 0


def test_values_and_hosts_with_their_samples(mixed):
    review = review_licenses(mixed, on=date(2026, 1, 1))
    values, different = review.values
    assert different == 12  # ten licenses, one of them nothing; a link, and none
    assert {(v.column, v.read.value): v.samples for v in values} == {
        **{("license", license): 2 for license in LICENSES},
        ("license_url", None): 16,
        ("license_url", LINKS[1]): 4,
    }
    hosts, different = review.hosts
    assert [(host.host, host.samples) for host in hosts] == [
        ("0.example.org", 10),
        ("1.example.org", 10),
    ]
    assert hosts[0].named == {
        "open": 2, "public-domain": 1, "restricted": 1, "in-copyright": 2, "unknown": 4,
        "missing": 1, "conflicting": 2,
    }  # fmt: skip
    assert different == 2


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"use": "resale"}, UsageError),
        ({"numbers": "imgur"}, UsageError),
        ({"rows_of": "nothing"}, UsageError),
        ({"rows_of": "use-denied"}, UsageError),
        ({"concepts": [Concept("!!!")]}, ConceptError),
    ],
)
def test_questions_that_cannot_be_answered(mixed, options, error):
    with pytest.raises(error):
        review_licenses(mixed, **options)


def test_a_dataset_without_licenses_says_so_and_all_is_missing(home, write_shard):
    ingest([str(write_shard("a.parquet", ["x", "y"]))], "bare", home=home, workers=1)
    review = review_licenses(home.open("bare"))
    assert (review.columns, named(review)["missing"]) == ((), 2)


def test_no_rows_at_all(home, write_shard):
    path = write_shard("a.parquet", [], license=pa.array([], pa.string()))
    ingest([str(path)], "empty", home=home, workers=1)
    review = review_licenses(home.open("empty"))
    assert review.samples == 0
    assert review.openness.tier is None
    assert {answer.holds for answer in review.openness.answers} == {"no"}


def test_one_row_of_a_million_changes_the_tier_and_is_the_row_printed(home, write_shard):
    rows, odd = 1_000_000, 654_321
    licenses = ["CC BY 4.0", "CC0"] * (rows // 2)
    answers = []
    for name in ("open", "odd"):
        if name == "odd":
            licenses[odd] = "CC BY-NC 4.0"
        path = write_shard(f"{name}.parquet", ["x"] * rows, license=pa.array(licenses))
        ingest([str(path)], name, home=home, dataset_license="CC BY 4.0", workers=1)
        answers.append(review_licenses(home.open(name)).openness)
    before, after = answers
    assert (before.tier, before.blocking, before.answers[0].holds) == ("openly licensed", 0, "yes")
    assert (after.tier, after.blocking) == (None, 1)
    assert [(row.row, row.license) for row in after.blocking_rows] == [(odd, "CC BY-NC 4.0")]
    assert after.answers[0].why == ("1 of 1,000,000 samples has no open license",)


@pytest.mark.parametrize(
    ("licenses", "own", "holds"),
    [
        (["CC BY 4.0", "CC0"], "CC BY 4.0", "yes"),
        (["CC BY 4.0", "CC0"], "ODbL-1.0", "yes"),  # licenses the database, as it may
        (["CC BY 4.0", "CC0"], None, "no"),
        (["CC BY 4.0", "CC0"], "CC BY-NC 4.0", "no"),
        (["CC BY 4.0", "ODbL-1.0"], "CC0", "no"),  # no license of an image
        (["CC BY 4.0", "Public domain"], "CC0", "unknown"),  # by what right?
        (["CC BY 4.0", "PDM"], "CC0", "unknown"),
    ],
)
def test_what_it_takes_to_be_openly_licensed(home, write_shard, licenses, own, holds):
    path = write_shard("a.parquet", ["x", "y"], license=licenses)
    ingest([str(path)], "a", home=home, dataset_license=own, workers=1)
    assert review_licenses(home.open("a")).openness.answers[0].holds == holds


def test_links_in_the_license_column_of_laion_are_of_the_page(home, write_shard):
    link = "https://creativecommons.org/licenses/by/4.0/"
    laion = {"SAMPLE_ID": [1, 2], "NSFW": ["", ""], "similarity": [0.3, 0.3]}
    path = write_shard("laion.parquet", ["x", "y"], LICENSE=[link, "?"], **laion)
    ingest([str(path)], "laion", home=home, workers=1)
    found = named(review_licenses(home.open("laion")))
    assert (found["open"], found["page-link"], found["missing"]) == (0, 1, 1)


def test_reasons_are_those_of_the_row_itself(home, write_shard):
    licenses = ["as agreed", "?", "https://example.org/x", "Public domain", "Public domain"]
    links = [None, "https://creativecommons.org/nothing", None,
             "https://creativecommons.org/licenses/by/4.0/",
             "https://creativecommons.org/licenses/by-nc/4.0/"]  # fmt: skip
    path = write_shard("a.parquet", ["x"] * 5, license=licenses, license_url=links)
    ingest([str(path)], "a", home=home, workers=1)
    rows = review_licenses(home.open("a"), rows_of="unclear").rows
    assert [row.reason for row in rows] == [
        "No table lists this.",
        "An address at Creative Commons that is none of its legal tools.",
        "An address that no table lists.",
        "The license says LicenseRef-public-domain, and the link CC-BY-4.0.",
        "The license says LicenseRef-public-domain, and the link CC-BY-NC-4.0.",
    ]


def test_many_different_values_are_counted_right(home, write_shard):
    rows = 70_000
    licenses = [f"LicenseRef-{i}" for i in range(rows)]
    path = write_shard("a.parquet", ["x"] * rows, license=licenses)
    ingest([str(path)], "a", home=home, workers=1)
    review = review_licenses(home.open("a"))
    assert [(one.samples, one.distinct) for one in review.declared] == [(rows, rows)]
    assert review.values[1] == rows


def test_the_museums_against_sql_on_their_shards(home, test_data):
    shards = str(test_data / "museums" / "*.parquet")
    ingest([shards], "museums", home=home)
    review = review_licenses(home.open("museums"), listed=None)
    rows, holders, no_known, unknown = duckdb.sql(
        "SELECT count(*), count(rights_holder), "
        "count(*) FILTER (LICENSE = 'No known copyright restrictions'), "
        f"count(*) FILTER (LICENSE = '?') FROM read_parquet('{shards}')"
    ).fetchall()[0]
    found = named(review)
    assert review.samples == rows
    # Tate names a copyright holder: in copyright, all of them and nothing else.
    assert found["in-copyright"] == holders == 14_239
    # The British Library knows of none, which is not that there is none.
    assert found["public-domain"] == found["open"] == 0
    concluded = {one.license.id: one.samples for one in review.concluded}
    assert concluded["LicenseRef-no-known-copyright-restrictions"] == no_known
    assert found["missing"] == unknown
    assert found["unknown"] == rows - holders
    by_sql = duckdb.sql(
        "SELECT lower(split_part(URL, '/', 3)) AS host, count(*), count(rights_holder) "
        f"FROM read_parquet('{shards}') GROUP BY 1"
    ).fetchall()
    assert {(h.host, h.samples, h.named["in-copyright"]) for h in review.hosts[0]} == set(by_sql)
    urls = dict(
        duckdb.sql(
            f"SELECT LICENSE, count(DISTINCT URL) FROM read_parquet('{shards}') GROUP BY 1"
        ).fetchall()
    )
    assert {one.license.id: one.urls.value for one in review.declared} == {
        "LicenseRef-no-known-copyright-restrictions": urls["No known copyright restrictions"],
        "LicenseRef-in-copyright": urls["in-copyright"],
        "NOASSERTION": urls["?"],
    }


def test_after_n_samples_are_removed_every_number_falls_by_as_many(mixed, home):
    before = review_licenses(mixed, on=date(2026, 1, 1))
    gone = [f"https://{shard}.example.org/{row}.jpg" for shard, row in ((0, 1), (0, 7), (1, 1))]
    audit.open("mixed", home=home.path).remove_samples(audit.Wanted(urls=gone), reason="asked")
    mixed_now = home.open("mixed")
    after = review_licenses(mixed_now, on=date(2026, 1, 1))
    fallen = {name: n - named(after)[name] for name, n in named(before).items() if n}
    assert after.samples == before.samples - 3 == after.considered
    assert fallen["conflict-link"] == fallen["conflicting"] == 2
    assert fallen["in-copyright"] == 1
    assert fallen["unknown"] == 2
    assert fallen["public-domain"] == fallen["missing"] == 0
    assert sum(host.samples for host in after.hosts[0]) == 17
    assert sum(value.samples for value in after.values[0] if value.column == "license") == 17
    question = make_question(mixed_now, on=date(2026, 1, 1))
    assert list(rows_named(question, "conflict-link")) == []
    assert [(row.shard, row.row) for row in rows_named(question, "in-copyright")] == [
        (0, 2), (1, 2), (1, 7),
    ]  # fmt: skip
    concept = review_licenses(mixed_now, concepts=[Concept("Van Gogh")])
    assert concept.samples == 4
    filtered = review_licenses(mixed_now, where="license = 'in-copyright'")
    assert filtered.samples == 1
