"""Reading a report that anybody may have written."""

from __future__ import annotations

import json
import math
import os

import pytest

from audit.comparisons.differences import Measured
from audit.comparisons.reading import as_snapshot, read_report
from audit.errors import UsageError

from .documents import concept, put, report, shown, snapshot

GOOD = report(concept("Monet", 150))


def test_what_is_compared_is_read():
    found = snapshot(concept("Monet", 150, unread=30, statuses={"open": 100, "unknown": 50}))
    (monet,) = found.concepts
    assert monet.named == Measured(150, 150, 150, 30)
    assert monet.wording.phrases == ("monet",)
    assert monet.judged.verdict == "uncertain"
    assert monet.licenses.by_status == {"open": 100, "unknown": 50}
    assert found.read.samples == found.considered == 1000
    assert found.domains.listed == {"example.org": 1000}


def test_what_is_not_known_stays_so():
    unsearchable, unread = snapshot(concept("!", None), concept("x", 3, unread=None)).concepts
    assert unsearchable.named.value is None
    assert unsearchable.named.span.high == math.inf
    assert unread.named == Measured(3, 3, 3, math.inf)
    seen = concept("x", 3, visual=shown(0, 0, 1000, known=False), count=(0, 1000))
    document = report(seen, visual={"considered": 1000, "encoder": {"id": "hog"}})
    (known,) = as_snapshot(document, "a.json", "report").concepts
    assert known.shown is not None
    assert known.shown.samples.value is None


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("licenses", ..., "licenses is missing"),
        ("dataset", [], "dataset is [], not a record"),
        ("concepts", {}, "concepts is {}, not a list"),
        ("concepts.0", 7, "concepts[0] is 7, not a record"),
        ("concepts.0.name", ..., "concepts[0].name is missing"),
        ("concepts.0.name", 5, "concepts[0].name is 5, not text"),
        ("concepts.0.name", "a\x1b[31m", "concepts[0] is no concept"),
        ("concepts.0.name", "\ud800", "concepts[0].name is"),
        ("concepts.0.caption.samples", -1, "concepts[0].caption.samples is -1, not a whole"),
        ("concepts.0.caption.samples", True, "is true, not a whole number"),
        ("concepts.0.caption.samples", 1.5, "is 1.5, not a whole number"),
        ("concepts.0.caption.samples", 10**40, "not a whole number"),
        ("concepts.0.caption.interval", [150, 149], "two numbers, the smaller one first"),
        ("concepts.0.caption.interval", [7, 200], "the first one the samples"),
        ("concepts.0.caption.phrases", "monet", "not a list"),
        ("concepts.0.verdict.count.low", float("nan"), "not a number from 0 on"),
        ("concepts.0.verdict.count.high", 1, "not at least 150, its low end"),
        ("concepts.0.verdict.count.value", float("inf"), "not a number from 0 on"),
        ("concepts.0.verdict.verdict", "above", 'what follows from its numbers, "uncertain"'),
        ("concepts.0.verdict.verdict", "fine", "one of: above, uncertain"),
        ("concepts.0.licenses.statuses.0.samples", 149, "has 149 samples, and all are 150"),
        ("concepts.0.licenses.statuses.0.name", "mine", 'has "mine", which is none'),
        ("count", None, "there are concepts, and no count"),
        ("question.by", "smell", "one of: caption, visual, both"),
        ("dataset.coverage.read_shards", 9, "at most 2"),
        ("dataset.coverage.unread_rows", "many", "not a whole number"),
        ("optouts.uses.0.denied", 5, "its answers are not those of 1,000 samples"),
        ("domains.domains", 0, "at least 1, which are listed"),
        ("flags.share", [0.9, 0.1], "the smaller one first"),
        ("flags.thresholds.0.low", "x", "not a number from 0 on"),
    ],
)
def test_damage_is_told_with_its_place(place, value, told):
    with pytest.raises(UsageError) as caught:
        as_snapshot(put(GOOD, place, value), "mine.json", "report")
    assert caught.value.message.startswith("mine.json: the report is damaged: ")
    assert told in caught.value.message


def test_a_concept_or_a_domain_twice_is_damage():
    for document in (
        report(concept("Monet", 1), concept("Monet", 2)),
        put(GOOD, "domains.top.domains", [{"domain": "a.org", "samples": 1}] * 2)
        | {"concepts": []},
    ):
        with pytest.raises(UsageError, match=r"times|twice"):
            as_snapshot(document, "mine.json", "report")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is no JSON"),
        (b"{", "x.json:1:2: is no JSON"),
        (b"\xff\xfe{", "is not UTF-8"),
        (b"[]", "is no report: it has no schema"),
        (b"null", "is no report: it has no schema"),
        (b'{"schema": "audit.count/1"}', 'its schema is "audit.count/1"'),
        (b'{"schema": ["audit.report/1"]}', "is no report"),
        (b'{"schema": "audit.report/2"}', "is a report of a newer version of audit"),
        (b'{"schema": NaN}', "the number NaN"),
        (b"[" * 100_000, "nested too deeply"),
        (b"1" * 5000, "is no report"),
        (json.dumps(put(GOOD, "domains", ...)).encode(), "domains is missing"),
    ],
)
def test_files_that_are_no_report_are_refused(tmp_path, content, told):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_report(path)
    assert told in caught.value.message
    assert "x.json" in caught.value.message
    assert caught.value.hint


def test_what_cannot_be_read_is_told(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        read_report(tmp_path / "nothing.json")
    with pytest.raises(UsageError, match="is a folder"):
        read_report(tmp_path)
    huge = tmp_path / "huge.json"
    with huge.open("wb") as stream:
        os.truncate(stream.fileno(), 2**40)  # takes no space
    with pytest.raises(UsageError, match="larger than any report"):
        read_report(huge)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs a device")
def test_a_device_is_not_read_to_its_end():
    from pathlib import Path

    with pytest.raises(UsageError, match="is a device"):
        read_report(Path("/dev/zero"))
