"""From counts to what is in doubt of them."""

from __future__ import annotations

import json
import math

import pytest

from audit.concepts import Concept
from audit.counts.by_caption import count_by_caption
from audit.errors import UsageError
from audit.verdicts.exposures import counted_concepts, read_count
from audit.verdicts.judging import Span
from tests.verdicts.records import caption, counted, image


def only(record):
    (exposure,) = counted_concepts(record).exposures
    return exposure


def test_census_that_is_complete_has_no_doubt():
    exposure = only(counted(caption("Van Gogh", 300)))
    assert (exposure.value, exposure.span) == (300, Span(300, 300))
    assert not exposure.is_unread


def test_accidental_matches_are_left_out_of_the_low_end_by_the_high_end_of_their_share():
    exposure = only(counted(caption("Turner", 300, accidental=[0.1, 0.25])))
    assert (exposure.value, exposure.span) == (300, Span(225, 300))
    assert exposure.when_meant == Span(300, 300)


def test_only_matches_of_the_one_word_can_be_accidental():
    result = caption("Turner", 300, accidental=[0.1, 0.5])
    result["aliases"] = {"J. M. W. Turner": 250, "TURNER": 100}
    assert only(counted(result)).span == Span(250, 300)


def test_unread_samples_are_in_the_high_end():
    exposure = only(counted(caption("Monet", 300), unread_rows=50, rejected_lines=2))
    assert exposure.span == Span(300, 352)
    assert (exposure.is_unread, exposure.when_read) == (True, Span(300, 300))
    unbounded = only(counted(caption("Monet", 300), unread_rows=None))
    assert unbounded.span == Span(300, math.inf)
    assert unbounded.when_read == Span(300, 300)


def test_name_that_cannot_be_searched_is_unknown():
    exposure = only(counted(caption("!!!", None, findings=["no letter"])))
    assert (exposure.value, exposure.span) == (None, Span(0, math.inf))
    assert exposure.notes == ("no letter",)


def test_images_have_their_total_and_what_could_not_be_read():
    exposure = only(counted(image("Monet", 60, 45, 75), by="both", unread_rows=10))
    assert (exposure.value, exposure.span, exposure.read_high) == (60, Span(45, 85), 75)
    unknown = only(counted(image("Monet", 0, 0, 1000, known=False), by="both"))
    assert (unknown.value, unknown.span) == (None, Span(0, 1000))


def test_dead_links_and_labels_are_told_beside():
    exposure = only(counted(image("Monet", 60, 40, 80, dead=5, labelled=(50, 45, 55)), by="both"))
    assert "whatever the images show that are missing: 40 to 320" in exposure.notes
    assert exposure.by_labels == Span(45, 55)
    assert exposure.span == Span(40, 80)
    assert exposure.unseen


def test_share_scales_the_census_and_takes_the_place_of_the_accidental():
    found = only(counted(caption("Turner", 300, accidental=[0.1, 0.5]), unread_rows=100))
    scaled = found.scaled(0.2, 0.5)
    assert (scaled.value, scaled.span, scaled.read_high) == (105, Span(60, 200), 150)
    unbounded = only(counted(caption("Turner", 300), unread_rows=None))
    assert unbounded.scaled(0.2, 0.5).span == Span(60, math.inf)
    assert unbounded.scaled(0, 0).span == Span(0, 0)


def test_count_of_now_and_count_that_was_kept_say_the_same(home, write_shard, audit, tmp_path):
    shard = write_shard("a.parquet", ["by Turner", "turner", "Monet"])
    audit("ingest", shard, "--name", "d")
    result = count_by_caption(home.open("d"), [Concept("Turner", domain="art-style"), Concept("x")])
    path = tmp_path / "count.json"
    path.write_text(json.dumps(result.to_dict()))
    assert counted_concepts(read_count(path)) == counted_concepts(result.to_dict())
    assert [e.value for e in counted_concepts(result.to_dict()).exposures] == [2, 0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": "audit.flag/1"}, "its schema is 'audit.flag/1'"),
        ({"schema": None}, "its schema is None"),
        ({"coverage": {}}, "it has no 'unread_rows'"),
        ({"results": [{}]}, "it has no 'findings'"),
        ({"results": [{**caption("a", 1), "samples": "many"}]}, "'many' is no number of samples"),
        ({"results": [caption("a", -3)]}, "-3 is no number of samples"),
        ({"results": [caption("a", True)]}, "True is no number of samples"),
        ({"results": [caption("a", float("nan"))]}, "nan is no number of samples"),
        ({"results": [{**caption("a", 3), "concept": 5}]}, "5 is no text"),
        ({"results": [{**caption("a", 3), "concept": "\ud800"}]}, "is no text"),
        ({"results": 5}, "not iterable"),
        ({"dataset": None}, "None is no text"),
    ],
)  # fmt: skip
def test_damaged_counts_are_refused(tmp_path, change, told):
    path = tmp_path / "count.json"
    path.write_text(json.dumps({**counted(caption("a", 1)), **change}))
    with pytest.raises(UsageError, match=told) as error:
        read_count(path)
    assert str(path) in error.value.message
    assert "Count again" in error.value.hint


@pytest.mark.parametrize("text", ["", "[]", "5", "[" * 100_000, '{"schema": "audit.count/1"}'])
def test_what_is_no_count_is_refused(tmp_path, text):
    path = tmp_path / "count.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="is no count"):
        read_count(path)


def labelled_in_all(drawn, yes):
    record = image("Monet", 60, 40, 80, labelled=(500, 300, 700))
    record["labelled"] |= {"drawn": drawn, "labels": {"yes": yes, "no": 3, "unsure": 1}}
    return only(counted(record, by="both"))


def test_labels_of_all_that_was_drawn_take_the_place_of_the_references():
    exposure = labelled_in_all(drawn=20, yes=16)
    assert (exposure.value, exposure.span) == (500, Span(300, 700))
    assert "by people's labels" in exposure.notes[-1]


def test_a_few_labels_that_contradict_leave_both_possible():
    exposure = labelled_in_all(drawn=20, yes=10)
    assert (exposure.value, exposure.span) == (60, Span(40, 700))
    assert "both held possible" in exposure.notes[-1]
