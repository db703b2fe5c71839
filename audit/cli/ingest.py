"""``audit ingest``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from audit.cli.options import common_options, output_option, workers_option
from audit.cli.talk import Talk, duration

if TYPE_CHECKING:
    from audit.datasets.ingest import IngestReport, Progress
    from audit.datasets.planning import IngestPlan

_MAPPED_ROLES = ("caption", "url", "width", "height", "license", "similarity")
_SHOWN_FAILURES = 10


def _column_options(command: Any) -> Any:
    for role in reversed(_MAPPED_ROLES):
        command = click.option(
            f"--{role}-col", metavar="COLUMN", help=f"Column that holds the {role}."
        )(command)
    return command


@click.command()
@click.argument("shards", nargs=-1, required=True)
@click.option("--name", required=True, metavar="NAME", help="Name of the dataset.")
@_column_options
@click.option(
    "--col",
    "columns",
    multiple=True,
    metavar="ROLE=COLUMN",
    help="Column for any other role, such as rights_holder=author. Repeatable.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="COLUMN",
    help="Also keep this source column, for use in --where. Repeatable.",
)
@click.option(
    "--dataset-license",
    metavar="TEXT",
    help="License that the dataset gives for itself, as on its card; never taken for that of its "
    "images.",
)
@click.option("--add", is_flag=True, help="Let the dataset grow by shards of other sources.")
@click.option(
    "--allow-errors",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Exit with 0 if at most N shards could not be read.",
)
@workers_option("Processes")
@output_option
@common_options
@click.pass_obj
def ingest(
    talk: Talk,
    /,
    shards: tuple[str, ...],
    name: str,
    columns: tuple[str, ...],
    keep: tuple[str, ...],
    dataset_license: str | None,
    add: bool,
    allow_errors: int,
    workers: int | None,
    output: str,
    home: str | None,
    **role_columns: str | None,
) -> int:
    """Ingest SHARDS (paths, globs, folders, URIs) as a dataset.

    Parquet in any published layout is understood, and TSV or CSV with URL and caption. Running
    the same command again does only what is new, changed or was not finished. The shards stay
    where they are and are never modified. What was ingested of a shard is kept when the shard is
    gone; a shard that is gone before anything of it could be ingested is left out.
    """
    from audit.datasets.home import Home
    from audit.datasets.ingest import IngestListener
    from audit.datasets.ingest import ingest as run_ingest
    from audit.reports.formats import write_answer

    asked = {role.removesuffix("_col"): column for role, column in role_columns.items() if column}
    asked |= _parse_roles(columns)
    with talk.progress() as show:
        listener = IngestListener(
            on_wait=lambda: talk.say(f"Another process is ingesting {name!r}; waiting for it."),
            on_plan=lambda plan: _say_plan(talk, plan),
            on_progress=lambda progress: show(_progress_line(progress), progress.share),
        )
        report = run_ingest(
            shards,
            name,
            home=Home(home),
            columns=asked,
            keep=keep,
            add=add,
            dataset_license=dataset_license,
            workers=workers,
            listener=listener,
        )
    write_answer(report, output)
    return _exit_code(talk, report, allow_errors)


def _parse_roles(columns: tuple[str, ...]) -> dict[str, str]:
    from audit.datasets.presets import ROLES
    from audit.errors import did_you_mean

    asked = {}
    for pair in columns:
        role, equals, column = pair.partition("=")
        if not equals or not column or role not in ROLES:
            near = did_you_mean(role, ROLES) or f"Roles: {', '.join(ROLES)}."
            raise click.BadParameter(f"{pair!r} is not ROLE=COLUMN. {near}", param_hint="--col")
        asked[role] = column
    return asked


def _say_plan(talk: Talk, plan: IngestPlan) -> None:
    mapping = plan.mapping
    roles = ", ".join(f"{role} ← {column}" for role, column in mapping.columns.items())
    talk.say(f"Layout {mapping.preset}: {roles}")
    if mapping.kept:
        talk.say(f"Also kept: {', '.join(mapping.kept)}")
    parts = [
        f"{count:,} {what}"
        for count, what in (
            (plan.new, "new"),
            (plan.changed, "changed"),
            (plan.retried, "to retry"),
            (plan.unchanged, "already here"),
            (len(plan.gone) + len(plan.dropped), "gone from their source"),
        )
        if count
    ]
    talk.say(f"Shards: {', '.join(parts)} → {plan.folder}")


def _progress_line(progress: Progress) -> str:
    left = progress.seconds_left
    return (
        f"{progress.shards:,} of {progress.total_shards:,} shards  {progress.rows:,} rows  "
        f"{progress.rows_per_second:,.0f} rows/s  "
        f"{'' if left is None else duration(left) + ' left'}"
    )


def _shards(number: int, one: str, several: str) -> str:
    return f"1 shard {one}" if number == 1 else f"{number:,} shards {several}"


def _exit_code(talk: Talk, report: IngestReport, allow_errors: int) -> int:
    for uri in report.plan.gone[:_SHOWN_FAILURES]:
        talk.warn(f"{uri}: gone from its source; what was ingested of it is kept.")
    for uri in report.plan.dropped[:_SHOWN_FAILURES]:
        talk.warn(
            f"{uri}: gone from its source, and nothing of it is ingested: it is no part of "
            f"{report.dataset} any more."
        )
    richer = [shard for shard in report.plan.manifest.members if shard.unused_columns]
    if richer:
        columns = sorted({column for shard in richer for column in shard.unused_columns})
        talk.warn(
            f"{_shards(len(richer), 'has', 'have')} columns that the first shard lacks and this "
            f"dataset leaves out: {', '.join(columns)}. To have them, ingest such shards under a "
            "--name of their own."
        )
    unread = report.coverage.unread
    for _, reason in unread[:_SHOWN_FAILURES]:
        talk.warn(reason)
    if len(unread) > _SHOWN_FAILURES:
        talk.warn(f"… and {len(unread) - _SHOWN_FAILURES:,} more shards that could not be read.")
    if report.coverage.rows == 0 and not unread:
        talk.error(
            f"{report.dataset}: the shards hold no rows: there is nothing to count.",
            "Check that these are the files you meant.",
        )
        return 1
    if len(unread) > allow_errors:
        talk.error(
            f"{len(unread):,} of {report.coverage.shards:,} shards could not be read; counts will "
            "be lower bounds.",
            "Repair or fetch them and run the same command again: only they will be read. What "
            "you delete, and of which nothing was ingested, is no part of the dataset then. "
            f"To accept it: --allow-errors {len(unread)}.",
        )
        return 1
    return 0
