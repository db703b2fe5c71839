"""Curves of one rise, fitted all at once by least squares.

A curve is y = floor + rise * f(x) with x = log(1 + count), rise >= 0 and f from a family: steps,
logistic curves, or lines that bend once. Each f is evaluated once at every distinct count; the
best floor and rise of every curve, for many weightings of the concepts at once, then follow from
three matrix products. That is what lets intervals and tests be made by resampling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from audit.thresholds.series import Floats

#: Concepts, and share of them, that a curve must have on either side of its centre.
SIDE, SIDE_SHARE = 5, 0.05
#: The sharpest logistic curve, in units of x: nine tenths of its rise within a factor of 1.2.
_SHARPEST = 0.04
_SCALE_RATIO = 1.4
#: The widest one rises from a tenth to nine tenths over so many times the range of x.
_WIDEST, _WIDEST_OF_ALL = 2.0, 8.0
#: In scales of a logistic curve, from a tenth of its rise to nine tenths.
TENTH_TO_NINE_TENTHS = float(2 * np.log(9))
_COARSE_STEP, _MOST_CENTRES, _MOST_STEPS = 0.05, 240, 400
#: Below this share of the total sum of squares a residual is rounding.
_ROUNDING = 1e-12
#: Stands in for no spread at all, so that ratios of nothing to nothing are one.
_NOTHING = 1e-250


@dataclass(frozen=True)
class Moments:
    """Sums over the concepts of each distinct count, for one or many weightings of the concepts.

    Attributes
    ----------
    weight, score:
        Sum of weights, and of weighted scores; shape (distinct counts, rounds). ``weight`` may
        have one round that stands for all.
    square:
        Weighted sum of squared scores over all concepts, shape (rounds,).
    """

    weight: Floats
    score: Floats
    square: Floats

    @property
    def total(self) -> Floats:
        """Weighted sum of squared deviations from the mean, shape (rounds,)."""
        spread = self.square - self.score.sum(axis=0) ** 2 / self.weight.sum(axis=0)
        return np.asarray(np.maximum(spread, np.maximum(_ROUNDING * self.square, _NOTHING)))


class Grouping:
    """The distinct counts of a series, and sums over the concepts of each.

    Attributes
    ----------
    position:
        log(1 + count) of each distinct count, ascending, shape (groups,).
    size:
        Concepts of each.
    """

    def __init__(self, x: Floats) -> None:
        """``x`` in ascending order, one a concept."""
        self.position, self._starts, self.size = np.unique(x, return_index=True, return_counts=True)
        self.concepts = len(x)

    def sums(self, values: Floats) -> Floats:
        """Sum over the concepts of each group; ``values`` of shape (concepts, …)."""
        summed: Floats = np.add.reduceat(values, self._starts, axis=0)
        return summed

    def spread(self, values: Floats) -> Floats:
        """The value of its group for every concept; ``values`` of shape (groups, …)."""
        return np.repeat(values, self.size, axis=0)

    def moments(self, scores: Floats) -> Moments:
        """Of unweighted scores, shape (concepts,) or (concepts, rounds)."""
        columns = scores.reshape(self.concepts, -1)
        weight = self.size.astype(np.float64)[:, None]
        return Moments(weight, self.sums(columns), (columns * columns).sum(axis=0))

    def weighted(self, scores: Floats, weights: Floats) -> Moments:
        """Of scores, shape (concepts,), under ``weights``, shape (concepts, rounds)."""
        columns = scores[:, None]
        return Moments(
            self.sums(weights), self.sums(weights * columns), (weights * columns**2).sum(axis=0)
        )

    def resampled(self, scores: Floats, rounds: int, rng: np.random.Generator) -> Moments:
        """Of concepts drawn with replacement, as many as there are, ``rounds`` times."""
        even = np.full(self.concepts, 1 / self.concepts)
        times = rng.multinomial(self.concepts, even, rounds).T.astype(np.float64)
        return self.weighted(scores, times)


@dataclass(frozen=True)
class Curves:
    """A family of curves f, each with its values at the distinct counts.

    Attributes
    ----------
    centre, scale:
        Of each curve, shape (curves,), in units of x. A step has scale 0. Of a bent line the
        centre is the bend and the scale is not a number.
    low, high:
        Between these the centre may lie without a change of f at any distinct count: a step rises
        somewhere between two counts. Else both are the centre.
    values:
        f, shape (distinct counts, curves).
    """

    centre: Floats
    scale: Floats
    low: Floats
    high: Floats
    values: Floats

    def __len__(self) -> int:
        return len(self.centre)

    @cached_property
    def _squares(self) -> Floats:
        return self.values * self.values

    def _sums(self, moments: Moments) -> tuple[Floats, Floats, Floats]:
        """Weighted sums of f, f² and f times score; shape (curves, rounds) or (curves, 1)."""
        return (
            self.values.T @ moments.weight,
            self._squares.T @ moments.weight,
            self.values.T @ moments.score,
        )

    def rss(self, moments: Moments) -> Floats:
        """Residual sum of squares with the best floor and rise, shape (curves, rounds)."""
        first, second, product = self._sums(moments)
        weight, score = moments.weight.sum(axis=0), moments.score.sum(axis=0)
        return _remaining(
            moments.total,
            product - first * score / weight,
            second - first * first / weight,
            moments.total,
        )

    def rss_between(self, moments: Moments, floor: float, plateau: float) -> Floats:
        """The same with a known floor and plateau, for f from 0 to 1."""
        first, second, product = self._sums(moments)
        weight, score = moments.weight.sum(axis=0), moments.score.sum(axis=0)
        rise = plateau - floor
        squares = moments.square - 2 * floor * score + floor**2 * weight
        left: Floats = squares - 2 * rise * (product - floor * first) + rise**2 * second
        return np.asarray(np.maximum(left, _ROUNDING * moments.total))

    def rss_through(self, moments: Moments, here: Floats, level: float) -> Floats:
        """The same under the condition that a curve is at ``level`` where f is ``here``.

        A step within its gap may be at any level between its floor and its plateau.

        Parameters
        ----------
        here:
            Shape (curves,), or (curves, points) for many conditions on one weighting.

        Returns
        -------
        rss
            Shape (curves, rounds), or (curves, points).
        """
        first, second, product = self._sums(moments)
        weight, score = moments.weight.sum(axis=0), moments.score.sum(axis=0)
        here = here.reshape(len(self), -1)
        deviation = moments.square - 2 * level * score + level**2 * weight

        def through(f: Floats) -> Floats:
            return _remaining(
                deviation,
                product - level * first - f * (score - level * weight),
                second - 2 * f * first + f * f * weight,
                moments.total,
            )

        rss = through(here)
        in_gap = (self.scale[:, None] == 0) & (here == 0.5)
        if not in_gap.any():
            return rss
        mean = score / weight
        common, spread = product - first * mean, second - first * first / weight
        rise = np.maximum(common, 0) / np.where(spread > 0, spread, 1.0)
        floor = mean - rise * first / weight
        between = (floor <= level) & (level <= floor + rise)
        at_an_end = np.minimum(through(np.zeros_like(here)), through(np.ones_like(here)))
        free = _remaining(moments.total, common, spread, moments.total)
        return np.where(in_gap, np.where(between, free, at_an_end), rss)

    def at(self, x: float) -> Floats:
        """f of each curve at any x, shape (curves,); a half stands for a step within its gap."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            smooth = expit((x - self.centre) / self.scale)
        stepped = np.where(x > self.high, 1.0, np.where(x <= self.low, 0.0, 0.5))
        return np.where(self.scale > 0, smooth, stepped)

    def fitted(self, which: NDArray[np.int64], moments: Moments) -> tuple[Floats, Floats]:
        """Floor and rise of the curve ``which`` of each round, shapes (rounds,)."""
        f = self.values[:, which]
        weight = np.broadcast_to(moments.weight, f.shape)
        total = weight.sum(axis=0)
        mean = (f * weight).sum(axis=0) / total
        square = ((f - mean) ** 2 * weight).sum(axis=0)
        product = ((f - mean) * moments.score).sum(axis=0)
        rise = np.maximum(product, 0) / np.maximum(square, np.finfo(float).tiny)
        return moments.score.sum(axis=0) / total - rise * mean, rise

    def best_values(self, moments: Moments, ends: tuple[float, float] | None = None) -> Floats:
        """The best curve of each round at the distinct counts, shape (distinct counts, rounds).

        ``ends`` are floor and plateau, where they are known.
        """
        if ends is not None:
            which = self.rss_between(moments, *ends).argmin(axis=0)
            return ends[0] + (ends[1] - ends[0]) * self.values[:, which]
        which = self.rss(moments).argmin(axis=0)
        floor, rise = self.fitted(which, moments)
        return floor + rise * self.values[:, which]

    def select(self, which: NDArray[np.bool_] | list[int]) -> Curves:
        """Those of a mask, or at places."""
        return Curves(
            self.centre[which],
            self.scale[which],
            self.low[which],
            self.high[which],
            self.values[:, which],
        )


