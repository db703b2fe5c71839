"""``audit count``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.cli.counting import counted_by_caption, counted_by_image, what_is_counted
from audit.cli.options import (
    common_options,
    concept_options,
    dataset_option,
    output_option,
    refuse,
    workers_option,
)
from audit.cli.talk import Talk
from audit.cli.visual_options import visual_options

if TYPE_CHECKING:
    from audit.concepts import Concept, ConceptList
    from audit.counts.results import CountResult
    from audit.counts.visual_results import VisualResult
    from audit.datasets.dataset import Dataset
    from audit.datasets.home import Home

#: On the terminal, where the answer itself goes into a file.
_SHOWN_FINDINGS = 10


@click.command()
@concept_options("Concept to count. Repeatable.")
@dataset_option
@click.option(
    "--distinct",
    metavar="[BY]",
    is_flag=False,
    flag_value="url",
    help="Also count different URLs, or different BY: sha256, md5, phash, hash.",
)
@click.option(
    "--examples",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Show N matching samples, drawn at random; by image, also N near the cut-off, as a "
    "contact sheet in HTML.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="N", help="Seed of that draw."
)
@visual_options
@workers_option("Processes; threads by image")
@output_option
@click.option(
    "--save", is_flag=True, help="Also keep the answer as JSON among the dataset's results."
)
@common_options
@click.pass_obj
def count(
    talk: Talk,
    /,
    concepts: tuple[str, ...],
    aliases: tuple[str, ...],
    exclude: tuple[str, ...],
    concept_list: ConceptList | None,
    dataset: str | None,
    output: str,
    save: bool,
    home: str | None,
    **options: Any,
) -> int:
    """Count the samples that name a concept, or show it.

    By caption: names match as whole words, whatever their case, accents and punctuation. By
    image, with --references: embedded images that resemble the references, named by their caption
    and never named, each with an interval. The answer says what it rests on.
    """
    if not concepts and concept_list is None:
        raise click.UsageError('Name a concept: --concept "Van Gogh", or a list: --concepts FILE.')
    from audit.concepts import gather_concepts
    from audit.counts.saved import save_result
    from audit.datasets.home import Home
    from audit.reports.formats import write_answer

    asked = gather_concepts(concepts, aliases, exclude, concept_list)
    by = what_is_counted(options)
    place = Home(home)
    opened = place.open(dataset)
    result: CountResult | VisualResult
    if by == "caption":
        result = counted_by_caption(talk, opened, asked, options)
    else:
        result = _by_image(talk, place, opened, asked, by, options)
    if save:
        talk.say(f"Saved as {save_result(result, opened)}")
    write_answer(result, output)
    if output != "table":
        for finding in result.findings[:_SHOWN_FINDINGS]:
            talk.warn(f"{finding.concept}: {finding.message}.")
        if len(result.findings) > _SHOWN_FINDINGS:
            more = len(result.findings) - _SHOWN_FINDINGS
            talk.warn(f"… and {more:,} more findings: all are in the answer.")
    return 0


def _by_image(
    talk: Talk, home: Home, opened: Dataset, asked: list[Concept], by: str, options: dict[str, Any]
) -> VisualResult:
    from audit.datasets.outputs import check_output
    from audit.evidence import fetch_evidence
    from audit.reports import visual_table  # noqa: F401  (registers the table)
    from audit.reports.contact_sheet import write_contact_sheet
    from audit.reports.sheet_contents import contact_sheet_of

    refuse(["distinct"], "counts captions; pictures are counted distinct by themselves")
    if not options["verify"]:
        refuse(["others", "allow_private"], "says how to fetch: it needs --verify")
    if options["sheet"] and not options["examples"]:
        options["examples"] = 12
    if options["sheet"]:
        check_output(options["sheet"], opened)
    encoder = None
    with talk.progress() as show:
        if options["verify"]:
            encoder = fetch_evidence(
                opened,
                home,
                asked,
                options["verify"],
                references=options["references"],
                prompts=options["prompts"],
                others=options["others"],
                where=options["where"],
                seed=options["seed"],
                encoder=options["encoder"],
                device=options["device"],
                allow_private=options["allow_private"],
                on_fetched=lambda report: talk.say(
                    f"{report.name}: {report.fetched:,} of {report.chosen:,} images fetched"
                    + (f", {report.refused:,} refused as private" if report.refused else "")
                ),
                on_progress=show,
            )
        result, index = counted_by_image(show, opened, asked, by, options, encoder)
        if options["examples"]:
            beside = opened.folder / "results" / "contact-sheet.html"
            path = Path(options["sheet"] or beside).expanduser()
            sheet = contact_sheet_of(
                result,
                opened,
                index,
                options["examples"],
                options["seed"],
                on_progress=lambda share: show("pictures", share),
            )
            write_contact_sheet(path, sheet)
    if options["examples"]:
        talk.say(f"Contact sheet: {path}")
    return result
