"""``audit score``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.cli.options import common_options, concept_list_options, output_option, refuse
from audit.cli.talk import Talk

if TYPE_CHECKING:
    from audit.concepts import ConceptList

_ONLY_AUDIT = ("top", "repeats", "controls", "seed")


@click.command()
@click.option(
    "--generated",
    required=True,
    type=click.Path(),
    metavar="DIR",
    help="Generated images, as `audit generate` writes them or in a folder for each concept, with "
    "one for each prompt in it; or their embeddings.",
)
@click.option(
    "--training",
    type=click.Path(),
    metavar="DIR",
    help="Training images of the concepts, in a folder for each; or their embeddings.",
)
@click.option(
    "--dataset",
    "-d",
    metavar="NAME",
    help="Take as training images the samples of an indexed dataset whose caption names a concept.",
)
@click.option(
    "--references",
    type=click.Path(),
    metavar="DIR",
    help="Images that show the concepts, in a folder for each, or their embeddings: for concepts "
    "with too few training images.",
)
@click.option(
    "--counts",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Training images of each concept: CSV or Parquet with concept and count, or what `audit "
    "count --output csv` wrote.",
)
@concept_list_options
@click.option(
    "--mode",
    type=click.Choice(["audit", "paper"]),
    default="audit",
    show_default=True,
    help="Equal pools and wrong names, or the rule of arXiv 2410.15002: the nearest training "
    "images.",
)
@click.option(
    "--encoder",
    metavar="ID",
    help="What embeds images, such as faces, or what made embeddings that do not say it.  "
    "[default: that of the embeddings given]",
)
@click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="DEVICE",
    help="Where the encoder runs: cpu, cuda, cuda:1 …",
)
@click.option(
    "--pool",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    metavar="N",
    help="Images in a pool; in paper mode, nearest images that count.",
)
@click.option(
    "--top",
    type=click.IntRange(1),
    metavar="K",
    help="Only the nearest K of each pool count.  [default: all of it, which picks nothing]",
)
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    metavar="R",
    help="Pools drawn for each concept.",
)
@click.option(
    "--controls",
    type=click.IntRange(2),
    default=50,
    show_default=True,
    metavar="N",
    help="Wrong names that each concept is compared with, if there are so many.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of pools and wrong names.",
)
@click.option(
    "--out",
    "-o",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Also write the scores there: .csv, .parquet or .json.",
)
@output_option
@common_options
@click.pass_obj
def score(
    talk: Talk,
    /,
    generated: str,
    training: str | None,
    dataset: str | None,
    references: str | None,
    counts: str | None,
    concept_list: ConceptList | None,
    mode: Any,
    encoder: str | None,
    device: str,
    out: str | None,
    output: str,
    home: str | None,
    **numbers: Any,
) -> int:
    """Score how much generated images resemble images of their concept.

    A score is the mean similarity of the generated images to equally large random pools of the
    concept's images, less what images of other concepts reach: 0 is no imitation. Each has a 95 %
    interval. A concept with too few images has no score, and the reason. Images are embedded into
    a folder beside theirs, so that a second run is quick.
    """
    if training is not None and dataset is not None:
        raise click.UsageError("Both --training and --dataset give training images: leave one out.")
    if training is None and dataset is None and references is None:
        raise click.UsageError(
            "Nothing to compare with: give --training, --dataset or --references."
        )
    if mode == "paper":
        refuse(_ONLY_AUDIT, "is for audit mode: paper mode draws nothing")
    from audit.datasets.home import Home
    from audit.reports import score_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer
    from audit.scores.files import score_files
    from audit.scores.results import ScoreSettings

    settings = ScoreSettings(mode=mode, **numbers)
    kind = None if out is None else _format_of(out)
    opened = None if dataset is None else Home(home).open(dataset)
    with talk.progress() as show:
        result = score_files(
            generated,
            training if opened is None else opened,
            references,
            settings,
            counts=counts,
            concepts=concept_list.read() if concept_list else (),
            encoder=encoder,
            device=device,
            on_progress=show,
        )
    if out is not None and kind is not None:
        from audit.datasets.files import written_whole

        with written_whole(Path(out)) as stream:
            write_answer(result, kind, stream)
        talk.say(f"Written: {out}")
    write_answer(result, output)
    if output != "table":
        for remark in result.remarks:
            talk.warn(f"{remark}.")
    if not result.known:
        talk.error("No concept has a score.", result.scores[0].reason)
        return 1
    return 0


def _format_of(path: str) -> str:
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in ("csv", "parquet", "json"):
        raise click.UsageError(f"--out {path}: end its name in .csv, .parquet or .json.")
    return kind
