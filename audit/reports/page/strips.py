"""Small pictures of numbers that need no script: a count on a line, parts of a whole.

Places are shares of the width, so that a picture fits its column and its letters stay readable.
Colours are the page's classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.reports.markup import Html, fill, joined

#: Shares of the width at both ends that are left for dots, arrows and labels of the axis.
_LEFT, _RIGHT = 0.02, 0.05
_MOST_TICKS = 6
_LINE_HEIGHT = 26


@dataclass(frozen=True)
class Reading:
    """A number with its interval, one line of a strip.

    Attributes
    ----------
    low, high:
        Ends of the interval; ``high`` is None where there is no upper bound.
    kind:
        Class of its colour.
    """

    name: str
    value: float | None
    low: float
    high: float | None
    kind: str = "count"


@dataclass(frozen=True)
class Slice:
    """A part of a whole; ``kind`` is the class of its colour."""

    kind: str
    amount: float


class _Axis:
    """Numbers from 0 on, spread as log(1 + number)."""

    def __init__(self, most: float) -> None:
        self._most = max(most, 10.0)

    def place(self, number: float) -> float:
        """Share of the width, in percent."""
        share = math.log1p(max(number, 0)) / math.log1p(self._most)
        return round(100 * (_LEFT + min(share, 1) * (1 - _LEFT - _RIGHT)), 2)

    def ticks(self) -> list[int]:
        powers = [10**power for power in range(int(math.log10(self._most)) + 1)]
        every = math.ceil(len(powers) / _MOST_TICKS)
        return [0, *powers[::every]]


def strip(
    label: str,
    readings: Sequence[Reading],
    threshold: tuple[float | None, float, float] | None = None,
) -> Html:
    """Numbers with their intervals on a logarithmic line, above the band of a threshold.

    Parameters
    ----------
    label:
        What the picture shows, in words: all of it, for who does not see it.
    threshold:
        Value, low and high; no value of a band, which has none of its own.
    """
    ends = [end for one in readings for end in (one.value, one.low, one.high) if end is not None]
    axis = _Axis(max([*ends, *(threshold or ())[1:]], default=0) * 1.15)
    named = len(readings) > 1
    height = _LINE_HEIGHT * len(readings) + (12 if named else 0)
    lines = [
        _reading(axis, one, _LINE_HEIGHT * (place + 0.5) + (12 if named else 0), named)
        for place, one in enumerate(readings)
    ]
    ticks = [
        fill(
            '<line class="tick" x1="$x%" x2="$x%" y1="0" y2="$bottom"/>'
            '<text class="label" x="$x%" y="$text" text-anchor="middle">$number</text>',
            x=axis.place(number),
            bottom=height,
            text=height + 14,
            number=_short(number),
        )
        for number in axis.ticks()
    ]
    return fill(
        '<svg class="strip" role="img" aria-label="$label" width="100%" height="$height">'
        "$ticks$band$lines</svg>",
        label=label,
        height=height + 20,
        ticks=joined(ticks),
        band=_band(axis, threshold, height) if threshold else "",
        lines=joined(lines),
    )


def bar(label: str, slices: Sequence[Slice]) -> Html:
    """Parts of a whole beside each other, in one bar."""
    whole = sum(one.amount for one in slices)
    rectangles, at = [], 0.0
    for one in slices:
        if not one.amount:
            continue
        width = 100 * one.amount / whole
        rectangles.append(
            fill(
                '<rect class="$kind" x="$x%" width="$width%" height="14"/>',
                kind=one.kind,
                x=round(at, 3),
                width=round(width, 3),
            )
        )
        at += width
    return fill(
        '<svg class="bar" role="img" aria-label="$label" width="100%" height="14">$parts</svg>',
        label=label,
        parts=joined(rectangles),
    )


def _reading(axis: _Axis, one: Reading, y: float, named: bool) -> Html:
    end = 100.0 if one.high is None else axis.place(one.high)
    dot = Html("")
    if one.value is not None:
        dot = fill('<circle cx="$x%" cy="$y" r="4.5"/>', x=axis.place(one.value), y=y)
    return fill(
        '<g class="$kind">$name<line class="interval" x1="$low%" x2="$high%" y1="$y" y2="$y"/>'
        "$dot$arrow</g>",
        kind=one.kind,
        name=fill('<text class="name" x="2%" y="$y">$name</text>', y=y - 9, name=one.name)
        if named
        else "",
        low=axis.place(one.low),
        high=end,
        y=y,
        dot=dot,
        arrow=fill('<text class="arrow" x="100%" y="$y" text-anchor="end">▸</text>', y=y + 6)
        if one.high is None
        else "",
    )


def _band(axis: _Axis, threshold: tuple[float | None, float, float], height: int) -> Html:
    value, low, high = threshold
    left, right = axis.place(low), axis.place(high)
    return fill(
        '<g class="threshold"><rect x="$left%" width="$width%" height="$height"/>$line</g>',
        left=left,
        width=round(max(right - left, 0.3), 2),
        line=""
        if value is None
        else fill(
            '<line x1="$x%" x2="$x%" y1="0" y2="$height"/>', x=axis.place(value), height=height
        ),
        height=height,
    )


def _short(number: int) -> str:
    """
    >>> _short(100), _short(10_000), _short(1_000_000)
    ('100', '10k', '1M')
    """
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number // size}{letter}"
    return str(number)
