"""Concepts and concept lists.

:class:`Concept` says what is looked for; :func:`read_concepts` reads the lists that curators
write; :func:`gather_concepts` takes names and lists together. Nothing here folds or matches: names
are kept as they were written.
"""

from audit.concepts.concept import DOMAINS, MAX_NAME_LENGTH, Concept
from audit.concepts.gather import gather_concepts
from audit.concepts.lists import FORMATS, ConceptList, read_concepts

__all__ = [
    "DOMAINS",
    "FORMATS",
    "MAX_NAME_LENGTH",
    "Concept",
    "ConceptList",
    "gather_concepts",
    "read_concepts",
]
