"""Perceptual hashes of others: 64 bits, written in one way or another."""

from __future__ import annotations

import binascii

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.images.phash import hamming

_HEX = "^[0-9a-fA-F]{16}$"
_DECIMAL = r"^-?[0-9]{1,20}$"


def numbers_of_hashes(values: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of the values that are hashes of 64 bits, and these as signed numbers.

    A hash is sixteen hexadecimal digits, or else a decimal number with a sign or without: what
    could be both is taken for hexadecimal, as nearly all decimal ones are longer.

    >>> numbers_of_hashes(pa.array(["00000000000000ff", None, "-1", "no hash"]))[1].tolist()
    [255, -1]
    """
    text = values.cast(pa.large_string())
    is_hex = pc.match_substring_regex(text, _HEX).fill_null(False).to_numpy(zero_copy_only=False)
    decimal = pc.match_substring_regex(text, _DECIMAL).fill_null(False)
    is_decimal = decimal.to_numpy(zero_copy_only=False) & ~is_hex
    hashes = np.zeros(len(text), np.int64)
    if is_hex.any():
        joined = "".join(text.filter(pa.array(is_hex)).to_pylist())
        hashes[is_hex] = (
            np.frombuffer(binascii.unhexlify(joined), ">u8").astype(np.uint64).view(np.int64)
        )
    if is_decimal.any():
        numbers = [int(number) for number in text.filter(pa.array(is_decimal)).to_pylist()]
        fits = np.array([-(2**63) <= number < 2**64 for number in numbers], np.bool_)
        places = np.flatnonzero(is_decimal)
        is_decimal[places[~fits]] = False
        kept = [number & (2**64 - 1) for number, fit in zip(numbers, fits, strict=True) if fit]
        hashes[places[fits]] = np.array(kept, np.uint64).view(np.int64)
    there = np.flatnonzero(is_hex | is_decimal)
    return there, hashes[there]


def as_number(text: str) -> int | None:
    """One hash as a signed number; None if it is none of 64 bits."""
    _, numbers = numbers_of_hashes(pa.array([text.strip()]))
    return int(numbers[0]) if len(numbers) else None


def near_hashes(
    hashes: NDArray[np.int64], wanted: int, distance: int
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Places of the hashes that differ from ``wanted`` in up to ``distance`` bits; these bits."""
    bits = hamming(hashes, np.int64(wanted))
    near = np.flatnonzero(bits <= distance)
    order = near[np.argsort(bits[near], kind="stable")]
    return order, bits[order]