def _remaining(before: Floats, product: Floats, square: Floats, total: Floats) -> Floats:
    """``before`` less what a rise explains; none where it would have to be negative."""
    usable = (product > 0) & (square > 1e-9)
    gain = np.where(usable, product * product / np.where(usable, square, 1.0), 0.0)
    return np.maximum(before - gain, _ROUNDING * total)


def logistic_curves(grouping: Grouping, centre: Floats, scale: Floats) -> Curves:
    """Logistic curves of any centres and scales, shapes (curves,), in units of x."""
    values = expit((grouping.position[:, None] - centre) / scale)
    return Curves(centre, scale, centre, centre, values)


def s_curves(
    grouping: Grouping, within: tuple[float, float] | None = None, *, anywhere: bool = False
) -> Curves:
    """Steps, and logistic curves of many scales, with their centres where concepts are.

    Parameters
    ----------
    within:
        Only centres between these, in finer steps; by default all that have concepts on both
        sides.
    anywhere:
        Centres anywhere among the counts, and very gradual curves too: floor and plateau need not
        be seen, because they are known.
    """
    x = grouping.position
    low, high = (float(x[0]), float(x[-1])) if anywhere else searched(grouping)
    if within is None:
        many = min(int((high - low) / _COARSE_STEP) + 2, _MOST_CENTRES)
        centres = np.linspace(low, high, many)
    else:
        low, high = max(low, within[0]), min(high, within[1])
        centres = np.linspace(low, high, 81)
    scales = _scales(grouping, _WIDEST_OF_ALL if anywhere else _WIDEST)
    steps = np.flatnonzero((x[1:] > low) & (x[:-1] < high))
    # Those at either end of the range have to have concepts beyond them too.
    beyond = np.cumsum(grouping.size)[steps]
    needed = 1 if anywhere else _side(grouping.concepts)
    steps = steps[(beyond >= needed) & (grouping.concepts - beyond >= needed)]
    if len(steps) > _MOST_STEPS:
        steps = steps[np.linspace(0, len(steps) - 1, _MOST_STEPS).astype(np.int64)]
    centre = np.tile(centres, len(scales))
    scale = np.repeat(scales, len(centres))
    stepped = (x[:, None] > x[steps][None, :]).astype(np.float64)
    return Curves(
        np.r_[x[steps + 1], centre],
        np.r_[np.zeros(len(steps)), scale],
        np.r_[x[steps], centre],
        np.r_[x[steps + 1], centre],
        np.concatenate([stepped, expit((x[:, None] - centre) / scale)], axis=1),
    )


