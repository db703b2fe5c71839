"""What scoring answers: a score for each concept with its interval, and what it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl

from audit._version import __version__
from audit.encoders.encoder import EncoderInfo
from audit.errors import UsageError
from audit.scores.spread import Spread
from audit.shown import Shown

SCHEMA = "audit.score/1"

Mode = Literal["audit", "paper"]
PoolFrom = Literal["training", "references"]

METHODS: dict[Mode, str] = {
    "audit": (
        "mean similarity of the generated images to equally large random pools of the concept's "
        "images, less what generated images of other concepts (wrong names) reach against the same "
        "pools; mean over prompts"
    ),
    "paper": (
        "mean similarity of the generated images to the training images that are most similar to "
        "them on average; mean over prompts (arXiv 2410.15002)"
    ),
}
INTERVALS: dict[Mode, str] = {
    "audit": (
        "95 %, Student's t on the sum of three variances: over generated images within a prompt, "
        "over the concept's images in the pools, and over wrong names"
    ),
    "paper": (
        "95 %, Student's t over generated images within a prompt; the training images are given, "
        "and that they were picked is not allowed for"
    ),
}
ASSUMPTIONS: dict[Mode, str] = {
    "audit": (
        "images are drawn independently of each other (copies are not), and the encoder's "
        "similarity means what people see"
    ),
    "paper": (
        "that scores rise with the number of training images by the picking alone does not "
        "matter, and the encoder's similarity means what people see"
    ),
}


@dataclass(frozen=True)
class ScoreSettings:
    """How to score.

    Attributes
    ----------
    mode:
        ``audit``, or ``paper`` for the published rule.
    pool:
        Images of a pool; in paper mode how many of the nearest count, and how many training
        images there must be for them to be taken and not the references.
    top:
        Audit mode: how many of each pool count, the nearest; None for all, which picks nothing.
    repeats:
        Pools drawn for each concept.
    controls:
        Wrong names that each concept is compared with, if there are so many.
    seed:
        Of both draws, 0 or more.

    Raises
    ------
    UsageError
        If a number is not possible.
    """

    mode: Mode = "audit"
    pool: int = 10
    top: int | None = None
    repeats: int = 20
    controls: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        if self.mode not in METHODS:
            raise UsageError(f"No mode {self.mode!r}.", hint="Modes are audit and paper.")
        for what, value, least in (
            ("a pool of {} images", self.pool, 1),
            ("{} pools", self.repeats, 1),
            ("{} controls", self.controls, 2),
            ("the seed {}", self.seed, 0),
        ):
            if value < least:
                raise UsageError(
                    f"Cannot score with {what.format(value)}.", hint=f"Use {least} or more."
                )
        if self.top is not None and not 1 <= self.top <= self.pool:
            raise UsageError(
                f"Cannot take the nearest {self.top} of a pool of {self.pool}.",
                hint=f"Use 1 to {self.pool}.",
            )

    @property
    def counted(self) -> int:
        """How many images of a pool count."""
        return self.pool if self.top is None else self.top


@dataclass(frozen=True)
class ConceptScore:
    """The imitation score of one concept.

    Attributes
    ----------
    score, interval:
        The calibrated score in audit mode, :attr:`own` in paper mode; None if unknown, for
        ``reason``.
    own:
        Similarity to the concept's images, mean over prompts.
    controls:
        What the wrong names reach against the same pools, one number each.
    prompts:
        Prompt -> similarity to the concept's images.
    count, count_interval:
        Training images that show or name the concept, where somebody says it.
    generated, left_out:
        Generated images that were scored; reason -> images that were not.
    training, references:
        Images of either kind that have a vector.
    pool, pool_from:
        How many images a score is a mean over, and of which kind.
    compared:
        Different images that entered a pool, or that are among the nearest for a prompt.
    copies:
        How many of these are near copies of another one of them.
    spreads:
        Parts of the variance: ``generated images``, ``pool images``, ``wrong names``.
    """

    concept: str
    domain: str | None = None
    count: int | None = None
    count_interval: tuple[float, float] | None = None
    score: float | None = None
    interval: tuple[float, float] | None = None
    own: float | None = None
    controls: tuple[float, ...] = ()
    prompts: Mapping[str, float] = field(default_factory=dict)
    generated: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    training: int = 0
    references: int = 0
    pool: int | None = None
    pool_from: PoolFrom | None = None
    compared: int = 0
    copies: int = 0
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    reason: str | None = None

    @property
    def control_mean(self) -> float | None:
        return math.fsum(self.controls) / len(self.controls) if self.controls else None

    @property
    def control_p95(self) -> float | None:
        """What one wrong name in twenty exceeds, on the scale of :attr:`own`."""
        return quantile(self.controls, 0.95)

    @property
    def percentile(self) -> float | None:
        """Share of the wrong names below the concept's own name, ties half, in percent."""
        if self.own is None or not self.controls:
            return None
        below = sum((one < self.own) + 0.5 * (one == self.own) for one in self.controls)
        return 100 * below / len(self.controls)

    @property
    def calibrated_controls(self) -> tuple[float, ...]:
        """Each wrong name less the mean of the others: the scores that wrong names get."""
        number, mean = len(self.controls), self.control_mean
        if mean is None or number < 2:
            return ()
        return tuple((one - mean) * number / (number - 1) for one in self.controls)

    def to_dict(self) -> dict[str, Any]:
        return {
            "concept": self.concept,
            "domain": self.domain,
            "count": self.count,
            "count_interval": None if self.count_interval is None else list(self.count_interval),
            "score": self.score,
            "interval": None if self.interval is None else list(self.interval),
            "own": self.own,
            "control_mean": self.control_mean,
            "control_p95": self.control_p95,
            "percentile": self.percentile,
            "controls": len(self.controls),
            "prompts": dict(self.prompts),
            "generated": self.generated,
            "left_out": dict(self.left_out),
            "training": self.training,
            "references": self.references,
            "pool": self.pool,
            "pool_from": self.pool_from,
            "compared": self.compared,
            "copies": self.copies,
            "standard_errors": {
                what: None if math.isnan(part.variance) else part.deviation
                for what, part in self.spreads.items()
            },
            "reason": self.reason,
        }


