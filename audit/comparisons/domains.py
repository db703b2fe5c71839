"""Registered domains of two snapshots, as far as lists of the largest tell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from audit.comparisons.differences import Difference, Measured, difference
from audit.comparisons.snapshots import DomainSnapshot, Snapshot

Movement = Literal["new", "gone", "grown", "shrunk", "same", "unknown"]


@dataclass(frozen=True)
class DomainChange:
    """The samples of one domain on both sides.

    A domain that a side does not list has at most as many samples as the smallest that it lists:
    its ``value`` is None then, unless all are listed, and it is 0.
    """

    domain: str
    a: Measured
    b: Measured

    @property
    def difference(self) -> Difference:
        return difference(self.a, self.b)

    @property
    def movement(self) -> Movement:
        """What is sure, whatever the lists leave open and whatever could not be read."""
        span_a, span_b = self.a.span, self.b.span
        if not span_a.high and span_b.low:
            return "new"
        if not span_b.high and span_a.low:
            return "gone"
        if span_b.low > span_a.high:
            return "grown"
        if span_b.high < span_a.low:
            return "shrunk"
        return "same" if span_a == span_b and span_a.low == span_a.high else "unknown"

    def to_dict(self) -> dict[str, Any]:
        return {
            "domain": self.domain,
            "movement": self.movement,
            "a": self.a.to_dict(),
            "b": self.b.to_dict(),
            "difference": self.difference.to_dict(),
        }


@dataclass(frozen=True)
class DomainChanges:
    """Every domain that one of the sides lists, those that changed most first.

    Attributes
    ----------
    domains_a, domains_b:
        How many there are on each side, listed or not.
    unlisted_a, unlisted_b:
        The most samples that a domain can have which is not listed; 0 if all are.
    why_not:
        Why they cannot be compared; None if they can.
    """

    domains_a: int
    domains_b: int
    unlisted_a: int
    unlisted_b: int
    changes: tuple[DomainChange, ...]
    why_not: str | None = None

    @property
    def tally(self) -> Counter[Movement]:
        return Counter(change.movement for change in self.changes)

    def to_dict(self) -> dict[str, Any]:
        return {
            "a": {"domains": self.domains_a, "unlisted_have_at_most": self.unlisted_a},
            "b": {"domains": self.domains_b, "unlisted_have_at_most": self.unlisted_b},
            "movements": dict(sorted(self.tally.items())),
            "listed": [change.to_dict() for change in self.changes],
            "why_not_compared": self.why_not,
        }


def compare_domains(a: Snapshot, b: Snapshot) -> DomainChanges:
    """Every domain that either side lists."""
    one, other = a.domains, b.domains
    changes: list[DomainChange] = []
    why_not = None
    if one.suffixes != other.suffixes:
        why_not = "hosts were put into domains by another list of public suffixes"
    else:
        changes = [
            DomainChange(name, _in(one, name, a.read.unread), _in(other, name, b.read.unread))
            for name in sorted({*one.listed, *other.listed})
        ]
    return DomainChanges(
        one.domains,
        other.domains,
        one.most_unlisted,
        other.most_unlisted,
        tuple(sorted(changes, key=_sureness)),
        why_not,
    )


def _in(side: DomainSnapshot, domain: str, unread: float) -> Measured:
    samples = side.listed.get(domain, None if side.most_unlisted else 0)
    if samples is None:
        return Measured(None, 0, side.most_unlisted, unread)
    return Measured.counted(samples, unread)


def _sureness(change: DomainChange) -> tuple[bool, float, str]:
    """What is sure first, by the smallest change that it may be."""
    found = change.difference
    least = max(found.low, -found.high, 0)
    return change.movement == "unknown", -(least or abs(found.value or 0)), change.domain
