"""Counts against thresholds: verdicts, their order, and what the answer says of itself."""

from __future__ import annotations

import io
import json

import polars as pl
import pytest

import audit.verdicts as verdicts
from audit.errors import UsageError
from audit.thresholds.known import KnownThreshold, KnownThresholds
from tests.verdicts.records import caption, counted, image


def test_sorted_by_verdict_and_by_how_far_above():
    record = counted(
        caption("at the top of the band", 241),
        caption("nothing", 0),
        caption("far above", 5000),
        caption("in the band", 200),
        caption("a thing", 9000, "object"),
        caption("a person", 300, "face"),
        caption("nearly", 111),
        caption("nobody said", 9000, None),
        caption("!!!", None),
    )
    result = verdicts.flag(record)
    assert [(one.name, one.verdict) for one in result.concepts] == [
        ("far above", "above"),
        ("at the top of the band", "above"),
        ("!!!", "uncertain"),
        ("in the band", "uncertain"),
        ("a person", "uncertain"),
        ("nearly", "below"),
        ("nothing", "below"),
        ("a thing", "no threshold for this domain"),
        ("nobody said", "no threshold for this domain"),
    ]
    assert list(result.tally.values()) == [2, 3, 2, 2]
    assert result["far above"].ratio == pytest.approx(5000 / (112 * 241) ** 0.5)
    assert result["far above"].ratio_span.low == pytest.approx(5000 / 241)
    assert result["far above"].ratio_span.high == pytest.approx(5000 / 112)
    with pytest.raises(KeyError):
        result["nowhere"]


def test_domain_that_is_given_stands_in_only_where_none_is_said():
    record = counted(caption("a", 300, None), caption("b", 300, "object"))
    result = verdicts.flag(record, domain="art-style")
    assert result["a"].verdict == "above"
    assert (result["b"].domain, result["b"].verdict) == ("object", "no threshold for this domain")


def test_domain_that_nobody_knows_is_not_replaced():
    result = verdicts.flag(counted(caption("a", 300, "architecture")), domain="art-style")
    assert result["a"].verdict == "no threshold for this domain"
    assert "the domain architecture" in result["a"].applied.statement


def test_doubts_of_the_count_make_it_uncertain():
    sure = counted(caption("Turner", 300))
    doubted = counted(caption("Turner", 300, accidental=[0.2, 0.5]))
    unread = counted(caption("Turner", 100), unread_rows=50)
    for record, verdict in ((sure, "above"), (doubted, "uncertain"), (unread, "uncertain")):
        assert verdicts.flag(record).concepts[0].verdict == verdict


def test_images_that_nothing_is_known_of_are_uncertain():
    record = counted(image("Monet", 0, 0, 1000, known=False), by="both")
    flagged = verdicts.flag(record).concepts[0]
    assert (flagged.verdict, flagged.ratio) == ("uncertain", None)


def test_share_is_applied_and_said():
    record = counted(caption("Monet", 600))
    assert verdicts.flag(record, share=(0.5, 0.9)).concepts[0].verdict == "above"
    result = verdicts.flag(record, share=(0.1, 0.9))
    assert result.concepts[0].verdict == "uncertain"
    assert "10% to 90% of the named samples are assumed to show it" in result.assumption
    assert result.to_dict()["share"] == [0.1, 0.9]


def test_own_thresholds_stand_in_place_of_the_published_ones():
    own = KnownThresholds((KnownThreshold(50, (40, 60), "object"),))
    result = verdicts.flag(counted(caption("a", 70, "object"), caption("b", 900, "face")), own)
    assert [(one.name, one.verdict) for one in result.concepts] == [
        ("a", "above"),
        ("b", "no threshold for this domain"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": 5, "model": "SD1.5"},
        {"threshold": 5, "group": "politicians"},
        {"threshold": 5, "thresholds": KnownThresholds(())},
        {"share": (0.5, 1.5)},
        {"share": (0.9, 0.5)},
        {"share": (float("nan"), 0.5)},
        {"domain": "faces"},
        {"model": "SD9"},
        {"group": "painters"},
    ],
)
def test_questions_that_contradict_themselves_are_refused(wrong):
    with pytest.raises(UsageError) as error:
        verdicts.flag(counted(caption("a", 1)), **wrong)
    assert error.value.hint


def test_share_is_for_captions():
    with pytest.raises(UsageError, match="images were counted"):
        verdicts.flag(counted(image("a", 1, 1, 1), by="both"), share=(0.5, 1))


def test_answer_says_what_it_is_and_is_not():
    captions, images = counted(caption("a", 300)), counted(image("a", 300, 290, 310), by="both")
    by_caption, by_image = (verdicts.flag(record).to_dict() for record in (captions, images))
    assert by_caption["schema"] == "audit.flag/1"
    assert "captions are counted, and thresholds are of images" in by_caption["assumption"]
    assert "captions are counted" not in by_image["assumption"]
    for answer in (by_caption, by_image):
        assert "no conclusion on the law" in answer["evidence"]
        assert "whole interval" in answer["rule"]
        (threshold,) = answer["thresholds"]
        assert (threshold["low"], threshold["high"]) == (112, 241)
        assert len(threshold["thresholds"]) == 4
        assert any("exposures" in caveat for caveat in threshold["caveats"])


def test_json_and_table_of_values_agree_and_have_no_infinity():
    record = counted(
        caption("a", 300), caption("=cmd()", 5), caption("!!!", None), unread_rows=None
    )
    result = verdicts.flag(record)
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    frame = pl.read_csv(io.StringIO(result.to_polars().write_csv()))
    assert frame["concept"].to_list() == [one["concept"] for one in plain["results"]]
    assert frame["verdict"].to_list() == [one["verdict"] for one in plain["results"]]
    assert frame["count_high"].to_list() == [None, None, None]
    assert plain["results"][0]["count"] == {"value": 300, "low": 300, "high": None}
    assert plain["verdicts"] == {
        "above": 1,
        "uncertain": 2,
        "below": 0,
        "no threshold for this domain": 0,
    }
