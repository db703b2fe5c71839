"""Showing where a caption names a concept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.captions.folding import fold
from audit.captions.highlight import find_names


def marked(caption, *names):
    text, spans = find_names(caption, [fold(name) for name in names])
    for start, end in reversed(spans):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


@pytest.mark.parametrize(
    ("caption", "name", "shown"),
    [
        ("Sunflowers, VAN GOGH’S best", "van gogh", "Sunflowers, [VAN GOGH]’S best"),
        ("van_gogh_01.jpg", "Van Gogh", "[van_gogh]_01.jpg"),
        ("Georgia O&#39;Keeffe", "O'Keeffe", "Georgia [O'Keeffe]"),
        ("Beyonce\u0301 live", "Beyoncé", "[Beyonce\u0301] live"),
        ("浮世绘大师葛飾北斋的作品", "葛飾北斋", "浮世绘大师[葛飾北斋]的作品"),
        ("Ivan Goghman", "van gogh", "Ivan Goghman"),
        ("Łódź, lodz", "Lodz", "[Łódź], [lodz]"),
    ],
)
def test_name_is_marked_as_written(caption, name, shown):
    assert marked(caption, name) == shown


def test_overlapping_names_are_marked_once():
    assert marked("by Vincent van Gogh", "van gogh", "vincent van gogh") == "by [Vincent van Gogh]"


@given(st.text(max_size=20), st.text(max_size=20))
def test_whatever_is_marked_folds_to_a_name(before, after):
    text, spans = find_names(f"{before} Van Gogh {after}", [" van gogh "])
    assert all(fold(text[start:end]) == " van gogh " for start, end in spans)


@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_every_match_in_ascii_is_marked(caption):
    text = caption.replace("&", "")
    _, spans = find_names(f"{text} van-gogh", [" van gogh "])
    assert spans
