"""Which samples of a stratum were looked at, and how these were chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.counts.matching import VisualMatching
from audit.counts.strata import Design
from audit.datasets.sample_keys import Keys, holds


@dataclass(frozen=True)
class SeenStratum:
    """The samples whose caption names a concept, or does not, as far as they were seen.

    Attributes
    ----------
    population:
        Samples in the stratum.
    attempted, examined:
        Of these, those whose image was looked for, and could be looked at; of a random sample
        only what it drew.
    design:
        How the attempted ones were chosen.
    draws:
        Names of the random samples that they are, if they are some that were drawn for the dataset.
    drawn:
        Keys of what those hold of the stratum, sorted; None without them.
    """

    named: bool
    population: int
    attempted: int
    examined: int
    design: Design
    draws: tuple[str, ...]
    drawn: Keys | None

    def holds(self, keys: Keys, named: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Of examined samples, those that speak for the stratum; ``named`` as in the captions."""
        mine: NDArray[np.bool_] = named == self.named
        return mine if self.drawn is None else mine & holds(self.drawn, keys)


def seen_stratum(matching: VisualMatching, number: int, *, named: bool) -> SeenStratum:
    """What was seen of the samples that name the concept ``number``, or of those that do not."""
    scene, settings = matching.scene, matching.settings
    keys = scene.samples.named[number]
    total = scene.samples.considered
    population = len(keys) if named else total - len(keys)
    attempted = int(scene.attempted.holds(keys).sum())
    examined = int(scene.examined.holds(keys).sum())
    if not named:
        attempted, examined = len(scene.attempted) - attempted, len(scene.examined) - examined
    if settings.design is not None:
        return SeenStratum(named, population, attempted, examined, settings.design, (), None)
    if attempted == population:
        return SeenStratum(named, population, attempted, examined, "all", (), None)
    drawn, draws = scene.drawn_among(
        matching.phrases[number], number, named=named, where=settings.where
    )
    if not len(drawn):
        return SeenStratum(named, population, attempted, examined, "unknown", (), None)
    # What was drawn and never tried (few: see Scene) tells nothing of its image.
    attempted = int(scene.attempted.holds(drawn).sum())
    examined = int(scene.examined.holds(drawn).sum())
    return SeenStratum(named, population, attempted, examined, "random", draws, drawn)
