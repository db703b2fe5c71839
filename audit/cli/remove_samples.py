"""``audit remove-samples`` and ``audit removals``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.cli.lookup import sample_options, wanted_of
from audit.cli.options import common_options, concept_options, dataset_option, output_option
from audit.cli.talk import STOPPED, Talk, user

if TYPE_CHECKING:
    from audit.concepts import ConceptList

_WAITING = "Waiting: another process is changing this dataset."
_REASON = "Who asked for it, and why; kept with the dataset."
_WHO = click.option(
    "--who", metavar="NAME", help="Who does it, to be kept too.  [default: you]"
)  # fmt: skip


@click.command("remove-samples")
@sample_options(
    "Also remove samples with an indexed image that is so similar to --image.  [default: none]"
)
@concept_options("Samples whose caption names a concept. Repeatable.")
@click.option(
    "--from", "file", type=click.Path(dir_okay=False), metavar="FILE",
    help="Parquet, CSV or TSV that names samples: shard and row, or url, or url_hash.",
)  # fmt: skip
@dataset_option
@click.option("--reason", metavar="TEXT", help=f"{_REASON}  [required]")
@_WHO
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@output_option
@common_options
@click.pass_obj
def remove_samples(
    talk: Talk,
    /,
    concepts: tuple[str, ...],
    aliases: tuple[str, ...],
    exclude: tuple[str, ...],
    concept_list: ConceptList | None,
    where: str | None,
    file: str | None,
    dataset: str | None,
    reason: str | None,
    who: str | None,
    dry_run: bool,
    yes: bool,
    output: str,
    home: str | None,
    **options: Any,
) -> int:
    """Take samples out of every number of a dataset, on request.

    Samples are found as by `audit lookup`, or by concept, condition (--where; with other options
    it narrows these) or a list (--from). What would be removed is shown, with the numbers before
    and after; then it asks. Shards are never rewritten: what was removed is kept in the folder
    of the dataset, with the reason, and left out of every count, draw, fetch and label from then
    on. `audit removals` lists it, takes it back, or writes it as a filter for other tools.
    """
    from audit.concepts import gather_concepts
    from audit.datasets.home import Home
    from audit.removal.finding import check_is_there, find_samples
    from audit.removal.removing import carry_out, plan_removal
    from audit.reports import removal_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer
    from audit.reports.tables import counted

    if reason is None and not dry_run:
        raise click.UsageError("Say why: --reason TEXT. It is kept with the dataset.")
    asked = gather_concepts(concepts, aliases, exclude, concept_list)
    wanted = wanted_of(
        options,
        concepts=tuple(asked),
        where=where,
        file=None if file is None else Path(file).expanduser(),
    )
    place = Home(home)
    opened = place.open(dataset)
    with talk.progress() as show:
        found = find_samples(opened, wanted, shown=options["shown"] or None, on_progress=show)
        check_is_there(found)
        show("numbers before and after", None)
        plan = plan_removal(opened, wanted, found, reason or "dry run", who or user())
    if dry_run or not plan.removal.samples:
        write_answer(plan, output)
        talk.say("Nothing was removed" + ("." if dry_run else ": nothing was found."))
        return 0
    if not yes:
        if output == "table":
            write_answer(plan, output)
        question = f"Remove {counted(plan.newly, 'sample')} from every number of {opened.name}?"
        if not plan.newly:
            question = "All of them were removed before. Keep this removal beside that?"
        try:
            sure = click.confirm(question, err=True)
        except click.Abort:  # Ctrl-C, or nobody there to answer
            talk.say("")
            talk.error("Nothing was removed.", "To remove unasked: --yes. To look only: --dry-run.")
            return STOPPED
        if not sure:
            talk.say("Nothing was removed.")
            return STOPPED
    report = carry_out(place, plan, lambda: talk.say(_WAITING))
    if yes or output != "table":
        write_answer(report, output)
    talk.say(
        f"Removed {counted(report.newly, 'sample')} as removal {report.removal.id}. To take it "
        f"back: audit removals undo {report.removal.id} --dataset {opened.name} --reason TEXT"
    )
    return 0


@click.group()
def removals() -> None:
    """What was removed from a dataset on request: list it, take it back, write it as a filter."""


@removals.command("list")
@dataset_option
@output_option
@common_options
def list_command(dataset: str | None, output: str, home: str | None) -> int:
    """List removals with their reasons, and what may have escaped them."""
    from audit.datasets.home import Home
    from audit.removal.listing import list_removals
    from audit.reports import removal_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer

    write_answer(list_removals(Home(home).open(dataset)), output)
    return 0


@removals.command("undo")
@click.argument("removal")
@dataset_option
@click.option("--reason", required=True, metavar="TEXT", help="Why it is taken back; kept too.")
@_WHO
@output_option
@common_options
@click.pass_obj
def undo_command(
    talk: Talk,
    /,
    removal: str,
    dataset: str | None,
    reason: str,
    who: str | None,
    output: str,
    home: str | None,
) -> int:
    """Take a REMOVAL back, by its number: its samples count again.

    It stays on record, with the reason. Samples that another removal took too stay removed.
    """
    from audit.datasets.home import Home
    from audit.removal.removing import take_back
    from audit.reports import removal_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer

    place = Home(home)
    opened = place.open(dataset)
    report = take_back(opened, place, removal, reason, who or user(), lambda: talk.say(_WAITING))
    write_answer(report, output)
    talk.say(f"Removal {report.removal.id} is no longer in force.")
    return 0


@removals.command("export")
@click.argument("file", type=click.Path(dir_okay=False))
@dataset_option
@click.option(
    "--kept",
    is_flag=True,
    help="List the samples that are left instead, as uids in an .npy file of dtype u8,u8: what "
    "DataComp's resharder takes with -s.",
)
@click.option(
    "--column",
    default="uid",
    show_default=True,
    metavar="NAME",
    help="With --kept: the column of uids, kept at ingest (--keep).",
)
@output_option
@common_options
@click.pass_obj
def export_command(
    talk: Talk,
    /,
    file: str,
    dataset: str | None,
    kept: bool,
    column: str,
    output: str,
    home: str | None,
) -> int:
    """Write a filter for other tools to FILE, over one that is there.

    By default the keys of all removed samples as Parquet: shard, row, removal, and the hashes
    and kept columns that the dataset has. Drop these.
    """
    from audit.cli.options import refuse
    from audit.datasets.home import Home
    from audit.datasets.outputs import check_output
    from audit.removal.export import export_kept, export_removed
    from audit.reports import removal_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer
    from audit.reports.tables import counted

    opened = Home(home).open(dataset)
    path = Path(file).expanduser()
    check_output(path, opened)
    if kept:
        report = export_kept(opened, path, column)
    else:
        refuse(["column"], "is for --kept")
        report = export_removed(opened, path)
    write_answer(report, output)
    if report.left_out:
        talk.warn(
            f"{counted(report.left_out, 'sample')} without a uid: a tool that keeps what is listed "
            "leaves out more than was removed."
        )
    return 0
