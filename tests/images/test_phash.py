"""Perceptual hashes survive scaling and recompression, and differ between pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest

from audit.images.phash import hamming, perceptual_hash

Image = pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")


def scene(seed, size=256):
    """Soft blobs: like a photograph, most of its energy is in low frequencies."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (7, 7, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC)


def distance(one, other):
    first, second = perceptual_hash(one), perceptual_hash(other)
    return int(hamming(np.array([first]), np.array([second]))[0])


@pytest.mark.parametrize("seed", range(10))
def test_scaled_and_recompressed_copy_is_near(seed):
    stream = io.BytesIO()
    scene(seed).resize((180, 180)).save(stream, "JPEG", quality=40)
    assert distance(scene(seed), Image.open(stream)) <= 6


def test_different_pictures_are_half_of_the_bits_apart():
    distances = [distance(scene(2 * i), scene(2 * i + 1)) for i in range(50)]
    assert min(distances) > 12
    assert 26 < np.mean(distances) < 38


def test_picture_of_one_colour_has_no_hash():
    assert perceptual_hash(Image.new("RGB", (50, 50), "navy")) is None


def test_hamming_counts_bits_of_negative_numbers():
    assert hamming(np.array([-1, 0, 5]), 0).tolist() == [64, 0, 2]
