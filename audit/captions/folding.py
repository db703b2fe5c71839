"""Folding: the one normalisation that captions and names go through before they are compared.

A folded caption is a row of tokens, each with one space before and after it::

    "Van GOGH’S “Starry Night” &amp; café"  ->  " van gogh s starry night cafe "

so that "does this caption name Van Gogh as whole words" becomes "does it contain the bytes
``' van gogh '``". Two folded captions laid end to end meet in two spaces, which no phrase
contains: a whole column can be searched as one buffer.

The rules, per character, after HTML entities are unescaped:

1. compatibility forms are replaced (NFKC), case is folded, and what can be decomposed is (NFKD);
2. accents and optional vowel points are dropped; vowel signs that *are* the spelling (Indic,
   Thai, ...) are kept, as are the voicing marks of kana;
3. letters that do not decompose are mapped (``ø -> o``, ``ł -> l``, ``æ -> ae``);
4. letters, digits and kept marks make tokens; everything else separates them;
5. in scripts that do not put spaces between words (Han, kana, Thai, ...) every character is a
   token of its own. Hangul is treated alike, because Korean writes its particles onto the name.

:func:`fold_character` is the definition; :func:`fold_array` applies it to whole Arrow arrays
through a lookup table that is filled with the characters as they turn up.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
CodePoints = NDArray[np.uint32]

#: Stored with every part. Parts folded by another version are made again, never mixed.
FOLDING_VERSION = 1

_ENTITY = r"&(#[0-9xX]|[A-Za-z])"
_ENTITY_START = re.compile(_ENTITY)

#: Letters that Unicode does not decompose, and what people type instead.
_UNDECOMPOSED = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
        "ȷ": "j", "ħ": "h", "ŧ": "t", "ŋ": "n", "ĸ": "k", "ƀ": "b", "ɨ": "i", "ʉ": "u",
        "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ɖ": "d", "ə": "e", "ǝ": "e", "ɛ": "e",
        "ɔ": "o", "ƶ": "z", "ǥ": "g", "ɉ": "j", "ɍ": "r", "ɏ": "y", "ⱥ": "a", "ⱦ": "t",
        "ꞌ": " ",
    }
)  # fmt: skip

#: Canonical combining classes that mark accents, points and strokes rather than letters.
_DROPPED_CLASSES = frozenset({1, 7, *range(10, 37), *range(200, 241)})

#: Characters that look like letters to Unicode but separate or decorate: modifier apostrophes.
_SEPARATING_LETTERS = frozenset("ʼʻʽʾʿˈˊˋ՚")

#: Code point ranges of scripts written without spaces between words.
_UNSPACED_RANGES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue, Khmer symbols
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),  # iteration mark, closing mark, ideographic zero
    (0x3021, 0x302F),
    (0x3031, 0x31FF),  # kana, bopomofo, strokes
    (0x3400, 0x4DBF),  # Han extension A
    (0x4E00, 0xA4CF),  # Han, Yi
    (0xA9E0, 0xA9FF),  # Myanmar extended B
    (0xAA60, 0xAADF),  # Myanmar extended A, Tai Viet
    (0xAC00, 0xD7A3),  # Hangul syllables
    (0xF900, 0xFAFF),  # compatibility ideographs
    (0x1AFF0, 0x1B16F),  # kana extensions
    (0x20000, 0x3FFFF),  # Han extensions
)
_HANGUL_SYLLABLES = range(0xAC00, 0xD7A4)
_KANA = range(0x3040, 0x3100)

#: Conjoining jamo and the combining voicing marks join with their neighbours under NFKC; rows
#: that hold one are composed first, so that the mapping may look at one character at a time.
_COMPOSING = (
    *range(0x1100, 0x1200), *range(0x3131, 0x318F), *range(0xA960, 0xA97D),
    *range(0xD7B0, 0xD7FC), *range(0xFFA0, 0xFFDD), 0x3099, 0x309A, 0xFF9E, 0xFF9F,
)  # fmt: skip


def _is_unspaced(code: int) -> bool:
    return any(low <= code <= high for low, high in _UNSPACED_RANGES)


@cache
def fold_character(character: str) -> str:
    """What one character becomes: ``""`` (dropped), ``" "`` (separator), or token text.

    A character that is a token of its own comes back with a space on either side.
    """
    folded = []
    for part in unicodedata.normalize("NFKC", character).casefold():
        if ord(part) in _HANGUL_SYLLABLES or ord(part) in _KANA:
            pieces = part
        else:
            pieces = unicodedata.normalize("NFKD", part).casefold().translate(_UNDECOMPOSED)
        for piece in pieces:
            category = unicodedata.category(piece)
            if category[0] == "M" and unicodedata.combining(piece) in _DROPPED_CLASSES:
                continue
            if category == "Me" or category == "Cf":
                # Enclosing marks, soft hyphens, joiners and direction marks sit inside words.
                continue
            if category[0] not in "LNM" or piece in _SEPARATING_LETTERS:
                folded.append(" ")
            elif "\ufe00" <= piece <= "\ufe0f":
                continue  # variation selectors
            elif _is_unspaced(ord(piece)):
                folded.append(f" {piece} ")
            else:
                folded.append(piece)
    return "".join(folded)


def unescape(text: str) -> str:
    """``text`` without HTML entities; twice, because crawled captions are often escaped twice."""
    for _ in range(2):
        if "&" not in text or _ENTITY_START.search(text) is None:
            break
        if text.count("&") == text.count("&amp;"):
            text = text.replace("&amp;", "&")  # nearly all of them, at a tenth of the cost
        else:
            text = html.unescape(text)
    return text


def fold(text: str) -> str:
    """Fold one string.

    Parameters
    ----------
    text:
        Any string, lone surrogates and control characters included.

    Returns
    -------
    str
        Tokens with one space before and after each; ``" "`` where nothing is left.

    Examples
    --------
    >>> fold("Beyonc\\u00e9’s van_gogh_01.jpg")
    ' beyonce s van gogh 01 jpg '
    >>> fold("!?")
    ' '
    """
    composed = unicodedata.normalize("NFKC", unescape(text))
    tokens = "".join(map(fold_character, composed)).split(" ")
    return " ".join(["", *filter(None, tokens), ""]) if any(tokens) else " "


def fold_array(captions: pa.Array) -> pa.Array:
    """Fold every caption of an Arrow string array.

    Parameters
    ----------
    captions:
        ``string`` or ``large_string`` array of valid UTF-8 (see :func:`repair_utf8`), shape (n,).

    Returns
    -------
    pyarrow.Array
        ``large_string`` array, shape (n,); null where the caption is null.
    """
    captions = captions.cast(pa.large_string())
    valid = captions.is_valid() if captions.null_count else None
    if valid is not None:
        captions = captions.fill_null("")
    entities = pc.match_substring_regex(captions, _ENTITY)
    if pc.any(entities).as_py():
        plain = [unescape(text) for text in captions.filter(entities).to_pylist()]
        captions = pc.replace_with_mask(captions, entities, pa.array(plain, pa.large_string()))
    ascii_rows = pc.string_is_ascii(captions)
    if pc.all(ascii_rows).as_py() is not False:
        folded = _fold_ascii(captions)
    else:
        mask = ascii_rows.to_numpy(zero_copy_only=False)
        order = np.empty(len(mask), np.int64)
        order[mask] = np.arange(mask.sum())
        order[~mask] = np.arange(mask.sum(), len(mask))
        parts = [
            _fold_ascii(captions.filter(ascii_rows)),
            _fold_unicode(captions.filter(pc.invert(ascii_rows))),
        ]
        folded = pa.concat_arrays(parts).take(pa.array(order))
    if valid is not None:
        folded = pc.if_else(valid, folded, pa.scalar(None, pa.large_string()))
    return folded


def repair_utf8(texts: pa.Array) -> tuple[pa.Array, int]:
    """Replace invalid UTF-8 (lone surrogates included) by U+FFFD.

    Returns the ``large_string`` array and how many texts were changed.
    """
    wanted = texts.cast(pa.large_binary()).cast(pa.large_string(), safe=False)
    try:
        wanted.validate(full=True)
        return wanted, 0
    except pa.ArrowInvalid:
        pass
    repaired, changed = [], 0
    for raw in texts.cast(pa.large_binary()).to_pylist():
        text = None if raw is None else raw.decode("utf-8", errors="replace")
        changed += text is not None and text.encode() != raw
        repaired.append(text)
    return pa.array(repaired, pa.large_string()), changed


_ASCII_TABLE = bytes(ord(fold_character(chr(code)) or " ") for code in range(128)) + b" " * 128


def _padded_bytes(captions: pa.Array) -> tuple[bytes, IntArray]:
    """All captions end to end, each with a space on both sides, and the (n + 1,) byte offsets."""
    empty, space = pa.scalar("", pa.large_string()), pa.scalar(" ", pa.large_string())
    padded = pc.binary_join_element_wise(empty, captions, empty, space)
    offsets = np.frombuffer(padded.buffers()[1], np.int64)[: len(padded) + 1]
    data = padded.buffers()[2]
    return (data.slice(0, offsets[-1]).to_pybytes() if data else b""), offsets


def _kept_separators(is_space: NDArray[np.bool_], row_starts: IntArray) -> NDArray[np.bool_]:
    """Mask of the elements that stay when runs of spaces become one space, row by row."""
    keep = np.ones(len(is_space), bool)
    np.logical_and(is_space[1:], is_space[:-1], out=keep[1:])
    np.logical_not(keep[1:], out=keep[1:])
    keep[row_starts] = True
    return keep


def _large_string(offsets: IntArray, data: bytes | NDArray[np.uint8]) -> pa.Array:
    return pa.LargeStringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(np.ascontiguousarray(offsets, np.int64)), pa.py_buffer(data)
    )


def _fold_ascii(captions: pa.Array) -> pa.Array:
    raw, offsets = _padded_bytes(captions)
    data = np.frombuffer(raw.translate(_ASCII_TABLE), np.uint8)
    keep = _kept_separators(data == 0x20, offsets[:-1])
    dropped = np.flatnonzero(~keep)
    return _large_string(offsets - np.searchsorted(dropped, offsets), data[keep])


class _FoldTable:
    """Maps code points to what :func:`fold_character` makes of them, learning as it goes."""

    _UNKNOWN, _SEQUENCE = 0xFFFFFFFF, 0x80000000

    def __init__(self) -> None:
        self._table = np.full(0x110000, self._UNKNOWN, np.uint32)
        self._composing = np.zeros(0x110000, bool)
        self._composing[list(_COMPOSING)] = True
        self._sequences: list[str] = []

    def composing(self, codes: CodePoints) -> NDArray[np.bool_]:
        """Mask of the code points that must be composed with their neighbours first."""
        return self._composing[codes]

    def apply(self, codes: CodePoints) -> tuple[CodePoints, IntArray | None]:
        """Fold code points (n,): the result (m,), and where each ends in it, None if m = n."""
        mapped = self._table[codes]
        unknown = mapped == self._UNKNOWN
        if unknown.any():
            self._learn(np.unique(codes[unknown]))
            mapped = self._table[codes]
        several = np.flatnonzero(mapped & self._SEQUENCE)
        if not len(several):
            return mapped, None
        which = mapped[several] & 0x7FFFFFFF
        sizes = np.array([len(s) for s in self._sequences], np.int64)
        pool = np.array([ord(c) for s in self._sequences for c in s], np.uint32)
        starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        lengths = np.ones(len(codes), np.int64)
        lengths[several] = sizes[which]
        ends = np.cumsum(lengths)
        expanded = np.repeat(mapped, lengths)
        within = np.repeat(starts[which] - (ends - lengths)[several], sizes[which])
        targets = np.flatnonzero(expanded & self._SEQUENCE)
        expanded[targets] = pool[targets + within]
        return expanded, ends

    def _learn(self, codes: CodePoints) -> None:
        for code in codes.tolist():
            folded = fold_character(chr(code))
            if len(folded) == 1:
                self._table[code] = ord(folded)
            else:
                self._table[code] = self._SEQUENCE | len(self._sequences)
                self._sequences.append(folded)


@cache
def _fold_table() -> _FoldTable:
    return _FoldTable()


def _fold_unicode(captions: pa.Array) -> pa.Array:
    table = _fold_table()
    raw, offsets = _padded_bytes(captions)
    codes = np.frombuffer(raw.decode("utf-8").encode("utf-32-le"), np.uint32)
    composing = table.composing(codes)
    lead = (np.frombuffer(raw, np.uint8) & 0xC0) != 0x80
    starts = np.concatenate(([0], np.cumsum(lead)))[offsets]
    if composing.any():
        rows = np.unique(np.searchsorted(starts, np.flatnonzero(composing), side="right") - 1)
        texts = captions.to_pylist()
        for row in rows.tolist():
            texts[row] = unicodedata.normalize("NFKC", texts[row])
        raw, offsets = _padded_bytes(pa.array(texts, pa.large_string()))
        codes = np.frombuffer(raw.decode("utf-8").encode("utf-32-le"), np.uint32)
        lead = (np.frombuffer(raw, np.uint8) & 0xC0) != 0x80
        starts = np.concatenate(([0], np.cumsum(lead)))[offsets]
    folded, ends = table.apply(codes)
    if ends is not None:
        starts = np.concatenate(([0], ends))[starts]
    keep = _kept_separators(folded == 0x20, starts[:-1])
    folded = folded[keep]
    starts = np.concatenate(([0], np.cumsum(keep)))[starts]
    sizes = 1 + (folded >= 0x80) + (folded >= 0x800).astype(np.int64) + (folded >= 0x10000)
    byte_offsets = np.concatenate(([0], np.cumsum(sizes)))[starts]
    return _large_string(byte_offsets, folded.tobytes().decode("utf-32-le").encode("utf-8"))
