"""Concepts: what is looked for."""

from __future__ import annotations

import unicodedata
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

    Raises
    ------
    ConceptError
        If a name is empty, longer than :data:`MAX_NAME_LENGTH` characters, or holds control
        characters, or if the domain is not one of :data:`DOMAINS`.
    """

    name: str
    aliases: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    domain: str | None = None
    references: tuple[str, ...] = ()  #: paths of images that show the concept
    owner: str | None = None  #: who holds or administers the rights
    rights: str | None = None  #: a note on them
    source: str | None = field(default=None, compare=False)  #: "concepts.toml:12"

    def __post_init__(self) -> None:
        name = _checked(self.name, "name")
        aliases = dict.fromkeys(_checked(a, "alias") for a in _several(self.aliases, "aliases"))
        aliases.pop(name, None)
        excluded = _several(self.exclusions, "exclusions")
        exclusions = dict.fromkeys(_checked(e, "exclusion") for e in excluded)
        if self.domain is not None and self.domain not in DOMAINS:
            near = did_you_mean(str(self.domain), DOMAINS)
            raise ConceptError(
                f"concept {name!r}: {self.domain!r} is not a domain.",
                hint=f"{near + ' ' if near else ''}Domains: {', '.join(DOMAINS)}.",
            )
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "aliases", tuple(aliases))
        object.__setattr__(self, "exclusions", tuple(exclusions))
        object.__setattr__(self, "references", tuple(_several(self.references, "references")))

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)

    def to_dict(self) -> dict[str, Any]:
        record = asdict(self)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in record.items()}


def _several(values: Any, what: str) -> tuple[str, ...]:
    if isinstance(values, str):
        raise ConceptError(
            f"{what} must be a list of names, not the text {values!r}.",
            hint=f"Write {what}=[{values!r}].",
        )
    return tuple(values)


def _checked(name: Any, what: str) -> str:
    if not isinstance(name, str):
        raise ConceptError(
            f"{what} {name!r} is a {type(name).__name__}, not text.", hint="Put it in quotes."
        )
    clean = " ".join(name.split())
    if not clean:
        raise ConceptError(f"a {what} is empty.", hint="Write a name, or leave it out.")
    if len(clean) > MAX_NAME_LENGTH:
        raise ConceptError(
            f"{what} {clean[:40]!r}… is longer than {MAX_NAME_LENGTH} characters.",
            hint="Write the name alone.",
        )
    odd = next((c for c in clean if unicodedata.category(c) in ("Cc", "Cs")), None)
    if odd is not None:
        raise ConceptError(
            f"{what} {clean!r} holds the character U+{ord(odd):04X}, which no name has.",
            hint="Check the encoding: names must be UTF-8.",
        )
    return clean
