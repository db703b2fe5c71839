"""X-Robots-Tag: its AI words, whom they are said to, and what the words for search say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.optouts import audience, judge
from audit.optouts.html_meta import read_html
from audit.optouts.robots_tags import read_x_robots_tag

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVERYBODY = audience()


def answers(value, asking=EVERYBODY):
    """(non-generative training, generative training, search), d(enied) a(llowed) u(nknown)."""
    signals = read_x_robots_tag(value, now=NOW)
    uses = ("training", "generative-training", "search")
    return "".join(judge(signals, use, asking).answer[0] for use in uses)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("noai", "ddu"),
        ("NoAI", "ddu"),
        ("noimageai", "ddu"),
        ("noml", "ddu"),
        ("noai, noimageai", "ddu"),
        ("noai,noimageai", "ddu"),
        ("nofollow noai", "ddu"),
        ("nofollow; noai", "ddu"),
        ('"noai"', "ddu"),
        ("nofollow\nnoai", "ddu"),
        ("noai: true", "ddu"),
        ("max-snippet:-1, noai", "ddu"),
        ("max-image-preview:large,noimageindex,noml", "ddd"),
        ("index, noai", "dda"),
        ("*: noai", "ddu"),
        ("noindex", "uud"),
        ("noimageindex", "uud"),
        ("none", "uud"),
        ("all", "uua"),
        ("index, follow", "uua"),
        ("index, noindex", "uud"),
        ("nofollow, nosnippet, noarchive", "uuu"),
        ("", "uuu"),
        ("noaix", "uuu"),
        ("max-snippet:-1;noai", "ddu"),
        ("unavailable_after: 25 Jun 2050 15:00:00 GMT; noai", "ddu"),
        ("noai.", "ddu"),
        ("noai\u00a0", "ddu"),
        ("nofollow\u2003noai", "ddu"),
        ("noai\u200b", "ddu"),
        ("\uff4e\uff4f\uff41\uff49", "ddu"),
        ("no-ai", "ddu"),
        ("no-ai: true", "ddu"),
        ("no_image_ai", "ddu"),
        ("noai=1", "ddu"),
        ("noindex/noai", "ddd"),
        ("robots: noai", "ddu"),
        ("X-Robots-Tag: noai", "ddu"),
        ("all.", "uuu"),
        ("in-dex", "uuu"),
        ("no ai", "uuu"),
        ("unavailable_after: 25 Jun 2010 15:00:00 PST", "uud"),
        ("unavailable_after: Fri, 25 Jun 2010 15:00:00 GMT, noai", "ddd"),
        ("unavailable_after: Friday, 25-Jun-10 15:00:00 GMT, noai", "ddd"),
        ("unavailable_after:2010-06-25T15:00:00+00:00", "uud"),
        ("unavailable_after: 2050-06-25, index", "uuu"),
        ("unavailable_after: some day, index", "uuu"),
    ],
)
def test_words_and_what_they_say(value, expected):
    assert answers(value) == expected


def test_words_behind_a_name_are_for_that_crawler_alone():
    value = "googlebot: noai noindex"
    assert answers(value, audience(["img2dataset"], listed=False)) == "uuu"
    assert answers(value, audience(["GoogleBot"], listed=False)) == "ddd"


def test_what_is_denied_behind_a_further_comma_may_be_denied_to_all():
    """Who joins the headers "otherbot: nofollow" and "noai" makes one list of them."""
    assert answers("otherbot: nofollow, noai") == "ddu"
    assert answers("otherbot: noai, nofollow") == "uuu"
    assert answers("otherbot: nofollow, all") == "uuu"
    assert [s.agent for s in read_x_robots_tag("otherbot: noai, thirdbot: noai")] == [
        "otherbot", "thirdbot",
    ]  # fmt: skip


def test_a_name_holds_to_the_end_of_its_line_or_to_the_next_name():
    asking = audience(["b"], listed=False)
    assert answers("a: noindex, b: noai, noindex", asking) == "ddd"
    assert answers("a: noai\nnoindex", asking) == "uud"
    assert answers("b: unavailable_after: 1 Jan 2010 00:00:00 GMT, noai", asking) == "ddd"


def test_what_is_said_to_a_listed_ai_crawler_counts():
    assert answers("gptbot: noai") == "ddu"


def test_a_permission_for_search_is_none_for_training():
    assert answers("all") == "uua"


def test_a_header_beyond_measure_is_unknown_for_all():
    signals = read_x_robots_tag("index, " * 10_000)
    assert {s.answer for s in signals} == {"unknown"}
    assert judge(signals, "search", EVERYBODY).answer == "unknown"


def test_a_page_may_say_the_same():
    page = '<html><HEAD><META Name="Robots" Content="NOAI"><meta name=gptbot content=noindex>'
    signals = read_html(page, agents=("gptbot",))
    assert [(s.answer, s.source, s.agent) for s in signals] == [
        ("denied", "meta", None), ("denied", "meta", "gptbot"),
    ]  # fmt: skip


def test_a_page_may_reserve_mining():
    page = '<meta name="tdm-reservation" content="1"><meta name="tdm-policy" content="https://p/">'
    (signal,) = read_html(page)
    assert (signal.answer, signal.source) == ("denied", "meta")
    assert "https://p/" in signal.reason


@given(st.text())
def test_no_text_is_read_as_a_permission_to_train(text):
    signals = read_x_robots_tag(text)
    assert all(s.answer != "allowed" or s.uses == ("search",) for s in signals)


@given(
    st.lists(st.sampled_from(["nofollow", "noindex", "x: noindex", "max-snippet: 3", ", ", " "]))
)
def test_noai_is_found_wherever_it_stands(words):
    value = ", ".join([*words, "*: noai"])
    assert answers(value)[:2] == "dd"
