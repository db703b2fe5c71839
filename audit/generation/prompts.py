"""The prompts that images of a concept are generated with.

The published ones are those of "Finding the Imitation Threshold" (arXiv 2410.15002), in the wording
of its code. That code puts two of the face prompts before the name ("'s facial close-upMary Lee"),
which is a slip. Here the name comes first.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from audit.concepts import Concept
from audit.errors import ConceptError, UsageError

#: Stands for the concept's name in a template.
PLACE = "{}"

#: Domain -> its published templates.
PROMPTS: dict[str, tuple[str, ...]] = {
    "face": (
        "a photorealistic close-up photograph of {}",
        "High-resolution close-up image of {}",
        "{}'s facial close-up",
        "Close-up headshot of {}",
        "{}'s face portrait",
    ),
    "art-style": (
        "a painting in the style of {}",
        "an artwork in the style of {}",
        "a sketch in the style of {}",
        "a fine art piece in the style of {}",
        "an illustration in the style of {}",
    ),
}

#: Characters; models read less.
MAX_TEMPLATE_LENGTH = 1000

_NAMED = 3


def filled(template: str, name: str) -> str:
    """The prompt of a concept.

    >>> filled("a painting in the style of {}", "Vincent van Gogh")
    'a painting in the style of Vincent van Gogh'
    """
    # Not format(): what else is in braces is text, in names too.
    return template.replace(PLACE, name)


def check_template(template: str) -> str:
    """``template`` without spaces around it.

    Raises
    ------
    UsageError
        If it has no place for the name, or cannot be a prompt.
    """
    text = template.strip()
    if PLACE not in text:
        raise UsageError(
            f"The prompt {template!r} has no place for the concept's name.",
            hint="Write {} where it goes: --prompt 'a photo of {}'.",
        )
    check_text(text, "prompt")
    return text


def check_text(text: str, what: str) -> None:
    """Refuse what is not one line of words, of a prompt or another ``what``.

    Raises
    ------
    UsageError
        If it holds control characters or halves of characters, or is very long.
    """
    odd = next((c for c in text if unicodedata.category(c) in ("Cc", "Cs")), None)
    if odd is not None:
        raise UsageError(
            f"The {what} {text!r} holds the character U+{ord(odd):04X}.",
            hint="Write one line of text, in UTF-8.",
        )
    if len(text) > MAX_TEMPLATE_LENGTH:
        raise UsageError(
            f"The {what} {text[:40]!r}… is longer than {MAX_TEMPLATE_LENGTH:,} characters.",
            hint="Models read some dozens of words of it.",
        )


def templates_for(
    concepts: Sequence[Concept], domain: str | None = None, own: Sequence[str] = ()
) -> dict[Concept, tuple[str, ...]]:
    """The templates of each concept: ``own`` for all of them, or those of its domain.

    Parameters
    ----------
    domain:
        Of the concepts that name none.

    Raises
    ------
    ConceptError
        If a concept has no domain, or one without published prompts.
    UsageError
        If a template of ``own`` cannot be one.
    """
    if own:
        templates = tuple(dict.fromkeys(check_template(one) for one in own))
        return dict.fromkeys(concepts, templates)
    without = [concept for concept in concepts if (concept.domain or domain) not in PROMPTS]
    if without:
        raise _no_prompts(without, domain)
    return {concept: PROMPTS[concept.domain or domain or ""] for concept in concepts}


def _no_prompts(without: Sequence[Concept], domain: str | None) -> ConceptError:
    first = without[0]
    its_domain = first.domain or domain
    names = ", ".join(repr(concept.name) for concept in without[:_NAMED])
    more = f" and {len(without) - _NAMED:,} more" if len(without) > _NAMED else ""
    own = "give prompts of your own: --prompt 'a photo of {}'."
    if its_domain is None:
        return ConceptError(
            f"No domain says which prompts to take for {names}{more}.",
            hint=f"Say --domain {' or --domain '.join(PROMPTS)}, or {own}",
        )
    return ConceptError(
        f"There are no published prompts of the domain {its_domain!r} ({names}{more}).",
        hint=f"There are some for {' and '.join(PROMPTS)}. Otherwise {own}",
    )
