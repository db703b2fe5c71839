"""Series of which the truth is known: to test estimators of thresholds, and to try them out.

Each generator takes the counts of the concepts, and adds normal noise to a curve of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from audit.thresholds.series import Floats, ScoreSeries, series_of

NOISE = 0.1
LOW, HIGH = 0.2, 0.5


def count_grid(
    concepts: int = 400, *, median: float = 300, spread: float = 2.0, seed: int = 0
) -> NDArray[np.int64]:
    """Counts as of real concepts: log-normal, in ascending order.

    Parameters
    ----------
    median:
        Half of the counts are below it.
    spread:
        Standard deviation of the natural logarithm of the counts.
    """
    logs = np.random.default_rng(seed).normal(np.log(median), spread, concepts)
    return np.sort(np.rint(np.exp(logs)).astype(np.int64))


def flat(
    counts: ArrayLike, *, mean: float = 0.3, noise: float = NOISE, seed: int = 0
) -> ScoreSeries:
    """Scores that do not depend on the count: no threshold."""
    return _noisy(counts, np.full(np.size(np.asarray(counts)), mean), noise, seed)


def line(
    counts: ArrayLike, *, low: float = LOW, high: float = HIGH, noise: float = NOISE, seed: int = 0
) -> ScoreSeries:
    """A straight line in log(1 + count), ``low`` at the least count, ``high`` at the greatest."""
    logs = np.log1p(np.asarray(counts, np.float64))
    share = (logs - logs.min()) / (logs.max() - logs.min())
    return _noisy(counts, low + (high - low) * share, noise, seed)


def step(
    counts: ArrayLike,
    at: float,
    *,
    low: float = LOW,
    high: float = HIGH,
    noise: float = NOISE,
    seed: int = 0,
) -> ScoreSeries:
    """``low`` below the count ``at``, ``high`` from it on."""
    return _noisy(counts, np.where(np.asarray(counts) >= at, high, low), noise, seed)


def logistic(
    counts: ArrayLike,
    centre: float,
    *,
    scale: float,
    low: float = LOW,
    high: float = HIGH,
    noise: float = NOISE,
    seed: int = 0,
) -> ScoreSeries:
    """A logistic curve in log(1 + count), half-way at the count ``centre``.

    Parameters
    ----------
    scale:
        In units of the natural logarithm: from a tenth to nine tenths of the rise it takes
        exp(4.39 * scale) times the count; 0.1, a factor of 1.6, is sharp, and 0.5, a factor of 9,
        is gradual.
    """
    logs = np.log1p(np.asarray(counts, np.float64))
    share = expit((logs - np.log1p(centre)) / scale)
    return _noisy(counts, low + (high - low) * share, noise, seed)


def _noisy(counts: ArrayLike, curve: Floats, noise: float, seed: int) -> ScoreSeries:
    rng = np.random.default_rng(seed)
    return series_of(counts, curve + rng.normal(0, noise, len(curve)) if noise else curve)
