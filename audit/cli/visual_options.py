"""Options that have to do with images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from audit.cli.options import given, refuse

F = TypeVar("F", bound=Callable[..., Any])


class CutOffType(click.ParamType[float | str]):
    """A score, or the name of a published cut-off."""

    name = "cutoff"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | str:
        try:
            return float(value)
        except ValueError:
            return str(value)


def matching_options(where: str) -> Callable[[F], F]:
    """--references to --statistic: what is looked for in images, and how it is told.

    Parameters
    ----------
    where:
        Put before the help of those that a command may ignore.
    """

    def decorate(command: F) -> F:
        for option in (
            click.option(
                "--statistic", type=click.Choice(["max", "mean"]), default="max",
                show_default=True,
                help=f"{where}Compare with the most similar reference, or with the mean of all.",
            ),
            click.option(
                "--per-million", type=click.FloatRange(0, min_open=True), metavar="X",
                help=f"{where}Calibrate for X false positives in a million other images.  "
                "[default: 10, or one in all if these are few]",
            ),
            click.option(
                "--cutoff", type=CutOffType(), metavar="SCORE",
                help=f"{where}A cut-off, or the name of a published one, instead of calibrating.",
            ),
            click.option(
                "--device", default="auto", show_default=True, metavar="DEVICE",
                help=f"{where}Where the encoder and the matching run: cpu, cuda, cuda:1 …",
            ),
            click.option(
                "--encoder", metavar="ID",
                help=f"{where}Whose index to use.  [default: the only one]",
            ),
            click.option(
                "--prompt", "prompts", multiple=True, metavar="TEXT",
                help="Words in place of references, {} for the name; weaker evidence. Repeatable.",
            ),
            click.option(
                "--references", type=click.Path(), metavar="PATH",
                help="Images that show the concept: a file or a folder; of several concepts a "
                "folder that has one with the name of each.",
            ),
        ):  # fmt: skip
            command = option(command)
        return command

    return decorate


def refuse_double() -> None:
    """Refuse options of :func:`matching_options` that another one would leave without effect.

    Raises
    ------
    click.UsageError
        If there is one.
    """
    if given("cutoff"):
        refuse(["per_million"], "calibrates a cut-off and --cutoff gives one: leave one out")
    if given("prompts"):
        refuse(["references"], "gives images and --prompt words in their place: leave one out")


def by_image_options(command: F) -> F:
    """--by to --statistic: what is counted, and how it is told from other images."""
    for option in (
        click.option(
            "--design", type=click.Choice(["all", "random", "unknown"]),
            help="By image: how the samples with an image were chosen.  [default: found out]",
        ),
        click.option(
            "--approximate", is_flag=True,
            help="By image: search the approximate index; what it misses enters the interval.",
        ),
        matching_options("By image: "),
        click.option(
            "--by", type=click.Choice(["caption", "visual", "both"]),
            help="Count what captions name, what images show, or both: named and shown, shown and "
            "never named.  [default: both with references, else caption]",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def visual_options(command: F) -> F:
    """Counting by image: what is looked for, what was looked at, and what is shown of it."""
    for option in (
        click.option(
            "--sheet", type=click.Path(dir_okay=False), metavar="FILE",
            help="By image: write the examples as a contact sheet, an HTML file, there.",
        ),
        click.option(
            "--allow-private", is_flag=True,
            help="With --verify: also connect to private addresses.",
        ),
        click.option(
            "--others", type=click.IntRange(0), metavar="N",
            help="With --verify: also fetch N samples drawn from all.  [default: 1000, or what "
            "--verify says if that is more]",
        ),
        click.option(
            "--verify", type=click.IntRange(1), metavar="N",
            help="Fetch N of the caption matches, drawn at random, and some of all samples; embed "
            "them, and extrapolate. Opens network connections.",
        ),
        by_image_options,
    ):  # fmt: skip
        command = option(command)
    return command
