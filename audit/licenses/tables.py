"""The tables that come with the package; where they come from is in ``data/SOURCES.md``."""

from __future__ import annotations

import csv
import io
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

#: Lower case for A-Z alone: other letters must not turn into these (KELVIN SIGN is no K).
_ASCII_LOWER = {ord(upper): upper.lower() for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def lower(text: str) -> str:
    """Lower case of A-Z alone.

    >>> lower("CC BY"), lower("\\u212a")
    ('cc by', '\\u212a')
    """
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


def read_csv(name: str) -> list[dict[str, str]]:
    """Rows of a table of the package."""
    return list(csv.DictReader(io.StringIO(_read(name))))


def read_toml(name: str) -> dict[str, Any]:
    """A TOML table of the package."""
    return tomllib.loads(_read(name))


def said(cell: str) -> bool | None:
    """A cell of a table: yes, no, or not said.

    >>> said("yes"), said("no"), said("")
    (True, False, None)
    """
    return {"yes": True, "no": False}.get(cell)


@cache
def rules() -> dict[str, str]:
    """Every rule: its short name, and what it says."""
    return {name: str(text) for name, text in read_toml("rules.toml").items()}


def _read(name: str) -> str:
    return (files("audit.licenses") / "data" / name).read_text("utf-8")
