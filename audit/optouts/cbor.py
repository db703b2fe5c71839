"""CBOR (RFC 8949), as much of it as an assertion needs, from bytes that nobody vouches for."""

from __future__ import annotations

import struct
from typing import Any

_MAX_DEPTH = 32
_MAX_ITEMS = 100_000
_BREAK = object()


def as_object(pairs: list[tuple[Any, Any]]) -> Any:
    """A map as a dict; a list of dicts, one a pair, if a key is there twice: neither is dropped.

    >>> as_object([("use", "notAllowed"), ("use", "allowed")])
    [{'use': 'notAllowed'}, {'use': 'allowed'}]
    """
    made = dict(pairs)
    return made if len(made) == len(pairs) else [{key: value} for key, value in pairs]


class CborError(ValueError):
    """Bytes that are no CBOR, or too much of it."""


def decode(data: bytes) -> Any:
    """The first item of ``data``: dict, list, str, bytes, int, float, bool or None.

    A map with a key twice is a list of maps (:func:`as_object`). Tags are dropped, keys that
    cannot be keys of a dict are written as text. What stands behind the item is not read.

    >>> decode(bytes.fromhex("a163757365686e6f74416c6c6f"[:10] + "6161"))
    {'use': 'a'}

    Raises
    ------
    CborError
        If it is cut off, malformed, nested too deep, or of too many items.
    """
    return _Decoder(data).item(0)


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self._data, self._place, self._items = data, 0, 0

    def _take(self, count: int) -> bytes:
        piece = self._data[self._place : self._place + count]
        if len(piece) != count:
            raise CborError("it is cut off")
        self._place += count
        return piece

    def item(self, depth: int) -> Any:
        self._items += 1
        if depth > _MAX_DEPTH or self._items > _MAX_ITEMS:
            raise CborError("it is nested too deep, or has too many items")
        first = self._take(1)[0]
        kind, more = first >> 5, first & 31
        if kind == 7:
            return self._simple(more)
        size = self._size(more)
        if kind in (0, 1):
            if size is None:
                raise CborError("it is malformed")
            return size if kind == 0 else -1 - size
        if kind in (2, 3):
            text = self._string(size, kind, depth)
            return text if kind == 2 else text.decode("utf-8", "replace")
        if kind == 4:
            return list(self._members(size, depth))
        if kind == 5:
            return self._map(size, depth)
        return self.item(depth + 1)

    def _size(self, more: int) -> int | None:
        """The number in an item's head; None for "until a break"."""
        if more < 24:
            return more
        if more < 28:
            return int.from_bytes(self._take(1 << (more - 24)), "big")
        if more == 31:
            return None
        raise CborError("it is malformed")

    def _simple(self, more: int) -> Any:
        if more == 31:
            return _BREAK
        if more in (25, 26, 27):
            return struct.unpack(
                {25: ">e", 26: ">f", 27: ">d"}[more], self._take(1 << (more - 24))
            )[0]
        if more == 24:
            self._take(1)
        return {20: False, 21: True}.get(more)

    def _string(self, size: int | None, kind: int, depth: int) -> bytes:
        if size is not None:
            return self._take(size)
        pieces = []
        while self._data[self._place : self._place + 1] != b"\xff":
            first = self._take(1)[0]
            length = self._size(first & 31)
            if first >> 5 != kind or length is None:
                raise CborError("it is malformed")
            pieces.append(self._take(length))
        self._take(1)
        return b"".join(pieces)

    def _members(self, size: int | None, depth: int) -> Any:
        if size is not None and size > _MAX_ITEMS:
            raise CborError("it has too many items")
        count = 0
        while size is None or count < size:
            item = self.item(depth + 1)
            if item is _BREAK:
                if size is not None:
                    raise CborError("it is malformed")
                return
            yield item
            count += 1

    def _map(self, size: int | None, depth: int) -> Any:
        flat = list(self._members(None if size is None else size * 2, depth))
        if len(flat) % 2:
            raise CborError("it is malformed")
        keys = [k if isinstance(k, str | int | bytes) else repr(k)[:100] for k in flat[::2]]
        return as_object(list(zip(keys, flat[1::2], strict=True)))
