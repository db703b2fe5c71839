"""How a threshold is to be estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from audit.errors import UsageError
from audit.thresholds.paper import PENALTY

LevelSource = Literal["half-way", "half-way between known ends", "given"]

#: Fewest draws that an interval of 95 % can be made of.
FEWEST_ROUNDS = 99


@dataclass(frozen=True)
class ThresholdSettings:
    """The question; checked when it is made.

    Attributes
    ----------
    level:
        Score that counts as imitation, such as the 95th percentile of scores of wrong names. By
        default half-way between floor and plateau.
    ends:
        Floor and plateau, where they are known: 0 and 1 for verdicts of people. By default both
        are estimated.
    penalty:
        Of the published rule, above 0.
    confidence:
        Of intervals, between 0 and 1.
    rounds:
        Draws behind intervals and tests.
    seed:
        The same seed gives the same answer.

    Raises
    ------
    UsageError
        If one is out of its range, or a level comes with known ends, which have one between them.
    """

    level: float | None = None
    ends: tuple[float, float] | None = None
    penalty: float = PENALTY
    confidence: float = 0.95
    rounds: int = 999
    seed: int = 0

    def __post_init__(self) -> None:
        if self.level is not None and not np.isfinite(self.level):
            raise UsageError(f"The level is {self.level}.", hint="Give a score.")
        if self.ends is not None:
            if not (np.isfinite(self.ends).all() and self.ends[0] < self.ends[1]):
                raise UsageError(
                    f"The floor is {self.ends[0]:g} and the plateau {self.ends[1]:g}.",
                    hint="The plateau is above the floor.",
                )
            if self.level is not None:
                raise UsageError(
                    "A level, and a known floor and plateau, are two answers to one question.",
                    hint="The level is half-way between known ends: leave one out.",
                )
        if not (self.penalty > 0 and np.isfinite(self.penalty)):
            raise UsageError(f"The penalty is {self.penalty:g}.", hint="Give a number above 0.")
        if not 0 < self.confidence < 1:
            raise UsageError(
                f"The confidence is {self.confidence:g}.", hint="Give a number such as 0.95."
            )
        if self.rounds < FEWEST_ROUNDS:
            raise UsageError(
                f"{self.rounds} rounds are too few.",
                hint=f"Draw {FEWEST_ROUNDS} at least, better 999.",
            )
        if self.seed < 0:
            raise UsageError(f"The seed is {self.seed}.", hint="Give a whole number from 0 on.")

    @property
    def level_source(self) -> LevelSource:
        if self.ends is not None:
            return "half-way between known ends"
        return "half-way" if self.level is None else "given"

    @property
    def known_level(self) -> float | None:
        """The level, where it is known before any score is looked at."""
        return sum(self.ends) / 2 if self.ends is not None else self.level
