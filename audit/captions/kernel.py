"""Find thousands of whole-word phrases in a column of folded captions, in one pass.

Folded captions are tokens with spaces around them, so a phrase can only begin after a space.
The kernel looks at token starts and nowhere else:

1. every phrase has an *anchor*: the token start inside it whose next bytes are rarest in the
   captions at hand (``"gogh "`` rather than ``"van g"``);
2. the eight bytes at every token start of the captions are hashed into a small table; almost
   every token falls on an empty slot and is done with;
3. for the few that do not, the phrases of the slot are compared byte for byte, eight at a time.

All steps are whole-array operations, so the cost per caption hardly depends on how many phrases
are sought, and the result is exact: the hash only ever lets too much through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
WordArray = NDArray[np.uint64]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SPACE = 0x20
#: Widths, in bytes, at which anchors are hashed. A phrase uses the widest that fits it.
_WIDTHS = (8, 5, 4, 3, 2)
#: Bytes of captions handled at a time. Larger arrays cost page faults, smaller ones more calls.
_BLOCK = 1 << 19


@dataclass(frozen=True)
class Hits:
    """Every place where a phrase stands in a column of folded captions.

    All arrays have one entry a hit; the same phrase may hit one caption several times.
    """

    rows: IntArray  #: index of the caption in the array that was searched
    phrases: IntArray  #: index of the phrase
    positions: IntArray  #: byte offset of the phrase's leading space in the searched buffer


@dataclass(frozen=True)
class _AnchorTable:
    """Phrases whose anchors are hashed at one width; the last three arrays are ordered by slot."""

    width: int
    bits: int
    occupied: NDArray[np.bool_]  #: (2**bits,)
    starts: IntArray  #: (2**bits + 1,), slot -> range in the arrays below
    keys: WordArray  #: (m,), the anchor's first ``width`` bytes
    members: IntArray  #: (m,), phrase indices

    def candidates(self, prefixes: WordArray) -> tuple[IntArray, IntArray]:
        """(index of the token, phrase) wherever a token start begins with a phrase's anchor."""
        slots = _slots(prefixes, self.width, self.bits)
        tokens = np.flatnonzero(self.occupied.take(slots))
        slots = slots[tokens]
        first = self.starts.take(slots)
        counts = self.starts.take(slots + 1) - first
        ends = np.cumsum(counts)
        if len(ends) and ends[-1] > len(ends):
            tokens = np.repeat(tokens, counts)
            first = np.repeat(first - ends + counts, counts) + np.arange(ends[-1])
        heads = prefixes.take(tokens) & _mask(self.width)
        same = np.flatnonzero(heads == self.keys.take(first))
        return tokens[same], self.members[first[same]]


def _slots(words: WordArray, width: int, bits: int) -> IntArray:
    """Multiplicative hash of the first ``width`` bytes of each word: the product's top bits."""
    hashed = (
        words * _MULTIPLIER if width == 8 else (words << np.uint64(64 - 8 * width)) * _MULTIPLIER
    )
    hashed >>= np.uint64(64 - bits)
    return hashed.view(np.int64)


class PhraseKernel:
    """A compiled set of folded phrases.

    Parameters
    ----------
    phrases:
        Folded phrases (``" van gogh "``), each with at least one token.
    typical:
        Folded captions from which the frequency of tokens is learned; it steers speed only.
    """

    def __init__(self, phrases: Sequence[str], typical: pa.Array | None = None) -> None:
        encoded = [phrase.encode() for phrase in phrases]
        for phrase in encoded:
            if len(phrase) < 3 or phrase[:1] != b" " or phrase[-1:] != b" " or b"  " in phrase:
                raise ValueError(f"not a folded phrase: {phrase!r}")
        self._longest = max(map(len, encoded), default=0)
        self._words, self._masks, self._word_counts = _as_words(encoded)
        self._anchors, widths, keys = _choose_anchors(encoded, _PrefixFrequencies(typical))
        self._tables = []
        for width in _WIDTHS:
            members = np.flatnonzero(widths == width)
            if len(members):
                self._tables.append(_anchor_table(width, keys[members], members))

    def find(self, captions: pa.Array) -> Hits:
        """Find every phrase in ``captions``, a folded string or large_string array (n,)."""
        if len(captions) == 0 or not self._tables or captions.buffers()[2] is None:
            return _no_hits()
        wide = pa.types.is_large_string(captions.type)
        offsets = np.frombuffer(captions.buffers()[1], np.int64 if wide else np.int32)
        offsets = offsets[captions.offset : captions.offset + len(captions) + 1]
        first, last = int(offsets[0]), int(offsets[-1])
        # Zeros behind the text let every comparison read whole words without leaving the buffer.
        text = np.zeros(last - first + self._longest + 16, np.uint8)
        text[: last - first] = np.frombuffer(captions.buffers()[2], np.uint8, last - first, first)
        words = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))
        phrases, positions = [], []
        for start in range(0, last - first, _BLOCK):
            stop = min(start + _BLOCK, last - first)
            tokens = np.flatnonzero(text[start:stop] == _SPACE)
            tokens += start + 1
            prefixes = words[tokens]
            for table in self._tables:
                which, phrase = table.candidates(prefixes)
                if len(which):
                    phrase, position = self._verify(phrase, tokens[which], words)
                    phrases.append(phrase)
                    positions.append(position)
        if not phrases:
            return _no_hits()
        position = np.concatenate(positions)
        rows = np.searchsorted(offsets, position + first, side="right") - 1
        return Hits(rows, np.concatenate(phrases), position)

    def _verify(
        self, phrases: IntArray, tokens: IntArray, words: WordArray
    ) -> tuple[IntArray, IntArray]:
        """Compare whole phrases, their leading space included, eight bytes at a time."""
        positions = tokens - self._anchors.take(phrases)
        same = np.flatnonzero(positions >= 0)
        for index in range(len(self._words)):
            phrases, positions = phrases[same], positions[same]
            if index and not (self._word_counts.take(phrases) > index).any():
                break
            at = np.minimum(positions + 8 * index, len(words) - 1)
            masked = words[at] & self._masks[index].take(phrases)
            same = np.flatnonzero(masked == self._words[index].take(phrases))
        else:
            phrases, positions = phrases[same], positions[same]
        return phrases, positions


