"""Pictures for the tests of encoders, and what encoders make of them."""

from __future__ import annotations

import io
from importlib.util import find_spec

import numpy as np
import pytest


@pytest.fixture(scope="session")
def needs():
    """Skips unless modules are installed; importing them is left to who knows in which order."""

    def skip_without(extra, *modules):
        for module in modules:
            if find_spec(module) is None:
                pytest.skip(f"needs {module}: pip install 'concept-audit[{extra}]'")

    return skip_without


@pytest.fixture(scope="session")
def drawn():
    """Draws an RGB picture of a dozen shapes on a coloured ground; another for each seed."""
    image = pytest.importorskip("PIL.Image", reason="needs pillow")
    image_draw = pytest.importorskip("PIL.ImageDraw")

    def draw(seed, width=320, height=240):
        rng = np.random.default_rng(seed)
        picture = image.new("RGB", (320, 240), tuple(rng.integers(0, 256, 3).tolist()))
        pen = image_draw.Draw(picture)
        for _ in range(12):
            shape = [pen.ellipse, pen.rectangle, pen.line][rng.integers(3)]
            x, y, w, h = rng.integers((0, 0, 20, 20), (320, 240, 160, 120)).tolist()
            colour = tuple(rng.integers(0, 256, 3).tolist())
            shape((x, y, x + w, y + h), fill=colour, width=3)
        return picture.resize((width, height))

    return draw


@pytest.fixture(scope="session")
def saved_again():
    """The same picture after a JPEG file."""
    image = pytest.importorskip("PIL.Image", reason="needs pillow")

    def save(picture, quality=60):
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=quality)
        return image.open(stream).convert("RGB")

    return save


@pytest.fixture(scope="session")
def photograph():
    """Loads one of scikit-image's public-domain photographs."""
    data = pytest.importorskip("skimage.data", reason="needs scikit-image for its photographs")
    image = pytest.importorskip("PIL.Image", reason="needs pillow")
    return lambda name: image.fromarray(getattr(data, name)()).convert("RGB")


@pytest.fixture(scope="session")
def vectors_of():
    """All vectors that an encoder makes of pictures, (vectors, dimension)."""

    def encode(encoder, pictures):
        return np.concatenate(encoder.encode([encoder.prepare(picture) for picture in pictures]))

    return encode
