"""``audit flag``"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from audit.cli.counting import counted_by_caption, counted_by_image, what_is_counted
from audit.cli.gates import TRIPPED
from audit.cli.options import (
    common_options,
    concept_options,
    dataset_option,
    output_option,
    read_own_thresholds,
    refuse,
    thresholds_file_options,
    workers_option,
)
from audit.cli.talk import Talk
from audit.cli.visual_options import by_image_options

if TYPE_CHECKING:
    from audit.concepts import ConceptList
    from audit.counts.results import CountResult
    from audit.counts.visual_results import VisualResult
    from audit.verdicts import FlagResult


class Range(click.ParamType[tuple[float, float]]):
    """Two numbers, ``LOW:HIGH``, or one that is both."""

    def __init__(self, what: str) -> None:
        self.name = what

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        low, colon, high = str(value).partition(":")
        try:
            return float(low), float(high if colon else low)
        except ValueError:
            self.fail(f"{value!r} is neither a {self.name} nor two as LOW:HIGH.", param, ctx)


@click.command()
@concept_options("Concept to flag. Repeatable.")
@dataset_option
@click.option(
    "--domain",
    metavar="DOMAIN",
    help="Domain of concepts, and of thresholds, that do not say theirs: face, art-style, "
    "character, object.",
)
@click.option(
    "--model",
    metavar="MODEL",
    help="Only thresholds of this model: SD1.5 …  [default: the band of all models]",
)
@click.option(
    "--group",
    metavar="GROUP",
    help="Only thresholds found on this group: politicians …  [default: the band of all groups]",
)
@click.option(
    "--threshold",
    type=Range("number of images"),
    metavar="N",
    help="Hold all concepts against this number of images, or an interval LOW:HIGH.",
)
@thresholds_file_options(
    "Your own thresholds instead of the published: TOML or CSV as `audit thresholds` lists "
    "them, or JSON of `audit threshold`."
)
@click.option(
    "--share",
    type=Range("share"),
    metavar="LOW:HIGH",
    help="By caption: this share of the named samples shows the concept, from 0 to 1.",
)
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
@click.option(
    "--fail-on",
    type=click.Choice(["above", "uncertain"]),
    help="Exit with 3 if a concept is above its threshold; or if one is above or uncertain.",
)
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
    path: str | None,
    voice: str,
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
    from audit.verdicts.flagging import Yardstick

    if options["threshold"] is not None:
        refuse(
            ["path", "model", "group"],
            "chooses among thresholds and --threshold gives one for all: leave one out",
        )
    known = read_own_thresholds(path, voice)
    # Before anything is counted: that may take long, and a slip is told at once.
    yardstick = Yardstick(
        known,
        threshold=options["threshold"],
        domain=options["domain"],
        model=options["model"],
        group=options["group"],
        share=options["share"],
        whose="what was given" if path is None else os.path.basename(path),
    )
    if counts is not None:
        refuse(_TO_COUNT, "says what to count and --counts gives a count: leave one out")
        result = yardstick.flag(read_count(counts))
    else:
        asked = (concepts, aliases, exclude, concept_list)
        result = yardstick.flag(_counted(talk, home, dataset, asked, options))
    write_answer(result, output)
    return _gate(talk, result, fail_on)


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


def _gate(talk: Talk, result: FlagResult, fail_on: str | None) -> int:
    if fail_on is None:
        return 0
    from audit.reports.tables import counted

    tally, concepts = result.tally, len(result.concepts)
    without = tally["no threshold for this domain"]
    if without:
        verb = "has" if without == 1 else "have"
        told = f"{without:,} of {counted(concepts, 'concept')} {verb} no threshold"
        talk.warn(f"{told}: the gate does not hold them against any.")
        if without == concepts:
            talk.warn(f"Nothing was held against a threshold (--fail-on {fail_on}).")
            return TRIPPED
    tripping = tally["above"] + (tally["uncertain"] if fail_on == "uncertain" else 0)
    if not tripping:
        return 0
    what = "above" if fail_on == "above" else "above or uncertain against"
    verb = "is" if tripping == 1 else "are"
    told = f"{tripping:,} of {counted(concepts, 'concept')} {verb} {what} a threshold"
    talk.warn(f"{told} (--fail-on {fail_on}).")
    return TRIPPED
