"""Texts of strangers on a terminal."""

from __future__ import annotations

import unicodedata

#: Turn the direction of what follows.
_REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def visible(text: str, keep: str = "") -> str:
    """Text that cannot move the cursor or reverse the line: control characters are shown.

    Parameters
    ----------
    keep:
        Characters that stay as they are: line breaks, where a text has several lines.

    >>> visible("red\\x1b[31m"), visible("a\\nb", keep="\\n")
    ('red\\\\x1b[31m', 'a\\nb')
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or not _is_harmful(c) else f"\\x{ord(c):02x}" for c in text)


def _is_harmful(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in _REORDERING
