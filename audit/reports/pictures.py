"""Small pictures for pages: of images of a dataset, from where they lay, and of references."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.embeddings.originals import read_originals
from audit.images.decoding import DEFAULT_LIMITS, BadImageError
from audit.images.thumbnails import SIDE, thumbnail
from audit.reports.markup import Html, fill, shortened
from audit.vectors.index import VectorIndex

_LONGEST_REASON = 90


@dataclass(frozen=True)
class Picture:
    """A JPEG made by :func:`audit.images.thumbnails.thumbnail`, or why there is none."""

    thumbnail: bytes | None
    why_missing: str | None = None


def indexed_pictures(
    index: VectorIndex,
    images: Iterable[tuple[int, int]],
    on_progress: Callable[[float], None] = lambda share: None,
    side: int = SIDE,
) -> Iterator[tuple[tuple[int, int], Picture]]:
    """Pictures of images, named by the part of the index and their number in it."""
    by_part = defaultdict(list)
    wanted = sorted(set(images))
    for part, image in wanted:
        by_part[part].append(image)
    done = 0
    for part, numbers in by_part.items():
        for original in read_originals(index.parts[part].embeddings, numbers):
            yield (part, original.image), _picture(original.data, original.problem, side)
            done += 1
            on_progress(done / len(wanted))


def reference_picture(name: str, kind: str) -> Picture:
    """The picture of a reference, which is a file, or words."""
    if kind == "text":
        return Picture(None, "the reference is words")
    path = Path(name)
    try:
        if path.stat().st_size > DEFAULT_LIMITS.bytes:
            return Picture(None, "too large")
        return _picture(path.read_bytes(), None, SIDE)
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else None
        return Picture(None, f"it cannot be read any more: {told or error}")


def framed(picture: Picture, alt: str) -> Html:
    """The markup of a picture."""
    if picture.thumbnail is None:
        why = shortened(picture.why_missing or "nobody knows why", _LONGEST_REASON)
        return fill('<div class="frame"><p>No picture: <bdi>$why</bdi></p></div>', why=why)
    return fill(
        '<div class="frame"><img src="data:image/jpeg;base64,$data" alt="$alt"></div>',
        data=base64.b64encode(picture.thumbnail).decode(),
        alt=alt,
    )


def _picture(data: bytes | None, problem: str | None, side: int) -> Picture:
    if data is None:
        return Picture(None, problem)
    try:
        return Picture(thumbnail(data, side))
    except BadImageError as error:
        return Picture(None, f"{error.reason}: {error.message}")
