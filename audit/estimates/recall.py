"""How many of the images that reach a cut-off an approximate search finds.

Measured on a random sample of the images that is also searched exactly. An image is one trial,
however many references it resembles: it counts by the most similar one, and it is missing only if
none of them finds it.

Of a rare concept the sample holds few images. Then those that come near the cut-off are trials as
well. The search is assumed to find an image that scores higher at least as often, so that they
prove what is found at least, and nothing of what is found at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audit.estimates.rates import Floats, Rate, Side

#: So many trials above the cut-off say enough: if all were found, at least 97 % are. Which trials
#: count does not depend on what was found, so that the interval holds.
_ENOUGH = 100


@dataclass(frozen=True)
class SearchRecall:
    """The share of the images from a cut-off on that a search finds; a share as
    :class:`audit.estimates.rates.Share` wants it.

    Attributes
    ----------
    reached:
        Of the sampled images whose best score reaches the cut-off, those found to reach it.
    near:
        Of those whose best score is between the floor and the cut-off, those found with that score.
    """

    reached: Rate
    near: Rate

    @property
    def measured(self) -> Rate:
        """What the recall rests on: those that reach the cut-off; if they are few, both."""
        if self.reached.trials >= _ENOUGH:
            return self.reached
        return Rate(
            self.reached.hits + self.near.hits,
            self.reached.trials + self.near.trials,
        )

    @property
    def value(self) -> float:
        """The share found; without trials 1, so that nothing is corrected that is not known."""
        return self.measured.value

    @property
    def least_near(self) -> float:
        """The lower end of the share of images just below the cut-off that are found; 95 %."""
        return self.near.interval()[0]

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Ends below and above which the share lies with half the remaining probability each."""
        return self.measured.interval(level)[0], self.reached.interval(level)[1]

    def draws(self, at: Floats, side: Side) -> Floats:
        """Values that the share may have; see :class:`audit.estimates.rates.Share`."""
        return (self.measured if side == "small" else self.reached).draws(at, side)

    def to_dict(self) -> dict[str, Any]:
        low, high = self.interval()
        return {
            "hits": self.measured.hits,
            "trials": self.measured.trials,
            "low": low,
            "high": high,
            "above_cutoff": self.reached.to_dict(),
            "below_cutoff": self.near.to_dict(),
        }
