"""Perceptual hashes: 64 bits that survive scaling and recompression.

The low frequencies of a 32 x 32 grey copy, each compared with their median (the DCT hash of
Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, section 3.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

_SIDE, _LOW = 32, 8

#: Grey levels between which everything lies in a picture that has nothing to hash.
_FLAT = 3


def _cosines() -> NDArray[np.float64]:
    """Rows 0 to 7 of the DCT-II matrix of 32 points."""
    frequency, place = np.ogrid[:_LOW, :_SIDE]
    return np.asarray(np.cos(np.pi * frequency * (2 * place + 1) / (2 * _SIDE)))


_COSINES = _cosines()


def perceptual_hash(image: Image) -> int | None:
    """The hash as a signed 64-bit number; None for a picture of one colour."""
    grey = np.asarray(image.convert("L").resize((_SIDE, _SIDE), _LANCZOS), dtype=np.float64)
    if np.ptp(grey) <= _FLAT:
        return None
    low = (_COSINES @ grey @ _COSINES.T).ravel()
    # The first is the mean grey: it says nothing of the content and would shift the median.
    bits = low > np.median(low[1:])
    return int(np.packbits(bits).view(">i8")[0])


#: `PIL.Image.Resampling.LANCZOS`; Pillow is imported by whoever has an image.
_LANCZOS = 1


def hamming(hashes: NDArray[np.int64], other: Any) -> NDArray[np.uint8]:
    """Bits in which hashes differ; arguments broadcast."""
    return np.asarray(np.bitwise_count(np.bitwise_xor(hashes, other).view(np.uint64)))
