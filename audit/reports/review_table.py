"""The answer of `audit license` as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from audit.datasets.distinct import DistinctUrls
from audit.licenses.uses import use_profiles
from audit.reports.license_table import seen
from audit.reports.tables import as_renderables, counted, note, visible
from audit.reviews.findings import NAMES
from audit.reviews.openness import Openness
from audit.reviews.results import DISCLAIMER, HostCount, LicenseReview, ValueCount
from audit.reviews.rows import ReviewedRow
from audit.reviews.scopes import LicenseCount, NamedCount, ScopeReview

#: Lines of each part of the overview; --by shows one part whole.
_LINES = 8
#: Rows that block the first tier up to which each is shown.
_BLOCKING_ROWS = 3
_LONGEST = 60
_STYLES = {
    "open": "green", "public-domain": "default", "restricted": "yellow", "in-copyright": "red",
    "unknown": "yellow",
}  # fmt: skip
#: What is told of each host and concept, and the head of its column.
_TOLD = {
    "open": "open", "public-domain": "public\ndomain", "restricted": "restr-\nicted",
    "in-copyright": "in copy-\nright", "unknown": "unknown", "missing": "missing",
    "conflicting": "conflic-\nting",
}  # fmt: skip


@as_renderables.register
def _review(review: LicenseReview) -> list[RenderableType]:
    shown: list[RenderableType] = [_headline(review)]
    if review.rows_of is not None:
        shown += _rows(review)
    elif review.listed_by == "host":
        shown += [_hosts(review.hosts[0]), *_more(len(review.hosts[0]), review.hosts[1], "host")]
    elif review.listed_by == "value":
        shown += [
            _values(review.values[0]),
            *_more(len(review.values[0]), review.values[1], "value"),
        ]
    elif review.listed_by == "license":
        shown += [
            _licenses("Concluded", review.concluded, review.samples),
            Text(""),
            _licenses("Declared", review.declared, review.samples),
        ]
    else:
        shown += _overview(review)
    return [*shown, Padding(_basis(review), (1, 0, 0, 0)), note(DISCLAIMER)]


def _headline(review: LicenseReview) -> Text:
    text = Text(f"{visible(review.dataset)}: ", style="bold")
    what = (
        "samples"
        if not review.concepts
        else "samples that name "
        + (
            f"“{visible(review.concepts[0].concept or '')}”"
            if len(review.concepts) == 1
            else f"one of {len(review.concepts):,} concepts"
        )
    )
    text.append(f"{review.samples:,} {what}", style="default")
    text.append(f". Licenses as of {review.on}.\n", style="default")
    return text


def _overview(review: LicenseReview) -> list[RenderableType]:
    whole = review.whole
    shown: list[RenderableType] = [
        _counts("Concluded", whole.statuses, whole),
        Text(""),
        _counts("Finding", [one for one in whole.findings if one.samples], whole),
    ]
    if len(review.concepts) > 1:
        shown += [Text(""), _concepts(review.concepts)]
    shown += [
        Text(""),
        _licenses("License concluded", review.concluded[:_LINES], review.samples),
        *_more(min(_LINES, len(review.concluded)), len(review.concluded), "license"),
        Text(""),
        _uses(review),
    ]
    unread = [value for value in review.values[0] if value.read.status == "unknown"]
    unread = [value for value in unread if value.read.rule not in ("missing", "said-unknown")]
    unread.sort(key=lambda value: -value.samples)
    if unread:
        shown += [
            Text("\nValues that prove nothing (all with --by value):"),
            _values(unread[:_LINES]),
        ]
    if len(review.hosts[0]) > 1:
        shown += [
            Text(""),
            _hosts(review.hosts[0][:_LINES]),
            *_more(min(_LINES, len(review.hosts[0])), review.hosts[1], "host"),
        ]
    return [*shown, Text(""), *_openness(review.openness)]


def _counts(title: str, counts: Sequence[NamedCount], scope: ScopeReview) -> Table:
    table = _table(title)
    for column in ("Samples", "Share", "Distinct URLs"):
        table.add_column(column, justify="right")
    table.add_column("Meaning", overflow="fold")
    for count in counts:
        table.add_row(
            Text(count.name, style=_STYLES.get(count.name, "default")),
            f"{count.samples:,}",
            _share(count.samples, scope.samples),
            _distinct(count.urls),
            Text(NAMES[count.name], style="dim"),
        )
    if not counts:
        table.add_row("none", "", "", "", "")
    return table


def _concepts(concepts: Sequence[ScopeReview]) -> Table:
    return _told(
        "Concept",
        (
            (one.concept or "", one.samples, {name: one.named[name].samples for name in _TOLD})
            for one in concepts
        ),
    )


def _told(title: str, rows: Iterable[tuple[str, int, Mapping[str, int]]]) -> Table:
    """A row for each name, with its samples and those of each of :data:`_TOLD`."""
    table = _table(title)
    for column in ("Samples", *_TOLD.values()):
        table.add_column(column, justify="right")
    for name, samples, told in rows:
        table.add_row(Text(visible(name)), f"{samples:,}", *(f"{told[key]:,}" for key in _TOLD))
    return table


def _licenses(title: str, licenses: Sequence[LicenseCount], whole: int) -> Table:
    table = _table(title)
    table.add_column("Status")
    for column in ("Samples", "Share", "Distinct URLs"):
        table.add_column(column, justify="right")
    for one in licenses:
        table.add_row(
            visible(one.license.id),
            Text(one.license.status, style=_STYLES[one.license.status]),
            f"{one.samples:,}",
            _share(one.samples, whole),
            _distinct(one.urls),
        )
    return table


def _uses(review: LicenseReview) -> Table:
    table = _table("Use")
    for column in ("Allowed", "Denied", "Unknown"):
        table.add_column(column, justify="right")
    table.add_column("What it is", overflow="fold")
    for name, profile in use_profiles().items():
        answers = review.whole.uses[name]
        cells = [f"{answers[key]:,}" for key in ("allowed", "denied", "unknown")]
        style = "bold" if name == review.use else "default"
        table.add_row(Text(name, style=style), *cells, Text(profile.title, style="dim"))
    return table


def _hosts(hosts: Sequence[HostCount]) -> Table:
    return _told("Host", ((one.host or "(none)", one.samples, one.named) for one in hosts))


def _values(values: Sequence[ValueCount]) -> Table:
    table = _table("Value")
    table.add_column("Column")
    table.add_column("Samples", justify="right")
    table.add_column("Read as", overflow="fold")
    table.add_column("Status")
    table.add_column("Rule", overflow="fold")
    for value in values:
        table.add_row(
            Text(shortened(value.read.value)),
            value.column,
            f"{value.samples:,}",
            visible(value.read.license.id),
            Text(value.read.status, style=_STYLES[value.read.status]),
            value.read.rule,
        )
    return table


def _rows(review: LicenseReview) -> list[RenderableType]:
    name = review.rows_of or ""
    of = review.whole.named[name].samples
    shown: list[RenderableType] = [
        Text(f"{counted(of, 'row')} {name}: {NAMES[name]}.", style="bold")
    ]
    shown += [_row(row) for row in review.rows]
    return [*shown, *_more(len(review.rows), of, "row")]


def _row(row: ReviewedRow) -> Text:
    # Not wrapped: a URL that is broken over lines cannot be followed.
    text = Text("  • ", no_wrap=True)
    text.append(shortened(row.caption, 100))
    text.append(f"  [{visible(row.source.rsplit('/', 1)[-1])} row {row.row:,}]\n", style="dim")
    where = row.url or row.page_url or "no URL at hand"
    text.append(f"    {visible(where)}\n", style="dim")
    said = [
        f"{what} {shortened(value)}"
        for what, value in (
            ("license", row.license),
            ("link", row.license_url),
            ("holder", row.rights_holder),
            ("ends", row.license_end),
        )
        if value is not None
    ]
    text.append(f"    says {', '.join(said) or 'nothing'}\n")
    text.append(f"    {row.status}", style=_STYLES.get(row.status, "default"))
    text.append(f" ({visible(row.concluded)}): {visible(row.reason)}")
    text.append(f"\n    found: {', '.join(row.findings) or 'nothing'}", style="dim")
    return text


def _openness(openness: Openness) -> list[RenderableType]:
    text = Text("Openness: ", style="bold")
    text.append(openness.tier or "not shown to be of any of the three kinds")
    shown: list[RenderableType] = [text]
    for answer in openness.answers:
        line = Text(f"  {answer.tier}: ")
        line.append(
            {"yes": "yes", "no": "no", "unknown": "not ruled out"}[answer.holds],
            style={"yes": "green", "no": "red"}.get(answer.holds, "yellow"),
        )
        if answer.why:
            unknown = "the data cannot show " if answer.holds == "unknown" else ""
            line.append(f" ({unknown}{'; '.join(answer.why)})", style="dim")
        shown.append(line)
    if openness.blocking:
        few = openness.blocking <= _BLOCKING_ROWS
        told = "without an open license: "
        told += "it must go" if openness.blocking == 1 else "all must go"
        more = "" if few else " (list them: --rows not-open)"
        shown.append(Text(f"  {counted(openness.blocking, 'row')} {told}{more}"))
        if few:
            shown += [_row(row) for row in openness.blocking_rows]
    return shown


def _basis(review: LicenseReview) -> Text:
    text = Text(f"Dataset {visible(review.dataset)}: ", style="dim")
    text.append(review.coverage.describe())
    if review.where:
        text.append(f"; only samples that meet {visible(review.where)}")
    if review.columns:
        text.append(f". Read from {', '.join(review.columns)}")
    else:
        text.append(". It has no column of licenses: name one with `audit ingest --license-col`")
    own = review.dataset_license
    if own is None:
        text.append(". The dataset says no license of its own")
    else:
        text.append(f". The dataset's own license, for itself: {shortened(own.value)}")
        text.append(f" ({visible(own.license.id)})")
    if review.license_map is not None:
        values = counted(len(review.license_map.entries), "value")
        text.append(f". Read with the map {visible(review.license_map.source)} ({values})")
    read = "every row was read" if review.coverage.complete else "every row that could be read"
    text.append(f". A census: {read}.")
    return text


def _more(shown: int, different: int, what: str) -> list[RenderableType]:
    if shown >= different:
        return []
    how = "--limit 0, or --to FILE" if what == "row" else f"--by {what} --limit 0"
    return [Text(f"… {counted(different - shown, what)} more: {how}", style="dim")]


def _table(first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(first, overflow="fold")
    return table


def _share(samples: int, whole: int) -> str:
    return f"{samples / whole:.1%}" if whole else ""


def _distinct(urls: DistinctUrls | None) -> str:
    if urls is None:
        return "no URLs"
    if urls.method == "exact":
        return f"{urls.value:,}"
    return f"{urls.value:,} ({urls.low:,}–{urls.high:,})"


def shortened(value: str | None, longest: int = _LONGEST) -> str:
    """A value in quotation marks, cut to a length that fits a line."""
    if value is None:
        return "(nothing)"
    cut = visible("".join(map(seen, value[:longest])))
    return f"“{cut}{'…' if len(value) > longest else ''}”"
