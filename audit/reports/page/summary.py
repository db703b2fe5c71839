"""What was audited: the dataset, how much of it was read, with what, when and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.reports.markup import Html, fill, joined, shortened
from audit.reports.page import words
from audit.reports.page.charts import table
from audit.reports.tables import counted, describe_distinct, describe_lengths

_MOST_LISTED = 12
_LONGEST_NAME = 200


def title(report: Mapping[str, Any]) -> str:
    return f"Audit of {shortened(report['dataset']['name'], _LONGEST_NAME)}"


def summary(report: Mapping[str, Any]) -> Html:
    """The facts, and in full what could not be read."""
    dataset, question = report["dataset"], report["question"]
    facts: list[tuple[str, object]] = [
        ("Dataset", fill("<b><bdi>$name</bdi></b>", name=dataset["name"])),
        ("Sources", _sources(dataset["sources"])),
        ("Read", coverage(dataset["coverage"])),
        ("Samples", f"{dataset['samples']:,}"),
        *(
            [("Meet the condition", f"{report['licenses']['samples']:,}")]
            if question["where"] is not None
            else []
        ),
        ("Captions", _captions(dataset.get("captions"))),
        ("Distinct URLs", _distinct(dataset)),
        ("Own license", _own_license(dataset["license"])),
        ("Asked", _question(question)),
        ("Made", _made(report)),
        ("Command", _command(report["command"])),
        ("Seeds", _seeds(report["seeds"])),
    ]
    lines = [
        fill("<div><dt>$what</dt><dd>$value</dd></div>", what=what, value=value)
        for what, value in facts
    ]
    return fill(
        '<dl class="facts">$lines</dl>$unread$columns',
        lines=joined(lines),
        unread=_unread(dataset["coverage"]),
        columns=_columns(dataset),
    )


def coverage(told: Mapping[str, Any]) -> str:
    """How much of a dataset was read.

    >>> coverage({"shards": 3, "read_shards": 2, "rows": 10, "samples": 10, "unread_rows": None,
    ...           "removed": 0, "rejected_lines": 0})
    '2 of 3 shards; nobody knows how many rows the others have: counts are lower bounds'
    """
    shards, read = told["shards"], told["read_shards"]
    parts = [
        f"all {counted(shards, 'shard')}" if read == shards else f"{read:,} of {shards:,} shards"
    ]
    if read < shards:
        unread = told["unread_rows"]
        missing = (
            "nobody knows how many rows the others have"
            if unread is None
            else f"the others have {counted(unread, 'row')}"
        )
        parts.append(f"{missing}: counts are lower bounds")
    if told["rejected_lines"]:
        parts.append(
            f"{counted(told['rejected_lines'], 'line')} did not fit the columns: "
            "counts are lower bounds"
        )
    if told["removed"]:
        parts.append(f"{counted(told['removed'], 'sample')} removed on request, and left out")
    parts += told.get("removal_remarks") or []
    return "; ".join(parts)


def _sources(sources: list[str]) -> Html:
    shown = [fill("<bdi>$source</bdi>", source=one) for one in sources[:_MOST_LISTED]]
    more = len(sources) - len(shown)
    told = Html("<br>".join(shown))
    return fill("$told<br>and $more more", told=told, more=f"{more:,}") if more > 0 else told


def _captions(captions: Mapping[str, Any] | None) -> str:
    if captions is None:
        return "not looked at"
    told = [f"{captions['null_captions']:,} samples have none"]
    told.append(f"{captions['wordless_captions']:,} are without words")
    if captions.get("repaired_captions"):
        told.append(f"{captions['repaired_captions']:,} held invalid UTF-8 and were repaired")
    if captions.get("caption_characters"):
        told.append(f"characters: {describe_lengths(captions['caption_characters'])}")
    return "; ".join(told)


def _distinct(dataset: Mapping[str, Any]) -> str:
    if not dataset["distinct_urls"]:
        return "unknown: the dataset has no URLs"
    nowhere = (dataset.get("captions") or {}).get("null_urls") or 0
    return describe_distinct(dataset["distinct_urls"], dataset["samples"] - nowhere)


def _own_license(license_: str | None) -> Html:
    if license_ is None:
        return Html("the dataset says none of its own")
    return fill(
        "<bdi>$license</bdi>, of the dataset itself; never taken for that of its images",
        license=license_,
    )


def _question(question: Mapping[str, Any]) -> Html:
    where, source = question["where"], question["concepts_from"]
    return fill(
        "$many, counted $by$from_where$where",
        many=counted(question["concepts"], "concept"),
        by=words.BY_WORDS.get(question["by"], question["by"]),
        from_where=fill("; their list: <bdi>$source</bdi>", source=source) if source else "",
        where=fill("; only samples where <code>$where</code>", where=where)
        if where
        else "; of all samples",
    )


def _made(report: Mapping[str, Any]) -> Html:
    return fill(
        "$when, by audit $version, captions folded by version $folding; $seconds s",
        when=fill('<time datetime="$iso">$day</time>', iso=report["created"], day=moment(report)),
        version=report["tool_version"],
        folding=report["dataset"]["folding_version"],
        seconds=f"{report['seconds']:,.1f}",
    )


def moment(report: Mapping[str, Any]) -> str:
    """When a report was made, for people: ``2026-11-25 20:37 UTC``."""
    created = str(report["created"])
    return f"{created[:10]} {created[11:16]} UTC"


def _command(command: str | None) -> Html:
    return fill("<code>$command</code>", command=command) if command else Html("made by a program")


def _seeds(seeds: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {seed}" for name, seed in seeds.items()) or "nothing was drawn"


def _unread(told: Mapping[str, Any]) -> Html:
    unread = told.get("unread") or []
    if not unread:
        return Html("")
    lines = [
        fill("<li><bdi>$uri</bdi>: <bdi>$reason</bdi></li>", uri=one["uri"], reason=one["reason"])
        for one in unread[:_MOST_LISTED]
    ]
    more = len(unread) - len(lines)
    return fill(
        '<div class="warning"><p><b>Not all of the dataset could be read.</b> Every count of this '
        "report is a lower bound: what was not read may hold more.</p><ul>$lines$more</ul></div>",
        lines=joined(lines),
        more=fill("<li>and $more more</li>", more=f"{more:,}") if more > 0 else "",
    )


def _columns(dataset: Mapping[str, Any]) -> Html:
    rows = [(one["column"], one["type"], one["source"]) for one in dataset["columns"]]
    if not rows:
        return Html("")
    return fill(
        "<details><summary>$many, laid out as $layout</summary>$table</details>",
        many=counted(len(rows), "column"),
        layout=dataset["layout"],
        table=table("Columns of the dataset", ("Column", "Type", "Made from"), rows),
    )
