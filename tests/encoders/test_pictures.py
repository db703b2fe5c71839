"""What a network sees of a picture is, to the pixel, what it saw when it was trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audit.encoders.pictures import Preprocessing

pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")

SQUARE = Preprocessing(64, 64, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
SIZES = [(320, 240), (241, 333), (64, 64), (30, 41), (500, 37), (65, 66), (3, 90)]


@pytest.fixture(scope="module")
def transform():
    pytest.importorskip("torch", reason="needs torch: pip install 'concept-audit[clip]'")
    from audit.encoders.torchvision_repair import import_torchvision

    import_torchvision()
    return pytest.importorskip("open_clip.transform", reason="needs open_clip").image_transform


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("resampling", ["bicubic", "bilinear"])
@pytest.mark.parametrize(("fit", "theirs"), [("crop", "shortest"), ("squash", "squash"), ("pad", "longest")])  # fmt: skip
def test_pixels_are_those_of_open_clip(drawn, transform, fit, theirs, resampling, size):
    ours = replace(SQUARE, fit=fit, resampling=resampling, fill=7 if fit == "pad" else 0)
    picture = drawn(1, *size)
    pixels = transform(
        64, False, ours.mean, ours.deviation, theirs, resampling, fill_color=ours.fill
    )(picture)
    seen = (ours.pixels(picture) / np.float32(255) - ours.mean) / ours.deviation
    assert np.abs(pixels.permute(1, 2, 0).numpy() - seen).max() < 1e-5


@pytest.mark.parametrize("size", SIZES[:3])
def test_pixels_of_oblongs_are_those_of_open_clip(drawn, transform, size):
    ours = replace(SQUARE, height=48, width=80)
    picture = drawn(2, *size)
    pixels = transform((48, 80), False, ours.mean, ours.deviation)(picture)
    seen = (ours.pixels(picture) / np.float32(255) - ours.mean) / ours.deviation
    assert np.abs(pixels.permute(1, 2, 0).numpy() - seen).max() < 1e-5


def test_margin_is_cut_off(drawn):
    picture = drawn(3, 160, 80)
    seen = replace(SQUARE, margin=16).pixels(picture)
    assert (seen == np.asarray(picture)[8:72, 48:112]).all()


def test_every_setting_changes_the_words():
    others = [
        {"height": 32},
        {"width": 32},
        {"mean": (0.5, 0.4, 0.31)},
        {"deviation": (0.2, 0.3, 0.41)},
        {"fit": "pad"},
        {"fit": "pad", "fill": 255},
        {"fit": "squash"},
        {"resampling": "bilinear"},
        {"margin": 8},
    ]
    words = [SQUARE.describe(), *(replace(SQUARE, **other).describe() for other in others)]
    assert len(set(words)) == len(words)
    assert words[0] == (
        "shorter side to fit 64 x 64 (bicubic), middle 64 x 64; "
        "mean 0.5 0.4 0.3, deviation 0.2 0.3 0.4"
    )
