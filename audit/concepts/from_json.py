"""Concept lists in JSON: objects, ``[name, [alias, …]]`` pairs, or names alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from audit.concepts.entries import Entry
from audit.curated.problems import LineNumbers, Problem, shown

_BETWEEN = re.compile(r"[ \t\r\n,]*")


def parse_json(text: str) -> Iterator[Entry | Problem]:
    """The concepts of a JSON list, or of the list under ``"concepts"`` of an object."""
    decoder = json.JSONDecoder(object_pairs_hook=_Object)
    try:
        whole = decoder.decode(text)
    except json.JSONDecodeError as error:
        yield Problem(error.lineno, error.msg, error.colno)
        return
    values = whole
    if isinstance(whole, _Object) and set(whole) == {"concepts"} and not whole.repeated:
        values = whole["concepts"]
    if not isinstance(values, list):
        yield Problem(1, 'expected a list of concepts: [{"name": …, "aliases": […]}, …]')
        return
    # Each entry is decoded once more, where it starts: the decoder tells no positions otherwise.
    # The text is valid, and only the key "concepts" can stand before the list.
    lines = LineNumbers(text)
    position = text.index("[") + 1
    for number, value in enumerate(values, start=1):
        position = _after_separators(text, position)
        yield _entry(value, lines.at(position), f" (entry {number})")
        _, position = decoder.raw_decode(text, position)


class _Object(dict[str, Any]):
    """A JSON object that knows which of its keys were given more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        keys = [key for key, _ in pairs]
        self.repeated = (
            [key for key in self if keys.count(key) > 1] if len(keys) > len(self) else []
        )


def _entry(value: Any, line: int, label: str) -> Entry | Problem:
    if isinstance(value, _Object):
        if value.repeated:
            return Problem(line, f"the key {value.repeated[0]!r} is given twice{label}")
        # Programs write null for what they do not know.
        given = {key: v for key, v in value.items() if v is not None or key == "name"}
        return Entry(line, given, label=label)
    if isinstance(value, str):
        return Entry(line, {"name": value}, label=label)
    if isinstance(value, list) and len(value) == 2:
        return Entry(line, {"name": value[0], "aliases": value[1]}, label=label)
    return Problem(line, f"a concept is an object with a name, not {shown(value)}{label}")


def _after_separators(text: str, position: int) -> int:
    found = _BETWEEN.match(text, position)
    return found.end() if found else position
