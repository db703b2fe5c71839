"""How much a score varies with what was drawn, and the interval that follows.

A score is a mean of means, over units that were drawn independently of each other: generated
images, images of the concept, wrong names. Its variance is the sum of the variances of these means,
to which a bootstrap of each would come with the number of its draws, and here without the error of
so many draws. The interval is Student's, with the degrees of freedom of Satterthwaite ("An
approximate distribution of estimates of variance components", 1946), since there may be few units
of a kind.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LEVEL = 0.95


@dataclass(frozen=True)
class Spread:
    """A part of the variance of a score, and of how many degrees of freedom it was estimated."""

    variance: float
    freedom: float

    @property
    def deviation(self) -> float:
        return math.sqrt(self.variance)


def spread_of_mean(values: NDArray[np.float64]) -> Spread:
    """Of the mean of independent values; not a number for fewer than two."""
    if len(values) < 2:
        return Spread(math.nan, 0)
    return Spread(float(values.var(ddof=1)) / len(values), len(values) - 1)


def spread_within(groups: Sequence[NDArray[np.float64]]) -> Spread:
    """Of the mean of the means of groups, the groups themselves being given.

    Where a group has a single value nothing tells how much it varies: then all values are taken for
    one sample, which differences between the groups make wider.
    """
    if any(len(values) < 2 for values in groups):
        return spread_of_mean(np.concatenate(groups))
    inside = [spread_of_mean(values) for values in groups]
    return combined([Spread(one.variance / len(groups) ** 2, one.freedom) for one in inside])


def combined(parts: Sequence[Spread]) -> Spread:
    """Of a sum of independent parts."""
    variance = sum(part.variance for part in parts)
    squares = sum(part.variance**2 / part.freedom for part in parts if part.variance)
    return Spread(variance, variance**2 / squares if squares else math.inf)


def interval(value: float, parts: Sequence[Spread]) -> tuple[float, float] | None:
    """95 % interval of a score; None if a part is unknown."""
    from scipy.special import stdtrit

    if any(math.isnan(part.variance) for part in parts):
        return None
    whole = combined(parts)
    half = float(stdtrit(min(whole.freedom, 1e9), (1 + _LEVEL) / 2)) * whole.deviation
    return value - half, value + half
