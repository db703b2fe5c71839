"""Concept lists in TOML.

The parser of the standard library gives no lines for values, so the file is scanned once more for
its table headers and keys. It is valid TOML by then: skipping strings, comments and brackets is
all that takes, and ``[[concept]]`` inside a text does not mislead. One limit: the tables of
``concept = [{name = "…"}, …]`` are all reported at the line of ``concept``. A value that spans
several lines is reported at the line of its key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from audit.concepts.entries import Entry, LineNumbers, Problem
from audit.errors import did_you_mean

#: Keys that may stand before the first concept, and hold for all.
DEFAULTS = ("domain", "owner", "rights")

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


def parse_toml(text: str) -> Iterator[Entry | Problem]:
    """The ``[[concept]]`` tables of a TOML text, with the defaults that stand before them."""
    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _WHERE.search(str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        column = int(place[2]) if place else None
        yield Problem(line, _WHERE.sub("", str(error)), column)
        return
    # The parser takes a return for a line end only together with what follows it.
    places = _Places(text.replace("\r\n", "\n"))
    tables = whole.pop("concept", [])
    defaults = {key: whole.pop(key) for key in DEFAULTS if key in whole}
    for key in whole:
        near = did_you_mean(key, ("concept", *DEFAULTS))
        expected = near or f"Expected [[concept]] and defaults for {', '.join(DEFAULTS)}."
        yield Problem(places.top.get(key, 1), f"unknown key {key!r}. {expected}")
    # A default is checked once, where it stands, and not again for every concept.
    for problem in Entry(1, {"name": "-", **defaults}, places.top).problems():
        yield problem
        defaults = {k: v for k, v in defaults.items() if places.top.get(k) != problem.line}
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        yield Problem(places.top.get("concept", 1), "write [[concept]]")
        return
    for index, table in enumerate(tables):
        line, lines = places.of_table(index)
        yield Entry(line, {**defaults, **table}, lines)


class _Places:
    """Lines of the keys and table headers of a valid TOML text."""

    def __init__(self, text: str) -> None:
        self.top: dict[str, int] = {}  #: key, or first part of a table's name -> line
        self._tables: list[tuple[int, dict[str, int]]] = []
        numbers = LineNumbers(text)
        # Keys belong to the table whose header came last; None: to one inside a concept.
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
        """The line of the n-th concept, and those of its keys."""
        if index < len(self._tables):
            return self._tables[index]
        return self.top.get("concept", 1), {}

    def _header(self, text: str, position: int, line: int) -> dict[str, int] | None:
        names = _header_names(text, position)
        self.top.setdefault(names[0], line)
        if names == ["concept"]:
            self._tables.append((line, {}))
            return self._tables[-1][1]
        if names[0] == "concept" and self._tables:
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
