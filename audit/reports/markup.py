"""HTML from templates. Texts of strangers enter it in one place, which makes them harmless.

Captions, URLs, names of files and concepts come from whoever wrote the dataset. They are shown,
never believed: no markup of theirs is markup here, and no character of theirs hides or turns
around what a reader sees.
"""

from __future__ import annotations

import html
import unicodedata
from string import Template

#: Characters of these kinds have no picture of their own; some reorder what follows.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

#: Of those, what scripts and emoji need to be written right: non-joiner, joiner, soft hyphen, and
#: the marks of direction that reorder nothing but spaces and signs beside them.
_NEEDED = {"\u200c", "\u200d", "\u00ad", "\u200e", "\u200f", "\u061c"}


class Html(str):
    """Markup that :func:`fill` made."""

    __slots__ = ()


def fill(template: str, /, **values: object) -> Html:
    """Put values in the places of a template, written ``$name``.

    All but :class:`Html` is escaped, for the text of an element or for an attribute in double
    quotes; a template has them nowhere else, and no address among its attributes.

    >>> fill("<p>$caption</p>", caption="<script>")
    '<p>&lt;script&gt;</p>'

    Raises
    ------
    KeyError
        If a place has no value.
    """
    safe = {
        name: value if isinstance(value, Html) else html.escape(visible(str(value)), quote=True)
        for name, value in values.items()
    }
    return Html(Template(template).substitute(safe))


def joined(pieces: list[Html]) -> Html:
    return Html("".join(pieces))


def visible(text: str) -> str:
    """Every character seen: those that hide, or turn the direction of writing, as their number.

    >>> visible("abc\\u202egpj.exe")
    'abc⟦U+202E⟧gpj.exe'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_seen, text))


def shortened(text: str, longest: int) -> str:
    """At most ``longest`` characters of a text, and how many it had if some are left out."""
    if len(text) <= longest:
        return text
    return f"{text[:longest].rstrip()} … ({len(text):,} characters)"


def _seen(character: str) -> str:
    if character in "\t\n\r":
        return " "
    if unicodedata.category(character) in _INVISIBLE and character not in _NEEDED:
        return f"⟦U+{ord(character):04X}⟧"
    return character
