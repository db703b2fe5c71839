"""``audit diff``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from audit.cli.gates import TRIPPED
from audit.cli.options import (
    common_options,
    concept_options,
    given,
    output_option,
    refuse,
    workers_option,
)
from audit.cli.talk import Talk
from audit.cli.yardsticks import make_yardstick, yardstick_options

if TYPE_CHECKING:
    from audit.comparisons import Comparison
    from audit.concepts import ConceptList

#: What says what is asked. A report was asked before.
_QUESTION = (
    "concepts", "aliases", "exclude", "concept_list", "where", "on", "domain", "model", "group",
    "threshold", "path", "voice", "share",
)  # fmt: skip


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@concept_options("Concept to compare in two datasets. Repeatable.")
@yardstick_options
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Licenses that ended before this day have ended.  [default: today]",
)
@workers_option("Processes")
@click.option(
    "--fail-on",
    type=click.Choice(["crossed", "uncertain"]),
    help="Exit with 3 if a concept crossed to above its threshold; or if one did, or rose from "
    "below to uncertain.",
)
@output_option
@common_options
@click.pass_obj
def diff(
    talk: Talk,
    /,
    a: str,
    b: str,
    concepts: tuple[str, ...],
    aliases: tuple[str, ...],
    exclude: tuple[str, ...],
    concept_list: ConceptList | None,
    home: str | None,
    output: str,
    fail_on: str | None,
    **options: Any,
) -> int:
    """Compare two datasets, or two snapshots of one: what changed from A to B.

    A and B are each the name of a dataset, or a report that `audit report -o FILE.json` wrote: the
    snapshot of a dataset is its report. Two datasets are asked the same question now; of a report
    and a dataset, the dataset is asked the report's. Told are the concepts that crossed a
    threshold and why, counts, licenses, opt-outs, domains and, of two datasets, the URLs that both
    have. What cannot be compared is not, and is said.
    """
    from audit.api.comparing import diff as compare
    from audit.comparisons.compare import find_side
    from audit.datasets.dataset import Dataset
    from audit.datasets.home import Home
    from audit.reports import diff_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer

    places = Home(home)
    if not all(isinstance(find_side(one, places), Dataset) for one in (a, b)):
        refuse(_QUESTION, "asks something of two datasets, and a report was asked before")
    asks = any(given(name) for name in _QUESTION)
    yardstick = make_yardstick(options) if asks else None
    with talk.progress() as show:
        found = compare(
            a,
            b,
            *concepts,
            aliases=aliases,
            exclude=exclude,
            concept_list=concept_list,
            where=options["where"],
            yardstick=yardstick,
            on=options["on"].date() if options["on"] else None,
            home=home,
            workers=options["workers"],
            on_progress=show,
        )
    write_answer(found, output)
    return _held(talk, found, fail_on)


def _held(talk: Talk, found: Comparison, fail_on: str | None) -> int:
    """The exit code: what was not held against a threshold on both sides does not pass unseen."""
    if fail_on is None:
        return 0
    from audit.reports.tables import counted

    held, concepts = found.held, len(found.concepts)
    if len(held) < concepts:
        others = concepts - len(held)
        told = f"{others:,} of {counted(concepts, 'concept')} {'is' if others == 1 else 'are'} not"
        talk.warn(f"{told} held against a threshold on both sides: the gate says nothing of them.")
    if not held:
        talk.warn(f"Nothing was held against a threshold on both sides (--fail-on {fail_on}).")
        return TRIPPED
    tripping = found.crossed if fail_on == "crossed" else found.risen
    if not tripping:
        return 0
    what = "crossed to above" if fail_on == "crossed" else "crossed to above or rose to uncertain"
    names = ", ".join(one.name for one in tripping[:5]) + (", …" if len(tripping) > 5 else "")
    told = f"{len(tripping):,} of {counted(concepts, 'concept')} {what}: {names}"
    talk.warn(f"{told} (--fail-on {fail_on}).")
    return TRIPPED