def _no_hits() -> Hits:
    empty = np.empty(0, np.int64)
    return Hits(empty, empty, empty)


def _as_words(phrases: Sequence[bytes]) -> tuple[WordArray, WordArray, IntArray]:
    """Phrases as little-endian 8-byte words, masks over the bytes that count: (w, p) each."""
    counts = np.array([-(-len(p) // 8) for p in phrases], np.int64)
    width = int(counts.max(initial=1)) * 8
    text = b"".join(p.ljust(width, b"\0") for p in phrases)
    mask = b"".join((b"\xff" * len(p)).ljust(width, b"\0") for p in phrases)
    shape = (len(phrases), width // 8)
    return (
        np.ascontiguousarray(np.frombuffer(text, "<u8").reshape(shape).T),
        np.ascontiguousarray(np.frombuffer(mask, "<u8").reshape(shape).T),
        counts,
    )


def _anchor_table(width: int, keys: WordArray, members: IntArray) -> _AnchorTable:
    # With 32 slots a phrase chance collisions are rare; more than 2**20 would leave the cache.
    bits = int(np.clip(np.ceil(np.log2(32 * len(keys))), 10, 20))
    slots = _slots(keys, width, bits)
    order = np.argsort(slots, kind="stable")
    counts = np.bincount(slots, minlength=1 << bits)
    starts = np.concatenate(([0], np.cumsum(counts)))
    return _AnchorTable(width, bits, counts > 0, starts, keys[order], members[order])


class _PrefixFrequencies:
    """How often token starts begin with given bytes, in a sample of captions."""

    def __init__(self, typical: pa.Array | None) -> None:
        text = "" if typical is None else "".join(typical.drop_null().to_pylist())
        words, _ = _token_words(text.encode())
        self._known = {
            width: np.unique_counts(words & _mask(width)) if len(words) else None
            for width in _WIDTHS
        }

    def of(self, keys: IntArray, width: int) -> IntArray:
        """Frequency of each of the (n,) prefixes of ``width`` bytes."""
        known = self._known[width]
        if known is None:
            return np.zeros(len(keys), np.int64)
        at = np.minimum(np.searchsorted(known.values, keys), len(known.values) - 1)
        return np.where(known.values[at] == keys, known.counts[at], 0)


def _mask(width: int) -> np.uint64:
    return np.uint64(2 ** (8 * width) - 1)


def _token_words(text: bytes) -> tuple[WordArray, IntArray]:
    """The eight bytes at every token start of folded text, and where the tokens start."""
    padded = np.frombuffer(text + bytes(8), np.uint8)
    is_space = padded[:-8] == _SPACE
    starts = np.flatnonzero(is_space[:-1] & ~is_space[1:]) + 1
    words = np.ndarray((len(padded) - 7,), "<u8", padded, strides=(1,))
    return words[starts], starts


def _choose_anchors(
    phrases: Sequence[bytes], frequencies: _PrefixFrequencies
) -> tuple[IntArray, IntArray, WordArray]:
    """For every phrase the rarest token start, how many bytes are hashed there, and these.

    All three are (number of phrases,). Only starts with the most bytes behind them are considered:
    every width in use costs a pass over the tokens.
    """
    ends = np.cumsum([len(phrase) for phrase in phrases], dtype=np.int64)
    words, starts = _token_words(b"".join(phrases))
    owners = np.searchsorted(ends, starts, side="right")
    available = ends[owners] - starts if len(starts) else starts
    widths = np.array(_WIDTHS, np.int64)[np.searchsorted(-np.array(_WIDTHS), -available)]
    keys = np.empty(len(words), np.uint64)
    rarity = np.empty(len(words), np.int64)
    for width in _WIDTHS:
        here = widths == width
        keys[here] = words[here] & _mask(width)
        rarity[here] = frequencies.of(keys[here], width)
    best = np.lexsort((rarity, -widths, owners))
    first = best[np.searchsorted(owners[best], np.arange(len(phrases)))]
    begins = np.concatenate(([0], ends[:-1])) if len(phrases) else ends
    return starts[first] - begins, widths[first], keys[first]
