"""How the scores of images that do not show a concept fall off beyond what a sample can tell.

A background of 10,000 images cannot show directly which score one in 100,000 exceeds. Above a
high quantile u the excesses are taken for generalised Pareto (Pickands 1975; Coles, "An
Introduction to Statistical Modeling of Extreme Values", 2001, chapter 4),

    P(score > u + x) = p_u (1 + ξ x / σ)^(-1/ξ),

fitted to three quantiles between 90 % and 99.1 %, not to the very largest scores: up to almost one
in a hundred images of the background may show the concept, unknown to us, and the fit stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Shares of the background above the three quantiles; each 0.3 times the one before.
_SHARES = (0.1, 0.03, 0.009)
_STEP = 0.3

#: Normal scores have ξ near -0.15 here, similarities of images more. Less would put an end to the
#: tail that a few quantiles cannot prove.
_SHAPE = (-0.1, 0.3)

#: With fewer images the highest of the three quantiles rests on less than five of them.
LEAST_BACKGROUND = 500


@dataclass(frozen=True)
class Tail:
    """P(score > s) for scores of images that do not show the concept.

    Attributes
    ----------
    start:
        u: the score that a share ``share`` exceeds.
    scale, shape:
        σ and ξ.
    """

    start: float
    share: float
    scale: float
    shape: float

    def exceeded_by(self, score: float) -> float:
        """Share of images above ``score``; for scores from ``start`` on."""
        excess = max(score - self.start, 0.0) / self.scale
        if abs(self.shape) < 1e-9:
            return self.share * math.exp(-excess)
        inside = 1 + self.shape * excess
        return self.share * inside ** (-1 / self.shape) if inside > 0 else 0.0

    def mean_excess(self, score: float) -> float:
        """By how much images above ``score`` exceed it on average; for scores from ``start`` on."""
        return (self.scale + self.shape * max(score - self.start, 0.0)) / (1 - self.shape)

    def score_exceeded_by(self, share: float) -> float:
        """The score that ``share`` of the images exceed, for less than ``self.share``."""
        return self.start + self.scale * _growth(self.share / share, self.shape)


def _growth(times: float, shape: float) -> float:
    return math.log(times) if abs(shape) < 1e-9 else (times**shape - 1) / shape


def fit_tail(scores: NDArray[np.float64]) -> Tail:
    """Fit the tail of background scores, shape (images,).

    Raises
    ------
    ValueError
        If there are fewer than :data:`LEAST_BACKGROUND`.
    """
    if len(scores) < LEAST_BACKGROUND:
        raise ValueError(f"{len(scores)} background scores do not tell how they fall off")
    low, middle, high = np.quantile(scores, [1 - share for share in _SHARES])
    first, second = max(middle - low, 1e-9), max(high - middle, 1e-9)
    shape = math.log(second / first) / math.log(1 / _STEP)
    shape = min(max(shape, _SHAPE[0]), _SHAPE[1])
    scale = second / _growth(1 / _STEP, shape)
    return Tail(float(middle), _SHARES[1], float(scale), shape)
