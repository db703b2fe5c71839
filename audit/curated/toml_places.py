"""The line of every key of a TOML text that is a list of tables.

The parser of the standard library gives no lines for values, so the text is scanned once more for
its table headers and keys. It is valid TOML by then: skipping strings, comments and brackets is
all that takes, and ``[[concept]]`` inside a text does not mislead. One limit: the tables of
``concept = [{name = "…"}, …]`` are all reported at the line of ``concept``. A value that spans
several lines is reported at the line of its key.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from audit.curated.problems import LineNumbers, Problem

_WHERE = re.compile(r" \(at line (\d+), column (\d+)\)$")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TOKEN = re.compile(
    r'''
      (?P<skipped>
          """ (?: \\. | [^\\] )*? """ "{0,2}   # up to two more quotes may end the text itself
        | \'\'\' .*? \'\'\' '{0,2}
        | " (?: \\. | [^"\\] )* "
        | ' [^']* '
        | \# [^\n]*
      )
    | (?P<opens> [\[{] ) | (?P<closes> [\]}] ) | (?P<equals> = ) | (?P<newline> \n )
    ''',
    re.DOTALL | re.VERBOSE,
)


def load_toml(text: str) -> dict[str, Any] | Problem:
    """The values of a TOML text, or what is wrong with it."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _WHERE.search(str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        column = int(place[2]) if place else None
        return Problem(line, _WHERE.sub("", str(error)), column)


class TomlPlaces:
    """Lines of the keys and table headers of a valid TOML text.

    Parameters
    ----------
    table:
        Name of the tables whose keys are wanted, those of ``[[table]]``.
    """

    def __init__(self, text: str, table: str) -> None:
        # The parser takes a return for a line end only together with what follows it.
        text = text.replace("\r\n", "\n")
        self.top: dict[str, int] = {}  #: key, or first part of a table's name -> line
        self._table = table
        self._tables: list[tuple[int, dict[str, int]]] = []
        numbers = LineNumbers(text)
        # Keys belong to the table whose header came last; None: to one inside such a table.
        keys: dict[str, int] | None = self.top
        start, depth, known = 0, 0, False
        for token in _TOKEN.finditer(text):
            kind = token.lastgroup
            if kind == "newline" and depth == 0:
                start, known = token.end(), False
            elif kind == "opens":
                if depth == 0 and not known:
                    known = True
                    keys = self._header(text, token.start(), numbers.at(token.start()))
                depth += 1
            elif kind == "closes":
                depth -= 1
            elif kind == "equals" and depth == 0 and not known:
                known = True
                head = text[start : token.start()].strip()
                if keys is not None:
                    keys.setdefault(_first_key(head), numbers.at(token.start()))

    def of_table(self, index: int) -> tuple[int, dict[str, int]]:
        """The line of the n-th table, and those of its keys."""
        if index < len(self._tables):
            return self._tables[index]
        return self.top.get(self._table, 1), {}

    def _header(self, text: str, position: int, line: int) -> dict[str, int] | None:
        names = _header_names(text, position)
        self.top.setdefault(names[0], line)
        if names == [self._table]:
            self._tables.append((line, {}))
            return self._tables[-1][1]
        if names[0] == self._table and self._tables:
            self._tables[-1][1].setdefault(names[1], line)
        return None


def _first_key(head: str) -> str:
    if _BARE_KEY.fullmatch(head):
        return head
    # Quotes, escapes and dots are for the parser to undo.
    return next(iter(tomllib.loads(f"{head} = 0")))


def _header_names(text: str, position: int) -> list[str]:
    table: Any = tomllib.loads(text[position:].partition("\n")[0])
    names = []
    while table:
        if isinstance(table, list):
            table = table[0]
        else:
            names.append(next(iter(table)))
            table = table[names[-1]]
    return names
