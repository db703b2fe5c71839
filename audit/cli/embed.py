"""``audit embed``"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from audit.cli.options import common_options, dataset_option, output_option
from audit.cli.talk import STOPPED, Talk, duration

if TYPE_CHECKING:
    from audit.embeddings.embed import EmbedProgress, EmbedReport

_SHOWN_FAILURES = 10


@click.command()
@click.argument("images", nargs=-1, type=click.Path(), metavar="[IMAGES]...")
@dataset_option
@click.option(
    "--encoder",
    metavar="ID",
    help="Encoder, such as open_clip:ViT-B-32/laion2b_s34b_b79k.  [default: the one that the "
    "dataset's embeddings are of, or else that]",
)
@click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="DEVICE",
    help="Where the encoder runs: cpu, cuda, cuda:1 …; auto takes a GPU where there is one.",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    metavar="N",
    help="Threads that decode images while the encoder works.  [default: one a processor]",
)
@click.option(
    "--max-megapixels",
    type=click.FloatRange(0, min_open=True),
    default=100.0,
    show_default=True,
    metavar="MP",
    help="Refuse larger pictures before they are decoded.",
)
@click.option(
    "--max-megabytes",
    type=click.FloatRange(0, min_open=True),
    default=64.0,
    show_default=True,
    metavar="MB",
    help="Refuse larger files.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Folder of the embeddings.  [default: in the dataset's folder]",
)
@output_option
@common_options
@click.pass_obj
def embed(
    talk: Talk,
    /,
    images: tuple[str, ...],
    dataset: str | None,
    encoder: str | None,
    device: str,
    threads: int | None,
    max_megapixels: float,
    max_megabytes: float,
    out: str | None,
    output: str,
    home: str | None,
) -> int:
    """Turn images into vectors that can be matched.

    IMAGES are folders of images, WebDataset tars, parquet files with image bytes, and what
    `audit fetch` or img2dataset wrote; by default all that was fetched for the dataset. The
    vectors are written in clip-retrieval's layout. An image that cannot be used has a status that
    says why. Run the same command again to resume, or to add what is new.
    """
    from audit.datasets.home import Home
    from audit.images.decoding import DecodeLimits
    from audit.reports import embed_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer
    from audit.visual import embed_images

    limits = DecodeLimits(
        bytes=round(max_megabytes * 2**20), pixels=round(max_megapixels * 1_000_000)
    )
    opened = None if images and out and dataset is None else Home(home).open(dataset)
    try:
        with talk.progress() as show:
            report = embed_images(
                images,
                opened,
                Home(home),
                encoder=encoder,
                device=device,
                threads=threads,
                limits=limits,
                out=out,
                on_progress=lambda progress: show(_line(progress), progress.share),
            )
    except KeyboardInterrupt:
        talk.error("Interrupted.", "Finished parts are kept; the same command goes on from there.")
        return STOPPED
    write_answer(report, output)
    return _exit_code(talk, report)


def _exit_code(talk: Talk, report: EmbedReport) -> int:
    if report.failures:
        told = [f"{unit}: {reason}" for unit, reason in report.failures[:_SHOWN_FAILURES]]
        if len(report.failures) > len(told):
            told.append(f"… and {len(report.failures) - len(told):,} more.")
        for text in told[:-1]:
            talk.error(text, None)
        talk.error(told[-1], "\n".join(report.hints))
        return 1
    if not report.images:
        talk.error(
            "There is no image to embed.",
            "Nothing that was fetched is an image: `audit fetch`, run again, tells why.",
        )
        return 1
    if report.found_nothing and not report.vectors:
        what = report.sought or "thing that the encoder looks for"
        talk.say(f"No {what} was found in any of {report.found_nothing:,} images.")
        return 0
    if not report.vectors:
        talk.error(
            "Not one image could be embedded.",
            f"All of them with the reason: {report.problem_files}",
        )
        return 1
    return 0


def _line(progress: EmbedProgress) -> str:
    rate = progress.images / progress.seconds if progress.seconds else 0.0
    left = progress.seconds_left
    return (
        f"{progress.images:,} images  {rate:,.1f} a second  "
        f"{'' if left is None else duration(left) + ' left'}"
    )
