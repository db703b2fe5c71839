"""Plots of an estimate of a threshold, as Vega-Lite, PNG or SVG.

The specification is plain JSON with the data in it. It asks the network for nothing, and drawing
it may not.
"""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from typing import Any, Literal

from audit.datasets.files import written_whole
from audit.errors import MissingPackageError, StorageError, UsageError
from audit.reports import threshold_words as words
from audit.reports.threshold_frame import HEIGHT, WIDTH, Frame, frame_of
from audit.reports.threshold_layers import Layers, Spec
from audit.thresholds.results import ThresholdEstimate

SUFFIXES = (".png", ".svg", ".json")
MIME = "application/vnd.vegalite.v5+json"

_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
#: Of the versions of Vega-Lite 5 that vl-convert brings, one that all its releases have.
_VERSION = "5.20"
#: Pixels of a PNG for each of the plot.
_SCALE = 2


class Plot:
    """A plot that notebooks show: the value of a cell that ends with it."""

    def __init__(self, estimate: ThresholdEstimate) -> None:
        self._estimate = estimate

    @property
    def spec(self) -> Spec:
        return vega_lite(self._estimate)

    def write(self, path: str | Path) -> None:
        """As :func:`write_plot`."""
        write_plot(self._estimate, path)

    def __repr__(self) -> str:
        return words.in_short(self._estimate)

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = mimebundle(self._estimate)
        sizes = {}
        if "image/png" in bundle:
            # Both in the header of a PNG; without them it is shown at twice its size.
            width, height = struct.unpack(">II", bundle["image/png"][16:24])
            sizes["image/png"] = {"width": width // _SCALE, "height": height // _SCALE}
        return bundle, sizes


def vega_lite(estimate: ThresholdEstimate) -> Spec:
    """A specification of the plot for Vega-Lite 5, with its data: plain values, ready for JSON."""
    frame = frame_of(estimate)
    layers = Layers(estimate, frame)
    drawn = len(layers.drawn)
    return {
        "$schema": _SCHEMA,
        "description": words.description(estimate, drawn),
        "title": {
            "text": words.title_lines(estimate),
            "subtitle": words.subtitle_lines(estimate, drawn),
            "anchor": "start",
            "frame": "group",
            "offset": 14,
            "fontSize": 14,
            "subtitleFontSize": 11,
            "subtitleColor": "#444444",
            "subtitlePadding": 5,
        },
        "width": WIDTH,
        "height": HEIGHT,
        "padding": 10,
        "background": "white",
        "datasets": layers.datasets,
        "layer": [_scaled(layer, frame, layers) for layer in layers.layers],
        "config": {
            "font": "sans-serif",
            "view": {"stroke": "#cccccc"},
            "axis": {"gridColor": "#eeeeee", "labelColor": "#333333", "titleFontWeight": "normal"},
        },
    }


def write_plot(estimate: ThresholdEstimate, path: str | Path) -> None:
    """Write the plot as the suffix of ``path`` says: .png, .svg, or .json for Vega-Lite.

    Raises
    ------
    UsageError
        If the suffix is another.
    MissingPackageError
        If PNG or SVG is wanted, and what draws them is not installed.
    StorageError
        If the file cannot be written.
    """
    path = Path(path)
    suffix = plot_kind(path)
    spec = vega_lite(estimate)
    if suffix == ".json":
        contents = _json(spec).encode()
    else:
        contents = _draw(spec, "png" if suffix == ".png" else "svg")
    try:
        with written_whole(path) as stream:
            stream.write(contents)
    except StorageError as error:
        hint = "Free some space, or name a file in a folder that you may write."
        raise StorageError(error.message, hint=hint) from error


def plot_kind(path: Path) -> str:
    """The suffix of a plot, with its dot; to be asked before anything is computed.

    Raises
    ------
    UsageError
        If there are no such plots.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"{path}: no plot of the kind {suffix or 'without suffix'!r}.",
            hint=f"Name a file that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.",
        )
    return suffix


def mimebundle(estimate: ThresholdEstimate) -> dict[str, Any]:
    """The plot as notebooks take it: Vega-Lite, text, and PNG where it can be drawn."""
    spec = vega_lite(estimate)
    bundle: dict[str, Any] = {MIME: spec, "text/plain": words.in_short(estimate)}
    with contextlib.suppress(MissingPackageError):
        bundle["image/png"] = _draw(spec, "png")
    return bundle


def _json(spec: Spec) -> str:
    # "<" is written as its number: a page may hold the file within a script element.
    return json.dumps(spec, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def _draw(spec: Spec, kind: Literal["png", "svg"]) -> bytes:
    try:
        import vl_convert
    except ImportError as error:
        raise MissingPackageError.of("Drawing PNG and SVG", "plot", error) from error
    nothing: list[str] = []
    if kind == "svg":
        svg: str = vl_convert.vegalite_to_svg(spec, vl_version=_VERSION, allowed_base_urls=nothing)
        return svg.encode()
    png: bytes = vl_convert.vegalite_to_png(
        spec, vl_version=_VERSION, scale=_SCALE, allowed_base_urls=nothing
    )
    return png


def _scaled(layer: Spec, frame: Frame, layers: Layers) -> Spec:
    """A layer with the scales, axes and legends that all of them share."""
    lines = layers.lines
    names = [line.name for line in lines]
    by_name = {"title": None, "orient": "bottom", "columns": 3, "labelLimit": 0}
    strokes = {**by_name, "symbolType": "stroke", "symbolSize": 300, "symbolOpacity": 1}
    shared: dict[str, Spec] = {
        "x": {
            # With the constant 1 this is log(1 + count).
            "scale": {"type": "symlog", "constant": 1, "domain": list(frame.x), "nice": False},
            "axis": {
                "title": "Training images of the concept, on a scale of log(1 + count)",
                "values": frame.ticks,
                "grid": True,
                "format": ",d" if frame.x[1] < 1e7 else "~s",
                "labelOverlap": "greedy",
            },
        },
        "y": {
            "scale": {"domain": list(frame.y), "nice": False, "zero": False},
            "axis": {"title": "Imitation score", "grid": True},
        },
        "color": {
            "scale": {"domain": names, "range": [line.colour for line in lines]},
            "legend": strokes,
        },
        "strokeDash": {
            "scale": {"domain": names, "range": [list(line.dash) for line in lines]},
            "legend": strokes,
        },
        "fill": {
            "scale": {"domain": list(layers.bands), "range": list(layers.bands.values())},
            "legend": {**by_name, "columns": 1, "symbolType": "square", "symbolSize": 300},
        },
    }
    encoding = {
        channel: {**how, **shared[channel]}
        if channel in shared and ("field" in how or "datum" in how)
        else how
        for channel, how in layer["encoding"].items()
    }
    return {**layer, "encoding": encoding}
