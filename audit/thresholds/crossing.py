"""Where the scores cross a level, with an interval: a profile likelihood that a bootstrap gauges.

For a count t, the profile is

    LR(t) = n log(RSS(t) / RSS),

RSS being the least residual sum of squares of all curves, and RSS(t) that of the curves which
cross the level at t. The interval is every t with LR(t) <= q. For regular problems q is 3.84; where
the rise is sharp the problem is not regular, and q is what the same statistic shows, if that is
more, when concepts are drawn anew (with replacement) and t is where the curve of all crosses
(bootstrap calibration of a likelihood ratio: Davison & Hinkley, "Bootstrap Methods and their
Application", 1997, section 5.4; why not percentiles: Seijo & Sen, "Change-point in stochastic
design regression and the bootstrap", 2011). Drawing concepts, with all their images, keeps what
noise there is, whatever it depends on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logit
from scipy.stats import chi2

from audit.thresholds.curves import (
    Curves,
    Grouping,
    Moments,
    logistic_curves,
    rounds_in_parts,
    s_curves,
    searched,
)
from audit.thresholds.series import Floats

#: A curve is not worth a closer look where its profile is above this.
_WORTH = 16.0
#: A step is taken for the best curve where a logistic one fits better by no more than its extra
#: parameter is worth (AIC).
_STEP_ALLOWANCE = 2.0
_LEVEL_POINTS = 401
#: Curves times points that are looked at at once.
_AT_ONCE = 400_000
#: A scale is polished within this factor, that of the grid.
_MOVED = 1.4


@dataclass(frozen=True)
class Fit:
    """The best curve of one rise.

    Attributes
    ----------
    centre, scale:
        In units of x = log(1 + count); scale 0 is a step.
    gap:
        x of the counts between which a step rises; both the centre for other curves.
    floor, rise:
        The curve goes from ``floor`` to ``floor + rise``.
    """

    centre: float
    scale: float
    gap: tuple[float, float]
    floor: float
    rise: float

    @property
    def plateau(self) -> float:
        return self.floor + self.rise

    def crosses(self, level: float | None) -> float | None:
        """x where the curve reaches ``level``, or is half-way; None if it never does."""
        if level is None:
            return self.centre if self.rise > 0 else None
        if not self.floor < level < self.plateau:
            return None
        if self.scale == 0:
            return self.centre
        return self.centre + self.scale * float(logit((level - self.floor) / self.rise))


@dataclass(frozen=True)
class Crossing:
    """Where the curve crosses a level, in units of x.

    Attributes
    ----------
    fit:
        The best curve of all.
    at:
        None if it does not cross.
    low, high:
        Ends of the interval; None if ``at`` is.
    open_low, open_high:
        Whether the interval ends where the data end: it might go on.
    critical:
        q.
    floor, plateau:
        Intervals of both ends of the curve, from the same draws; they hold those of the fit.
    """

    fit: Fit
    at: float | None
    low: float | None
    high: float | None
    open_low: bool
    open_high: bool
    critical: float
    floor: tuple[float, float]
    plateau: tuple[float, float]


def find_crossing(
    grouping: Grouping,
    scores: Floats,
    level: float | None,
    *,
    ends: tuple[float, float] | None = None,
    confidence: float = 0.95,
    rounds: int = 999,
    rng: np.random.Generator,
) -> Crossing:
    """Where scores cross ``level``, or half of their rise.

    Parameters
    ----------
    scores:
        In order of count, shape (concepts,).
    ends:
        Floor and plateau, where they are known; ``level`` is then half-way, None.
    confidence:
        Of the interval, between 0 and 1.
    rounds:
        Times that concepts are drawn.
    """
    moments = grouping.moments(scores)
    coarse = s_curves(grouping, anywhere=ends is not None)
    looked = _rss(coarse, moments, ends)[:, 0]
    near = _worth(coarse, looked, grouping.concepts)
    curves = s_curves(grouping, near, anywhere=ends is not None)
    rss = _rss(curves, moments, ends)[:, 0]
    best = int(rss.argmin())
    simplest = curves.select([_simplest(curves, rss, grouping.concepts)])
    fit = _fit_of(_polished(simplest, grouping, moments, ends), 0, moments, ends)
    at = fit.crosses(level)
    likeliest = _fit_of(curves, best, moments, ends).crosses(level)
    profile = _Profile(curves, coarse, level, ends)
    ratios, floors, plateaus = [], [], []
    for part in rounds_in_parts(rounds):
        drawn = grouping.resampled(scores, part, rng)
        ratio, floor, plateau = profile.drawn(drawn, likeliest, grouping.concepts)
        ratios.append(ratio)
        floors.append(floor)
        plateaus.append(plateau)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    floor_ends, plateau_ends = (np.quantile(np.concatenate(v), tails) for v in (floors, plateaus))
    low = high = None
    open_low = open_high = False
    critical = critical_value(np.concatenate(ratios), confidence)
    if at is None or likeliest is None:
        at = None  # one of two curves that fit alike does not reach the level
    else:
        low, high = profile.interval(moments, critical, grouping)
        low, high = min(low, at, likeliest), max(high, at, likeliest)
        whole = level is not None or ends is not None
        least, most = grouping.position[[0, -1]] if whole else searched(grouping)
        slack = 1e-9
        open_low, open_high = bool(low <= least + slack), bool(high >= most - slack)
    return Crossing(
        fit,
        at,
        low,
        high,
        open_low,
        open_high,
        critical,
        _with(fit.floor, floor_ends),
        _with(fit.plateau, plateau_ends),
    )


def _with(value: float, ends: Floats) -> tuple[float, float]:
    return min(float(ends[0]), value), max(float(ends[1]), value)


def critical_value(ratios: Floats, confidence: float) -> float:
    """q: what drawn likelihood ratios show, and never less than in a regular problem.

    Where counts are tied a rise stays in its gap in most draws, and their ratios tell too little.
    """
    drawn = float(np.quantile(ratios, confidence, method="higher"))
    return max(drawn, float(chi2.ppf(confidence, 1)))


def _rss(curves: Curves, moments: Moments, ends: tuple[float, float] | None) -> Floats:
    return curves.rss(moments) if ends is None else curves.rss_between(moments, *ends)


def _worth(coarse: Curves, rss: Floats, concepts: int) -> tuple[float, float]:
    """Between which x the centre may be, going by a coarse look."""
    near = concepts * np.log(rss / rss.min()) < _WORTH
    return float(coarse.low[near].min()) - 0.05, float(coarse.high[near].max()) + 0.05


def _simplest(curves: Curves, rss: Floats, concepts: int) -> int:
    """The best curve; a step if that does nearly as well."""
    best = int(rss.argmin())
    steps = np.flatnonzero(curves.scale == 0)
    if len(steps):
        step = int(steps[rss[steps].argmin()])
        if concepts * np.log(rss[step] / rss[best]) <= _STEP_ALLOWANCE:
            return step
    return best


def _polished(
    curve: Curves, grouping: Grouping, moments: Moments, ends: tuple[float, float] | None
) -> Curves:
    """One curve, moved from its grid to where it fits best; a step stays where it is."""
    if curve.scale[0] == 0:
        return curve

    def moved(by: Floats) -> Curves:
        return logistic_curves(grouping, curve.centre + by[0], curve.scale * np.exp(by[1]))

    at_most = np.log(_MOVED)
    found = minimize(
        lambda by: float(_rss(moved(by), moments, ends)[0, 0]),
        np.zeros(2),
        method="Nelder-Mead",
        bounds=[(-curve.scale[0], curve.scale[0]), (-at_most, at_most)],
        options={"xatol": 1e-4, "fatol": 0, "maxiter": 200},
    )
    return moved(found.x)


def _fit_of(curves: Curves, curve: int, moments: Moments, ends: tuple[float, float] | None) -> Fit:
    floor, rise = _ends(curves, np.asarray([curve]), moments, ends)
    return Fit(
        float(curves.centre[curve]),
        float(curves.scale[curve]),
        (float(curves.low[curve]), float(curves.high[curve])),
        float(floor[0]),
        float(rise[0]),
    )


def _ends(
    curves: Curves,
    which: NDArray[np.int64],
    moments: Moments,
    ends: tuple[float, float] | None,
) -> tuple[Floats, Floats]:
    """Floor and rise of the curve ``which`` of each round."""
    if ends is None:
        return curves.fitted(which, moments)
    return np.full(len(which), ends[0]), np.full(len(which), ends[1] - ends[0])


class _Profile:
    """LR(t) on curves that are close to the best, and on all others coarsely."""

    def __init__(
        self,
        curves: Curves,
        coarse: Curves,
        level: float | None,
        ends: tuple[float, float] | None,
    ) -> None:
        self._curves, self._coarse, self._level, self._ends = curves, coarse, level, ends
        smooth = curves.scale > 0
        self._centres = np.unique(curves.centre[smooth])
        self._spacing = (
            float(self._centres[1] - self._centres[0]) if len(self._centres) > 1 else 1e-6
        )

    def drawn(
        self, moments: Moments, at: float | None, concepts: int
    ) -> tuple[Floats, Floats, Floats]:
        """LR at ``at``, floor and plateau of the best curve, of each round."""
        curves = self._curves
        rss = _rss(curves, moments, self._ends)
        best = rss.argmin(axis=0)
        floor, rise = _ends(curves, best, moments, self._ends)
        plateau = floor + rise
        if at is None:
            return np.full(len(best), np.inf), floor, plateau
        further = _rss(self._coarse, moments, self._ends)
        least = np.minimum(rss.min(axis=0), further.min(axis=0))
        if self._level is None:
            half = 0.51 * self._spacing
            there = (curves.low - half <= at) & (at <= curves.high + half)
            bound = rss[there].min(axis=0)
        else:
            bound = curves.rss_through(moments, curves.at(at), self._level).min(axis=0)
            # A condition on the same curves; it can only fit worse.
            bound = np.maximum(bound, least)
        return concepts * np.log(bound / least), floor, plateau

    def interval(
        self, moments: Moments, critical: float, grouping: Grouping
    ) -> tuple[float, float]:
        rss = _rss(self._curves, moments, self._ends)[:, 0]
        at, profile = (
            self._of_centres(rss, grouping.concepts)
            if self._level is None
            else self._of_level(moments, grouping)
        )
        inside = np.flatnonzero(profile <= critical)
        if not len(inside):
            low = high = float(at[profile.argmin()])
        else:
            low = _meets(at, profile, int(inside[0]), -1, critical)
            high = _meets(at, profile, int(inside[-1]), 1, critical)
        if self._level is not None:
            return low, high
        steps = self._curves.scale == 0
        kept = steps & (grouping.concepts * np.log(rss / rss.min()) <= critical)
        if kept.any():
            low = min(low, float(self._curves.low[kept].min()))
            high = max(high, float(self._curves.high[kept].max()))
        return low, high

    def _of_centres(self, rss: Floats, concepts: int) -> tuple[Floats, Floats]:
        curves, at = self._curves, self._centres
        smooth = curves.scale > 0
        least = rss[smooth].reshape(-1, len(at)).min(axis=0)
        for step in np.flatnonzero(~smooth):
            covered = (at >= curves.low[step]) & (at <= curves.high[step])
            least[covered] = np.minimum(least[covered], rss[step])
        return at, concepts * np.log(least / rss.min())

    def _of_level(self, moments: Moments, grouping: Grouping) -> tuple[Floats, Floats]:
        assert self._level is not None
        at = np.linspace(grouping.position[0], grouping.position[-1], _LEVEL_POINTS)
        least = np.minimum(
            self._curves.rss(moments)[:, 0].min(), self._coarse.rss(moments)[:, 0].min()
        )
        through = np.full(len(at), np.inf)
        for curves in (self._curves, self._coarse):
            for some in np.array_split(np.arange(len(at)), 1 + len(at) * len(curves) // _AT_ONCE):
                here = np.stack([curves.at(float(x)) for x in at[some]], axis=1)
                least_there = curves.rss_through(moments, here, self._level).min(axis=0)
                through[some] = np.minimum(through[some], least_there)
        return at, grouping.concepts * np.log(np.maximum(through, least) / least)


def _meets(at: Floats, profile: Floats, inside: int, way: int, critical: float) -> float:
    """Where the profile reaches ``critical``, between a point inside and the next one."""
    outside = inside + way
    if not 0 <= outside < len(at):
        return float(at[inside])
    share = (critical - profile[inside]) / (profile[outside] - profile[inside])
    return float(at[inside] + share * (at[outside] - at[inside]))
