"""The page of a report in a browser: what it shows, what it asks for, who can use it."""

from __future__ import annotations

import re

import pytest

from audit.reports.page import write_page
from tests.reports.page.conftest import HOSTILE, picture, with_images

WIDE, PHONE = (1280, 900), (390, 844)


@pytest.fixture
def page_of(tmp_path):
    def write(told, *pictures, **options):
        path = tmp_path / "report.html"
        write_page(told, path, *pictures, **options)
        return path.as_uri()

    return write


def drawn(seen):
    """Scroll every chart into view, and wait until it is drawn."""
    charts = seen.page.query_selector_all(".chart")
    for chart in charts:
        chart.scroll_into_view_if_needed()
    # Not by a function: the page lets nobody evaluate a text.
    seen.page.wait_for_selector(".chart:not([data-drawn=done])", state="detached")
    return charts


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_opens_without_complaint_and_without_the_network(small, tmp_path, open_page, size, scheme):
    small.write(tmp_path / "report.html")
    url = (tmp_path / "report.html").as_uri()
    with open_page(url, size=size, scheme=scheme) as seen:
        charts = drawn(seen)
        assert len(charts) >= 3
        assert all(chart.query_selector("svg .mark-symbol, svg .mark-rect") for chart in charts)
        assert not seen.overflows()
        assert seen.complaints == []
        assert seen.requests == []
        assert seen.serious_violations() == []


def test_numbers_are_those_of_the_report(small, page_of, open_page):
    told = small.to_dict()
    with open_page(page_of(told)) as seen:
        text = seen.page.inner_text("body")
        assert "Of 3 concepts, 1 is above the threshold, none is uncertain" in text
        for concept in told["concepts"]:
            section = seen.page.inner_text(f"#concept-{concept['number']}")
            assert f"{concept['caption']['samples']:,}" in section
            for status in concept["licenses"]["statuses"]:
                assert f"{status['samples']:,}" in section
        for limit in told["limits"]:
            assert limit[:60] in text


def test_reads_entirely_without_scripts(small, page_of, open_page):
    with open_page(page_of(small.to_dict()), scripts=False) as seen:
        for concept in small.found.dossiers:
            assert seen.page.locator(f"#concept-{concept.number}").is_visible()
        assert seen.page.locator("#concepts tbody tr").count() == 3
        seen.page.locator(".chart details summary").first.click()
        assert seen.page.locator(".chart table").first.is_visible()


def names(seen):
    return [one.strip() for one in seen.page.locator("#concepts tbody th a").all_inner_texts()]


def test_the_table_sorts_by_mouse_and_by_keyboard(small, page_of, open_page):
    with open_page(page_of(small.to_dict())) as seen:
        assert names(seen)[0] == "Van Gogh"
        seen.page.locator("#concepts th[data-key=name] button").click()
        assert names(seen) == ["Ada Lovelace", "nowhere to be found", "Van Gogh"]
        head = seen.page.locator("#concepts th[data-key=name]")
        assert head.get_attribute("aria-sort") == "ascending"
        seen.page.keyboard.press("Enter")
        assert names(seen) == ["Van Gogh", "nowhere to be found", "Ada Lovelace"]
        assert head.get_attribute("aria-sort") == "descending"
        seen.page.locator("#concepts th[data-key=named] button").click()
        assert names(seen) == ["Van Gogh", "Ada Lovelace", "nowhere to be found"]


def test_concepts_are_found_by_name_and_verdict(small, page_of, open_page):
    with open_page(page_of(small.to_dict())) as seen:
        seen.page.fill("#concepts-find", "ADÁ")
        assert names(seen) == ["Ada Lovelace"]
        seen.page.fill("#concepts-find", "")
        seen.page.select_option("#concepts-kind", "above")
        assert names(seen) == ["Van Gogh"]
        seen.page.fill("#concepts-find", "no such thing")
        assert "No concept" in seen.page.inner_text("#concepts-shown")