def flat_line(grouping: Grouping) -> Curves:
    """A curve that does not rise: its floor is the mean."""
    nothing, x = np.zeros(1), grouping.position[:1]
    return Curves(x, nothing * np.nan, x, x, np.zeros((len(grouping.position), 1)))


def straight_line(grouping: Grouping) -> Curves:
    """The line in x itself."""
    return bent_lines(grouping).select([0])


def bent_lines(grouping: Grouping) -> Curves:
    """The straight line, flat then rising, and rising then flat: no rise between plateaus."""
    x = grouping.position
    bends = np.quantile(grouping.spread(x), np.linspace(0.02, 0.98, 60))
    rising, ending = np.maximum(x[:, None] - bends, 0), np.minimum(x[:, None], bends)
    values = np.concatenate([x[:, None], rising, ending], axis=1)
    centre = np.r_[x[0], bends, bends]
    varied = np.ptp(values, axis=0) > 0
    lines = Curves(centre, np.full(len(centre), np.nan), centre, centre, values)
    return lines.select(varied)


def searched(grouping: Grouping) -> tuple[float, float]:
    """Between which x centres are looked for: enough concepts are on either side."""
    x = grouping.spread(grouping.position)
    side = _side(len(x))
    return float(x[side - 1]), float(x[-side])


def split_shares(grouping: Grouping) -> Floats:
    """Share of the concepts above each place between two counts that has enough on both sides."""
    above = grouping.concepts - np.cumsum(grouping.size)[:-1]
    needed = _side(grouping.concepts)
    enough = (above >= needed) & (grouping.concepts - above >= needed)
    return np.asarray(above[enough] / grouping.concepts)


def _side(concepts: int) -> int:
    return min(max(SIDE, int(SIDE_SHARE * concepts)), max(concepts // 2, 1))


def _scales(grouping: Grouping, widest_share: float) -> Floats:
    x = grouping.spread(grouping.position)
    reach = float(np.quantile(x, 0.975) - np.quantile(x, 0.025))
    widest = max(widest_share * reach / TENTH_TO_NINE_TENTHS, 2 * _SHARPEST)
    many = int(np.ceil(np.log(widest / _SHARPEST) / np.log(_SCALE_RATIO))) + 1
    return np.geomspace(_SHARPEST, widest, many)


def rounds_in_parts(rounds: int, part: int = 250) -> Iterator[int]:
    """Sizes of the parts in which ``rounds`` are done, so that memory stays bounded."""
    while rounds > 0:
        yield min(part, rounds)
        rounds -= part
