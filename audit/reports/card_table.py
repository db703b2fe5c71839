"""The card of a dataset's metadata as a table."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from audit.disclosures.card import SOURCE, CardEntry, MetadataCard
from audit.disclosures.wording import share
from audit.reports.tables import as_renderables, counted, note, visible

_STYLES = {"complete": "green", "partial": "yellow", "missing": "red"}


@as_renderables.register
def _card(card: MetadataCard) -> list[RenderableType]:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Metadata", overflow="fold")
    table.add_column("Samples", justify="right")
    table.add_column("Share", justify="right", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("Columns", overflow="fold")
    for entry in card.entries:
        table.add_row(
            Text(entry.name, style="bold"),
            "" if entry.samples is None else f"{entry.samples:,}",
            "" if entry.samples is None else share(entry.samples, card.samples),
            Text(entry.state, style=_STYLES[entry.state]),
            Text(visible(", ".join(entry.columns))),
        )
    shown: list[RenderableType] = [
        Text(f"{card.dataset}: {counted(card.samples, 'sample')}.\n"),
        table,
    ]
    if card.gaps:
        shown.append(Text(f"\n{counted(len(card.gaps), 'gap')}", style="bold"))
        shown += [_gap(entry) for entry in card.gaps]
    shown.append(Text("\nAsked for as well, and in no column:", style="bold"))
    shown += [Text(f"  {asked} ({section})") for asked, section in card.not_judged]
    shown.append(Text(""))
    shown.append(note(f"After {SOURCE}"))
    return [*shown, note(f"Rests on {card.coverage.describe()}")]


def _gap(entry: CardEntry) -> Text:
    text = Text(f"  {entry.name}", style="bold")
    text.append(f": {entry.what} ({entry.section}). ", style="default")
    text.append(entry.do or "", style="default")
    return text
