"""Answers as tables for a terminal."""

from __future__ import annotations

import io
import os
import shutil
from functools import singledispatch
from typing import IO, TYPE_CHECKING, Any

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from audit.counts.examples import Example
from audit.counts.results import ConceptCount, CountResult
from audit.datasets.catalog import Catalog
from audit.datasets.ingest import IngestReport
from audit.datasets.overview import Overview
from audit.datasets.stats import ShardStats
from audit.printable import visible as visible

if TYPE_CHECKING:
    from audit.estimates.prevalence import Estimate

#: Concepts up to which each gets a paragraph; more of them share one table.
_DETAILED_CONCEPTS = 5
_WIDTH_OF_A_LOG = 100
#: Of a long caption, as much as this around the first name in it.
_SHOWN_CHARACTERS = 400


def print_table(answer: Any, stream: IO[bytes]) -> None:
    """Write an answer as text, in colour on a terminal."""
    terminal = stream.isatty()
    width = shutil.get_terminal_size().columns if terminal else _WIDTH_OF_A_LOG
    text = io.StringIO()
    console = Console(
        file=text,
        width=width,
        force_terminal=terminal,
        no_color=bool(os.environ.get("NO_COLOR")),
        legacy_windows=False,
        highlight=False,
        emoji=False,
        markup=False,
    )
    for renderable in as_renderables(answer):
        unbroken = isinstance(renderable, Text) and bool(renderable.no_wrap)
        console.print(renderable, soft_wrap=unbroken)
    lines = (line.rstrip() for line in text.getvalue().splitlines())
    stream.write("".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))


