"""The answer of `audit lookup` as a table."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from audit.removal.found import Found, Searched
from audit.reports.tables import as_renderables, counted, note, visible

_LONGEST = 160

#: What ``score`` is, by how a sample was found.
_SIMILARITIES = ("similar image",)


@as_renderables.register
def _found(found: Found) -> list[RenderableType]:
    shown: list[RenderableType] = [Text(found.verdict, style="bold")]
    shown += asked_table(found)
    shown += shown_samples(found)
    shown += where_was_looked(found)
    return shown


def asked_table(found: Found) -> list[RenderableType]:
    """What was asked for, with the samples that each found."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("By")
    table.add_column("Asked for", overflow="fold")
    table.add_column("Samples", justify="right")
    for number, asked in list(enumerate(found.asked))[:_MOST_ASKED]:
        table.add_row(asked.by, Text(_short(asked.value)), f"{found.of(number):,}")
    shown: list[RenderableType] = [Text(""), table]
    left = len(found.asked) - _MOST_ASKED
    if left > 0:
        shown.append(Text(f"… and {left:,} more; --output json has all.", style="dim"))
    return shown


_MOST_ASKED = 20


def shown_samples(found: Found) -> list[RenderableType]:
    """The first samples, each with all that found it."""
    by_sample: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for line in found.lines():
        by_sample.setdefault((line["shard"], line["row"]), []).append(line)
    shown: list[RenderableType] = [Text("")] if by_sample else []
    for (shard, row), lines in by_sample.items():
        first = lines[0]
        text = Text("• ", no_wrap=True)
        text.append(_short(first["caption"] or "(no caption)"))
        url = visible(first["url"]) if first["url"] else "no URL at hand"
        text.append(f"\n  {url}  [{visible(shard.rsplit('/', 1)[-1])} row {row:,}]", style="dim")
        if not first["from_source"]:
            text.append(" (folded: the shard is remote, gone, or has changed)", style="dim")
        ways = "; ".join(dict.fromkeys(_way(line) for line in lines))
        text.append(f"\n  found by {ways}", style="dim")
        if first["removed_by"]:
            text.append(f"\n  removed on request: removal {first['removed_by']}", style="yellow")
        shown.append(text)
    left = len(found.keys) - len(by_sample)
    if left > 0:
        shown.append(Text(f"… and {counted(left, 'sample')} more: --limit N shows more."))
    return shown


def _way(line: dict[str, Any]) -> str:
    told = line["how"]
    score = line["score"]
    if score is not None and told in _SIMILARITIES:
        told += f", similarity {score:.3f}"
    elif score is not None:
        told += f", {counted(int(score), 'bit')} of 64 differ" if score else ", no bit differs"
    if line["by"] == "url" and line["same"] is None:
        told += " (64 bits of its hash; the source is not at hand to compare)"
    return str(told)


def where_was_looked(found: Found) -> list[RenderableType]:
    """What was searched, and what could not be."""
    shown: list[RenderableType] = [Text("")]
    scope = found.coverage.describe()
    if found.where:
        scope += f"; only samples that meet {found.where}"
    shown.append(Text(f"Dataset {found.dataset}: {visible(scope)}.", style="dim"))
    for one in found.searched:
        shown.append(Text(f"Searched: {_place(one)}.", style="dim"))
    if found.spellings:
        shown.append(Text(f"Other spellings of URLs tried: {found.spellings:,}.", style="dim"))
    for missing in found.not_searched:
        shown.append(note(f"not searched: {missing.place} ({missing.reason})"))
    return shown


def _place(one: Searched) -> str:
    told = f"{one.place}, {one.looked_at:,} of {one.of:,} {one.what}"
    if one.looked_at < one.of:
        told += ", as the others have none"
    return visible(told + (f" ({one.remark})" if one.remark else ""))


def _short(text: str) -> str:
    return visible(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
