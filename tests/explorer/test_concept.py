"""Counts, facets and matches: equal to the commands' answers and to SQL over the shards."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import duckdb
import pyarrow.parquet as pq
import pytest

from audit.concepts import Concept
from audit.explorer.desk import DeskSettings
from audit.explorer.matches import PAGE
from audit.sample import pictures_path
from tests.reports.page.conftest import HOSTILE


@pytest.fixture
def browser(made, open_explorer):
    return open_explorer("made", DeskSettings(concepts=(Concept("Van Gogh"),))).enter()


def number(page):
    return re.search(r'id="count">([^<]*)<', page)[1]


def facet(page, name):
    """Value -> matches."""
    (block,) = re.findall(rf'data-facet="{name}">(.*?)</ul>', page, re.DOTALL)
    items = re.findall(r"<li>(.*?)<span class='many'>([\d,]+)</span></li>", block, re.DOTALL)
    return {re.sub("<[^>]*>", "", value): int(many.replace(",", "")) for value, many in items}


def test_the_start_page_tells_what_there_is(browser):
    page = browser.get("/").text
    assert "120 samples" in page
    assert "listed=Van+Gogh" in page


def test_the_first_page_of_a_large_dataset_waits_for_nothing(browser, monkeypatch):
    assert "a.example.org" in browser.get("/").text
    monkeypatch.setattr("audit.explorer.desk.MOST_OVERVIEW", 119)
    page = browser.get("/").text
    assert "audit show made" in page
    assert "a.example.org" not in page


def test_the_count_is_that_of_the_command(browser, audit):
    page = browser.awaited("/concept?name=Van+Gogh").text
    count = json.loads(audit("count", "-c", "Van Gogh", "--output", "json").out)["results"][0]
    assert number(page) == str(count["samples"]) == "90"
    assert "exactly (90–90)" in page


def test_aliases_and_exclusions_count_as_in_the_command(browser, audit):
    asked = ("-c", "Van Gogh", "--alias", "nobody", "--exclude", "Van Gogh 1")
    count = json.loads(audit("count", *asked, "--output", "json").out)["results"][0]
    page = browser.awaited("/concept?name=Van+Gogh&aliases=nobody&exclusions=Van+Gogh+1").text
    assert number(page) == str(count["samples"])


def test_a_name_of_the_list_is_what_the_list_says(made, open_explorer):
    listed = Concept("Vincent", ("Van Gogh",), ("Van Gogh 1",))
    browser = open_explorer("made", DeskSettings(concepts=(listed,))).enter()
    by_list = browser.awaited("/concept?listed=Vincent").text
    assert number(browser.awaited("/concept?name=Vincent").text) == number(by_list) != "0"
    # But who says more than the name means that.
    assert number(browser.awaited("/concept?name=Vincent&aliases=nobody").text) == "30"


def test_facets_are_what_sql_counts(browser, made):
    page = browser.awaited("/concept?name=Van+Gogh").text
    rows = f"FROM '{made}/*.parquet' WHERE TEXT LIKE 'Van Gogh%'"
    hosts = duckdb.sql(
        f"SELECT regexp_extract(URL, '//([^/]*)', 1) AS host, count(*) {rows} GROUP BY host"
    ).fetchall()
    assert facet(page, "host") == dict(hosts)
    sizes = duckdb.sql(
        "SELECT CASE WHEN WIDTH IS NULL THEN 'unknown' WHEN WIDTH < 256 THEN 'under 256' "
        "WHEN WIDTH < 512 THEN '256 to 511' ELSE '512 to 1,023' END AS size, count(*) "
        f"{rows} GROUP BY size"
    ).fetchall()
    assert facet(page, "size") == dict(sizes)
    assert sum(facet(page, "status").values()) == 90


def test_choices_narrow_together(browser, made):
    page = browser.awaited("/concept?name=Van+Gogh&host=a.example.org&size=small").text
    ((expected,),) = duckdb.sql(
        f"SELECT count(*) FROM '{made}/*.parquet' WHERE TEXT LIKE 'Van Gogh%' "
        "AND URL LIKE 'https://a.%' AND WIDTH BETWEEN 256 AND 511"
    ).fetchall()
    assert f'<b id="chosen">{expected}</b> of 90 matches' in page
    # A facet divides what meets the other choices, so that another value can be chosen.
    assert set(facet(page, "host")) == {"a.example.org", "b.example.org", "c.example.org"}


def test_matches_are_paged_with_their_names_marked(browser):
    first = browser.awaited("/concept?name=Van+Gogh").text
    assert first.count("<mark>Van Gogh</mark>") == PAGE
    assert "Page 1 of 4" in first
    last = browser.awaited("/concept?name=Van+Gogh&page=4").text
    assert last.count("<mark>") == 90 - 3 * PAGE
    assert 'rel="prev"' in last
    assert 'rel="next"' not in last


def test_a_page_behind_the_last_is_refused(browser):
    answer = browser.awaited("/concept?name=Van+Gogh&page=5")
    assert answer.status_code == 400
    assert "There is no page 5: what was chosen fills 4." in answer.text
    assert browser.get("/concept?name=Van+Gogh&host=none&page=2").status_code == 400


def test_the_count_comes_as_it_is_made(browser):
    with browser.client.stream("GET", "/events?name=Van+Gogh") as stream:
        told = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert told[-1] == {"ended": True}
    for one in told[:-1]:
        assert set(one) == {"ended", "running", "what", "numbers", "share"}


def test_a_name_that_cannot_be_searched_is_told(browser):
    page = browser.awaited("/concept?name=!!!").text
    assert "no letter or digit" in page


def test_without_images_it_says_why(browser):
    page = browser.awaited("/concept?name=Van+Gogh&view=image").text
    assert "audit index" in page
    label = browser.get("/concept?name=Van+Gogh&view=label").text
    assert "No samples can be drawn" in label
    assert "<form" not in label.partition("<main")[2]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_are_shown_and_not_obeyed(browser, hostile):
    answer = browser.awaited(f"/concept?name={quote(hostile[:1500])}")
    assert answer.status_code in (200, 400)
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert "\u202e" not in answer.text


def test_hostile_captions_and_urls_are_shown_and_not_obeyed(write_shard, audit, open_explorer):
    captions = [f"cat {text}" for text in HOSTILE]
    shard = write_shard("0.parquet", captions, URL=list(HOSTILE))
    assert audit("ingest", shard, "--name", "evil").code == 0
    page = open_explorer("evil").enter().awaited("/concept?name=cat").text
    assert number(page) == str(len(HOSTILE))
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert not re.search(r'(href|src)="(javascript|data):(?!,)', page)


def test_a_samples_size_of_page_is_bounded(write_shard, audit, open_explorer):
    shard = write_shard("0.parquet", ["cat " + "x" * 10_000] * 3)
    assert audit("ingest", shard, "--name", "long").code == 0
    assert len(open_explorer("long").enter().awaited("/concept?name=cat").text) < 20_000


def test_only_pictures_that_are_there_are_shown(pictures, audit, open_explorer):
    browser = open_explorer("pictures", pictures).enter()
    page = browser.awaited("/concept?name=gramastar&view=image").text
    address = re.search(r'src="(/picture/[^"]*)"', page)[1]
    assert browser.get(address).headers["content-type"] == "image/jpeg"
    for other in ("/picture/0/999999", "/picture/1/0", "/picture/99999999999999999999/0"):
        assert browser.get(other).status_code == 404
    # What was removed on request meanwhile is not shown to who kept the address.
    row = re.search(r"row ([\d,]+) of", page.partition(address)[2])[1].replace(",", "")
    told = audit("remove-samples", "--url", url_of(int(row)), "--reason", "asked", "--yes")
    assert told.code == 0, told.err
    assert browser.get(address).status_code == 404


def url_of(row):
    """That of one of the sample's pictures."""
    table = pq.read_table(pictures_path(), columns=["url"])
    return table["url"][row].as_py()


def test_a_dataset_that_goes_away_is_told_and_comes_back(browser, home):
    from audit.explorer.gate import _LOG

    assert browser.get("/").status_code == 200
    folder = home.folder("made")
    away = folder.rename(folder.with_name("away"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_LOG, "exception", None)  # nothing of this is a mistake in audit
        for path in ("/concept?name=cat", "/concept?name=Van+Gogh"):
            answer = browser.awaited(path)
            assert answer.status_code in (200, 400)
            assert "Something went wrong" not in answer.text
            assert "put it back" in answer.text or "Put the folder back" in answer.text
    away.rename(folder)
    assert number(browser.awaited("/concept?name=Van+Gogh").text) == "90"
