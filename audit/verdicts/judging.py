"""The rule of verdicts: a count against a threshold, both with what is in doubt of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["above", "uncertain", "below", "no threshold for this domain"]

ABOVE: Verdict = "above"
UNCERTAIN: Verdict = "uncertain"
BELOW: Verdict = "below"
NO_THRESHOLD: Verdict = "no threshold for this domain"

#: In the order in which they are listed.
VERDICTS = (ABOVE, UNCERTAIN, BELOW, NO_THRESHOLD)

RULE = (
    "above if the whole interval of the count is at or above the whole interval of the threshold, "
    "below if it is wholly under it, else uncertain"
)


@dataclass(frozen=True, slots=True)
class Span:
    """From the smallest to the largest number of images that something may be, both included.

    ``high`` may be infinite, where nobody knows how many more there are.

    Raises
    ------
    ValueError
        If it ends before it begins, or an end is no number.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high or math.isinf(self.low):
            raise ValueError(f"no interval: {self.low} to {self.high}")


def judge(count: Span, threshold: Span) -> Verdict:
    """The verdict on a count; see :data:`RULE`.

    >>> judge(Span(241, 300), Span(112, 241)), judge(Span(100, 111), Span(112, 241))
    ('above', 'below')
    >>> judge(Span(112, 300), Span(112, 241)), judge(Span(90, 112), Span(112, 112))
    ('uncertain', 'uncertain')
    """
    if count.low >= threshold.high:
        return ABOVE
    if count.high < threshold.low:
        return BELOW
    return UNCERTAIN