def test_many_concepts_are_shown_page_by_page(many, page_of, open_page):
    with open_page(page_of(many)) as seen:
        assert len(names(seen)) == 50
        seen.page.click("#concepts-after")
        assert names(seen)[0] == "concept 050"
        seen.page.click("#concepts th[data-key=count] button")
        seen.page.click("#concepts th[data-key=count] button")
        assert names(seen)[0] == "concept 199"
        assert seen.page.locator("section.concept").count() == 20
        seen.page.locator(".sections-after").first.click()
        seen.page.wait_for_selector("#concept-20")
        assert seen.page.locator("#concept-0").count() == 0
        assert seen.complaints == []
        assert seen.serious_violations() == []


def test_an_address_leads_to_a_concept_on_any_page_and_back(many, page_of, open_page):
    with open_page(f"{page_of(many)}#concept-137") as seen:
        seen.page.wait_for_selector("#concept-137")
        assert seen.page.locator("#concept-137 h3").inner_text() == "concept 137"
        seen.page.fill("#concepts-find", "concept 003")
        seen.page.click("#concepts tbody a")
        seen.page.wait_for_selector("#concept-3")
        seen.page.go_back()
        seen.page.wait_for_selector("#concept-137")


def test_a_figure_leads_to_its_rows(small, tmp_path, open_page):
    small.write(tmp_path / "report.html")
    with open_page((tmp_path / "report.html").as_uri()) as seen:
        link = seen.page.locator("#concept-0 a.rows").first
        link.focus()
        seen.page.keyboard.press("Enter")
        entry = seen.page.locator(link.get_attribute("href"))
        assert entry.is_visible()
        assert "150 rows of samples.parquet" in entry.inner_text()
        assert "concept_number = 0" in entry.locator("code").inner_text()
        address = entry.locator("a").get_attribute("href")
        assert (tmp_path / address).exists()


def test_the_query_beside_a_figure_finds_its_rows(small, tmp_path, open_page, monkeypatch):
    import duckdb

    small.write(tmp_path / "report.html")
    with open_page((tmp_path / "report.html").as_uri()) as seen:
        entries = [
            (entry.text_content(), entry.locator("code").text_content())
            for entry in seen.page.locator(".evidence li").all()
        ]
    assert len(entries) > 10
    monkeypatch.chdir(tmp_path)
    for told, query in entries:
        many = re.search(r"([\d,]+) rows? of", told)[1].replace(",", "")
        assert len(duckdb.sql(query).fetchall()) == int(many)


def test_without_evidence_there_are_no_links(small, tmp_path, open_page):
    small.write(tmp_path / "report.html", evidence=False)
    with open_page((tmp_path / "report.html").as_uri()) as seen:
        assert seen.page.locator("a.rows").count() == 0
        assert "No evidence files were written" in seen.page.inner_text("main")


def test_unsafe_pictures_are_blurred_until_somebody_asks(small, page_of, open_page):
    told = with_images(small.to_dict())
    with open_page(page_of(told, lambda *_: picture())) as seen:
        assert seen.page.locator("#concept-0 .frame img").count() == 3
        assert seen.page.locator("#concept-0 .veiled").count() == 1
        image = seen.page.locator("#concept-0 .veiled img")
        blur = "(one) => getComputedStyle(one).filter"
        assert "blur" in image.evaluate(blur)
        seen.page.locator("#concept-0 .veiled input").focus()
        seen.page.keyboard.press("Space")
        assert image.evaluate(blur) == "none"
        assert seen.serious_violations() == []


def test_all_pictures_are_blurred_if_asked(small, page_of, open_page):
    told = with_images(small.to_dict())
    with open_page(page_of(told, lambda *_: picture(), blur=True), scripts=False) as seen:
        assert seen.page.locator("#concept-0 .veiled").count() == 3
        seen.page.locator("#concept-0 .veiled input").first.click()
        assert (
            seen.page.locator("#concept-0 .veiled img").first.evaluate(
                "(one) => getComputedStyle(one).filter"
            )
            == "none"
        )


