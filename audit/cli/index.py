"""``audit index``"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from audit.cli.options import common_options, dataset_option, output_option
from audit.cli.talk import STOPPED, Talk, duration

if TYPE_CHECKING:
    from audit.vectors.build import IndexProgress
    from audit.vectors.plan import IndexPlan

_UNITS = {"k": 1, "m": 2, "g": 3, "t": 4}


def memory_size(
    context: click.Context | None, parameter: click.Parameter | None, value: str | None
) -> int | None:
    """Bytes of ``4GB`` (a thousand each step) or ``4GiB`` and ``4G`` (1,024)."""
    if value is None:
        return None
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt])?(i?b)?\s*", value, re.IGNORECASE)
    if match is None:
        raise click.BadParameter(
            f"{value!r} is no size of memory; write 4GB, or 500MiB.", context, parameter
        )
    number, unit, end = match.groups()
    step = 1000 if (end or "").lower() == "b" else 1024
    power = _UNITS.get((unit or "").lower(), 0)
    return round(float(number) * float(step) ** power)


@click.command()
@click.argument("embeddings", required=False, type=click.Path(), metavar="[EMBEDDINGS]")
@dataset_option
@click.option(
    "--encoder",
    metavar="ID",
    help="What made the vectors, where the folder does not say it, or which of the dataset's "
    "embeddings to index.",
)
@click.option(
    "--by",
    metavar="row|url|caption|COLUMN|auto",
    help="Join images to samples by the row they were fetched for, their URL or their caption, or "
    "by a kept COLUMN that has the names of the files, without folder and suffix; auto takes the "
    "first that there is.  [default: as before, or else auto]",
)
@click.option(
    "--approximate",
    is_flag=True,
    help="Also make an approximate index (FAISS, IVF and RaBitQ): a bit a number, for more vectors "
    "than can be scanned. Counts from it have a measured recall.",
)
@click.option(
    "--max-memory",
    callback=memory_size,
    metavar="SIZE",
    help="Take no more memory than this, such as 2GB; mapped files are not counted.",
)
@output_option
@common_options
@click.pass_obj
def index(
    talk: Talk,
    /,
    embeddings: str | None,
    dataset: str | None,
    encoder: str | None,
    by: str | None,
    approximate: bool,
    max_memory: int | None,
    output: str,
    home: str | None,
) -> int:
    """Make embeddings ready to be matched, and join them to the dataset's samples.

    EMBEDDINGS is a folder that `audit embed` wrote or that has clip-retrieval's layout, as LAION's
    embeddings do; by default the one in the dataset's folder. The vectors stay where they are:
    the index holds a code of a byte a number, from which counts are proven exact. Run the same
    command again to resume, or to add parts that are new.
    """
    from audit.datasets.home import Home
    from audit.reports import index_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer
    from audit.vectors.build import index_dataset

    opened = Home(home).open(dataset)
    try:
        with talk.progress() as show:
            report = index_dataset(
                opened,
                Home(home),
                embeddings,
                encoder=encoder,
                by=by,
                approximate=approximate,
                max_memory=max_memory,
                on_plan=lambda plan: talk.say(_plan(plan)),
                on_progress=lambda progress: show(_line(progress), progress.share),
            )
    except KeyboardInterrupt:
        talk.error("Interrupted.", "Finished parts are kept; the same command goes on from there.")
        return STOPPED
    write_answer(report, output)
    if report.not_embedded:
        talk.warn(
            f"{report.not_embedded:,} units of images are not embedded; `audit embed` goes on."
        )
    if not report.join.joined:
        talk.error(
            "Not one image belongs to a sample of the dataset.",
            "Is it the dataset that they come from? Try another --by.",
        )
        return 1
    return 0


def _plan(plan: IndexPlan) -> str:
    from audit.reports.tables import size

    costs = (
        f"about {size(plan.disk_bytes)} of disk, {duration(plan.seconds)}, "
        f"{size(plan.memory_bytes)} of memory."
    )
    lists = (
        f"{plan.training.lists:,} lists, trained on {plan.training.sample:,} vectors; "
        if plan.training
        else ""
    )
    if not plan.new_vectors and not lists:
        join = "images are joined to samples again." if plan.joins else "nothing has changed."
        return f"All {plan.vectors:,} vectors are coded; {join}"
    return f"{plan.new_vectors:,} of {plan.vectors:,} vectors to code; {lists}{costs}"


def _line(progress: IndexProgress) -> str:
    told = f"{progress.step}: {progress.done:,} vectors" if progress.done else progress.step
    if progress.rate:
        told += f"  {progress.rate:,.0f} a second"
    left = progress.seconds_left
    return f"{told}  {duration(left)} left" if left else told
