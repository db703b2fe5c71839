"""The tables of a report: what CSV files are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from audit.dossiers.results import AuditReport

_Row = dict[str, Any]

#: The columns of each table but ``concepts``: those of a table without a row, too.
COLUMNS = {
    "names": ("concept", "name", "samples"),
    "strata": ("concept", "of", "value", "low", "high"),
    "concept_licenses": (
        "concept", "kind", "license", "status", "samples", "share", "distinct_urls",
    ),
    "concept_findings": ("concept", "name", "samples", "share", "distinct_urls"),
    "concept_uses": ("concept", "use", "allowed", "denied", "unknown"),
    "concept_hosts": ("concept", "host", "samples"),
    "concept_optouts": ("concept", "use", "denied", "allowed", "unknown"),
    "examples": ("concept", "shard", "row", "caption", "url"),
    "licenses": ("kind", "license", "status", "samples", "share", "distinct_urls"),
    "findings": ("name", "samples", "share", "distinct_urls"),
    "uses": ("use", "allowed", "denied", "unknown"),
    "hosts": (
        "host", "samples", "open", "public-domain", "restricted", "in-copyright", "unknown",
        "missing", "conflicting",
    ),
    "license_values": ("column", "value", "samples", "license", "status", "rule", "reason"),
    "domains": ("domain", "samples", "hosts"),
    "optouts": (
        "use", "what", "denied", "allowed", "unknown", "denied_share", "allowed_share",
        "unknown_share",
    ),
    "evidence": ("concept", "figure", "file", "where", "rows"),
    "limits": ("limit",),
}  # fmt: skip


def report_tables(report: AuditReport) -> dict[str, pl.DataFrame]:
    """Every table of a report by its name; tables without a row are there too.

    ``concepts`` has one row a concept; the others say in their first column which concept they
    are about, or are about the whole dataset.
    """
    told = report.to_dict()
    concepts = told["concepts"]
    rows: dict[str, list[_Row]] = {
        "names": [row for one in concepts for row in _names(one)],
        "strata": [row for one in concepts for row in _strata(one)],
        "concept_licenses": [row for one in concepts for row in _licenses(one["name"], one)],
        "concept_findings": [row for one in concepts for row in _findings(one["name"], one)],
        "concept_uses": [row for one in concepts for row in _uses(one["name"], one)],
        "concept_hosts": [
            {"concept": one["name"], **host} for one in concepts for host in one["hosts"]["listed"]
        ],
        "concept_optouts": [
            {"concept": one["name"], "use": use, **answers}
            for one in concepts
            for use, answers in (one["optouts"] or {"uses": {}})["uses"].items()
        ],
        "examples": [row for one in concepts for row in _examples(one)],
        "licenses": list(_licenses(None, told)),
        "findings": list(_findings(None, told)),
        "uses": list(_uses(None, told)),
        "hosts": told["licenses"]["hosts"]["listed"],
        "license_values": told["licenses"]["values"]["listed"],
        "domains": told["domains"]["top"]["domains"],
        "optouts": told["optouts"]["uses"],
        "evidence": [row for one in concepts for row in _evidence(one["name"], one["evidence"])]
        + list(_evidence(None, told["evidence"]["figures"])),
        "limits": [{"limit": limit} for limit in told["limits"]],
    }
    frames = {"concepts": report.to_polars()}
    for name, some in rows.items():
        # What is about the whole dataset is about no concept: its table lacks that column.
        frame = pl.DataFrame(some, infer_schema_length=None)
        frames[name] = frame.select(COLUMNS[name]) if some else pl.DataFrame(schema=COLUMNS[name])
    return frames


def _names(one: Mapping[str, Any]) -> Iterator[_Row]:
    for name, samples in one["caption"]["aliases"].items():
        yield {"concept": one["name"], "name": name, "samples": samples}


def _strata(one: Mapping[str, Any]) -> Iterator[_Row]:
    visual = one["visual"]
    if visual is None:
        return
    for name in ("samples", "named_and_shown", "named_not_shown", "shown_not_named"):
        yield {"concept": one["name"], "of": name, **visual[name]}


def _licenses(concept: str | None, one: Mapping[str, Any]) -> Iterator[_Row]:
    for kind in ("declared", "concluded"):
        for count in one["licenses"][kind]:
            row = {name: count[name] for name in ("license", "status", "samples", "share")}
            yield {"concept": concept, "kind": kind, **row, "distinct_urls": _distinct(count)}


def _findings(concept: str | None, one: Mapping[str, Any]) -> Iterator[_Row]:
    for kind in ("statuses", "findings"):
        for count in one["licenses"][kind]:
            row = {name: count[name] for name in ("name", "samples", "share")}
            yield {"concept": concept, **row, "distinct_urls": _distinct(count)}


def _distinct(count: Mapping[str, Any]) -> int | None:
    urls = count["distinct_urls"]
    return None if urls is None else int(urls["value"])


def _uses(concept: str | None, one: Mapping[str, Any]) -> Iterator[_Row]:
    for use, answers in one["licenses"]["uses"].items():
        yield {"concept": concept, "use": use, **answers}


def _examples(one: Mapping[str, Any]) -> Iterator[_Row]:
    for example in one["caption"]["examples"]:
        row = {name: example[name] for name in ("shard", "row", "caption", "url")}
        yield {"concept": one["name"], **row}


def _evidence(concept: str | None, figures: list[dict[str, Any]]) -> Iterator[_Row]:
    for figure in figures:
        yield {"concept": concept, **figure}
