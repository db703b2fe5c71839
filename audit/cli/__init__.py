"""The command line: parse, call the library, render. Nothing is computed here."""

from __future__ import annotations

import errno
import os
import sys
import traceback

import click

from audit._version import __version__
from audit.cli.card import card
from audit.cli.count import count
from audit.cli.datasets import datasets, remove, show
from audit.cli.demo import demo
from audit.cli.diff import diff
from audit.cli.disclose import disclose
from audit.cli.embed import embed
from audit.cli.fetch import fetch
from audit.cli.flag import flag
from audit.cli.generate import generate
from audit.cli.index import index
from audit.cli.ingest import ingest
from audit.cli.label import label
from audit.cli.license import license
from audit.cli.lookup import lookup
from audit.cli.optout import optout
from audit.cli.remove_samples import removals, remove_samples
from audit.cli.report import report
from audit.cli.score import score
from audit.cli.serve import serve
from audit.cli.talk import STOPPED, Talk
from audit.cli.threshold import threshold
from audit.cli.thresholds import thresholds
from audit.errors import AuditError

#: What a shell expects of a program stopped by a closed pipe.
_CLOSED_PIPE = 141
#: What DuckDB, which catches Ctrl-C while it works, says of it.
_ENGINE_INTERRUPTED = "Query interrupted"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="audit")
def cli() -> None:
    """How many images of a concept are in an image-text dataset, and what follows.

    Begin with `audit demo`, or with your own shards:

    \b
      audit ingest 'laion/*.parquet' --name laion
      audit count --concept "Van Gogh" --examples 3

    Answers go to standard output, everything else to standard error.

    \b
    Exit codes: 0 answered; 1 failed, or part of the input could not be read;
    2 wrong usage; 3 a gate tripped; 130 stopped by you.
    """


for command in (
    ingest, count, fetch, embed, index, label, generate, score, threshold, thresholds, flag,
    license, optout, report, serve, diff, card, disclose, lookup, remove_samples, removals,
    datasets, show, remove, demo,
):  # fmt: skip
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: the one place where errors become exit codes."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    talk = Talk(sys.argv[1:] if arguments is None else arguments)
    try:
        result = cli.main(arguments, prog_name="audit", standalone_mode=False, obj=talk)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except AuditError as error:
        if talk.verbose:
            traceback.print_exc()
        talk.error(error.message, error.hint)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _interrupted(talk)
    except BrokenPipeError:
        # Whoever read the output has seen enough. Python would complain while closing it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _CLOSED_PIPE
    except OSError as error:
        if error.errno != errno.ENOSPC:
            return _unexpected(talk, error)
        talk.error("The answer could not be written: no space left.", "Free some space.")
        return 1
    except Exception as error:
        if _ENGINE_INTERRUPTED in str(error):
            return _interrupted(talk)
        return _unexpected(talk, error)


def _unexpected(talk: Talk, error: Exception) -> int:
    if talk.verbose:
        traceback.print_exc()
    talk.error(
        f"An unexpected {type(error).__name__}: {error}",
        "This is a mistake in audit. Run again with --verbose and report what it prints.",
    )
    return 1


def _interrupted(talk: Talk) -> int:
    talk.error(
        "Interrupted.",
        "No file is half written; where work is kept, the same command goes on from there.",
    )
    return STOPPED
