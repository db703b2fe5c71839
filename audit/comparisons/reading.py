"""Reading a report that was kept: by whom, and whether by hand, nobody knows."""

from __future__ import annotations

import json
import math
import re
import stat
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn

from audit.captions.folding import fold
from audit.captions.phrases import Wording
from audit.comparisons.differences import Measured
from audit.comparisons.records import DamagedError, Record
from audit.comparisons.snapshots import (
    ConceptSnapshot,
    DomainSnapshot,
    Judged,
    LicenseSnapshot,
    OptOutSnapshot,
    Read,
    Shown,
    Snapshot,
    StatusCounts,
    Thresholds,
)
from audit.concepts import Concept
from audit.curated.problems import shown
from audit.curated.text import read_text
from audit.errors import ConceptError, UsageError
from audit.optouts.results import ANSWERS
from audit.reviews.findings import STATUSES
from audit.thresholds.known import KnownThreshold, check_values
from audit.verdicts.judging import NO_THRESHOLD, VERDICTS, judge

SCHEMA = "audit.report/1"
_ANY_REPORT = re.compile(r"audit\.report/(\d{1,9})")
#: Bytes. A report on 5,000 concepts has a few million.
_LARGEST = 1 << 30


def read_report(path: Path) -> Snapshot:
    """A report that `audit report -o report.json` wrote.

    Raises
    ------
    UsageError
        If it cannot be read, is no report, is of a newer version, or is damaged: with the place.
    """
    _check_size(path)
    text = read_text(path, "a report")
    try:
        document = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{path}:{error.lineno}:{error.colno}: is no JSON: {error.msg}.", hint=_REMEDY
        ) from error
    except (ValueError, RecursionError) as error:
        reason = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(f"{path}: is no report: {reason}.", hint=_REMEDY) from error
    return as_snapshot(document, str(path), "report")


def as_snapshot(document: object, place: str, kind: Literal["report", "dataset"]) -> Snapshot:
    """What a document in the schema ``audit.report/1`` says.

    Parameters
    ----------
    place:
        What errors call it.

    Raises
    ------
    UsageError
        If it is no report, is of a newer version, or is damaged: with the place.
    """
    schema = document.get("schema") if isinstance(document, Mapping) else None
    if schema != SCHEMA:
        raise _other_schema(place, schema)
    try:
        return _snapshot(Record(document), place, kind)
    except DamagedError as error:
        raise UsageError(
            f"{place}: the report is damaged: {error}.",
            hint="Write it again with `audit report -o FILE.json`; do not edit it.",
        ) from error


_REMEDY = "Give JSON of `audit report -o FILE.json`, or the name of a dataset."


def _check_size(path: Path) -> None:
    """Refuse what would fill the memory before it is known to be no report."""
    try:
        status = path.stat()
    except OSError:
        return  # told by whoever reads it
    if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        raise UsageError(f"{path}: is a device, not a report.", hint=_REMEDY)
    if status.st_size > _LARGEST:
        raise UsageError(f"{path}: is larger than any report: {status.st_size:,} bytes.",
                         hint=_REMEDY)  # fmt: skip


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"it has the number {name}, which JSON does not")


def _other_schema(place: str, schema: object) -> UsageError:
    version = _ANY_REPORT.fullmatch(schema) if isinstance(schema, str) else None
    if version is not None and int(version[1]) > 1:
        return UsageError(
            f"{place}: is a report of a newer version of audit: {shown(schema)}.",
            hint="Install that version, or write the report with this one.",
        )
    told = "it has no schema" if schema is None else f"its schema is {shown(schema)}"
    return UsageError(f"{place}: is no report: {told}.", hint=_REMEDY)


