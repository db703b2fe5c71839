"""What `audit flag` answers: a verdict on each concept, and what it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import polars as pl

from audit.shown import Shown
from audit.verdicts.applied import AppliedThreshold
from audit.verdicts.exposures import CountedConcepts, Exposure
from audit.verdicts.judging import RULE, UNCERTAIN, VERDICTS, Span, Verdict

SCHEMA = "audit.flag/1"

EVIDENCE = (
    "a verdict says on which side of a threshold a count lies: it is evidence of where to look, "
    "and no conclusion on the law, on copying, or on what one model does"
)
_OF_CAPTIONS = (
    "captions are counted, and thresholds are of images that show the concept: what is named need "
    "not be shown, and what is shown need not be named (--by both with --references counts images)"
)
_OF_SHARE = (
    "thresholds are of images that show the concept: {low:.0%} to {high:.0%} of the named samples "
    "are assumed to show it, as whoever asked said; images that nobody named are left out"
)
_OF_IMAGES = (
    "images that show the concept are counted, named or not; a published threshold is of named "
    "ones that an embedder verified"
)


@dataclass(frozen=True)
class FlaggedConcept:
    """The verdict on one concept.

    Attributes
    ----------
    settle:
        What would settle an uncertain one, the likeliest to help first.
    """

    exposure: Exposure
    domain: str | None
    applied: AppliedThreshold
    verdict: Verdict
    settle: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.exposure.concept

    @property
    def ratio(self) -> float | None:
        """The count as a multiple of the threshold; None where one of them is not known."""
        if self.exposure.value is None or self.applied.value is None:
            return None
        return self.exposure.value / self.applied.value

    @property
    def ratio_span(self) -> Span | None:
        """From the smallest to the largest multiple that it may be."""
        threshold = self.applied.span
        if threshold is None:
            return None
        count = self.exposure.span
        high = count.high / threshold.low if threshold.low else math.inf
        return Span(count.low / threshold.high, max(high, count.low / threshold.high))

    def to_dict(self) -> dict[str, Any]:
        ratio = self.ratio_span
        return {
            "concept": self.name,
            "domain": self.domain,
            "verdict": self.verdict,
            "count": {"value": self.exposure.value, **_ends(self.exposure.span)},
            "threshold": None
            if self.applied.span is None
            else {"value": self.applied.value, **_ends(self.applied.span)},
            "threshold_statement": self.applied.statement,
            "ratio": self.ratio,
            "ratio_interval": None if ratio is None else list(_ends(ratio).values()),
            "settle": list(self.settle),
            "notes": list(self.exposure.notes),
        }


@dataclass(frozen=True)
class FlagResult(Shown):
    """Verdicts on concepts of a dataset: above first, by how far; then uncertain, below, none."""

    counted: CountedConcepts
    concepts: tuple[FlaggedConcept, ...]
    model: str | None = None
    group: str | None = None
    domain: str | None = None
    share: tuple[float, float] | None = None
    whose: str = "published"  #: thresholds: published, of a file, or given
    tool_version: str = ""

    def __getitem__(self, concept: str) -> FlaggedConcept:
        """The verdict on a concept by its name."""
        for flagged in self.concepts:
            if flagged.name == concept:
                return flagged
        raise KeyError(concept)

    def of(self, verdict: Verdict) -> list[FlaggedConcept]:
        """The concepts of one verdict."""
        return [flagged for flagged in self.concepts if flagged.verdict == verdict]

    @property
    def tally(self) -> dict[Verdict, int]:
        """How many concepts have each verdict, in the order of :data:`VERDICTS`."""
        return {verdict: len(self.of(verdict)) for verdict in VERDICTS}

    @property
    def thresholds(self) -> list[AppliedThreshold]:
        """What was held against, each once, in the order of the concepts."""
        applied = (flagged.applied for flagged in self.concepts)
        return list({(one.domain, one.span, one.statement): one for one in applied}.values())

    @property
    def assumption(self) -> str:
        """What stands between the counts and the thresholds."""
        if self.share is not None:
            return _OF_SHARE.format(low=self.share[0], high=self.share[1])
        return _OF_CAPTIONS if self.counted.is_of_captions else _OF_IMAGES

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the schema ``audit.flag/1``; an end without bound is null."""
        counted = self.counted
        return {
            "schema": SCHEMA,
            "dataset": counted.dataset,
            "coverage": dict(counted.coverage),
            "by": counted.by,
            "considered": counted.considered,
            "where": counted.where,
            "thresholds_of": self.whose,
            "model": self.model,
            "group": self.group,
            "domain": self.domain,
            "share": None if self.share is None else list(self.share),
            "verdicts": dict(self.tally),
            "thresholds": [applied.to_dict() for applied in self.thresholds],
            "rule": RULE,
            "assumption": self.assumption,
            "evidence": EVIDENCE,
            "count_method": counted.method,
            "count_assumption": counted.assumption,
            "tool_version": self.tool_version,
            "sources": list(counted.sources),
            "results": [flagged.to_dict() for flagged in self.concepts],
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a concept, in order. Ends without bound are null."""
        rows = []
        for flagged in self.concepts:
            count, threshold = _ends(flagged.exposure.span), flagged.applied.span
            ratio = flagged.ratio_span
            rows.append(
                {
                    "concept": flagged.name,
                    "domain": flagged.domain,
                    "verdict": flagged.verdict,
                    "count": flagged.exposure.value,
                    "count_low": count["low"],
                    "count_high": count["high"],
                    "threshold": flagged.applied.value,
                    "threshold_low": None if threshold is None else threshold.low,
                    "threshold_high": None if threshold is None else threshold.high,
                    "ratio": flagged.ratio,
                    "ratio_low": None if ratio is None else ratio.low,
                    "ratio_high": None if ratio is None else _ends(ratio)["high"],
                    "settle": "; ".join(flagged.settle),
                    "threshold_statement": flagged.applied.statement,
                    "notes": "; ".join(flagged.exposure.notes),
                    "by": self.counted.by,
                    "dataset": self.counted.dataset,
                    "unread_shards": self.counted.unread_shards,
                }
            )
        return pl.DataFrame(rows, schema=_SCHEMA)


_FLOATS = (
    "count", "count_low", "count_high", "threshold", "threshold_low", "threshold_high", "ratio",
    "ratio_low", "ratio_high",
)  # fmt: skip
_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("concept", "domain", "verdict"), pl.String),
    **dict.fromkeys(_FLOATS, pl.Float64),
    **dict.fromkeys(("settle", "threshold_statement", "notes", "by", "dataset"), pl.String),
    "unread_shards": pl.Int64,
}


def in_order(flagged: FlaggedConcept) -> tuple[int, float, str]:
    """The order of an answer: by verdict, then by how far above, then by name."""
    ratio = -1.0 if flagged.ratio is None else flagged.ratio
    if flagged.verdict == UNCERTAIN and flagged.ratio is None:
        ratio = math.inf  # nothing is known: it may be far above
    return VERDICTS.index(flagged.verdict), -ratio, flagged.name


def _ends(span: Span) -> dict[str, float | None]:
    return {"low": span.low, "high": None if math.isinf(span.high) else span.high}
