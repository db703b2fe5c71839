"""Bytes of strangers become upright RGB pictures, or a reason."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.images.decoding import BadImageError, DecodeLimits, decode

Image = pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")


def picture(mode="RGB", size=(40, 30)):
    """Red on the left half, blue on the right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    return image.convert(mode)


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def pixel(image, x, y):
    return np.array(image.getpixel((x, y)), dtype=int)


def close(colour, expected, tolerance=12):
    return np.abs(colour - np.array(expected)).max() <= tolerance


def reason(data, **limits):
    with pytest.raises(BadImageError) as caught:
        decode(data, DecodeLimits(**limits))
    return caught.value.reason


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("BMP", {}),
        ("TIFF", {}),
        ("PPM", {}),
    ],
)
def test_formats_give_the_same_picture(kind, options):
    image = decode(saved(picture(), kind, **options))
    assert (image.mode, image.size) == ("RGB", (40, 30))
    assert close(pixel(image, 5, 5), (255, 0, 0))
    assert close(pixel(image, 35, 5), (0, 0, 255))


def test_cmyk_becomes_rgb():
    image = decode(saved(picture("CMYK"), "JPEG", quality=95))
    assert close(pixel(image, 5, 5), (255, 0, 0), tolerance=30)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_cut(kind):
    values = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    image = decode(saved(Image.fromarray(values), kind))
    assert close(pixel(image, 0, 0), (0, 0, 0))
    assert close(pixel(image, 0, 32), (128, 128, 128))
    assert close(pixel(image, 63, 63), (255, 255, 255))


def test_floating_point_picture_is_scaled_by_its_own_range():
    values = np.linspace(-3, 5, 16 * 16, dtype=np.float32).reshape(16, 16)
    values[3, 3] = np.nan
    image = decode(saved(Image.fromarray(values), "TIFF"))
    assert close(pixel(image, 0, 0), (0, 0, 0))
    assert close(pixel(image, 15, 15), (255, 255, 255))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    upright = picture()
    # The inverse of each orientation: Pillow's own transposition brings it back.
    inverse = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    turned = upright.transpose(inverse[orientation]) if orientation in inverse else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(saved(turned, "JPEG", exif=exif, quality=95))
    assert image.size == upright.size
    assert close(pixel(image, 5, 15), (255, 0, 0))
    assert close(pixel(image, 35, 15), (0, 0, 255))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(mode):
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 10, 20))
    decoded = decode(saved(image.convert(mode), "PNG"))
    assert pixel(decoded, 15, 5).tolist() == [255, 255, 255]
    assert pixel(decoded, 5, 5).tolist() == [0, 0, 0]


def test_transparent_colour_of_a_palette_is_laid_on_white():
    image = Image.new("P", (20, 20), 0)
    image.putpalette([0, 200, 0, 255, 0, 0])
    decoded = decode(saved(image, "GIF", transparency=0))
    assert pixel(decoded, 5, 5).tolist() == [255, 255, 255]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animation_gives_its_first_frame(kind):
    second = Image.new("RGB", (40, 30), "green")
    options = {"save_all": True, "append_images": [second, second], "duration": 50}
    image = decode(saved(picture(), kind, **options))
    assert close(pixel(image, 5, 5), (255, 0, 0), tolerance=40)


def test_no_bytes():
    assert reason(b"") == "empty"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_truncated_file(kind):
    noise = np.random.default_rng(0).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    data = saved(Image.fromarray(noise), kind)
    assert reason(data[: len(data) // 2]) in ("truncated", "corrupt")


def test_truncated_jpeg_is_called_truncated():
    data = saved(picture(size=(400, 300)), "JPEG", quality=95)
    assert reason(data[:-200]) == "truncated"


def test_page_that_claims_to_be_a_picture():
    assert reason(b"<html><body>404 not found</body></html>" * 10) == "not an image"


@pytest.mark.parametrize(
    "document",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b'\xef\xbb\xbf  <?xml version="1.0"?><svg/>',
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"%PDF-1.7\n",
    ],
)
def test_formats_that_can_run_or_include_are_refused(document):
    assert reason(document * 20) == "format refused"


def bomb(width, height):
    """A small PNG whose header promises a huge picture, which its data would give."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * min(height, 2000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [10_100, 20_000, 1_000_000])
def test_decompression_bomb_is_refused_before_it_unpacks(side):
    data = bomb(side, side)
    assert len(data) < 1_000_000
    assert reason(data) == "too many pixels"


def test_limits_are_the_users():
    data = saved(picture(), "PNG")
    assert reason(data, pixels=1000) == "too many pixels"
    assert reason(data, bytes=50) == "too large"
    assert reason(saved(picture(size=(40, 2)), "PNG")) == "too small"
    assert decode(data, DecodeLimits(pixels=1200)).size == (40, 30)


def test_formats_that_are_not_listed_are_no_images():
    assert reason(saved(picture(), "TGA")) == "not an image"


SEEDS = [saved(picture(), kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP")]


@given(st.sampled_from(SEEDS), st.data())
@settings(max_examples=300, deadline=None)
def test_broken_bytes_give_a_picture_or_a_reason_and_nothing_else(seed, data):
    broken = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(broken)))
    try:
        image = decode(bytes(broken[cut // 3 :]), DecodeLimits(pixels=1_000_000))
    except BadImageError:
        return
    assert image.mode == "RGB"
