"""Openclipart 0.18: drawings in the public domain, by 527 named people.

The rendered pictures are in one Debian package, the drawings with their title, keywords and creator
(RDF) in another. Some drawings are filed under several subjects: those are real copies.
"""

from __future__ import annotations

import io
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.collections.packages import Package, built
from tests.collections.pictures import Picture, write

_VERSION = "1:0.18+dfsg-19"
RENDERED = Package(
    "debian",
    "openclipart-png",
    _VERSION,
    "f07f1545a2970c2cf3fa339bc2405da1a95cf2b1827bfa05bf73eb1c20291c02",
)
DRAWN = Package(
    "debian",
    "openclipart-svg",
    _VERSION,
    "989712d90d57dfa3230049f553bb43b76c30ee4d4b8c5f6e106e33f7db5cbdc5",
)

LONGEST_SIDE = 256
_MOST_PIXELS = 40_000_000
_PLACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "cc": "http://web.resource.org/cc/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
_PUBLIC_DOMAIN = "http://web.resource.org/cc/PublicDomain"


def openclipart() -> Path:
    """The collection's folder; built if it is not there.

    Raises
    ------
    UnavailableError
        If the packages cannot be fetched here.
    """
    return built("openclipart-1", lambda folder: write(folder, "openclipart.example", _pictures()))


def _pictures() -> Iterator[Picture]:
    with RENDERED.unpacked() as rendered, DRAWN.unpacked() as drawn, ThreadPoolExecutor(2) as pool:
        pngs = rendered / "usr/share/openclipart/png"
        svgs = drawn / "usr/share/openclipart/svg"
        paths = sorted(pngs.rglob("*.png"))
        for picture in pool.map(lambda path: _picture(path, pngs, svgs), paths):
            if picture is not None:
                yield picture


def _picture(path: Path, pngs: Path, svgs: Path) -> Picture | None:
    place = path.relative_to(pngs)
    title, creator, keywords = _described(svgs / place.with_suffix(".svg"))
    source = path.read_bytes()
    small = _small(source)
    if small is None:
        return None
    return Picture.of_file(
        str(place),
        ".png",
        small,
        title=title or place.stem.replace("_", " "),
        creator=creator,
        group=str(place.parent),
        keywords=keywords,
        license_=_PUBLIC_DOMAIN,
        source=source,
    )


def _described(drawing: Path) -> tuple[str, str, tuple[str, ...]]:
    try:
        root = ET.parse(drawing).getroot()
    except (OSError, ET.ParseError):
        return "", "", ()
    work = root.find(".//cc:Work", _PLACES)
    if work is None:
        return "", "", ()
    title = work.findtext("./dc:title", "", _PLACES)
    creator = work.findtext(".//dc:creator//dc:title", "", _PLACES)
    words = [word.text for word in work.findall(".//dc:subject//rdf:li", _PLACES)]
    return title.strip(), creator.strip(), tuple(word.strip() for word in words if word)


def _small(source: bytes) -> bytes | None:
    """The picture as it is if it is small, else scaled down; None if it is a giant or a line."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(source))
        with image:
            if image.width * image.height > _MOST_PIXELS or min(image.size) < 3:
                return None
            if max(image.size) <= LONGEST_SIDE:
                return source
            colours = image.convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    colours.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    if min(colours.size) < 3:
        return None
    out = io.BytesIO()
    colours.save(out, "PNG", compress_level=1)
    return out.getvalue()
