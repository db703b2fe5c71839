"""Images of concepts out of text-to-image models, and the folders that hold them.

PROMPTS         the published prompts of each domain
generate        makes the images, on what diffusers runs
read_generated  reads a folder of them back
"""

from __future__ import annotations

from audit.generation.manifest import (
    GeneratedImage,
    GeneratedImages,
    GenerationSettings,
    read_generated,
)

__all__ = ["GeneratedImage", "GeneratedImages", "GenerationSettings", "read_generated"]
