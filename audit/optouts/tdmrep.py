"""TDM Reservation Protocol: the header, the meta element, and ``/.well-known/tdmrep.json``.

Where several of them speak, the closest to the image holds: meta element, header, file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from audit.optouts.cbor import as_object
from audit.optouts.robots_txt import matcher, normal_path
from audit.optouts.signals import AI_TRAINING, MINING, Signal, shortened

READER = "tdmrep"
#: What it is about: mining. A reservation holds for training too, which begins with mining;
#: whether training is mining in every other regard is disputed, so no reservation says nothing.
_DENIES = (MINING, *AI_TRAINING)
_ALLOWS = (MINING,)

WELL_KNOWN = "/.well-known/tdmrep.json"
_MAX_RULES = 10_000


@dataclass(frozen=True)
class Reservation:
    """One statement: the value of tdm-reservation as it stands, and tdm-policy."""

    value: str
    policy: str | None = None


def read_reservation(value: str, policy: str | None = None, *, source: str = "header") -> Signal:
    """What a tdm-reservation says. Values besides 0 and 1 are errors: unknown.

    Parameters
    ----------
    policy:
        tdm-policy, an address of terms under which more may be permitted. It is not fetched.
    """
    said = value.strip()
    # The same header several times arrives as a list.
    parts = {part.strip().removesuffix(".0") for part in said.replace("\n", ",").split(",")}
    shown = shortened(f"tdm-reservation: {said}")
    if "1" in parts:
        terms = f" Terms: {shortened(policy)}" if policy and policy.strip() else ""
        reason = f"Rights of text and data mining are reserved.{terms}"
        return Signal(READER, "denied", _DENIES, shown, source, reason)
    if parts == {"0"}:
        reason = "Rights of text and data mining are not reserved; says nothing more of training."
        return Signal(READER, "allowed", _ALLOWS, shown, source, reason)
    return Signal(READER, "unknown", _DENIES, shown, source, "tdm-reservation is neither 0 nor 1.")


def matching_rule(text: str, path: str) -> Reservation | None:
    """The first rule of a ``tdmrep.json`` whose location matches a path.

    Raises
    ------
    ValueError
        If the file is not what the protocol says.
    """
    try:
        rules = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=as_object)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    except ValueError as error:
        raise ValueError("it is no JSON") from error
    if not isinstance(rules, list):
        raise ValueError("it is no list of rules")
    if len(rules) > _MAX_RULES:
        raise ValueError(f"it has more than {_MAX_RULES:,} rules")
    plain = normal_path(path)
    for rule in rules:
        if not isinstance(rule, dict) or not isinstance(rule.get("location"), str):
            raise ValueError("a rule has no location")
        if "tdm-reservation" not in rule:
            raise ValueError("a rule has no tdm-reservation")
        location = rule["location"]
        # Some write "images/" for "/images/".
        if not location.startswith(("/", "*")):
            location = "/" + location
        if matcher(location)(plain):
            value, policy = rule["tdm-reservation"], rule.get("tdm-policy")
            said = str(int(value)) if isinstance(value, bool) else str(value)
            return Reservation(said, policy if isinstance(policy, str) else None)
    return None
