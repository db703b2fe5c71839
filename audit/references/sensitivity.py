"""How many images of a concept the references find, by how many of each other they find.

Each reference is scored against the others. Among few references these scores are not
independent: two that are each other's nearest make one similarity, seen from both ends. So n
references count as n / 2 trials, which is what pairs would be worth, and less than anything else.

Nor are they quite the scores of other images, which meet n references and not n - 1. If an image
is far from every one of n references with probability m(n), then m(n - 1) >= m(n) >= m(n - 1) ^
(n / (n - 1)) (the first because one more reference loses nothing, the second by Jensen's
inequality). And a reference that no other finds may be of a kind that nobody had shown, and that is
found from now on: as in the estimates of unseen species (Good 1953; Esty, "A normal limit law for a
nonparametric estimator of the coverage of a random sample", 1983), three such do not prove that
anything else is missed.

All of this makes the sensitivity less certain upward, so it moves the lower end of a count. Of the
mean of the similarities none of it is true: there one reference more changes little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.estimates.rates import Floats, Rate, Side, beta_quantiles

#: References that no other finds, up to which images of the concept may all be found.
_UNPROVEN = 3


@dataclass(frozen=True)
class FoundReferences:
    """What references tell of the share of the concept's images that reach the cut-off.

    Attributes
    ----------
    found:
        References that reach the cut-off when they are scored against the others.
    references:
        How many there are; 0 if they cannot tell, as one reference and words cannot.
    best:
        Whether images are scored by the most similar reference, and not by their mean.
    """

    found: int
    references: int
    best: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.found <= self.references or self.references == 1:
            raise ValueError(f"{self.found} found of {self.references} references")

    @property
    def known(self) -> bool:
        """Whether anything is known: there are references that could be scored against others."""
        return self.references > 0

    @property
    def value(self) -> float:
        """The share found; half a reference if none was; if they cannot tell, no miss is assumed.

        So the value of an estimate is not corrected for what cannot be known.
        """
        if not self.known:
            return 1.0
        return max(self.found, 0.5) / self.references

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Ends below and above which the share lies with half the remaining probability each."""
        if not self.known:
            return 0.0, 1.0
        tail = (1 - level) / 2
        low, _ = self._as_trials.interval(level)
        return low, float(self._grown(np.array([1 - tail]))[0])

    def draws(self, at: Floats, side: Side) -> Floats:
        """Values that the share may have; see :class:`audit.estimates.rates.Share`."""
        if side == "small" or not self.known:
            return self._as_trials.draws(at, side)
        return self._grown(at)

    @property
    def _as_trials(self) -> Rate:
        return Rate(self.found / 2, self.references / 2)

    def _grown(self, at: Floats) -> Floats:
        missed = self.references - self.found
        proven = max(missed - _UNPROVEN, 0) if self.best else missed
        share = beta_quantiles(self.found / 2 + 1, proven / 2, at)
        if not self.best:
            return share
        return np.asarray(1 - (1 - share) ** (self.references / (self.references - 1)))
