"""What a browser may ask about: a concept, and choices among its matches. Never SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from audit.concepts import Concept
from audit.errors import ConceptError, UsageError, did_you_mean
from audit.reviews.findings import STATUSES

#: What a page of a concept shows.
View = Literal["caption", "image", "label"]

#: Facets in the order in which they are shown: name in the address -> title.
FACETS = {
    "status": "License, concluded",
    "declared": "License, declared",
    "host": "Host",
    "size": "Shorter side",
}
#: Classes of the shorter side, in pixels: name -> (title, from, to before).
SIZES: dict[str, tuple[str, int | None, int | None]] = {
    "tiny": ("under 256", None, 256),
    "small": ("256 to 511", 256, 512),
    "middle": ("512 to 1,023", 512, 1024),
    "large": ("1,024 and more", 1024, None),
    "unknown": ("unknown", None, None),
}
#: Matches are shown up to this page; narrower choices show the rest.
LAST_PAGE = 400

_MOST_NAMES = 50
_LONGEST_CHOICE = 300


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes
    ----------
    listed:
        Whether the concept is one of the server's list.
    choices:
        Facet -> value; None for samples that have none.
    """

    concept: Concept
    listed: bool = False
    view: View = "caption"
    choices: Mapping[str, str | None] = field(default_factory=dict)
    page: int = 1

    def address(self, path: str = "/concept") -> str:
        """Where the question is asked: relative, percent-encoded."""
        return f"{path}?{self.query}"

    @property
    def query(self) -> str:
        asked: list[tuple[str, str]]
        if self.listed:
            asked = [("listed", self.concept.name)]
        else:
            asked = [("name", self.concept.name)]
            for name in ("aliases", "exclusions"):
                values = getattr(self.concept, name)
                asked += [(name, "\n".join(values))] if values else []
        if self.view != "caption":
            asked.append(("view", self.view))
        asked += [(facet, value or "") for facet, value in self.choices.items()]
        if self.page != 1:
            asked.append(("page", str(self.page)))
        return urlencode(asked)

    def seen_as(self, view: View) -> Question:
        """The same concept, seen otherwise; choices are of matches by caption."""
        choices = self.choices if view == "caption" else {}
        return replace(self, view=view, choices=choices, page=1)

    def with_choice(self, facet: str, value: str | None) -> Question:
        return replace(self, choices={**self.choices, facet: value}, page=1)

    def without_choice(self, facet: str) -> Question:
        kept = {name: value for name, value in self.choices.items() if name != facet}
        return replace(self, choices=kept, page=1)

    def on_page(self, page: int) -> Question:
        return replace(self, page=page)


def read_question(asked: QueryParams | Mapping[str, str], listed: Sequence[Concept]) -> Question:
    """What an address asks.

    Raises
    ------
    ConceptError
        If there is no such concept in the list, or the names are no names.
    UsageError
        If a choice is none that can be made.
    """
    concept, from_list = _concept(asked, listed)
    view = asked.get("view", "caption")
    if view not in ("caption", "image", "label"):
        raise UsageError("There is no such view of a concept.")
    choices = {facet: _choice(facet, asked[facet]) for facet in FACETS if facet in asked}
    page = asked.get("page", "1")
    if not page.isascii() or not page.isdigit() or not 1 <= int(page[:9]) <= LAST_PAGE:
        raise UsageError(
            f"There is no such page: matches are shown up to page {LAST_PAGE}.",
            hint="Choose among the facets to see others.",
        )
    return Question(concept, from_list, view, choices, int(page))  # type: ignore[arg-type]


def _concept(
    asked: QueryParams | Mapping[str, str], listed: Sequence[Concept]
) -> tuple[Concept, bool]:
    known = {concept.name: concept for concept in listed}
    if "listed" in asked:
        name = asked["listed"]
        if name not in known:
            raise ConceptError(
                f"The list has no concept {name[:100]!r}.", hint=did_you_mean(name[:100], known)
            )
        return known[name], True
    names = {what: _lines(asked.get(what, ""), what) for what in ("aliases", "exclusions")}
    concept = Concept(asked.get("name", ""), names["aliases"], names["exclusions"])
    # Who types a name of the list means what the list says of it.
    mine = None if concept.aliases or concept.exclusions else known.get(concept.name)
    return (concept, False) if mine is None else (mine, True)


def _lines(text: str, what: str) -> tuple[str, ...]:
    lines = tuple(line for line in text.splitlines() if line.strip())
    if len(lines) > _MOST_NAMES:
        raise ConceptError(
            f"{len(lines):,} {what} are more than {_MOST_NAMES}.",
            hint="Put the concept into a list, and name that with --concepts.",
        )
    return lines


def _choice(facet: str, value: str) -> str | None:
    known = {"status": STATUSES, "size": tuple(SIZES)}.get(facet)
    if len(value) > _LONGEST_CHOICE or (known is not None and value not in known):
        raise UsageError(f"{FACETS[facet]}: no match can be so.", hint="Choose one that is listed.")
    return value or None
