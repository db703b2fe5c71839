"""``audit count``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.cli.options import (
    common_options,
    concept_options,
    dataset_option,
    output_option,
    refuse,
    workers_option,
)
from audit.cli.talk import Talk
from audit.cli.visual_options import refuse_double, visual_options

if TYPE_CHECKING:
    from audit.concepts import Concept, ConceptList
    from audit.datasets.home import Home


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
    by: str | None,
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
    by = by or ("both" if options["references"] or options["prompts"] else "caption")
    place = Home(home)
    count_them = _by_caption if by == "caption" else _by_image
    result, opened = count_them(talk, place, dataset, asked, by=by, **options)
    if save:
        talk.say(f"Saved as {save_result(result, opened)}")
    write_answer(result, output)
    if output != "table":
        for finding in result.findings:
            talk.warn(f"{finding.concept}: {finding.message}.")
    return 0


#: What says nothing of captions.
_OF_IMAGES = (
    "references", "prompts", "encoder", "device", "cutoff", "per_million", "statistic",
    "approximate", "design", "verify", "others", "allow_private", "sheet",
)  # fmt: skip


def _by_caption(
    talk: Talk, home: Home, dataset: str | None, asked: list[Concept], **options: Any
) -> Any:
    from audit.counts.by_caption import count_by_caption

    refuse(_OF_IMAGES, "is for images: count these with --references, or --by visual or both")
    opened = home.open(dataset)
    with talk.progress() as show:
        result = count_by_caption(
            opened,
            asked,
            where=options["where"],
            distinct=options["distinct"],
            examples=options["examples"],
            seed=options["seed"],
            workers=options["workers"],
            on_progress=lambda done, total: show(
                f"{done:,} of {total:,} samples", done / total if total else None
            ),
        )
    return result, opened


def _by_image(
    talk: Talk, home: Home, dataset: str | None, asked: list[Concept], **options: Any
) -> Any:
    from audit.counts.matching import VisualSettings
    from audit.evidence import fetch_evidence
    from audit.parallel import processors
    from audit.reports import visual_table  # noqa: F401  (registers the table)
    from audit.reports.contact_sheet import write_contact_sheet
    from audit.reports.sheet_contents import contact_sheet_of
    from audit.vectors.places import only_index
    from audit.visual import count_shown

    refuse(["distinct"], "counts captions; pictures are counted distinct by themselves")
    if not options["verify"]:
        refuse(["others", "allow_private"], "says how to fetch: it needs --verify")
    refuse_double()
    if options["sheet"] and not options["examples"]:
        options["examples"] = 12
    opened = home.open(dataset)
    settings = VisualSettings(
        by=options["by"],
        where=options["where"],
        cutoff=options["cutoff"],
        per_million=options["per_million"],
        statistic=options["statistic"],
        design=options["design"],
        seed=options["seed"],
        workers=options["workers"] or processors(),
        approximate=options["approximate"],
    )
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
        index = only_index(opened, encoder.info.id if encoder else options["encoder"])
        result = count_shown(
            opened,
            index,
            asked,
            settings,
            references=options["references"],
            prompts=options["prompts"],
            encoder=encoder,
            device=options["device"],
            on_progress=show,
        )
        if options["examples"]:
            path = Path(options["sheet"] or opened.folder / "results" / "contact-sheet.html")
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
    return result, opened
