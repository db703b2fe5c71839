"""The HOG encoder: outlines, whatever their colour and contrast."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audit.encoders.encoder import load_encoder
from audit.encoders.hog import _histograms
from audit.errors import UsageError

Image = pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")
ImageDraw = pytest.importorskip("PIL.ImageDraw")


def drawn(shape, ink="black", paper="white", size=200):
    image = Image.new("RGB", (size, size), paper)
    margin, width = size * 3 // 20, size // 50
    box = (margin, margin, size - margin, size - margin)
    getattr(ImageDraw.Draw(image), shape)(box, outline=ink, width=width)
    return image


@pytest.fixture
def vector():
    encoder = load_encoder("hog")
    return lambda image: encoder.encode([encoder.prepare(image)])[0][0]


def test_vectors_have_unit_length_and_the_promised_dimension(vector):
    found = vector(drawn("ellipse"))
    assert found.shape == (load_encoder("hog").info.dimension,)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


def test_one_outline_in_other_colours_and_sizes_is_nearer_than_another_outline(vector):
    circle = vector(drawn("ellipse"))
    same = [vector(drawn("ellipse", "navy", "ivory")), vector(drawn("ellipse", "white", "black")),
            vector(drawn("ellipse", size=400))]  # fmt: skip
    other = vector(drawn("rectangle"))
    assert min(float(circle @ one) for one in same) > 0.8
    assert float(circle @ other) < 0.6


def test_histograms_are_those_of_a_loop_over_pixels():
    """Each pixel votes for the two nearest of nine directions, by how strong its edge is."""
    grey = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    expected = np.zeros((8, 8, 9))
    for y in range(64):
        for x in range(64):
            above, below = max(y - 1, 0), min(y + 1, 63)
            left, right = max(x - 1, 0), min(x + 1, 63)
            down = float(grey[below, x] - grey[above, x]) / (below - above)
            across = float(grey[y, right] - grey[y, left]) / (right - left)
            angle = math.degrees(math.atan2(down, across)) % 180 / 20
            lower = int(angle)
            strength = math.hypot(down, across)
            expected[y // 8, x // 8, lower % 9] += strength * (1 - (angle - lower))
            expected[y // 8, x // 8, (lower + 1) % 9] += strength * (angle - lower)
    assert np.allclose(_histograms(grey), expected, atol=1e-4)


def test_picture_of_one_colour_has_a_vector_of_zeros(vector):
    assert not vector(Image.new("RGB", (50, 50), "red")).any()


def test_there_is_only_one():
    with pytest.raises(UsageError, match="has no 'large'"):
        load_encoder("hog:large")
