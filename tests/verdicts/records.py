"""Counts as `audit count --output json` writes them."""

from __future__ import annotations

COVERAGE = {
    "shards": 2,
    "read_shards": 2,
    "rows": 10_000,
    "unread_rows": 0,
    "rejected_lines": 0,
    "unread": [],
}


def caption(concept, samples, domain="art-style", *, unread=0, accidental=None, findings=()):
    """The count of one concept by caption; ``accidental``: interval of a one-word name's share."""
    share = {"phrase": concept.lower(), "share": 0.1, "interval": accidental}
    return {
        "concept": concept,
        "samples": samples,
        "interval": [samples, None if samples is None else samples + unread],
        "domain": domain,
        "aliases": {concept: samples or 0},
        "accidental": [share] if accidental else [],
        "findings": [{"kind": "x", "concept": concept, "message": text} for text in findings],
    }


def image(concept, value, low, high, domain="art-style", *, known=True, labelled=None, dead=0):
    """The count of one concept by image, all in one stratum."""
    stratum = {"population": 1000, "examined": 1000 - dead, "dead": dead}
    bounds = {"value": value, "low": low / 2, "high": high * 2}
    return {
        "concept": concept,
        "samples": {"value": value, "low": low, "high": high},
        "is_known": known,
        "domain": domain,
        "named": {**stratum, "dead_link_bounds": bounds},
        "unnamed": {**stratum, "dead": 0, "examined": 1000, "dead_link_bounds": bounds},
        "labelled": labelled
        and {"samples": dict(zip(("value", "low", "high"), labelled, strict=True))},
        "warnings": ["too frequent here"],
    }


def counted(*results, by="caption", **coverage):
    """A count of what :func:`caption` or :func:`image` made."""
    return {
        "schema": "audit.count/1" if by == "caption" else "audit.count.visual/1",
        "dataset": "gallery",
        "coverage": {**COVERAGE, **coverage},
        "by": by,
        "considered": 10_000,
        "where": None,
        "method": "census",
        "assumption": "none",
        "sources": ["a.parquet"],
        "results": list(results),
    }
