"""Use profiles: whether a license permits what one wants to do, with the reason."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

from audit.errors import UsageError, did_you_mean
from audit.licenses.tables import read_toml
from audit.licenses.terms import License

Answer = Literal["allowed", "denied", "unknown"]

_NAMED = {
    "copying": "copying",
    "redistribution": "passing copies on",
    "commercial_use": "use for gain",
    "derivatives": "passing on what is made of it",
}


@dataclass(frozen=True)
class UseProfile:
    """What somebody wants to do, and the properties of a license that it takes."""

    name: str
    title: str
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Permission:
    """Whether a license permits a use: that alone, and nothing on exceptions in the law."""

    answer: Answer
    reason: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@cache
def use_profiles() -> dict[str, UseProfile]:
    """Every profile by its name."""
    return {
        name: UseProfile(name, entry["title"], tuple(entry["needs"]))
        for name, entry in read_toml("uses.toml").items()
    }


def use_profile(name: str) -> UseProfile:
    """The profile of that name.

    Raises
    ------
    UsageError
        If there is none.
    """
    known = use_profiles()
    if name not in known:
        there = f"There are: {', '.join(known)}."
        raise UsageError(f"No use profile {name!r}.", hint=did_you_mean(name, known) or there)
    return known[name]


def judge_use(license: License, profile: UseProfile) -> Permission:
    """Whether ``license`` permits what ``profile`` is about."""
    if license.operator is None:
        return _judge_one(license, profile)
    judged = [(part, judge_use(part, profile)) for part in license.parts]
    order = ("allowed", "unknown", "denied")
    decisive = min if license.operator == "OR" else max
    part, permission = decisive(judged, key=lambda pair: order.index(pair[1].answer))
    return Permission(permission.answer, f"{part.id}: {permission.reason}")


def _judge_one(license: License, profile: UseProfile) -> Permission:
    values = {need: getattr(license.terms, need) for need in profile.needs}
    refused = [_NAMED[need] for need, value in values.items() if value is False]
    if refused:
        return Permission("denied", f"Not permitted: {', '.join(refused)}.")
    open_ = [_NAMED[need] for need, value in values.items() if value is None]
    if open_:
        return Permission("unknown", f"Not said: {', '.join(open_)}.")
    return Permission("allowed", f"Permitted{_conditions(license)}.")


def _conditions(license: License) -> str:
    asked = []
    if license.terms.attribution:
        asked.append("the author is named")
    if license.terms.share_alike:
        asked.append("what is made of it has the same license")
    if license.terms.commercial_use is False:
        asked.append("it is without gain")
    if license.terms.attribution is None or license.terms.share_alike is None:
        asked.append("the notices it asks for are kept")
    return f", if {' and '.join(asked)}" if asked else ""
