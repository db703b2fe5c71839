"""``audit embed``"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from audit.cli.options import common_options, dataset_option, output_option
from audit.cli.talk import STOPPED, Talk, duration

if TYPE_CHECKING:
    from audit.embeddings.embed import EmbedProgress


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
    for unit, reason in report.failures:
        talk.error(f"{unit}: {reason}", None)
    if report.images and not report.vectors:
        talk.error("Not one image could be embedded.", "The table tells why.")
    return 1 if report.failures or not report.vectors else 0


def _line(progress: EmbedProgress) -> str:
    rate = progress.images / progress.seconds if progress.seconds else 0.0
    left = progress.seconds_left
    return (
        f"{progress.images:,} images  {rate:,.1f} a second  "
        f"{'' if left is None else duration(left) + ' left'}"
    )
