"""Files of thresholds of one's own: every format, and errors with the line to mend."""

from __future__ import annotations

import json

import pytest

from audit.errors import UsageError
from audit.thresholds.files import read_thresholds
from audit.thresholds.published import published_path, published_thresholds

TOML = """\
domain = "art-style"
source = "our own runs"
caveats = ["small model"]

[[threshold]]
models = ["ours"]
value = 120
interval = [80.5, 200]
group = "painters"
caveats = ["few painters"]

[[threshold]]
domain = "object"
models = ["ours"]
reason = "no threshold: flat"
"""


@pytest.fixture
def write(tmp_path):
    def write_text(name, text):
        path = tmp_path / name
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return path

    return write_text


def refused(path, **options):
    with pytest.raises(UsageError) as error:
        read_thresholds(path, **options)
    assert error.value.hint
    return error.value.message


def test_toml_has_defaults_and_places(write):
    first, second = read_thresholds(write("t.toml", TOML)).entries
    assert (first.value, first.interval, first.low, first.high) == (120, (80.5, 200), 80.5, 200)
    assert first.caveats == ("small model", "few painters")
    assert (first.domain, first.source, first.place) == ("art-style", "our own runs", "t.toml:5")
    assert (second.domain, second.value, second.reason) == ("object", None, "no threshold: flat")


def test_csv_has_the_same_shape(write):
    text = "domain,model,group,threshold,low,high,caveats\nface,a | b,x,300,200,400,one | two\nobject,,,5,,,\n"
    first, second = read_thresholds(write("t.csv", text)).entries
    assert (first.models, first.value, first.interval) == (("a", "b"), 300, (200, 400))
    assert first.caveats == ("one", "two")
    assert (second.models, second.interval, second.place) == ((), None, "t.csv:3")


