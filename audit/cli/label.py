"""``audit label export`` and ``audit label import``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.cli.options import common_options, concept_options, dataset_option, output_option
from audit.cli.talk import Talk, user
from audit.cli.visual_options import matching_options, refuse_double

if TYPE_CHECKING:
    from audit.concepts import Concept, ConceptList


@click.group()
def label() -> None:
    """Let a person say which samples show a concept.

    Export some samples that are drawn at random where it matters, write yes, no or unsure beside
    each, and import the file. From then on `audit count` also answers with an estimate by these
    labels, which does not rest on what the references are like.
    """


@label.command("export")
@concept_options("Concept to label, by its name alone or as --concepts has it.")
@dataset_option
@click.option(
    "--samples",
    "-n",
    "samples",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    metavar="N",
    help="Samples to label.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="N", help="Seed of the draw."
)
@click.option(
    "--by",
    type=click.Choice(["visual", "both"]),
    default="both",
    show_default=True,
    help="Whether captions divide the samples, as in `audit count`.",
)
@matching_options("")
@click.option(
    "--file",
    "-o",
    "path",
    required=True,
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="File to write: a page with pictures and buttons if it is called .html, CSV for a "
    "spreadsheet if it is called .csv, or JSON.",
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@output_option
@common_options
@click.pass_obj
def export_command(
    talk: Talk,
    /,
    concepts: tuple[str, ...],
    aliases: tuple[str, ...],
    exclude: tuple[str, ...],
    concept_list: ConceptList | None,
    dataset: str | None,
    path: str,
    force: bool,
    output: str,
    home: str | None,
    **options: Any,
) -> int:
    """Draw samples of a concept and write them to a file that waits for labels.

    Most are drawn where the machine sees nothing: if a few in a thousand of those show the
    concept, they are more than all that it found. The order is random, so that you may stop early.
    An .html file is a page that shows each image with buttons, and saves the labels as CSV. In a
    CSV file write yes, no or unsure into the column `label`; look at the image, not the caption.

    The search is always exact, because the estimate rests on how many samples reach the cut-off.
    """
    from audit import api
    from audit.errors import UsageError
    from audit.reports import label_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer

    refuse_double()
    file = Path(path).expanduser()
    if file.exists() and not force:
        raise UsageError(
            f"{file}: is there already, and may hold labels.",
            hint="Choose another name with -o, or replace it with --force.",
        )
    sought = _concept(concepts, aliases, exclude, concept_list)
    opened = api.open(dataset, home)
    with talk.progress() as show:
        report = opened.export_labels(sought, file, on_progress=show, **options)
    write_answer(report, output)
    return 0


def _concept(
    names: tuple[str, ...],
    aliases: tuple[str, ...],
    exclude: tuple[str, ...],
    concept_list: ConceptList | None,
) -> Concept:
    """The one concept that is meant: by its name alone, or as a list has it."""
    from audit.concepts import gather_concepts
    from audit.errors import ConceptError, did_you_mean

    listed = {concept.name: concept for concept in gather_concepts((), concept_list=concept_list)}
    if len(names) > 1 or (not names and len(listed) != 1):
        raise click.UsageError("Labels are of one concept: name it with --concept.")
    if not listed:
        return gather_concepts(names, aliases, exclude)[0]
    if aliases or exclude:
        raise click.UsageError("--alias and --exclude are in the concept list.")
    name = names[0] if names else next(iter(listed))
    if name not in listed:
        raise ConceptError(
            f"{concept_list}: has no concept {name!r}.", hint=did_you_mean(name, listed)
        )
    return listed[name]


@label.command("import")
@click.argument("file", type=click.Path(dir_okay=False))
@dataset_option
@click.option(
    "--who", metavar="NAME", help="Who labelled, to be kept with the labels.  [default: you]"
)
@click.option(
    "--replace",
    is_flag=True,
    help="Even if samples that have a label already have none in the file.",
)
@output_option
@common_options
@click.pass_obj
def import_command(
    talk: Talk,
    /,
    file: str,
    dataset: str | None,
    who: str | None,
    replace: bool,
    output: str,
    home: str | None,
) -> int:
    """Store the labels of a FILE that was exported, CSV or JSON, and say what follows.

    Only the columns label_id and label are read. Samples without a label are left out if they are
    the last; those skipped before count as unsure. The same file again replaces what was stored. Of
    several files of a concept the one with most labels counts.
    """
    from audit import api
    from audit.reports import label_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer

    report = api.open(dataset, home).import_labels(file, who or user(), replace=replace)
    labels = report.labels
    if labels.skipped:
        talk.warn(
            f"{len(labels.skipped):,} samples were skipped and count as unsure: "
            f"{labels.task.label_id(labels.skipped[0])} is the first."
        )
    write_answer(report, output)
    return 0
