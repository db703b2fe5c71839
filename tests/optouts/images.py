"""Small image files that say something of their use: XMP, and C2PA manifests."""

from __future__ import annotations

import struct
import zlib

PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def xmp(
    body='plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"', inside="", head=""
):
    """A packet; ``body`` are attributes of its description, ``inside`` its elements."""
    return (
        f'{head}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
        f'<rdf:Description rdf:about="" xmlns:plus="{PLUS}" {body}>{inside}</rdf:Description>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


def segment(kind, body):
    return bytes([0xFF, kind]) + struct.pack(">H", len(body) + 2) + body


def jpeg(*segments):
    return b"\xff\xd8" + b"".join(segments) + b"\xff\xda\0\x02" + b"\x11" * 50 + b"\xff\xd9"


def jpeg_with_xmp(packet):
    return jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet))


def jpeg_with_extended_xmp(packet, size=40):
    guid, pieces = b"A" * 32, [packet[i : i + size] for i in range(0, len(packet), size)]
    segments = [
        segment(
            0xE1,
            b"http://ns.adobe.com/xmp/extension/\0"
            + guid
            + struct.pack(">II", len(packet), place * size)
            + piece,
        )
        for place, piece in enumerate(pieces)
    ]
    return jpeg(*reversed(segments))


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks):
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        + b"".join(_chunk(kind, body) for kind, body in chunks)
        + _chunk(b"IDAT", zlib.compress(b"\0\0"))
        + _chunk(b"IEND", b"")
    )


def png_with_xmp(packet, compressed=False):
    body = zlib.compress(packet) if compressed else packet
    return png((b"iTXt", b"XML:com.adobe.xmp\0" + bytes([compressed, 0]) + b"\0\0" + body))


def webp(*chunks):
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)
        for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def cbor(value):
    """A CBOR encoder of its own, so that the reader is not tested against itself."""

    def head(kind, size):
        if size < 24:
            return bytes([kind << 5 | size])
        if size < 256:
            return bytes([kind << 5 | 24, size])
        return bytes([kind << 5 | 25]) + struct.pack(">H", size)

    if isinstance(value, bool) or value is None:
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def box(kind, body):
    return struct.pack(">I", len(body) + 8) + kind + body


def superbox(label, *boxes, kind=b"cbor"):
    described = kind + bytes.fromhex("00110010800000aa00389b71") + b"\x03" + label.encode() + b"\0"
    return box(b"jumb", box(b"jumd", described) + b"".join(boxes))


def manifest_store(*assertions):
    """A manifest store with one manifest that makes these assertions: (label, content box)."""
    held = superbox("c2pa.assertions", *(superbox(label, made) for label, made in assertions))
    return superbox("c2pa", superbox("urn:uuid:1", held, kind=b"c2ma"), kind=b"c2pa")


def training_mining(label="cawg.training-mining", **uses):
    prefix = label.partition(".")[0]
    entries = {f"{prefix}.{name}": {"use": use} for name, use in uses.items()}
    return manifest_store((label, box(b"cbor", cbor({"entries": entries}))))


def jpeg_with_manifest(store, size=60_000):
    pieces = [store[:size]]
    rest = store[size:]
    while rest:
        pieces.append(store[:8] + rest[:size])
        rest = rest[size:]
    return jpeg(
        *(
            segment(0xEB, b"JP" + struct.pack(">HI", 1, place) + piece)
            for place, piece in enumerate(pieces, 1)
        )
    )


def gif_with_manifest(store):
    blocks = [store[i : i + 255] for i in range(0, len(store), 255)]
    body = b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
    return b"GIF89a" + b"\1\0\1\0\0\0\0" + b"\x21\xff\x0bC2PA_GIF\1\0\0" + body + b";"


def avif_with_manifest(store):
    uuid = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
    body = uuid + b"\0\0\0\0" + b"manifest\0" + b"\0" * 8 + store
    return box(b"ftyp", b"avif\0\0\0\0") + box(b"uuid", body) + box(b"mdat", b"\x22" * 20)
