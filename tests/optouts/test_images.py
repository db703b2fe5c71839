"""What image files say themselves: Data Mining in XMP, training-mining in C2PA manifests."""

from __future__ import annotations

import importlib.util
import json
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.optouts import audience, judge, read_stored
from audit.optouts.cbor import CborError, decode
from audit.optouts.data_mining import (
    VOCABULARY,
    data_mining_values,
    read_data_mining,
)
from audit.optouts.training_mining import (
    read_training_mining,
    training_mining_value,
)

_spec = importlib.util.spec_from_file_location("images", Path(__file__).with_name("images.py"))
made = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(made)

USES = ("mining", "training", "generative-training", "search")
ASKING = audience()


def answers(signals):
    """Of the four uses, d(enied) a(llowed) u(nknown)."""
    return "".join(judge(signals, use, ASKING).answer[0] for use in USES)


def read_data_mining_of_image(image):
    """As a check keeps it, and a review reads it."""
    return read_stored({"data_mining": "\n".join(data_mining_values(image))}, ASKING)


def read_training_mining_of_image(image):
    return read_stored({"training_mining": training_mining_value(image)}, ASKING)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DMI-UNSPECIFIED", "uuuu"),
        ("DMI-ALLOWED", "aaaa"),
        ("DMI-PROHIBITED", "dddd"),
        ("DMI-PROHIBITED-AIMLTRAINING", "uddu"),
        ("DMI-PROHIBITED-GENAIMLTRAINING", "uudu"),
        ("DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING", "ddda"),
        ("DMI-PROHIBITED-SEECONSTRAINT", "dddd"),
        ("DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR", "dddd"),
        ("DMI-PROHIBITED-SEELINKEDRIGHTSEXPR", "dddd"),
    ],
)
def test_the_whole_vocabulary(name, expected):
    assert answers(read_data_mining(f"http://ns.useplus.org/ldf/vocab/{name}")) == expected
    assert answers(read_data_mining(name.lower())) == expected


def test_no_value_of_the_vocabulary_is_left_out():
    assert len(VOCABULARY) == 9


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Allowed", "aaaa"),
        ("Prohibited for AI/ML training", "uddu"),
        ("Prohibited for Generative AI/ML training", "uudu"),
        ("Prohibited except for search engine indexing", "ddda"),
        ("Prohibited, see plus:OtherConstraints", "dddd"),
        ("Unspecified - no prohibition defined", "uuuu"),
        ("Prohibited for something new", "dddd"),
        ("DMI-PROHIBITED-SOMETHINGNEW", "dddd"),
        ("allowed for nobody", "uuuu"),
        ("yes", "uuuu"),
    ],
)
def test_labels_and_values_that_are_not_known(label, expected):
    assert answers(read_data_mining(label)) == expected


PACKET = made.xmp()


@pytest.mark.parametrize(
    "image",
    [
        made.jpeg_with_xmp(PACKET),
        made.jpeg_with_extended_xmp(PACKET),
        made.png_with_xmp(PACKET),
        made.png_with_xmp(PACKET, compressed=True),
        made.webp((b"VP8 ", b"\0" * 33), (b"XMP ", PACKET)),
        b"GIF89a" + PACKET + b"\x01\xff\xfe",
        b"II*\0" + b"\0" * 20 + PACKET,
        PACKET[PACKET.index(b"<rdf:RDF") : PACKET.index(b"</x:xmpmeta>")],
    ],
    ids=["jpeg", "extended", "png", "zpng", "webp", "gif", "tiff", "bare"],
)
def test_packets_are_found_in_every_kind_of_file(image):
    assert answers(read_data_mining_of_image(image)) == "dddd"


@pytest.mark.parametrize(
    ("body", "inside"),
    [
        ("", "<plus:DataMining>DMI-PROHIBITED</plus:DataMining>"),
        ("", '<plus:DataMining rdf:resource="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"/>'),
        (
            "",
            "<plus:DataMining><rdf:Bag><rdf:li>DMI-PROHIBITED</rdf:li></rdf:Bag></plus:DataMining>",
        ),
        (f'xmlns:p="{made.PLUS}" p:DataMining="DMI-PROHIBITED"', ""),
    ],
)
def test_all_ways_to_write_a_property(body, inside):
    assert answers(read_data_mining_of_image(made.xmp(body, inside))) == "dddd"


