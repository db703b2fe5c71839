"""Concepts: what is looked for."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from audit.errors import ConceptError, did_you_mean

DOMAINS = ("face", "art-style", "character", "object")

#: Characters; longer names are sentences pasted by mistake.
MAX_NAME_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept: a name, other names, and phrases in which these mean something else.

    Whitespace in names is reduced to single spaces; a name given twice is kept once.

    Parameters
    ----------
    name:
        What the concept is called, in results too.
    aliases:
        Other names of the same thing.
    exclusions:
        Phrases that hold a name and mean something else ("Van Gogh Museum").
    domain:
        One of :data:`DOMAINS`, or None.
    references:
        Paths of images that show the concept; whether they exist is not checked here.
    owner:
        Who holds or administers the rights.
    rights:
        A note on them.
    source:
        Where the concept was defined (``"concepts.toml:12"``); no part of equality.

    Raises
    ------
    ConceptError
        If a name is empty, longer than :data:`MAX_NAME_LENGTH` characters, or holds control
        characters; if a field is of the wrong type, such as one text for a list of aliases; or
        if the domain is not one of :data:`DOMAINS`.
    """

    name: str
    aliases: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    domain: str | None = None
    references: tuple[str, ...] = ()
    owner: str | None = None
    rights: str | None = None
    source: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        name = clean_name(self.name, "name")
        where = f"concept {name!r}: "
        aliases = _names(self.aliases, "alias", "aliases", where)
        aliases.pop(name, None)
        exclusions = _names(self.exclusions, "exclusion", "exclusions", where)
        references = [check_path(p, where) for p in _several(self.references, "references", where)]
        if self.domain is not None:
            check_domain(self.domain, where)
        for what, note in (("owner", self.owner), ("rights", self.rights)):
            if not isinstance(note, str | None):
                raise ConceptError(
                    f"{where}{what} {note!r} is a {type(note).__name__}, not text.",
                    hint="Put it in quotes, or leave it out.",
                )
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "aliases", tuple(aliases))
        object.__setattr__(self, "exclusions", tuple(exclusions))
        object.__setattr__(self, "references", tuple(references))

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)

    def to_dict(self) -> dict[str, Any]:
        """Every field by its name, ready for JSON: tuples become lists."""
        record = asdict(self)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in record.items()}


def clean_name(name: object, what: str, where: str = "") -> str:
    """``name`` with single spaces, or a :class:`ConceptError` that calls it a ``what``."""
    if not isinstance(name, str):
        raise ConceptError(
            f"{where}{what} {name!r} is a {type(name).__name__}, not text.",
            hint="Put it in quotes.",
        )
    clean = " ".join(name.split())
    if not clean:
        article = "an" if what[0] in "aeiou" else "a"
        raise ConceptError(
            f"{where}{article} {what} is empty.", hint="Write a name, or leave it out."
        )
    if len(clean) > MAX_NAME_LENGTH:
        raise ConceptError(
            f"{where}{what} {clean[:40]!r}… is longer than {MAX_NAME_LENGTH} characters.",
            hint="Write the name alone.",
        )
    odd = next((c for c in clean if unicodedata.category(c) in ("Cc", "Cs")), None)
    if odd is not None:
        raise ConceptError(
            f"{where}{what} {clean!r} holds the character U+{ord(odd):04X}, which no name has.",
            hint="Check the encoding: names must be UTF-8.",
        )
    return clean


def check_domain(domain: object, where: str = "") -> None:
    """Raise a :class:`ConceptError` unless ``domain`` is one of :data:`DOMAINS`."""
    if domain not in DOMAINS:
        near = did_you_mean(str(domain), DOMAINS)
        raise ConceptError(
            f"{where}{domain!r} is not a domain.",
            hint=f"{near + ' ' if near else ''}Domains: {', '.join(DOMAINS)}.",
        )


def check_path(path: object, where: str = "") -> str:
    """``path`` as text, or a :class:`ConceptError` if it cannot be the path of a file."""
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise ConceptError(
            f"{where}reference {path!r} is not a path.", hint="Write the path of an image."
        )
    return text


def _names(values: object, what: str, several: str, where: str) -> dict[str, None]:
    # A dict keeps the order of the first mention, which a set would lose.
    return dict.fromkeys(clean_name(v, what, where) for v in _several(values, several, where))


def _several(values: object, what: str, where: str) -> tuple[object, ...]:
    # Iterating these three would give letters, numbers or keys, and no error.
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        hint = f"Write {what}=[{values!r}]." if isinstance(values, str) else "Write a list."
        kind = "the text " if isinstance(values, str) else ""
        raise ConceptError(f"{where}{what} must be a list, not {kind}{values!r}.", hint=hint)
    return tuple(values)
