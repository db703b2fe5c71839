"""Five shapes that scores may have, and how well each foretells concepts that it has not seen.

Flat; a straight line in x = log(1 + count); a step; a logistic curve in x; and any curve that does
not fall (isotonic regression: Barlow et al., "Statistical Inference under Order Restrictions",
1972). They are compared by the mean squared error on concepts left out, ten-fold and repeated
(Stone 1974): it needs no number of parameters, which a step and an isotonic curve do not have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from scipy.optimize import isotonic_regression

from audit.thresholds.curves import Grouping, Moments, flat_line, s_curves, straight_line
from audit.thresholds.series import Floats

Shape = Literal["flat", "line", "step", "isotonic", "logistic"]

FOLDS, REPEATS = 10, 5


@dataclass(frozen=True)
class Candidate:
    """One shape.

    Attributes
    ----------
    error:
        Root of the mean squared error on concepts left out, in units of the scores.
    behind:
        Mean squared error less that of the best candidate, and its standard error over concepts;
        both 0 for the best.
    crossing:
        Count at which this shape, fitted to all concepts, reaches the level; None if never.
    curve:
        Its value at each distinct count, for plots.
    """

    shape: Shape
    error: float
    behind: float
    behind_error: float
    crossing: float | None
    curve: Floats

    def to_dict(self) -> dict[str, Any]:
        return {
            "shape": self.shape,
            "error": self.error,
            "behind": self.behind,
            "behind_error": self.behind_error,
            "crossing": self.crossing,
        }


def candidates(
    grouping: Grouping,
    scores: Floats,
    level: float | None,
    rng: np.random.Generator,
    *,
    ends: tuple[float, float] | None = None,
) -> tuple[Candidate, ...]:
    """Fit and compare all; the best first.

    Parameters
    ----------
    scores:
        In order of count, shape (concepts,).
    level:
        Whose crossing is told; where None, steps and logistic curves tell where they are half-way,
        an isotonic curve where it passes that level of the logistic one, and others nothing.
    ends:
        Floor and plateau of the logistic curve, where they are known.
    """
    everything = grouping.moments(scores)
    fits = _fitters(grouping, ends)
    curves = {shape: fit(everything)[:, 0] for shape, fit in fits.items()}
    errors = _left_out_errors(grouping, scores, fits, rng)
    half = (curves["logistic"][0] + curves["logistic"][-1]) / 2
    best = min(errors, key=lambda shape: float(errors[shape].mean()))
    made = []
    for shape, squared in errors.items():
        further = squared - errors[best]
        if level is not None:
            crossing = _reaches(grouping, curves[shape], level, shape)
        elif shape in ("flat", "line"):
            crossing = None
        else:
            own = (curves[shape][0] + curves[shape][-1]) / 2 if shape != "isotonic" else half
            crossing = _reaches(grouping, curves[shape], own, shape)
        made.append(
            Candidate(
                shape,
                float(np.sqrt(squared.mean())),
                float(further.mean()),
                float(further.std(ddof=1) / np.sqrt(len(further))) if len(further) > 1 else 0.0,
                crossing,
                curves[shape],
            )
        )
    return tuple(sorted(made, key=lambda one: one.error))


#: Moments of one or more weightings -> values at the distinct counts, shape (groups, rounds).
Fitter = Callable[[Moments], Floats]


def _fitters(grouping: Grouping, ends: tuple[float, float] | None) -> dict[Shape, Fitter]:
    rises = s_curves(grouping)
    logistic = s_curves(grouping, anywhere=True) if ends is not None else rises
    return {
        "flat": flat_line(grouping).best_values,
        "line": straight_line(grouping).best_values,
        "step": rises.select(rises.scale == 0).best_values,
        "logistic": partial(logistic.select(logistic.scale > 0).best_values, ends=ends),
        "isotonic": _isotonic,
    }


def _isotonic(moments: Moments) -> Floats:
    weights = np.broadcast_to(moments.weight, moments.score.shape)
    fitted = np.empty_like(moments.score)
    for at in range(fitted.shape[1]):
        there = np.flatnonzero(weights[:, at] > 0)
        means = moments.score[there, at] / weights[there, at]
        values = isotonic_regression(means, weights=weights[there, at]).x
        # Between two counts that were seen, the value of the lower one: it does not fall.
        before = np.maximum(np.searchsorted(there, np.arange(len(fitted)), side="right") - 1, 0)
        fitted[:, at] = values[before]
    return fitted


def _left_out_errors(
    grouping: Grouping, scores: Floats, fits: dict[Shape, Fitter], rng: np.random.Generator
) -> dict[Shape, Floats]:
    """Squared error of each concept when it was left out, mean of the repeats."""
    concepts = len(scores)
    folds = min(FOLDS, concepts)
    part = np.stack([rng.permutation(concepts) % folds for _ in range(REPEATS)])
    kept = np.concatenate([part != fold for fold in range(folds)]).T.astype(np.float64)
    moments = grouping.weighted(scores, kept)
    out = kept == 0
    return {
        shape: np.where(out, (scores[:, None] - grouping.spread(fit(moments))) ** 2, 0).sum(axis=1)
        / REPEATS
        for shape, fit in fits.items()
    }


def _reaches(grouping: Grouping, curve: Floats, level: float, shape: Shape) -> float | None:
    """Count at which a curve reaches a level: between counts of a smooth one, at one of a step."""
    above = np.flatnonzero(curve >= level)
    if not len(above) or above[0] == 0:
        return None
    at, x = int(above[0]), grouping.position
    if shape in ("step", "isotonic"):
        return float(np.expm1(x[at]))
    share = (level - curve[at - 1]) / (curve[at] - curve[at - 1])
    return float(np.expm1(x[at - 1] + share * (x[at] - x[at - 1])))
