"""X-Robots-Tag, as a header or as ``<meta name="robots">``.

Its AI words (noai, noimageai, noml) are conventions without a standard. The words for search
engines (noindex, noimageindex, none, unavailable_after) are about search and about nothing else.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from audit.optouts.signals import AI_TRAINING, ALL_USES, MINING, SEARCH, Answer, Signal, shortened

READER = "x-robots-tag"

#: Word -> what it says, about which uses.
_WORDS: dict[str, tuple[Answer, tuple[str, ...], str]] = {
    "noai": ("denied", AI_TRAINING, "noai: not for training of AI."),
    "noimageai": ("denied", AI_TRAINING, "noimageai: its images are not for training of AI."),
    "noml": ("denied", (MINING, *AI_TRAINING), "noml: not for machine learning."),
    "noindex": ("denied", (SEARCH,), "noindex: not for search results; silent on AI."),
    "noimageindex": ("denied", (SEARCH,), "noimageindex: not for search results; silent on AI."),
    "none": ("denied", (SEARCH,), "none: noindex and nofollow; silent on AI."),
    "index": ("allowed", (SEARCH,), "index: may be in search results."),
    "all": ("allowed", (SEARCH,), "all: may be in search results."),
}  # fmt: skip

_DAYS = "(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
#: What a value is made of. The first comma of "Sat, 25 Jun 2050 15:00:00 GMT" is part of the date.
_TOKEN = re.compile(
    rf"""unavailable_after\s*:\s*(?P<date>(?:{_DAYS}\s*,)?[^,]*)
    | max-[a-z-]++\s*:\s*[^,\s]*
    | (?P<agent>[!#$%&'*+.^_`|~a-z0-9-]++)\s*+:
    | (?P<word>[^\s,;:"']++)""",
    re.IGNORECASE | re.ASCII | re.VERBOSE,
)
_LONGEST = 8192


def read_x_robots_tag(
    value: str, *, source: str = "header", agent: str | None = None, now: datetime | None = None
) -> list[Signal]:
    """What one or several X-Robots-Tag values say.

    Parameters
    ----------
    value:
        Values of headers: one a line if there are several. What stands behind ``name:`` is for
        that crawler, to the end of the line or to the next ``name:``.
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
    said: tuple[Answer, tuple[str, ...], str]
    for line in re.split(r"[\r\n\v\f\0]+", value):
        addressed = agent
        for token in _TOKEN.finditer(line):
            name, date = token["agent"], token["date"]
            if date is not None:
                answer, reason = _unavailable(date, now or datetime.now(UTC))
                said = (answer, (SEARCH,), reason)
            elif (word := (token["word"] or name or "").lower()) in _WORDS:
                said = _WORDS[word]
            else:
                if name:
                    addressed = None if name == "*" else name
                continue
            found = Signal(READER, said[0], said[1], shortened(line), source, said[2], addressed)
            signals.append(found)
    return signals


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
