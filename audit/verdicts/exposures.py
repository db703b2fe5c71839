"""What a count says of each concept, and what is in doubt of it.

Counts are read as `audit count --output json` writes them, whether they were taken just now or
kept in a file: there is one way from a count to a verdict.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audit.captions.folding import fold
from audit.counts.results import SCHEMA as CAPTION_SCHEMA
from audit.counts.visual_results import SCHEMA as VISUAL_SCHEMA
from audit.curated.problems import is_text
from audit.curated.text import read_text
from audit.errors import UsageError
from audit.verdicts.judging import Span


@dataclass(frozen=True)
class Exposure:
    """How many samples speak for one concept.

    Attributes
    ----------
    value:
        The count, or the most plausible number; None if nothing is known of it.
    span:
        From the fewest to the most that it may be.
    read_high:
        The most that it may be if what could not be read held none of it.
    accidental:
        Samples left out of the low end, because they may mean something else by a one-word name.
    by_labels:
        The same by people's labels; None if nobody labelled. The count itself is that by labels
        where all samples that were drawn are labelled, and spans both where they contradict it.
    unseen:
        Whether there are samples whose image was not looked at.
    notes:
        What the count itself warns of, a sentence each.
    """

    concept: str
    domain: str | None
    value: float | None
    span: Span
    read_high: float
    accidental: float = 0
    by_labels: Span | None = None
    unseen: bool = False
    notes: tuple[str, ...] = ()

    @property
    def when_read(self) -> Span:
        """The span if the unread samples held none of the concept."""
        return Span(self.span.low, self.read_high)

    @property
    def is_unread(self) -> bool:
        """Whether samples that could not be read are in the high end."""
        return self.span.high > self.read_high

    @property
    def when_meant(self) -> Span:
        """The span if every one-word match means the concept."""
        return Span(self.span.low + self.accidental, self.span.high)

    def scaled(self, low: float, high: float) -> Exposure:
        """As many as show the concept if from ``low`` to ``high`` of the named samples do."""
        named = self.when_meant
        return replace(
            self,
            value=None if self.value is None else self.value * (low + high) / 2,
            span=Span(named.low * low, named.high * high if high else 0.0),
            read_high=self.read_high * high if high else 0.0,
            accidental=0,
        )


@dataclass(frozen=True)
class CountedConcepts:
    """Exposures of a dataset, with what they rest on."""

    exposures: tuple[Exposure, ...]
    dataset: str
    by: str
    considered: int
    where: str | None
    coverage: Mapping[str, Any]
    method: str
    assumption: str
    sources: tuple[str, ...]

    @property
    def is_of_captions(self) -> bool:
        return self.by == "caption"

    @property
    def unread_shards(self) -> int:
        return int(self.coverage["shards"]) - int(self.coverage["read_shards"])


def read_count(path: str | Path) -> Mapping[str, Any]:
    """A count that was kept: by `audit count --output json`, or with ``--save``.

    Raises
    ------
    UsageError
        If it cannot be read, or is no count.
    """
    path = Path(path)
    text = read_text(path, "a count")
    try:
        record = json.loads(text)
        counted_concepts(record)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _no_count(str(path), reason) from error
    except UsageError as error:
        raise _no_count(str(path), error.message) from error
    return dict(record)


def counted_concepts(record: Mapping[str, Any]) -> CountedConcepts:
    """Exposures from a count as ``to_dict()`` has it.

    Raises
    ------
    UsageError
        If it is no count, or a damaged one.
    """
    schema = record.get("schema") if isinstance(record, Mapping) else None
    if schema not in (CAPTION_SCHEMA, VISUAL_SCHEMA):
        raise _no_count("This", f"its schema is {schema!r}")
    try:
        coverage = record["coverage"]
        unread = coverage["unread_rows"]
        if unread is not None:
            unread = _number(unread) + _number(coverage["rejected_lines"])
        of_captions = schema == CAPTION_SCHEMA
        exposure = _by_caption if of_captions else _by_image
        where = record["where"]
        return CountedConcepts(
            exposures=tuple(exposure(result, unread) for result in record["results"]),
            dataset=_text(record["dataset"]),
            by="caption" if of_captions else _text(record["by"]),
            considered=int(_number(record["considered"])),
            where=None if where is None else _text(where),
            coverage={**coverage, **{n: int(_number(coverage[n])) for n in _SHARDS}},
            method=_text(record["method"]),
            assumption=_text(record["assumption"]),
            sources=tuple(_text(source) for source in record["sources"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise _no_count(
            "The count", f"is damaged, or of another version of audit: {what}"
        ) from error


_SHARDS = ("shards", "read_shards", "rows")


def _no_count(what: str, reason: str) -> UsageError:
    return UsageError(
        f"{what}: is no count: {reason.rstrip('.')}.",
        hint="Count again: audit count … --output json > FILE.",
    )


def _by_caption(result: Mapping[str, Any], unread: float | None) -> Exposure:
    notes = tuple(_text(finding["message"]) for finding in result["findings"])
    if result["samples"] == 0:
        notes += ("no caption names it: is it spelt as captions spell it?",)
    name, domain = _text(result["concept"]), _domain(result)
    if result["samples"] is None:
        return Exposure(name, domain, None, Span(0, math.inf), math.inf, notes=notes)
    samples = _number(result["samples"])
    accidental = min(_most_accidental(result), samples)
    high = math.inf if unread is None else samples + unread
    span = Span(samples - accidental, high)
    return Exposure(name, domain, samples, span, samples, accidental, notes=notes)


def _most_accidental(result: Mapping[str, Any]) -> float:
    """Samples that may mean something else by a one-word name, by the high end of its interval."""
    by_phrase = {fold(_text(name)).strip(): _number(n) for name, n in result["aliases"].items()}
    return sum(
        by_phrase.get(_text(share["phrase"]), 0) * _number(share["interval"][1])
        for share in result["accidental"]
        if share["interval"] is not None
    )


def _by_image(result: Mapping[str, Any], unread: float | None) -> Exposure:
    estimate = result["samples"]
    low, high = _number(estimate["low"]), _number(estimate["high"])
    known = bool(result["is_known"])
    notes = [_text(warning) for warning in result["warnings"]]
    strata = [result["named"], result["unnamed"]]
    if any(_number(stratum["dead"]) for stratum in strata):
        ends = (sum(_number(s["dead_link_bounds"][end]) for s in strata) for end in ("low", "high"))
        fewest, most = (f"{end:,.0f}" for end in ends)
        notes.append(f"whatever the images show that are missing: {fewest} to {most}")
    value = _number(estimate["value"]) if known else None
    by_labels = None
    if result["labelled"] is not None:
        by_labels = _span_of(result["labelled"]["samples"])
        if _is_all_labelled(result["labelled"]):
            value = _number(result["labelled"]["samples"]["value"])
            low, high = by_labels.low, by_labels.high
            notes.append("the count is that by people's labels of all the samples that were drawn")
        elif by_labels.low > high or by_labels.high < low:
            notes.append("what references say and what people's labels say is both held possible")
            low, high = min(low, by_labels.low), max(high, by_labels.high)
    return Exposure(
        concept=_text(result["concept"]),
        domain=_domain(result),
        value=value,
        span=Span(low, math.inf if unread is None else high + unread),
        read_high=high,
        by_labels=by_labels,
        unseen=any(_number(s["examined"]) < _number(s["population"]) for s in strata),
        notes=tuple(notes),
    )


def _span_of(estimate: Mapping[str, Any]) -> Span:
    return Span(_number(estimate["low"]), _number(estimate["high"]))


def _is_all_labelled(labelled: Mapping[str, Any]) -> bool:
    """Whether every sample that was drawn has a label; counts of earlier versions do not say."""
    drawn = labelled.get("drawn")
    given = sum(_number(labels) for labels in labelled.get("labels", {}).values())
    return drawn is not None and _number(drawn) <= given


def _domain(result: Mapping[str, Any]) -> str | None:
    return None if result["domain"] is None else _text(result["domain"])


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"{value!r} is no number of samples")
    return value


def _text(value: object) -> str:
    if not is_text(value):
        raise ValueError(f"{value!r} is no text")
    return str(value)
