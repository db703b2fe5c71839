"""``audit license explain``"""

from __future__ import annotations

import sys

import click

from audit.cli.options import common_options, output_option

#: ``audit.licenses.normalise.NUMBERINGS``, which is not imported to keep --help fast.
NUMBERINGS = ("flickr",)


@click.group()
def license() -> None:
    """What the licenses of images say, as far as it can be proved.

    Nothing is looked up on the network, and nothing is taken for granted: what the tables of this
    tool do not prove is unknown. Not legal advice.
    """


@license.command("explain")
@click.argument("strings", nargs=-1, required=True, metavar="STRING…")
@click.option(
    "--numbers",
    type=click.Choice(NUMBERINGS),
    help="Take a number for a license of this numbering.  [default: a number is unknown]",
)
@output_option
@common_options
def explain_command(
    strings: tuple[str, ...], numbers: str | None, output: str, home: str | None
) -> int:
    """Explain what license a string or address names, and why.

    Each STRING as it stands in a dataset: "CC BY 2.1 CA", an address, a statement. `-` reads them
    from standard input, one a line. Prints the SPDX identifier or LicenseRef, the status (open,
    public-domain, restricted, in-copyright, unknown), the rule that matched, and what is permitted
    for research, commercial training and redistribution.
    """
    from audit.licenses.explain import explain
    from audit.reports import license_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer

    values = [value for string in strings for value in _lines(string)]
    write_answer(explain(values, numbers=numbers), output)
    return 0


def _lines(string: str) -> list[str]:
    if string != "-":
        # Bytes of the shell that are no text cannot be written out again.
        return [string.encode("utf-8", "surrogateescape").decode("utf-8", "replace")]
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []
