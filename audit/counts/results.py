"""What a count answers: numbers with their interval, their coverage and their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from audit.captions.phrases import ConceptPhrases, Finding
from audit.counts.accidental import AccidentalShare
from audit.counts.examples import Example
from audit.datasets.dataset import Coverage
from audit.shown import Shown

SCHEMA = "audit.count/1"

METHOD = (
    "census of the captions: every caption that was read and names the concept, "
    "as whole words after folding, is counted once"
)
ASSUMPTION = (
    "a caption match need not show the concept, and images that show it need not be captioned so"
)


@dataclass(frozen=True)
class ConceptCount:
    """How many samples name one concept."""

    phrases: ConceptPhrases
    #: Samples whose caption names the concept; None if none of its names can be searched.
    samples: int | None
    #: Samples beside these that could name it: those that could not be read, None if unknown.
    unread: int | None
    #: Samples that the count was taken over.
    considered: int
    #: Of ``samples``, those with a URL (or hash) of their own; None if not asked for.
    distinct: int | None
    #: Name or alias as given -> samples that hold it. Names that fold alike share a number.
    aliases: dict[str, int]
    #: Samples that name the concept only inside an excluded phrase, and are not counted.
    excluded: int = 0
    findings: tuple[Finding, ...] = ()
    accidental: tuple[AccidentalShare, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def name(self) -> str:
        return self.phrases.concept.name

    @property
    def interval(self) -> tuple[int | None, int | None]:
        """Smallest and largest number of samples that agree with what was read.

        No sampling error: the width is the samples that could not be read, None if unbounded.
        """
        if self.samples is None:
            return None, None
        return self.samples, None if self.unread is None else self.samples + self.unread

    @property
    def per_million(self) -> float | None:
        if self.samples is None or not self.considered:
            return None
        return self.samples / self.considered * 1e6

    def to_dict(self) -> dict[str, Any]:
        return {
            "concept": self.name,
            "samples": self.samples,
            "interval": list(self.interval),
            "distinct": self.distinct,
            "per_million": self.per_million,
            "aliases": self.aliases,
            "phrases": [phrase.strip() for phrase in self.phrases.phrases],
            "exclusions": list(self.phrases.concept.exclusions),
            "excluded": self.excluded,
            "domain": self.phrases.concept.domain,
            "accidental": [share.to_dict() for share in self.accidental],
            "findings": [finding.to_dict() for finding in self.findings],
            "examples": [example.to_dict() for example in self.examples],
        }


@dataclass(frozen=True)
class CountResult(Shown):
    """Counts of concepts in a dataset, with all that is needed to defend them."""

    dataset: str
    coverage: Coverage
    considered: int  #: samples that the counts were taken over
    counts: tuple[ConceptCount, ...]
    where: str | None = None
    distinct_by: str | None = None
    seed: int = 0  #: of the draw of examples
    folding_version: int = 0
    tool_version: str = ""
    seconds: float = 0.0
    method: str = METHOD
    assumption: str = ASSUMPTION
    sources: tuple[str, ...] = ()

    def __getitem__(self, concept: str) -> ConceptCount:
        """The count of a concept by its name."""
        for count in self.counts:
            if count.name == concept:
                return count
        raise KeyError(concept)

    @property
    def findings(self) -> list[Finding]:
        return [finding for count in self.counts for finding in count.findings]

    def question(self) -> dict[str, Any]:
        """What was asked: the same question has the same answer, unless the dataset changed."""
        return {
            "concepts": [count.phrases.concept.to_dict() for count in self.counts],
            "where": self.where,
            "distinct_by": self.distinct_by,
            "examples": max((len(count.examples) for count in self.counts), default=0),
            "seed": self.seed,
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the schema ``audit.count/1``."""
        return {
            "schema": SCHEMA,
            "dataset": self.dataset,
            "coverage": self.coverage.to_dict(),
            "considered": self.considered,
            "where": self.where,
            "distinct_by": self.distinct_by,
            "method": self.method,
            "assumption": self.assumption,
            "seed": self.seed,
            "folding_version": self.folding_version,
            "tool_version": self.tool_version,
            "sources": list(self.sources),
            "results": [count.to_dict() for count in self.counts],
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a concept; lists and records are left to :meth:`to_dict`.

        Where ``lower_bound`` is true, not all of the dataset could be read; ``high`` is null if
        nobody knows how many samples that is.
        """
        rows = [
            {
                "concept": count.name,
                "samples": count.samples,
                "low": count.interval[0],
                "high": count.interval[1],
                "distinct": count.distinct,
                "per_million": count.per_million,
                "excluded": count.excluded,
                "domain": count.phrases.concept.domain,
                "phrases": " | ".join(phrase.strip() for phrase in count.phrases.phrases),
                "findings": "; ".join(finding.message for finding in count.findings),
                "dataset": self.dataset,
                "lower_bound": not self.coverage.complete,
                "unread_shards": self.coverage.shards - self.coverage.read_shards,
            }
            for count in self.counts
        ]
        schema = {
            "concept": pl.String,
            "samples": pl.Int64,
            "low": pl.Int64,
            "high": pl.Int64,
            "distinct": pl.Int64,
            "per_million": pl.Float64,
            "excluded": pl.Int64,
            "domain": pl.String,
            "phrases": pl.String,
            "findings": pl.String,
            "dataset": pl.String,
            "lower_bound": pl.Boolean,
            "unread_shards": pl.Int64,
        }
        return pl.DataFrame(rows, schema=schema)
