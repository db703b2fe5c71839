"""Plots of thresholds: what is drawn follows from the verdict, and data stay data."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import re
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from audit.errors import MissingPackageError, StorageError, UsageError
from audit.reports.threshold_frame import HEIGHT, Frame
from audit.reports.threshold_layers import MOST_DRAWN
from audit.reports.threshold_plot import MIME, Plot, mimebundle, vega_lite, write_plot
from audit.thresholds import synthetic
from audit.thresholds.estimate import estimate_threshold
from audit.thresholds.series import series_of
from audit.thresholds.settings import ThresholdSettings

COUNTS = synthetic.count_grid(200, seed=1)
HOSTILE = [
    "\"; alert('1') //",
    "</script><script>alert(1)</script>",
    "a\x00b\x1b[31m",
    "\u202egnp",
    "\ud800",
    "=1+1",
    "{{x}}",
    "x" * 5000,
]


def estimated(series, **settings):
    return estimate_threshold(series, ThresholdSettings(rounds=99, **settings))


@pytest.fixture(scope="module")
def step():
    series = synthetic.step(COUNTS, 112, noise=0.05)
    return estimated(dataclasses.replace(series, domain="art style", model="a model"))


@pytest.fixture(scope="module")
def logistic():
    return estimated(synthetic.logistic(COUNTS, 300, scale=0.4, noise=0.05))


@pytest.fixture(scope="module")
def flat():
    return estimated(synthetic.flat(COUNTS))


@pytest.fixture(scope="module")
def line():
    return estimated(synthetic.line(COUNTS, high=0.8))


@pytest.fixture(scope="module")
def line_with_level():
    return estimated(synthetic.line(COUNTS, high=0.8), level=0.5)


@pytest.fixture(scope="module")
def too_few():
    return estimated(synthetic.step(COUNTS[::40], 112))


@pytest.fixture(scope="module")
def doubtful_counts():
    series = synthetic.logistic(COUNTS, 300, scale=0.4, noise=0.05)
    low, high = np.floor(series.counts / 2), series.counts * 2
    again = series_of(series.counts, series.scores, count_low=low, count_high=high)
    # With the counts taken as known: how the interval follows from them is no matter of plots.
    return dataclasses.replace(estimated(series), series=again)


def hostile_estimate():
    """Names, a domain and a model that try to be something else than text."""
    scores = np.linspace(0, 1, len(HOSTILE))
    series = series_of(
        np.arange(len(HOSTILE)), scores, HOSTILE, domain=HOSTILE[1], model=HOSTILE[4]
    )
    return estimated(series)


ALL = ["step", "logistic", "flat", "line", "line_with_level", "too_few", "doubtful_counts"]


@pytest.fixture(params=ALL)
def estimate(request):
    return request.getfixturevalue(request.param)


def name_of(layer):
    """What the legend calls the line or the band of a layer."""
    if "transform" in layer:
        return json.loads(layer["transform"][0]["calculate"])
    return layer["data"]["values"][0]["name"]


def names(spec, channel="color"):
    """What lines, or bands, there are."""
    return [name_of(layer) for layer in spec["layer"] if channel in layer["encoding"]]


def upright(spec):
    """Name of each upright line -> where it stands."""
    return {
        name_of(layer): layer["encoding"]["x"]["datum"]
        for layer in spec["layer"]
        if layer["mark"]["type"] == "rule" and "datum" in layer["encoding"].get("x", {})
    }


def labels(spec):
    return [
        layer["encoding"]["text"]["value"]
        for layer in spec["layer"]
        if layer["mark"]["type"] == "text"
    ]


def values(node):
    """Every value of a specification that is no container."""
    if isinstance(node, dict):
        assert all(type(key) is str for key in node)
        node = list(node.values())
    if isinstance(node, list):
        return [value for child in node for value in values(child)]
    return [node]


class TestSpecification:
    def test_has_what_vega_lite_needs(self, estimate):
        spec = vega_lite(estimate)
        assert spec["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json"
        assert {"description", "title", "width", "height", "datasets", "layer"} <= spec.keys()
        for layer in spec["layer"]:
            assert layer["mark"]["type"] in {"rect", "point", "line", "rule", "text"}
            data = layer["data"]
            rows = spec["datasets"][data["name"]] if "name" in data else data["values"]
            known = {*rows[0], *(one["as"] for one in layer.get("transform", []))}
            for channel in layer["encoding"].values():
                for one in channel if isinstance(channel, list) else [channel]:
                    assert {"field", "datum", "value"} & one.keys()
                    assert "field" not in one or one["field"] in known

    def test_is_plain_json(self, estimate):
        spec = vega_lite(estimate)
        for value in values(spec):
            assert type(value) in {str, int, float, bool, type(None)}
            assert not isinstance(value, float) or math.isfinite(value)
        assert json.loads(json.dumps(spec, allow_nan=False)) == spec

    def test_every_line_and_band_is_in_the_legend_with_its_colour(self, estimate):
        spec = vega_lite(estimate)
        for layer in spec["layer"]:
            for channel in ("color", "strokeDash", "fill"):
                if channel in layer["encoding"]:
                    used = layer["encoding"][channel]
                    assert name_of(layer) in used["scale"]["domain"]
                    assert len(used["scale"]["domain"]) == len(used["scale"]["range"])
                    assert used["legend"]["orient"] == "bottom"

    def test_counts_are_on_an_axis_of_log_1_plus_count(self, logistic):
        points = next(one for one in vega_lite(logistic)["layer"] if one["mark"]["type"] == "point")
        scale = points["encoding"]["x"]["scale"]
        assert (scale["type"], scale["constant"]) == ("symlog", 1)
        assert scale["domain"][0] < COUNTS.min() < COUNTS.max() < scale["domain"][1]
        assert {10, 100, 1000} <= set(points["encoding"]["x"]["axis"]["values"])

    def test_every_concept_is_a_point_with_its_name(self, step):
        rows = vega_lite(step)["datasets"]["concepts"]
        assert [row["concept"] for row in rows] == list(step.series.concepts)
        assert [row["count"] for row in rows] == step.series.counts.tolist()
        assert [row["score"] for row in rows] == pytest.approx(
            step.series.scores.tolist(), rel=1e-5
        )

    def test_nothing_is_asked_of_the_network(self, estimate):
        spec = vega_lite(estimate)
        del spec["$schema"]
        assert "://" not in json.dumps(spec)
        assert '"url"' not in json.dumps(spec)


class TestWhatIsDrawn:
    def test_a_threshold_with_its_interval_apart_from_the_published_one(self, logistic):
        spec = vega_lite(logistic)
        assert logistic.audit.verdict == "threshold"
        lines = upright(spec)
        assert lines["threshold"] == pytest.approx(logistic.audit.threshold, rel=1e-5)
        assert lines["published rule: first change"] == logistic.paper.threshold
        band = next(one for one in spec["layer"] if "x2" in one["encoding"])
        assert name_of(band) == "threshold, 95 %"
        ends = [band["encoding"][end]["datum"] for end in ("x", "x2")]
        assert ends == pytest.approx(list(logistic.audit.interval), rel=1e-5)
        colours = dict(zip(*(points_of(spec)[part] for part in ("domain", "range")), strict=True))
        assert colours["threshold"] != colours["published rule: first change"]

    def test_the_curve_of_a_threshold_is_the_one_that_rises(self, step, logistic):
        assert "best step" in names(vega_lite(step))
        assert "best logistic curve" in names(vega_lite(logistic))
        drawn = vega_lite(step)["datasets"]["curve step"]
        assert len({row["score"] for row in drawn}) == 2
        jump = next(row["count"] for row in drawn if row["score"] > 0.35)
        assert jump == pytest.approx(step.audit.threshold)

    def test_floor_plateau_and_level_with_a_threshold(self, step):
        rise = step.audit.rise
        told = [
            f"floor {rise.floor:.2f}",
            f"plateau {rise.plateau:.2f}",
            f"level {step.audit.level.value:.2f}",
        ]
        assert set(told) <= set(labels(vega_lite(step)))
        assert "floor and plateau, 95 %" in names(vega_lite(step), "fill")

    def test_without_a_threshold_there_is_no_line_of_one(self, flat, line, too_few):
        for estimate in (flat, line, too_few):
            spec = vega_lite(estimate)
            assert estimate.audit.verdict != "threshold"
            assert not {"threshold", "crossing, no threshold"} & set(upright(spec))
            assert not names(spec, "fill")

    def test_a_flat_line_where_flat_is_not_refused(self, flat):
        spec = vega_lite(flat)
        assert "best flat line" in names(spec)
        ends = spec["datasets"]["curve flat"]
        assert [row["score"] for row in ends] == pytest.approx(
            [flat.series.scores.mean()] * 2, rel=1e-5
        )

    def test_a_straight_line_where_that_is_not_refused(self, line):
        spec = vega_lite(line)
        assert "best straight line" in names(spec)
        first, last = spec["datasets"]["curve line"]
        slope, floor = np.polyfit(line.series.log_counts, line.series.scores, 1)
        assert [first["score"], last["score"]] == pytest.approx(
            [floor + slope * np.log1p(row["count"]) for row in (first, last)], rel=1e-4
        )

    def test_a_bent_line_where_that_is_not_refused(self):
        x = np.log1p(COUNTS)
        noise = np.random.default_rng(0).normal(0, 0.03, len(x))
        bent = estimated(series_of(COUNTS, 0.2 + 0.08 * np.maximum(x - 5.5, 0) + noise))
        assert [test.refused for test in bent.audit.tests] == [True, True, False]
        rows = vega_lite(bent)["datasets"]["curve bent line"]
        heights = np.interp(
            x, np.log1p([row["count"] for row in rows]), [row["score"] for row in rows]
        )
        assert np.abs(heights - (bent.series.scores - noise)).max() < 0.05

    def test_a_crossing_that_is_no_threshold_is_drawn_as_another_thing(self, line_with_level):
        spec = vega_lite(line_with_level)
        assert set(upright(spec)) & {"threshold", "crossing, no threshold"} == {
            "crossing, no threshold"
        }
        assert names(spec, "fill") == ["crossing, 95 %"]
        assert "crossing, and no threshold" in " ".join(spec["title"]["subtitle"])

    def test_where_ends_are_known_the_curve_that_crosses_is_drawn_too(self):
        rng = np.random.default_rng(3)
        seen = rng.random(len(COUNTS)) < 1 / (1 + np.exp(5.5 - np.log1p(COUNTS)))
        spec = vega_lite(estimated(series_of(COUNTS, seen.astype(float)), ends=(0.0, 1.0)))
        assert {"floor 0", "plateau 1.00", "level 0.50"} <= set(labels(spec))
        assert [name for name in names(spec) if "logistic" in name]

    def test_between_known_ends_a_step_goes_from_one_to_the_other(self):
        seen = (COUNTS >= 112).astype(float)
        estimate = estimated(series_of(COUNTS, seen), ends=(0.0, 1.0))
        assert estimate.audit.rise.shape == "step"
        rows = vega_lite(estimate)["datasets"]["curve step"]
        first = int(COUNTS[COUNTS >= 112].min())
        assert [row["score"] for row in rows] == [0, 1, 1]
        assert rows[1]["count"] == first

    def test_only_concepts_where_nothing_could_be_estimated(self, too_few):
        spec = vega_lite(too_few)
        assert list(spec["datasets"]) == ["concepts"]
        assert not [one for one in spec["layer"] if one["mark"]["type"] == "line"]

    def test_intervals_of_counts_are_bars(self, doubtful_counts, logistic):
        spec = vega_lite(doubtful_counts)
        assert "count, 95 %" in names(spec)
        assert "count, 95 %" not in names(vega_lite(logistic))
        for row in spec["datasets"]["concepts"]:
            assert row["low"] <= row["count"] <= row["high"]

    def test_the_published_rule_is_told_to_have_no_interval(self, estimate):
        told = " ".join(vega_lite(estimate)["title"]["subtitle"])
        threshold = estimate.paper.threshold
        answers = "finds no change" if threshold is None else f"answers {threshold:,} images"
        assert answers in told
        assert "no interval and no test" in told

    def test_the_title_is_the_verdict(self, logistic, flat):
        low, high = logistic.audit.interval
        expected = (
            f"Threshold: {logistic.audit.threshold:,.0f} images (95 %: {low:,.0f}–{high:,.0f})"
        )
        assert vega_lite(logistic)["title"]["text"] == [expected]
        title = vega_lite(flat)["title"]["text"]
        assert " ".join(title) == f"No threshold: {flat.audit.reason}"
        assert max(map(len, title)) < 90

    def test_an_open_interval_is_said_to_be_one(self, logistic):
        crossing = dataclasses.replace(logistic.audit.crossing, open_high=True)
        audit = dataclasses.replace(logistic.audit, crossing=crossing)
        spec = vega_lite(dataclasses.replace(logistic, audit=audit))
        assert spec["title"]["text"][0].endswith(", perhaps beyond)")

    def test_the_description_tells_what_cannot_be_seen(self, step):
        told = vega_lite(step)["description"]
        assert told.startswith("Threshold: ")
        assert "200 concepts of art style, a model" in told
        assert "Scatter plot" in told


class TestMany:
    @pytest.fixture
    def many(self):
        counts = synthetic.count_grid(10_000, median=30_000)
        few = estimated(synthetic.flat(counts[::50]))
        # The verdict of some, drawn with all: estimating of so many takes minutes.
        names = [f"{number} {'ß𝄞' * 300}" for number in range(len(counts))]
        return dataclasses.replace(
            few, series=series_of(counts, synthetic.flat(counts).scores, names)
        )

    def test_a_sample_is_drawn_and_that_is_said(self, many, monkeypatch):
        monkeypatch.setattr("audit.reports.threshold_layers.shown_curves", lambda estimate: [])
        spec = vega_lite(many)
        rows = spec["datasets"]["concepts"]
        assert len(rows) == MOST_DRAWN == len({row["concept"] for row in rows})
        assert (
            "10,000 concepts, of which 2,000 are drawn, chosen at random (seed 0)"
            in spec["title"]["subtitle"][0]
        )
        assert len(json.dumps(spec, ensure_ascii=False).encode()) < 2e6
        assert vega_lite(many)["datasets"]["concepts"] == rows

    def test_a_curve_has_few_points_however_many_counts_there_are(self):
        from audit.reports.threshold_layers import Curve, thinned

        position = np.log1p(np.arange(50_000.0))
        rising = 1 / (1 + np.exp(-(position - 6)))
        smooth = thinned(Curve("logistic", np.arange(50_000.0), rising), position)
        assert len(smooth.counts) <= 400
        again = np.interp(position, np.log1p(smooth.counts), smooth.scores)
        assert np.abs(again - rising).max() < 1e-3
        jumps = np.floor(position)
        stepped = thinned(Curve("isotonic", np.arange(50_000.0), jumps), position)
        assert stepped.scores.tolist() == [*range(11), 10]
        assert (stepped.counts == [*(jumps.searchsorted(range(11))), 49_999]).all()


class TestFrame:
    @pytest.mark.parametrize(
        ("x", "ticks"),
        [
            ((-0.2, 150_000), [0, 1, 10, 100, 1000, 10_000, 100_000]),
            ((50, 2000), [50, 100, 200, 500, 1000, 2000]),
            ((900, 1410), [1000, 1200, 1400]),
            ((4.6, 5.4), [5]),
        ],
    )
    def test_ticks_are_round_counts(self, x, ticks):
        assert Frame(x, (0, 1)).ticks == ticks

    def test_labels_keep_off_each_other(self):
        frame = Frame((0, 100), (0.0, 1.0))
        scores = [0.30, 0.32, 0.31, 0.9]
        shifts = frame.shifts(scores)
        places = sorted(
            frame.height(score) + shift for score, shift in zip(scores, shifts, strict=True)
        )
        assert np.diff(places).min() >= 14 - 1e-9
        assert max(map(abs, shifts)) < 0.1 * HEIGHT

    def test_labels_that_are_far_apart_stay_where_they_belong(self):
        assert Frame((0, 100), (0.0, 1.0)).shifts([0.2, 0.5, 0.8]) == [0, 0, 0]


class TestHostileNames:
    def test_names_are_data(self, tmp_path):
        path = tmp_path / "plot.json"
        write_plot(hostile_estimate(), path)
        text = path.read_text("utf-8")
        assert "</script" not in text
        assert not re.search(r"[\x00-\x1f\u202e]|\\u00[01]|\\ud8", text)
        told = {row["concept"] for row in json.loads(text)["datasets"]["concepts"]}
        assert HOSTILE[0] in told
        assert HOSTILE[1] in told
        assert max(map(len, told)) < 150

    def test_they_can_be_drawn(self, tmp_path):
        pytest.importorskip("vl_convert", reason="drawing needs vl-convert-python")
        write_plot(hostile_estimate(), tmp_path / "plot.png")
        write_plot(hostile_estimate(), tmp_path / "plot.svg")
        told = ET.parse(tmp_path / "plot.svg").getroot()
        assert "<script>alert(1)</script>" in "".join(told.itertext())
        assert not [one for one in told.iter() if one.tag.endswith("script")]


class TestFiles:
    def test_json_is_the_specification_and_needs_nothing(self, step, tmp_path, monkeypatch):
        without_vl_convert(monkeypatch)
        for name in ("plot.json", "plot.vl.json", "PLOT.JSON"):
            write_plot(step, tmp_path / name)
            assert json.loads((tmp_path / name).read_text("utf-8")) == vega_lite(step)

    def test_png_and_svg_show_something(self, estimate, tmp_path):
        pytest.importorskip("vl_convert", reason="drawing needs vl-convert-python")
        image = pytest.importorskip("PIL.Image", reason="looking at a PNG needs Pillow")
        write_plot(estimate, tmp_path / "plot.png")
        with image.open(io.BytesIO((tmp_path / "plot.png").read_bytes())) as png:
            assert png.width > 1200
            brightness = np.asarray(png.convert("L"))
        assert 0.01 < (brightness < 200).mean() < 0.4
        write_plot(estimate, tmp_path / "plot.svg")
        root = ET.parse(tmp_path / "plot.svg").getroot()
        assert root.tag.endswith("svg")
        shown = "".join(root.itertext())
        assert vega_lite(estimate)["title"]["text"][0] in shown
        for label in labels(vega_lite(estimate)):
            assert label in shown
        assert len([one for one in root.iter() if one.tag.endswith("path")]) > len(estimate.series)

    def test_another_suffix_is_refused(self, step, tmp_path):
        for name in ("plot.pdf", "plot"):
            with pytest.raises(UsageError) as raised:
                write_plot(step, tmp_path / name)
            assert ".png, .svg or .json" in raised.value.hint
        assert not list(tmp_path.iterdir())

    def test_what_is_missing_is_said(self, step, tmp_path, monkeypatch):
        without_vl_convert(monkeypatch)
        with pytest.raises(MissingPackageError) as raised:
            write_plot(step, tmp_path / "plot.png")
        assert "[plot]" in raised.value.hint

    def test_a_place_that_cannot_be_written(self, step, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(StorageError) as raised:
            write_plot(step, tmp_path / "file" / "plot.json")
        assert "--home" not in raised.value.hint


class TestNotebooks:
    def test_a_plot_is_shown_as_vega_lite_and_as_a_picture(self, step):
        pytest.importorskip("vl_convert", reason="drawing needs vl-convert-python")
        bundle, sizes = Plot(step)._repr_mimebundle_()
        assert bundle[MIME] == vega_lite(step)
        assert bundle["image/png"].startswith(b"\x89PNG")
        assert 600 < sizes["image/png"]["width"] < 1000
        assert bundle["text/plain"] == repr(Plot(step))
        assert repr(Plot(step)).startswith("Threshold: ")

    def test_without_the_package_there_is_no_picture(self, step, monkeypatch):
        without_vl_convert(monkeypatch)
        assert set(mimebundle(step)) == {MIME, "text/plain"}


def without_vl_convert(monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)


def points_of(spec):
    return next(
        one["encoding"]["color"]["scale"] for one in spec["layer"] if "color" in one["encoding"]
    )
