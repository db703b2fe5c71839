"""``audit fetch``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from audit.cli.options import common_options, concept_options, dataset_option, output_option
from audit.cli.talk import STOPPED, Talk, duration

if TYPE_CHECKING:
    from pathlib import Path

    from audit.concepts import ConceptList
    from audit.fetching.record import FetchRecord
    from audit.fetching.report import FetchReport
    from audit.fetching.run import FetchProgress


@click.command()
@concept_options("Only samples whose caption names this. Repeatable.")
@dataset_option
@click.option(
    "--sample",
    type=click.IntRange(1),
    metavar="N",
    help="Only N of these, drawn at random without replacement.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="N", help="Seed of that draw."
)
@click.option(
    "--name", metavar="NAME", help="Name of the folder of images.  [default: tells what is in it]"
)
@click.option(
    "--retry",
    type=click.Choice(["transient", "failed", "none"]),
    default="transient",
    show_default=True,
    help="What to try again when run again: what failed for reasons that may pass (timeout, "
    "server error, DNS), all that failed, or nothing.",
)
@click.option(
    "--retries",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Also try again N times at the end of the first run.",
)
@click.option(
    "--image-size",
    type=click.IntRange(1),
    metavar="PIXELS",
    help="Shrink to this longest side, as JPEG.  [default: keep the bytes as they are]",
)
@click.option(
    "--max-megabytes",
    type=click.FloatRange(0, min_open=True),
    default=20.0,
    show_default=True,
    metavar="MB",
    help="Give up on larger answers.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up on servers that are silent for so long.",
)
@click.option(
    "--total-timeout",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up on answers that take longer in all.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Processes.  [default: one a processor]",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=32,
    show_default=True,
    metavar="N",
    help="Downloads at a time in each process.",
)
@click.option(
    "--allow-private",
    is_flag=True,
    help="Also connect to private, loopback and link-local addresses, and use HTTP proxies. What "
    "was refused before is tried.",
)
@click.option(
    "--user-agent-token",
    default="audit",
    show_default=True,
    metavar="WORD",
    help="Names us to servers; opt-outs that name it are honoured.",
)
@click.option(
    "--ignore-opt-out",
    is_flag=True,
    help="Also take images whose X-Robots-Tag says noai, noimageai, noindex or noimageindex.",
)
@output_option
@common_options
@click.pass_obj
def fetch(
    talk: Talk,
    /,
    concepts: tuple[str, ...],
    aliases: tuple[str, ...],
    exclude: tuple[str, ...],
    concept_list: ConceptList | None,
    dataset: str | None,
    max_megabytes: float,
    total_timeout: float,
    ignore_opt_out: bool,
    output: str,
    home: str | None,
    **options: Any,
) -> int:
    """Download the images of samples, with img2dataset.

    All of a dataset, or the samples that name a concept or meet a condition, or a random sample
    of either. Running the same command again goes on where it was stopped, tries again what
    failed for reasons that may pass, and downloads nothing twice.
    """
    from audit.concepts import gather_concepts
    from audit.datasets.home import Home
    from audit.fetching.fetch import FetchListener, fetch_images
    from audit.reports import fetch_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer

    asked = gather_concepts(concepts, aliases, exclude, concept_list)
    opened = Home(home).open(dataset)
    begun: list[Path] = []

    def on_chosen(record: FetchRecord, folder: Path) -> None:
        begun.append(folder)
        talk.say(f"{_chosen(record)} → {folder}")

    try:
        with talk.progress() as show:
            listener = FetchListener(
                on_choosing=lambda done, total: show(
                    f"{done:,} of {total:,} samples looked at", done / total if total else None
                ),
                on_chosen=on_chosen,
                on_progress=lambda progress: show(_progress_line(progress), progress.share),
            )
            report = fetch_images(
                opened,
                concepts=asked,
                max_bytes=round(max_megabytes * 1e6),
                total_seconds=total_timeout,
                honour_opt_out=not ignore_opt_out,
                listener=listener,
                **options,
            )
    except KeyboardInterrupt:
        where = f" What is fetched is in {begun[0]}." if begun else ""
        talk.error("Interrupted.", f"The same command goes on from here.{where}")
        return STOPPED
    write_answer(report, output)
    return _exit_code(talk, report)


def _chosen(record: FetchRecord) -> str:
    if record.chosen == record.population:
        text = f"Chosen: all {record.chosen:,} samples"
    else:
        text = f"Chosen: {record.chosen:,} of {record.population:,} samples"
    done = record.planned + record.changed
    return text + (f", {done:,} of them in earlier runs" if done else "")


def _progress_line(progress: FetchProgress) -> str:
    left = progress.seconds_left
    return (
        f"{progress.tried:,} of {progress.total:,} images  {progress.per_second:,.0f} a second  "
        f"{'' if left is None else duration(left) + ' left'}"
    )


def _exit_code(talk: Talk, report: FetchReport) -> int:
    if not report.chosen:
        talk.warn("No sample was chosen, so there was nothing to fetch.")
        return 0
    if report.unread_samples:
        talk.error(
            f"{report.unread_samples:,} samples could not be looked up in their source shards.",
            "Bring the shards back and run the same command again: only these will be tried.",
        )
    if report.unwritten:
        talk.error(
            f"img2dataset could not write {report.unwritten:,} samples.",
            f"See {report.folder}/_img2dataset.log, and run the same command again.",
        )
    if report.complete and not report.fetched:
        talk.error(
            f"Not one of {report.chosen:,} images could be fetched.",
            report.what_to_do,
        )
    elif report.refused:
        talk.warn(report.what_to_do or "")
    return 0 if report.complete and report.fetched else 1
