"""What `audit diff` answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import polars as pl

from audit.comparisons.caveats import Caveat
from audit.comparisons.concepts import Asked, ConceptChange
from audit.comparisons.differences import Pair, bounded
from audit.comparisons.domains import DomainChanges
from audit.comparisons.overlap import Overlap
from audit.comparisons.rights import LicenseChange, OptOutChange
from audit.comparisons.snapshots import Snapshot
from audit.reviews.findings import STATUSES
from audit.shown import Shown

SCHEMA = "audit.diff/1"

METHOD = (
    "B less A; what was all read has exact differences, without sampling error; other intervals "
    "say how they were got (exact, ends, MOVER)"
)


@dataclass(frozen=True)
class Comparison(Shown):
    """What changed from A to B.

    Attributes
    ----------
    related:
        Whether both are of one dataset, as far as names and sources tell: errors of their
        estimates are not taken for independent then.
    concepts:
        Those whose verdict moved come first, up before down.
    overlap:
        None if it was not counted, and ``why_no_overlap`` says why.
    """

    a: Snapshot
    b: Snapshot
    related: bool
    caveats: tuple[Caveat, ...]
    concepts: tuple[ConceptChange, ...]
    licenses: LicenseChange
    optouts: OptOutChange
    domains: DomainChanges
    overlap: Overlap | None
    why_no_overlap: str | None
    tool_version: str
    seconds: float = 0.0

    def __getitem__(self, concept: str) -> ConceptChange:
        """The change of a concept by its name: that in B, or that in A if B does not have it."""
        for change in self.concepts:
            if change.name == concept:
                return change
        raise KeyError(concept)

    def __repr__(self) -> str:
        return (
            f"<comparison of {self.a.dataset!r} and {self.b.dataset!r}: "
            f"{len(self.concepts):,} concepts, {len(self.crossed):,} crossed to above>"
        )

    @property
    def crossed(self) -> list[ConceptChange]:
        """Concepts that are above in B, and were below or uncertain in A, for whatever cause."""
        return [one for one in self.concepts if one.verdicts and one.verdicts.crossed_to_above]

    @property
    def risen(self) -> list[ConceptChange]:
        """Those, and concepts that are uncertain in B and were below in A."""
        return [one for one in self.concepts if one.verdicts and one.verdicts.rise > 0]

    @property
    def fallen(self) -> list[ConceptChange]:
        return [one for one in self.concepts if one.verdicts and one.verdicts.rise < 0]

    @property
    def held(self) -> list[ConceptChange]:
        """Concepts that both sides held against a threshold."""
        return [
            one
            for one in self.concepts
            if one.verdicts and one.verdicts.a.threshold and one.verdicts.b.threshold
        ]

    @property
    def tally(self) -> dict[Asked, int]:
        """How many concepts were asked alike, differently, and on one side alone."""
        found = Counter(one.asked for one in self.concepts)
        kinds: tuple[Asked, ...] = ("alike", "differently", "only in A", "only in B")
        return {asked: found[asked] for asked in kinds}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the schema ``audit.diff/1``; an end without bound is null."""
        return {
            "schema": SCHEMA,
            "a": self.a.to_dict(),
            "b": self.b.to_dict(),
            "related": self.related,
            "method": METHOD,
            "caveats": [caveat.to_dict() for caveat in self.caveats],
            "summary": {
                "crossed_to_above": len(self.crossed),
                "risen_to_uncertain": len(self.risen) - len(self.crossed),
                "fallen": len(self.fallen),
                "asked": dict(self.tally),
            },
            "concepts": [change.to_dict() for change in self.concepts],
            "licenses": self.licenses.to_dict(),
            "optouts": self.optouts.to_dict(),
            "domains": self.domains.to_dict(),
            "overlap": None if self.overlap is None else self.overlap.to_dict(),
            "why_no_overlap": self.why_no_overlap,
            "tool_version": self.tool_version,
            "seconds": round(self.seconds, 3),
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a concept, in order. Ends without bound, and what is not compared, are null."""
        return pl.DataFrame([_row(change) for change in self.concepts], schema=_SCHEMA)


def _row(change: ConceptChange) -> dict[str, Any]:
    told = change.to_dict()
    verdict = told["verdict"]
    row: dict[str, Any] = {
        "concept": change.name,
        "name_in_a": told["name_in_a"],
        "name_in_b": told["name_in_b"],
        "domain": change.domain,
        "asked": change.asked,
        "verdict_a": verdict["a"],
        "verdict_b": verdict["b"],
        "cause": verdict["cause"],
        "a_against_threshold_of_b": verdict["a_against_threshold_of_b"],
        **_number_columns("named", change.named),
        **_number_columns("shown", change.shown),
        "reasons": "; ".join(change.reasons),
    }
    # Of a concept that one side has, the number of that side stands alone.
    for side, snapshot in (("a", change.a), ("b", change.b)):
        if change.named is None and snapshot is not None:
            row[f"named_{side}"] = snapshot.named.value
    for status in STATUSES:
        pair = change.licenses[status] if change.licenses else None
        row[f"share_{status.replace('-', '_')}_difference"] = (
            pair.share_difference if pair else None
        )
    return row


def _number_columns(name: str, pair: Pair | None) -> dict[str, float | None]:
    columns: dict[str, float | None] = dict.fromkeys(f"{name}_{end}" for end in _NUMBERS)
    if pair is None:
        return columns
    columns[f"{name}_a"], columns[f"{name}_b"] = pair.a.value, pair.b.value
    if pair.difference is not None:
        columns[f"{name}_difference"] = pair.difference.value
        columns[f"{name}_difference_low"] = bounded(pair.difference.low)
        columns[f"{name}_difference_high"] = bounded(pair.difference.high)
    if pair.rates is not None:
        columns[f"{name}_per_million_a"] = pair.rates.a
        columns[f"{name}_per_million_b"] = pair.rates.b
        columns[f"{name}_ratio"] = pair.rates.ratio
    return columns


_NUMBERS = (
    "a", "b", "difference", "difference_low", "difference_high", "per_million_a", "per_million_b",
    "ratio",
)  # fmt: skip
_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(
        ("concept", "name_in_a", "name_in_b", "domain", "asked", "verdict_a", "verdict_b", "cause",
         "a_against_threshold_of_b"),
        pl.String,
    ),
    **{f"{name}_{end}": pl.Float64 for name in ("named", "shown") for end in _NUMBERS},
    "reasons": pl.String,
    **{f"share_{status.replace('-', '_')}_difference": pl.Float64 for status in STATUSES},
}  # fmt: skip