def test_a_property_of_that_name_in_another_namespace_is_another():
    packet = made.xmp('xmlns:x="urn:x" x:DataMining="DMI-PROHIBITED"')
    assert read_data_mining_of_image(packet) == []


def test_an_image_that_says_nothing():
    for image in (b"", b"\xff\xd8", made.jpeg(), made.png(), made.webp(), made.xmp("")):
        assert read_data_mining_of_image(image) == []
        assert read_training_mining_of_image(image) == []


LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    + "".join(f'<!ENTITY {chr(c + 1)} "{f"&{chr(c)};" * 10}">' for c in range(ord("b"), ord("k")))
    + "]>"
)


@pytest.mark.parametrize(
    "packet",
    [
        made.xmp(head=LAUGHS, body="", inside="<plus:DataMining>&k;</plus:DataMining>"),
        made.xmp(head='<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', body="",
                 inside="<plus:DataMining>&e;</plus:DataMining>"),
        made.xmp()[:-20],
        made.xmp().replace(b"</rdf:RDF>", b""),
        made.xmp(body="", inside="<plus:a>" * 200 + "<plus:DataMining/>" + "</plus:a>" * 200),
    ],
    ids=["laughs", "external", "cut", "malformed", "deep"],
)  # fmt: skip
def test_hostile_or_broken_packets_that_speak_of_it_are_unknown(packet):
    started = time.monotonic()
    # The document element alone is what is found in a file: its document type is left behind.
    signals = read_data_mining_of_image(b"\0" + packet)
    assert {s.answer for s in signals} == {"unknown"}
    assert time.monotonic() - started < 2


def test_document_types_are_refused_and_not_followed():
    from audit.optouts.xmp import XmpError, properties_in

    packet = made.xmp(head=LAUGHS, body="", inside="<plus:DataMining>&k;</plus:DataMining>")
    with pytest.raises(XmpError, match="document type"):
        properties_in(packet, made.PLUS, "DataMining")


def test_a_compressed_packet_that_inflates_without_end_is_stopped():
    bomb = made.png_with_xmp(b"<x:xmpmeta>DataMining" + b" " * (64 << 20), compressed=True)
    (value,) = data_mining_values(bomb)
    assert value.startswith("error: XMP cannot be read: it is larger")


FOREIGN = PACKET.replace(b"rdf:", b"r:").replace(b":rdf", b":r")
FOREIGN = FOREIGN.replace(b"x:xmpmeta", b"meta:xmpmeta").replace(b"xmlns:x=", b"xmlns:meta=")
EMPTY = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
BARE = PACKET[PACKET.index(b"<rdf:RDF") : PACKET.index(b"</x:xmpmeta>")]
LONG = made.xmp(inside="<plus:a>" + "h" * (5 << 20) + "</plus:a>")


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (b"II*\0" + FOREIGN, "d"),
        (b"II*\0" + EMPTY + BARE, "d"),
        (b"II*\0" + EMPTY * 20 + PACKET, "d"),
        (b"II*\0" + made.xmp("") * 16 + PACKET, "u"),
        (b"II*\0" + LONG, "u"),
        (made.png_with_xmp(LONG, compressed=True), "u"),
        (made.jpeg_with_extended_xmp(LONG, 60_000), "u"),
        (made.png_with_xmp(PACKET, compressed=True).replace(b"\x78\x9c", b"\x78\x00", 1), "u"),
        *((b"II*\0" + PACKET.decode().encode(encoding), "u") for encoding in
          ("utf-16", "utf-16-le", "utf-16-be", "utf-32-le")),
    ],
    ids=["prefixes", "empty-bare", "empties", "17th", "long", "long-png", "long-extended", "zlib",
         "utf-16", "utf-16-le", "utf-16-be", "utf-32"],
)  # fmt: skip
def test_xmp_that_is_not_where_or_what_it_should_be_is_no_silence(image, expected):
    signals = read_data_mining_of_image(image)
    assert signals
    assert answers(signals) == expected * 4


