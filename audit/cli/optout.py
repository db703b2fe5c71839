"""``audit optout``"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from audit.cli.gates import TRIPPED, Gate, gates_option, hold_gates
from audit.cli.options import (
    common_options,
    concept_options,
    dataset_option,
    output_option,
    refuse,
)
from audit.cli.talk import STOPPED, Talk, duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.concepts import ConceptList
    from audit.datasets.dataset import Dataset
    from audit.optouts.network.check import CheckProgress, CheckReport
    from audit.optouts.results import OptOutReview

#: ``audit.optouts.signals.USES`` and ``audit.optouts.results.ANSWERS``, which are not imported to
#: keep --help fast.
USES = ("mining", "training", "generative-training", "search")
ANSWERS = ("denied", "allowed", "unknown")

#: What says how servers are asked.
_OF_CHECKS = (
    "images", "max_age", "delay", "threads", "timeout", "total_timeout", "retries", "user_agent",
    "allow_private",
)  # fmt: skip


@click.command()
@concept_options("Only samples whose caption names this. Repeatable.")
@dataset_option
@click.option(
    "--signals",
    "sidecars",
    multiple=True,
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Parquet of signals by URL: url, any of the columns of signals, checked_at. Repeatable.",
)
@click.option(
    "--agent",
    "agents",
    multiple=True,
    metavar="NAME",
    help="A crawler of yours: what is said to it counts too, permissions among it. Repeatable.",
)
@click.option(
    "--only-agents", is_flag=True, help="Only the --agent crawlers count, not the listed ones."
)
@click.option(
    "--use",
    type=click.Choice(USES),
    default="generative-training",
    show_default=True,
    help="The use that --rows and --fail-on are about.",
)
@click.option(
    "--rows",
    type=click.Choice(ANSWERS),
    help="Also show samples of which this is the answer, each with what decided.",
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    metavar="N",
    help="As many of them at most; 0 for all.",
)
@gates_option(
    'Exit with 3 if more samples than this: "denied>0", "unknown>5%". Of a --sample, if there may '
    "be more."
)
@click.option(
    "--sample",
    type=click.IntRange(1),
    metavar="N",
    help="Only N samples, drawn at random without replacement.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="N", help="Seed of that draw."
)
@click.option(
    "--check",
    is_flag=True,
    help="Ask the servers first: robots.txt, tdmrep.json, headers. Opens network connections.",
)
@click.option(
    "--images", is_flag=True, help="With --check: also read XMP and C2PA inside the images."
)
@click.option(
    "--max-age",
    type=click.FloatRange(0),
    metavar="DAYS",
    help="With --check: ask again for answers that are older.  [default: none is too old]",
)
@click.option(
    "--delay",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="With --check: pause between two requests to a host.",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=16,
    show_default=True,
    metavar="N",
    help="With --check: hosts that are asked at a time, one connection each.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="With --check: give up on servers that are silent for so long.",
)
@click.option(
    "--total-timeout",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="With --check: give up on answers that take longer in all.",
)
@click.option(
    "--retries",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    metavar="N",
    help="With --check: try again so often what fails for reasons that may pass.",
)
@click.option(
    "--user-agent",
    metavar="TEXT",
    help="With --check: who asks; robots.txt is obeyed by its first word.  [default: "
    "concept-audit/VERSION …]",
)
@click.option(
    "--allow-private",
    is_flag=True,
    help="With --check: also connect to private, loopback and link-local addresses.",
)
@output_option
@common_options
@click.pass_obj
def optout(
    talk: Talk,
    /,
    concepts: tuple[str, ...],
    aliases: tuple[str, ...],
    exclude: tuple[str, ...],
    concept_list: ConceptList | None,
    where: str | None,
    dataset: str | None,
    sidecars: tuple[str, ...],
    agents: tuple[str, ...],
    only_agents: bool,
    use: str,
    rows: str | None,
    limit: int,
    gates: tuple[Gate, ...],
    sample: int | None,
    seed: int,
    check: bool,
    output: str,
    home: str | None,
    **options: Any,
) -> int:
    """What was said against the use of images, in forms that machines read.

    Reads the dataset's columns of signals, files given by --signals, and what --check found:
    X-Robots-Tag, robots.txt, TDMRep, Content-Usage, IPTC and PLUS Data Mining, C2PA and CAWG
    training-mining. Each sample is denied, allowed or unknown for each use; what failed, or was
    not said, is unknown. Nothing is fetched without --check.
    """
    from audit.concepts import gather_concepts
    from audit.datasets.home import Home
    from audit.optouts.crawling import audience
    from audit.optouts.review import review_optouts
    from audit.reports import optout_table  # noqa: F401  (registers the table)
    from audit.reports.formats import write_answer

    _checked(gates)
    audience(agents, listed=not only_agents)  # what is wrong with them is said before anything
    if not check:
        refuse(_OF_CHECKS, "says how servers are asked: it needs --check")
    if rows is None:
        refuse(["limit"], "is of rows: it needs --rows")
    asked = gather_concepts(concepts, aliases, exclude, concept_list)
    opened = Home(home).open(dataset)
    which: dict[str, Any] = {"concepts": asked, "where": where, "sample": sample, "seed": seed}
    report = None
    if check:
        try:
            report = _check(talk, opened, agents, which, options)
        except KeyboardInterrupt:
            talk.error(
                "Interrupted.", "What was found is kept: the same command goes on from here."
            )
            return STOPPED
    with talk.progress() as show:
        review = review_optouts(
            opened,
            **which,
            sidecars=sidecars,
            agents=agents,
            listed_crawlers=not only_agents,
            use=use,
            rows=rows,
            limit=limit or None,
            on_progress=lambda done, total: show(
                f"{done:,} of {total:,} samples", done / total if total else None
            ),
        )
    write_answer(review, output)
    if rows is not None and output in ("csv", "parquet"):
        there = int(getattr(review.count(use), rows))
        if len(review.rows) < there:
            shown = f"{len(review.rows):,} of {there:,} rows"
            talk.warn(f"{shown} are in the answer; for all of them: --limit 0.")
    if not review.columns and not review.sidecars:
        talk.warn(
            "Nothing that holds signals was there to read. Map columns with `audit ingest --col "
            "ROLE=COLUMN`, give a file with --signals, or ask the servers with --check."
        )
    return _held(talk, review, use, gates) or (_failed(talk, report) if report else 0)


def _check(
    talk: Talk,
    opened: Dataset,
    agents: Sequence[str],
    which: dict[str, Any],
    options: dict[str, Any],
) -> CheckReport:
    from audit.optouts.network.check import USER_AGENT, CheckSettings, check_optouts
    from audit.optouts.network.client import Limits
    from audit.optouts.network.hosts import Manners
    from audit.reports.tables import visible

    days, seconds = options["max_age"], options["timeout"]
    settings = CheckSettings(
        images=options["images"],
        threads=options["threads"],
        limits=Limits(seconds, seconds, options["total_timeout"]),
        manners=Manners(options["delay"], options["retries"]),
        user_agent=options["user_agent"] or USER_AGENT,
        allow_private=options["allow_private"],
        max_age=None if days is None else timedelta(days=days),
    )
    with talk.progress() as show:
        report = check_optouts(
            opened,
            settings,
            **which,
            agents=agents,
            on_progress=lambda progress: show(_progress_line(progress), None),
        )
    talk.say(
        f"Checked {report.asked:,} of {report.urls:,} URLs in {duration(report.seconds)}; "
        f"{report.known:,} were known. {report.answered:,} answered → {report.folder}"
    )
    for reason, urls in report.failed.most_common(5):
        talk.say(f"  {urls:,} did not: {visible(reason)}")
    return report


def _progress_line(progress: CheckProgress) -> str:
    return f"{progress.asked:,} URLs asked, {progress.known:,} known, of {progress.total:,} samples"


def _checked(gates: Sequence[Gate]) -> None:
    for gate in gates:
        if gate.finding not in ANSWERS:
            raise click.UsageError(
                f"--fail-on {gate}: No finding {gate.finding!r}. There are: {', '.join(ANSWERS)}."
            )


def _held(talk: Talk, review: OptOutReview, use: str, gates: Sequence[Gate]) -> int:
    if gates and not (review.columns or review.sidecars):
        talk.warn("The gate looked at nothing, so it does not pass.")
        return TRIPPED
    count = review.count(use)
    return hold_gates(
        talk,
        gates,
        lambda answer: int(getattr(count, answer)),
        review.samples,
        review.coverage,
        f" for {use}",
        review.sample,
    )


def _failed(talk: Talk, report: CheckReport) -> int:
    if report.unread:
        talk.error(
            f"{report.unread:,} samples could not be looked up in their source shards.",
            "Bring the shards back and run the same command again: only these will be asked for.",
        )
    elif report.asked and not report.answered:
        talk.error(
            f"Not one of {report.asked:,} URLs answered.",
            "If they are in a network of your own, use --allow-private; else try again later.",
        )
    elif report.passing:
        talk.warn(
            f"{report.passing:,} URLs failed for reasons that may pass: the same command tries "
            "them again."
        )
        return 0
    else:
        return 0
    return 1
