"""Emoji of three makers, joined by code point: Noto (Google), Twemoji (Twitter), Fluent (Microsoft).

The makers draw the same thing each in their own way, and people in five tones of skin: it is known
of every picture what it shows. OpenMoji is left out: its package holds drawings only, which take a
renderer more.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.collections.packages import Package, built
from tests.collections.pictures import Picture, write

GOOGLE = Package(
    "npm",
    "emoji-datasource-google",
    "16.0.0",
    "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
)
TWITTER = Package(
    "npm",
    "emoji-datasource-twitter",
    "16.0.0",
    "f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877",
)
FLUENT = Package(
    "npm",
    "@lobehub/fluent-emoji-3d",
    "1.1.0",
    "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58",
)

_MAKERS = (
    (GOOGLE, "Google", "package/img/google/64/", "Apache-2.0"),
    (TWITTER, "Twitter", "package/img/twitter/64/", "CC-BY-4.0"),
    (FLUENT, "Microsoft", "package/assets/", "MIT"),
)

TONES = {
    "1F3FB": "light skin tone",
    "1F3FC": "medium-light skin tone",
    "1F3FD": "medium skin tone",
    "1F3FE": "medium-dark skin tone",
    "1F3FF": "dark skin tone",
}


def emoji() -> Path:
    """The collection's folder; built if it is not there.

    Of each picture ``keywords`` holds the code points and the base character's Unicode name,
    ``group`` Unicode's category and subcategory.

    Raises
    ------
    UnavailableError
        If the packages cannot be fetched here.
    """
    return built("emoji-1", lambda folder: write(folder, "emoji.example", _pictures()))


def _pictures() -> Iterator[Picture]:
    known = _characters()
    for package, maker, place, license_ in _MAKERS:
        with tarfile.open(package.fetch(), "r|gz") as tar:
            for member in tar:
                if not (member.isfile() and member.name.startswith(place)):
                    continue
                stem, _, suffix = member.name.removeprefix(place).partition(".")
                points = code_points(stem)
                if points not in known:
                    continue
                name, base, group = known[points]
                stream = tar.extractfile(member)
                assert stream is not None
                yield Picture.of_file(
                    f"{maker.lower()}/{stem.lower()}.{suffix}",
                    f".{suffix}",
                    stream.read(),
                    title=name,
                    creator=maker,
                    group=group,
                    keywords=("-".join(points), base),
                    license_=license_,
                )


def code_points(text: str) -> tuple[str, ...]:
    """Code points of a file's name; the one that asks for a coloured picture says nothing."""
    return tuple(point for point in text.upper().split("-") if point != "FE0F")


def _characters() -> dict[tuple[str, ...], tuple[str, str, str]]:
    """Code points -> name, name of the base character, category and subcategory."""
    with tarfile.open(GOOGLE.fetch(), "r|gz") as tar:
        for member in tar:
            if member.name == "package/emoji.json":
                stream = tar.extractfile(member)
                assert stream is not None
                table: list[dict[str, Any]] = json.load(stream)
                break
    known = {}
    for record in table:
        name = record["name"].lower()
        group = f"{record['category']}/{record['subcategory']}"
        known[code_points(record["unified"])] = (name, name, group)
        for tones, variant in record.get("skin_variations", {}).items():
            told = ", ".join(TONES[tone] for tone in tones.split("-"))
            known[code_points(variant["unified"])] = (f"{name}: {told}", name, group)
    return known
