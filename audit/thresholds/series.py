"""Imitation scores of concepts, in order of their counts: what thresholds are estimated from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.errors import UsageError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoreSeries:
    """Concepts with their counts and imitation scores, in order of count, then of name.

    Concepts of equal count thus stand in the order of their names (by code point), whatever the
    order of the table that they came from.

    Attributes
    ----------
    concepts:
        Names, each once.
    counts:
        Images of each concept, shape (concepts,), whole numbers from 0 on.
    scores:
        Imitation score of each, shape (concepts,); a mean where there are several images.
    count_low, count_high:
        Ends of the 95 % intervals of the counts; None if the counts are taken as known.
    images:
        Scores that each mean rests on.
    image_variance:
        Mean over concepts of the variance of a mean of ``images`` scores: how much of the noise
        more images of a concept would take away. None where no concept has several.
    domain, model:
        What the scores are of, where it is told.
    left_out:
        Why concepts of the table are not here, and how many: (reason, concepts).
    """

    concepts: tuple[str, ...]
    counts: NDArray[np.int64]
    scores: Floats
    count_low: Floats | None = None
    count_high: Floats | None = None
    images: NDArray[np.int64] = field(default_factory=lambda: np.ones(0, np.int64))
    image_variance: float | None = None
    domain: str | None = None
    model: str | None = None
    left_out: tuple[tuple[str, int], ...] = ()

    def __len__(self) -> int:
        return len(self.concepts)

    @property
    def log_counts(self) -> Floats:
        """log(1 + count), natural logarithm."""
        return np.log1p(self.counts.astype(np.float64))

    @property
    def has_count_intervals(self) -> bool:
        return self.count_low is not None and self.count_high is not None


def series_of(
    counts: ArrayLike,
    scores: ArrayLike,
    concepts: Sequence[str] | None = None,
    *,
    count_low: ArrayLike | None = None,
    count_high: ArrayLike | None = None,
    images: ArrayLike | None = None,
    image_variance: float | None = None,
    domain: str | None = None,
    model: str | None = None,
    left_out: Sequence[tuple[str, int]] = (),
) -> ScoreSeries:
    """Put concepts into the order of their counts.

    Parameters
    ----------
    counts, scores:
        One of each a concept.
    concepts:
        Their names; by default ``concept 0001`` and so on.
    count_low, count_high:
        Ends of the 95 % intervals of the counts, both or none; they hold the counts.
    others:
        As in :class:`ScoreSeries`.

    Raises
    ------
    UsageError
        If lengths differ, a name comes twice, a count is negative or not whole, a score is not
        finite, or an interval does not hold its count.
    """
    numbers = np.asarray(counts, dtype=np.float64).ravel()
    values = np.asarray(scores, dtype=np.float64).ravel()
    names = list(concepts) if concepts is not None else _numbered(len(numbers))
    if not len(numbers) == len(values) == len(names):
        raise UsageError(
            f"{len(names)} concepts, {len(numbers)} counts and {len(values)} scores.",
            hint="Give one count and one score for each concept.",
        )
    _check(names, numbers, ~((numbers >= 0) & (np.floor(numbers) == numbers)), "the count")
    _check(names, values, ~np.isfinite(values), "the score")
    if len({*names}) < len(names):
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise UsageError(f"{twice!r} comes twice.", hint="Give each concept one score, its mean.")
    low, high = _interval(names, numbers, count_low, count_high)
    order = np.asarray(sorted(range(len(names)), key=lambda i: (numbers[i], names[i])), np.int64)
    many = np.ones(len(names)) if images is None else np.asarray(images).ravel()
    return ScoreSeries(
        tuple(names[i] for i in order),
        numbers[order].astype(np.int64),
        values[order],
        None if low is None else low[order],
        None if high is None else high[order],
        many[order].astype(np.int64),
        image_variance,
        domain,
        model,
        tuple(left_out),
    )


def _numbered(many: int) -> list[str]:
    return [f"concept {number + 1:04}" for number in range(many)]


def _check(names: Sequence[str], values: Floats, wrong: NDArray[Any], what: str) -> None:
    if wrong.any():
        at = int(wrong.argmax())
        wanted = "a whole number from 0 on" if what == "the count" else "a finite number"
        raise UsageError(
            f"{names[at]!r}: {what} is {values[at]:g}, not {wanted}.",
            hint=f"{int(wrong.sum())} of {len(values)} are so; mend or remove them.",
        )


def _interval(
    names: Sequence[str], counts: Floats, low: ArrayLike | None, high: ArrayLike | None
) -> tuple[Floats | None, Floats | None]:
    if low is None and high is None:
        return None, None
    if low is None or high is None:
        raise UsageError("Intervals of counts have one end only.", hint="Give both, or none.")
    lows = np.asarray(low, dtype=np.float64).ravel()
    highs = np.asarray(high, dtype=np.float64).ravel()
    if not len(lows) == len(highs) == len(counts):
        raise UsageError("Intervals of counts are not as many as the counts.")
    wrong = ~((lows >= 0) & (lows <= counts) & (counts <= highs) & np.isfinite(highs))
    if wrong.any():
        at = int(wrong.argmax())
        raise UsageError(
            f"{names[at]!r}: the interval {lows[at]:g} to {highs[at]:g} does not hold its count, "
            f"{counts[at]:g}.",
            hint="Both ends are numbers from 0 on; leave them empty where nothing is known.",
        )
    return lows, highs
