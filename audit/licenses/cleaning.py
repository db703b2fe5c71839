"""What may be tidied before a license is looked up, and what may not.

White space, dashes and one pair of brackets or quotes around the whole are a matter of typing.
Letters are never replaced: a full-width or Cyrillic letter is another letter, and a text with
characters that nobody sees is not what it seems.
"""

from __future__ import annotations

import re
import unicodedata

from audit.licenses.tables import lower

_SPACE = re.compile("[ \\t\\n\\r\\f\\v\\u00a0\\u2002\\u2003\\u2009\\u202f]+")
_DASH = re.compile("[\\u2010-\\u2015\\u2212]")
_PAIRS = (("(", ")"), ("[", "]"), ('"', '"'), ("'", "'"), ("<", ">"), ("\u201c", "\u201d"))
#: Control, format, surrogate, private and unassigned characters.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
#: What stands for no value, in lower case.
_MISSING = frozenset({
    "", "?", "??", "???", "-", "--", "none", "null", "nil", "nan", "n/a", "na", "<na>", "n.a",
    "undefined", "[]", "{}", "not available", "not applicable", "not provided", "not given",
})  # fmt: skip
#: What says that it is not known.
_SAID_UNKNOWN = frozenset({
    "unknown", "license unknown", "unknown license", "licence unknown", "unknown licence",
    "not specified", "unspecified", "license not specified", "no license specified",
    "noassertion",
})  # fmt: skip
#: What says that there is another license, several or none, or doubts that it can be known.
_SAID_UNCLEAR = frozenset({
    "no license", "no licence", "other", "to be determined", "tbd", "copyright unknown",
    "copyright status unknown", "rights status unknown", "see website", "various", "mixed",
    "usage conditions apply", "no restrictions", "custom", "multiple",
})  # fmt: skip


def has_hidden_characters(text: str) -> bool:
    """Whether text holds what is not seen, or moves what is.

    >>> has_hidden_characters("CC\\u200b0"), has_hidden_characters("CC0\\n")
    (True, False)
    """
    rest = _SPACE.sub("", text)
    if rest.isascii() and rest.isprintable():
        return False
    return any(unicodedata.category(character) in _HIDDEN for character in rest)


def tidy(text: str) -> str:
    """Text with single spaces and plain dashes, without quotes or a stop around it.

    >>> tidy(' “CC BY\\u00a04.0”. ')
    'CC BY 4.0'
    """
    text = _DASH.sub("-", _SPACE.sub(" ", text)).replace("&copy;", "©").replace("&amp;", "&")
    text = text.replace("©\ufe0f", "©").strip(" ").rstrip(".;,").strip(" ")
    inner = text[1:-1]
    for before, after in _PAIRS:
        around = len(text) > 1 and text[0] == before and text[-1] == after
        if around and text != "(c)" and before not in inner and after not in inner:
            return tidy(inner)
    return text


def is_missing(text: str) -> bool:
    """Whether tidied text stands for no value."""
    return lower(text) in _MISSING


def is_said_unknown(text: str) -> bool:
    """Whether tidied text says itself that the license is not known."""
    return lower(text) in _SAID_UNKNOWN


def is_said_unclear(text: str) -> bool:
    """Whether tidied text says that there is more to it, and not what."""
    return lower(text) in _SAID_UNCLEAR
