"""Images of concepts as vectors, without images."""

from __future__ import annotations

import numpy as np
import pytest

from audit.encoders.encoder import EncoderInfo
from audit.references.reference_set import ReferenceSet

DIMENSION = 64
INFO = EncoderInfo("test-encoder", "1", "none", DIMENSION)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


class World:
    """Random images, and concepts around a centre each."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.centres = unit(self.rng.standard_normal((5, DIMENSION)))

    def others(self, count):
        return unit(self.rng.standard_normal((count, DIMENSION))).astype(np.float16)

    def images(self, count, concept=0, spread=0.5):
        noise = spread * unit(self.rng.standard_normal((count, DIMENSION)))
        return unit(self.centres[concept] + noise).astype(np.float16)

    def references(self, *vectors, kind="images", info=INFO):
        stacked = np.concatenate(vectors)
        names = tuple(f"{number}.jpg" for number in range(len(stacked)))
        return ReferenceSet(stacked, names, info, kind)


@pytest.fixture
def world():
    return World()
