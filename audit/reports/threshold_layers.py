"""What is drawn of an estimate of a threshold: layers of a Vega-Lite specification.

From the back to the front: bands of intervals, concepts, curves, lines, labels. A line of one voice
is never drawn as one of the other: they differ in colour, in dashes, and in the row of their label.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.reports.threshold_frame import Frame
from audit.reports.threshold_words import percent, plain_name
from audit.thresholds.candidates import Candidate
from audit.thresholds.curves import Grouping, bent_lines
from audit.thresholds.results import AuditThreshold, ThresholdEstimate, interval_text
from audit.thresholds.series import Floats, ScoreSeries

Spec = dict[str, Any]

MOST_DRAWN = 2000  #: concepts
_MOST_POINTS = 400  #: of a smooth curve
_FIGURES = 6  #: of a number that is drawn

_DOT = "#767676"
# Of Okabe and Ito's colours, which differ to people who see few, and in brightness.
_BLUE, _VERMILION, _ORANGE, _BLACK, _GREY = "#0072B2", "#D55E00", "#E69F00", "#222222", "#555555"

_CURVES = {
    "flat": "best flat line",
    "line": "best straight line",
    "bent line": "best line that bends once",
    "step": "best step",
    "logistic": "best logistic curve",
    "isotonic": "isotonic curve, never falling",
}


@dataclass(frozen=True)
class Line:
    """How a line is drawn, and what the legend calls it."""

    name: str
    colour: str
    width: float
    dash: tuple[int, ...] = (1, 0)


@dataclass(frozen=True)
class Curve:
    """A fitted curve at the distinct counts; ``steps`` if it jumps where a count is reached."""

    shape: str
    counts: Floats
    scores: Floats

    @property
    def steps(self) -> bool:
        return self.shape in ("step", "isotonic")


class Layers:
    """Collects layers, and what belongs into the legend.

    Attributes
    ----------
    datasets:
        Rows that layers refer to by name.
    lines, bands:
        What the legend explains, in order; bands with their colours.
    """

    def __init__(self, estimate: ThresholdEstimate, frame: Frame) -> None:
        self._estimate, self._audit, self._frame = estimate, estimate.audit, frame
        self.datasets: dict[str, list[Spec]] = {}
        self.lines: list[Line] = []
        self.bands: dict[str, str] = {}
        self._labels: list[Spec] = []
        self.drawn = drawn_concepts(estimate)
        strokes: list[Spec] = []
        self._curves(strokes)
        self._scores(strokes)
        self._voices(strokes)
        bands = self._bands()
        concepts = self._concepts()
        self.layers = [*bands, *concepts, *strokes, *self._labels]

    def _concepts(self) -> list[Spec]:
        series = self._estimate.series
        rows = [
            {
                "concept": plain_name(series.concepts[at]),
                "count": int(series.counts[at]),
                "score": rounded(series.scores[at]),
            }
            for at in self.drawn
        ]
        self.datasets["concepts"] = rows
        tooltip = [
            {"field": "concept", "type": "nominal", "title": "Concept"},
            {"field": "count", "type": "quantitative", "title": "Images", "format": ",d"},
            {"field": "score", "type": "quantitative", "title": "Score", "format": ".3f"},
        ]
        layers: list[Spec] = []
        if series.count_low is not None and series.count_high is not None:
            for row, at in zip(rows, self.drawn, strict=True):
                row["low"] = rounded(series.count_low[at])
                row["high"] = rounded(series.count_high[at])
            tooltip += [
                {"field": end, "type": "quantitative", "title": title, "format": ",.0f"}
                for end, title in (("low", "At least (95 %)"), ("high", "At most (95 %)"))
            ]
            bar = Line("count, 95 %", "#9a9a9a", 1)
            self.lines.append(bar)
            encoding = {
                "x": {"field": "low", "type": "quantitative"},
                "x2": {"field": "high"},
                "y": {"field": "score", "type": "quantitative"},
            }
            layers.append(_stroke(bar, encoding, "concepts", opacity=0.6))
        layers.append(
            {
                "data": {"name": "concepts"},
                "mark": {
                    "type": "point",
                    "filled": True,
                    "size": 22,
                    "color": _DOT,
                    "opacity": 0.6 if len(rows) <= 500 else 0.3,
                    "aria": False,
                },
                "encoding": {
                    "x": {"field": "count", "type": "quantitative"},
                    "y": {"field": "score", "type": "quantitative"},
                    "tooltip": tooltip,
                },
            }
        )
        return layers

    def _curves(self, strokes: list[Spec]) -> None:
        for number, curve in enumerate(shown_curves(self._estimate)):
            called = _CURVES[curve.shape]
            line = (
                Line(called, _ORANGE, 1.5),
                Line(called, _BLACK, 2.5),
                Line(f"{called}, which crosses", _BLUE, 1.2, (5, 2)),
            )[number]
            name = f"curve {curve.shape}"
            self.datasets[name] = [
                {"count": rounded(count), "score": rounded(score)}
                for count, score in zip(curve.counts, curve.scores, strict=True)
            ]
            encoding: Spec = {
                "x": {"field": "count", "type": "quantitative"},
                "y": {"field": "score", "type": "quantitative"},
            }
            how = "step-after" if curve.steps else "linear"
            strokes.append(self._line(line, encoding, name, type="line", interpolate=how))

    def _scores(self, strokes: list[Spec]) -> None:
        """Floor, plateau and level: across, with their labels at the right."""
        rise, level = self._audit.rise, self._audit.level
        across: list[tuple[str, float, Line]] = []
        if rise is not None:
            thin = Line("floor and plateau", _GREY, 0.8)
            across += [("floor", rise.floor, thin), ("plateau", rise.plateau, thin)]
        if level.value is not None and (rise is not None or level.source != "half-way"):
            dashed = Line("level that counts as imitation", _GREY, 1.3, (6, 4))
            across.append(("level", level.value, dashed))
        shifts = self._frame.shifts([score for _, score, _ in across])
        for (name, score, line), shift in zip(across, shifts, strict=True):
            strokes.append(self._line(line, {"y": _at(score)}))
            text = f"{name} {score:.2f}" if abs(score) >= 0.1 else f"{name} {score:.2g}"
            place = {"x": {"value": "width"}, "y": _at(score)}
            self._label(text, place, _GREY, align="left", baseline="middle", dx=6, dy=shift)

    def _voices(self, strokes: list[Spec]) -> None:
        """The threshold, and that of the published rule: upright, with their labels above."""
        paper, crossing = self._estimate.paper, self._audit.crossing
        if crossing is not None:
            found = self._audit.verdict == "threshold"
            name = "threshold" if found else "crossing, no threshold"
            line = Line(name, _BLUE, 2.5) if found else Line(name, _BLUE, 1.5, (2, 3))
            strokes.append(self._line(line, {"x": _at(crossing.count)}))
            told = f"{name}: {crossing.count:,.0f} ({interval_text(crossing.interval)})"
            self._above(1, told, crossing.count, _BLUE, bold=found)
        if paper.threshold is not None:
            line = Line("published rule: first change", _VERMILION, 1.7, (8, 3, 2, 3))
            strokes.append(self._line(line, {"x": _at(paper.threshold)}))
            row = 1 if crossing is None else 2
            self._above(row, f"published rule: {paper.threshold:,}", paper.threshold, _VERMILION)

    def _bands(self) -> list[Spec]:
        audit, share = self._audit, percent(self._audit)
        rise, bands = audit.rise, []
        for low, high in () if rise is None else (rise.floor_interval, rise.plateau_interval):
            if low < high:
                where = {"y": _at(low), "y2": _at(high)}
                bands.append(self._band(f"floor and plateau, {share}", "#bdbdbd", 0.35, where))
        if audit.crossing is not None:
            low, high = audit.crossing.interval
            found = audit.verdict == "threshold"
            name = f"{'threshold' if found else 'crossing'}, {share}"
            where = {"x": _at(low), "x2": _at(high)}
            bands.append(self._band(name, _BLUE, 0.2 if found else 0.08, where))
        return bands

    def _line(self, line: Line, encoding: Spec, data: str | None = None, **mark: Any) -> Spec:
        if line not in self.lines:
            self.lines.append(line)
        return _stroke(line, encoding, data, **mark)

    def _band(self, name: str, colour: str, opacity: float, where: Spec) -> Spec:
        self.bands[name] = colour
        return {
            **_called(name),
            "mark": {"type": "rect", "opacity": opacity, "aria": False},
            "encoding": {**where, "fill": {"field": "name", "type": "nominal"}},
        }

    def _above(self, row: int, text: str, count: float, colour: str, *, bold: bool = False) -> None:
        to_the_right = self._frame.share(count) < 0.6
        self._label(
            text,
            {"x": _at(count), "y": {"value": 0}},
            colour,
            align="left" if to_the_right else "right",
            baseline="bottom",
            dx=-1 if to_the_right else 1,
            dy=-4 - 15 * (row - 1),
            fontWeight="bold" if bold else "normal",
        )

    def _label(self, text: str, place: Spec, colour: str, **mark: Any) -> None:
        style = {"type": "text", "color": colour, "fontSize": 11, "aria": False, **mark}
        encoding = {**place, "text": {"value": text}}
        self._labels.append({"data": {"values": [{}]}, "mark": style, "encoding": encoding})


def _stroke(line: Line, encoding: Spec, data: str | None, **mark: Any) -> Spec:
    return {
        **_called(line.name, data),
        "mark": {"type": "rule", "strokeWidth": line.width, "aria": False, **mark},
        "encoding": {
            **encoding,
            "color": {"field": "name", "type": "nominal"},
            "strokeDash": {"field": "name", "type": "nominal"},
        },
    }


def _called(name: str, data: str | None = None) -> Spec:
    """Data of which every row bears the name that the legend explains."""
    if data is None:
        return {"data": {"values": [{"name": name}]}}
    # The names are our own: no text of the data is ever part of an expression.
    named = {"calculate": json.dumps(name), "as": "name"}
    return {"data": {"name": data}, "transform": [named]}


def _at(value: float) -> Spec:
    datum = value if isinstance(value, int) else rounded(value)
    return {"datum": datum, "type": "quantitative"}


def rounded(value: float) -> float:
    """As a plain number, with as many figures as can be seen."""
    return float(f"{float(value):.{_FIGURES}g}")


def drawn_concepts(estimate: ThresholdEstimate) -> list[int]:
    """Places of the concepts that are drawn: all, or a sample where they are very many."""
    concepts = len(estimate.series)
    if concepts <= MOST_DRAWN:
        return list(range(concepts))
    rng = np.random.default_rng(estimate.audit.settings.seed)
    return [int(at) for at in np.sort(rng.choice(concepts, MOST_DRAWN, replace=False))]


def shown_curves(estimate: ThresholdEstimate) -> list[Curve]:
    """The isotonic curve, then the one that the verdict speaks of, then that of a crossing.

    With a threshold that is the step or logistic curve; without, the simplest that is not refused.
    """
    audit, series = estimate.audit, estimate.series
    if not audit.candidates:
        return []
    found = {one.shape: one for one in audit.candidates}
    position, first = np.unique(series.log_counts, return_index=True)
    counts = series.counts[first].astype(np.float64)
    shapes = ["isotonic", *_told_by(audit)]
    values = {
        shape: _bent(series) if shape == "bent line" else found[shape].curve  # type: ignore[index]
        for shape in shapes
    }
    rise, ends = audit.rise, audit.settings.ends
    if rise is not None and rise.shape == "step" and ends is not None:
        # The candidate has a floor and a plateau of its own; this step is between the known ones.
        values["step"] = np.where(counts >= rise.from_tenth, ends[1], ends[0])
    return [thinned(Curve(shape, counts, values[shape]), position) for shape in shapes]


def _told_by(audit: AuditThreshold) -> list[str]:
    rising = audit.rise.shape if audit.rise is not None else _better_rise(audit.candidates)
    standing = [test.story for test in audit.tests if not test.refused]
    if audit.verdict == "threshold" or not standing:
        return [rising]
    told: list[str] = [standing[0]]
    # A level that was given is crossed by the straight line, where that is not refused.
    if audit.crossing is not None and not ("line" in standing and audit.settings.ends is None):
        told.append(rising)
    return told


def _better_rise(candidates: tuple[Candidate, ...]) -> str:
    return next(one.shape for one in candidates if one.shape in ("step", "logistic"))


def _bent(series: ScoreSeries) -> Floats:
    grouping = Grouping(series.log_counts)
    return bent_lines(grouping).best_values(grouping.moments(series.scores))[:, 0]


def thinned(curve: Curve, position: Floats) -> Curve:
    """The same curve by fewer points: where it jumps, or points that are close together."""
    if curve.steps:
        kept = np.r_[0, np.flatnonzero(np.diff(curve.scores)) + 1, len(position) - 1]
    elif curve.shape in ("flat", "line"):
        kept = np.asarray([0, len(position) - 1])
    else:
        kept = np.searchsorted(position, np.linspace(position[0], position[-1], _MOST_POINTS))
    kept = np.unique(kept)
    return Curve(curve.shape, curve.counts[kept], curve.scores[kept])