def counted(number: int, what: str) -> str:
    """A number with what is counted.

    >>> counted(1, "image"), counted(2000, "image")
    ('1 image', '2,000 images')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def size(bytes_: float) -> str:
    """Bytes in the unit that suits them, of a thousand each.

    >>> size(512), size(1_940_000), size(2.5e9)
    ('512 bytes', '1.94 MB', '2.5 GB')
    """
    units = ["bytes", "kB", "MB", "GB"]
    while bytes_ >= 999.5 and units[1:]:
        bytes_ /= 1000
        del units[0]
    return f"{bytes_:.3g} {units[0]}" if bytes_ < 999.5 else f"{bytes_:,.0f} {units[0]}"


def estimated(estimate: Estimate, population: int = 0) -> Text:
    """A value with its interval; no value where that is all of a ``population`` that is given."""
    value, low, high = (round(n) for n in (estimate.value, estimate.low, estimate.high))
    text = Text(f"{value:,}" if estimate.leaves_out(population) else "unknown")
    text.append(f" ({low:,}–{high:,})", style="dim")
    return text


def named(uri: str, reason: str) -> str:
    """What could not be read and why, where the reason may begin with the name already."""
    return visible(reason if reason.startswith(uri) else f"{uri}: {reason}")


@singledispatch
def as_renderables(answer: Any) -> list[RenderableType]:
    """What to print for an answer; register a function for every new kind of answer."""
    raise TypeError(f"no table for {type(answer).__name__}")


@as_renderables.register
def _count(result: CountResult) -> list[RenderableType]:
    detailed = len(result.counts) <= _DETAILED_CONCEPTS
    counts = result.counts
    if not detailed:
        counts = tuple(sorted(counts, key=lambda count: -(count.samples or 0)))
    shown: list[RenderableType] = [_concept_table(counts, result.distinct_by, detailed)]
    for count in result.counts if detailed else ():
        shown += _evidence(count)
    shown.append(Padding(_basis(result), (1, 0, 0, 0)))
    if result.coverage.unread:
        shown.append(note(_what_is_unread(result)))
    return shown


def _concept_table(
    counts: tuple[ConceptCount, ...], distinct_by: str | None, detailed: bool
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Concept", overflow="fold")
    table.add_column("Samples", justify="right")
    bounded = any(count.interval[1] != count.interval[0] for count in counts)
    if bounded:
        table.add_column("At most", justify="right")
    if distinct_by:
        table.add_column(f"Distinct by {distinct_by}", justify="right")
    table.add_column("Per million", justify="right")
    table.add_column("Notes", overflow="fold")
    for count in counts:
        cells: list[RenderableType] = [
            Text(visible(count.name), style="bold"),
            _number(count.samples),
        ]
        if bounded:
            cells.append(_number(count.interval[1]))
        if distinct_by:
            cells.append(_number(count.distinct))
        notes = ", ".join(dict.fromkeys(f.kind.replace("-", " ") for f in count.findings))
        table.add_row(*cells, _per_million(count.per_million), notes)
        if detailed and len(count.aliases) > 1:
            for alias, samples in count.aliases.items():
                pad = [""] * (len(cells) - 2)
                table.add_row(Text(f"  {visible(alias)}", style="dim"), _number(samples), *pad)
    return table


def _evidence(count: ConceptCount) -> list[RenderableType]:
    shown: list[RenderableType] = []
    searched = " | ".join(f"“{visible(phrase.strip())}”" for phrase in count.phrases.phrases)
    line = Text(f"\n{visible(count.name)}: ", style="bold")
    line.append(f"searched {searched or 'nothing'}, folded, as whole words.", style="default")
    if count.phrases.concept.exclusions:
        excluded = ", ".join(f"“{visible(e)}”" for e in count.phrases.concept.exclusions)
        line.append(
            f" Not counted: {count.excluded:,} samples that name it only inside {excluded}.",
            style="default",
        )
    shown.append(line)
    warned = any(finding.kind in ("common-word", "one-word") for finding in count.findings)
    for accidental in () if warned else count.accidental:
        if accidental.interval is not None:
            low, high = accidental.interval
            shown.append(
                Text(
                    f"  “{visible(accidental.phrase.strip())}” is one word: {accidental.share:.0%} "
                    f"of its matches may be accidental (95 % interval {low:.0%} to {high:.0%}; "
                    f"lower case in {accidental.lower_case} of {accidental.informative} captions "
                    "that tell)."
                )
            )
    for finding in count.findings:
        shown.append(note(finding.message, indent=2))
    return shown + [_example(example) for example in count.examples]


def _example(example: Example) -> Text:
    # Not wrapped: a URL that is broken over lines cannot be followed.
    text = Text("  • ", no_wrap=True)
    first = example.spans[0][0] if example.spans else 0
    start = max(first - _SHOWN_CHARACTERS // 2, 0)
    stop = start + _SHOWN_CHARACTERS
    text.append("…" if start else "")
    for begin, end in example.spans:
        if end <= stop:
            text.append(visible(example.caption[start:begin]))
            text.append(visible(example.caption[begin:end]), style="bold reverse")
            start = end
    text.append(visible(example.caption[start:stop]))
    text.append("…" if stop < len(example.caption) else "")
    url = visible(example.url) if example.url else "no URL at hand"
    text.append(f"\n    {url}  [{_short(example.shard)} row {example.row:,}]", style="dim")
    if not example.from_source:
        text.append(" (folded: the shard is remote, gone, or has changed)", style="dim")
    return text


def _basis(result: CountResult) -> Text:
    coverage = result.coverage
    scope = f"{result.considered:,} samples of {coverage.samples:,}" if result.where else ""
    text = Text(f"Dataset {result.dataset}: ", style="dim")
    text.append(coverage.describe())
    if scope:
        text.append(f"; {scope} meet the condition {result.where}")
    if coverage.complete:
        text.append(". A census of captions, without sampling error: ")
    else:
        text.append(". A census of the captions that were read; the others may hold more: ")
    text.append(f"{result.assumption}.")
    return text


def _what_is_unread(result: CountResult) -> str:
    unread = len(result.coverage.unread)
    it, they = ("it", "it is") if unread == 1 else ("them", "they are")
    return (
        f"`audit show {result.dataset}` names the {counted(unread, 'shard')} and tells why. "
        f"Repair {it} and run the same `audit ingest` again; or delete {it} before, and {they} no "
        "part of the dataset any more"
    )


@as_renderables.register
def _ingest(report: IngestReport) -> list[RenderableType]:
    stats = report.stats
    facts = _facts_table()
    rate = f"{report.rows_read / report.seconds:,.0f} rows/s" if report.seconds else ""
    facts.add_row("Dataset", Text(report.dataset, style="bold"))
    facts.add_row("Coverage", report.coverage.describe())
    read = f"{report.rows_read:,} rows in {report.seconds:.1f} s ({rate})"
    facts.add_row("Read now", read if report.plan.to_read else "nothing: all of it was here")
    _add_caption_facts(facts, stats, report.coverage.removed)
    if report.distinct_urls:
        facts.add_row("Without URL", f"{stats.null_urls:,}")
        facts.add_row("Distinct URLs", describe_distinct(report.distinct_urls, stats.urls))
    return [facts]


@as_renderables.register
def _overview(answer: Overview) -> list[RenderableType]:
    stats, coverage = answer.stats, answer.coverage
    facts = _facts_table()
    facts.add_row("Dataset", Text(answer.name, style="bold"))
    facts.add_row("Folder", answer.folder)
    facts.add_row("Sources", "\n".join(visible(source) for source in answer.sources))
    facts.add_row("Layout", answer.layout)
    facts.add_row("Coverage", coverage.describe())
    facts.add_row("Samples", f"{stats.rows:,}")
    _add_caption_facts(facts, stats, coverage.removed)
    if answer.distinct_urls:
        facts.add_row("Distinct URLs", describe_distinct(answer.distinct_urls, stats.urls))
    shown: list[RenderableType] = [facts]
    for uri, reason in coverage.unread[:10]:
        shown.append(Text(f"Not read: {named(uri, reason)}", style="yellow"))
    for uri in answer.gone[:10]:
        shown.append(Text(f"Gone from its source, kept here: {visible(uri)}", style="yellow"))
    columns = Table("Column", "Type", "Made from", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, (type_, source) in answer.columns.items():
        columns.add_row(name, type_, visible(source))
    shown.append(columns)
    for title, (frequent, different) in (("Host", answer.hosts), ("License", answer.licenses)):
        if frequent:
            table = Table(title, "Samples", "Share", box=box.SIMPLE_HEAD, pad_edge=False)
            table.columns[1].justify = table.columns[2].justify = "right"
            for value, samples in frequent:
                share = f"{samples / stats.rows:.1%}"
                table.add_row("none" if value is None else visible(value), f"{samples:,}", share)
            if different > len(frequent):
                table.caption = f"{different:,} different values"
            shown.append(table)
    return shown


@as_renderables.register
def _catalog(answer: Catalog) -> list[RenderableType]:
    if not answer.entries:
        return [Text(f"No dataset in {answer.home}. Make one: audit ingest SHARDS… --name NAME")]
    table = Table("Dataset", "Samples", "Shards", "Layout", "Updated", box=box.SIMPLE_HEAD)
    table.columns[1].justify = table.columns[2].justify = "right"
    table.pad_edge = False
    for entry in answer.entries:
        if entry.problem:
            table.add_row(entry.name, "?", "?", Text(entry.problem, style="yellow"), "")
        else:
            shards = f"{entry.read_shards:,} of {entry.shards:,}"
            table.add_row(entry.name, f"{entry.rows:,}", shards, entry.layout, entry.updated[:16])
    return [table]


def _facts_table() -> Table:
    """Two columns: what, and how much."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    return table


