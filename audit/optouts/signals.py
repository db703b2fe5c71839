"""Signals: what somebody said about the use of an image, and what many of them come to.

Denials are read widely and permissions narrowly: what is not said is unknown, never allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Answer = Literal["allowed", "denied", "unknown"]

#: What an image may be used for -> what that is.
USES = {
    "mining": "automated analysis of any kind (text and data mining)",
    "training": "training of models that generate nothing: they classify, detect, embed",
    "generative-training": "training of models that generate images or text",
    "search": "an index of a search engine that links to the source",
}
MINING, TRAINING, GENERATIVE, SEARCH = USES
ALL_USES = tuple(USES)
AI_TRAINING = (TRAINING, GENERATIVE)


@dataclass(frozen=True)
class Signal:
    """One statement, read from one place."""

    reader: str  #: what read it: a key of ``audit.optouts.readers.READERS``
    answer: Answer
    uses: tuple[str, ...]  #: which of :data:`USES` it is about; none if about none of them
    value: str  #: as it was found, shortened
    source: str  #: where it was found: header, robots.txt, meta, well-known file, XMP, C2PA
    reason: str
    agent: str | None = None  #: whom it addresses; None for everybody

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Crawler:
    """Somebody who fetches, and what for."""

    name: str
    uses: tuple[str, ...]


@dataclass(frozen=True)
class Audience:
    """Whose permission is asked: which crawlers count, besides everybody."""

    #: Name in lower case -> crawler. What denies one of them denies.
    crawlers: dict[str, Crawler]
    #: Those that the asker named as their own. A permission for a crawler counts for these alone.
    named: frozenset[str] = field(default_factory=frozenset)

    def concerns(self, signal: Signal) -> bool:
        """Whether a signal is said to everybody, or to a crawler that counts."""
        return signal.agent is None or signal.agent.lower() in self.crawlers


@dataclass(frozen=True)
class Verdict:
    """What the signals of one sample come to, for one use."""

    answer: Answer
    reason: str
    signal: Signal | None  #: what decided; None if nothing was said

    def to_dict(self) -> dict[str, Any]:
        signal = self.signal.to_dict() if self.signal else None
        return {"answer": self.answer, "reason": self.reason, "signal": signal}


_NOTHING = Verdict("unknown", "Nothing was said about it, which is no permission.", None)


def judge(signals: Iterable[Signal], use: str, audience: Audience) -> Verdict:
    """Combine signals: one denial denies; a permission holds if nothing contradicts or failed.

    Parameters
    ----------
    use:
        One of :data:`USES`.
    """
    about = [s for s in signals if use in s.uses and audience.concerns(s)]
    for signal in about:
        if signal.answer == "denied":
            return Verdict("denied", signal.reason, signal)
    for signal in about:
        if signal.answer == "unknown":
            return Verdict("unknown", signal.reason, signal)
    for signal in about:
        if signal.agent is None:
            return Verdict("allowed", signal.reason, signal)
    return _allowed_to_named(about, audience)


def _allowed_to_named(about: Sequence[Signal], audience: Audience) -> Verdict:
    permitted = {signal.agent.lower() for signal in about if signal.agent}
    if audience.named and audience.named <= permitted:
        mine = next(s for s in about if s.agent and s.agent.lower() in audience.named)
        return Verdict("allowed", mine.reason, mine)
    if permitted:
        return Verdict(
            "unknown", "Only other crawlers were permitted, which permits nobody else.", about[0]
        )
    return _NOTHING


#: Characters of a value that a signal keeps.
_LONGEST = 200


def shortened(value: str) -> str:
    """A value as a signal keeps it: at most 200 characters, white space as single spaces."""
    text = " ".join(value[: _LONGEST * 4].split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
