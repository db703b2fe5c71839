"""A report as Markdown: for a repository, a wiki, or a diff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from audit.reports.markup import shortened, visible
from audit.reports.tables import counted

_LONGEST_TEXT = 300
#: Of what the tool says itself.
_LONGEST_STATEMENT = 2000
#: Hosts and domains in a table.
_LISTED = 20
#: What Markdown, or HTML in it, takes for more than a letter.
_MARKS = frozenset("\\`*_{}[]<>()#+-.!|~$&@:=^")


def report_markdown(report: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a report, given as its ``to_dict()``; texts of strangers are no markup."""
    yield from _head(report)
    if report["flags"] is not None:
        yield from _verdicts(report)
    for concept in report["concepts"]:
        yield from _concept(concept, report["evidence"]["folder"])
    whose = "dataset" if report["question"]["where"] is None else "samples that meet the condition"
    yield from _licenses(report["licenses"], whose)
    yield from _optouts(report["optouts"])
    yield from _domains(report["domains"])
    yield "\n## What the numbers do not say\n"
    for limit in report["limits"]:
        yield f"- {text(limit, _LONGEST_STATEMENT)}"
    yield from _evidence(report["evidence"])


def text(value: object, longest: int = _LONGEST_TEXT) -> str:
    """A text that Markdown takes for text.

    >>> text("a|b <script> _x_")
    'a\\\\|b \\\\<script\\\\> \\\\_x\\\\_'
    """
    shown = shortened(visible(str(value)), longest)
    # Escaped as a whole: what stands at the begin of a cell or an item may be a mark too.
    return "".join(f"\\{c}" if c in _MARKS and not _harmless(c) else c for c in shown)


