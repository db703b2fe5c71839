"""A headless Chromium, a page in it, and everything that it complained of or asked the network for.

Tests take the fixture ``open_page`` of ``tests/conftest.py``. Where no browser is installed they
skip, unless AUDIT_BROWSER_TESTS=required says that this machine must have one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Serious enough that somebody cannot use the page.
_SERIOUS = ("serious", "critical")


def skip_or_fail(why: str) -> None:
    """Skip the test, or fail it where browsers are required."""
    if os.environ.get("AUDIT_BROWSER_TESTS") == "required":
        pytest.fail(why)
    pytest.skip(why)


@contextmanager
def chromium() -> Iterator[Any]:
    """A running browser; see :mod:`playwright.sync_api`."""
    path = os.environ.get("AUDIT_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        skip_or_fail("no Chromium here: apt-get install chromium, or name it in AUDIT_CHROMIUM")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        skip_or_fail("playwright is not installed: pip install 'concept-audit[dev]'")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A page in the browser.

    Attributes
    ----------
    page:
        A ``playwright.sync_api.Page``.
    complaints:
        Errors and warnings on the console, and errors that no script caught.
    requests:
        Addresses that the page asked for, besides itself; ``data:`` and ``blob:`` are no requests.
    dialogs:
        What ``alert`` and its like were called with: a hostile text that runs would do that.
    """

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def serious_violations(self, within: str | None = None) -> list[str]:
        """What axe finds that keeps somebody from using the page: ``rule: element``."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page, within) if within else Axe().run(self.page)
        return [
            f"{violation['id']}: {node['html'][:200]} ({node.get('failureSummary', '')[:300]})"
            for violation in found.response["violations"]
            if violation["impact"] in _SERIOUS
            for node in violation["nodes"]
        ]

    def overflows(self) -> bool:
        """Whether the page is wider than the window."""
        return bool(
            self.page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"
            )
        )


@contextmanager
def visit(
    browser: Any,
    url: str,
    *,
    size: tuple[int, int] = (1280, 900),
    scheme: str = "light",
    grants: Sequence[str] = (),
    scripts: bool = True,
) -> Iterator[Visit]:
    """Open an address in a new, empty profile; ``scheme`` is light or dark."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        permissions=list(grants),
        java_script_enabled=scripts,
        bypass_csp=False,
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    seen = Visit(page)

    def console(message: Any) -> None:
        if message.type in ("error", "warning"):
            seen.complaints.append(f"{message.type}: {message.text}")

    def dialog(opened: Any) -> None:
        seen.dialogs.append(opened.message)
        opened.dismiss()

    def request(asked: Any) -> None:
        if not asked.url.startswith(("data:", "blob:")) and asked.url.partition("#")[0] != url:
            seen.requests.append(asked.url)

    page.on("console", console)
    page.on("pageerror", lambda error: seen.complaints.append(f"uncaught: {error}"))
    page.on("dialog", dialog)
    page.on("request", request)
    try:
        page.goto(url)
        yield seen
    finally:
        context.close()
