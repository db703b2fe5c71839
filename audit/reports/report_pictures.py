"""The pictures of a report's galleries: made one after the other, kept on disk until the end."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from audit.dossiers.results import AuditReport
from audit.reports.pictures import indexed_pictures
from audit.vectors.index import VectorIndex

#: Pixels of the longest side: enough to recognise, small enough for hundreds in a page.
SIDE = 160


@contextlib.contextmanager
def gallery_pictures(
    report: AuditReport,
    index: VectorIndex | None,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Iterator[Callable[[int, str, int], bytes | None]]:
    """A function from (number of the concept, shard, row) to a JPEG.

    None where the image is not where it was embedded any more, or cannot be decoded.

    Raises
    ------
    MissingPackageError
        If Pillow is not installed.
    """
    places = {
        (dossier.number, image.shard, image.row): image.place
        for dossier in report.dossiers
        for image in dossier.gallery.images
    }
    if index is None or not places:
        yield lambda number, shard, row: None
        return
    with tempfile.TemporaryDirectory(prefix="audit-pictures-") as scratch:
        folder = Path(scratch)
        for (part, image), picture in indexed_pictures(index, places.values(), on_progress, SIDE):
            if picture.thumbnail is not None:
                (folder / f"{part}-{image}.jpg").write_bytes(picture.thumbnail)

        def find(number: int, shard: str, row: int) -> bytes | None:
            place = places.get((number, shard, row))
            if place is None:
                return None
            path = folder / f"{place[0]}-{place[1]}.jpg"
            return path.read_bytes() if path.exists() else None

        yield find
