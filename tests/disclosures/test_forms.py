"""Forms of regulators: every section is there, and what the data does not say is not answered."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

import audit
from audit.datasets.ingest import ingest
from audit.datasets.manifest import Manifest
from audit.disclosures import eu, fill_ab2013, fill_eu_summary
from audit.disclosures.form import DISCLAIMER
from audit.reports.disclosure_table import as_markdown
from audit.reviews import review_licenses

BOTH = (
    "yes: 1 in copyright, with all or nearly all rights reserved, "
    "1 under a license with restrictions"
)


def answers(form):
    """(section, what is asked) -> the entry."""
    return {(section.number, entry.asked): entry for section, entry in form.entries}


@pytest.fixture
def eu_form(dataset):
    return fill_eu_summary(dataset)


@pytest.fixture
def ab_form(dataset, review):
    return fill_ab2013(dataset, review)


def test_every_section_of_the_template_is_there(eu_form):
    assert [section.number for section in eu_form.sections] == [
        "0", "1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3.1", "3.2", "3.3",
    ]  # fmt: skip


def test_the_twelve_points_are_there(ab_form):
    assert [section.number for section in ab_form.sections] == [
        f"(a)({n})" for n in range(1, 13)
    ]  # fmt: skip


def test_what_the_columns_say(eu_form):
    told = answers(eu_form)
    assert told["1.3", "image: size"].value == "less than 1 million images"
    assert told["1.3", "text: size"].value == "less than 1 billion tokens"
    assert told["1.3", "latest date of collection"].value == "05/2021"
    assert told["2.3", "period of collection"].value.startswith("12/2020 to 05/2021")
    assert "3 of 8 samples (37.5 %)" in told["2.3", "period of collection"].basis
    assert "en 37.5 %" in told["1.3", "languages of the captions"].value
    assert told["3.1", "opt-out signals, kept with the samples"].value == "robots_txt (12.5 %)"
    reserved = told["3.1", "samples whose mining is reserved, as far as signals tell"]
    assert reserved.value == "0 reserved, 0 expressly permitted, 8 not known"


def test_what_they_do_not_say_is_not_answered(eu_form, ab_form):
    for form, places in (
        (eu_form, [("1.1", "name and contact"), ("2.5", "whether such was used"),
                   ("3.1", "measures to respect opt-outs"), ("2.2", "licensed by rightsholders")]),
        (ab_form, [("(a)(2)", "how the dataset furthers the purpose of the system"),
                   ("(a)(6)", "whether the developer purchased or licensed it"),
                   ("(a)(7)", "as defined in § 1798.140(v)"),
                   ("(a)(12)", "whether such is generated and used")]),
    ):  # fmt: skip
        told = answers(form)
        for place in places:
            assert told[place].value is None, place
            assert told[place].basis


@pytest.mark.parametrize("name", ["eu_form", "ab_form"])
def test_every_page_says_what_it_is_not_and_what_it_rests_on(request, name):
    form = request.getfixturevalue(name)
    page, record = as_markdown(form), form.to_dict()
    for text in (DISCLAIMER, "Not legal advice", "its one shard, 8 samples", "no information"):
        assert text in page
    assert record["schema"] == f"audit.disclose.{form.form}/1"
    assert record["note"] == DISCLAIMER
    assert record["rests_on"] == "its one shard, 8 samples"
    assert (record["answered"], record["asked"]) == form.answered
    assert record["asked"] == len(form.to_polars())
    assert record["facts"]["crawled"] == {
        "first": "2020-12-24", "last": "2021-05-09", "samples": 3,
    }  # fmt: skip
    unanswered = [e for s in record["sections"] for e in s["entries"] if not e["answered"]]
    assert len(unanswered) == page.count("**: no information (")


def test_domains_are_a_tenth_or_what_small_providers_list(home, write_shard):
    """Against SQL over the source: the domain of every URL is two labels here."""
    urls = [f"https://h{i}.site{i % 40}.de/{i}" for i in range(300)]
    path = write_shard("a.parquet", ["x"] * 300, URL=urls)
    ingest([str(path)], "d", home=home)
    dataset = home.open("d")
    truth = duckdb.sql(
        "SELECT regexp_extract(url, 'https://[^./]+\\.([^/]+)/', 1) AS domain, count(*) AS samples "
        f"FROM read_parquet('{path}') GROUP BY ALL ORDER BY samples DESC, domain"
    ).fetchall()
    for small, listed in ((False, 4), (True, 2)):
        form = fill_eu_summary(dataset, small_provider=small)
        top = form.domains.top.listed
        assert list(zip(top["domain"], top["samples"], strict=True)) == truth[:listed]
        assert f"{listed} listed below; " in answers(form)["2.3", "domains with the most content"].value  # fmt: skip
        smallest = truth[listed - 1][1]
        tied = sum(samples == smallest for _, samples in truth[listed:])
        assert form.domains.top.tied == tied > 0
        assert f"{tied} more domains have as many" in as_markdown(form)


def test_domains_of_the_form_are_those_that_registries_sell(home, write_shard):
    urls = [f"https://{name}.github.io/1" for name in "abc"]
    ingest([str(write_shard("a.parquet", ["x"] * 3, URL=urls))], "d", home=home)
    form = fill_eu_summary(home.open("d"))
    assert form.domains.top.listed.rows() == [("github.io", 3, 3)]


@pytest.mark.parametrize(
    ("low", "high", "band"),
    [
        (0, 999_999, 0), (1_000_000, 1_000_000, 1), (999_999, 1_000_000, None),
        (5, 2_000_000_000, None), (1_000_000_000, None, 2), (999_999_999, None, None),
        (0, None, None),
    ],
)  # fmt: skip
def test_a_band_of_size_is_told_only_if_all_that_can_be_is_in_it(low, high, band):
    assert eu._band(low, high, (1_000_000, 1_000_000_000)) == band


def test_sizes_of_a_dataset_that_was_not_read_whole_are_not_told(home, write_shard, tmp_path):
    folder = write_shard("a.parquet", ["x", "y"]).parent
    (folder / "b.parquet").write_bytes(b"no parquet")
    ingest([str(folder)], "d", home=home)
    form = fill_eu_summary(home.open("d"))
    told = answers(form)
    assert told["1.3", "image: size"].value is None
    assert told["1.3", "text: size"].value is None
    assert told["1.3", "image: size"].basis.startswith("at least 2 samples")
    assert "1 of 2 shards was not read" in as_markdown(form)


@pytest.mark.parametrize(
    ("licenses", "protected", "public"),
    [
        (["CC0", "CC0"], None, "as far as its rows say"),
        (["CC0", "?"], None, None),
        (["?", None], None, None),
        (["CC BY 4.0", "CC0"], "yes: 1 under an open license", "no"),
        (["CC BY-NC 4.0", "in-copyright"], BOTH, "no"),
    ],
)  # fmt: skip
def test_no_copyright_is_never_claimed_where_nothing_is_known(home, write_shard, licenses, protected, public):  # fmt: skip
    column = pa.array(licenses, pa.string())
    ingest([str(write_shard("a.parquet", ["x", "y"], license=column))], "d", home=home)
    dataset = home.open("d")
    told = answers(fill_ab2013(dataset, review_licenses(dataset)))
    assert told["(a)(5)", "protected by copyright"].value == protected
    assert told["(a)(5)", "entirely in the public domain"].value == public


def test_text_of_a_dataset_is_no_markup(home, write_shard):
    """Hosts and languages are whatever somebody wrote."""
    urls = ["https://<script>alert(1)</script>.com/x", "https://a|b`c`.de/x", "https://[x](y).de/"]
    path = write_shard("a.parquet", ["x"] * 3, URL=urls, language=["<b>en</b>\x1b[31m", "\u202ede", "|"])  # fmt: skip
    ingest([str(path)], "d", home=home)
    page = as_markdown(fill_eu_summary(home.open("d")))
    assert "<script>" not in page.replace("\\<", "")
    assert not {"\x1b", "\u202e"} & set(page)
    for line in page.splitlines():
        if line.startswith("|"):
            assert line.replace("\\|", "").count("|") == 4


def test_local_paths_and_passwords_are_not_disclosed(dataset, monkeypatch):
    manifest: Manifest = dataset.manifest
    monkeypatch.setattr(manifest, "sources", ["/home/eve/secret/laion", "https://u:pw@x.org/d/*.parquet?sig=1", "s3://b/laion"])  # fmt: skip
    told = answers(fill_eu_summary(dataset))["2.1", "where it is from"].value
    assert told == "laion, https://x.org/d/*.parquet, s3://b/laion"


def test_removed_samples_are_in_no_number(dataset, home):
    gone = [f"https://{'a' if n % 2 else 'b'}.example.co.uk/{n}.jpg" for n in (0, 3)]
    audit.open("small", home=home.path).remove_samples(audit.Wanted(urls=gone), reason="asked")
    now = home.open("small")
    told = answers(fill_ab2013(now, review_licenses(now)))
    assert told["(a)(3)", "number"].value == "6 samples, 6 different addresses of images"
    size = answers(fill_eu_summary(now))["1.3", "image: size"].basis
    assert "6 samples, with at least 6 different addresses" in size
