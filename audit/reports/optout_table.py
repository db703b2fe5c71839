"""The answer of `audit optout` as tables."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from audit.optouts.readers import specifications
from audit.optouts.results import (
    ANSWERS,
    DISCLAIMER,
    OptOutReview,
    OptOutRow,
    SignalCount,
    UseCount,
)
from audit.optouts.signals import AI_TRAINING, ALL_USES
from audit.reports.tables import as_renderables, counted, note, visible

_STYLES = {"denied": "red", "allowed": "green", "unknown": "yellow"}
_LONGEST, _SHORT = 60, 40
#: Kinds of signals that are listed; JSON has all.
_SHOWN = 30


@as_renderables.register
def _review(review: OptOutReview) -> list[RenderableType]:
    shown: list[RenderableType] = [_uses(review)]
    if review.signals:
        shown.append(Padding(_signals(review), (1, 0, 0, 0)))
        hidden = len(review.signals) - _SHOWN
        if hidden > 0:
            shown.append(note(f"{counted(hidden, 'further kind')} of signals: --output json"))
        if not all(kind.counts for kind in review.signals):
            shown.append(
                note("What is in brackets is said to crawlers that are not asked for: it decides "
                     "nothing")
            )  # fmt: skip
    for row in review.rows:
        shown += _row(row)
    shown.append(Padding(_basis(review), (1, 0, 0, 0)))
    return [*shown, note(DISCLAIMER)]


def _uses(review: OptOutReview) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Use")
    for answer in ANSWERS:
        table.add_column(answer.capitalize(), justify="right")
    for count in review.uses:
        cells = [_share(review, count, answer) for answer in ANSWERS]
        table.add_row(Text(count.use, style="bold"), *cells)
    return table


def _share(review: OptOutReview, count: UseCount, answer: str) -> Text:
    number = getattr(count, answer)
    text = Text(f"{number:,}", style=_STYLES[answer] if number else "dim")
    if count.samples:
        told = f" {number / count.samples:.1%}"
        if review.sample:
            low, high = review.sample.interval(number)
            told += f" ({low:.1%}–{high:.1%})"
        text.append(told, style="dim")
    return text


def _signals(review: OptOutReview) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("Signal", "Says"):
        table.add_column(name, no_wrap=True)
    for name in ("Of", "To", "Most often"):
        table.add_column(name, overflow="fold")
    table.add_column("Samples", justify="right", no_wrap=True)
    table.add_column("Seen", overflow="fold", min_width=10)
    for kind in review.signals[:_SHOWN]:
        says = kind.answer if kind.counts else f"({kind.answer})"
        table.add_row(
            visible(kind.reader),
            Text(says, style=_STYLES[kind.answer] if kind.counts else "dim"),
            _about(kind.uses),
            visible(kind.agent or "all"),
            _short(kind.values[0][0], _SHORT) if kind.values else "",
            f"{kind.samples:,}",
            _seen(kind),
        )
    return table


def _about(uses: tuple[str, ...]) -> str:
    if uses == ALL_USES:
        return "every use"
    if uses == AI_TRAINING:
        return "AI training"
    return ", ".join(uses) or "no use here"


def _seen(kind: SignalCount) -> str:
    days = [visible(time[:10]) for time in (kind.first_seen, kind.last_seen) if time]
    return " to ".join(dict.fromkeys(days)) or "?"


def _row(row: OptOutRow) -> list[RenderableType]:
    title = Text(f"\n{row.verdict.answer}", style=_STYLES[row.verdict.answer])
    title.append(f" for {row.use}: {visible(row.verdict.reason)}", style="default")
    url = visible(row.url) if row.url else "no URL at hand"
    place = Text(
        f"  {url}  [{visible(row.shard.rsplit('/', 1)[-1])} row {row.row:,}]", no_wrap=True
    )
    lines: list[RenderableType] = [title, place]
    signal = row.verdict.signal
    if signal:
        told = f"  {signal.reader}, {signal.source}: {_short(signal.value)}"
        lines.append(
            Text(f"{told}; seen {visible(row.seen or 'at a time not noted')}", style="dim")
        )
    return lines


def _basis(review: OptOutReview) -> Text:
    text = Text(f"Dataset {review.dataset}: ", style="dim")
    text.append(review.coverage.describe())
    if review.sample:
        text.append(f"; a random sample of {review.sample.size:,} of {review.sample.population:,}")
    elif review.concepts or review.where is not None:
        text.append(f"; {counted(review.samples, 'sample')} that were asked for")
    read = [*review.columns, *(visible(path.rsplit("/", 1)[-1]) for path in review.sidecars)]
    text.append(f". Read: {', '.join(read) or 'nothing, for there is nothing to read'}")
    text.append(f". Something was said of {counted(review.with_signal, 'sample')}. ")
    dates = [specification.date for specification in specifications().values()]
    text.append(f"Specifications of {min(dates)} to {max(dates)}.")
    return text


def _short(value: str, longest: int = _LONGEST) -> str:
    # Of an address of a vocabulary the end tells.
    text = visible(value.removeprefix("http://ns.useplus.org/ldf/vocab/"))
    return text if len(text) <= longest else f"{text[:longest]}…"
