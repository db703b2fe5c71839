"""The page to label on: pictures and buttons, one script that is the package's own."""

from __future__ import annotations

import base64
import hashlib
import re
from types import SimpleNamespace

import pytest

from audit.labels.export import COLUMNS, LabelSheet
from audit.reports.label_page import label_page

HOSTILE = '</title><script>alert(1)</script>" onload="alert(1) $task'


@pytest.fixture(scope="module")
def page():
    """Two samples of a concept with a hostile name; the second has no image any more."""
    rows = [
        dict.fromkeys(COLUMNS) | {"label_id": f"cafe-{n}", "caption": "what the caption says"}
        for n in (1, 2)
    ]
    task = SimpleNamespace(
        concept=HOSTILE, id="cafe", saved_as="labels-cafe.csv", label_id=lambda n: f"cafe-{n + 1}"
    )
    references = SimpleNamespace(names=(), kind="images")
    sheet = LabelSheet(task, tuple(rows), (None, None), references)
    return label_page(sheet, SimpleNamespace(parts=[]))


def test_each_sample_has_its_three_answers(page):
    assert re.findall(r'<fieldset id="([^"]+)">', page) == ["cafe-1", "cafe-2"]
    for label_id in ("cafe-1", "cafe-2"):
        chosen = re.findall(f'<input type="radio" name="{label_id}" value="([^"]+)">', page)
        assert chosen == ["yes", "no", "unsure"]
    assert "labels-cafe.csv" in page


def test_neither_caption_nor_score_sways_who_labels(page):
    assert "what the caption says" not in page
    assert "score" not in page


def test_only_the_one_script_may_run(page):
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_hostile_names_are_text(page):
    assert "alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_missing_picture_says_so(page):
    assert page.count("No picture: ") == 2
