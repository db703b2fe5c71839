"""Images of concepts out of text-to-image models, and the folders that hold them.

``PROMPTS`` are the published prompts of each domain. :func:`generate` makes the images.
:func:`read_generated` reads a folder of them back.
"""

from __future__ import annotations

from audit.generation.manifest import (
    GeneratedImage,
    GeneratedImages,
    GenerationSettings,
    read_generated,
)
from audit.generation.prompts import PROMPTS
from audit.generation.results import GenerateProgress, GenerateReport
from audit.generation.run import GenerateListener, generate

__all__ = [
    "PROMPTS",
    "GenerateListener",
    "GenerateProgress",
    "GenerateReport",
    "GeneratedImage",
    "GeneratedImages",
    "GenerationSettings",
    "generate",
    "read_generated",
]
