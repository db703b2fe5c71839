"""What the readers of the formats hand on: entries with their lines, and problems with theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.concepts.concept import check_domain, check_path, clean_name
from audit.curated.problems import Problem, shown
from audit.errors import ConceptError, did_you_mean

#: Key in a file -> field of ``Concept``.
FIELDS = {
    "name": "name",
    "aliases": "aliases",
    "exclude": "exclusions",
    "domain": "domain",
    "references": "references",
    "owner": "owner",
    "rights": "rights",
}

#: Keys of several values, and what one of them is called.
LISTS = {"aliases": "alias", "exclude": "exclusion", "references": "reference"}


@dataclass(frozen=True, slots=True)
class Remark:
    """What whoever reads a list should know, and is no mistake."""

    text: str


@dataclass(slots=True)
class Entry:
    """One concept as the file has it: values not checked yet, and the line of each key."""

    line: int
    values: dict[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)
    #: Says which entry it is where many share a line: ``" (entry 3)"``.
    label: str = ""

    def problems(self) -> Iterator[Problem]:
        """Every value that :class:`~audit.concepts.Concept` would refuse, with its line."""
        for key, value in self.values.items():
            text = _problem_of(key, value)
            if text is not None:
                yield Problem(self.lines.get(key, self.line), text + self.label)
        if "name" not in self.values:
            yield Problem(self.line, f"a concept without name{self.label}")


def unknown(what: str, key: str, known: Mapping[str, object]) -> str:
    """The sentence on a key or column that is none of ``known``."""
    near = did_you_mean(key, known) or f"{what.capitalize()}s: {', '.join(FIELDS)}."
    return f"unknown {what} {key!r}. {near}"


def _problem_of(key: str, value: object) -> str | None:
    if key not in FIELDS:
        return unknown("key", key, FIELDS)
    if key in LISTS:
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            return f"{key} must be a list of texts, not {shown(value)}"
    elif not isinstance(value, str):
        return f"{key} must be text, not {shown(value)}"
    try:
        if key == "domain":
            check_domain(value)
        elif key in LISTS:
            for one in value:
                check_path(one) if key == "references" else clean_name(one, LISTS[key])
        elif key == "name":
            clean_name(value, key)
    except ConceptError as error:
        return f"{error.message} {error.hint}"
    return None
