"""``audit threshold``"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from audit.cli.options import common_options, given, output_option
from audit.cli.talk import Talk


@click.command()
@click.argument("scores", type=click.Path(dir_okay=False), metavar="SCORES")
@click.option(
    "--level",
    type=float,
    metavar="SCORE",
    help="Score that counts as imitation, such as the 95th percentile of wrong names that `audit "
    "score` tells.  [default: half-way between the scores' floor and plateau]",
)
@click.option(
    "--floor",
    type=float,
    metavar="SCORE",
    help="Score without any imitation, where it is known; with --plateau.  [default: estimated]",
)
@click.option(
    "--plateau",
    type=float,
    metavar="SCORE",
    help="Score of full imitation, where it is known, such as 1 for verdicts of people.",
)
@click.option(
    "--domain",
    metavar="DOMAIN",
    help="Only concepts of this domain; where the table tells none, what they all are.",
)
@click.option("--model", metavar="MODEL", help="Only scores of this model, or the model of all.")
@click.option(
    "--plot",
    "plots",
    multiple=True,
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Draw it: .png, .svg, or .json for Vega-Lite. Repeatable.",
)
@click.option(
    "--penalty",
    type=click.FloatRange(0, min_open=True),
    default=0.9,
    show_default=True,
    metavar="X",
    help="Of the published rule.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    metavar="P",
    help="Of intervals.",
)
@click.option(
    "--rounds",
    type=click.IntRange(99),
    default=999,
    show_default=True,
    metavar="N",
    help="Draws behind intervals and tests.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of these draws.",
)
@click.option("--concept-col", metavar="COLUMN", help="Column of names.  [default: concept]")
@click.option(
    "--rows-are-concepts",
    is_flag=True,
    help="Each row is a concept of its own, whatever its name, if it has one.",
)
@click.option("--count-col", metavar="COLUMN", help="Column of counts.  [default: count]")
@click.option(
    "--count-low-col",
    metavar="COLUMN",
    help="Column of the low ends of their 95 % intervals.  [default: count_low, if there is one]",
)
@click.option(
    "--count-high-col",
    metavar="COLUMN",
    help="Column of the high ends.  [default: count_high, if there is one]",
)
@click.option("--score-col", metavar="COLUMN", help="Column of scores.  [default: score]")
@click.option(
    "--repeat-col",
    "repeats",
    multiple=True,
    metavar="COLUMN",
    help="Column that tells rows of one concept apart. Repeatable.  [default: prompt, image, "
    "generation and seed, as far as they are there]",
)
@output_option
@common_options
@click.pass_obj
def threshold(
    talk: Talk,
    /,
    scores: str,
    level: float | None,
    floor: float | None,
    plateau: float | None,
    domain: str | None,
    model: str | None,
    plots: tuple[str, ...],
    penalty: float,
    confidence: float,
    rounds: int,
    seed: int,
    concept_col: str | None,
    rows_are_concepts: bool,
    count_col: str | None,
    count_low_col: str | None,
    count_high_col: str | None,
    score_col: str | None,
    repeats: tuple[str, ...],
    output: str,
    home: str | None,
) -> int:
    """Estimate how many images of a concept it takes until a model imitates it.

    SCORES is a CSV or Parquet table of concept, count and score, as `audit score` writes it. Two
    answers are given and never mixed: that of the published rule (arXiv 2410.15002), which always
    looks for a change and has no interval; and our own, with an interval, or "no threshold", or
    "not enough data".
    """
    if (floor is None) != (plateau is None):
        missing = "--plateau" if plateau is None else "--floor"
        raise click.UsageError(f"--floor and --plateau go together: {missing} is missing.")
    if rows_are_concepts and given("concept_col"):
        raise click.UsageError("--rows-are-concepts needs no --concept-col: leave one out.")
    from audit.datasets.outputs import check_folder
    from audit.reports import estimate_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer
    from audit.reports.threshold_plot import plot_kind, write_plot
    from audit.thresholds.estimate import estimate_threshold
    from audit.thresholds.reading import ScoreColumns, read_scores
    from audit.thresholds.settings import ThresholdSettings

    files = [Path(plot).expanduser() for plot in plots]
    for file in files:
        plot_kind(file)
        check_folder(file)
    settings = ThresholdSettings(
        level,
        None if floor is None or plateau is None else (floor, plateau),
        penalty,
        confidence,
        rounds,
        seed,
    )
    named = {
        "concept": concept_col,
        "count": count_col,
        "score": score_col,
        "count_low": count_low_col,
        "count_high": count_high_col,
        "repeats": repeats or None,
    }
    chosen: dict[str, Any] = {column: name for column, name in named.items() if name is not None}
    if rows_are_concepts:
        chosen["concept"] = None
    columns = ScoreColumns(**chosen)
    path = Path(scores).expanduser()
    with talk.progress() as show:
        show("reading scores", None)
        series = read_scores(path, columns, domain=domain, model=model)
        estimate = estimate_threshold(series, settings, source=path.name, on_progress=show)
    for file in files:
        write_plot(estimate, file)
        talk.say(f"Plot: {file}")
    write_answer(estimate, output)
    return 0
