"""``audit serve``"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.cli.options import common_options, concept_list_options, dataset_option
from audit.cli.talk import Talk, user

if TYPE_CHECKING:
    from audit.concepts import ConceptList


@click.command()
@dataset_option
@concept_list_options
@click.option(
    "--references",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Images that show concepts: a folder that has one with the name of each.",
)
@click.option("--encoder", metavar="ID", help="Whose index to use.  [default: the only one]")
@click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="DEVICE",
    help="Where the encoder and the matching run: cpu, cuda, cuda:1 …",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on; another one than this machine's own lets others in.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="Port to listen on.  [default: one that is free]",
)
@common_options
@click.pass_obj
def serve(
    talk: Talk,
    /,
    dataset: str | None,
    concept_list: ConceptList | None,
    references: str | None,
    encoder: str | None,
    device: str,
    host: str,
    port: int,
    home: str | None,
) -> int:
    """Look around in a dataset in the browser, and label samples.

    Prints an address with a token: open it. Counts come as they are made; matches divide by
    license, host and size; samples are labelled by one key each, and every label is on the disk
    before the next is shown. Nothing is asked of the network, and nobody else is let in. Ctrl-C
    ends it.
    """
    from audit import api
    from audit.concepts import gather_concepts
    from audit.explorer.server import check_installed
    from audit.explorer.server import serve as run

    check_installed()
    from audit.explorer.desk import DeskSettings
    from audit.explorer.gate import is_loopback

    settings = DeskSettings(
        concepts=tuple(gather_concepts((), concept_list=concept_list)),
        concepts_from=None if concept_list is None else str(concept_list),
        references=None if references is None else Path(references).expanduser(),
        encoder=encoder,
        device=device,
    )
    opened = api.open(dataset, home)
    if not is_loopback(host):
        talk.warn(
            f"{host} is no address of this machine alone: whoever reaches it and has the token can "
            "read this dataset and label, and what is sent is not encrypted."
        )

    def ready(address: str) -> None:
        click.echo(address)
        talk.say("Open this address in a browser; Ctrl-C ends the server.")

    run(opened, settings, host=host, port=port, usual_name=user(), on_ready=ready)
    talk.say("Ended. Labels are kept with the dataset.")
    return 0
