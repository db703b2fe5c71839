"""Shares of which something is known: from trials, or only between which bounds they lie.

An estimate that depends on an unknown share is averaged over values that the share may have. For
the lower end of an interval these are values that make it low, for the upper end values that make
it high: a :class:`Share` has both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Whether a share is to be taken for small, or for large, where it is in doubt.
Side = Literal["small", "large"]


class Share(Protocol):
    """A share of which something is known."""

    @property
    def value(self) -> float:
        """The share that is most plausible."""
        ...

    def draws(self, at: Floats, side: Side) -> Floats:
        """Values that it may have, one for each number of ``at``, which fill (0, 1) evenly."""
        ...


@dataclass(frozen=True)
class Rate:
    """A share that is known from trials: ``hits`` of ``trials``, which need not be whole.

    Without trials it is unknown: it may be anything between 0 and 1.
    """

    hits: float
    trials: float

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.trials:
            raise ValueError(f"no share: {self.hits} of {self.trials}")

    @property
    def value(self) -> float:
        """The share seen; half a hit where there was none; without trials 1.

        So an estimate is not corrected by a sensitivity that nobody has measured.
        """
        if not self.trials:
            return 1.0
        if not self.hits:
            return 0.5 / (self.trials + 1)
        return self.hits / self.trials

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Jeffreys interval, closed at 0 and 1 where nothing or everything hit."""
        from scipy.special import betaincinv

        tail = (1 - level) / 2
        a, b = self.hits + 0.5, self.trials - self.hits + 0.5
        low = 0.0 if self.hits == 0 else float(betaincinv(a, b, tail))
        high = 1.0 if self.hits == self.trials else float(betaincinv(a, b, 1 - tail))
        return low, high

    def to_dict(self) -> dict[str, float]:
        low, high = self.interval()
        return {"hits": self.hits, "trials": self.trials, "low": low, "high": high}

    def draws(self, at: Floats, side: Side) -> Floats:
        """From the mid-p confidence distribution: half of Clopper and Pearson's lower one, half
        of the upper one.

        So half of the values are 1 where everything hit, and half are 0 where nothing did: no
        number of trials proves that a share is neither.
        """
        if not self.trials:
            return np.full(len(at), 0.0 if side == "small" else 1.0)
        misses = self.trials - self.hits
        drawn = np.empty(len(at))
        drawn[::2] = beta_quantiles(self.hits, misses + 1, at[::2])
        drawn[1::2] = beta_quantiles(self.hits + 1, misses, at[1::2])
        return drawn


@dataclass(frozen=True)
class Bounded:
    """A share of which only bounds are known, and a value that is plausible."""

    low: float
    value: float
    high: float

    def draws(self, at: Floats, side: Side) -> Floats:
        """The bound itself: an interval then holds whatever any share within them would give."""
        return np.full(len(at), self.low if side == "small" else self.high)


@dataclass(frozen=True)
class Product:
    """The share of both of two things that have nothing to do with each other.

    Such as that an image reaches the cut-off, and that an approximate search finds it then.
    """

    one: Share
    other: Share

    @property
    def value(self) -> float:
        return self.one.value * self.other.value

    def draws(self, at: Floats, side: Side) -> Floats:
        # Every value of the one meets values of the other from all over its range.
        shuffled = np.random.default_rng(0).permutation(at)
        return self.one.draws(at, side) * self.other.draws(shuffled, side)


def beta_quantiles(a: float, b: float, at: Floats) -> Floats:
    """Quantiles of a beta distribution, which is all at 0 or at 1 if a or b is 0."""
    from scipy.special import betaincinv

    if a <= 0:
        return np.zeros(len(at))
    if b <= 0:
        return np.ones(len(at))
    return np.asarray(betaincinv(a, b, at), dtype=np.float64)
