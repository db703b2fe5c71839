"""Groups of pictures of a collection: concepts of which every picture is known.

Emoji: what one character shows, by all makers, of all sexes and in all tones of skin; and some sets
(flags of countries, clock faces …). Openclipart: what one person drew for one subject. A group is
not made by looking at pictures, so some hang together and some hardly do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tests.collections.emoji import TONES

#: Rows of the collection's table, sorted.
Rows = NDArray[np.int64]

LEAST = 12  #: pictures of a group, copies not counted

_SETS = {
    "Flags/country-flag": "country flag",
    "Smileys & Emotion/heart": "heart",
    "Smileys & Emotion/cat-face": "cat face",
    "Symbols/zodiac": "zodiac sign",
    "Symbols/keycap": "keycap",
    "Symbols/arrow": "arrow",
    "Symbols/av-symbol": "player button",
    "Symbols/transport-sign": "transport sign",
    "Symbols/alphanum": "squared letters",
    "Symbols/geometric": "geometric shape",
}
_CLOCKS = "clock face"
_ALONE = {_CLOCKS, "handshake", *_SETS.values()}  #: sets, which no one character names
_PEOPLE = {"1F468", "1F469", "1F9D1"}
_SHAKING = ["1FAF1", "1FAF2"]  #: two hands of different tones
_JOINERS = {"200D", "2640", "2642", "27A1", *TONES}


def concepts(name: str, pictures: pl.DataFrame) -> dict[str, Rows]:
    """Label -> pictures, for the groups of a collection that have at least :data:`LEAST`."""
    found = _emoji(pictures) if name == "emoji" else _openclipart(pictures)
    digests = pictures["sha256"].to_numpy()
    return {
        label: rows
        for label, rows in sorted(found.items())
        if len(np.unique(digests[rows])) >= LEAST
    }


def _emoji(pictures: pl.DataFrame) -> dict[str, Rows]:
    groups: dict[str, list[int]] = defaultdict(list)
    names: dict[str, tuple[int, str]] = {}
    columns = zip(pictures["keywords"], pictures["group"], strict=True)
    for row, ((points, base), group) in enumerate(columns):
        key = _shown(points.split("-"), base, group)
        if key is None:
            continue
        groups[key].append(row)
        shortest = (len(points), base)
        names[key] = min(names.get(key, shortest), shortest)
    labels = {key: key if key in _ALONE else names[key][1] for key in groups}
    return {labels[key]: np.array(rows) for key, rows in groups.items()}


def _shown(points: list[str], base: str, group: str) -> str | None:
    """What a character shows, whoever shows it; None where that is not one thing."""
    if _CLOCKS in base:
        return _CLOCKS
    if group in _SETS:
        return _SETS[group]
    if not group.startswith("People & Body"):
        return None
    stem = [point for point in points if point not in _JOINERS]
    if stem == _SHAKING or stem == ["1F91D"]:
        return "handshake"
    if sum(point in _PEOPLE for point in stem) > 1 or group.endswith("/family"):
        return None
    if len(stem) == 2 and stem[0] in _PEOPLE:
        return f"person-{stem[1]}"
    return stem[0] if len(stem) == 1 else None


def _openclipart(pictures: pl.DataFrame) -> dict[str, Rows]:
    """By subject and creator; a copy filed under another subject belongs to both."""
    digests: dict[str, list[int]] = defaultdict(list)
    for row, digest in enumerate(pictures["sha256"]):
        digests[digest].append(row)
    groups: dict[str, set[int]] = defaultdict(set)
    columns = pictures.select("group", "creator", "sha256").iter_rows()
    for subject, creator, digest in columns:
        if creator:
            last = subject.rsplit("/", 1)[-1].replace("_", " ").replace("-", " ")
            groups[f"{last} series of {creator.split(' [')[0]}"].update(digests[digest])
    return {label: np.array(sorted(rows)) for label, rows in groups.items()}


def copies(pictures: pl.DataFrame, rows: Rows) -> Rows:
    """These pictures and all exact copies of them."""
    digests = pictures["sha256"].to_numpy()
    return np.flatnonzero(np.isin(digests, digests[rows])).astype(np.int64)


def disjoint(groups: Mapping[str, Rows], count: int, seed: int) -> dict[str, Rows]:
    """Up to ``count`` groups drawn at random of which no two share a picture; larger ones too."""
    rng = np.random.default_rng(seed)
    labels = list(groups)
    taken: set[int] = set()
    drawn: dict[str, Rows] = {}
    for number in rng.permutation(len(labels)).tolist():
        rows = set(groups[labels[number]].tolist())
        if not rows & taken and len(drawn) < count:
            drawn[labels[number]] = groups[labels[number]]
            taken |= rows
    return dict(sorted(drawn.items()))
