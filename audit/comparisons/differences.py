"""Differences of two numbers that are known exactly, or within an interval.

Three ways, told with every difference:

exact
    Both numbers are: captions that were all read are a census, without sampling error. No interval
    is made up for it.
ends
    The smallest difference that the two intervals allow, to the largest. Nothing is assumed of how
    the errors of the two sides go together: if each interval holds its number in 95 % of cases,
    this one holds the difference in at least 90 % (Bonferroni), and in more where errors go the
    same way. Samples that were not read widen an interval by what they may hold.
MOVER
    The method of variance estimates recovery, from the distance of each value to its ends (Zou &
    Donner, "Construction of confidence limits about effect measures: a general approach", 2008,
    equation 2), for estimates whose errors are independent, or go the same way. Estimates of two
    datasets by the same references have their own draws of samples, and share the error of the
    references, which goes the same way: for these the interval is rather too wide than too narrow.
    Two snapshots of one dataset may share all or nothing of their errors: for these, *ends*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from audit.verdicts.judging import Span

Way = Literal["exact", "ends", "MOVER"]


@dataclass(frozen=True)
class Measured:
    """A number of samples, with what is in doubt of it.

    Attributes
    ----------
    value:
        None if nothing is known of it.
    low, high:
        Ends of its interval, without what could not be read.
    unread:
        What could not be read and may belong to it; infinite if nobody knows how much that is.
    """

    value: float | None
    low: float
    high: float
    unread: float = 0

    @classmethod
    def counted(cls, samples: int, unread: float = 0) -> Measured:
        """What was counted, all of it, as far as it was read."""
        return cls(samples, samples, samples, unread)

    @classmethod
    def unknown(cls) -> Measured:
        return cls(None, 0, 0, math.inf)

    @property
    def span(self) -> Span:
        """From the smallest to the largest number that it may be."""
        return Span(self.low, self.high + self.unread)

    @property
    def is_exact(self) -> bool:
        return self.value is not None and self.low == self.high == self.high + self.unread

    @property
    def is_counted(self) -> bool:
        """Whether it has no other error than what was not read."""
        return self.value is not None and self.low == self.high

    def to_dict(self) -> dict[str, Any]:
        return {"value": self.value, "low": self.low, "high": bounded(self.span.high)}


@dataclass(frozen=True)
class Difference:
    """How much more there is on the second side than on the first; less, if negative.

    Attributes
    ----------
    value:
        None if one of the sides is not known.
    low, high:
        From the smallest to the largest that it may be; infinite where nobody knows.
    """

    value: float | None
    low: float
    high: float
    way: Way

    @property
    def mirrored(self) -> Difference:
        """The difference seen from the other side."""
        return Difference(None if self.value is None else -self.value, -self.high, -self.low,
                          self.way)  # fmt: skip

    @property
    def is_certain(self) -> bool:
        """Whether it is known which side has more, or that both have as much."""
        return self.low > 0 or self.high < 0 or self.low == self.high == 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "low": bounded(self.low),
            "high": bounded(self.high),
            "way": self.way,
        }


def bounded(end: float) -> float | None:
    """An end of an interval as JSON has it: null where it is infinite."""
    return None if math.isinf(end) else end


def difference(a: Measured, b: Measured, *, independent: bool = False) -> Difference:
    """``b`` less ``a``, with its interval.

    Parameters
    ----------
    independent:
        Whether errors of the two are independent, or go the same way.

    >>> difference(Measured.counted(40), Measured.counted(25))
    Difference(value=-15, low=-15, high=-15, way='exact')
    >>> difference(Measured.counted(40, unread=10), Measured.counted(25))
    Difference(value=-15, low=-25, high=-15, way='ends')
    """
    if a.value is None or b.value is None:
        return Difference(None, b.span.low - a.span.high, b.span.high - a.span.low, "ends")
    value = b.value - a.value
    if a.is_exact and b.is_exact:
        return Difference(value, value, value, "exact")
    if not independent or (a.is_counted and b.is_counted):
        return Difference(value, b.span.low - a.span.high, b.span.high - a.span.low, "ends")
    # What was not read is a bound and no sampling error: it is added, and not to the squares.
    low = value - math.hypot(b.value - b.low, a.high - a.value) - a.unread
    high = value + math.hypot(b.high - b.value, a.value - a.low) + b.unread
    return Difference(value, low, high, "MOVER")


@dataclass(frozen=True)
class Rates:
    """Samples per million of those that were considered, on both sides, and their ratio.

    Counts of captions are of all that were considered: their rates have no sampling error, and no
    interval. What was not read is in neither rate.

    Attributes
    ----------
    a, b:
        None where a number is not known, or nothing was considered.
    ratio:
        ``b / a``; None where that is not defined.
    ratio_span:
        Of estimates, the smallest to the largest ratio that their intervals allow.
    """

    a: float | None
    b: float | None
    ratio: float | None
    ratio_span: Span | None = None

    def to_dict(self) -> dict[str, Any]:
        span = self.ratio_span
        return {
            "a": self.a,
            "b": self.b,
            "ratio": self.ratio,
            "ratio_interval": None if span is None else [span.low, bounded(span.high)],
        }


def rates(a: Measured, b: Measured, of_a: int, of_b: int) -> Rates:
    """The rates of two numbers, of ``of_a`` and ``of_b`` samples that were considered.

    >>> rates(Measured.counted(40), Measured.counted(25), 1000, 500)
    Rates(a=40000.0, b=50000.0, ratio=1.25, ratio_span=None)
    """
    rate_a, rate_b = _per_million(a.value, of_a), _per_million(b.value, of_b)
    ratio = None
    if rate_a and rate_b is not None:
        ratio = rate_b / rate_a
    if ratio is None or (a.is_counted and b.is_counted):
        return Rates(rate_a, rate_b, ratio)
    scale = of_a / of_b
    low = scale * b.low / a.high
    high = scale * b.high / a.low if a.low else math.inf
    return Rates(rate_a, rate_b, ratio, Span(low, max(low, high)))


def _per_million(value: float | None, of: int) -> float | None:
    return None if value is None or not of else value / of * 1e6


@dataclass(frozen=True)
class Pair:
    """The same number on both sides.

    Attributes
    ----------
    of_a, of_b:
        Samples that it was taken over.
    difference, rates:
        None if the two cannot be compared, and ``why_not`` says why.
    """

    a: Measured
    b: Measured
    of_a: int
    of_b: int
    difference: Difference | None
    rates: Rates | None
    why_not: str | None = None

    @classmethod
    def of(
        cls,
        a: Measured,
        b: Measured,
        of: tuple[int, int],
        *,
        why_not: str | None = None,
        independent: bool = False,
    ) -> Pair:
        """Two numbers, taken over as many samples as ``of`` says, compared if nothing is against
        it."""
        if why_not is not None:
            return cls(a, b, *of, None, None, why_not)
        return cls(a, b, *of, difference(a, b, independent=independent), rates(a, b, *of))

    @property
    def share_a(self) -> float | None:
        return None if self.a.value is None or not self.of_a else self.a.value / self.of_a

    @property
    def share_b(self) -> float | None:
        return None if self.b.value is None or not self.of_b else self.b.value / self.of_b

    @property
    def share_difference(self) -> float | None:
        """Difference of the shares of what was read; None where one of them is not known."""
        if self.difference is None or self.share_a is None or self.share_b is None:
            return None
        return self.share_b - self.share_a

    def to_dict(self) -> dict[str, Any]:
        return {
            "a": {**self.a.to_dict(), "of": self.of_a},
            "b": {**self.b.to_dict(), "of": self.of_b},
            "difference": None if self.difference is None else self.difference.to_dict(),
            "per_million": None if self.rates is None else self.rates.to_dict(),
            "why_not_compared": self.why_not,
        }

    def to_shares(self) -> dict[str, Any]:
        """As parts of a whole, with shares instead of rates."""
        return {
            "a": {"samples": self.a.value, "share": self.share_a},
            "b": {"samples": self.b.value, "share": self.share_b},
            "difference": None if self.difference is None else self.difference.to_dict(),
            "share_difference": self.share_difference,
        }
