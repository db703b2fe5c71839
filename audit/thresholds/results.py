"""What an estimate of a threshold answers, in two voices that are never mixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from audit.shown import Shown
from audit.thresholds.candidates import Candidate
from audit.thresholds.paper import PaperThreshold
from audit.thresholds.sensitivity import Sensitivity
from audit.thresholds.series import ScoreSeries
from audit.thresholds.settings import LevelSource, ThresholdSettings
from audit.thresholds.shape_tests import StoryTest

SCHEMA = "audit.threshold/1"
METHOD = (
    "count at which the best step or logistic curve in log(1 + count) crosses the level; interval "
    "by profile likelihood, gauged by drawing concepts anew; a threshold only if a flat curve, a "
    "straight line and a line that bends once are all refused at 5 %"
)
ASSUMPTION = (
    "concepts are a fair sample of their domain, their scores differ for no reason that also goes "
    "with their counts, and counts are what the model was trained on"
)

Verdict = Literal["threshold", "no threshold", "not enough data"]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Level:
    """The score that counts as imitation.

    Attributes
    ----------
    value:
        None where it is half of a rise that there is not.
    source:
        ``half-way`` between floor and plateau, ``half-way between known ends``, or ``given``.
    """

    value: float | None
    source: LevelSource

    def to_dict(self) -> dict[str, Any]:
        return {"value": self.value, "source": self.source}


@dataclass(frozen=True)
class CrossingCount:
    """The count at which the best curve crosses the level, whether or not that is a threshold.

    Attributes
    ----------
    count:
        Not always whole: the curve is one in log(1 + count).
    open_low, open_high:
        Whether the interval ends where the data do: it might go on.
    """

    count: float
    interval: Interval
    open_low: bool = False
    open_high: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "interval": list(self.interval),
            "open": [self.open_low, self.open_high],
        }


@dataclass(frozen=True)
class Rise:
    """The best curve of one rise.

    Attributes
    ----------
    shape:
        ``step`` or ``logistic``.
    floor, plateau:
        Scores without training and with plenty, each with its interval.
    from_tenth, to_nine_tenths:
        Counts between which the scores do most of their rise; equal for a step.
    """

    shape: Literal["step", "logistic"]
    floor: float
    floor_interval: Interval
    plateau: float
    plateau_interval: Interval
    from_tenth: float
    to_nine_tenths: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "shape": self.shape,
            "floor": self.floor,
            "floor_interval": list(self.floor_interval),
            "plateau": self.plateau,
            "plateau_interval": list(self.plateau_interval),
            "from_tenth": self.from_tenth,
            "to_nine_tenths": self.to_nine_tenths,
        }


@dataclass(frozen=True)
class Diagnostics:
    """What the estimate rests on.

    Attributes
    ----------
    noise:
        Standard deviation of scores around the best curve.
    detectable:
        Height of a step in the middle that would be seen in 80 % of cases.
    image_share:
        Share of that noise's variance which more images of each concept would take away; None
        where no concept has several.
    count_share:
        Share of the interval's variance that comes of the intervals of the counts; None without.
    odd:
        Concepts far off the curve, (concept, count, score, expected): look at their counts first.
    """

    concepts: int
    distinct_counts: int
    images: int
    noise: float | None = None
    detectable: float | None = None
    image_share: float | None = None
    count_share: float | None = None
    odd: tuple[tuple[str, int, float, float], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "concepts": self.concepts,
            "distinct_counts": self.distinct_counts,
            "images": self.images,
            "noise": self.noise,
            "detectable": self.detectable,
            "image_share": self.image_share,
            "count_share": self.count_share,
            "odd": [
                {"concept": concept, "count": count, "score": score, "expected": expected}
                for concept, count, score, expected in self.odd
            ],
        }


@dataclass(frozen=True)
class AuditThreshold:
    """What our own estimator says of a series.

    Attributes
    ----------
    verdict, reason:
        The answer, and why.
    threshold, interval:
        Images; None unless the verdict is ``threshold``.
    crossing:
        Where the best curve crosses a level; of a level that was given also without a threshold.
    """

    verdict: Verdict
    reason: str
    level: Level
    diagnostics: Diagnostics
    settings: ThresholdSettings
    threshold: float | None = None
    interval: Interval | None = None
    crossing: CrossingCount | None = None
    rise: Rise | None = None
    tests: tuple[StoryTest, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def interval_open(self) -> tuple[bool, bool]:
        if self.interval is None or self.crossing is None:
            return False, False
        return self.crossing.open_low, self.crossing.open_high

    def to_dict(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "threshold": self.threshold,
            "interval": None if self.interval is None else list(self.interval),
            "interval_open": list(self.interval_open),
            "confidence": self.settings.confidence,
            "level": self.level.to_dict(),
            "crossing": None if self.crossing is None else self.crossing.to_dict(),
            "rise": None if self.rise is None else self.rise.to_dict(),
            "tests": [test.to_dict() for test in self.tests],
            "candidates": [one.to_dict() for one in self.candidates],
            "diagnostics": self.diagnostics.to_dict(),
            "notes": list(self.notes),
            "method": METHOD,
            "assumption": ASSUMPTION,
            "rounds": self.settings.rounds,
            "seed": self.settings.seed,
        }


@dataclass(frozen=True)
class ThresholdEstimate(Shown):
    """Both voices, and the series that they speak of."""

    series: ScoreSeries
    paper: PaperThreshold
    audit: AuditThreshold
    sensitivity: Sensitivity
    tool_version: str
    source: str | None = None

    @property
    def domain(self) -> str | None:
        return self.series.domain

    @property
    def model(self) -> str | None:
        return self.series.model

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the schema ``audit.threshold/1``."""
        return {
            "schema": SCHEMA,
            "source": self.source,
            "domain": self.domain,
            "model": self.model,
            "concepts": len(self.series),
            "left_out": [
                {"reason": reason, "concepts": concepts}
                for reason, concepts in self.series.left_out
            ],
            "paper": self.paper.to_dict(),
            "audit": self.audit.to_dict(),
            "sensitivity": self.sensitivity.to_dict(),
            "tool_version": self.tool_version,
        }

    def to_polars(self) -> pl.DataFrame:
        """A row for each voice."""
        low, high = self.audit.interval or (None, None)
        rows: list[dict[str, Any]] = [
            {
                "voice": "paper",
                "verdict": "threshold" if self.paper.threshold is not None else "no threshold",
                "threshold": self.paper.threshold,
            },
            {
                "voice": "audit",
                "verdict": self.audit.verdict,
                "threshold": self.audit.threshold,
                "low": low,
                "high": high,
                "level": self.audit.level.value,
                "reason": self.audit.reason,
            },
        ]
        schema = {
            "voice": pl.String,
            "verdict": pl.String,
            "threshold": pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
            "level": pl.Float64,
            "reason": pl.String,
            "domain": pl.String,
            "model": pl.String,
            "concepts": pl.Int64,
        }
        shared = {"domain": self.domain, "model": self.model, "concepts": len(self.series)}
        return pl.DataFrame([row | shared for row in rows], schema=schema)


def interval_text(interval: Interval) -> str:
    """Both ends, as whole images.

    >>> interval_text((88.6, 1302.0))
    '89–1,302'
    """
    return f"{interval[0]:,.0f}–{interval[1]:,.0f}"
