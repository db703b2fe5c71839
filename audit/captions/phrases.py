"""From concepts to the folded phrases that are searched, and what is odd about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from audit.captions.folding import fold
from audit.concepts import Concept


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a curator should know about a concept before trusting its count."""

    kind: str  #: "folds-to-nothing", "shared-phrase", "common-word", "one-word", ...
    concept: str  #: the concept's name
    message: str

    def to_dict(self) -> dict[str, str]:
        return {"kind": self.kind, "concept": self.concept, "message": self.message}


@dataclass(frozen=True, slots=True)
class Wording:
    """What a caption must hold to name a concept. Concepts of one wording are named by the same.

    Attributes
    ----------
    phrases, exclusions:
        Folded, without the spaces at their ends; sorted, each once.
    """

    phrases: tuple[str, ...]
    exclusions: tuple[str, ...]

    @classmethod
    def of(cls, phrases: Iterable[str], exclusions: Iterable[str]) -> Wording:
        """From folded phrases in any order, with or without the spaces at their ends."""
        return cls(
            *(tuple(sorted({one.strip() for one in some})) for some in (phrases, exclusions))
        )


@dataclass(frozen=True, slots=True)
class ConceptPhrases:
    """The folded phrases of one concept.

    A caption names the concept where one of ``phrases`` stands outside all ``exclusions``.
    """

    concept: Concept
    #: Folded phrase -> the spellings of name and aliases that fold to it, in the given order.
    spellings: dict[str, tuple[str, ...]]
    exclusions: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=(), compare=False)

    @property
    def phrases(self) -> tuple[str, ...]:
        return tuple(self.spellings)

    @property
    def wording(self) -> Wording:
        """What the concept is recognised by, whatever it is called."""
        return Wording.of(self.phrases, self.exclusions)


def fold_concept(concept: Concept) -> ConceptPhrases:
    """Fold a concept's name, aliases and exclusions.

    Spellings that fold alike become one phrase. A spelling that folds to nothing ("!!!") cannot
    be searched; it is left out with a finding, and a concept may end up without any phrase.
    """
    findings = []

    def note(kind: str, message: str) -> None:
        findings.append(Finding(kind, concept.name, message))

    spellings: dict[str, tuple[str, ...]] = {}
    for name in concept.names:
        phrase = fold(name)
        if phrase == " ":
            note("folds-to-nothing", f"{name!r} has no letter or digit, so no caption can name it")
        else:
            spellings[phrase] = (*spellings.get(phrase, ()), name)
    exclusions = {}
    for excluded in concept.exclusions:
        phrase = fold(excluded)
        if phrase in spellings:
            note(
                "idle-exclusion",
                f"exclusion {excluded!r} is itself a name: nothing it names counts",
            )
        elif not any(name in phrase for name in spellings):
            note(
                "idle-exclusion", f"exclusion {excluded!r} contains no name, so it excludes nothing"
            )
            continue
        exclusions[phrase] = excluded
    return ConceptPhrases(concept, spellings, tuple(exclusions), tuple(findings))


def fold_concepts(concepts: Sequence[Concept]) -> tuple[list[ConceptPhrases], list[Finding]]:
    """Fold every concept; the findings include phrases that several concepts share."""
    folded = [fold_concept(concept) for concept in concepts]
    findings = [finding for phrases in folded for finding in phrases.findings]
    first: dict[str, tuple[int, str]] = {}
    for index, phrases in enumerate(folded):
        for phrase, spellings in phrases.spellings.items():
            owner, spelling = first.setdefault(phrase, (index, spellings[0]))
            if owner != index:
                other = folded[owner].concept
                findings.append(
                    Finding(
                        "shared-phrase",
                        phrases.concept.name,
                        f"{spellings[0]!r} folds like {spelling!r} of {_described(other)}: "
                        "samples that it names count for both",
                    )
                )
    return folded, findings


def _described(concept: Concept) -> str:
    return f"{concept.name!r} ({concept.source})" if concept.source else repr(concept.name)
