"""C2PA manifests inside image files: the JUMBF boxes, and the assertions in them.

What a manifest asserts is read. Whether its signature is valid, who signed it, and whether the
picture is still the one that was signed, is **not** checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from audit.optouts.cbor import CborError, as_object, decode
from audit.optouts.xmp import jpeg_segments

_MAX_DEPTH = 16
_MAX_BOXES = 10_000
_PNG = b"\x89PNG\r\n\x1a\n"
_GIF = b"\x21\xff\x0bC2PA_GIF"
#: Description of a box that is a manifest store.
_STORE = b"jumdc2pa"
#: ISO base media files (HEIF, AVIF) hold a manifest in a box of this extended type.
_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


class JumbfError(ValueError):
    """Boxes that are cut off or malformed."""


def assertions_in(image: bytes, labels: tuple[str, ...]) -> tuple[list[tuple[str, Any]], list[str]]:
    """(label, content) of the assertions of these labels in all manifests of an image, and errors.

    Labels with a number behind them (``label__1``, ``label.v2``) are of the same kind. What cannot
    be read hides nothing of what can: why it cannot is told beside it.
    """
    found: list[tuple[str, Any]] = []
    errors: list[str] = []
    for store in manifest_stores(image):
        for label, kind, content in _content_boxes(store, errors):
            plain = label.partition("__")[0].partition(".v")[0]
            if plain in labels:
                try:
                    found.append((plain, _decoded(kind, content)))
                except (CborError, ValueError, RecursionError) as error:
                    errors.append(f"an assertion cannot be read: {error}")
    return found, list(dict.fromkeys(errors))


def _decoded(kind: bytes, content: bytes) -> Any:
    if kind == b"json":
        return json.loads(content, object_pairs_hook=as_object)
    return decode(content)


def manifest_stores(image: bytes) -> Iterator[bytes]:
    """The JUMBF superboxes of an image: JPEG, PNG, WebP, GIF, HEIF and AVIF, TIFF.

    In a file of another kind, the first that stands there as it is.
    """
    if image.startswith(b"\xff\xd8"):
        yield from _in_jpeg(image)
    elif image.startswith(_PNG):
        yield from _chunks(image, len(_PNG), b"caBX", "big", data_before_name=False)
    elif image.startswith(b"RIFF") and image[8:12] == b"WEBP":
        yield from _chunks(image, 12, b"C2PA", "little", data_before_name=True)
    elif image[4:8] == b"ftyp":
        yield from _in_base_media(image)
    elif image.startswith(b"GIF8"):
        yield from _in_gif(image)
    elif (place := image.find(_STORE)) >= 12:
        # Behind the heads of the superbox and of its description, 8 bytes each
        size = int.from_bytes(image[place - 12 : place - 8], "big")
        yield image[place - 12 : place - 12 + max(size, 8)]


def _in_gif(image: bytes) -> Iterator[bytes]:
    """An application extension: its name, then blocks of up to 255 bytes, to one of none."""
    start = image.find(_GIF)
    if start < 0:
        return
    place, pieces = start + len(_GIF) + 3, []
    while place < len(image) and (length := image[place]):
        pieces.append(image[place + 1 : place + 1 + length])
        place += 1 + length
    yield b"".join(pieces)


def _in_jpeg(image: bytes) -> Iterator[bytes]:
    """APP11: "JP", box instance (2), packet sequence (4), then a piece of the box.

    The pieces after the first repeat the box's head.
    """
    pieces: dict[bytes, dict[int, bytes]] = {}
    for kind, body in jpeg_segments(image):
        if kind == 0xEB and body[:2] == b"JP" and len(body) >= 16:
            order = int.from_bytes(body[4:8], "big")
            pieces.setdefault(body[2:4], {})[order] = body[8:]
    for parts in pieces.values():
        ordered = [parts[order] for order in sorted(parts)]
        head = 16 if ordered[0][:4] == b"\0\0\0\1" else 8
        yield ordered[0] + b"".join(part[head:] for part in ordered[1:])


def _chunks(
    image: bytes, place: int, wanted: bytes, order: str, *, data_before_name: bool
) -> Iterator[bytes]:
    """Chunks of PNG (length, name, data, sum) or RIFF (name, length, data, padding)."""
    while place + 8 <= len(image):
        first, second = image[place : place + 4], image[place + 4 : place + 8]
        name, size = (first, second) if data_before_name else (second, first)
        length = int.from_bytes(size, order)  # type: ignore[arg-type]
        if name == wanted:
            yield image[place + 8 : place + 8 + length]
        place += 8 + length + (length & 1 if data_before_name else 4)


def _in_base_media(image: bytes) -> Iterator[bytes]:
    for kind, body in _boxes(image, strict=False):
        # Behind the extended type: version and flags (4), purpose (to NUL), offset (8), boxes.
        if kind == b"uuid" and body[:16] == _C2PA_UUID:
            purpose, _, rest = body[20:].partition(b"\0")
            if purpose == b"manifest":
                yield rest[8:]


def _boxes(data: bytes, *, strict: bool = True) -> Iterator[tuple[bytes, bytes]]:
    """(type, content) of the boxes in ``data``.

    Raises
    ------
    JumbfError
        If one is cut off, where that is an error.
    """
    place = 0
    while place + 8 <= len(data):
        size, head = int.from_bytes(data[place : place + 4], "big"), 8
        kind = data[place + 4 : place + 8]
        if size == 1:
            size, head = int.from_bytes(data[place + 8 : place + 16], "big"), 16
        elif size == 0:
            size = len(data) - place
        if size < head or place + size > len(data):
            if strict:
                raise JumbfError("a box is cut off")
            return
        yield kind, data[place + head : place + size]
        place += size


def _content_boxes(store: bytes, errors: list[str]) -> Iterator[tuple[str, bytes, bytes]]:
    """(label of the superbox, type, content) of every content box, however deep.

    Why there may be more of them is put into ``errors``.
    """
    waiting = [(0, store)]
    count = 0
    while waiting:
        depth, data = waiting.pop()
        label = ""
        try:
            for kind, content in _boxes(data):
                count += 1
                if count > _MAX_BOXES:
                    errors.append("it has too many boxes")
                    return
                if kind == b"jumd":
                    label = _label(content)
                elif kind == b"jumb":
                    if depth == _MAX_DEPTH:
                        errors.append("it is nested too deep")
                    else:
                        waiting.append((depth + 1, content))
                elif kind in (b"cbor", b"json"):
                    yield label, kind, content
        except JumbfError as error:
            errors.append(str(error))


def _label(description: bytes) -> str:
    """Behind the content type (16) and toggles (1), if those say so: a label that ends with NUL."""
    if len(description) < 17 or not description[16] & 2:
        return ""
    return description[17:].partition(b"\0")[0].decode("utf-8", "replace")