def test_pictures_without_room_lie_beside_the_page(small, tmp_path, open_page):
    told = with_images(small.to_dict())
    told["evidence"]["folder"] = "report.evidence"
    heavy = picture() + bytes(3_000_000)
    written = write_page(told, tmp_path / "report.html", lambda *_: heavy)
    assert written.pictures == 0
    assert written.bytes < 2_000_000
    (beside,) = written.beside
    with open_page((tmp_path / "report.html").as_uri()) as seen:
        seen.page.click("#concept-0 a[href*=galleries]")
        seen.page.wait_for_selector(".frame img")
        assert seen.page.url == beside.as_uri()
        assert seen.complaints == []
        seen.page.click("text=Back to the report")
        seen.page.wait_for_selector("#concept-0")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_texts_stay_text(small, page_of, open_page, hostile):
    told = with_images(small.to_dict())
    concept = told["concepts"][0]
    concept |= {"name": hostile, "aliases": [hostile], "owner": hostile, "rights": hostile}
    concept["verdict"] |= {"concept": hostile, "notes": [hostile], "settle": [hostile]}
    concept["caption"]["aliases"] = {hostile: 3}
    concept["caption"]["exclusions"] = [hostile]
    for example in (*concept["caption"]["examples"], *concept["gallery"]["images"]):
        example |= {"caption": hostile, "spans": [[0, 2]], "url": hostile, "shard": hostile}
    concept["hosts"]["listed"] = [{"host": hostile, "samples": 1}]
    told["dataset"] |= {"name": hostile, "sources": [hostile], "license": hostile}
    told["domains"]["top"]["domains"][0]["domain"] = hostile
    told["licenses"]["values"]["listed"][0]["value"] = hostile
    told |= {"command": hostile, "limits": [hostile]}
    with open_page(page_of(told, lambda *_: picture()), size=PHONE) as seen:
        drawn(seen)
        seen.page.locator("#concepts th[data-key=name] button").click()
        assert seen.dialogs == []
        assert seen.requests == []
        assert seen.complaints == []
        assert not seen.overflows()
        addresses = seen.page.eval_on_selector_all("a", "(all) => all.map((one) => one.href)")
        assert all(one.startswith(("file:", "http:", "https:")) for one in addresses)
        text = seen.page.inner_text("body")
        assert not {"\u202e", "\u2066", "\x00", "\x1b"} & set(text)
        assert len(seen.page.inner_text("#concept-0 h3")) < 300


def test_prints_without_tools_and_within_the_paper(small, page_of, open_page):
    with open_page(page_of(small.to_dict()), scheme="dark") as seen:
        drawn(seen)
        seen.page.emulate_media(media="print")
        assert not seen.page.locator("#concept-tools").is_visible()
        background = "getComputedStyle(document.body).backgroundColor"
        assert seen.page.evaluate(background) in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
        assert len(seen.page.pdf(format="A4")) > 10_000


def test_unread_shards_and_open_intervals_are_said(small, page_of, open_page):
    told = small.to_dict()
    told["dataset"]["coverage"] |= {
        "shards": 2, "unread_rows": None, "unread": [{"uri": "gone.parquet", "reason": "damaged"}],
    }  # fmt: skip
    verdict = told["concepts"][0]["verdict"]
    verdict["count"]["high"] = None
    verdict["ratio_interval"][1] = None
    with open_page(page_of(told)) as seen:
        drawn(seen)
        assert "Not all of the dataset could be read" in seen.page.inner_text("main")
        assert "no upper bound known" in seen.page.inner_text("#concept-0")
        assert seen.complaints == []


def test_a_report_without_concepts_is_a_page_too(write_shard, audit, tmp_path, open_page):
    import audit as package

    assert audit("ingest", write_shard("0.parquet", ["one", "two"]), "--name", "bare").code == 0
    package.open("bare").report().write(tmp_path / "report.html")
    with open_page((tmp_path / "report.html").as_uri()) as seen:
        assert seen.page.locator("#licenses").is_visible()
        assert seen.page.locator("#concepts").count() == 0
        assert seen.complaints == []