STORE = made.training_mining(ai_generative_training="notAllowed", ai_training="allowed")


@pytest.mark.parametrize(
    "image",
    [
        made.jpeg_with_manifest(STORE),
        made.jpeg_with_manifest(STORE, size=30),
        made.png((b"caBX", STORE)),
        made.webp((b"VP8 ", b"\0" * 7), (b"C2PA", STORE)),
        made.avif_with_manifest(STORE),
        made.gif_with_manifest(STORE),
        b"II*\0\x08\0\0\0" + b"\0" * 30 + STORE + b"\0" * 9,
    ],
    ids=["jpeg", "pieces", "png", "webp", "avif", "gif", "tiff"],
)
def test_manifests_are_found_in_every_kind_of_file(image):
    assert answers(read_training_mining_of_image(image)) == "uadu"
    assert answers(read_training_mining(training_mining_value(image))) == "uadu"


@pytest.mark.parametrize(
    ("label", "uses", "expected"),
    [
        ("c2pa.training-mining", {"ai_generative_training": "notAllowed"}, "uudu"),
        ("c2pa.training-mining", {"data_mining": "allowed", "ai_training": "allowed"}, "aauu"),
        ("cawg.training-mining", {"ai_training": "constrained"}, "uduu"),
        ("cawg.training-mining", {"ai_inference": "notAllowed"}, "uuuu"),
        ("cawg.training-mining", {"ai_training": "sometimes", "data_mining": "allowed"}, "auuu"),
        ("cawg.training-mining__2", {"ai_training": "notAllowed"}, "uduu"),
        ("org.other", {"ai_training": "notAllowed"}, "uuuu"),
    ],
)
def test_current_and_legacy_labels(label, uses, expected):
    image = made.jpeg_with_manifest(made.training_mining(label, **uses))
    assert answers(read_training_mining_of_image(image)) == expected


def test_an_assertion_in_a_json_box_and_in_several_manifests():
    content = json.dumps({"entries": {"c2pa.ai_training": {"use": "notAllowed"}}}).encode()
    first = made.manifest_store(("c2pa.training-mining", made.box(b"json", content)))
    second = made.training_mining(ai_training="allowed")
    image = made.png((b"caBX", first), (b"caBX", second))
    assert answers(read_training_mining_of_image(image)) == "uduu"


def test_what_cannot_be_read_hides_nothing_of_what_can():
    content = made.cbor({"entries": {"cawg.ai_training": {"use": "notAllowed"}}})
    good = ("cawg.training-mining", made.box(b"cbor", content))
    bad = ("cawg.training-mining", made.box(b"cbor", b"\x9b\xff"))
    for assertions in ((good, bad), (bad, good)):
        image = made.png((b"caBX", made.manifest_store(*assertions)))
        assert answers(read_training_mining_of_image(image)) == "uduu"
        assert training_mining_value(image).startswith("error: ")
    image = made.png((b"caBX", made.manifest_store(good)), (b"caBX", STORE[:-9]))
    assert answers(read_training_mining_of_image(image)) == "uduu"


@pytest.mark.parametrize(
    "text",
    [
        '{"cawg.ai_training": {"use": "notAllowed"}, "cawg.ai_training": {"use": "allowed"}}',
        '{"cawg.ai_training": {"use": "notAllowed", "use": "allowed"}}',
        '{"entries": {"cawg.ai_training": "notAllowed"}, "entries": {"cawg.ai_training": "allowed"}}',
    ],
)
def test_what_is_said_twice_in_an_assertion_is_denied_if_one_denies(text):
    assert answers(read_training_mining(text)) == "uduu"
    assert answers(read_training_mining(text.replace("notAllowed", "maybe"))) == "uuuu"
    image = made.manifest_store(("cawg.training-mining", made.box(b"json", text.encode())))
    assert answers(read_training_mining_of_image(made.png((b"caBX", image)))) == "uduu"


