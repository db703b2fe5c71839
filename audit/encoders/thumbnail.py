"""The thumbnail encoder: needs no weights, finds copies of an image, knows nothing of concepts.

Its use is to try things out and to find near-duplicates. Two vectors are alike where two pictures
are alike spot by spot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audit.encoders.encoder import EncoderInfo, unit
from audit.errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

_SIDE = 8
_BOX = 4  #: `PIL.Image.Resampling.BOX`


class ThumbnailEncoder:
    """8 x 8 spots of three colours, less their mean: 192 numbers."""

    info = EncoderInfo("thumbnail", "1", f"resized to {_SIDE} x {_SIDE} by area", 3 * _SIDE**2)

    def prepare(self, image: Image) -> NDArray[np.float32]:
        small = image.resize((_SIDE, _SIDE), _BOX)
        return np.asarray(small, dtype=np.float32).ravel() / np.float32(255)

    def encode(self, prepared: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        spots = np.stack(prepared)
        spots -= spots.mean(axis=1, keepdims=True)
        return list(unit(spots)[:, None, :])


def load(what: str, device: str) -> ThumbnailEncoder:
    """There is one thumbnail encoder, and it runs on the processor.

    Raises
    ------
    UsageError
        If something else is asked for.
    """
    if what:
        raise UsageError(f"The thumbnail encoder has no {what!r}.", hint="Say just: thumbnail.")
    return ThumbnailEncoder()
