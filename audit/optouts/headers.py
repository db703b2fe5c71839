"""Opt-outs in the headers that an image came with, kept as JSON or as lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from audit.optouts.preferences import CONTENT_SIGNAL, CONTENT_USAGE, read_preferences
from audit.optouts.robots_tags import read_x_robots_tag
from audit.optouts.signals import ALL_USES, Signal, shortened
from audit.optouts.tdmrep import read_reservation

SOURCE = "header"
#: Names, in lower case, of the headers that are read.
NAMES = ("x-robots-tag", "tdm-reservation", "tdm-policy", CONTENT_USAGE, CONTENT_SIGNAL)
#: Whether a text can hold one of them; headers without any need not be read.
MENTIONED = "(?im)x[-_]robots[-_]tag|tdm[-_](reservation|policy)|content[-_](usage|signal)"
_LONGEST = 1 << 18


def read_headers(text: str) -> list[Signal]:
    """What headers say, as they are kept: a JSON object or list of pairs, or lines ``Name: value``.

    Names may have upper and lower case, and ``_`` for ``-``.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError("they are too long")
        pairs = [(_name(name), value) for name, value in _pairs(text)]
        if not any(name in NAMES for name, _ in pairs) and re.search(MENTIONED, text):
            raise ValueError("they name a header of opt-outs in a way that is not known")
    except (ValueError, RecursionError, TypeError) as error:
        reason = f"The headers cannot be read: {error}."
        return [Signal("headers", "unknown", ALL_USES, shortened(text), SOURCE, reason)]
    return read_pairs(pairs)


def read_pairs(pairs: Iterable[tuple[str, str]]) -> list[Signal]:
    """What headers say that were just received."""
    said: dict[str, list[str]] = {}
    for name, value in pairs:
        said.setdefault(_name(name), []).append(value)
    signals = read_x_robots_tag("\n".join(said.get("x-robots-tag", ())), source=SOURCE)
    policy = next(iter(said.get("tdm-policy", ())), None)
    if "tdm-reservation" in said:
        signals.append(read_reservation(",".join(said["tdm-reservation"]), policy, source=SOURCE))
    for name in (CONTENT_USAGE, CONTENT_SIGNAL):
        if name in said:
            signals += read_preferences("\n".join(said[name]), name, source=SOURCE)
    return signals


def _name(name: str) -> str:
    return name.strip().lower().replace("_", "-")


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    body = text.strip()
    if body.startswith(("{", "[")):
        # Pairs and not dicts: a name that is there twice says two things.
        yield from _pairs_in(json.loads(body, object_pairs_hook=_Object))
        return
    name = ""
    for line in body.splitlines():
        if line[:1] in " \t" and name:  # goes on with the line before
            yield name, line.strip()
            continue
        name, colon, value = line.partition(":")
        if colon:
            yield name, value.strip()
        else:
            name = ""


class _Object(list[tuple[str, Any]]):
    """A JSON object: all its names and values."""


def _pairs_in(data: Any) -> Iterator[tuple[str, str]]:
    if isinstance(data, _Object):
        names, values = (
            [value for key, value in data if key.lower() == wanted] for wanted in ("name", "value")
        )
        if names and values and all(isinstance(name, str) for name in names):
            for name in names:
                yield from _values(name, values)
            return
        for name, value in data:
            if _name(name) not in NAMES and isinstance(value, list):
                yield from _pairs_in(value)
            else:
                yield from _values(name, value)
    elif len(data) == 2 and isinstance(data[0], str):
        yield from _values(data[0], data[1])
    else:
        for item in data:
            if isinstance(item, list):
                yield from _pairs_in(item)
            elif not isinstance(item, str | None):
                raise ValueError("they are no pairs of a name and a value")


def _values(name: str, value: Any) -> Iterator[tuple[str, str]]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, list):
            yield from _values(name, one)
        else:
            yield name, _plain(one)


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else "" if value is None else str(value)
