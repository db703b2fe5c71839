"""Reports as `audit report -o report.json` writes them, made by hand."""

from __future__ import annotations

import copy
from typing import Any

from audit.comparisons.reading import as_snapshot
from audit.reviews.findings import STATUSES
from audit.verdicts.judging import NO_THRESHOLD, Span, judge


def coverage(samples=1000, *, unread=0, shards=2, read_shards=2, removed=0, removals=()):
    return {
        "shards": shards, "read_shards": read_shards, "rows": samples + removed,
        "unread_rows": unread, "removed": removed, "samples": samples,
        "removals": list(removals), "rejected_lines": 0,
    }  # fmt: skip


def concept(
    name: str,
    samples: int | None,
    *,
    phrases: list[str] | None = None,
    exclusions: tuple[str, ...] = (),
    threshold: tuple[float, float] | None = (100, 200),
    count: tuple[float, float] | None = None,
    unread: float | None = 0,
    visual: dict[str, Any] | None = None,
    statuses: dict[str, int] | None = None,
) -> dict[str, Any]:
    """One concept; ``count`` is what the verdict is by, if it is not the samples."""
    known = samples or 0
    high = None if unread is None else known + unread
    ends = count or (known, float("inf") if high is None or samples is None else high)
    span = Span(*ends)
    verdict = NO_THRESHOLD if threshold is None else judge(span, Span(*threshold))
    return {
        "number": 0, "name": name, "domain": "art-style", "aliases": [],
        "exclusions": list(exclusions), "owner": None, "rights": None,
        "caption": {
            "samples": samples,
            "interval": [samples, None if samples is None else high],
            "phrases": phrases or [name.casefold()],
        },
        "visual": visual,
        "verdict": {
            "verdict": verdict,
            "count": {"value": samples if count is None else sum(count) / 2, "low": ends[0],
                      "high": None if ends[1] == float("inf") else ends[1]},
            "threshold": threshold
            and {"value": threshold[0], "low": threshold[0], "high": threshold[1]},
            "threshold_statement": "given for all concepts, as an interval",
        },
        "licenses": {
            "samples": known,
            "statuses": [{"name": name, "samples": n}
                         for name, n in (statuses or {"unknown": known}).items()],
        },
    }  # fmt: skip


def shown(value: float, low: float, high: float, *, known=True, references=("a.jpg",)):
    """A count of one concept by image."""
    return {
        "samples": {"value": value, "low": low, "high": high},
        "is_known": known,
        "references": {"names": list(references)},
    }


def report(*concepts: dict[str, Any], dataset="d", samples=1000, **changes: Any) -> dict[str, Any]:
    """A report on a dataset of which nothing else is known; ``changes`` replace its parts."""
    document: dict[str, Any] = {
        "schema": "audit.report/1",
        "created": "2026-01-01T00:00:00+00:00",
        "tool_version": "1.0",
        "dataset": {
            "name": dataset, "sources": [f"/shards/{dataset}"], "coverage": coverage(samples),
            "updated": "2026-01-01T00:00:00+00:00", "folding_version": 1,
        },
        "question": {"by": "caption", "where": None},
        "count": {"considered": samples},
        "visual": None,
        "flags": {
            "thresholds_of": "given", "model": None, "group": None, "domain": None, "share": None,
            "thresholds": [{"value": 100, "low": 100, "high": 200, "thresholds": []}],
        },
        "licenses": {
            "on": "2026-01-01", "numbers": None, "license_map": None, "samples": samples,
            "statuses": [{"name": name, "samples": samples if name == "unknown" else 0}
                         for name in STATUSES],
            "findings": [{"name": "missing", "samples": samples}],
            "concluded": [{"license": "NOASSERTION", "samples": samples}],
            "openness": {"tier": None},
        },
        "optouts": {
            "columns": [], "sidecars": [], "sample": None, "crawlers": ["GPTBot"],
            "samples": samples, "uses": [optouts("training", 0, 0, samples)],
        },
        "domains": domains({"example.org": samples}, samples=samples),
        "concepts": list(concepts),
    }  # fmt: skip
    return document | changes


def optouts(use, denied, allowed, unknown):
    return {"use": use, "denied": denied, "allowed": allowed, "unknown": unknown}


def domains(listed: dict[str, int], *, domains: int | None = None, samples=1000):
    return {
        "samples": samples,
        "domains": len(listed) if domains is None else domains,
        "public_suffix_list": "2026",
        "suffixes_of_registries_only": False,
        "top": {"domains": [{"domain": name, "samples": n} for name, n in listed.items()]},
    }


def put(document: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """A copy with another value at a place (``"concepts.0.name"``); ``...`` takes it away."""
    changed = copy.deepcopy(document)
    *way, last = place.split(".")
    here: Any = changed
    for step in way:
        here = here[int(step) if isinstance(here, list) else step]
    if value is ...:
        del here[last]
    else:
        here[int(last) if isinstance(here, list) else last] = value
    return changed


def snapshot(*concepts, **changes):
    return as_snapshot(report(*concepts, **changes), "a.json", "report")
