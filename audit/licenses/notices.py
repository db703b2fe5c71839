"""Copyright notices and credits: what they say, and that they grant nothing."""

from __future__ import annotations

import re

from audit.licenses.tables import lower

_YEAR = r"(?:1[5-9]|20)[0-9]{2}"
_NOTICE = re.compile(
    rf"©|(?:^|copyright:? )\(c\) ?(?=[a-z0-9])|^copyright:? (?:by )?{_YEAR}\b", re.ASCII
)
_RESERVED = re.compile(r"\ball rights (?:are )?reserved\b", re.ASCII)
#: Words that may grant, limit or take back what a notice says.
_DOUBT = re.compile(
    r"\b(?:cc[0-9]?|by-|creative commons|licen[cs]\w*|public domain|free|freely|permit\w*|"
    r"permission(?! of)|no|not|none|without|expired|lapsed|waive\w*|unknown|undetermined|may|"
    r"re-?use\w*|use|used|gpl|mit|bsd|apache|unless|except|some|pd[m]?|pddl|ogl|gfdl|copyleft|"
    r"attribution|share-?alike|creative-commons|crown|domaine|dom[ií]nio|gemeinfrei|lizenz\w*|"
    r"libre|licenc\w*|licenz\w*|frei|n/a)\b|\?|https?:|^© ?-?$",
    re.ASCII,
)
_CREDIT = re.compile(
    r"(?:(?:image|photo|photograph|picture|video|artwork)s? ?)?"
    r"(?:(?:by |with )?courtesy\b|credits?\b|by\b|:)|(?:from|collection of|gift of)\b",
    re.ASCII,
)


def is_notice(text: str) -> bool:
    """Whether text is a copyright notice, or reserves all rights."""
    text = lower(text)
    return bool(_NOTICE.search(text) or _RESERVED.search(text))


def is_doubtful(text: str) -> bool:
    """Whether a notice also has words that may grant or take back something."""
    return _DOUBT.search(lower(text)) is not None


def is_credit(text: str) -> bool:
    """Whether text says from whom, and no more."""
    return _CREDIT.match(lower(text)) is not None
