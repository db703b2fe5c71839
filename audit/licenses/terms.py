"""What a license says, as data: a status, and what it permits and asks.

Every property is true, false, or None: not said, or not the same everywhere. None is never taken
for a yes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

Status = Literal["open", "public-domain", "restricted", "in-copyright", "unknown"]
Operator = Literal["OR", "AND"]

#: SPDX's word for "no license was found, and none is claimed".
NO_ASSERTION = "NOASSERTION"
#: The freest first: where one of several may be chosen, and how certain a limit is.
_FREEST_FIRST: tuple[Status, ...] = ("public-domain", "open", "unknown", "restricted")


@dataclass(frozen=True, slots=True)
class Terms:
    """What is permitted, what is asked for, and where."""

    #: Must the author be named?
    attribution: bool | None = None
    #: Must what is made of it have the same license?
    share_alike: bool | None = None
    #: May it be used for gain?
    commercial_use: bool | None = None
    #: May what is made of it be passed on?
    derivatives: bool | None = None
    #: Is it free of copyright?
    public_domain: bool | None = None
    #: Is the database right of its maker (EU Directive 96/9/EC) licensed or waived?
    database_right: bool | None = None
    #: May it be copied, at least without gain?
    copying: bool | None = None
    #: May copies be passed on unchanged, at least without gain?
    redistribution: bool | None = None
    #: Where this holds, or whose law it is written for: ``"worldwide"``, ``"JP"`` …
    jurisdiction: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class License:
    """One license or statement, or several that hold together or to choose from.

    Attributes
    ----------
    id:
        SPDX identifier or expression, a ``LicenseRef-…``, or ``NOASSERTION``.
    says:
        What it says, in a sentence: the reason of its status.
    source:
        Where status and terms are taken from.
    operator, parts:
        Of an expression: how its parts are joined, and they.
    """

    id: str
    name: str
    status: Status
    says: str
    source: str
    terms: Terms
    operator: Operator | None = None
    parts: tuple[License, ...] = ()


UNKNOWN = License(
    NO_ASSERTION,
    "Nothing known",
    "unknown",
    "No license was recognised.",
    "SPDX: NOASSERTION",
    Terms(),
)


def join(parts: Sequence[License], operator: Operator) -> License:
    """Licenses to choose from (OR), or that hold all at once (AND).

    A status is that of the freest to choose from, or of the strictest that holds. What parts
    disagree on is not said of a choice; of what holds together, one refusal refuses.
    """
    flat = [
        piece for part in parts for piece in (part.parts if part.operator == operator else (part,))
    ]
    pieces = tuple({piece.id: piece for piece in flat}.values())
    if len(pieces) == 1:
        return pieces[0]
    together = operator == "AND"
    return License(
        id=f" {operator} ".join(f"({p.id})" if p.operator else p.id for p in pieces),
        name=f" {operator.lower()} ".join(f"({p.name})" if p.operator else p.name for p in pieces),
        status=_strictest(pieces) if together else _freest(pieces),
        says="All of these hold." if together else "One of these may be chosen.",
        source="; ".join(dict.fromkeys(piece.source for piece in pieces)),
        terms=_terms_together(pieces) if together else _terms_of_choice(pieces),
        operator=operator,
        parts=pieces,
    )


def _freest(parts: Sequence[License]) -> Status:
    statuses = {part.status for part in parts}
    return next((status for status in _FREEST_FIRST if status in statuses), "in-copyright")


def _strictest(parts: Sequence[License]) -> Status:
    statuses = {part.status for part in parts}
    if "in-copyright" in statuses:
        return "in-copyright"
    return next(status for status in reversed(_FREEST_FIRST) if status in statuses)


def _terms_of_choice(parts: Sequence[License]) -> Terms:
    return _combined(parts, lambda values: values[0] if len(set(values)) == 1 else None)


def _terms_together(parts: Sequence[License]) -> Terms:
    asked = _combined(parts, _any)
    permitted = _combined(parts, _all)
    return Terms(
        attribution=asked.attribution,
        share_alike=asked.share_alike,
        commercial_use=permitted.commercial_use,
        derivatives=permitted.derivatives,
        public_domain=permitted.public_domain,
        database_right=permitted.database_right,
        copying=permitted.copying,
        redistribution=permitted.redistribution,
        jurisdiction=_terms_of_choice(parts).jurisdiction,
    )


def _any(values: list[Any]) -> bool | None:
    return True if True in values else None if None in values else False


def _all(values: list[Any]) -> bool | None:
    return False if False in values else None if None in values else True


def _combined(parts: Sequence[License], rule: Callable[[list[Any]], Any]) -> Terms:
    return Terms(
        **{
            field.name: rule([getattr(part.terms, field.name) for part in parts])
            for field in fields(Terms)
        }
    )