def test_a_map_with_a_key_twice_keeps_both():
    (no, yes) = (
        made.cbor({"cawg.ai_training": {"use": use}})[1:] for use in ("notAllowed", "allowed")
    )
    assert decode(b"\xa2" + no + yes) == [
        {"cawg.ai_training": {"use": "notAllowed"}}, {"cawg.ai_training": {"use": "allowed"}},
    ]  # fmt: skip
    image = made.manifest_store(("cawg.training-mining", made.box(b"cbor", b"\xa2" + no + yes)))
    assert answers(read_training_mining_of_image(made.png((b"caBX", image)))) == "uduu"


def test_a_manifest_that_is_cut_off_is_unknown():
    image = made.jpeg_with_manifest(STORE)
    cut = made.jpeg_with_manifest(STORE[:-9])
    assert answers(read_training_mining_of_image(cut)) == "uuuu"
    assert {s.answer for s in read_training_mining_of_image(cut)} == {"unknown"}
    assert {s.answer for s in read_training_mining_of_image(made.png((b"caBX", STORE[:-1])))} == {
        "unknown"
    }
    assert training_mining_value(cut).startswith("error:")
    for kind in (made.gif_with_manifest(STORE)[:-90], b"II*\0" + STORE[:-90]):
        assert {s.answer for s in read_training_mining_of_image(kind)} == {"unknown"}
    assert training_mining_value(image[:30]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"entries": {"cawg.ai_training": {"use": "notAllowed"}}}', "uduu"),
        ('{"cawg.ai_training": {"use": "notAllowed"}}', "uduu"),
        ('{"c2pa.ai_training": "notAllowed"}', "uduu"),
        (('{"label": "c2pa.training-mining", "data": {"entries": {"c2pa.data_mining": '
         '{"use": "constrained", "constraint_info": "ask"}}}}'), "duuu"),
        (('{"manifests": {"x": {"assertions": [{"label": "cawg.training-mining", "data": '
         '{"entries": {"cawg.ai_generative_training": {"use": "notAllowed"}}}}]}}}'), "uudu"),
        ("notAllowed", "dddd"),
        ('"notAllowed"', "dddd"),
        ("allowed", "uuuu"),
        ("{}", "uuuu"),
        ("{", "uuuu"),
        ("[" * 100_000, "uuuu"),
        ('{"entries": {"cawg.ai_training": {"use": 1}}}', "uuuu"),
    ],
)  # fmt: skip
def test_assertions_kept_as_json(text, expected):
    assert answers(read_training_mining(text)) == expected


def test_what_constrains_is_told():
    (signal,) = read_training_mining(
        '{"cawg.ai_training": {"use": "constrained", "constraint_info": "ask us"}}'
    )
    assert "ask us" in signal.reason


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**15), 2**15) | st.text(max_size=30)
    | st.floats(allow_nan=False) | st.binary(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(_JSON)
def test_cbor_is_read_as_it_was_written(value):
    assert decode(made.cbor(value)) == value


@pytest.mark.parametrize(
    ("data", "value"),
    [
        # Appendix A of RFC 8949
        ("1bffffffffffffffff", 18446744073709551615),
        ("3903e7", -1000),
        ("f93e00", 1.5),
        ("c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"),
        ("5f42010243030405ff", b"\1\2\3\4\5"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
        ("f7", None),
    ],
)
def test_cbor_of_the_standard(data, value):
    assert decode(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    "data", [b"", b"\x9b" + b"\xff" * 8, b"\x81" * 5000, b"\x5f\x41", b"\x1c", b"\xbf\x01\xff",
             b"\x7b\x7f" + b"\xff" * 7, b"\x9f" * 40],
)  # fmt: skip
def test_broken_cbor_is_refused(data):
    with pytest.raises(CborError):
        decode(data)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_readers_or_permit_anything(noise):
    for start in (b"", b"\xff\xd8\xff\xeb", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x18ftyp",
                  made.jpeg_with_manifest(STORE)[:100]):  # fmt: skip
        signals = read_training_mining_of_image(start + noise) + read_data_mining_of_image(
            start + noise
        )
        assert all(signal.answer != "allowed" for signal in signals)


def test_boxes_of_impossible_sizes_end():
    for size in (0, 1, 2, 7, 0xFFFFFFFF):
        image = b"\0\0\0\x10ftypavif\0\0\0\0" + struct.pack(">I", size) + b"uuid" + b"\0" * 16
        assert read_training_mining_of_image(image) == []
