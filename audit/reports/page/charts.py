"""Charts in Vega-Lite: their specification, what they say in words, and the numbers as a table.

The page carries Vega itself, compressed, and draws a chart when it comes into view. Colours are
names of the page's own (``var(--ink)``), so that a chart follows it from light to dark and to
paper without being drawn again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.errors import MissingPackageError
from audit.reports.markup import Html, fill, joined, shortened, visible
from audit.reports.page.packing import csp_digest, packed_block, resource, safe_json

Spec = dict[str, Any]

_LONGEST_LABEL = 44
_ROW = 22  #: pixels of a line of a chart
#: Each number in its own unit; Vega's own format takes one unit for all of an axis.
_SHORT = (
    "datum.value >= 1e9 ? format(datum.value / 1e9, ',~r') + 'G' : "
    "datum.value >= 1e6 ? format(datum.value / 1e6, ',~r') + 'M' : "
    "datum.value >= 1e3 ? format(datum.value / 1e3, ',~r') + 'k' : format(datum.value, '~r')"
)

#: Hands out the one function that the page's script calls. The bundle's own globals for Vega and
#: Vega-Lite are null in some versions; Vega-Embed, its interpreter of expressions included, works.
_SNIPPET = "window.vegaEmbed = vegaEmbed;"


class ChartScript:
    """Vega, Vega-Lite and Vega-Embed in one script, as the page carries them.

    Raises
    ------
    MissingPackageError
        If vl-convert is not installed.
    """

    def __init__(self) -> None:
        try:
            import vl_convert
        except ImportError as error:
            raise MissingPackageError.of("The page of a report", "report", error) from error
        self._text: str = vl_convert.javascript_bundle(_SNIPPET)

    @property
    def digest(self) -> str:
        """For the content security policy."""
        return csp_digest(self._text)

    def block(self) -> Html:
        """The script, compressed, with the license that it comes under."""
        return fill(
            '<script type="text/plain" id="vega-license">$license</script>\n$packed',
            license=Html(resource("vega_license.txt").replace("<", "&lt;")),
            packed=packed_block("vega", self._text),
        )


def chart(name: str, title: str, told: str, spec: Spec, table: Html) -> Html:
    """A chart with its title, its words, and its numbers behind it.

    Parameters
    ----------
    told:
        What it shows, for who does not see it.
    """
    return fill(
        '<figure class="chart" id="chart-$name"><figcaption>$title</figcaption>'
        '<div class="drawing" role="img" aria-label="$told"></div>'
        '<script type="application/json">$spec</script>'
        '<details class="numbers"><summary>The numbers of this chart</summary>$table</details>'
        "</figure>",
        name=name,
        title=title,
        told=told,
        spec=safe_json(spec),
        table=table,
    )


def table(label: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> Html:
    """A table whose first column names the row, and whose other columns are numbers."""
    heads = [
        fill('<th scope="col"$kind>$text</th>', kind=_number(at), text=text)
        for at, text in enumerate(head)
    ]
    lines = []
    for row in rows:
        cells = [
            fill('<th scope="row"><bdi>$text</bdi></th>', text=text)
            if at == 0
            else fill('<td class="number">$text</td>', text=text)
            for at, text in enumerate(row)
        ]
        lines.append(fill("<tr>$cells</tr>", cells=joined(cells)))
    return fill(
        '<div class="wide" tabindex="0" role="region" aria-label="$label"><table>'
        "<thead><tr>$heads</tr></thead><tbody>$rows</tbody></table></div>",
        label=label,
        heads=joined(heads),
        rows=joined(lines),
    )


def _number(at: int) -> Html:
    return Html(' class="number"' if at else "")


def labels(names: Sequence[str]) -> list[str]:
    """Names as a chart shows them: short, harmless, and each different from the others."""
    seen: dict[str, int] = {}
    told = []
    for name in names:
        label = visible(shortened(name, _LONGEST_LABEL))
        seen[label] = seen.get(label, 0) + 1
        told.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return told


def counts_against_thresholds(rows: Sequence[Mapping[str, Any]]) -> Spec:
    """Counts with their intervals, and the band of each one's threshold; a logarithmic axis.

    Parameters
    ----------
    rows:
        ``name, verdict, value, low, high, open`` (no upper bound), ``from, to, at`` (threshold,
        or null), in order.
    """
    y = {
        "field": "name", "type": "nominal", "sort": None,
        "axis": {"title": None, "ticks": False, "domain": False, "labelPadding": 8},
    }  # fmt: skip
    x = {
        "field": "low", "type": "quantitative", "scale": {"type": "symlog", "constant": 1},
        "axis": {"title": "samples (logarithmic)", "values": _decades(rows), "labelExpr": _SHORT},
    }  # fmt: skip
    colour = {
        "field": "verdict", "type": "nominal", "legend": {"title": None, "orient": "top"},
        "scale": {
            "domain": ["above", "uncertain", "below", "no threshold"],
            "range": ["var(--above)", "var(--uncertain)", "var(--below)", "var(--none)"],
        },
    }  # fmt: skip
    told = {
        "field": "told", "type": "nominal",
    }  # fmt: skip
    return {
        "height": _ROW * len(rows),
        "data": {"values": list(rows)},
        "encoding": {"y": y},
        "layer": [
            *[
                {
                    "transform": [{"filter": "isValid(datum.from)"}],
                    "mark": {"type": "bar", "height": 18, "color": "var(--band)"},
                    "encoding": {"x": {**x, "field": "from"}, "x2": {"field": "to"}},
                }
                for is_there in [any(row["from"] is not None for row in rows)]
                if is_there
            ],
            *[
                {
                    "transform": [{"filter": "isValid(datum.at)"}],
                    "mark": {"type": "tick", "size": 18, "thickness": 1.5, "color": "var(--soft)"},
                    "encoding": {"x": {**x, "field": "at"}},
                }
                for is_there in [any(row["at"] is not None for row in rows)]
                if is_there
            ],
            {
                "mark": {"type": "rule", "size": 3, "strokeCap": "round"},
                "encoding": {"x": x, "x2": {"field": "high"}, "color": colour, "tooltip": told},
            },
            *[
                {
                    "transform": [{"filter": "datum.open"}],
                    "mark": {
                        "type": "point",
                        "shape": "triangle-right",
                        "filled": True,
                        "size": 70,
                    },
                    "encoding": {"x": {**x, "field": "high"}, "color": colour, "tooltip": told},
                }
                for is_there in [any(row["open"] for row in rows)]
                if is_there  # Vega complains of a layer without data
            ],
            {
                "transform": [{"filter": "isValid(datum.value)"}],
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
                "encoding": {"x": {**x, "field": "value"}, "color": colour, "tooltip": told},
            },
        ],
    }


def _decades(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    most = max((row[key] or 0 for row in rows for key in ("high", "to", "value")), default=0)
    decades = [0, 1]
    while decades[-1] * 10 <= max(most, 10):
        decades.append(decades[-1] * 10)
    return decades


def ranks(rows: Sequence[Mapping[str, Any]], what: str) -> Spec:
    """Bars with a number at their end.

    Parameters
    ----------
    rows:
        ``name``, ``samples``, ``told`` (the number in words), and ``colour``.
    """
    return {
        "height": _ROW * len(rows),
        "data": {"values": list(rows)},
        "encoding": {
            "y": {
                "field": "name", "type": "nominal", "sort": None,
                "axis": {"title": None, "ticks": False, "domain": False, "labelPadding": 8},
            },
            "x": {
                "field": "samples", "type": "quantitative",
                "axis": {"title": what, "tickCount": 4, "labelExpr": _SHORT},
            },
            "tooltip": {"field": "told", "type": "nominal"},
        },
        "layer": [
            {
                "mark": {"type": "bar", "height": 13},
                "encoding": {
                    "color": {"field": "colour", "type": "nominal", "scale": None},
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "color": "var(--ink)"},
                "encoding": {"text": {"field": "told", "type": "nominal"}},
            },
        ],
    }  # fmt: skip


def ratio_histogram(bins: Sequence[Mapping[str, Any]]) -> Spec:
    """How many concepts have which multiple of their threshold.

    Parameters
    ----------
    bins:
        ``name`` (the range in words), ``verdict`` and ``concepts``; in order.
    """
    return {
        "height": 180,
        "data": {"values": list(bins)},
        "mark": {"type": "bar"},
        "encoding": {
            "x": {
                "field": "name", "type": "ordinal", "sort": None,
                "axis": {"title": "times the threshold", "labelAngle": 0, "labelOverlap": True},
            },
            "y": {"field": "concepts", "type": "quantitative", "axis": {"tickMinStep": 1}},
            "color": {
                "field": "verdict", "type": "nominal", "legend": {"title": None, "orient": "top"},
                "scale": {
                    "domain": ["above", "uncertain", "below"],
                    "range": ["var(--above)", "var(--uncertain)", "var(--below)"],
                },
            },
            "tooltip": {"field": "told", "type": "nominal"},
        },
    }  # fmt: skip
