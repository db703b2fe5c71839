"""Options that mean the same on every command."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from audit.cli.talk import Talk

if TYPE_CHECKING:
    from audit.concepts import ConceptList
    from audit.thresholds.known import KnownThresholds

F = TypeVar("F", bound=Callable[..., Any])

#: The keys of ``audit.reports.formats.FORMATS``, which is not imported to keep --help fast.
OUTPUT_FORMATS = ("table", "json", "csv", "parquet")


def _set_talk(attribute: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    def callback(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value:
            setattr(context.ensure_object(Talk), attribute, True)

    return callback


def common_options(command: F) -> F:
    """--home, --quiet and --verbose."""
    for option in (
        click.option(
            "--verbose", "-v", is_flag=True, expose_value=False, callback=_set_talk("verbose"),
            help="Say more; show where errors come from.",
        ),
        click.option(
            "--quiet", "-q", is_flag=True, expose_value=False, callback=_set_talk("quiet"),
            help="No remarks and no progress on standard error.",
        ),
        click.option(
            "--home", type=click.Path(file_okay=False), metavar="DIR", envvar="AUDIT_HOME",
            help="Folder of datasets.  [default: $AUDIT_HOME, or ./indexes]",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def _concept_list(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> ConceptList | None:
    """--concepts and --name-col as one value, so that every command reads lists alike."""
    name_column = context.meta.pop(_NAME_COLUMN, None)
    if value is None:
        if name_column is not None:
            raise click.UsageError("--name-col is for a concept list: it needs --concepts.")
        return None
    from audit.concepts import ConceptList

    return ConceptList(value, name_column, context.ensure_object(Talk).say)


def _keep_name_column(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> None:
    context.meta[_NAME_COLUMN] = value


_NAME_COLUMN = "audit.name_column"


_CONCEPT_LIST = (
    click.option(
        # Eager: --concepts reads the file as this says.
        "--name-col", metavar="COLUMN", is_eager=True, expose_value=False,
        callback=_keep_name_column,
        help="Column of --concepts that holds the names, in a table of your own; columns "
        "that are not known are not read then.  [default: name]",
    ),
    click.option(
        "--concepts", "concept_list", metavar="FILE", type=click.Path(dir_okay=False),
        callback=_concept_list,
        help="Concept list: TOML, CSV, JSON, or text with a name a line.",
    ),
)  # fmt: skip


def concept_list_options(command: F) -> F:
    """--concepts and --name-col alone, where aliases and samples do not matter."""
    for option in _CONCEPT_LIST:
        command = option(command)
    return command


def concept_options(what: str) -> Callable[[F], F]:
    """--concept, --alias, --exclude, --concepts, --name-col and --where: which samples are meant.

    Parameters
    ----------
    what:
        What is done with a concept: the help of --concept.
    """

    def decorate(command: F) -> F:
        for option in (
            click.option(
                "--where", metavar="CONDITION",
                help='Only samples that meet this, as in SQL: "width >= 512 and similarity > 0.3".',
            ),
            *_CONCEPT_LIST,
            click.option(
                "--exclude", multiple=True, metavar="PHRASE",
                help='Not where the name is inside this phrase ("Van Gogh Museum"). Repeatable.',
            ),
            click.option(
                "--alias", "aliases", multiple=True, metavar="NAME",
                help="Another name of the one --concept. Repeatable.",
            ),
            click.option(
                "--concept", "-c", "concepts", multiple=True, metavar="NAME",
                help=what,
            ),
        ):  # fmt: skip
            command = option(command)
        return command

    return decorate


def thresholds_file_options(what: str) -> Callable[[F], F]:
    """--thresholds and --voice: a file of thresholds of one's own, to be read as below.

    Parameters
    ----------
    what:
        What is done with the file: the help of --thresholds.
    """

    def decorate(command: F) -> F:
        for option in (
            click.option(
                "--voice", type=click.Choice(["audit", "paper"]), default="audit",
                show_default=True,
                help="Of JSON of `audit threshold`: take its own estimate, or the value of the "
                "paper's rule.",
            ),
            click.option(
                "--thresholds", "path", type=click.Path(dir_okay=False), metavar="FILE", help=what,
            ),
        ):  # fmt: skip
            command = option(command)
        return command

    return decorate


def read_own_thresholds(path: str | None, voice: str) -> KnownThresholds | None:
    """The file of :func:`thresholds_file_options`; None if none was given.

    Raises
    ------
    click.UsageError
        If --voice was given without it.
    """
    if path is None:
        refuse(["voice"], "says what to take of a file: it needs --thresholds")
        return None
    from audit.thresholds.files import read_thresholds

    return read_thresholds(path, "paper" if voice == "paper" else "audit")


def output_option(command: F) -> F:
    """--output: the same formats wherever there is an answer."""
    return click.option(
        "--output",
        type=click.Choice(OUTPUT_FORMATS),
        default="table",
        show_default=True,
        help="Format of the answer on standard output.",
    )(command)


def workers_option(what: str) -> Callable[[F], F]:
    """--workers: how many processes, or threads, as ``what`` says."""
    return click.option(
        "--workers",
        type=click.IntRange(1),
        metavar="N",
        help=f"{what}.  [default: as many as help]",
    )


def dataset_option(command: F) -> F:
    """--dataset: which one to ask."""
    return click.option(
        "--dataset", "-d", metavar="NAME", help="Dataset to ask.  [default: the only one]"
    )(command)


def given(name: str) -> bool:
    """Whether somebody set this parameter of the running command, to whatever value."""
    source = click.get_current_context().get_parameter_source(name)
    return source in (
        ParameterSource.COMMANDLINE,
        ParameterSource.ENVIRONMENT,
        ParameterSource.PROMPT,
    )


def refuse(names: Iterable[str], why: str) -> None:
    """Options that would be ignored are mistakes.

    Parameters
    ----------
    names:
        Parameters of the running command.
    why:
        Put after the option that was given.

    Raises
    ------
    click.UsageError
        If one of them was.
    """
    options = {one.name: one.opts for one in click.get_current_context().command.params}
    for name in names:
        if given(name):
            raise click.UsageError(f"{max(options[name], key=len)} {why}.")