@dataclass(frozen=True)
class ScoreResult(Shown):
    """Scores of concepts, by one encoder and in one mode: others cannot be compared with them.

    Attributes
    ----------
    scores:
        A row for every concept of which images were generated, by name.
    not_generated:
        Concepts that have training images or references, and no generated image.
    """

    scores: tuple[ConceptScore, ...]
    settings: ScoreSettings
    encoder: EncoderInfo | None = None
    models: tuple[str, ...] = ()
    not_generated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tool_version: str = __version__

    def __getitem__(self, concept: str) -> ConceptScore:
        for one in self.scores:
            if one.concept == concept:
                return one
        raise KeyError(concept)

    @property
    def known(self) -> tuple[ConceptScore, ...]:
        return tuple(one for one in self.scores if one.score is not None)

    @property
    def control_p95(self) -> float | None:
        """The score that one wrong name in twenty exceeds, over all concepts: a natural level."""
        return quantile([value for one in self.scores for value in one.calibrated_controls], 0.95)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know before trusting the scores, in words."""
        from audit.scores.remarks import remarks_on

        return (*remarks_on(self), *self.notes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the schema ``audit.score/1``."""
        mode = self.settings.mode
        return {
            "schema": SCHEMA,
            "settings": asdict(self.settings),
            "encoder": None if self.encoder is None else self.encoder.to_dict(),
            "models": list(self.models),
            "method": METHODS[mode],
            "interval_method": INTERVALS[mode],
            "assumption": ASSUMPTIONS[mode],
            "concepts": len(self.scores),
            "known": len(self.known),
            "control_p95": self.control_p95,
            "not_generated": list(self.not_generated),
            "remarks": list(self.remarks),
            "tool_version": self.tool_version,
            "results": [one.to_dict() for one in self.scores],
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a concept; scores of concepts of which too little is known are null.

        ``own``, ``control_mean`` and ``control_p95`` are similarities, ``score`` is calibrated in
        audit mode.
        """
        encoder = None if self.encoder is None else self.encoder.id
        rows = [
            {
                "concept": one.concept,
                "count": one.count,
                "score": one.score,
                "score_low": None if one.interval is None else one.interval[0],
                "score_high": None if one.interval is None else one.interval[1],
                "count_low": None if one.count_interval is None else one.count_interval[0],
                "count_high": None if one.count_interval is None else one.count_interval[1],
                "domain": one.domain,
                "model": ", ".join(self.models) or None,
                "mode": self.settings.mode,
                "own": one.own,
                "control_mean": one.control_mean,
                "control_p95": one.control_p95,
                "percentile": one.percentile,
                "controls": len(one.controls),
                "generated": one.generated,
                "left_out": sum(one.left_out.values()),
                "training": one.training,
                "references": one.references,
                "pool": one.pool,
                "pool_from": one.pool_from,
                "copies": one.copies,
                "encoder": encoder,
                "reason": one.reason,
            }
            for one in self.scores
        ]
        return pl.DataFrame(rows, schema=_COLUMNS)


_COLUMNS = {
    "concept": pl.String,
    "count": pl.Int64,
    "score": pl.Float64,
    "score_low": pl.Float64,
    "score_high": pl.Float64,
    "count_low": pl.Float64,
    "count_high": pl.Float64,
    "domain": pl.String,
    "model": pl.String,
    "mode": pl.String,
    "own": pl.Float64,
    "control_mean": pl.Float64,
    "control_p95": pl.Float64,
    "percentile": pl.Float64,
    "controls": pl.Int64,
    "generated": pl.Int64,
    "left_out": pl.Int64,
    "training": pl.Int64,
    "references": pl.Int64,
    "pool": pl.Int64,
    "pool_from": pl.String,
    "copies": pl.Int64,
    "encoder": pl.String,
    "reason": pl.String,
}


def quantile(values: Sequence[float], share: float) -> float | None:
    """By linear interpolation between neighbours; None of no values."""
    return float(np.quantile(values, share)) if values else None
