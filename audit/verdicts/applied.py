"""Which threshold a concept is held against: chosen by its domain, a model and a group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from audit.concepts.concept import check_domain
from audit.errors import UsageError
from audit.thresholds.known import (
    KnownThreshold,
    KnownThresholds,
    caveats_of,
    check_values,
)
from audit.verdicts.judging import Span


@dataclass(frozen=True)
class AppliedThreshold:
    """The threshold that the concepts of one domain are held against.

    Attributes
    ----------
    domain:
        None for concepts whose domain nobody said, and where one threshold is given for all.
    value:
        What ratios are taken to; of a band of several its middle, on a log scale. None if there
        is no threshold.
    span:
        From the smallest to the largest value that it may be.
    statement:
        How it came about, or why there is none; without a stop.
    entries:
        The known thresholds that it is made of.
    not_named:
        What nobody named, so that it is a band: a model, a group.
    """

    domain: str | None
    value: float | None
    span: Span | None
    statement: str
    entries: tuple[KnownThreshold, ...] = ()
    not_named: tuple[str, ...] = ()

    @property
    def caveats(self) -> list[str]:
        return caveats_of(self.entries)

    @property
    def unit(self) -> str | None:
        """What was counted where it was found."""
        units = dict.fromkeys(entry.unit for entry in self.entries if entry.unit)
        return " or ".join(units) or None

    def to_dict(self) -> dict[str, Any]:
        return {
            "domain": self.domain,
            "value": self.value,
            "low": None if self.span is None else self.span.low,
            "high": None if self.span is None else self.span.high,
            "statement": self.statement,
            "unit": self.unit,
            "caveats": self.caveats,
            "thresholds": [entry.to_dict() for entry in self.entries],
        }


class ThresholdChoice:
    """Chooses the threshold for each domain.

    Parameters
    ----------
    known:
        Among which to choose.
    model, group:
        Only thresholds of these; by default the band of all.
    domain:
        Of thresholds that do not say theirs.
    whose:
        Whose they are: ``"published"``, or the name of a file.

    Raises
    ------
    UsageError
        If there is none of such a model or group, or a threshold without domain.
    """

    def __init__(
        self,
        known: KnownThresholds,
        *,
        model: str | None = None,
        group: str | None = None,
        domain: str | None = None,
        whose: str = "published",
    ) -> None:
        if domain is not None:
            check_domain(domain)
        self._model, self._group, self._whose = model, group, whose
        entries = [
            replace(entry, domain=domain) if entry.domain is None else entry
            for entry in known.select(model=model, group=group).entries
        ]
        if any(entry.domain is None for entry in entries):
            raise UsageError(
                "The threshold does not say for which domain it holds.",
                hint="Say it with --domain, or estimate it with one.",
            )
        self._entries = tuple(entries)
        self._chosen: dict[str | None, AppliedThreshold] = {}

    def for_domain(self, domain: str | None) -> AppliedThreshold:
        """The threshold for concepts of a domain, or the reason why there is none."""
        if domain not in self._chosen:
            self._chosen[domain] = self._choose(domain)
        return self._chosen[domain]

    def _choose(self, domain: str | None) -> AppliedThreshold:
        if domain is None:
            why = "its domain is not known: say it in the concept list, or for all with --domain"
            return AppliedThreshold(None, None, None, why)
        matching = tuple(entry for entry in self._entries if entry.domain == domain)
        valued = tuple(entry for entry in matching if entry.value is not None)
        if not valued:
            return AppliedThreshold(domain, None, None, self._why_none(domain, matching), matching)
        span = Span(min(e.low or 0 for e in valued), max(e.high or 0 for e in valued))
        without = len(matching) - len(valued)
        statement = self._of_one(valued[0]) if len(valued) == 1 else self._of_several(valued)
        if without:
            statement += f"; {without} more found no threshold"
        return AppliedThreshold(
            domain, _middle(valued), span, statement, matching, tuple(self._not_named)
        )

    @property
    def _not_named(self) -> list[str]:
        named = (("model", self._model), ("group", self._group))
        return [what for what, name in named if name is None]

    def _why_none(self, domain: str, matching: Sequence[KnownThreshold]) -> str:
        if matching:
            return "; ".join(dict.fromkeys(f"{e.reason} ({_described(e)})" for e in matching))
        wanted = "".join(
            f", {what} {name}"
            for what, name in (("model", self._model), ("group", self._group))
            if name is not None
        )
        whose = "is published" if self._whose == "published" else f"is in {self._whose}"
        return f"none {whose} for the domain {domain}{wanted}: give one with --threshold"

    def _of_one(self, entry: KnownThreshold) -> str:
        if entry.interval is not None:
            return f"{_described(entry)}, with its interval"
        without = "published without interval" if self._whose == "published" else "without interval"
        return f"{_described(entry)}; {without}, taken as a point"

    def _of_several(self, entries: Sequence[KnownThreshold]) -> str:
        missing = " and ".join(f"no {what}" for what in self._not_named)
        why = f"{missing} was named" if missing else "all of them are of these"
        groups = _listed([entry.group for entry in entries])
        models = _listed([model for entry in entries for model in entry.models])
        of = "; ".join(text for text in (groups, models) if text)
        sources = _listed([entry.source for entry in entries if entry.source])
        published = " published" if self._whose == "published" else ""
        text = f"the band from the smallest to the largest of {len(entries)}{published} values"
        text += f" ({of})" if of else ""
        if all(entry.interval is None for entry in entries):
            text += ", each without interval"
        return f"{text}, because {why}" + (f"; {sources}" if sources else "")


class GivenThreshold:
    """One threshold for all concepts, whatever their domain.

    Parameters
    ----------
    threshold:
        A number of images, or the ends of an interval.

    Raises
    ------
    UsageError
        If it is none.
    """

    def __init__(self, threshold: float | tuple[float, float]) -> None:
        given = threshold if isinstance(threshold, tuple) else (threshold, threshold)
        wrong = check_values(given[0], given) or check_values(given[1])
        if wrong:
            raise UsageError(
                f"The threshold {given[0]:g}:{given[1]:g} is none: {wrong}.",
                hint="Give a number of images, such as 200, or two, such as 100:300.",
            )
        self._span = Span(*given)

    def for_domain(self, domain: str | None) -> AppliedThreshold:
        span = self._span
        as_what = "as a point" if span.low == span.high else "as an interval"
        value = math.sqrt(span.low * span.high)
        return AppliedThreshold(None, value, span, f"given for all concepts, {as_what}")


def _middle(entries: Sequence[KnownThreshold]) -> float:
    """The value of one; of several the middle of the smallest and the largest, on a log scale."""
    values = [entry.value for entry in entries if entry.value is not None]
    return values[0] if len(values) == 1 else math.sqrt(min(values) * max(values))


def _described(entry: KnownThreshold) -> str:
    models = ", ".join(entry.models)
    trained = f"{models or 'a model'} on {entry.training_set}" if entry.training_set else models
    parts = [part for part in (entry.group, trained, entry.source or entry.place) if part]
    return ", ".join(parts) or "one threshold"


def _listed(texts: Sequence[str | None]) -> str:
    return ", ".join(dict.fromkeys(text for text in texts if text))
