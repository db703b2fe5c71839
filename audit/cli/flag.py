"""``audit flag``"""

from __future__ import annotations

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
from audit.cli.visual_options import by_image_options
from audit.cli.yardsticks import (
    fail_on_option,
    hold_verdicts,
    make_yardstick,
    yardstick_options,
)

if TYPE_CHECKING:
    from audit.concepts import ConceptList
    from audit.counts.results import CountResult
    from audit.counts.visual_results import VisualResult


@click.command()
@concept_options("Concept to flag. Repeatable.")
@dataset_option
@yardstick_options
@click.option(
    "--counts",
    "counts",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="A count kept by `audit count --output json`, instead of counting now.",
)
@by_image_options
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="N", help="By image: seed of draws."
)
@workers_option("Processes; threads by image")
@fail_on_option
@output_option
@common_options
@click.pass_obj
def flag(
    talk: Talk,
    /,
    concepts: tuple[str, ...],
    aliases: tuple[str, ...],
    exclude: tuple[str, ...],
    concept_list: ConceptList | None,
    dataset: str | None,
    counts: str | None,
    fail_on: str | None,
    output: str,
    home: str | None,
    **options: Any,
) -> int:
    """Hold counts of concepts against imitation thresholds.

    Each concept is above, below or uncertain, by the interval of its count and that of the
    threshold for its domain; or there is no threshold for its domain. Without --model and --group
    the band of all published values stands in. The answer is sorted by how far above, and says
    what would settle the uncertain ones. A verdict is evidence of where to look, and no conclusion
    on the law.
    """
    from audit.reports import flag_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer
    from audit.verdicts.exposures import read_count

    # Before anything is counted: that may take long, and a slip is told at once.
    yardstick = make_yardstick(options)
    if counts is not None:
        refuse(_TO_COUNT, "says what to count and --counts gives a count: leave one out")
        result = yardstick.flag(read_count(counts))
    else:
        asked = (concepts, aliases, exclude, concept_list)
        result = yardstick.flag(_counted(talk, home, dataset, asked, options))
    write_answer(result, output)
    return hold_verdicts(talk, result, fail_on)


#: What says which samples are counted, and how.
_TO_COUNT = (
    "concepts", "aliases", "exclude", "concept_list", "where", "dataset", "by", "references",
    "prompts", "encoder", "device", "cutoff", "per_million", "statistic", "approximate", "design",
    "seed", "workers",
)  # fmt: skip


def _counted(
    talk: Talk,
    home: str | None,
    dataset: str | None,
    asked: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], ConceptList | None],
    options: dict[str, Any],
) -> CountResult | VisualResult:
    if not asked[0] and asked[3] is None:
        raise click.UsageError(
            'Name a concept: --concept "Van Gogh", a list: --concepts FILE, or a count: '
            "--counts FILE."
        )
    from audit.concepts import gather_concepts
    from audit.datasets.home import Home

    sought = gather_concepts(*asked)
    by = what_is_counted(options)
    if by != "caption":
        refuse(["share"], "is of named samples: it goes with --by caption")
    opened = Home(home).open(dataset)
    if by == "caption":
        return counted_by_caption(talk, opened, sought, options)
    with talk.progress() as show:
        return counted_by_image(show, opened, sought, by, options)[0]
