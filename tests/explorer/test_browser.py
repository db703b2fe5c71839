"""The explorer in a browser: by mouse and by keyboard, light and dark, wide and on a phone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import pytest

from audit.sample import concepts_path, references_path, shard_paths
from tests.reports.page.conftest import HOSTILE

PHONE = (390, 844)


@contextlib.contextmanager
def serving(home, *arguments):
    process = subprocess.Popen(
        [sys.executable, "-m", "audit", "serve", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "AUDIT_HOME": str(home.path)},
    )  # fmt: skip
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        process.stdout.close()


def quiet(seen, address):
    """Nothing was complained of, and nothing asked of anybody else."""
    base = address.partition("/?")[0]
    assert seen.complaints == []
    assert [one for one in seen.requests if not one.startswith(base)] == []
    assert seen.serious_violations() == []
    assert not seen.overflows()


@pytest.mark.parametrize(("scheme", "size"), [("light", (1280, 900)), ("dark", PHONE)])
def test_a_concept_is_searched_and_narrowed(audit, home, open_page, scheme, size):
    assert audit("ingest", shard_paths()[0].parent, "--name", "sample").code == 0
    with (
        serving(home, "--concepts", concepts_path()) as address,
        open_page(address, scheme=scheme, size=size) as seen,
    ):
        page = seen.page
        quiet(seen, address)
        assert "token" not in page.url
        page.keyboard.press("/")
        page.keyboard.type("Henry Moore")
        page.keyboard.press("Enter")
        page.wait_for_selector("#count")
        assert page.inner_text("#count") == "623"
        quiet(seen, address)
        if size == PHONE:
            page.click("details.facets summary")
        page.click("[data-facet=status] a >> nth=0")
        page.wait_for_selector("#chosen")
        assert page.inner_text("#chosen") == "615"
        # And by keyboard, what leaves the choice again.
        page.locator("[data-facet=status] a[aria-current]").press("Enter")
        page.wait_for_url(lambda url: "status=" not in url)
        page.wait_for_selector("#count")
        assert page.locator("#chosen").count() == 0
        page.go_back()
        page.wait_for_selector("#chosen")
        page.go_back()
        page.wait_for_selector("#count")
        assert page.locator("#chosen").count() == 0
        page.click("a[rel=next] >> nth=0")
        page.wait_for_url("**page=2")
        assert page.locator(".samples mark").count() >= 25


def test_without_scripts_a_count_is_awaited(audit, home, open_page, write_shard):
    assert audit("ingest", write_shard("0.parquet", ["a cat"] * 30), "--name", "d").code == 0
    with serving(home) as address, open_page(address, scripts=False) as seen:
        seen.page.fill("#name", "cat")
        seen.page.click("button.main")
        seen.page.wait_for_selector("#count")
        assert seen.page.inner_text("#count") == "30"


@pytest.mark.parametrize(("scheme", "size"), [("dark", (1280, 900)), ("light", PHONE)])
def test_samples_are_labelled_by_key_and_by_mouse(audit, home, open_page, scheme, size, pictures):
    references = ("--references", references_path())
    with (
        serving(home, *references) as address,
        open_page(address, scheme=scheme, size=size) as seen,
    ):
        page = seen.page
        page.fill("#name", "gramastar")
        page.click("button.main")
        page.wait_for_selector("#count")
        page.click("nav.views >> text=By image")
        page.wait_for_selector("#count")
        quiet(seen, address)
        assert page.inner_text("#count").startswith("61 (46")
        page.click("nav.views >> text=Label")
        page.fill("#samples", "20")
        page.click("form.card button.main")
        page.wait_for_selector("#who")
        page.fill("#who", "Ann")
        page.keyboard.press("Enter")
        page.wait_for_selector("#answers")
        shown = page.locator(".sample img")
        assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        quiet(seen, address)
        widths = []
        for key in "nynn":
            page.wait_for_selector("#keys")
            place = page.inner_text("#place")
            page.keyboard.press(key)
            page.wait_for_selector(f"#place:not(:text-is('{place}'))")
            told = page.inner_text("[data-standing='By labels']")
            low, _, high = told.partition("(")[2].rstrip(")").replace(",", "").partition("–")
            widths.append(int(high) - int(low))
        assert page.inner_text("#labelled").startswith("4 of")
        page.wait_for_selector("#keys")
        page.keyboard.press("Backspace")
        page.wait_for_selector("#place:text-matches('^4 of')")
        page.click("#answers button[data-key=u]")
        page.wait_for_selector("#place:text-matches('^5 of')")
        for _ in range(10):
            place = page.inner_text("#place")
            page.click("#answers button[data-key=n]")
            page.wait_for_selector(f"#place:not(:text-is('{place}'))")
        told = page.inner_text("[data-standing='By labels']")
        low, _, high = told.partition("(")[2].rstrip(")").replace(",", "").partition("–")
        assert int(high) - int(low) < widths[0]
        quiet(seen, address)


def test_hostile_texts_run_nothing(audit, home, open_page, write_shard):
    captions = [f"cat {text}" for text in HOSTILE]
    shard = write_shard("0.parquet", captions, URL=list(HOSTILE))
    assert audit("ingest", shard, "--name", "evil").code == 0
    with serving(home) as address, open_page(address, size=PHONE) as seen:
        seen.page.fill("#name", "cat")
        seen.page.click("button.main")
        seen.page.wait_for_selector("#count")
        assert seen.dialogs == []
        quiet(seen, address)
