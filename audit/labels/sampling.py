"""Which samples to ask a person about: few labels, drawn so that they tell most.

Samples are divided by their caption and by their score, and some of each are drawn at random. Near
the cut-off the machine is in doubt, above it are most of the concept's images, and far below it are
so many samples that a few in a thousand would outnumber all others. Nothing but labels tells how
many these are: they get the most.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from audit.datasets.sample_keys import NO_KEYS, Keys, holds

Band = Literal["above", "just below", "far below"]

#: In this order strata are numbered, named samples first.
BANDS: tuple[Band, ...] = ("above", "just below", "far below")

#: Of the labels wanted, what a band gets; what it has no samples for goes to the next ones.
_SHARES = {"above": 0.2, "just below": 0.2, "far below": 0.6}

#: Just below are as many samples as above the cut-off, but at least so many.
_LEAST_JUST_BELOW = 100


class Samples(Protocol):
    """Samples of which some can be drawn; :class:`audit.datasets.sample_keys.SampleSet` is one."""

    def __len__(self) -> int: ...

    def draw(self, wanted: int, rng: np.random.Generator) -> Keys:
        """Drawn at random without replacement, sorted; all of them if there are fewer."""
        ...


class ListedSamples:
    """Samples whose keys, sorted, are at hand."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def draw(self, wanted: int, rng: np.random.Generator) -> Keys:
        many = min(wanted, len(self._keys))
        return np.sort(rng.choice(self._keys, many, replace=False))


@dataclass(frozen=True)
class CaptionGroup:
    """The examined samples whose caption names the concept, or whose does not.

    Attributes
    ----------
    samples:
        Among which they are.
    outside:
        Those of ``samples`` that are not of this group, sorted.
    key, score:
        Shape (scored,): those of the group whose score is known, ordered by key. The others score
        less than any of these.
    """

    named: bool
    samples: Samples
    outside: Keys
    key: Keys
    score: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.samples) - len(self.outside)


@dataclass(frozen=True)
class DrawnStratum:
    """Samples that are alike in caption and score, and how many of them were drawn.

    Attributes
    ----------
    mean_score:
        Of all of its samples; None if some have no score.
    """

    named: bool
    band: Band
    size: int
    drawn: int
    mean_score: float | None

    @property
    def above(self) -> bool:
        return self.band == "above"

    @property
    def title(self) -> str:
        return f"{'named' if self.named else 'not named'}, {self.band}"


@dataclass(frozen=True)
class LabelDraw:
    """Samples to label, in random order.

    Attributes
    ----------
    key, stratum, score:
        Shape (drawn,): the sample, the number of its stratum, and its score; nan if unknown.
    strata:
        All strata that have samples, also those of which none were drawn.
    """

    key: Keys
    stratum: NDArray[np.int64]
    score: NDArray[np.float64]
    strata: tuple[DrawnStratum, ...]

    def __len__(self) -> int:
        return len(self.key)


def draw_labels(
    groups: Sequence[CaptionGroup], cutoff: float, wanted: int, seed: int = 0
) -> LabelDraw:
    """Draw samples to label; all of them, if there are not more than ``wanted``.

    Within a stratum every sample is as likely as any other.

    Parameters
    ----------
    groups:
        Which share no sample.
    cutoff:
        The score from which the machine takes an image to show the concept.
    """
    edge = _edge(np.concatenate([np.empty(0), *(group.score for group in groups)]), cutoff)
    strata: list[tuple[CaptionGroup, Band, int, NDArray[np.bool_]]] = []
    for group in groups:
        above = group.score >= cutoff
        near = (group.score >= edge) & ~above
        strata += [
            (group, "above", int(above.sum()), above),
            (group, "just below", int(near.sum()), near),
            (group, "far below", len(group) - int((above | near).sum()), above | near),
        ]
    strata = [one for one in strata if one[2]]
    drawn = _allocated([(band, size) for _, band, size, _ in strata], wanted)
    rng = np.random.default_rng(seed)
    keys, scores, numbers, told = [NO_KEYS], [np.empty(0)], [np.empty(0, np.int64)], []
    for number, ((group, band, size, mask), many) in enumerate(zip(strata, drawn, strict=True)):
        mean = None
        if band == "far below":
            # Some of them may have a score; the others have none, and so it is of no use.
            outside = np.union1d(group.outside, group.key[mask])
            key = _draw_outside(group.samples, outside, many, rng)
            score = np.full(many, np.nan)
        else:
            place = rng.choice(np.flatnonzero(mask), many, replace=False)
            key, score = group.key[place], group.score[place]
            mean = float(group.score[mask].mean())
        keys.append(key)
        scores.append(score)
        numbers.append(np.full(many, number))
        told.append(DrawnStratum(group.named, band, size, many, mean))
    order = rng.permutation(sum(drawn))
    return LabelDraw(
        np.concatenate(keys)[order],
        np.concatenate(numbers)[order],
        np.concatenate(scores)[order],
        tuple(told),
    )


def _edge(score: NDArray[np.float64], cutoff: float) -> float:
    """The score from which a sample is just below the cut-off, and not far below."""
    below = score[score < cutoff]
    near = min(max(len(score) - len(below), _LEAST_JUST_BELOW), len(below))
    return float(np.partition(below, len(below) - near)[len(below) - near]) if near else math.inf


def _draw_outside(samples: Samples, outside: Keys, wanted: int, rng: np.random.Generator) -> Keys:
    """Samples that are not ``outside``, which is sorted and among them; of those at random."""
    size = len(samples) - len(outside)
    if not wanted or not size:
        return NO_KEYS
    offered = math.ceil(1.2 * wanted * len(samples) / size) + 50
    while True:
        drawn = samples.draw(offered, rng)
        inside = drawn[~holds(outside, drawn)]
        if len(inside) >= wanted or offered >= len(samples):
            return np.asarray(rng.choice(inside, min(wanted, len(inside)), replace=False))
        offered *= 2


def _allocated(strata: list[tuple[Band, int]], wanted: int) -> list[int]:
    """How many to draw of each stratum: within a band by the root of its size.

    By size alone the few samples that name a concept would hardly be asked about; by equal parts
    those that do not would not, though there are far more of them.
    """
    drawn = [0] * len(strata)
    left = min(wanted, sum(size for _, size in strata))
    for band in BANDS:
        mine = [number for number, (name, _) in enumerate(strata) if name == band]
        share = left if band == BANDS[-1] else min(round(_SHARES[band] * wanted), left)
        left -= _shared_out(drawn, mine, strata, share)
    # What the last band had no room for goes to the others.
    _shared_out(drawn, list(range(len(strata))), strata, left)
    return drawn


def _shared_out(
    drawn: list[int], mine: list[int], strata: list[tuple[Band, int]], share: int
) -> int:
    """Add up to ``share`` labels to the strata ``mine``; returns how many were added."""
    added = 0
    while added < share:
        open_ones = [number for number in mine if drawn[number] < strata[number][1]]
        if not open_ones:
            break
        root = np.sqrt([strata[number][1] for number in open_ones])
        ideal = np.floor((share - added) * root / root.sum()).astype(int).tolist()
        if not any(ideal):
            # Less than one for each: to the largest, one by one.
            ideal[int(root.argmax())] = 1
        for number, many in zip(open_ones, ideal, strict=True):
            many = min(many, strata[number][1] - drawn[number])
            drawn[number] += many
            added += many
    return added
