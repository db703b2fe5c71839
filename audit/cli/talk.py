"""What a command says besides its answer: remarks, progress and errors, on standard error."""

from __future__ import annotations

import contextlib
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import click

from audit.printable import visible

#: Exit code of a command that the user stopped, by Ctrl-C or by saying no.
STOPPED = 130

_LOG_SECONDS = 10.0
_REDRAW_SECONDS = 0.1
#: Work that takes less than this shows no progress at all.
_PATIENCE_SECONDS = 1.0


class Talk:
    """Standard error, as quiet or as talkative as the user asked for."""

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self.quiet = False
        self.verbose = False
        #: The command as a shell takes it.
        self.command = shlex.join(["audit", *arguments])

    def say(self, text: str) -> None:
        """A remark; left out with --quiet."""
        if not self.quiet:
            click.echo(_safe(text), err=True)

    def warn(self, text: str) -> None:
        """Something that the user should know even with --quiet."""
        click.secho(f"Warning: {_safe(text)}", err=True, fg="yellow")

    def error(self, message: str, hint: str | None) -> None:
        click.secho(f"Error: {_safe(message)}", err=True, fg="red")
        if hint:
            click.echo(_safe(hint), err=True)

    @contextlib.contextmanager
    def progress(self) -> Iterator[Callable[[str, float | None], None]]:
        """Gives a function ``(line, share)`` that shows how far the work is.

        On a terminal one line is redrawn; in a log a line is written every ten seconds.
        """
        terminal = sys.stderr.isatty()
        started = time.monotonic()
        shown = started
        drawn = False

        def show(line: str, share: float | None) -> None:
            nonlocal shown, drawn
            now = time.monotonic()
            pause = _REDRAW_SECONDS if terminal else _LOG_SECONDS
            if self.quiet or now - started < _PATIENCE_SECONDS or now - shown < pause:
                return
            shown = now
            if terminal:
                drawn = True
                bar = "" if share is None else f"{_bar(share)} {share:4.0%}  "
                sys.stderr.write(f"\r\x1b[2K{bar}{line}")
            else:
                sys.stderr.write(f"{line}\n" if share is None else f"{share:4.0%}  {line}\n")
            sys.stderr.flush()

        try:
            yield show
        finally:
            if drawn:
                sys.stderr.write("\r\x1b[2K")
                sys.stderr.flush()


def _bar(share: float, width: int = 24) -> str:
    full = round(min(max(share, 0.0), 1.0) * width)
    return "━" * full + "╌" * (width - full)


def duration(seconds: float) -> str:
    """A duration for people: ``42 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def user() -> str:
    """Who runs the command, as the system calls them."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _safe(text: str) -> str:
    """What is said may have names of columns, files and hosts in it, which anybody chose."""
    return visible(text, keep="\n")
