"""The HOG encoder: needs no weights, sees outlines, knows nothing of what they are outlines of.

Histograms of oriented gradients (Dalal & Triggs, "Histograms of Oriented Gradients for Human
Detection", CVPR 2005): how strong edges are in each direction, cell by cell, each block of cells
normalised by itself. It tells drawings of one series, logos and layouts from other pictures; it
does not tell people, styles or things in photographs.
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

_SIDE, _CELL, _DIRECTIONS, _BLOCK = 64, 8, 9, 2
_CELLS = _SIDE // _CELL
_BLOCKS = _CELLS - _BLOCK + 1
_BICUBIC = 3  #: `PIL.Image.Resampling.BICUBIC`

#: Section 6.4 of the paper: no direction may have more than this of a block.
_LARGEST = 0.2
#: Blocks with weaker edges than this, on a scale of grey from 0 to 1, are noise.
_FAINT = 0.1

_CELL_OF_PIXEL = np.add.outer(np.arange(_SIDE) // _CELL * _CELLS, np.arange(_SIDE) // _CELL).ravel()


class HogEncoder:
    """64 x 64 grey spots, cells of 8, nine directions, blocks of 2 x 2 cells: 1,764 numbers."""

    info = EncoderInfo(
        "hog",
        "1",
        f"grey, resized to {_SIDE} x {_SIDE}, bicubic",
        _BLOCKS * _BLOCKS * _BLOCK * _BLOCK * _DIRECTIONS,
    )

    def prepare(self, image: Image) -> NDArray[np.float32]:
        small = image.convert("L").resize((_SIDE, _SIDE), _BICUBIC)
        return _blocks(_histograms(np.asarray(small, dtype=np.float32) / np.float32(255)))

    def encode(self, prepared: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        return list(unit(np.stack(prepared))[:, None, :])


def _histograms(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Strength of edges by cell and direction, shape (cells, cells, directions)."""
    down, right = np.gradient(grey)
    strength = np.hypot(right, down).ravel()
    direction = (np.arctan2(down, right).ravel() % np.pi) * (_DIRECTIONS / np.pi)
    lower = np.floor(direction)
    share = direction - lower
    histogram = np.zeros(_CELLS * _CELLS * _DIRECTIONS)
    for step, weight in ((0, strength * (1 - share)), (1, strength * share)):
        bin_ = (lower.astype(np.int64) + step) % _DIRECTIONS
        place = _CELL_OF_PIXEL * _DIRECTIONS + bin_
        histogram += np.bincount(place, weight, len(histogram))
    return histogram.reshape(_CELLS, _CELLS, _DIRECTIONS).astype(np.float32)


def _blocks(histograms: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blocks of neighbouring cells, each normalised, cut off and laid end to end."""
    window = np.lib.stride_tricks.sliding_window_view(histograms, (_BLOCK, _BLOCK), axis=(0, 1))
    blocks = window.reshape(_BLOCKS * _BLOCKS, -1)
    lengths = np.sqrt((blocks**2).sum(axis=1, keepdims=True) + np.float32(_FAINT**2))
    cut: NDArray[np.float32] = np.minimum(blocks / lengths, np.float32(_LARGEST))
    return cut.ravel()


def load(what: str, device: str) -> HogEncoder:
    """There is one HOG encoder, and it runs on the processor.

    Raises
    ------
    UsageError
        If something else is asked for.
    """
    if what:
        raise UsageError(f"The HOG encoder has no {what!r}.", hint="Say just: hog.")
    return HogEncoder()
