"""Who is let in, and what is refused: every check by itself."""

from __future__ import annotations

import re

import pytest

from audit.explorer.gate import HEADERS, KEPT, MOST_ADDRESS, MOST_BODY
from tests.explorer.conftest import BASE, PORT


@pytest.fixture
def browser(made, open_explorer):
    return open_explorer("made").enter()


def test_without_the_token_nobody_is_let_in(made, open_explorer):
    stranger = open_explorer("made")
    for path in ("/", "/concept?name=x", "/static/explorer.css", "/?token=wrong", "/?token="):
        answer = stranger.get(path)
        assert answer.status_code == 403
        assert "Van Gogh" not in answer.text
        assert not answer.cookies


def test_the_token_is_taken_once_and_leaves_the_address(made, open_explorer):
    browser = open_explorer("made")
    answer = browser.get(f"/concept?name=cat&token={browser.keys.token}")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/concept?name=cat"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert browser.keys.token not in cookie
    assert browser.get("/").status_code == 200


def test_a_cookie_that_was_made_up_is_none(made, open_explorer):
    browser = open_explorer("made")
    browser.client.cookies.set(f"audit-{PORT}", "me.0123")
    assert browser.get("/").status_code == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"evil.example:{PORT}", "127.0.0.1:1", "127.0.0.1", "", "localhost.evil"],
)
def test_another_name_is_refused_whoever_asks(browser, host):
    answer = browser.get("/", host=host)
    assert answer.status_code == 421
    assert "made" not in answer.text


def test_localhost_is_this_machine_too(browser):
    assert browser.client.get("/", headers={"host": f"localhost:{PORT}"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": f"{BASE}0"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_forms_of_other_sites_are_refused(browser, headers):
    answer = browser.client.post(
        "/draw", data={"key": browser.key, "name": "x"}, headers={"origin": BASE, **headers}
    )
    assert answer.status_code == 403


def test_a_form_without_our_key_is_refused(browser):
    for form in ({"name": "x"}, {"name": "x", "key": "wrong"}):
        answer = browser.client.post("/draw", data=form, headers={"origin": BASE})
        assert answer.status_code == 403


def test_only_forms_are_read(browser):
    answer = browser.client.post("/draw", json={"key": browser.key}, headers={"origin": BASE})
    assert answer.status_code == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_refused(browser, method):
    answer = browser.client.request(method, "/")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


def test_a_page_that_only_reads_takes_no_form(browser):
    assert browser.post("/concept", {"name": "x"}).status_code == 405


def test_what_is_too_large_is_refused(browser):
    assert browser.post("/draw", {"name": "x" * MOST_BODY}).status_code == 413
    assert browser.get("/concept?name=" + "x" * MOST_ADDRESS).status_code == 414
    assert browser.get("/", cookie="x" * 20_000).status_code == 431


def test_a_body_that_grows_is_cut_off(browser):
    def parts():
        for _ in range(100):
            yield b"x" * 4096

    answer = browser.client.post(
        "/draw", content=parts(),
        headers={"origin": BASE, "content-type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/static/../gate.py", "/static/..%2fgate.py", "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static/explorer.css/../../gate.py", "/picture/0/../../../etc/passwd", "/../etc/passwd",
        "/label/../../etc", "/label/..%2f..%2fetc%2fpasswd", "/static//etc/passwd", "/static/",
        "/picture/99999999999999999999999/0", "/nowhere",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file(browser, path):
    answer = browser.get(path)
    assert answer.status_code in (400, 404)
    assert "root:" not in answer.text
    assert "import " not in answer.text


def test_every_answer_says_what_a_browser_may_do(browser):
    answers = [
        browser.get("/"), browser.get("/static/explorer.js"), browser.get("/nowhere"),
        browser.get("/", host="evil.example"), browser.client.put("/"),
        browser.get("/concept?name="), browser.post("/draw", {"name": "x" * MOST_BODY}),
    ]  # fmt: skip
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert "server" not in answer.headers


def test_only_what_never_changes_may_be_kept(browser):
    (style,) = re.findall(r'href="(/static/[^"]*)"', browser.get("/").text)
    assert browser.get(style).headers["cache-control"] == KEPT
    for address in ("/", style.partition("?")[0], "/?is=0", "/static/none?is=0"):
        assert browser.get(address).headers["cache-control"] == "no-store"


def test_errors_are_pages_without_traces(browser, monkeypatch):
    from audit.explorer.app import Explorer

    for path in ("/concept?name=", "/concept?listed=none", "/concept?name=x&page=0", "/label/abc"):
        answer = browser.get(path)
        assert answer.status_code == 400
        assert "Traceback" not in answer.text
    assert "page" in browser.get("/concept?name=x&page=99999").text
    monkeypatch.setattr(Explorer, "start", None)
    assert browser.get("/nowhere").status_code == 404


def test_what_breaks_is_told_without_its_insides(made, open_explorer, monkeypatch):
    from audit.explorer.app import Explorer

    def broken(self, request):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Explorer, "start", broken)
    answer = open_explorer("made").enter().get("/")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text


def test_a_question_holds_no_sql(browser):
    hostile = "x' OR 1=1 --"
    answer = browser.awaited("/concept?name=Van+Gogh&host=" + hostile.replace(" ", "+"))
    assert answer.status_code == 200
    assert "of 90 matches" in answer.text
    assert '<b id="chosen">0</b>' in answer.text
