"""What counts are held against, as options say it; and the gate on the verdicts."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from audit.cli.gates import TRIPPED
from audit.cli.options import read_own_thresholds, refuse, thresholds_file_options
from audit.cli.talk import Talk

if TYPE_CHECKING:
    from audit.verdicts import FlagResult
    from audit.verdicts.flagging import Yardstick

F = TypeVar("F", bound=Callable[..., Any])


class Range(click.ParamType[tuple[float, float]]):
    """Two numbers, ``LOW:HIGH``, or one that is both."""

    def __init__(self, what: str) -> None:
        self.name = what

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        low, colon, high = str(value).partition(":")
        try:
            return float(low), float(high if colon else low)
        except ValueError:
            self.fail(f"{value!r} is neither a {self.name} nor two as LOW:HIGH.", param, ctx)


def yardstick_options(command: F) -> F:
    """--domain to --share: which thresholds, and what stands in where nobody says it."""
    for option in (
        click.option(
            "--share", type=Range("share"), metavar="LOW:HIGH",
            help="By caption: this share of the named samples shows the concept, from 0 to 1.",
        ),
        thresholds_file_options(
            "Your own thresholds instead of the published: TOML or CSV as `audit thresholds` lists "
            "them, or JSON of `audit threshold`."
        ),
        click.option(
            "--threshold", type=Range("number of images"), metavar="N",
            help="Hold all concepts against this number of images, or an interval LOW:HIGH.",
        ),
        click.option(
            "--group", metavar="GROUP",
            help="Only thresholds found on this group: politicians …  [default: the band of all "
            "groups]",
        ),
        click.option(
            "--model", metavar="MODEL",
            help="Only thresholds of this model: SD1.5 …  [default: the band of all models]",
        ),
        click.option(
            "--domain", metavar="DOMAIN",
            help="Domain of concepts, and of thresholds, that do not say theirs: face, art-style, "
            "character, object.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def make_yardstick(options: dict[str, Any]) -> Yardstick:
    """The yardstick of :func:`yardstick_options`, whose values are taken out of ``options``.

    Raises
    ------
    click.UsageError
        If options contradict each other.
    UsageError
        If there is no such domain, model or group, or the file cannot be read.
    """
    from audit.verdicts.flagging import Yardstick

    if options["threshold"] is not None:
        refuse(
            ["path", "model", "group"],
            "chooses among thresholds and --threshold gives one for all: leave one out",
        )
    path, voice = options.pop("path"), options.pop("voice")
    return Yardstick(
        read_own_thresholds(path, voice),
        **{name: options.pop(name) for name in ("threshold", "domain", "model", "group", "share")},
        whose="what was given" if path is None else os.path.basename(path),
    )


fail_on_option = click.option(
    "--fail-on",
    type=click.Choice(["above", "uncertain"]),
    help="Exit with 3 if a concept is above its threshold; or if one is above or uncertain.",
)


def hold_verdicts(talk: Talk, result: FlagResult, fail_on: str | None) -> int:
    """The exit code of a command with :data:`fail_on_option`."""
    if fail_on is None:
        return 0
    from audit.reports.tables import counted

    tally, concepts = result.tally, len(result.concepts)
    without = tally["no threshold for this domain"]
    if without:
        verb = "has" if without == 1 else "have"
        told = f"{without:,} of {counted(concepts, 'concept')} {verb} no threshold"
        talk.warn(f"{told}: the gate does not hold them against any.")
        if without == concepts:
            talk.warn(f"Nothing was held against a threshold (--fail-on {fail_on}).")
            return TRIPPED
    tripping = tally["above"] + (tally["uncertain"] if fail_on == "uncertain" else 0)
    if not tripping:
        return 0
    what = "above" if fail_on == "above" else "above or uncertain against"
    verb = "is" if tripping == 1 else "are"
    told = f"{tripping:,} of {counted(concepts, 'concept')} {verb} {what} a threshold"
    talk.warn(f"{told} (--fail-on {fail_on}).")
    return TRIPPED
