"""Preferences as ``key=value`` lists: Content-Usage (IETF draft) and Content-Signal (Cloudflare).

A draft may change. Labels of its earlier versions are read where they deny, never where they
allow.
"""

from __future__ import annotations

import re

from audit.optouts.signals import (
    AI_TRAINING,
    ALL_USES,
    GENERATIVE,
    MINING,
    SEARCH,
    Answer,
    Signal,
    shortened,
)

CONTENT_USAGE = "content-usage"
CONTENT_SIGNAL = "content-signal"

#: Reader -> label -> uses that "no" denies, uses that "yes" allows.
_LABELS: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    CONTENT_USAGE: {
        # Version 07: models that generate. Earlier: of any kind. So it denies both, allows one.
        "train-ai": (AI_TRAINING, (GENERATIVE,)),
        "search": ((SEARCH,), (SEARCH,)),
        # Of earlier versions
        "train-genai": ((GENERATIVE,), ()),
        "genai": ((GENERATIVE,), ()),
        "ai": (AI_TRAINING, ()),
        "tdm": ((MINING, *AI_TRAINING), ()),
        "bots": (ALL_USES, ()),
        "all": (ALL_USES, ()),
    },
    CONTENT_SIGNAL: {
        "ai-train": (AI_TRAINING, AI_TRAINING),
        "search": ((SEARCH,), (SEARCH,)),
    },
}
#: What permits, in so many letters; what denies, however it is written.
_PERMITS = {CONTENT_USAGE: "y", CONTENT_SIGNAL: "yes"}
_DENIES = {"n", "no", "none", "false", "0", "?0", "deny", "denied", "disallow", "disallowed"}
_NAMES = {CONTENT_USAGE: "Content-Usage", CONTENT_SIGNAL: "Content-Signal"}

#: A member of a dictionary of RFC 9651: key, a token or another value, parameters.
_MEMBER = re.compile(
    r"""[ \t]*(?P<key>[a-z*][a-z0-9_.*-]*)
    (?:=(?P<value>[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*
        | "[^"\\]*(?:\\["\\][^"\\]*)*" | -?[0-9.]+ | :[A-Za-z0-9+/=]*: | \?[01]))?
    (?:[ ]*;[ ]*[a-z*][a-z0-9_.*-]*(?:=(?:"[^"\\]*(?:\\["\\][^"\\]*)*"|[^",; \t]+))?)*[ \t]*""",
    re.VERBOSE,
)
_LONGEST = 8192


def read_preferences(
    value: str, reader: str = CONTENT_USAGE, *, source: str = "header", agent: str | None = None
) -> list[Signal]:
    """What a Content-Usage or Content-Signal says.

    Parameters
    ----------
    value:
        The list; several headers as one, with a comma or a line break between them.
    agent:
        The crawler that it is said to; None for everybody.

    >>> [(s.answer, s.uses) for s in read_preferences("train-ai=n")]
    [('denied', ('training', 'generative-training'))]
    """
    found = _members(value, reader)
    if found is None:
        reason = f"{_NAMES[reader]} cannot be read."
        return [Signal(reader, "unknown", ALL_USES, shortened(value), source, reason, agent)]
    signals = []
    for label, said in dict.fromkeys(found):
        denies, allows = _uses_of(label, reader)
        answer: Answer = "unknown"
        if (said or "").strip('"').lower() in _DENIES:
            answer = "denied"
        elif said == _PERMITS[reader] and allows:
            answer = "allowed"
        elif said == _PERMITS[reader]:
            continue  # of a label that permits nothing
        uses = allows if answer == "allowed" else denies
        if uses:
            told = f"{label}={said}" if said is not None else f"{label} without a value"
            reason = f"{_NAMES[reader]}: {told}."
            signals.append(Signal(reader, answer, uses, shortened(value), source, reason, agent))
    return signals


def _uses_of(label: str, reader: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Uses that a label can deny, and that it can permit."""
    if label in _LABELS[reader]:
        return _LABELS[reader][label]
    # Of another vocabulary, or a slip: what it forbids is plain, what it permits is not.
    for labels in _LABELS.values():
        if label in labels:
            return labels[label][0], ()
    return (AI_TRAINING, ()) if "train" in label else ((), ())


def _members(value: str, reader: str) -> list[tuple[str, str | None]] | None:
    """Keys with their values, every one that is there; None if it is no dictionary.

    By RFC 9651 the last value of a key decides. Here a denial must not be lost to what stands
    behind it: another header, put there by somebody else.
    """
    if len(value) > _LONGEST:
        return None
    joined = ",".join(line for line in value.splitlines() if line.strip()).strip()
    if reader == CONTENT_SIGNAL:
        # No standard: read as people write it.
        joined = re.sub(r"\s*=\s*", "=", joined.lower())
    members: list[tuple[str, str | None]] = []
    place = 0
    while place < len(joined):
        found = _MEMBER.match(joined, place)
        if not found or (found.end() < len(joined) and joined[found.end()] != ","):
            return None
        members.append((found["key"], found["value"]))
        place = found.end() + 1
    return None if joined.endswith(",") else members
