"""What a review of opt-outs answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from audit.datasets.dataset import Coverage
from audit.estimates.intervals import wilson
from audit.optouts.readers import specifications
from audit.optouts.signals import USES, Answer, Signal, Verdict
from audit.shown import Shown

SCHEMA = "audit.optouts/1"

DISCLAIMER = (
    "What was said in a form that machines read, at the time told; absence of a signal is no "
    "permission, signatures were not checked, and none of this is legal advice."
)
ANSWERS: tuple[Answer, ...] = ("denied", "allowed", "unknown")


@dataclass(frozen=True)
class UseCount:
    """How many samples may be put to one use, as far as signals tell."""

    use: str
    denied: int
    allowed: int
    unknown: int

    @property
    def samples(self) -> int:
        return self.denied + self.allowed + self.unknown

    def to_dict(self) -> dict[str, Any]:
        of = self.samples
        counts: dict[str, int] = {str(a): getattr(self, a) for a in ANSWERS}
        shares = {f"{name}_share": n / of if of else None for name, n in counts.items()}
        return {"use": self.use, "what": USES[self.use], **counts, **shares}


@dataclass(frozen=True)
class SignalCount:
    """How many samples have one kind of signal."""

    reader: str
    source: str
    answer: Answer
    uses: tuple[str, ...]
    agent: str | None
    counts: bool  #: whether it enters the verdicts: it is said to everybody or to who is asked for
    samples: int
    first_seen: str | None  #: as the dataset or the check noted it; None if it did not
    last_seen: str | None
    #: (value, samples), the most frequent first.
    values: tuple[tuple[str, int], ...]

    def to_dict(self) -> dict[str, Any]:
        told = asdict(self)
        told["uses"] = list(self.uses)
        told["values"] = [{"value": value, "samples": n} for value, n in self.values]
        return told


@dataclass(frozen=True)
class OptOutRow:
    """One sample, with what decided."""

    shard: str
    row: int
    url: str | None
    caption: str | None
    use: str
    verdict: Verdict
    seen: str | None  #: when the deciding signal was noted
    signals: tuple[Signal, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "shard": self.shard,
            "row": self.row,
            "url": self.url,
            "caption": self.caption,
            "use": self.use,
            **self.verdict.to_dict(),
            "seen": self.seen,
            "signals": [signal.to_dict() for signal in self.signals],
        }


@dataclass(frozen=True)
class SampleOf:
    """A simple random sample that stands for more."""

    size: int
    population: int
    seed: int

    def interval(self, count: int) -> tuple[float, float]:
        """95 % interval of the share in the population, where ``count`` of the sample were found.

        Wilson's, as if it were drawn with replacement, which is wide rather than narrow.
        """
        return wilson(count, self.size) if self.size else (0.0, 1.0)


@dataclass(frozen=True)
class OptOutReview(Shown):
    """What signals say of the use of a dataset's images."""

    dataset: str
    coverage: Coverage
    concepts: tuple[str, ...]
    where: str | None
    sample: SampleOf | None  #: None if all samples that were asked for were reviewed
    agents: tuple[str, ...]  #: crawlers that the asker named
    crawlers: tuple[str, ...]  #: all that count
    columns: tuple[str, ...]  #: roles of the dataset's columns that were read
    sidecars: tuple[str, ...]  #: files of signals that were read
    samples: int
    with_signal: int  #: samples of which anything was said
    uses: tuple[UseCount, ...]
    signals: tuple[SignalCount, ...]  #: the most frequent first
    rows: tuple[OptOutRow, ...]
    seconds: float
    tool_version: str

    def count(self, use: str) -> UseCount:
        """The counts of one use."""
        return next(count for count in self.uses if count.use == use)

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "dataset": self.dataset,
            "coverage": self.coverage.to_dict(),
            "concepts": list(self.concepts),
            "where": self.where,
            "sample": asdict(self.sample) if self.sample else None,
            "agents": list(self.agents),
            "crawlers": list(self.crawlers),
            "columns": list(self.columns),
            "sidecars": list(self.sidecars),
            "samples": self.samples,
            "with_signal": self.with_signal,
            "uses": [self._use_to_dict(count) for count in self.uses],
            "signals": [count.to_dict() for count in self.signals],
            "rows": [row.to_dict() for row in self.rows],
            "specifications": {name: s.to_dict() for name, s in specifications().items()},
            "note": DISCLAIMER,
            "seconds": self.seconds,
            "tool_version": self.tool_version,
        }

    def _use_to_dict(self, count: UseCount) -> dict[str, Any]:
        told = count.to_dict()
        if self.sample:
            for answer in ANSWERS:
                low, high = self.sample.interval(getattr(count, answer))
                told |= {f"{answer}_share_low": low, f"{answer}_share_high": high}
        return told

    def to_polars(self) -> pl.DataFrame:
        """The rows, if any were asked for; else a row for each use."""
        if not self.rows:
            return pl.DataFrame([self._use_to_dict(count) for count in self.uses])
        told = []
        for row in self.rows:
            signal = row.verdict.signal
            told.append(
                {
                    "shard": row.shard,
                    "row": row.row,
                    "url": row.url,
                    "caption": row.caption,
                    "use": row.use,
                    "answer": row.verdict.answer,
                    "reason": row.verdict.reason,
                    "reader": signal.reader if signal else None,
                    "source": signal.source if signal else None,
                    "agent": signal.agent if signal else None,
                    "value": signal.value if signal else None,
                    "seen": row.seen,
                }
            )
        return pl.DataFrame(told, infer_schema_length=None)
