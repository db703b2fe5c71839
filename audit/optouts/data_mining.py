"""Data Mining of IPTC and PLUS: a value of the PLUS vocabulary, out of XMP or a column."""

from __future__ import annotations

import re

from audit.optouts.signals import (
    AI_TRAINING,
    ALL_USES,
    GENERATIVE,
    MINING,
    SEARCH,
    Answer,
    Signal,
    shortened,
)
from audit.optouts.xmp import XmpError, properties_in, xmp_packets

READER = "iptc-data-mining"

NAMESPACE = "http://ns.useplus.org/ldf/xmp/1.0/"
PROPERTY = "DataMining"

_Statement = tuple[Answer, tuple[str, ...]]
_DENIED: _Statement = ("denied", ALL_USES)
#: Value -> what it denies or allows, beginning with what matters most.
VOCABULARY: dict[str, tuple[_Statement, ...]] = {
    "DMI-UNSPECIFIED": (("unknown", ()),),
    "DMI-ALLOWED": (("allowed", ALL_USES),),
    "DMI-PROHIBITED": (_DENIED,),
    "DMI-PROHIBITED-AIMLTRAINING": (("denied", AI_TRAINING),),
    "DMI-PROHIBITED-GENAIMLTRAINING": (("denied", (GENERATIVE,)),),
    "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING": (
        ("denied", (MINING, *AI_TRAINING)),
        ("allowed", (SEARCH,)),
    ),
    # Prohibited, but for what is written elsewhere, which is for people to read.
    "DMI-PROHIBITED-SEECONSTRAINT": (_DENIED,),
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": (_DENIED,),
    "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR": (_DENIED,),
}
_LABELS = {
    "unspecified": "DMI-UNSPECIFIED",
    "unspecifiednoprohibitiondefined": "DMI-UNSPECIFIED",
    "allowed": "DMI-ALLOWED",
    "prohibited": "DMI-PROHIBITED",
    "prohibitedforaimltraining": "DMI-PROHIBITED-AIMLTRAINING",
    "prohibitedforgenerativeaimltraining": "DMI-PROHIBITED-GENAIMLTRAINING",
    "prohibitedexceptforsearchengineindexing": "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
    "prohibitedseeplusotherconstraints": "DMI-PROHIBITED-SEECONSTRAINT",
    "prohibitedseeiptcextembdencrightsexpr": "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
    "prohibitedseeiptcextlinkedencrightsexpr": "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
}
_IDENTIFIER = re.compile(
    r"(?:https?://ns\.useplus\.org/ldf/vocab/)?(DMI-[A-Z-]+)/?", re.IGNORECASE | re.ASCII
)


_BROKEN = "error: XMP cannot be read"


def read_data_mining(value: str, *, source: str = "XMP") -> list[Signal]:
    """What a Data Mining value says: an address or identifier of the vocabulary, or its label.

    A value that is not in the vocabulary is unknown. Of one that begins with "prohibited" or
    ``DMI-PROHIBITED``, that much is certain: it denies.
    """
    said = value.strip()
    found = _IDENTIFIER.fullmatch(said)
    plain = re.sub(r"[^a-z]", "", said.lower()) if len(said) <= 200 else ""
    name = found.group(1).upper() if found else _LABELS.get(plain, "")
    if name not in VOCABULARY and (name.startswith("DMI-PROHIBITED") or plain[:10] == "prohibited"):
        reason = "Data Mining: prohibited, in words that are not of the vocabulary."
        return [Signal(READER, "denied", ALL_USES, shortened(said), source, reason)]
    if name not in VOCABULARY:
        reason = "Data Mining has a value that is not of the vocabulary."
        return [Signal(READER, "unknown", ALL_USES, shortened(said), source, reason)]
    return [
        Signal(READER, answer, uses, shortened(said), source, f"Data Mining: {name}.")
        for answer, uses in VOCABULARY[name]
    ]


def read_data_mining_values(text: str) -> list[Signal]:
    """What kept values say, one a line: an image may have several."""
    return [
        signal for line in text.splitlines() if line.strip() for signal in read_data_mining(line)
    ]


def data_mining_values(image: bytes) -> list[str]:
    """The Data Mining values of an image, as they stand.

    ``error: …`` stands for XMP that cannot be parsed and speaks of Data Mining, or may do so.
    """
    values: list[str] = []
    for packet in xmp_packets(image, PROPERTY):
        try:
            if isinstance(packet, XmpError):
                raise packet
            values += properties_in(packet, NAMESPACE, PROPERTY)
        except XmpError as error:
            if isinstance(packet, XmpError) or PROPERTY.encode() in packet:
                values.append(f"{_BROKEN}: {error}")
    return list(dict.fromkeys(values))
