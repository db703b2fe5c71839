"""The answer of `audit diff` as tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from audit.comparisons.concepts import ConceptChange
from audit.comparisons.differences import Difference, Measured, Pair
from audit.comparisons.domains import DomainChanges
from audit.comparisons.overlap import METHOD as OVERLAP_METHOD
from audit.comparisons.overlap import Overlap
from audit.comparisons.results import METHOD, Comparison
from audit.comparisons.snapshots import Snapshot
from audit.reports.tables import as_renderables, counted, note, visible

#: Concepts up to which each is in the table, changed or not.
_FEW_CONCEPTS = 10
#: Rows of a table; of the rest only their number is told.
_MOST_CONCEPTS = 100
_MOST_LICENSES = 5
_MOST_DOMAINS = 10
#: Words of a cause, as they stand behind the verdicts.
_CAUSES = {
    "count": "by the count",
    "threshold": "by the threshold",
    "count and threshold": "by count and threshold",
    "certainty": "by how much is known",
    "question": "counted otherwise",
}


@as_renderables.register
def _comparison(found: Comparison) -> list[RenderableType]:
    shown: list[RenderableType] = [_side("A", found.a), _side("B", found.b), Text("")]
    if found.concepts:
        shown += _concepts(found)
    shown += _licenses(found)
    shown += _optouts(found)
    shown += _domains(found.domains)
    shown.append(_overlap(found))
    shown += [note(one.message) for one in found.caveats]
    shown.append(Padding(Text(f"{METHOD}.", style="dim"), (1, 0, 0, 0)))
    return shown


def _side(name: str, side: Snapshot) -> Text:
    text = Text(f"{name}  ", style="bold")
    text.append(visible(side.dataset), style="bold")
    told = f"report of {side.created}" if side.kind == "report" else "as it is now"
    text.append(f"  {visible(told)}: {counted(side.read.samples, 'sample')}", style="default")
    if side.where is not None:
        text.append(f", of which only those that meet {visible(side.where)}", style="default")
    if side.read.read_shards < side.read.shards:
        missed = side.read.shards - side.read.read_shards
        text.append(f"; {missed:,} of {side.read.shards:,} shards not read", style="default")
    if side.read.removed:
        text.append(f"; {side.read.removed:,} removed on request", style="default")
    return text


def _concepts(found: Comparison) -> list[RenderableType]:
    few = len(found.concepts) <= _FEW_CONCEPTS
    rows = list(found.concepts) if few else [one for one in found.concepts if _is_news(one)]
    shown: list[RenderableType] = [_summary(found)]
    if rows:
        shown += [Text(""), _concept_table(rows[:_MOST_CONCEPTS])]
    rest = len(found.concepts) - len(rows)
    if rest:
        same = f"{counted(rest, 'concept')} with the same count and verdict"
        shown.append(Text(f"{same}: all are in --output csv."))
    if len(rows) > _MOST_CONCEPTS:
        more = counted(len(rows) - _MOST_CONCEPTS, "concept")
        shown.append(Text(f"… and {more} more: all are in --output csv."))
    for one in rows[:_MOST_CONCEPTS]:
        if one.reasons:
            shown.append(note(f"{one.name}: {'; '.join(one.reasons)}; the counts are not compared"))
        elif one.shown is not None and one.shown.why_not is not None:
            shown.append(note(f"{one.name}: {one.shown.why_not}; what images show is not compared"))
    return [*shown, Text("")]


def _is_news(one: ConceptChange) -> bool:
    difference = one.difference
    changed = difference is None or bool(difference.value) or difference.value is None
    return changed or one.asked != "alike" or bool(one.verdicts and one.verdicts.cause)


def _summary(found: Comparison) -> Text:
    crossed, risen, fallen = len(found.crossed), len(found.risen), len(found.fallen)
    text = Text(f"{counted(len(found.concepts), 'concept')}: ", style="bold")
    text.append(f"{crossed:,} crossed to above", style="bold red" if crossed else "dim")
    text.append(f", {risen - crossed:,} rose to uncertain", style="" if risen > crossed else "dim")
    text.append(f", {fallen:,} fell", style="green" if fallen else "dim")
    tally = found.tally
    told = (("differently", "asked differently"), ("only in A",) * 2, ("only in B",) * 2)
    others = [f"{tally[asked]:,} {words}" for asked, words in told if tally[asked]]  # type: ignore[index]
    text.append(f"; {', '.join(others)}." if others else ".", style="default")
    return text


def _concept_table(rows: Sequence[ConceptChange]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Concept", overflow="fold")
    for column in ("A", "B", "B less A", "Per million"):
        table.add_column(column, justify="right")
    table.add_column("Verdict", overflow="fold")
    for one in rows:
        pair = one.shown or one.named
        table.add_row(
            Text(visible(_called(one)), style="bold"),
            _number(pair.a if pair else one.a.named if one.a else None),
            _number(pair.b if pair else one.b.named if one.b else None),
            _difference(pair.difference if pair else None),
            _per_million(pair),
            _verdict(one),
        )
    return table


def _called(one: ConceptChange) -> str:
    if one.a is None or one.b is None or one.a.concept.name == one.b.concept.name:
        return one.name
    return f"{one.name} ({one.a.concept.name} in A)"


def _number(measured: Measured | None) -> Text:
    if measured is None:
        return Text("–", style="dim")
    text = Text("unknown" if measured.value is None else f"{measured.value:,.0f}")
    span = measured.span
    if not measured.is_exact:
        high = " or more" if math.isinf(span.high) else f"–{span.high:,.0f}"
        text.append(f" ({span.low:,.0f}{high})", style="dim")
    return text


def _difference(found: Difference | None) -> Text:
    if found is None:
        return Text("–", style="dim")
    text = Text("unknown" if found.value is None else _signed(found.value))
    if found.way != "exact":
        low = "−∞" if math.isinf(found.low) else _signed(found.low)
        high = "+∞" if math.isinf(found.high) else _signed(found.high)
        text.append(f" ({low} to {high})", style="dim")
    return text


def _signed(value: float) -> str:
    """A difference with its sign.

    >>> _signed(-1200.0), _signed(0), _signed(3)
    ('−1,200', '0', '+3')
    """
    rounded = f"{abs(value):,.0f}"
    if rounded == "0":
        return "0"
    return f"{'+' if value > 0 else '−'}{rounded}"


def _per_million(pair: Pair | None) -> Text:
    found = pair.rates if pair else None
    if found is None or (found.a is None and found.b is None):
        return Text("–", style="dim")
    ends = ["–" if rate is None else f"{rate:,.0f}" for rate in (found.a, found.b)]
    text = Text(" → ".join(ends))
    if found.ratio is not None:
        text.append(f" (×{found.ratio:.2f})", style="dim")
    return text


def _verdict(one: ConceptChange) -> Text:
    if one.verdicts is None:
        side = one.b or one.a
        told = _short(side.judged.verdict) if side else ""
        return Text(f"{one.asked}: {told}", style="dim")
    a, b = _short(one.verdicts.a.verdict), _short(one.verdicts.b.verdict)
    if a == b:
        return Text(a if one.asked == "alike" else f"{a} (asked differently)", style="dim")
    rise = one.verdicts.rise
    text = Text(f"{a} → {b}", style="bold red" if rise > 0 else "green" if rise < 0 else "yellow")
    if one.verdicts.cause is not None:
        cause = "asked differently" if one.asked == "differently" else _CAUSES[one.verdicts.cause]
        text.append(f", {cause}", style="default")
    return text


def _short(verdict: str) -> str:
    return "no threshold" if verdict.startswith("no threshold") else verdict


def _licenses(found: Comparison) -> list[RenderableType]:
    licenses = found.licenses
    table = _share_table("Licenses")
    for name, pair in licenses.statuses.items():
        _share_row(table, name, pair)
    for group, most in ((licenses.licenses, _MOST_LICENSES), (licenses.findings, None)):
        table.add_section()
        for name, pair in _changed(group, most).items():
            _share_row(table, name, pair)
    tiers = [tier or "none proved" for tier in (licenses.tier_a, licenses.tier_b)]
    told = tiers[0] if tiers[0] == tiers[1] else f"{tiers[0]} → {tiers[1]}"
    return [table, Text(f"Openness: {visible(told)}."), Text("")]


def _changed(pairs: Mapping[str, Pair], most: int | None) -> dict[str, Pair]:
    changed = [
        (name, pair)
        for name, pair in pairs.items()
        if pair.share_difference or (pair.difference and pair.difference.value)
    ]
    return dict(changed[:most])


def _share_table(what: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(what, overflow="fold")
    for column in ("A", "B", "B less A", "Share"):
        table.add_column(column, justify="right")
    return table


def _share_row(table: Table, name: str, pair: Pair) -> None:
    shares = ["–" if one is None else f"{one:.1%}" for one in (pair.share_a, pair.share_b)]
    table.add_row(
        Text(visible(name)),
        Text(f"{pair.a.value or 0:,.0f}"),
        Text(f"{pair.b.value or 0:,.0f}"),
        _difference(pair.difference),
        Text(shares[0] if shares[0] == shares[1] else " → ".join(shares)),
    )


def _optouts(found: Comparison) -> list[RenderableType]:
    if found.optouts.why_not is not None:
        return [Text(f"Opt-outs are not compared: {found.optouts.why_not}."), Text("")]
    table = _share_table("Opt-outs")
    for use, answers in found.optouts.uses.items():
        for answer in ("denied", "allowed"):
            _share_row(table, f"{use} {answer}", answers[answer])
    return [table, Text("")]


def _domains(found: DomainChanges) -> list[RenderableType]:
    if found.why_not is not None:
        return [Text(f"Domains are not compared: {found.why_not}."), Text("")]
    told = ", ".join(f"{times:,} {what}" for what, times in sorted(found.tally.items()))
    both = f"{found.domains_a:,} in A, {found.domains_b:,} in B"
    shown: list[RenderableType] = [Text(f"Domains: {both}; of those that are listed {told}.")]
    changes = [one for one in found.changes if one.movement != "same"]
    if changes:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        table.add_column("Domain", overflow="fold")
        for column in ("A", "B", "B less A"):
            table.add_column(column, justify="right")
        table.add_column("")
        for one in changes[:_MOST_DOMAINS]:
            table.add_row(
                Text(visible(one.domain)),
                _of_domain(one.a),
                _of_domain(one.b),
                _difference(one.difference),
                Text("cannot be told" if one.movement == "unknown" else one.movement),
            )
        shown += [Text(""), table]
    if len(changes) > _MOST_DOMAINS:
        more = counted(len(changes) - _MOST_DOMAINS, "domain")
        shown.append(Text(f"… and {more} more: all listed ones are in --output json."))
    return [*shown, Text("")]


def _of_domain(measured: Measured) -> Text:
    if measured.value is not None or math.isinf(measured.span.high):
        return _number(measured)
    return Text(f"at most {measured.span.high:,.0f}", style="dim")


def _overlap(found: Comparison) -> Text:
    overlap: Overlap | None = found.overlap
    if overlap is None:
        return Text(f"Samples in both were not counted: {visible(found.why_no_overlap or '')}.")
    text = Text(
        f"{counted(overlap.urls_in_both, 'different URL')} in both, "
        f"{overlap.urls_only_in_a:,} only in A, {overlap.urls_only_in_b:,} only in B. "
        f"Of the samples, {overlap.samples_in_both_of_a:,} of A and "
        f"{overlap.samples_in_both_of_b:,} of B have a URL that is in both"
    )
    without = overlap.without_url_a + overlap.without_url_b
    if without:
        text.append(f"; {counted(without, 'sample')} without URL left out")
    text.append(f" ({OVERLAP_METHOD.split(';')[0]}).")
    return text