def _snapshot(report: Record, place: str, kind: Literal["report", "dataset"]) -> Snapshot:
    dataset, question = report.record("dataset"), report.record("question")
    count, visual = report.record_or_none("count"), report.record_or_none("visual")
    flags = report.record_or_none("flags")
    concepts = tuple(_concept(one) for one in report.records("concepts"))
    names = Counter(one.concept.name for one in concepts)
    for name, times in names.most_common(1):
        if times > 1:
            raise DamagedError(f"concepts has {shown(name)} {times} times")
    if concepts and (count is None or flags is None):
        raise DamagedError("there are concepts, and no count or no flags")
    return Snapshot(
        kind=kind,
        place=place,
        created=report.text("created"),
        tool_version=report.text("tool_version"),
        dataset=dataset.text("name"),
        sources=dataset.texts("sources"),
        updated=dataset.text("updated"),
        folding_version=dataset.samples("folding_version"),
        read=_read(dataset.record("coverage")),
        counted_by=question.choice("by", ("caption", "visual", "both")),
        where=question.text_or_none("where"),
        considered=None if count is None else count.samples("considered"),
        seen=None if visual is None else visual.samples("considered"),
        encoder=None if visual is None else visual.record("encoder").text("id"),
        thresholds=None if flags is None else _thresholds(flags),
        concepts=concepts,
        licenses=_licenses(report.record("licenses")),
        optouts=_optouts(report.record("optouts")),
        domains=_domains(report.record("domains")),
    )


def _read(coverage: Record) -> Read:
    unread = coverage.samples_or_none("unread_rows")
    rejected = coverage.samples("rejected_lines")
    shards, read_shards = coverage.samples("shards"), coverage.samples("read_shards")
    if read_shards > shards:
        raise coverage.wrong("read_shards", f"at most {shards}, the shards there are")
    return Read(
        shards=shards,
        read_shards=read_shards,
        unread=math.inf if unread is None else unread + rejected,
        removed=coverage.samples("removed"),
        removals=coverage.texts("removals"),
        samples=coverage.samples("samples"),
    )


def _concept(record: Record) -> ConceptSnapshot:
    caption = record.record("caption")
    try:
        concept = Concept(
            record.text("name"),
            aliases=record.texts("aliases"),
            exclusions=record.texts("exclusions"),
            domain=record.text_or_none("domain"),
            owner=record.text_or_none("owner"),
            rights=record.text_or_none("rights"),
        )
    except ConceptError as error:
        raise DamagedError(f"{record.place} is no concept: {error.message.rstrip('.')}") from error
    return ConceptSnapshot(
        concept=concept,
        wording=Wording.of(caption.texts("phrases"), map(fold, concept.exclusions)),
        named=_named(caption),
        shown=_shown(record),
        judged=_judged(record.record("verdict")),
        licenses=_statuses(record.record("licenses")),
    )


def _named(caption: Record) -> Measured:
    samples = caption.samples_or_none("samples")
    interval = caption.value("interval")
    if samples is None:
        return Measured.unknown()
    if not isinstance(interval, list) or len(interval) != 2 or interval[0] != samples:
        raise caption.wrong("interval", "two numbers, the first one the samples")
    if interval[1] is None:
        return Measured.counted(samples, math.inf)
    ends = caption.ends("interval")
    return Measured.counted(samples, int(ends[1]) - samples if ends else 0)


def _shown(concept: Record) -> Shown | None:
    visual = concept.record_or_none("visual")
    if visual is None:
        return None
    estimate = visual.record("samples")
    span, value = estimate.span(), estimate.number("value")
    if not span.low <= value <= span.high or math.isinf(span.high):
        raise estimate.wrong("value", "within its interval")
    return Shown(
        Measured(value if visual.value("is_known") is True else None, span.low, span.high),
        visual.record("references").texts("names"),
    )


def _judged(record: Record) -> Judged:
    count, threshold = record.record("count"), record.record_or_none("threshold")
    judged = Judged(
        verdict=record.choice("verdict", VERDICTS),
        value=count.number_or_none("value"),
        count=count.span(),
        threshold=None if threshold is None else threshold.span(),
        statement=record.text("threshold_statement"),
    )
    if judged.threshold is not None and math.isinf(judged.threshold.high):
        raise record.wrong("threshold", "a threshold with an end")
    follows = NO_THRESHOLD if judged.threshold is None else judge(judged.count, judged.threshold)
    if judged.verdict != follows:
        raise record.wrong("verdict", f"what follows from its numbers, {shown(follows)}")
    return judged