def _harmless(character: str) -> bool:
    """Marks that mean something only at the begin of a line, where no text of a stranger is."""
    return character in "-.+=():"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of cells that are Markdown already."""
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "|".join(" --- " for _ in columns) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.0f}"


def _range(span: Mapping[str, Any] | None) -> str:
    if span is None:
        return "none"
    high = "no upper bound" if span["high"] is None else f"{span['high']:,.0f}"
    return high if span["low"] == span["high"] else f"{span['low']:,.0f} to {high}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _head(report: Mapping[str, Any]) -> Iterator[str]:
    dataset, question = report["dataset"], report["question"]
    coverage = dataset["coverage"]
    yield f"# Audit of {text(dataset['name'])}\n"
    facts = [
        ("Sources", ", ".join(text(source) for source in dataset["sources"])),
        ("Layout", text(dataset["layout"])),
        ("Samples", number(dataset["samples"])),
        ("Shards read", f"{coverage['read_shards']:,} of {coverage['shards']:,}"),
        ("Removed on request", number(coverage["removed"])),
        ("Concepts", number(question["concepts"])),
        ("Counted by", text(question["by"])),
        ("Only samples that meet", text(question["where"] or "no condition")),
        ("Made", f"{text(report['created'])}, audit {text(report['tool_version'])}"),
        ("Seed of draws", str(report["seeds"]["draws"])),
        ("Command", text(report["command"] or "from Python")),
    ]
    yield from table(("What", "Value"), facts)


def _verdicts(report: Mapping[str, Any]) -> Iterator[str]:
    flags = report["flags"]
    tally = ", ".join(f"{many:,} {text(verdict)}" for verdict, many in flags["verdicts"].items())
    yield f"\n## Verdicts\n\n{tally}.\n"
    rows = []
    for concept in report["concepts"]:
        verdict = concept["verdict"]
        rows.append(
            (
                text(concept["name"]),
                text(verdict["verdict"]),
                number(verdict["count"]["value"]),
                _range(verdict["count"]),
                _range(verdict["threshold"]),
                text(verdict["domain"] or "not said"),
            )
        )
    yield from table(("Concept", "Verdict", "Count", "Interval", "Threshold", "Domain"), rows)
    yield ""
    for threshold in flags["thresholds"]:
        ends = {"low": threshold["low"], "high": threshold["high"]}
        span = "no threshold" if threshold["low"] is None else _range(ends)
        domain = text(threshold["domain"] or "any domain")
        yield f"- {domain}: {span}; {text(threshold['statement'], _LONGEST_STATEMENT)}"
        for caveat in threshold.get("caveats") or []:
            yield f"  - {text(caveat, _LONGEST_STATEMENT)}"


def _concept(concept: Mapping[str, Any], folder: str | None) -> Iterator[str]:
    caption, verdict = concept["caption"], concept["verdict"]
    yield f"\n### {text(concept['name'])}\n"
    statement = text(verdict["threshold_statement"], _LONGEST_STATEMENT)
    yield f"- Verdict: {text(verdict['verdict'])}; {statement}"
    yield (
        f"- Named by {number(caption['samples'])} captions, "
        f"{number(caption['distinct'])} different URLs, {caption['excluded']:,} excluded."
    )
    for name, samples in caption["aliases"].items():
        yield f"  - {text(name)}: {samples:,}"
    visual = concept["visual"]
    if visual is not None:
        for title, key in (
            ("Shown", "samples"),
            ("Named and shown", "named_and_shown"),
            ("Named and not shown", "named_not_shown"),
            ("Shown and not named", "shown_not_named"),
        ):
            value = number(visual[key]["value"]) if visual["is_known"] else "unknown"
            yield f"- {title}: {value} ({_range(visual[key])})"
    for note in (*verdict["settle"], *verdict["notes"]):
        yield f"- {text(note, _LONGEST_STATEMENT)}"
    statuses, findings = (
        ", ".join(f"{text(one['name'])} {one['samples']:,}" for one in concept["licenses"][kind])
        for kind in ("statuses", "findings")
    )
    yield f"- Licenses of the samples that name it: {statuses or 'none'}."
    if findings:
        yield f"- Found in these: {findings}."
    hosts = [
        f"{text(one['host'] or 'no host')} {one['samples']:,}" for one in concept["hosts"]["listed"]
    ]
    if hosts:
        yield f"- {counted(concept['hosts']['different'], 'host')}: {', '.join(hosts)}."
    if concept["optouts"] is None:
        yield "- Opt-outs: unknown; the dataset has no signals."
    else:
        uses = concept["optouts"]["uses"]
        denied = [f"{text(use)} {answers['denied']:,}" for use, answers in uses.items()]
        yield f"- Denied by opt-out signals: {', '.join(denied)}."
    for example in caption["examples"]:
        where = f"{text(example['shard'].rsplit('/', 1)[-1])} row {example['row']:,}"
        yield f"- “{text(example['caption'])}” ({where})"
    if folder is not None and concept["evidence"]:
        first = concept["evidence"][0]
        yield f"- Rows: `{folder}/{first['file']}`, where `{first['where']}`."


def _licenses(review: Mapping[str, Any], whose: str) -> Iterator[str]:
    yield f"\n## Licenses of the {whose}\n\n{counted(review['samples'], 'sample')}.\n"
    rows = [
        (text(one["name"]), number(one["samples"]), _share(one["share"]), text(one["meaning"]))
        for one in (*review["statuses"], *review["findings"])
    ]
    yield from table(("Status or finding", "Samples", "Share", "Meaning"), rows)
    yield f"\nOpenness: {text(review['openness']['tier'] or 'not shown to be of any kind')}.\n"
    for tier in review["openness"]["tiers"]:
        why = "; ".join(text(reason) for reason in tier["why"])
        yield f"- {text(tier['tier'])}: {text(tier['holds'])}{f' ({why})' if why else ''}"


def _optouts(review: Mapping[str, Any]) -> Iterator[str]:
    yield "\n## Opt-outs\n"
    yield f"{text(review['note'], _LONGEST_STATEMENT)}\n"
    rows = [
        (text(one["use"]), number(one["denied"]), number(one["allowed"]), number(one["unknown"]))
        for one in review["uses"]
    ]
    yield from table(("Use", "Denied", "Allowed", "Unknown"), rows)


def _domains(domains: Mapping[str, Any]) -> Iterator[str]:
    hosts = counted(domains["hosts"], "host")
    yield f"\n## Domains\n\n{counted(domains['domains'], 'domain')}, {hosts}.\n"
    rows = [
        (text(one["domain"]), number(one["samples"])) for one in domains["top"]["domains"][:_LISTED]
    ]
    yield from table(("Domain", "Samples"), rows)


def _evidence(evidence: Mapping[str, Any]) -> Iterator[str]:
    if not evidence["files"] or evidence["folder"] is None:
        return
    yield f"\n## Evidence\n\nIn `{evidence['folder']}`:\n"
    rows = [
        (f"`{file['file']}`", number(file["rows"]), text(file["what"]), f"`{file['sha256']}`")
        for file in evidence["files"]
    ]
    yield from table(("File", "Rows", "What", "SHA-256"), rows)
    for what in evidence["left_out"]:
        yield f"\n{text(what)}"
