"""The answer of `audit count` by image as a table."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from audit.counts.strata import Stratum
from audit.counts.visual_results import VisualCount, VisualResult
from audit.reports.label_table import labelled_line
from audit.reports.tables import as_renderables, estimated, note, visible

#: Concepts up to which each gets a paragraph; more of them share one table.
_DETAILED_CONCEPTS = 5
_SHOWN_WARNINGS = 20


@as_renderables.register
def _visual(result: VisualResult) -> list[RenderableType]:
    two_strata = result.by == "both"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Concept", overflow="fold")
    table.add_column("Shown", justify="right")
    if two_strata:
        table.add_column("Named", justify="right")
        table.add_column("named and shown", justify="right")
        table.add_column("shown, not named", justify="right")
    table.add_column("Matches", justify="right")
    table.add_column("Distinct", justify="right")
    for count in result.counts:
        named, unnamed = count.named, count.unnamed
        cells = [
            Text(visible(count.name), style="bold"),
            estimated(count.total, count.population),
        ]
        if two_strata:
            cells.append(Text(f"{named.population:,}"))
            cells.append(estimated(named.estimate, named.population))
            cells.append(estimated(unnamed.estimate, unnamed.population))
        cells.append(Text(f"{count.matched_images:,}"))
        cells.append(_known(count.distinct_pictures))
        table.add_row(*cells)
    shown: list[RenderableType] = [table]
    if len(result.counts) <= _DETAILED_CONCEPTS:
        for count in result.counts:
            shown += _evidence(count, two_strata, result.vectors)
    else:
        warned = [(c.name, text) for c in result.counts for text in c.warnings]
        shown += [note(f"{name}: {text}") for name, text in warned[:_SHOWN_WARNINGS]]
        if len(warned) > _SHOWN_WARNINGS:
            shown.append(Text(f"… and {len(warned) - _SHOWN_WARNINGS:,} notes more."))
    shown.append(Padding(_basis(result), (1, 0, 0, 0)))
    return shown


def _evidence(count: VisualCount, two_strata: bool, vectors: int) -> list[RenderableType]:
    cutoff = count.cutoff
    line = Text(f"\n{visible(count.name)}: ", style="bold")
    many = f"{len(count.references)} reference{'' if len(count.references) == 1 else 's'}"
    of = "words" if count.references.kind == "text" else "images"
    text = f"{many} ({of}), cut-off {cutoff.value:.3f}"
    if cutoff.interval:
        text += f" ({cutoff.interval[0]:.3f} to {cutoff.interval[1]:.3f})"
    on = "calibrated on" if cutoff.method == "calibrated" else f"{cutoff.method}, beside"
    text += f", {on} {cutoff.background:,} other images"
    if cutoff.per_million:
        text += f" for {cutoff.per_million:,.3g} false positives in a million"
        if round(cutoff.per_million * vectors / 1e6, 3) == 1:
            text += ", one in all"
    line.append(text + ".", style="default")
    shown: list[RenderableType] = [line]
    if two_strata:
        shown.append(_stratum("named", count.named))
        shown.append(
            Text(
                "  Named and not shown: "
                f"{estimated(count.named_not_shown, count.named.population).plain} samples."
            )
        )
        shown.append(_stratum("not named", count.unnamed))
    else:
        shown.append(_stratum("all", count.unnamed))
    shown.append(_matches(count))
    if count.labels:
        shown.append(labelled_line(count.labels, "both" if two_strata else "visual"))
    for warning in count.warnings:
        shown.append(note(warning, indent=2))
    return shown


def _matches(count: VisualCount) -> Text:
    files, pictures = count.distinct_files, count.distinct_pictures
    text = f"  Images of the matches: {count.matched_images:,}"
    if files is not None:
        text += f", {files:,} different files"
    if pictures is not None:
        text += f", {pictures:,} different pictures when near copies are one"
    if files is None and pictures is None:
        text += "; how many are copies is not known of embeddings made elsewhere"
    return Text(text + ".")


def _stratum(what: str, stratum: Stratum) -> Text:
    text = f"  {what.capitalize()}: {stratum.population:,} samples"
    if stratum.design == "random":
        text += f", of which {stratum.attempted:,} were drawn at random"
    text += f"; {stratum.examined:,} images looked at"
    if stratum.dead:
        text += f", {stratum.dead:,} could not be"
    text += (
        f"; {stratum.above:,} above the cut-off, {stratum.expected_false:,.1f} of them expected "
        f"false (at most {stratum.most_false:,.0f}), {stratum.missed:,.0f} expected missed"
    )
    if stratum.dead:
        text += (
            f"; whatever the missing images show: {round(stratum.bounds.low):,} to "
            f"{round(stratum.bounds.high):,}"
        )
    return Text(text + ".")


def _basis(result: VisualResult) -> Text:
    text = Text(f"Dataset {result.dataset}: ", style="dim")
    text.append(result.coverage.describe())
    if result.where:
        text.append(
            f"; {result.considered:,} samples of {result.coverage.samples:,} meet the condition "
            f"{visible(result.where)}"
        )
    share = result.with_image / result.considered if result.considered else 0.0
    text.append(
        f". Images of {result.with_image:,} samples ({share:.1%}) are embedded, by "
        f"{result.encoder.id}"
    )
    unmatched = result.images - result.images_joined
    if unmatched:
        text.append(f"; {unmatched:,} images belong to no sample")
    text.append(f". Values with 95 % intervals. Method: {result.method}. Assumed: ")
    text.append(f"{result.assumption}.")
    return text


def _known(value: int | None) -> Text:
    return Text("unknown" if value is None else f"{value:,}")
