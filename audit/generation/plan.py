"""Which images there will be: the prompts, and for each image its seed and its place.

Both follow from names and numbers alone. An image therefore has the same seed and the same place
whatever else is generated with it, before it, beside it in a batch, or on another machine.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.concepts import Concept
from audit.errors import ConceptError
from audit.generation.prompts import filled, templates_for

#: torch's generator for the CPU takes 32 bits of a seed, and leaves the others out.
SEEDS = 2**32

#: Folder of the PNGs, in the folder of the run.
FOLDER = "images"

_READABLE, _DIGEST = 60, 12


@dataclass(frozen=True)
class Prompt:
    """One concept in one template."""

    concept: str
    domain: str | None
    template: str

    @property
    def text(self) -> str:
        return filled(self.template, self.concept)

    @property
    def folder(self) -> str:
        """Where its images go, relative, with ``/``."""
        return f"{FOLDER}/{folder_name(self.concept)}/{folder_name(self.template)}"

    def path(self, number: int) -> str:
        return f"{self.folder}/{number:05d}.png"

    def seed(self, run_seed: int, number: int) -> int:
        """See :func:`image_seed`."""
        return image_seed(run_seed, self.concept, self.template, number)


def plan_prompts(
    concepts: Iterable[Concept], domain: str | None = None, own: Sequence[str] = ()
) -> list[Prompt]:
    """The prompts of ``concepts``; see :func:`audit.generation.prompts.templates_for`.

    Raises
    ------
    ConceptError
        If there is no concept, or the same one in two domains, or there are no prompts for one.
    UsageError
        If a template cannot be one.
    """
    by_name: dict[str, Concept] = {}
    for concept in concepts:
        known = by_name.setdefault(concept.name, concept)
        if known.domain is None:
            by_name[concept.name] = concept
        elif concept.domain not in (None, known.domain):
            raise ConceptError(
                f"{concept.name!r} is named twice, of the domains {known.domain!r} and "
                f"{concept.domain!r}.",
                hint="Generate them in two runs, into two folders.",
            )
    if not by_name:
        raise ConceptError(
            "No concept to generate images of.", hint="Name one with --concept or --concepts."
        )
    templates = templates_for(list(by_name.values()), domain, own)
    return [
        Prompt(concept.name, concept.domain or domain, template)
        for concept, several in templates.items()
        for template in several
    ]


def image_seed(run_seed: int, concept: str, template: str, number: int) -> int:
    """The seed of an image's random generator, below 2^32.

    The first 4 bytes, big-endian, of the SHA-256 of the JSON ``[run_seed,"concept","template"]``
    (UTF-8, no spaces between), plus ``number``, modulo 2^32. In a prompt no seed occurs twice. Two
    prompts share one with a probability of their number of images together over 2^32.

    >>> image_seed(0, "Vincent van Gogh", "a painting in the style of {}", 0)
    3448144043
    """
    name = json.dumps([run_seed, concept, template], ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(name.encode()).digest()
    return (int.from_bytes(digest[:4], "big") + number) % SEEDS


def folder_name(text: str) -> str:
    """A name for the folder of a concept or template, on every system, of no other text.

    What is not plain is left out of it; a digest tells it from others, also where a file system
    takes upper and lower case for the same.

    >>> folder_name("Vincent van Gogh")
    'Vincent-van-Gogh-acdf63c40613'
    """
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
    readable = re.sub(r"[^A-Za-z0-9]+", "-", text)[:_READABLE].strip("-")
    return f"{readable}-{digest}" if readable else digest
