"""TDMRep, stored headers, and what signals come to together."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import audit.optouts
from audit.optouts import READERS, Reader, Signal, audience, judge, read_stored, register
from audit.optouts.headers import read_headers
from audit.optouts.preferences import read_preferences
from audit.optouts.tdmrep import matching_rule, read_reservation

USES = ("mining", "training", "generative-training", "search")
ASKING = audience()


def answers(signals, asking=ASKING):
    return "".join(judge(signals, use, asking).answer[0] for use in USES)


def signal(answer, uses=USES, agent=None):
    return Signal("x", answer, uses, "value", "header", f"because {answer}", agent)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", "dddu"), (" 1 ", "dddu"), ("1.0", "dddu"), ("0", "auuu"), ("2", "uuuu"),
     ("true", "uuuu"), ("0, 1", "dddu"), ("", "uuuu")],
)  # fmt: skip
def test_reservations(value, expected):
    assert answers([read_reservation(value)]) == expected


def test_what_is_not_reserved_permits_mining_and_no_training():
    (mining,) = {judge([read_reservation("0")], "mining", ASKING).answer}
    (training,) = {judge([read_reservation("0")], "training", ASKING).answer}
    assert (mining, training) == ("allowed", "unknown")


TDMREP = [
    {"location": "/directory-a/", "tdm-reservation": 1},
    {"location": "/directory-b/html/", "tdm-reservation": 1, "tdm-policy": "https://p/policy.json"},
    {"location": "/directory-b/images/*.jpg", "tdm-reservation": 0},
    {"location": "/exact$", "tdm-reservation": 1},
    {"location": "/", "tdm-reservation": 0},
    {"location": "/late", "tdm-reservation": 1},
]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/directory-a/x.pdf", "denied"),
        ("/directory-b/html/i.html", "denied"),
        ("/directory-b/images/i.jpg", "allowed"),
        ("/exact", "denied"),
        ("/exactly", "allowed"),
        ("/Directory-A/x", "allowed"),
        ("/late", "allowed"),
    ],
)
def test_the_first_location_that_matches_decides(path, expected):
    rule = matching_rule(json.dumps(TDMREP), path)
    assert read_reservation(rule.value).answer == expected


def test_the_policy_of_a_rule_is_told():
    rule = matching_rule(json.dumps(TDMREP), "/directory-b/html/")
    assert rule.policy == "https://p/policy.json"
    assert rule.policy in read_reservation(rule.value, rule.policy).reason


def test_paths_that_no_location_matches_are_not_spoken_of():
    assert matching_rule(json.dumps(TDMREP[:1]), "/other") is None
    assert matching_rule("[]", "/") is None


@pytest.mark.parametrize(
    "text",
    ["", "{}", "null", "[1]", '[{"location": "/"}]', '[{"tdm-reservation": 1}]', "[" * 50_000,
     "<html>", '[{"location": "/", "tdm-reservation": 1, "tdm-reservation": 0}]'],
)  # fmt: skip
def test_a_file_that_breaks_the_protocol_is_refused(text):
    with pytest.raises(ValueError, match=r"it is|a rule"):
        matching_rule(text, "/x")


@pytest.mark.parametrize(
    "text",
    [
        "HTTP/1.1 200 OK\r\nX-Robots-Tag: noai\r\ntdm-reservation: 0\r\n",
        '{"x-robots-tag": "noai", "TDM-Reservation": 0}',
        '{"X_Robots_Tag": ["nofollow", "noai"], "tdm_reservation": "0"}',
        '[["X-Robots-Tag", "noai"], ["tdm-reservation", "0"]]',
        '[{"name": "X-Robots-Tag", "value": "noai"}, {"name": "tdm-reservation", "value": 0}]',
    ],
)
def test_headers_as_lines_and_as_json(text):
    assert answers(read_headers(text)) == "addu"


@pytest.mark.parametrize(
    "text",
    [
        '{"x-robots-tag": "noai", "x-robots-tag": "index"}',
        '{"X-Robots-Tag": ["noai"], "x_robots_tag": "all"}',
        '[{"value": "noai", "name": "X-Robots-Tag"}]',
        '[{"name": "X-Robots-Tag", "value": "noai", "value": "all"}]',
        '{"headers": [{"Name": "X-Robots-Tag", "Value": "noai"}]}',
        '{"response": {"headers": {"x-robots-tag": "noai"}}}',
        '{"x-robots-tag": {"0": "noai"}}',
        "X-Robots-Tag:\r\n noai\r\n",
        "Date: now\nX-Robots-Tag: nofollow,\n\tnoai",
    ],
)
def test_no_way_to_keep_headers_loses_a_denial(text):
    assert answers(read_headers(text))[1:3] == "dd"


@pytest.mark.parametrize(
    "text",
    ["X-Robots-Tag noai", "{'X-Robots-Tag': 'noai'}", '["X-Robots-Tag: noai"]',
     '{"all": "x-robots-tag: noai"}'],
)  # fmt: skip
def test_headers_that_name_one_of_opt_outs_and_cannot_be_read_are_unknown(text):
    assert {s.answer for s in read_headers(text)} == {"unknown"}


@pytest.mark.parametrize(
    ("reader", "value", "expected"),
    [
        ("content-usage", "train-ai=n, train-ai=y", "uddu"),
        ("content-usage", "train-ai=n\ntrain-ai=y", "uddu"),
        ("content-usage", "train-ai=y, train-ai=maybe", "uuuu"),
        ("content-usage", "train-ai=N", "uddu"),
        ("content-usage", "train-ai=no", "uddu"),
        ("content-usage", 'train-ai="No"', "uddu"),
        ("content-usage", "train-ai=?0", "uddu"),
        ("content-usage", "train-ai=Y", "uuuu"),
        ("content-usage", "train-ai=yes", "uuuu"),
        ("content-usage", "train-ai", "uuuu"),
        ("content-usage", "ai-train=no", "uddu"),
        ("content-usage", "ai-train=yes", "uuuu"),
        ("content-signal", "ai-train=no, ai-train=yes", "uddu"),
        ("content-signal", "ai-train=no\nai-train=yes", "uddu"),
        ("content-signal", "ai-train=n", "uddu"),
        ("content-signal", "ai-train  =\tNO", "uddu"),
        ("content-signal", "ai-training=no", "uddu"),
        ("content-signal", "ai-training=yes", "uuuu"),
        ("content-signal", "ai-train=y", "uuuu"),
        ("content-signal", "ai-train=yes", "uaau"),
    ],
)
def test_preferences_that_contradict_themselves_or_are_spelled_otherwise(reader, value, expected):
    assert answers(read_preferences(value, reader)) == expected


def test_headers_that_are_broken_are_unknown():
    for text in ('{"x-robots-tag": "noai"', "[1, 2]", "[" * 99_999, "x" * 300_000):
        assert {s.answer for s in read_headers(text)} == {"unknown"}


def test_headers_may_hold_preferences():
    assert answers(read_headers("Content-Usage: train-ai=n")) == "uddu"
    assert answers(read_headers("Content-Usage: train-ai=y\nContent-Usage: train-ai=n")) == "uddu"


def test_one_denial_denies():
    assert (
        answers([signal("allowed"), signal("unknown"), signal("denied", ("training",))]) == "uduu"
    )


def test_a_permission_holds_if_nothing_contradicts_or_failed():
    assert answers([signal("allowed", ("mining",))]) == "auuu"
    assert answers([signal("allowed"), signal("unknown", ("mining",))]) == "uaaa"


def test_nothing_is_no_permission():
    verdict = judge([], "training", ASKING)
    assert (verdict.answer, verdict.signal) == ("unknown", None)
    assert "no permission" in verdict.reason


def test_the_deciding_signal_is_kept():
    denied = signal("denied")
    assert judge([signal("allowed"), denied], "mining", ASKING).signal is denied


_SIGNALS = st.lists(
    st.builds(
        signal,
        st.sampled_from(["allowed", "denied", "unknown"]),
        st.lists(st.sampled_from(USES), unique=True).map(tuple),
        st.sampled_from([None, "GPTBot", "nobody", "mine"]),
    ),
    max_size=6,
)


@given(_SIGNALS, st.randoms())
def test_the_order_of_signals_does_not_matter(signals, random):
    asking = audience(["mine"])
    shuffled = list(signals)
    random.shuffle(shuffled)
    assert answers(signals, asking) == answers(shuffled, asking)


@given(_SIGNALS, _SIGNALS)
def test_more_signals_never_lift_a_denial(signals, more):
    before, after = answers(signals), answers(signals + more)
    assert all(b != "d" or a == "d" for b, a in zip(before, after, strict=True))


@given(_SIGNALS)
def test_what_is_allowed_was_said_and_not_denied(signals):
    for use, answer in zip(USES, answers(signals), strict=True):
        about = [s for s in signals if use in s.uses and s.agent in (None, "GPTBot")]
        if answer == "a":
            assert about
            assert {s.answer for s in about} == {"allowed"}
            assert any(s.agent is None for s in about)


def test_columns_are_read_by_their_roles():
    values = {
        "x_robots_tag": "noimageai",
        "robots_txt": "User-agent: Googlebot\nDisallow: /",
        "tdm_reservation": "1",
        "tdm_policy": "https://terms",
        "data_mining": "DMI-ALLOWED",
        "training_mining": " ",
        "http_headers": None,
        "caption": "noai",
    }
    signals = read_stored(values, ASKING)
    assert {s.reader for s in signals} == {
        "x-robots-tag", "robots.txt", "tdmrep", "iptc-data-mining",
    }  # fmt: skip
    assert answers(signals) == "dddd"
    assert any("https://terms" in s.reason for s in signals)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("denied", "dddd"), ("Disallowed", "dddd"), ("allowed", "uuuu"), ("maybe", "uuuu"),
     ("error: HTTP 503", "uuuu")],
)  # fmt: skip
def test_a_column_may_hold_what_a_robots_txt_says(value, expected):
    assert answers(read_stored({"robots_txt": value}, ASKING)) == expected


def test_an_error_is_unknown_and_lifts_a_permission():
    values = {"data_mining": "DMI-ALLOWED"}
    assert answers(read_stored(values, ASKING)) == "aaaa"
    assert answers(read_stored(values | {"x_robots_tag": "error: timeout"}, ASKING)) == "uuuu"


@pytest.mark.parametrize(
    ("role", "value", "expected"),
    [
        ("data_mining", "error: XMP cannot be read\nDMI-PROHIBITED", "dddd"),
        ("data_mining", "DMI-ALLOWED\nerror: XMP cannot be read", "uuuu"),
        ("training_mining", 'error: damaged\n{"cawg.ai_training": "notAllowed"}', "uduu"),
        ("x_robots_tag", "noai\nError: HTTP 404", "uddu"),
        ("tdm_reservation", "error: tdmrep.json: HTTP 500\n1", "dddu"),
        ("tdm_reservation", "0\nerror: tdmrep.json: HTTP 500", "uuuu"),
        ("training_mining", '{"cawg.ai_training": "allowed"}\x1e{"cawg.ai_training": "notAllowed"}', "uduu"),
        ("robots_txt", "User-agent: *\nAllow: /\x1eUser-agent: *\nDisallow: /", "dddd"),
        ("robots_txt", "error: HTTP 503\x1eUser-agent: GPTBot\nDisallow: /", "uddu"),
    ],
)  # fmt: skip
def test_what_was_read_counts_beside_an_error_and_beside_other_values(role, value, expected):
    assert answers(read_stored({role: value}, ASKING)) == expected


def test_a_reader_of_ones_own_that_fails_is_unknown():
    def read(value, asking):
        if value == "bad":
            raise RuntimeError("oh")
        return [signal("denied", ("search",))]

    register(Reader("own", "own_column", read, None))
    try:
        assert answers(read_stored({"own_column": "good"}, ASKING)) == "uuud"
        (failed,) = read_stored({"own_column": "bad"}, ASKING)
        assert failed.answer == "unknown"
        assert "RuntimeError" in failed.reason
    finally:
        del READERS["own"]


def test_every_specification_is_dated_and_has_an_address():
    text = (Path(audit.optouts.__file__).parent / "data" / "specifications.toml").read_text()
    for name, entry in tomllib.loads(text).items():
        assert READERS[name].specification.title == entry["title"]
        date.fromisoformat(entry["date"])
        assert entry["url"].startswith("http")
