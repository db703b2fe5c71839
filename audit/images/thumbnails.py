"""Small pictures for people to look at, made anew from the pixels of images of strangers."""

from __future__ import annotations

import io

from audit.images.decoding import DEFAULT_LIMITS, DecodeLimits, decode

#: Longest side, in pixels.
SIDE = 160

_QUALITY = 82


def thumbnail(data: bytes, side: int = SIDE, limits: DecodeLimits = DEFAULT_LIMITS) -> bytes:
    """A JPEG at most ``side`` pixels wide and high; a smaller image keeps its size.

    Only pixels are taken over: no colour profile, no EXIF, no comment, nothing that a viewer's
    decoder would read in the words of whoever made the image.

    Raises
    ------
    BadImageError
        If the bytes give no picture.
    MissingPackageError
        If Pillow is not installed.
    """
    picture = decode(data, limits)
    picture.thumbnail((side, side))
    picture.info = {}
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return stream.getvalue()
