"""Vectors with as much imitation in them as is wanted: to test scores, and to try them out.

A vector is drawn at random from the sphere; what a concept looks like is one of them. Images of a
concept are that, weighted, plus noise of unit length, at length one again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audit.encoders.encoder import unit


def noise(images: int, dimension: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Vectors of no concept: uniform on the sphere, shape (images, dimension)."""
    return unit(rng.standard_normal((images, dimension), dtype=np.float32))


def planted(
    direction: NDArray[np.float32], strength: float, images: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Images that show what ``direction`` is, as strongly as ``strength``; 0 is noise.

    In high dimension the cosine of such an image with the direction is about
    strength / sqrt(1 + strength^2).
    """
    return unit(strength * direction + noise(images, len(direction), rng))


def imitations(
    strengths: Sequence[float],
    rng: np.random.Generator,
    *,
    generated: int = 40,
    training: int | Sequence[int] = 100,
    dimension: int = 64,
    likeness: float = 1.0,
    of_model: float = 0.5,
) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
    """Generated and training images of concepts that are imitated as strongly as given.

    Parameters
    ----------
    strengths:
        One a concept, which are called ``concept 000`` and so on.
    training:
        Training images, of each concept or of all.
    likeness:
        How strongly training images show their concept.
    of_model:
        How strongly all generated and all training images have in common that they are pictures:
        similarity that is no imitation.
    """
    many = [training] * len(strengths) if isinstance(training, int) else list(training)
    shared = of_model * noise(1, dimension, rng)[0]
    made, trained = {}, {}
    for number, (strength, images) in enumerate(zip(strengths, many, strict=True)):
        concept = noise(1, dimension, rng)[0]
        name = f"concept {number:03}"
        made[name] = unit(planted(concept, strength, generated, rng) + shared)
        trained[name] = unit(planted(concept, likeness, images, rng) + shared)
    return made, trained
