"""``audit datasets``, ``audit show`` and ``audit remove``"""

from __future__ import annotations

from pathlib import Path

import click

from audit.cli.options import common_options, output_option
from audit.cli.talk import STOPPED, Talk


@click.command()
@output_option
@common_options
def datasets(output: str, home: str | None) -> int:
    """List the datasets that were ingested."""
    from audit.datasets.catalog import catalog
    from audit.datasets.home import Home
    from audit.reports.formats import write_answer

    write_answer(catalog(Home(home)), output)
    return 0


@click.command()
@click.argument("name", required=False)
@click.option(
    "--top", type=click.IntRange(1), default=10, show_default=True, help="Hosts and licenses shown."
)
@output_option
@common_options
def show(name: str | None, top: int, output: str, home: str | None) -> int:
    """Show columns, totals, hosts, licenses, coverage."""
    from audit.datasets.home import Home
    from audit.datasets.overview import overview
    from audit.reports.formats import write_answer

    write_answer(overview(Home(home).open(name), top), output)
    return 0


@click.command()
@click.argument("name")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@common_options
@click.pass_obj
def remove(talk: Talk, name: str, yes: bool, home: str | None) -> int:
    """Delete a dataset and its results. Its sources are not touched.

    What was removed from it on request is deleted too: if its sources are ingested again, these
    samples count again. `audit removals export` writes them out before, for `audit
    remove-samples --from`.
    """
    from audit.datasets.home import Home

    place = Home(home)
    if name not in place.names():
        place.open(name)  # raises, with suggestions
    removed = _what_was_removed(place.folder(name))
    if not yes:
        try:
            if removed:
                talk.warn(
                    f"{removed} will be deleted too, so that the samples count again if they are "
                    "ingested again. To write them out before: audit removals export FILE "
                    f"--dataset {name}"
                )
            more = f" and {removed}" if removed else ""
            question = f"Delete {place.folder(name)} with all results{more}?"
            sure = click.confirm(question, err=True)
        except click.Abort:  # Ctrl-C, or nobody there to answer
            talk.say("")
            talk.error("Nothing was deleted.", f"To delete unasked: audit remove {name} --yes")
            return STOPPED
        if not sure:
            talk.say("Nothing was deleted.")
            return STOPPED
    place.remove(name)
    talk.say(f"Removed {name}.")
    if removed:
        talk.warn(
            f"{removed} went with it: the samples count again if its sources are ingested again. "
            "What was written before with `audit removals export` can be given to "
            "`audit remove-samples --from`."
        )
    return 0


def _what_was_removed(folder: Path) -> str:
    """The removals of a dataset in words; empty if there are none."""
    from audit.datasets.tombstones import count_removals, read_removals
    from audit.errors import AuditError
    from audit.reports.tables import counted

    removals = count_removals(folder)
    if not removals:
        return ""
    try:
        samples = counted(sum(one.samples for one in read_removals(folder)), "sample")
    except AuditError:  # a damaged dataset can be deleted too
        samples = "samples"
    return f"{counted(removals, 'removal')} of {samples} on request"
