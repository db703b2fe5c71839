"""Numbers in words, as a reader who was not there understands them; what is not known is said."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

#: Verdict of a report -> class of the page's style.
VERDICT_CLASSES = {
    "above": "above",
    "uncertain": "uncertain",
    "below": "below",
    "no threshold for this domain": "none",
}
#: Verdict -> in a few words.
VERDICT_WORDS = {
    "above": "above the threshold",
    "uncertain": "uncertain",
    "below": "below the threshold",
    "no threshold for this domain": "no threshold for this domain",
}
#: Status of a license, in the order of bars -> in words.
STATUS_WORDS = {
    "open": "open",
    "public-domain": "public domain",
    "restricted": "restricted",
    "in-copyright": "in copyright",
    "unknown": "unknown",
}
#: What a report was asked to count by -> in words.
BY_WORDS = {
    "caption": "by caption: samples whose caption names the concept",
    "visual": "by image: samples whose image shows the concept",
    "both": "by caption and by image: named and shown, named and not shown, shown and never named",
}


def whole(value: float | None) -> str:
    """A number of samples; nobody counts a fraction of one.

    >>> whole(1234.4), whole(None)
    ('1,234', 'unknown')
    """
    return "unknown" if value is None else f"{round(value):,}"


def interval(low: float | None, high: float | None) -> str:
    """From where to where a number may lie.

    >>> interval(3, 7), interval(3, None), interval(None, None)
    ('3 to 7', 'at least 3, no upper bound known', 'unknown')
    """
    if low is None:
        return "unknown" if high is None else f"at most {whole(high)}"
    if high is None:
        return f"at least {whole(low)}, no upper bound known"
    return f"{whole(low)} to {whole(high)}"


def counted_exactly(low: float | None, high: float | None) -> bool:
    return low is not None and low == high


def percent(part: float | None, of: float | None) -> str:
    """A share, with as many figures as tell something.

    >>> percent(1, 3), percent(1, 100_000), percent(0, 0)
    ('33.3\\xa0%', 'under\\xa00.1\\xa0%', 'unknown')
    """
    if part is None or not of:
        return "unknown"
    share = 100 * part / of
    if 0 < share < 0.1:
        return "under\u00a00.1\u00a0%"
    if 99.9 < share < 100:
        return "over\u00a099.9\u00a0%"
    return f"{share:.3g}\u00a0%"


def times(ratio: float | None) -> str:
    """How many times the threshold.

    >>> times(0.0368), times(207.8), times(None)
    ('0.037', '208', 'unknown')
    """
    if ratio is None:
        return "unknown"
    if ratio >= 100:
        return f"{ratio:,.0f}"
    return f"{ratio:.2g}" if ratio < 10 else f"{ratio:.3g}"


def times_interval(ends: list[float | None] | None) -> str:
    """The same of both ends."""
    if ends is None:
        return "unknown"
    low, high = ends
    if high is None:
        return f"at least {times(low)}, no upper bound known"
    return f"{times(low)} to {times(high)}"


def per_million(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}" if value < 1 else f"{value:.3g}"


def threshold(told: Mapping[str, Any]) -> str:
    """A threshold that has a value; a band has none of its own, and its middle is nobody's.

    >>> threshold({"value": 164.2924222233028, "low": 112, "high": 241})
    '112 to 241'
    >>> threshold({"value": 200, "low": 100, "high": 300})
    '200 (100 to 300)'
    """
    value, low, high = told["value"], told["low"], told["high"]
    if low == high:
        return whole(value)
    told_ends = interval(low, high)
    return told_ends if is_band(told) else f"{whole(value)} ({told_ends})"


def is_band(told: Mapping[str, Any]) -> bool:
    """Whether the value of a threshold is but the middle of its ends, on a log scale."""
    value, low, high = told["value"], told["low"], told["high"]
    return high is not None and low < high and math.isclose(value, math.sqrt(low * high))


def sentence(text: str) -> str:
    """With a capital at its begin and a stop at its end.

    >>> sentence("none is published")
    'None is published.'
    """
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!", "…")) else ".")


def status_counts(review: Mapping[str, Any] | None) -> dict[str, int]:
    """Status -> samples, all of them in the order of bars; what is not told is 0."""
    told = {one["name"]: one["samples"] for one in (review or {}).get("statuses", [])}
    return {status: told.get(status, 0) for status in STATUS_WORDS}
