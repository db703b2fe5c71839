"""The concepts that are meant, however they were given: by name, as they are, or in a list."""

from __future__ import annotations

import os
from collections.abc import Sequence

from audit.concepts.concept import Concept
from audit.concepts.lists import ConceptList
from audit.errors import ConceptError


def gather_concepts(
    concepts: Sequence[str | Concept],
    aliases: Sequence[str] = (),
    exclude: Sequence[str] = (),
    concept_list: str | os.PathLike[str] | ConceptList | None = None,
) -> list[Concept]:
    """Concepts from names, aliases and lists, as a command or a call gives them.

    Parameters
    ----------
    concept_list:
        A file, or with how it is to be read.

    Raises
    ------
    ConceptError
        If aliases or exclusions are given for anything but exactly one name.
    """
    if (aliases or exclude) and (len(concepts) != 1 or not isinstance(concepts[0], str)):
        raise ConceptError(
            f"Aliases and exclusions belong to one concept; {len(concepts)} were named.",
            hint="Name one concept, or put several with their aliases into a concept list.",
        )
    asked = [
        concept
        if isinstance(concept, Concept)
        else Concept(concept, aliases=tuple(aliases), exclusions=tuple(exclude))
        for concept in concepts
    ]
    if concept_list is not None:
        listed = (
            concept_list if isinstance(concept_list, ConceptList) else ConceptList(concept_list)
        )
        asked += listed.read()
    return asked
