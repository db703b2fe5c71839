"""Concept lists in TOML: ``[[concept]]`` tables."""

from __future__ import annotations

from collections.abc import Iterator

from audit.concepts.entries import Entry
from audit.curated.problems import Problem
from audit.curated.toml_places import TomlPlaces, load_toml
from audit.errors import did_you_mean

#: Keys that may stand before the first concept, and hold for all.
DEFAULTS = ("domain", "owner", "rights")


def parse_toml(text: str) -> Iterator[Entry | Problem]:
    """The ``[[concept]]`` tables of a TOML text, with the defaults that stand before them."""
    whole = load_toml(text)
    if isinstance(whole, Problem):
        yield whole
        return
    places = TomlPlaces(text, "concept")
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
