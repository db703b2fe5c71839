"""Thumbnails carry pixels and nothing else of the image that they are made of."""

from __future__ import annotations

import io

import pytest

from audit.images.decoding import BadImageError
from audit.images.thumbnails import SIDE, thumbnail

Image = pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")

HOSTILE = b"<script>alert(1)</script>"


def saved(size, kind, **options):
    stream = io.BytesIO()
    Image.new("RGB", size, "red").save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("size", "expected"),
    [((800, 400), (SIDE, SIDE // 2)), ((30, 900), (5, SIDE)), ((40, 30), (40, 30))],
)
def test_the_longest_side_is_bounded_and_small_images_are_not_blown_up(size, expected):
    with Image.open(io.BytesIO(thumbnail(saved(size, "PNG")))) as small:
        assert (small.format, small.size) == ("JPEG", expected)
        assert small.getpixel((2, 2))[0] > 240


def test_comments_exif_and_colour_profiles_stay_behind():
    exif = Image.Exif()
    exif[0x010E] = HOSTILE.decode()
    data = saved((300, 200), "JPEG", comment=HOSTILE, exif=exif, icc_profile=b"\0" * 128 + HOSTILE)
    assert data.count(HOSTILE) == 3
    assert HOSTILE not in thumbnail(data)


def test_what_is_no_image_is_refused():
    with pytest.raises(BadImageError):
        thumbnail(b"<svg onload='alert(1)'>")
