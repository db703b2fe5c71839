"""``audit license`` and ``audit license explain``"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from audit.cli.gates import Gate, gates_option, hold_gates
from audit.cli.options import (
    common_options,
    concept_options,
    dataset_option,
    output_option,
    refuse,
    workers_option,
)
from audit.cli.talk import Talk

if TYPE_CHECKING:
    from audit.concepts import ConceptList
    from audit.datasets.dataset import Dataset
    from audit.licenses.mapping import LicenseMap
    from audit.reviews.results import LicenseReview
    from audit.reviews.tally import ReviewQuestion

#: ``audit.licenses.normalise.NUMBERINGS``, ``audit.licenses.uses.use_profiles()`` and
#: ``audit.reviews.results.Listing``, which are not imported to keep --help fast.
NUMBERINGS = ("flickr",)
USES = ("research", "commercial-training", "redistribution")
LISTINGS = ("finding", "license", "host", "value")
LISTED = 20

_numbers_option = click.option(
    "--numbers",
    type=click.Choice(NUMBERINGS),
    help="Take a number for a license of this numbering.  [default: a number is unknown]",
)


@click.group(invoke_without_command=True)
@concept_options("Review the samples whose caption names this. Repeatable.")
@dataset_option
@click.option(
    "--use",
    type=click.Choice(USES),
    help="Also find what does not permit this use, or does not say so.",
)
@click.option(
    "--map",
    "map_file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="CSV of value and license that says what unlisted values mean; kept with the dataset "
    "for later reviews.",
)
@click.option("--no-map", is_flag=True, help="Leave aside the map that is kept.")
@_numbers_option
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Licenses that ended before this day have ended.  [default: today]",
)
@click.option(
    "--by",
    type=click.Choice(LISTINGS),
    default="finding",
    help="What to list: of --output csv and parquet, the rows; of a table, all of it.",
)
@click.option(
    "--rows",
    "rows_of",
    metavar="FINDING",
    help="List the rows with a finding or status, each with its reason: missing, unclear, "
    "conflicting, in-copyright, not-open …",
)
@click.option(
    "--to",
    "to",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write all those rows to this file: .parquet or .csv.",
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=LISTED,
    show_default=True,
    metavar="N",
    help="Rows, hosts and values to list; 0 for all.",
)
@gates_option(
    'Exit with 3 if more samples than that have a finding or status: "missing>5%", "conflicting>0".'
)
@workers_option("Processes")
@output_option
@common_options
@click.pass_context
def license(
    context: click.Context,
    /,
    home: str | None,
    dataset: str | None,
    output: str,
    gates: tuple[Gate, ...],
    **options: Any,
) -> int:
    """Review the licenses of a dataset, row by row.

    What rows say is normalised (declared), weighed against links, copyright holders and end dates,
    and concluded. What the tables of this tool do not prove is unknown, and what contradicts
    itself is not taken for a license. The dataset's own license is never taken for that of its
    images. Nothing is looked up on the network. Not legal advice.
    """
    if context.invoked_subcommand is not None:
        _refuse_before_subcommand(context)
        return 0
    talk = context.ensure_object(Talk)
    from audit.datasets.home import Home
    from audit.datasets.outputs import check_output
    from audit.reports import review_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer
    from audit.reports.row_files import check_row_file
    from audit.reviews.findings import checked

    if options["to"] is not None and options["rows_of"] is None:
        raise click.UsageError("--to writes rows: say which with --rows FINDING.")
    for name in filter(None, (options["rows_of"], *(gate.finding for gate in gates))):
        checked(name, options["use"])
    opened = Home(home).open(dataset)
    if options["to"] is not None:
        check_output(options["to"], opened)
        check_row_file(options["to"])
    review = _reviewed(talk, opened, options)
    write_answer(review, output)
    if output in ("csv", "parquet"):
        _say_what_is_left_out(talk, review)
    return hold_gates(
        talk,
        gates,
        lambda name: review.whole.named[name].samples,
        review.samples,
        review.coverage,
    )


def _say_what_is_left_out(talk: Talk, review: LicenseReview) -> None:
    """A table says so itself; whoever reads a file would not know."""
    if review.rows_of is not None:
        listed, there = len(review.rows), review.whole.named[review.rows_of].samples
        what, how = "rows", "--limit 0, or --to FILE for very many"
    elif review.listed_by in ("host", "value"):
        found, there = review.hosts if review.listed_by == "host" else review.values
        listed, what, how = len(found), f"{review.listed_by}s", "--limit 0"
    else:
        return
    if listed < there:
        talk.warn(f"{listed:,} of {there:,} {what} are in the answer; for all of them: {how}.")


def _refuse_before_subcommand(context: click.Context) -> None:
    """Options of the review that stand before the name of a subcommand would be ignored."""
    refuse(
        [name for name in context.params if name != "home"],
        f"is for a review: leave it out with `{context.invoked_subcommand}`",
    )


def _reviewed(talk: Talk, opened: Dataset, options: dict[str, Any]) -> LicenseReview:
    from audit.concepts import gather_concepts
    from audit.reviews.review import answer, make_question

    concept_list: ConceptList | None = options["concept_list"]
    asked = gather_concepts(
        options["concepts"], options["aliases"], options["exclude"], concept_list
    )
    on: datetime | None = options["on"]
    question = make_question(
        opened,
        concepts=asked,
        where=options["where"],
        use=options["use"],
        own_map=_own_map(talk, opened, options),
        numbers=options["numbers"],
        on=on.date() if on else None,
    )
    limit = options["limit"] or None
    with talk.progress() as show:
        review = answer(
            question,
            listed=limit,
            listed_by=options["by"],
            rows_of=options["rows_of"],
            workers=options["workers"],
            on_progress=lambda done, total: show(
                f"{done:,} of {total:,} samples", done / total if total else None
            ),
        )
        if options["to"] is not None:
            _write_rows(talk, question, options, review)
    return review


def _own_map(talk: Talk, opened: Dataset, options: dict[str, Any]) -> LicenseMap | None:
    from audit.licenses.mapping import keep_map, kept_map, read_map
    from audit.reports.tables import counted

    if options["no_map"]:
        refuse(["map_file"], "gives a map and --no-map leaves it aside: leave one out")
        return None
    if options["map_file"] is None:
        return kept_map(opened.folder)
    own = read_map(options["map_file"], options["numbers"])
    before = _replaced_map(opened)
    own = keep_map(own, opened.folder)
    mapped = counted(len(own.entries), "value")
    talk.say(f"{mapped} mapped; kept with {opened.name} for later reviews{before}.")
    return own


def _replaced_map(opened: Dataset) -> str:
    """What to say of the map that is there, if another takes its place."""
    from audit.errors import SourceError
    from audit.licenses.mapping import kept_map

    try:
        before = kept_map(opened.folder)
    except SourceError:
        return ", in place of one that was damaged"
    return f", in place of {before.source} of {before.kept}" if before else ""


def _write_rows(
    talk: Talk, question: ReviewQuestion, options: dict[str, Any], review: LicenseReview
) -> None:
    from audit.reports.row_files import write_rows
    from audit.reports.tables import counted
    from audit.reviews.rows import rows_named

    written = write_rows(options["to"], rows_named(question, options["rows_of"]))
    talk.say(f"{counted(written, 'row')} of {review.dataset} written to {options['to']}")


@license.command("explain")
@click.argument("strings", nargs=-1, required=True, metavar="STRING…")
@_numbers_option
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
