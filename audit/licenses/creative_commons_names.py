"""Names of Creative Commons licenses in text, read word by word.

``CC BY-SA 2.5 CA``, ``Creative Commons Attribution-ShareAlike 4.0 International License`` and so
on. A name is understood only if every word of it is: "not CC BY 4.0" is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from audit.licenses.creative_commons import has_version, tools
from audit.licenses.tables import lower
from audit.licenses.terms import License, join

#: Ways to say an element, longest first where one begins another.
_ELEMENTS = (
    (("no", "derivative", "works"), "nd"),
    (("no", "derivative", "work"), "nd"),
    (("no", "derivatives"), "nd"),
    (("no", "derivs"), "nd"),
    (("non", "commercial"), "nc"),
    (("share", "alike"), "sa"),
    (("sampling", "plus"), "sampling+"),
    (("attribution",), "by"),
    (("noncommercial",), "nc"),
    (("noderivatives",), "nd"),
    (("noderivs",), "nd"),
    (("sharealike",), "sa"),
    (("by",), "by"),
    (("nc",), "nc"),
    (("nd",), "nd"),
    (("sa",), "sa"),
    (("sampling+",), "sampling+"),
    (("sampling",), "sampling"),
    (("devnations",), "devnations"),
)
_LONG = frozenset({"attribution"})
_GLUED = {
    "ccby": "cc by", "ccbysa": "cc by sa", "ccbync": "cc by nc", "ccbynd": "cc by nd",
    "ccbyncsa": "cc by nc sa", "ccbyncnd": "cc by nc nd",
}  # fmt: skip
#: Words for the license without a jurisdiction, and the versions that were called so.
_KINDS = {
    "international": {"4.0"},
    "unported": {"3.0"},
    "generic": {"1.0", "2.0", "2.5"},
}
_LEAD_IN = re.compile(
    r"(?:this (?:work|image|photo|file) is )?licensed under (?:a |an |the )?(?=c)", re.ASCII
)
_VERSION = re.compile(r"v?([1-9]\.[0-9])")
#: Whole numbers that can mean one version only.
_WHOLE = {"1": "1.0", "3": "3.0", "4": "4.0"}
#: How every name begins.
_BEGINNINGS = ("cc", "creative", "attribution", "by")
_LICENSE = frozenset({"license", "licence", "licenses", "licences"})
_SEVERAL = re.compile(r"[1-4]\.[0-9](?:, ?[1-4]\.[0-9])+")

#: "no" is the code of Norway, and also a no: after a dash that stands alone, or before a word.
_SAYS_NO = re.compile(r"(?:\s-+\s*|--\s*)no\b|\bno licen[cs]e")


@dataclass
class _Reading:
    """What was understood of a name so far, and the words that were not."""

    words: list[str]
    prefixed: bool = False
    elements: list[str] = field(default_factory=list)
    long: bool = False
    version: str | None = None
    kind: str | None = None
    place: str = ""
    says_license: bool = False

    def take(self, *expected: str) -> bool:
        """Whether the next words are these; if so, they are understood."""
        if tuple(self.words[: len(expected)]) != expected:
            return False
        del self.words[: len(expected)]
        return True


def is_like_a_name(text: str) -> bool:
    """Whether text speaks of Creative Commons, so that a name that is none is worth a remark."""
    return (
        re.match(r"cc[ -]?by\b|cc[ -](?:by|n[cd]|sa|pd)\b|creative commons\b", lower(text))
        is not None
    )


def from_name(text: str) -> tuple[License | None, str] | None:
    """The license that text names, and the rule.

    Returns
    -------
    A license and the rule that found it; no license where the name can only be one of Creative
    Commons and is none of theirs; None if text is no such name at all.

    >>> license, rule = from_name("CC BY 2.1 CA")
    >>> license.id, rule
    ('LicenseRef-CC-BY-2.1-CA', 'cc-text')
    """
    text = _LEAD_IN.sub("", lower(text), count=1)
    if not text.startswith(_BEGINNINGS):
        return None
    if _SAYS_NO.search(text):
        return None, "cc-text-unlisted"
    twice = re.fullmatch(r"([^()]+?) \(((?:cc|creative commons)[ -][^()]+)\)( licen[cs]e)?", text)
    if twice:
        return _agreeing(_one(twice[1]), _one(twice[2]))
    several = _SEVERAL.search(text)
    if several:
        return _several(text, several)
    return _one(text)


def _agreeing(
    first: tuple[License | None, str] | None, second: tuple[License | None, str] | None
) -> tuple[License | None, str] | None:
    """A long name with the short one behind it."""
    if first is None or second is None or first[0] is None or second[0] is None:
        return None
    return first if first[0] == second[0] else (None, "cc-text-contradiction")


def _several(text: str, found: re.Match[str]) -> tuple[License | None, str] | None:
    """Versions to choose from, as Wikimedia writes them: ``cc-by-sa-3.0,2.5,2.0,1.0``."""
    if found.end() != len(text):
        return None
    versions = [version.strip() for version in found[0].split(",")]
    answers = [_one(text[: found.start()] + version) for version in versions]
    licenses = [answer[0] for answer in answers if answer and answer[0]]
    if len(licenses) != len(versions):
        return None if None in answers else (None, "cc-text-unlisted")
    return join(licenses, "OR"), "cc-text-several"


def _one(text: str) -> tuple[License | None, str] | None:
    reading = _read(text)
    if reading is None or not _is_certain(reading, text):
        return None
    kinds = _KINDS.get(reading.kind or "")
    if kinds is not None and reading.version not in kinds:
        return None, "cc-text-unlisted"
    if reading.place and (reading.kind or reading.version is None):
        return None, "cc-text-unlisted"
    elements = frozenset(reading.elements)
    if reading.version is None and elements <= {"nc", "nd", "sa"}:
        # In use these mean licenses with "by", and say one letter pair less.
        return None, "cc-text-unlisted"
    license = tools().by_elements.get((elements, reading.version, reading.place))
    if license is None or len(elements) != len(reading.elements):
        return None, "cc-text-unlisted"
    return license, "cc-text" if has_version(license) else "cc-text-no-version"


def _read(text: str) -> _Reading | None:
    words = [_GLUED.get(word, word) for word in re.split(r"[\s_-]+", text) if word]
    text = " ".join(words)
    place = next((name for name in _long_places() if text.endswith(f" {name}")), "")
    reading = _Reading(text.removesuffix(place).split())
    reading.place = tools().jurisdictions.get(place, "")
    if reading.take("creative", "commons"):
        reading.prefixed = True
        reading.take("cc")
    elif reading.take("cc"):
        reading.prefixed = True
    if reading.prefixed:
        reading.says_license = any(reading.take(word) for word in _LICENSE)
    _take_elements(reading)
    if not reading.elements or not _take_rest(reading):
        return None
    return reading


@cache
def _long_places() -> list[str]:
    """Names of jurisdictions; the longest first, for one may end another."""
    return sorted((name for name in tools().jurisdictions if len(name) > 2), key=len, reverse=True)


def _take_elements(reading: _Reading) -> None:
    while True:
        for words, element in _ELEMENTS:
            if reading.take(*words):
                reading.elements.append(element)
                reading.long |= words[0] in _LONG
                break
        else:
            return


def _take_rest(reading: _Reading) -> bool:
    """Version, kind, jurisdiction and "license", each once at most; whether that is all."""
    while reading.words:
        word = reading.words.pop(0)
        number = _VERSION.fullmatch(word)
        if reading.version is None and (number or word in _WHOLE):
            reading.version = number[1] if number else _WHOLE[word]
        elif reading.kind is None and word in _KINDS:
            reading.kind = word
        elif word == "public" and reading.kind == "international":
            if not reading.words or reading.words[0] not in _LICENSE:
                return False
        elif word in _LICENSE and not reading.says_license:
            reading.says_license = True
        elif not reading.place and reading.version and len(word) == 2:
            reading.place = tools().jurisdictions.get(word, "")
            if not reading.place:
                return False
        else:
            return False
    return True


def _is_certain(reading: _Reading, text: str) -> bool:
    """Whether this can only be meant as a license.

    Without "CC" before it, "by SA" may be a credit and "Attribution 1.0" anything.
    """
    if reading.prefixed:
        return True
    if not reading.long:
        return text.startswith("by-") and len(reading.elements) > 1
    if reading.elements[0] != "by":
        return False
    closing = reading.says_license or reading.kind is not None or bool(reading.place)
    return closing or len(reading.elements) > 1
