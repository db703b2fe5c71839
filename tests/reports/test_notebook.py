"""Answers in notebooks: every kind has a look, numbers are those of the answer, texts stay text."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re

import pytest

import audit as package
from audit.reports.notebook import view_of
from audit.shown import Shown
from tests.reports.page.conftest import HOSTILE


@pytest.fixture
def opened(write_shard, audit):
    captions = [f"Van Gogh {n}" for n in range(30)]
    assert audit("ingest", write_shard("0.parquet", captions), "--name", "made").code == 0
    return package.open("made")


def test_every_answer_is_shown():
    """Whatever is an answer, with plain values and a table, is one that notebooks show."""
    for module in pkgutil.walk_packages(package.__path__, "audit."):
        if module.name.startswith(("audit.cli", "audit.__main__", "audit.reports", "audit.api")):
            continue
        try:
            loaded = importlib.import_module(module.name)
        except ImportError:
            continue  # of an extra that is not installed
        for found in vars(loaded).values():
            is_own = isinstance(found, type) and found.__module__ == module.name
            if not (is_own and dataclasses.is_dataclass(found)):
                continue
            if "to_polars" in vars(found) and "to_dict" in vars(found):
                assert issubclass(found, Shown), found


def test_counts_have_their_numbers_and_what_they_rest_on(opened):
    html = opened.count("Van Gogh", "nobody")._repr_html_()
    assert "<b>Samples of made whose caption names a concept</b>" in html
    assert re.search(r"<td[^>]*>30</td>", html)
    assert html.count("<svg") == 2
    assert 'aria-label="30 to 30"' in html
    assert "Rests on its one shard" in html
    assert "Assumption:" in html


def test_each_kind_is_shown(opened):
    count = opened.count("Van Gogh")
    answers = (
        opened.show(), opened.review_licenses(), opened.review_optouts(), opened.count_domains(),
        package.flag(count, threshold=10), opened.report("Van Gogh"), opened.report(),
        opened.card(), opened.disclose_eu(), count,
    )  # fmt: skip
    for answer in answers:
        html = answer._repr_html_()
        assert html.startswith("<div")
        assert "<table>" in html
        assert "<script" not in html


def is_name(text):
    """Whether it can name a concept at all: some are refused before anything is shown."""
    try:
        return bool(package.Concept(text))
    except package.AuditError:
        return False


@pytest.mark.parametrize("hostile", filter(is_name, HOSTILE))
def test_hostile_texts_stay_text(opened, open_page, tmp_path, hostile):
    count = opened.count(hostile, "Van Gogh")
    page = tmp_path / "page.html"
    body = count._repr_html_()
    page.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title><main><h1>t</h1>'
        f"{body}</main></html>"
    )
    with open_page(page.as_uri(), scheme="dark") as seen:
        assert seen.dialogs == []
        assert seen.requests == []
        assert seen.serious_violations() == []
        assert "\u202e" not in seen.page.inner_text("body")


def test_long_answers_say_what_is_left_out(opened):
    many = opened.count(*(f"concept {n}" for n in range(25)))
    html = many._repr_html_()
    assert "20 of 25 rows; to_polars() has all." in html
    assert len(view_of(many).frame) == 25


def test_unknown_and_unbounded_are_said(write_shard, audit, tmp_path):
    shard = write_shard("0.parquet", ["Van Gogh"])
    (tmp_path / "shards" / "1.parquet").write_bytes(b"PAR1 no more")
    audit("ingest", shard.parent, "--name", "broken")
    html = package.open("broken").count("Van Gogh", "!!!")._repr_html_()
    assert "no upper bound known" in html
    assert "unknown" in html
