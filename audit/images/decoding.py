"""Safe decoding: bytes that claim to be an image become an upright RGB picture, or a reason.

The bytes come from strangers. Nothing is decoded before its header was read, its format is one of
a short list and its size is within limits; no format that can run or include anything (SVG, EPS,
PDF, WMF) is on the list.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from audit.errors import MissingPackageError

if TYPE_CHECKING:
    from PIL.Image import Image

#: Raster formats that datasets hold, as Pillow names them.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "MPO", "PPM", "ICO")

Reason = Literal[
    "empty",
    "too large",
    "not an image",
    "format refused",
    "too many pixels",
    "too small",
    "truncated",
    "corrupt",
]

_ORIENTATION = 0x0112
#: EXIF orientation → `PIL.Image.Transpose`, by which the picture comes upright.
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}

#: How files of the formats begin that begin in one way; to tell a broken image from none.
_RASTER_MARKS = (b"\xff\xd8", b"\x89PNG", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_VECTOR_MARKS = (b"<svg", b"<?xml", b"<!doctype svg", b"%!ps", b"%pdf", b"\xd7\xcd\xc6\x9a")


@dataclass(frozen=True)
class DecodeLimits:
    """What is refused before it is decoded.

    Attributes
    ----------
    bytes:
        Largest file.
    pixels:
        Largest width times height: what a decompression bomb unpacks to.
    shortest_side:
        Smallest side; of tracking pixels nothing can be recognised.
    """

    bytes: int = 64 << 20
    pixels: int = 100_000_000
    shortest_side: int = 3


DEFAULT_LIMITS = DecodeLimits()


class BadImageError(Exception):
    """These bytes give no picture: ``reason`` in one of a few words, and what the decoder said.

    It is an outcome to record and to count, not a failure of the command.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.message = message

    def __reduce__(self) -> tuple[type[BadImageError], tuple[Reason, str]]:
        return type(self), (self.reason, self.message)


def decode(data: bytes, limits: DecodeLimits = DEFAULT_LIMITS) -> Image:
    """The first frame of an image, upright, as RGB on white.

    EXIF orientation is applied; transparency is laid on white; CMYK, palettes and 16 bits become
    8-bit RGB, the range of the format mapped to the range of RGB.

    Raises
    ------
    BadImageError
        If the bytes are no image of a known raster format, are broken, or exceed ``limits``.
    MissingPackageError
        If Pillow is not installed.
    """
    pil = _pillow()
    if not data:
        raise BadImageError("empty", "no bytes")
    if len(data) > limits.bytes:
        raise BadImageError("too large", f"{len(data):,} bytes, more than {limits.bytes:,}")
    if data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_VECTOR_MARKS):
        raise BadImageError("format refused", "a vector format or a document, not a raster image")
    try:
        image = pil.open(io.BytesIO(data), formats=[name for name in FORMATS if name in pil.OPEN])
    except pil.DecompressionBombError as error:
        raise BadImageError("too many pixels", str(error)) from error
    except Exception as error:  # decoders raise what they like on hostile bytes
        raise _unopened(data, error) from error
    width, height = image.size
    if width * height > limits.pixels:
        raise BadImageError(
            "too many pixels", f"{width} x {height}, more than {limits.pixels:,} pixels"
        )
    if min(width, height) < limits.shortest_side:
        raise BadImageError("too small", f"{width} x {height} pixels")
    try:
        image.load()
        return _on_white(_upright(_eight_bit(image)))
    except Exception as error:
        raise _undecoded(error) from error


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingPackageError.of("Reading images", "visual", error) from error
    Image.init()
    return Image


def _eight_bit(image: Image) -> Image:
    """Pillow cuts 16 and 32 bits at 255 where it should scale them."""
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image).astype(np.float64)
    if image.mode == "F":
        values[~np.isfinite(values)] = 0
    low, high = 0.0, 65535.0
    if values.min() < low or values.max() > high or image.mode == "F":
        low, high = values.min(), values.max()
    scaled = (values - low) * (255 / max(high - low, 1e-12))
    grey: Image = _pillow().fromarray(np.rint(scaled).astype(np.uint8))
    grey.info.update(image.info)
    orientation = image.getexif().get(_ORIENTATION)
    if orientation:
        grey.getexif()[_ORIENTATION] = orientation
    return grey


def _upright(image: Image) -> Image:
    turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    return image.transpose(_pillow().Transpose(turn)) if turn is not None else image


def _on_white(image: Image) -> Image:
    if image.mode == "RGB":
        return image
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        picture = image.convert("RGBA")
        white: Image = _pillow().new("RGBA", picture.size, "white")
        white.alpha_composite(picture)
        return white.convert("RGB")
    return image.convert("RGB")


def _unopened(data: bytes, error: Exception) -> BadImageError:
    if data.startswith(_RASTER_MARKS) or data[8:12] == b"WEBP" or data[4:8] == b"ftyp":
        if type(error).__name__ == "UnidentifiedImageError":
            # Its message is the address of an object in memory.
            return BadImageError("corrupt", "begins like an image and has no header of one")
        return _undecoded(error)
    start = data[:16].decode("latin-1").encode("unicode_escape").decode()
    return BadImageError("not an image", f"no known format begins with {start!r}")


def _undecoded(error: Exception) -> BadImageError:
    message = str(error) or type(error).__name__
    cut = ("truncated", "broken data stream", "not enough", "unexpected end", "eof")
    reason: Reason = "truncated" if any(word in message.lower() for word in cut) else "corrupt"
    return BadImageError(reason, message.partition("\n")[0][:200])
