"""X-Robots-Tag, as a header or as ``<meta name="robots">``.

Its AI words (noai, noimageai, noml) are conventions without a standard. The words for search
engines (noindex, noimageindex, none, unavailable_after) are about search and about nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from audit.optouts.signals import AI_TRAINING, ALL_USES, MINING, SEARCH, Answer, Signal, shortened

READER = "x-robots-tag"

_Saying = tuple[Answer, tuple[str, ...], str]
#: Word -> what it says, about which uses.
_WORDS: dict[str, _Saying] = {
    "noai": ("denied", AI_TRAINING, "noai: not for training of AI."),
    "noimageai": ("denied", AI_TRAINING, "noimageai: its images are not for training of AI."),
    "noml": ("denied", (MINING, *AI_TRAINING), "noml: not for machine learning."),
    "noindex": ("denied", (SEARCH,), "noindex: not for search results; silent on AI."),
    "noimageindex": ("denied", (SEARCH,), "noimageindex: not for search results; silent on AI."),
    "none": ("denied", (SEARCH,), "none: noindex and nofollow; silent on AI."),
    "index": ("allowed", (SEARCH,), "index: may be in search results."),
    "all": ("allowed", (SEARCH,), "all: may be in search results."),
}  # fmt: skip

_DENYING = {word: said for word, said in _WORDS.items() if said[0] == "denied"}

_DAYS = "(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
#: What a value is made of. The first comma of "Sat, 25 Jun 2050 15:00:00 GMT" is part of the date.
_TOKEN = re.compile(
    rf"""unavailable_after\s*:\s*(?P<date>(?:{_DAYS}\s*,)?[^,;]*)
    | max-[a-z-]++\s*:\s*[^,;\s]*
    | (?P<agent>[!#$%&'*+.^_`|~a-z0-9-]++)\s*+:
    | (?P<comma>,)
    | (?P<word>[^\s,;:"']++)""",
    re.IGNORECASE | re.ASCII | re.VERBOSE,
)
#: Names that are no crawler's: of the meta element, and of the header itself.
_ALL = ("*", "robots", "x-robots-tag")
_LONGEST = 8192


def read_x_robots_tag(
    value: str, *, source: str = "header", agent: str | None = None, now: datetime | None = None
) -> list[Signal]:
    """What one or several X-Robots-Tag values say.

    Parameters
    ----------
    value:
        Values of headers: one a line if there are several. What stands behind ``name:`` is for
        that crawler, to the end of the line or to the next ``name:``; but what is denied behind
        a further comma is taken to be denied to all.
    source:
        Where it stood: ``header``, or ``meta``.
    agent:
        Whom it addresses until a name is given; None for everybody.
    now:
        Against which ``unavailable_after`` is held; by default the present.

    >>> [(s.answer, s.agent) for s in read_x_robots_tag("nofollow, googlebot: noai")]
    [('denied', 'googlebot')]
    """
    if len(value) > _LONGEST:
        reason = "X-Robots-Tag is too long to be read."
        return [Signal(READER, "unknown", ALL_USES, shortened(value), source, reason, agent)]
    signals = []
    for line in re.split(r"[\r\n\v\f\0]+", _in_ascii(value)):
        addressed, joined = agent, False
        for token in _TOKEN.finditer(line):
            name, date = token["agent"], token["date"]
            if token["comma"]:
                joined = addressed != agent
                continue
            if date is not None:
                answer, reason = _unavailable(date, now or datetime.now(UTC))
                sayings: list[_Saying] = [(answer, (SEARCH,), reason)]
            elif name:
                sayings = _word(name)
            else:
                sayings = _meaning(token["word"] or "")
            if name and not sayings:
                addressed, joined = None if name.lower() in _ALL else name, False
            for said in sayings:
                # Who joins headers makes one list of "bot: nofollow" and "noai": what is denied
                # behind a comma may be denied to all.
                whom = None if joined and said[0] != "allowed" else addressed
                signals.append(
                    Signal(READER, said[0], said[1], shortened(line), source, said[2], whom)
                )
    return signals


def _in_ascii(value: str) -> str:
    """Full width letters, blanks of every kind, as plain ones; what else is none, as "?"."""
    plain = unicodedata.normalize("NFKC", value)
    return "".join(c if c.isascii() else " " if c.isspace() else "?" for c in plain)


def _word(word: str) -> list[_Saying]:
    """What a word says; what denies may be spelled with hyphens."""
    word = word.lower()
    said = _WORDS.get(word) or _DENYING.get(re.sub("[-_]", "", word))
    return [said] if said else []


def _meaning(text: str) -> list[_Saying]:
    """What a word says; what denies is found among signs that do not belong there, too."""
    pieces = re.findall("[a-z0-9]+", re.sub("[-_]", "", text.lower()) + " " + text.lower())
    found = dict.fromkeys(piece for piece in pieces if piece in _DENYING)
    return _word(text) or [_DENYING[piece] for piece in found]


def _unavailable(date: str, now: datetime) -> tuple[Answer, str]:
    when = _date(date)
    if when is None:
        return "unknown", "unavailable_after with a date that cannot be read; silent on AI."
    if when <= now:
        return "denied", f"unavailable_after {when.date()}: not for search results any more."
    return "unknown", f"unavailable_after {when.date()}: not for search results from then on."


def _date(text: str) -> datetime | None:
    """A date of RFC 822, RFC 850 or ISO 8601; without a zone, it is taken for UTC."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            when = read(text.strip())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return when if when.tzinfo else when.replace(tzinfo=UTC)
    return None
