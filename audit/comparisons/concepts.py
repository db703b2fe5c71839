"""Concepts of two snapshots: which are the same question, what changed, and why a verdict did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from audit.captions.phrases import Wording
from audit.comparisons.differences import Difference, Measured, Pair
from audit.comparisons.snapshots import ConceptSnapshot, Judged, Snapshot
from audit.reviews.findings import STATUSES
from audit.verdicts.judging import ABOVE, BELOW, UNCERTAIN, Verdict, judge

#: How far two sides ask of the same concept.
Asked = Literal["alike", "differently", "only in A", "only in B"]
#: Why a verdict is another.
Cause = Literal["count", "threshold", "count and threshold", "certainty", "question"]

_HEIGHT: Mapping[str, int] = {BELOW: 0, UNCERTAIN: 1, ABOVE: 2}


@dataclass(frozen=True)
class VerdictChange:
    """The verdicts of both sides on a concept.

    Attributes
    ----------
    cause:
        Why they differ; None if they do not. ``count``: with either threshold the counts alone
        make the difference. ``threshold``: with either count the thresholds alone do. ``count and
        threshold``: both play a part. ``certainty``: count and threshold are the same, and it is
        known more or less precisely. ``question``: it was counted otherwise, so that nothing
        follows.
    a_against_b, b_against_a:
        The count of one side against the threshold of the other; None if there is none, or
        something else was counted.
    """

    a: Judged
    b: Judged
    cause: Cause | None
    a_against_b: Verdict | None
    b_against_a: Verdict | None

    @property
    def rise(self) -> int:
        """Steps up from below over uncertain to above; down, if negative; 0 where a side has no
        threshold."""
        if self.a.verdict not in _HEIGHT or self.b.verdict not in _HEIGHT:
            return 0
        return _HEIGHT[self.b.verdict] - _HEIGHT[self.a.verdict]

    @property
    def crossed_to_above(self) -> bool:
        return self.rise > 0 and self.b.verdict == ABOVE

    def to_dict(self) -> dict[str, Any]:
        return {
            "a": self.a.verdict,
            "b": self.b.verdict,
            "cause": self.cause,
            "a_against_threshold_of_b": self.a_against_b,
            "b_against_threshold_of_a": self.b_against_a,
        }


@dataclass(frozen=True)
class ConceptChange:
    """One concept on both sides, or on one.

    Attributes
    ----------
    reasons:
        What is asked differently, a sentence each.
    named, shown:
        Samples whose caption names it, and whose image shows it; None if a side has no number.
    licenses:
        Samples that name it, by status; of both sides, also where they cannot be compared.
    """

    a: ConceptSnapshot | None
    b: ConceptSnapshot | None
    asked: Asked
    reasons: tuple[str, ...] = ()
    named: Pair | None = None
    shown: Pair | None = None
    verdicts: VerdictChange | None = None
    licenses: Mapping[str, Pair] | None = None

    @property
    def name(self) -> str:
        """As B calls it, or A if B does not have it."""
        side = self.b or self.a
        return side.concept.name if side else ""

    @property
    def domain(self) -> str | None:
        side = self.b or self.a
        return side.concept.domain if side else None

    @property
    def difference(self) -> Difference | None:
        """Of what was counted for the verdict: images if both sides counted them, or captions."""
        pair = self.shown or self.named
        return None if pair is None else pair.difference

    def to_dict(self) -> dict[str, Any]:
        return {
            "concept": self.name,
            "name_in_a": None if self.a is None else self.a.concept.name,
            "name_in_b": None if self.b is None else self.b.concept.name,
            "domain": self.domain,
            "asked": self.asked,
            "reasons": list(self.reasons),
            "named": None if self.named is None else self.named.to_dict(),
            "shown": None if self.shown is None else self.shown.to_dict(),
            "verdict": self._verdicts(),
            "licenses": None
            if self.licenses is None
            else {status: pair.to_shares() for status, pair in self.licenses.items()},
        }

    def _verdicts(self) -> dict[str, Any]:
        if self.verdicts is not None:
            return self.verdicts.to_dict()
        return {
            "a": None if self.a is None else self.a.judged.verdict,
            "b": None if self.b is None else self.b.judged.verdict,
            "cause": None,
            "a_against_threshold_of_b": None,
            "b_against_threshold_of_a": None,
        }


def compare_concepts(a: Snapshot, b: Snapshot, independent: bool) -> tuple[ConceptChange, ...]:
    """Every concept of either side; those whose verdict is another come first.

    Parameters
    ----------
    independent:
        Whether errors of estimates of the two sides are independent.
    """
    changes = [_Comparing(a, b, one, other, independent).change() for one, other in _paired(a, b)]
    return tuple(sorted(changes, key=_in_order))


def _paired(
    a: Snapshot, b: Snapshot
) -> Iterator[tuple[ConceptSnapshot | None, ConceptSnapshot | None]]:
    """By name; and those that are left by what captions must hold, where that is of one each."""
    of_a = {one.concept.name: one for one in a.concepts}
    of_b = {one.concept.name: one for one in b.concepts}
    left_a = [one for name, one in of_a.items() if name not in of_b]
    left_b = [one for name, one in of_b.items() if name not in of_a]
    alone_a, alone_b = _by_wording(left_a), _by_wording(left_b)
    renamed = [(one, alone_b[wording]) for wording, one in alone_a.items() if wording in alone_b]
    if a.folding_version != b.folding_version:
        renamed = []  # equal phrases are not the same question then
    yield from ((one, of_b[name]) for name, one in of_a.items() if name in of_b)
    yield from renamed
    paired = {id(one) for pair in renamed for one in pair}
    yield from ((one, None) for one in left_a if id(one) not in paired)
    yield from ((None, one) for one in left_b if id(one) not in paired)


def _by_wording(concepts: Sequence[ConceptSnapshot]) -> dict[Wording, ConceptSnapshot]:
    times = Counter(one.wording for one in concepts)
    return {one.wording: one for one in concepts if one.wording.phrases and times[one.wording] == 1}


class _Comparing:
    """A concept that both sides have, or one."""

    def __init__(
        self,
        a: Snapshot,
        b: Snapshot,
        one: ConceptSnapshot | None,
        other: ConceptSnapshot | None,
        independent: bool,
    ) -> None:
        self._a, self._b, self._independent = a, b, independent
        self._one, self._other = one, other

    def change(self) -> ConceptChange:
        one, other = self._one, self._other
        if one is None or other is None:
            return ConceptChange(one, other, "only in B" if one is None else "only in A")
        reasons = tuple(self._reasons(one, other))
        why_not = "; ".join(reasons) or None
        return ConceptChange(
            a=one,
            b=other,
            asked="differently" if reasons else "alike",
            reasons=reasons,
            named=Pair.of(
                one.named,
                other.named,
                (self._a.considered or 0, self._b.considered or 0),
                why_not=why_not,
            ),
            shown=self._shown(one, other, why_not),
            verdicts=self._verdicts(one, other, why_not),
            licenses={
                status: Pair.of(
                    Measured.counted(one.licenses.by_status.get(status, 0), one.named.unread),
                    Measured.counted(other.licenses.by_status.get(status, 0), other.named.unread),
                    (one.licenses.samples, other.licenses.samples),
                    why_not=why_not,
                )
                for status in STATUSES
            },
        )

    def _reasons(self, one: ConceptSnapshot, other: ConceptSnapshot) -> Iterator[str]:
        """Why captions that name it on one side need not do so on the other."""
        for what, in_a, in_b in (
            ("searched", one.wording.phrases, other.wording.phrases),
            ("excluded", one.wording.exclusions, other.wording.exclusions),
        ):
            for side, more in (("A", set(in_a) - set(in_b)), ("B", set(in_b) - set(in_a))):
                if more:
                    yield f"only in {side} {what}: {', '.join(sorted(more))}"
        if self._a.folding_version != self._b.folding_version:
            yield "captions were folded by other rules"

    def _shown(
        self, one: ConceptSnapshot, other: ConceptSnapshot, why_not: str | None
    ) -> Pair | None:
        if one.shown is None or other.shown is None:
            return None
        if why_not is None:
            why_not = self._other_measure(one, other)
        of = self._a.seen or 0, self._b.seen or 0
        # What a dataset could not read adds to its estimate, and is in no interval of it.
        seen_a, seen_b = (
            Measured(m.value, m.low, m.high, unread)
            for m, unread in (
                (one.shown.samples, self._a.read.unread),
                (other.shown.samples, self._b.read.unread),
            )
        )
        return Pair.of(seen_a, seen_b, of, why_not=why_not, independent=self._independent)

    def _other_measure(self, one: ConceptSnapshot, other: ConceptSnapshot) -> str | None:
        if self._a.encoder != self._b.encoder:
            return "images were compared by another encoder"
        if one.shown and other.shown and one.shown.references != other.shown.references:
            return "images were compared with other references"
        return None

    def _verdicts(
        self, one: ConceptSnapshot, other: ConceptSnapshot, why_not: str | None
    ) -> VerdictChange:
        a, b = one.judged, other.judged
        if why_not is None and self._a.counted_by != self._b.counted_by:
            why_not = "counted otherwise"
        if why_not is None and self._a.counted_by != "caption":
            why_not = self._other_measure(one, other)
        if why_not is None and _shares(self._a) != _shares(self._b):
            why_not = "another share was assumed to show it"
        if why_not is not None:
            return VerdictChange(a, b, "question" if a.verdict != b.verdict else None, None, None)
        a_against_b = None if b.threshold is None else judge(a.count, b.threshold)
        b_against_a = None if a.threshold is None else judge(b.count, a.threshold)
        cause: Cause | None = None
        if a.verdict != b.verdict:
            cause = _cause(a, b, a_against_b, b_against_a)
        return VerdictChange(a, b, cause, a_against_b, b_against_a)


def _shares(side: Snapshot) -> tuple[float, float] | None:
    return None if side.thresholds is None else side.thresholds.share


def _cause(a: Judged, b: Judged, a_against_b: Verdict | None, b_against_a: Verdict | None) -> Cause:
    """Why two verdicts differ; the same seen from either side."""
    if a_against_b is None or b_against_a is None:
        return "threshold"  # there is one on one side alone
    if a.threshold == b.threshold and a.value == b.value:
        return "certainty"
    if b_against_a == b.verdict and a_against_b == a.verdict:
        return "count"
    if a_against_b == b.verdict and b_against_a == a.verdict:
        return "threshold"
    return "count and threshold"


def _in_order(change: ConceptChange) -> tuple[int, float, str]:
    """Verdicts that moved, up first; then other changes by size; then what cannot be compared."""
    verdicts, difference = change.verdicts, change.difference
    size = 0.0 if difference is None else -abs(difference.value or 0)
    if verdicts is None:
        group = 6 if change.asked == "only in B" else 7
        return group, 0.0, change.name
    if verdicts.rise:
        group = 0 if verdicts.crossed_to_above else 1 if verdicts.rise > 0 else 2
    elif verdicts.cause is not None:
        group = 3
    else:
        group = 4 if change.asked == "alike" else 5
    return group, size, change.name
