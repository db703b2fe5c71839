"""Opt-outs in the headers that an image came with, kept as JSON or as lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from audit.optouts.preferences import CONTENT_SIGNAL, CONTENT_USAGE, read_preferences
from audit.optouts.robots_tags import read_x_robots_tag
from audit.optouts.signals import ALL_USES, Signal, shortened
from audit.optouts.tdmrep import read_reservation

SOURCE = "header"
#: Names, in lower case, of the headers that are read.
NAMES = ("x-robots-tag", "tdm-reservation", "tdm-policy", CONTENT_USAGE, CONTENT_SIGNAL)
#: Whether a text can hold one of them; headers without any need not be read.
MENTIONED = "(?i)x[-_]robots[-_]tag|tdm[-_](reservation|policy)|content[-_](usage|signal)"
_LONGEST = 1 << 18


def read_headers(text: str) -> list[Signal]:
    """What headers say, as they are kept: a JSON object or list of pairs, or lines ``Name: value``.

    Names may have upper and lower case, and ``_`` for ``-``.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError("they are too long")
        pairs = list(_pairs(text))
    except (ValueError, RecursionError, TypeError) as error:
        reason = f"The headers cannot be read: {error}."
        return [Signal("headers", "unknown", ALL_USES, shortened(text), SOURCE, reason)]
    return read_pairs(pairs)


def read_pairs(pairs: Iterable[tuple[str, str]]) -> list[Signal]:
    """What headers say that were just received."""
    said: dict[str, list[str]] = {}
    for name, value in pairs:
        said.setdefault(name.strip().lower().replace("_", "-"), []).append(value)
    signals = read_x_robots_tag("\n".join(said.get("x-robots-tag", ())), source=SOURCE)
    policy = next(iter(said.get("tdm-policy", ())), None)
    if "tdm-reservation" in said:
        signals.append(read_reservation(",".join(said["tdm-reservation"]), policy, source=SOURCE))
    for name in (CONTENT_USAGE, CONTENT_SIGNAL):
        if name in said:
            signals += read_preferences("\n".join(said[name]), name, source=SOURCE)
    return signals


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    body = text.strip()
    if not body.startswith(("{", "[")):
        for line in body.splitlines():
            name, colon, value = line.partition(":")
            if colon:
                yield name, value.strip()
        return
    data = json.loads(body)
    for item in data.items() if isinstance(data, Mapping) else data:
        name, value = item.values() if isinstance(item, Mapping) else item
        for one in value if isinstance(value, list) else [value]:
            yield str(name), _plain(one)


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else "" if value is None else str(value)