def test_what_the_command_lists_can_be_read_again(write):
    known = published_thresholds()
    assert read_thresholds(published_path()) == known
    as_csv = write("t.csv", known.to_polars().write_csv())
    assert read_thresholds(as_csv).entries == known.entries
    assert read_thresholds(write("t.json", known.to_dict())) == known


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("t.toml", '[[threshold]]\ndomain = "face"\nvalu = 3\n', ":3: unknown key 'valu'. Did you mean 'value'?"),
        ("t.toml", '[[threshold]]\ndomain = "face"\n', ":1: give a value, or the reason"),
        ("t.toml", '[[threshold]]\nvalue = 3\n', ":2: a threshold without domain"),
        ("t.toml", '[[threshold]]\ndomain = "faces"\nvalue = 3\n', ":2: 'faces' is not a domain. Did you mean 'face'?"),
        ("t.toml", '[[threshold]]\ndomain = "face"\nvalue = 0\n', ":3: no threshold is 0 images"),
        ("t.toml", '[[threshold]]\ndomain = "face"\nvalue = -3\n', ":3: -3 is no number of images"),
        ("t.toml", '[[threshold]]\ndomain = "face"\nvalue = nan\n', ":3: NaN is no number of images"),
        ("t.toml", '[[threshold]]\ndomain = "face"\nvalue = true\n', ":3: true is no number of images"),
        ("t.toml", '[[threshold]]\ndomain = "face"\nvalue = "3"\n', ':3: "3" is no number of images'),
        ("t.toml", f'[[threshold]]\ndomain = "face"\nvalue = 1{"0" * 400}\n', ":3: 1000"),
        ("t.toml", '[[threshold]]\ndomain = "face"\nvalue = 3\ninterval = [4, 5]\n', ":3: the value 3 is outside its interval"),
        ("t.toml", '[[threshold]]\ndomain = "face"\nvalue = 3\ninterval = [5, 1]\n', ":3: the interval ends before it begins"),
        ("t.toml", '[[threshold]]\ndomain = "face"\nvalue = 3\ninterval = [1]\n', ":3: an interval is two numbers"),
        ("t.toml", '[[threshold]]\ndomain = "face"\nvalue = 3\ninterval = "x"\n', ':4: interval must be two numbers, not "x"'),
        ("t.toml", '[[threshold]]\ndomain = "face"\nvalue = 3\nmodels = "SD"\n', ':4: models must be a list of texts, not "SD"'),
        ("t.toml", '[[threshold]]\ndomain = "face"\nvalue = 3\nunit = 5\n', ":4: unit must be text, not 5"),
        ("t.toml", '[[threshold]]\ndomain = "face"\nvalue = 3\n[[threshold]]\ndomain = "face"\nvalue = 4\n', ":4: line 1 has a threshold for the same already"),
        ("t.toml", 'modles = ["x"]\n', ":1: unknown key 'modles'. Did you mean 'models'?"),
        ("t.toml", 'caveats = "x"\n[[threshold]]\ndomain = "face"\nvalue = 3\n', ":1: caveats must be a list of texts"),
        ("t.toml", '\n[threshold]\nvalue = 3\n', ":2: write [[threshold]]"),
        ("t.toml", "value = \n", ":1:9: Invalid value"),
        ("t.toml", "", "holds no thresholds"),
        ("t.csv", "domain,vaule\nface,3\n", ":1: unknown column 'vaule'. Did you mean 'value'?"),
        ("t.csv", "domain,value,threshold\nface,3,3\n", ":1: a column is there twice"),
        ("t.csv", "domain,value\nface,many\n", ':2: "many" is no number of images'),
        ("t.csv", "domain,value,low\nface,3,1\n", ":2: null is no number of images"),
        ("t.csv", 'domain,value\n"face\n",3\nface,1,2\n', ":4: 3 cells, but the header has 2 columns"),
        ("t.csv", 'domain,value\n"face,3\n', "unexpected end of data"),
        ("t.json", "[1", ":1:3: Expecting ',' delimiter"),
        ("t.json", "[]", ":1: expected an answer of `audit threshold`"),
        ("t.json", '{"schema": "audit.thresholds/1", "thresholds": [5]}', ":1: a threshold is an object, not 5"),
        ("t.json", '{"schema": "audit.thresholds/1", "thresholds": [{"value": 3}]}', ":1: a threshold without domain: say what kind of concept it is for (entry 1)"),
        ("t.json", '{"schema": "audit.thresholds/1", "thresholds": [{"value": 3, "domain": "face", "group": "\\ud800"}]}', ":1: group must be text"),
        ("t.xlsx", "x", "a file of thresholds cannot be read from .xlsx"),
        ("t.toml", f"x = {'[' * 100_000}", "cannot be read"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_their_line(write, name, text, expected):
    path = write(name, text)
    message = refused(path)
    assert str(path) in message
    assert expected in message


def test_all_mistakes_of_a_file_are_told_at_once(write):
    text = '[[threshold]]\ndomain = "face"\nvalue = -1\n' * 30
    lines = refused(write("t.toml", text)).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "… and 10 more problems"


ESTIMATE = {
    "schema": "audit.threshold/1",
    "domain": "art-style",
    "model": "ours",
    "paper": {"threshold": 74},
    "audit": {"verdict": "threshold", "threshold": 231.5, "interval": [90, 1300]},
}


def test_estimate_of_our_own_is_a_threshold_with_its_interval(write):
    (entry,) = read_thresholds(write("mine.json", ESTIMATE)).entries
    assert (entry.value, entry.interval) == (231.5, (90, 1300))
    assert (entry.domain, entry.models, entry.source) == (
        "art-style",
        ("ours",),
        "mine.json, audit mode",
    )


def test_value_of_the_papers_rule_is_taken_only_if_asked(write):
    (entry,) = read_thresholds(write("mine.json", ESTIMATE), "paper").entries
    assert (entry.value, entry.interval, entry.source) == (74, None, "mine.json, paper mode")
    assert "penalty" in entry.caveats[0]


@pytest.mark.parametrize("verdict", ["no threshold", "not enough data"])
def test_no_threshold_is_an_answer_and_the_other_voice_does_not_stand_in(write, verdict):
    said = {"verdict": verdict, "threshold": None, "interval": None, "reason": "flat"}
    (entry,) = read_thresholds(write("mine.json", {**ESTIMATE, "audit": said})).entries
    assert (entry.value, entry.reason) == (None, f"{verdict}: flat")
    none = {**ESTIMATE, "paper": {"threshold": None}}
    (entry,) = read_thresholds(write("b.json", none), "paper").entries
    assert (entry.value, entry.reason) == (None, "the published rule finds no change point")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"audit": None}, "it says nothing under 'audit'"),
        ({"audit": {"verdict": "maybe"}}, 'its verdict is "maybe"'),
        ({"audit": {"verdict": "threshold", "threshold": None}}, "null is no number of images"),
        ({"audit": {"verdict": "threshold", "threshold": 3, "interval": [1, "x"]}}, '"x" is no number of images'),
        ({"domain": "faces"}, "'faces' is not a domain"),
        ({"model": 5}, "its domain or model is no text"),
    ],
)  # fmt: skip
def test_damaged_estimates_are_refused(write, change, told):
    path = write("mine.json", {**ESTIMATE, **change})
    assert told in refused(path)
