"""Licenses and opt-outs of two snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.comparisons.differences import Measured, Pair
from audit.comparisons.snapshots import Snapshot
from audit.reviews.findings import FINDINGS, STATUSES


@dataclass(frozen=True)
class LicenseChange:
    """Samples by concluded status, by license and by finding.

    Attributes
    ----------
    statuses, findings:
        Name -> both numbers; findings that neither side has are left out.
    licenses:
        Concluded license -> both numbers, those that changed most first.
    tier_a, tier_b:
        The kind of openness that is proved; None if none is.
    """

    statuses: Mapping[str, Pair]
    licenses: Mapping[str, Pair]
    findings: Mapping[str, Pair]
    tier_a: str | None
    tier_b: str | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "statuses": _listed("name", self.statuses),
            "concluded": _listed("license", self.licenses),
            "findings": _listed("name", self.findings),
            "openness": {"a": self.tier_a, "b": self.tier_b},
        }


def compare_licenses(a: Snapshot, b: Snapshot) -> LicenseChange:
    """Every sample of both sides by its license."""
    one, other = a.licenses, b.licenses

    def pair(in_a: Mapping[str, int], in_b: Mapping[str, int], name: str) -> Pair:
        return Pair.of(
            Measured.counted(in_a.get(name, 0), a.read.unread),
            Measured.counted(in_b.get(name, 0), b.read.unread),
            (one.samples, other.samples),
        )

    licenses = {
        name: pair(one.concluded, other.concluded, name)
        for name in sorted({*one.concluded, *other.concluded})
    }
    findings = [name for name in FINDINGS if one.findings.get(name) or other.findings.get(name)]
    return LicenseChange(
        statuses={name: pair(one.statuses, other.statuses, name) for name in STATUSES},
        licenses=dict(sorted(licenses.items(), key=lambda item: -_size(item[1]))),
        findings={name: pair(one.findings, other.findings, name) for name in findings},
        tier_a=one.tier,
        tier_b=other.tier,
    )


@dataclass(frozen=True)
class OptOutChange:
    """What signals say of the uses of samples.

    Attributes
    ----------
    uses:
        Use -> answer -> both numbers; empty if they cannot be compared.
    why_not:
        Why not; None if they can.
    """

    uses: Mapping[str, Mapping[str, Pair]]
    why_not: str | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "uses": [
                {"use": use, **{answer: pair.to_shares() for answer, pair in answers.items()}}
                for use, answers in self.uses.items()
            ],
            "why_not_compared": self.why_not,
        }


def compare_optouts(a: Snapshot, b: Snapshot) -> OptOutChange:
    """Answers for every use that both sides have."""
    one, other = a.optouts, b.optouts
    why_not = _why_not(a, b)
    if why_not is not None:
        return OptOutChange({}, why_not)
    return OptOutChange(
        {
            use: {
                answer: Pair.of(
                    Measured.counted(samples, a.read.unread),
                    Measured.counted(other.uses[use][answer], b.read.unread),
                    (one.samples, other.samples),
                )
                for answer, samples in answers.items()
            }
            for use, answers in one.uses.items()
            if use in other.uses
        },
        None,
    )


def _why_not(a: Snapshot, b: Snapshot) -> str | None:
    with_signals = [name for name, side in (("A", a), ("B", b)) if side.optouts.has_signals]
    if not with_signals:
        return "neither side has opt-out signals: nothing is known of them"
    if len(with_signals) == 1:
        return f"only {with_signals[0]} has opt-out signals: nothing is known of the other side"
    if not (a.optouts.is_of_all and b.optouts.is_of_all):
        return "only a sample was looked at on one side"
    return None


def _listed(key: str, pairs: Mapping[str, Pair]) -> list[dict[str, Any]]:
    return [{key: name, **pair.to_shares()} for name, pair in pairs.items()]


def _size(pair: Pair) -> float:
    return abs(pair.difference.value or 0) if pair.difference else 0
