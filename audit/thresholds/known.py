"""Thresholds that somebody found: values with all that says what they hold for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from audit.curated.problems import shown
from audit.curated.tables import BETWEEN
from audit.errors import UsageError, did_you_mean
from audit.shown import Shown

SCHEMA = "audit.thresholds/1"

#: More than any dataset holds.
_MOST_IMAGES = 10**15


@dataclass(frozen=True, slots=True)
class KnownThreshold:
    """An imitation threshold, or that none was found.

    Attributes
    ----------
    value:
        In images; None if no threshold was found, and ``reason`` says why.
    interval:
        Ends that are known of it, both included; None if nobody published any.
    domain:
        What kind of concepts it holds for; None if an estimate does not say it.
    models, training_set:
        What was trained, and on what.
    group:
        Which concepts of the domain it was found on.
    unit, method, source:
        What was counted, how the value came about, and where it was said.
    caveats:
        What to keep in mind, a sentence each.
    place:
        Where it was read (``"mine.toml:4"``).
    """

    value: float | None
    interval: tuple[float, float] | None = None
    domain: str | None = None
    models: tuple[str, ...] = ()
    training_set: str | None = None
    group: str | None = None
    unit: str | None = None
    method: str | None = None
    source: str | None = None
    caveats: tuple[str, ...] = ()
    reason: str | None = None
    place: str | None = field(default=None, compare=False)

    @property
    def low(self) -> float | None:
        """The smallest value that it may have."""
        return self.value if self.interval is None else self.interval[0]

    @property
    def high(self) -> float | None:
        """The largest value that it may have."""
        return self.value if self.interval is None else self.interval[1]

    def is_of_model(self, model: str) -> bool:
        """Whether it is of a model, however its name is written."""
        return plain_model(model) in map(plain_model, self.models)

    def to_dict(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "interval": None if self.interval is None else list(self.interval),
            "domain": self.domain,
            "group": self.group,
            "models": list(self.models),
            "training_set": self.training_set,
            "unit": self.unit,
            "method": self.method,
            "source": self.source,
            "caveats": list(self.caveats),
            "reason": self.reason,
            "place": self.place,
        }


@dataclass(frozen=True)
class KnownThresholds(Shown):
    """Thresholds that were found, and remarks on all of them."""

    entries: tuple[KnownThreshold, ...]
    notes: tuple[str, ...] = ()

    def __add__(self, other: KnownThresholds) -> KnownThresholds:
        notes = dict.fromkeys((*self.notes, *other.notes))
        return KnownThresholds((*self.entries, *other.entries), tuple(notes))

    @property
    def models(self) -> list[str]:
        """Every model that one is of."""
        return list(dict.fromkeys(model for entry in self.entries for model in entry.models))

    @property
    def groups(self) -> list[str]:
        """Every group of concepts that one was found on."""
        return list(dict.fromkeys(entry.group for entry in self.entries if entry.group))

    def select(
        self, domain: str | None = None, model: str | None = None, group: str | None = None
    ) -> KnownThresholds:
        """Those of a domain, a model and a group, as far as these are given.

        Raises
        ------
        UsageError
            If none is of that model, or of that group, in any domain: that is a slip.
        """
        if model is not None and not any(entry.is_of_model(model) for entry in self.entries):
            raise _unknown("model", model, self.models)
        if group is not None and not any(_same(entry.group, group) for entry in self.entries):
            raise _unknown("group", group, self.groups)
        chosen = [
            entry
            for entry in self.entries
            if (domain is None or entry.domain == domain)
            and (model is None or entry.is_of_model(model))
            and (group is None or _same(entry.group, group))
        ]
        return KnownThresholds(tuple(chosen), self.notes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the schema ``audit.thresholds/1``."""
        return {
            "schema": SCHEMA,
            "thresholds": [entry.to_dict() for entry in self.entries],
            "notes": list(self.notes),
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a threshold; written as CSV, it is a file of thresholds itself."""
        rows = []
        for entry in self.entries:
            low, high = entry.interval or (None, None)
            record = {**entry.to_dict(), "low": low, "high": high}
            for several in ("models", "caveats"):
                record[several] = f" {BETWEEN} ".join(record[several])
            rows.append({name: record[name] for name in _COLUMNS})
        return pl.DataFrame(rows, schema=_COLUMNS)


_COLUMNS = {
    "domain": pl.String,
    "group": pl.String,
    "models": pl.String,
    "training_set": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "reason": pl.String,
    "unit": pl.String,
    "method": pl.String,
    "source": pl.String,
    "caveats": pl.String,
}


def plain_model(name: str) -> str:
    """A model's name without what people write differently.

    >>> {plain_model(name) for name in ("SD1.5", "sd 1.5", "runwayml/stable-diffusion-v1-5")}
    {'sd15'}
    """
    plain = name.casefold().rsplit("/", 1)[-1]
    plain = re.sub(r"stable[^a-z0-9]*diffusion", "sd", plain)
    plain = re.sub(r"(?<![a-z])v(?=\d)|(?<=sd)v(?=\d)", "", plain)
    return "".join(letter for letter in plain if letter.isalnum())


def check_values(value: object, interval: object = None) -> str | None:
    """What is wrong with a value and its interval, in images; None if nothing is.

    Whether the value lies within is not looked at: a bootstrap interval may lie beside it.
    """
    wrong = _check_number(value)
    if wrong is None and value == 0:
        wrong = "no threshold is 0 images"
    if wrong is not None or interval is None:
        return wrong
    if not isinstance(interval, list | tuple) or len(interval) != 2:
        return "an interval is two numbers"
    wrong = _check_number(interval[0]) or _check_number(interval[1])
    if wrong is None and interval[0] > interval[1]:
        wrong = "the interval ends before it begins"
    return wrong


def _check_number(number: object) -> str | None:
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    # Not isfinite(): whole numbers may be too large for it.
    if is_number and 0 <= number <= _MOST_IMAGES:  # type: ignore[operator]
        return None
    return f"{shown(number)} is no number of images"


def _same(one: str | None, other: str) -> bool:
    return one is not None and one.casefold() == other.casefold()


def _unknown(what: str, name: str, known: list[str]) -> UsageError:
    near = did_you_mean(name, known)
    listed = f"There are: {', '.join(known)}." if known else f"None says its {what}."
    return UsageError(
        f"No threshold is of the {what} {name!r}.",
        hint=f"{near + ' ' if near else ''}{listed} For another, give a threshold of your own.",
    )


def caveats_of(entries: Sequence[KnownThreshold]) -> list[str]:
    """Each caveat once, with whose it is where it does not belong to all."""
    found: dict[str, list[KnownThreshold]] = {}
    for entry in entries:
        for caveat in entry.caveats:
            found.setdefault(caveat, []).append(entry)
    return [
        caveat if len(of) == len(entries) else f"{caveat} ({_whose(of)})"
        for caveat, of in found.items()
    ]


def _whose(entries: Sequence[KnownThreshold]) -> str:
    return "; ".join(
        dict.fromkeys(
            f"{', '.join(entry.models) or entry.place}, {entry.group or entry.domain}"
            for entry in entries
        )
    )