def _add_caption_facts(facts: Table, stats: ShardStats, removed: int) -> None:
    facts.add_row("Without caption", f"{stats.null_captions:,}")
    facts.add_row("Captions without words", f"{stats.wordless_captions:,}")
    if stats.repaired_captions:
        facts.add_row("Captions with invalid UTF-8", f"{stats.repaired_captions:,}, repaired")
    of_all = " (the removed samples among them)" if removed else ""
    facts.add_row("Caption characters", describe_lengths(stats.caption_characters) + of_all)


def describe_lengths(characters: dict[str, int | None]) -> str:
    if characters["median"] is None:
        return "no captions"
    return (
        f"median {characters['median']:,}, 95 % up to {characters['p95']:,}, "
        f"longest {characters['longest']:,}"
    )


def describe_distinct(distinct: dict[str, Any], urls: int) -> str:
    """How many of some URLs are different; samples without one are not among them."""
    value = distinct["value"]
    repeated = f"{max(urls - value, 0) / urls:.2%} repeat one" if urls else "no URLs"
    if distinct["method"] == "exact":
        return f"{value:,} ({repeated})"
    return f"about {value:,} ({distinct['low']:,} to {distinct['high']:,}; {repeated})"


def _short(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def _per_million(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2g}" if value < 1 else f"{value:,.1f}"


def note(message: str, indent: int = 0) -> Text:
    """A remark below an answer, with the stop that it may lack."""
    told = visible(message)
    stop = "" if told.endswith(("?", ".", "…")) else "."
    return Text(f"{' ' * indent}Note: {told}{stop}", style="yellow")
