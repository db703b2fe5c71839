"""The harness itself: it must see what it is there to see."""

from __future__ import annotations

import pytest


@pytest.fixture
def page_of(tmp_path):
    def write(body):
        path = tmp_path / "page.html"
        path.write_text(
            f'<!doctype html><html lang="en"><title>t</title><main><h1>t</h1>{body}</main></html>'
        )
        return path.as_uri()

    return write


def test_sees_errors_requests_and_dialogs(page_of, open_page):
    url = page_of('<script>alert("ran"); fetch("missing.json"); boom()</script>')
    with open_page(url) as seen:
        seen.page.wait_for_timeout(100)
    assert seen.dialogs == ["ran"]
    assert any("boom" in complaint for complaint in seen.complaints)
    assert [request.rsplit("/", 1)[-1] for request in seen.requests] == ["missing.json"]


def test_sees_what_somebody_cannot_use(page_of, open_page):
    with open_page(page_of('<img src="data:,">')) as seen:
        assert any(violation.startswith("image-alt") for violation in seen.serious_violations())
    with open_page(page_of("<p>fine</p>")) as seen:
        assert seen.serious_violations() == []
        assert not seen.overflows()


def test_sees_a_page_that_is_too_wide(page_of, open_page):
    with open_page(page_of('<div style="width:3000px">x</div>')) as seen:
        assert seen.overflows()
