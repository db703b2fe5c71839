"""``audit report``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.cli.counting import counted_by_image, what_is_counted
from audit.cli.options import (
    common_options,
    concept_options,
    dataset_option,
    output_option,
    refuse,
    workers_option,
)
from audit.cli.talk import Talk
from audit.cli.visual_options import by_image_options
from audit.cli.yardsticks import (
    fail_on_option,
    hold_verdicts,
    make_yardstick,
    yardstick_options,
)

if TYPE_CHECKING:
    from audit.api import OpenDataset
    from audit.concepts import Concept, ConceptList
    from audit.counts.visual_results import VisualResult

_file = click.Path(dir_okay=False)
_folder = click.Path(file_okay=False)


@click.command()
@concept_options("Concept to report on. Repeatable.")
@dataset_option
@click.option(
    "--file",
    "-o",
    "paths",
    multiple=True,
    type=_file,
    metavar="FILE",
    help="File to write: a page if it is called .html, or .json, or .md. Repeatable.",
)
@click.option("--tables", type=_folder, metavar="DIR", help="Write every table there as CSV.")
@click.option(
    "--evidence",
    type=_folder,
    metavar="DIR",
    help="Folder for the rows behind the figures.  [default: beside the first file, called like "
    "it]",
)
@click.option("--no-evidence", is_flag=True, help="Do not keep the rows behind the figures.")
@click.option(
    "--examples",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    metavar="N",
    help="Captions shown for each concept.",
)
@click.option(
    "--images",
    type=click.IntRange(0),
    default=12,
    show_default=True,
    metavar="N",
    help="Images shown for each concept, where they are at hand.",
)
@click.option("--blur", is_flag=True, help="Show every image blurred until it is clicked.")
@yardstick_options
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Licenses that ended before this day have ended.  [default: today]",
)
@by_image_options
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="N", help="Seed of the draws."
)
@workers_option("Processes; threads by image")
@fail_on_option
@output_option
@common_options
@click.pass_obj
def report(
    talk: Talk,
    /,
    concepts: tuple[str, ...],
    aliases: tuple[str, ...],
    exclude: tuple[str, ...],
    concept_list: ConceptList | None,
    dataset: str | None,
    home: str | None,
    output: str,
    fail_on: str | None,
    **options: Any,
) -> int:
    """Report all that is known of concepts and of a dataset, with the evidence.

    Counts, verdicts, licenses, hosts, opt-outs and examples of each concept; licenses, openness
    and domains of the dataset; method and limits. The page is one file that needs nothing beside
    it; the rows behind every figure are kept in a folder. Without a concept the report is about
    the dataset alone. Nothing is looked up on the network.
    """
    from audit import api
    from audit.api.reporting import evidence_folder
    from audit.concepts import gather_concepts
    from audit.reports import report_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer
    from audit.reports.report_files import check_report_paths

    if options["no_evidence"]:
        refuse(["evidence"], "says where to and --no-evidence leaves it out: leave one out")
    yardstick = make_yardstick(options)
    asked = gather_concepts(concepts, aliases, exclude, concept_list)
    files = [Path(path).expanduser() for path in options["paths"]]
    tables = None if options["tables"] is None else Path(options["tables"]).expanduser()
    kept = False if options["no_evidence"] else options["evidence"] or True
    opened = api.open(dataset, home)
    folder = evidence_folder(files, kept)
    check_report_paths(files, tables, folder, opened.dataset)
    near = next((path.resolve().parent for path in (*files, folder, tables) if path), None)
    with talk.progress() as show:
        found = opened.report(
            *asked,
            visual=_counted_by_image(show, opened, asked, options),
            yardstick=yardstick,
            command=talk.command,
            scratch=near,
            concepts_from=concept_list,
            on_progress=show,
            **{name: options[name] for name in ("where", "examples", "images", "seed", "workers")},
            on=options["on"].date() if options["on"] else None,
        )
        written = found.write(
            *files, evidence=kept, tables=tables, blur=options["blur"], on_progress=show
        )
    write_answer(found.found, output)
    for path in written:
        talk.say(f"Written: {path}")
    if not written and output == "table":
        talk.say("Nothing is kept: -o report.html writes it all, with its evidence.")
    return hold_verdicts(talk, found.found.flags, fail_on) if found.found.flags else 0


def _counted_by_image(
    show: Any, opened: OpenDataset, asked: list[Concept], options: dict[str, Any]
) -> VisualResult | None:
    """What images show, if they are asked about."""
    by = what_is_counted(options)
    if by == "caption":
        return None
    if not asked:
        raise click.UsageError("Images are counted of a concept: name one with --concept.")
    return counted_by_image(show, opened.dataset, asked, by, options)[0]
