"""``audit count``"""

from __future__ import annotations

import click

from audit.cli.options import common_options, dataset_option, output_option, workers_option
from audit.cli.talk import Talk


@click.command()
@click.option(
    "--concept",
    "-c",
    "concepts",
    multiple=True,
    metavar="NAME",
    help="Concept to count. Repeatable.",
)
@click.option(
    "--alias",
    "aliases",
    multiple=True,
    metavar="NAME",
    help="Another name of the one --concept. Repeatable.",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="PHRASE",
    help='Do not count the name inside this phrase ("Van Gogh Museum"). Repeatable.',
)
@click.option(
    "--concepts",
    "concept_list",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Concept list: TOML, CSV, JSON, or text with a name a line.",
)
@dataset_option
@click.option(
    "--where",
    metavar="CONDITION",
    help='Only samples that meet this, as in SQL: "width >= 512 and similarity > 0.3".',
)
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
    help="Show N matching samples, drawn at random.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="N", help="Seed of that draw."
)
@workers_option
@output_option
@click.option(
    "--save", is_flag=True, help="Also keep the answer as JSON among the dataset's results."
)
@common_options
@click.pass_obj
def count(
    talk: Talk,
    concepts: tuple[str, ...],
    aliases: tuple[str, ...],
    exclude: tuple[str, ...],
    concept_list: str | None,
    dataset: str | None,
    where: str | None,
    distinct: str | None,
    examples: int,
    seed: int,
    workers: int | None,
    output: str,
    save: bool,
    home: str | None,
) -> int:
    """Count the samples whose caption names a concept.

    Names match as whole words, whatever their case, accents and punctuation. The answer says
    what it rests on: the dataset, how much of it could be read, and the phrases searched.
    """
    if not concepts and concept_list is None:
        raise click.UsageError('Name a concept: --concept "Van Gogh", or a list: --concepts FILE.')
    from audit import api
    from audit.counts.by_caption import count_by_caption
    from audit.counts.saved import save_result
    from audit.datasets.home import Home
    from audit.reports.formats import write_answer

    asked = api.gather_concepts(concepts, aliases, exclude, concept_list)
    opened = Home(home).open(dataset)
    with talk.progress() as show:
        result = count_by_caption(
            opened,
            asked,
            where=where,
            distinct=distinct,
            examples=examples,
            seed=seed,
            workers=workers,
            on_progress=lambda done, total: show(
                f"{done:,} of {total:,} samples", done / total if total else None
            ),
        )
    if save:
        talk.say(f"Saved as {save_result(result, opened)}")
    write_answer(result, output)
    if output != "table":
        for finding in result.findings:
            talk.warn(f"{finding.concept}: {finding.message}.")
    return 0
