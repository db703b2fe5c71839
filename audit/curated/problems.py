"""Mistakes in a file, told together and each with its place."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.errors import UsageError

#: Problems of one file that are reported together.
MAX_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one place of a file; lines and columns count from 1."""

    line: int
    text: str
    column: int | None = None

    @property
    def place(self) -> str:
        return f"{self.line}:{self.column}" if self.column else f"{self.line}"


class LineNumbers:
    """The line of a position in a text, without counting from the start each time."""

    def __init__(self, text: str) -> None:
        self._newlines = [found.start() for found in re.finditer("\n", text)]

    def at(self, position: int) -> int:
        # A newline still belongs to the line that it ends.
        return bisect_right(self._newlines, position - 1) + 1


def shown(value: object) -> str:
    """``value`` as JSON, cut to a length that fits a message."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"


def is_text(value: object) -> bool:
    """Whether a value is text that can be written: JSON may hold half a character."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def refusal(
    problems: Sequence[Problem], path: Path, error: type[UsageError] = UsageError
) -> UsageError:
    """One error for all problems of a file, one a line as ``file:line: problem``."""
    told = [f"{path}:{problem.place}: {problem.text}" for problem in problems[:MAX_PROBLEMS]]
    more = len(problems) - MAX_PROBLEMS
    if more > 0:
        told.append(f"… and {more} more {'problem' if more == 1 else 'problems'}")
    one = f"Mend line {problems[0].place}."
    return error(
        "\n".join(told), hint=one if len(problems) == 1 else "Mend the file and try again."
    )
