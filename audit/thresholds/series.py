"""Imitation scores of concepts, in order of their counts: what thresholds are estimated from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.errors import UsageError

Floats = NDArray[np.float64]

#: The largest count: beyond it, not every whole number is a floating-point number of its own.
MOST_IMAGES = 2**53


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
    images_left_out:
        Single scores that are unknown, of concepts that are here.
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
    images_left_out: int = 0

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
    images_left_out: int = 0,
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
        If lengths differ, something is no number, a name comes twice, a count is negative or not
        whole, a score is not finite, or an interval does not hold its count.
    """
    numbers = _numbers(counts, "Counts")
    values = _numbers(scores, "Scores")
    names = list(concepts) if concepts is not None else _numbered(len(numbers))
    if not len(numbers) == len(values) == len(names):
        raise UsageError(
            f"{len(names)} concepts, {len(numbers)} counts and {len(values)} scores.",
            hint="Give one count and one score for each concept.",
        )
    is_count = (numbers >= 0) & (numbers <= MOST_IMAGES) & (np.floor(numbers) == numbers)
    _check(names, numbers, ~is_count, "the count")
    _check(names, values, ~np.isfinite(values), "the score")
    if len({*names}) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise UsageError(f"{twice!r} comes twice.", hint="Give each concept one score, its mean.")
    low, high = _interval(names, numbers, count_low, count_high)
    order = np.asarray(sorted(range(len(names)), key=lambda i: (numbers[i], names[i])), np.int64)
    many = np.ones(len(names)) if images is None else _numbers(images, "Numbers of images")
    if len(many) != len(names):
        raise UsageError(
            f"{len(names)} concepts, and {len(many)} numbers of images.", hint="Give one for each."
        )
    _check(names, many, ~((many >= 1) & (np.floor(many) == many)), "the number of images")
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
        images_left_out,
    )


def _numbered(many: int) -> list[str]:
    return [f"concept {number + 1:04}" for number in range(many)]


def _numbers(values: ArrayLike, what: str) -> Floats:
    try:
        return np.asarray(values, dtype=np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise UsageError(f"{what} are not numbers: {error}.", hint="Give one a concept.") from error


def _check(names: Sequence[str], values: Floats, wrong: NDArray[Any], what: str) -> None:
    if wrong.any():
        at = int(wrong.argmax())
        wanted = {
            "the count": "a whole number from 0 on",
            "the score": "a finite number",
            "the number of images": "a whole number from 1 on",
        }[what]
        raise UsageError(
            f"{names[at]!r}: {what} is {values[at]:.15g}, not {wanted}.",
            hint=f"{int(wrong.sum())} of {len(values)} are so; mend or remove them.",
        )


def _interval(
    names: Sequence[str], counts: Floats, low: ArrayLike | None, high: ArrayLike | None
) -> tuple[Floats | None, Floats | None]:
    if low is None and high is None:
        return None, None
    if low is None or high is None:
        raise UsageError("Intervals of counts have one end only.", hint="Give both, or none.")
    lows, highs = _numbers(low, "Ends of intervals"), _numbers(high, "Ends of intervals")
    if not len(lows) == len(highs) == len(counts):
        raise UsageError(
            f"{len(counts)} counts, {len(lows)} low ends and {len(highs)} high ends.",
            hint="Give both ends for each count, the count itself where it is known.",
        )
    wrong = ~((lows >= 0) & (lows <= counts) & (counts <= highs) & np.isfinite(highs))
    if wrong.any():
        at = int(wrong.argmax())
        raise UsageError(
            f"{names[at]!r}: the interval {lows[at]:.15g} to {highs[at]:.15g} does not hold its "
            f"count, {counts[at]:.15g}.",
            hint="Both ends are numbers from 0 on; where a count is known, both are the count.",
        )
    return lows, highs