def _statuses(scope: Record) -> StatusCounts:
    by_status = _by_name(scope, "statuses", "name")
    samples = scope.samples("samples")
    other = next((name for name in by_status if name not in STATUSES), None)
    if other is not None or sum(by_status.values()) != samples:
        told = f"{shown(other)}, which is none" if other else f"{sum(by_status.values()):,} samples"
        raise DamagedError(f"{scope.at('statuses')} has {told}, and all are {samples:,}")
    return StatusCounts(samples, by_status)


def _by_name(scope: Record, list_name: str, key: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in scope.records(list_name):
        name = one.text(key)
        if name in found:
            raise DamagedError(f"{scope.at(list_name)} has {shown(name)} twice")
        found[name] = one.samples("samples")
    return found


def _thresholds(flags: Record) -> Thresholds:
    applied = flags.records("thresholds")
    spans = dict.fromkeys(one.span() for one in applied if not one.is_null("value"))
    known = (_known(entry) for one in applied for entry in one.records("thresholds"))
    return Thresholds(
        whose=flags.text("thresholds_of"),
        model=flags.text_or_none("model"),
        group=flags.text_or_none("group"),
        domain=flags.text_or_none("domain"),
        share=flags.ends("share"),
        spans=tuple(spans),
        known=tuple(dict.fromkeys(known)),
    )


def _known(entry: Record) -> KnownThreshold:
    value, interval = entry.value("value"), entry.value("interval")
    wrong = None if value is None else check_values(value, interval)
    if wrong is not None:
        raise DamagedError(f"{entry.place}: {wrong}")
    return KnownThreshold(
        value=entry.number_or_none("value"),
        interval=entry.ends("interval"),
        domain=entry.text_or_none("domain"),
        models=entry.texts("models"),
        training_set=entry.text_or_none("training_set"),
        group=entry.text_or_none("group"),
        unit=entry.text_or_none("unit"),
        method=entry.text_or_none("method"),
        source=entry.text_or_none("source"),
        caveats=entry.texts("caveats"),
        reason=entry.text_or_none("reason"),
    )


def _licenses(review: Record) -> LicenseSnapshot:
    whole, license_map = _statuses(review), review.record_or_none("license_map")
    return LicenseSnapshot(
        on=review.text("on"),
        numbers=review.text_or_none("numbers"),
        license_map=None if license_map is None else license_map.text("sha256"),
        samples=whole.samples,
        statuses=whole.by_status,
        findings=_by_name(review, "findings", "name"),
        concluded=_by_name(review, "concluded", "license"),
        tier=review.record("openness").text_or_none("tier"),
    )


def _optouts(review: Record) -> OptOutSnapshot:
    samples = review.samples("samples")
    uses: dict[str, dict[str, int]] = {}
    for use in review.records("uses"):
        answers = {str(answer): use.samples(answer) for answer in ANSWERS}
        if sum(answers.values()) != samples:
            raise DamagedError(f"{use.place}: its answers are not those of {samples:,} samples")
        uses[use.text("use")] = answers
    return OptOutSnapshot(
        has_signals=bool(review.texts("columns") or review.texts("sidecars")),
        is_of_all=review.is_null("sample"),
        crawlers=review.texts("crawlers"),
        samples=samples,
        uses=uses,
    )


def _domains(counts: Record) -> DomainSnapshot:
    top = counts.record("top")
    listed = _by_name(top, "domains", "domain")
    domains, samples = counts.samples("domains"), counts.samples("samples")
    if len(listed) > domains:
        raise counts.wrong("domains", f"at least {len(listed)}, which are listed")
    unlisted = 0
    if len(listed) < domains:
        unlisted = min(listed.values(), default=samples)
    suffixes_only: Any = counts.value("suffixes_of_registries_only")
    return DomainSnapshot(
        samples=samples,
        domains=domains,
        suffixes=(counts.text("public_suffix_list"), bool(suffixes_only)),
        listed=listed,
        most_unlisted=unlisted,
    )
