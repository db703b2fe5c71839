"""XMP packets inside image files, and their properties.

Nothing in a packet is trusted: entities and document types are refused, so that it cannot grow or
reach for other files, and its size and depth are bounded.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from xml.parsers import expat

#: Larger packets are not read; real ones have kilobytes.
MAX_PACKET = 4 << 20
_TOO_LARGE = f"it is larger than {MAX_PACKET:,} bytes"
_MAX_PACKETS = 16
_MAX_DEPTH = 64
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

#: Where a packet begins: its wrapper, or the document element without it, under any prefix.
_BEGINNING = re.compile(
    rb"<((?:[A-Za-z_][A-Za-z0-9_.-]{0,63}:)?(?:x[am]pmeta|RDF))(?=[\s/>])[^<>]{0,65536}>?"
)
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEYWORD = b"XML:com.adobe.xmp\0"


class XmpError(ValueError):
    """A packet that cannot, or must not, be read."""


def xmp_packets(image: bytes, name: str) -> Iterator[bytes | XmpError]:
    """The XMP packets of an image file, of any format that holds them as they are.

    JPEG, PNG, WebP, GIF, TIFF, HEIF and others do; a compressed one in a PNG is inflated. JPEG's
    "extended XMP" in several segments is joined. An error stands for what may be one and cannot be
    had.

    Parameters
    ----------
    name:
        What is looked for. In an encoding that packets are not found in, it is an error.
    """
    for count, packet in enumerate(_all_packets(image)):
        if count == _MAX_PACKETS:
            yield XmpError(f"there are more than {_MAX_PACKETS} packets")
            return
        yield packet
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        if name.encode(encoding) in image:
            yield XmpError(f"it is in {encoding[:6].upper()}")
            return


def _all_packets(image: bytes) -> Iterator[bytes | XmpError]:
    place = 0
    while found := _BEGINNING.search(image, place):
        place = found.end()
        if found.group().endswith(b"/>"):
            continue  # an empty one
        closing = b"</" + found.group(1) + b">"
        end = image.find(closing, place)
        if end < 0:
            yield XmpError("it is cut off")
            continue
        place = end + len(closing)
        if place - found.start() > MAX_PACKET:
            yield XmpError(_TOO_LARGE)
        else:
            yield image[found.start() : place]
    yield from _compressed_in_png(image)
    yield from _extended_in_jpeg(image)


def _compressed_in_png(image: bytes) -> Iterator[bytes | XmpError]:
    if not image.startswith(_PNG):
        return
    place = len(_PNG)
    while place + 8 <= len(image):
        length = int.from_bytes(image[place : place + 4], "big")
        kind, body = image[place + 4 : place + 8], image[place + 8 : place + 8 + length]
        place += 12 + length
        if kind == b"iTXt" and body.startswith(_PNG_KEYWORD) and body[18:19] == b"\1":
            _, _, rest = body[20:].partition(b"\0")  # behind the language
            _, _, packed = rest.partition(b"\0")  # behind the translated keyword
            inflater = zlib.decompressobj()
            try:
                packet = inflater.decompress(packed, MAX_PACKET + 1)
            except zlib.error:
                yield XmpError("its compression is broken")
                continue
            if len(packet) > MAX_PACKET:
                yield XmpError(_TOO_LARGE)
            else:
                yield packet if inflater.eof else XmpError("it is cut off")
        elif kind == b"IEND":
            return


_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"


def _extended_in_jpeg(image: bytes) -> Iterator[bytes | XmpError]:
    """Each segment holds a GUID (32), the whole length (4), an offset (4), and a piece."""
    if not image.startswith(b"\xff\xd8"):
        return
    wholes: dict[bytes, bytearray] = {}
    too_large = False
    for kind, body in jpeg_segments(image):
        if kind != 0xE1 or not body.startswith(_EXTENDED) or len(body) < len(_EXTENDED) + 40:
            continue
        head = body[len(_EXTENDED) :]
        length, offset = (int.from_bytes(head[i : i + 4], "big") for i in (32, 36))
        if length > MAX_PACKET:
            too_large = True
            continue
        if head[:32] not in wholes and len(wholes) > _MAX_PACKETS:
            continue  # there are too many already
        whole = wholes.setdefault(head[:32], bytearray(length))
        piece = head[40 : 40 + max(len(whole) - offset, 0)]
        whole[offset : offset + len(piece)] = piece
    yield from map(bytes, wholes.values())
    if too_large:
        yield XmpError(_TOO_LARGE)


def jpeg_segments(image: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, body) of the segments of a JPEG before its picture; cut-off ones are left out."""
    place = 2
    while place + 4 <= len(image) and image[place] == 0xFF:
        kind = image[place + 1]
        if kind == 0xFF:
            place += 1
            continue
        if kind in (0xD9, 0xDA):
            return
        if kind == 0x01 or 0xD0 <= kind <= 0xD8:
            place += 2
            continue
        length = int.from_bytes(image[place + 2 : place + 4], "big")
        body = image[place + 4 : place + 2 + length]
        if length < 2 or len(body) != length - 2:
            return
        yield kind, body
        place += 2 + length


def properties_in(packet: bytes, namespace: str, name: str) -> list[str]:
    """Values of a simple property in a packet: attribute, element, resource, or items of a list.

    Raises
    ------
    XmpError
        If the packet is no well-formed XML, declares a document type or entities, or is too
        large or nested too deep.
    """
    if len(packet) > MAX_PACKET:
        raise XmpError(_TOO_LARGE)
    collector = _Collector(f"{namespace} {name}")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = collector.start
    parser.EndElementHandler = collector.end
    parser.CharacterDataHandler = collector.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.UnparsedEntityDeclHandler = _refuse
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(packet.strip(b"\0 \t\r\n"), True)
    except expat.ExpatError as error:
        raise XmpError(f"it is no well-formed XML ({expat.ErrorString(error.code)})") from error
    except (LookupError, ValueError) as error:
        if isinstance(error, XmpError):
            raise
        raise XmpError(f"its encoding is not known ({error})") from error
    return collector.values


def _refuse(*_: object) -> int:
    raise XmpError("it declares a document type or entities")


class _Collector:
    """Takes the values of one property from a stream of XML events."""

    def __init__(self, wanted: str) -> None:
        self.values: list[str] = []
        self._wanted = wanted
        self._depth = 0
        self._inside = 0  #: depth of the property's element; 0 outside of it
        self._text = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise XmpError("it is nested too deep")
        self._add(attributes.get(self._wanted, ""))
        if self._inside:
            self._add(self._text)
            self._text = ""
            self._add(attributes.get(f"{_RDF} resource", ""))
        elif name == self._wanted:
            self._inside = self._depth
            self._text = ""
            self._add(attributes.get(f"{_RDF} resource", ""))

    def end(self, name: str) -> None:
        if self._inside:
            self._add(self._text)
            self._text = ""
        if self._depth == self._inside:
            self._inside = 0
        self._depth -= 1

    def text(self, data: str) -> None:
        if self._inside:
            self._text += data

    def _add(self, value: str) -> None:
        if value.strip():
            self.values.append(value.strip())
