"""Int8 codes of vectors, with what is needed to bound the error of every score.

A vector x is stored as s·c + r: c are whole numbers from -127 to 127, s is the vector's own scale,
and of the residual r only the length is kept. With a query q = t·g + e coded the same way,

    x·q = s·t·(c·g) + (s·c)·e + r·q,    so    |x·q - s·t·(c·g)| ≤ |s·c|·|e| + |r|·|q|

by Cauchy and Schwarz. c·g is a sum of whole numbers and has no error of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Largest code. -128 is left out, so that a vector and its negative have the same codes.
LARGEST = 127

#: Lengths are rounded up by this before they are kept in float32: a bound may not be too small.
_UP = 1 + 2.0**-20


@dataclass(frozen=True)
class CodedVectors:
    """Codes of n vectors.

    Attributes
    ----------
    codes:
        int8, shape (n, dimension).
    scales:
        float32, shape (n,): s.
    residuals:
        float32, shape (n,): \\|r\\|, rounded up.
    lengths:
        float32, shape (n,): \\|s·c\\|, rounded up.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    residuals: NDArray[np.float32]
    lengths: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> CodedVectors:
        return CodedVectors(
            self.codes[rows], self.scales[rows], self.residuals[rows], self.lengths[rows]
        )


def encode(vectors: NDArray[Any]) -> CodedVectors:
    """Code ``vectors``, shape (n, dimension), finite, of any length."""
    exact = np.asarray(vectors, dtype=np.float32)
    largest = np.abs(exact).max(axis=1, initial=0)
    scales = (largest / np.float32(LARGEST)).astype(np.float32)
    divisors = np.where(scales > 0, scales, np.float32(1))
    codes = np.rint(exact / divisors[:, None])
    np.clip(codes, -LARGEST, LARGEST, out=codes)
    # In float32 the product's rounding would be of the residual's own order for coarse scales.
    decoded = codes.astype(np.float64) * scales.astype(np.float64)[:, None]
    residuals = np.linalg.norm(exact - decoded, axis=1) * _UP
    lengths = np.linalg.norm(decoded, axis=1) * _UP
    return CodedVectors(
        codes.astype(np.int8), scales, residuals.astype(np.float32), lengths.astype(np.float32)
    )


def error_bound(
    lengths: NDArray[Any], residuals: NDArray[Any], query_residual: Any, query_norm: Any
) -> NDArray[np.float64]:
    """The most that s·t·(c·g) can differ from x·q; arguments broadcast, see the module's text."""
    return np.asarray(
        lengths * np.asarray(query_residual, np.float64)
        + residuals * np.asarray(query_norm, np.float64)
    )
