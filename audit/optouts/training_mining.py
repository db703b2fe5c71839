"""The training and data mining assertion of C2PA 1.x and, since, of CAWG.

Each entry says of one use whether it is allowed, notAllowed or constrained. Without further
agreement, constrained is to be treated as notAllowed. Signatures are not checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from audit.optouts.cbor import as_object
from audit.optouts.jumbf import assertions_in
from audit.optouts.signals import (
    ALL_USES,
    GENERATIVE,
    MINING,
    TRAINING,
    Answer,
    Signal,
    shortened,
)

READER = "training-mining"

LABELS = ("cawg.training-mining", "c2pa.training-mining")
_PREFIXES = ("cawg.", "c2pa.")
#: Entry without its prefix -> use. Inference is known, and none of the uses here.
_ENTRIES: dict[str, tuple[str, ...]] = {
    "data_mining": (MINING,),
    "ai_training": (TRAINING,),
    "ai_generative_training": (GENERATIVE,),
    "ai_inference": (),
}
_ANSWERS: dict[str, Answer] = {
    "allowed": "allowed",
    "notallowed": "denied",
    "constrained": "denied",
}
_MAX_DEPTH = 16


def read_training_mining(text: str, *, source: str = "C2PA") -> list[Signal]:
    """What an assertion says that is kept as JSON.

    Parameters
    ----------
    text:
        The assertion, its entries alone, an assertion with its label, or a whole manifest report
        with such assertions somewhere in it.
    """
    try:
        data = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=as_object)
    except (ValueError, RecursionError):
        # A single word, as somebody may have put in a column
        data = text.strip()
    if isinstance(data, str):
        answer = _ANSWERS.get(data.lower())
        if answer is None:
            return [_unreadable(text, source, "it is no JSON")]
        uses = ALL_USES if answer == "denied" else ()
        reason = f"training-mining: {data}, without saying what for."
        return [Signal(READER, answer, uses, shortened(text), source, reason)]
    found = list(_entries(data))
    if not found:
        return [_unreadable(text, source, "it has no entries")]
    return [signal for entry in found for signal in _read(*entry, source)]


def training_mining_value(image: bytes) -> str | None:
    """The entries in an image as JSON, to be kept; ``error: …`` on a line before it if not all
    can be read.
    """
    found, errors = assertions_in(image, LABELS)
    lines = [f"error: the manifest is damaged or cut off: {error}" for error in errors[:10]]
    if found:
        told = [{"label": label, "data": content} for label, content in found]
        lines.append(json.dumps(told, ensure_ascii=False, default=repr))
    return "\n".join(lines) or None


def _read(name: str, entry: Any, source: str) -> Iterator[Signal]:
    if isinstance(entry, list):  # an entry, or what it says, is there twice
        for one in entry:
            yield from _read(name, one, source)
        return
    plain = name
    for prefix in _PREFIXES:
        plain = plain.removeprefix(prefix)
    uses = _ENTRIES[plain]
    use = entry.get("use") if isinstance(entry, dict) else entry
    answer = _ANSWERS.get(use.replace("_", "").lower()) if isinstance(use, str) else None
    if answer is None:
        reason = f"{name} is none of allowed, notAllowed, constrained."
        yield Signal(READER, "unknown", uses, shortened(f"{name}: {use}"), source, reason)
        return
    reason = f"{name}: {use}; the signature was not checked."
    if isinstance(entry, dict):
        terms = entry.get("constraint_info") or entry.get("constraints_info")
        if isinstance(terms, str):
            reason = f"{name}: {use} ({shortened(terms)}); the signature was not checked."
    yield Signal(READER, answer, uses, shortened(f"{name}: {use}"), source, reason)


def _entries(data: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """(name, entry) of every known entry, wherever it is."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(data, list):
        for item in data:
            yield from _entries(item, depth + 1)
    elif isinstance(data, dict):
        for key, value in data.items():
            if isinstance(key, str) and key.startswith(_PREFIXES) and key[5:] in _ENTRIES:
                yield key, value
            else:
                yield from _entries(value, depth + 1)


def _unreadable(value: str, source: str, why: str) -> Signal:
    reason = f"training-mining cannot be read: {why}."
    uses = (MINING, TRAINING, GENERATIVE)
    return Signal(READER, "unknown", uses, shortened(value), source, reason)
