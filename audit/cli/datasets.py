"""``audit datasets``, ``audit show`` and ``audit remove``"""

from __future__ import annotations

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
    """Delete a dataset and its results. Its sources are not touched."""
    from audit.datasets.home import Home
    from audit.datasets.tombstones import removal_files

    place = Home(home)
    if name not in place.names():
        place.open(name)  # raises, with suggestions
    if not yes:
        try:
            removals = sum(one.endswith(".parquet") for one in removal_files(place.folder(name)))
            some = "1 removal" if removals == 1 else f"{removals:,} removals"
            more = f" and {some} of samples on request" if removals else ""
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
    return 0
