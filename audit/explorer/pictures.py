"""Small pictures of samples and of references, as the browser gets them."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.datasets.lookup import SampleRef
from audit.reports.pictures import Picture, indexed_pictures, reference_picture
from audit.vectors.images import ImagesOf, Place, image_of
from audit.vectors.index import VectorIndex

#: Pixels of the longest side: in lists, and where a person labels.
SMALL, LARGE = 160, 480

_KEPT_BYTES = 64 << 20
_NO_PICTURE = Picture(None, "it is not where it was embedded")


@dataclass(frozen=True)
class SeenPicture:
    """A picture and what tells it from others: the SHA-256 of its bytes, None if there is none."""

    picture: Picture
    digest: str | None

    @classmethod
    def of(cls, picture: Picture) -> SeenPicture:
        data = picture.thumbnail
        return cls(picture, None if data is None else hashlib.sha256(data).hexdigest())


class Pictures:
    """Pictures of an index's images; those asked for together are read in one pass.

    The latest are kept, up to 64 MB. May be asked by several threads.
    """

    def __init__(self, index: VectorIndex) -> None:
        self._index = index
        self._kept: OrderedDict[tuple[Place, int], SeenPicture] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._images = ImagesOf(index)
        self._together: OrderedDict[tuple[Place, int], tuple[Place, ...]] = OrderedDict()

    def places(self, refs: Sequence[SampleRef]) -> dict[SampleRef, Place]:
        """The image of each sample that has one."""
        return image_of(self._index, refs)

    def shows(self, place: Place) -> bool:
        """Whether there is such an image, of a sample that was not removed on request."""
        part, image = place
        if not 0 <= part < len(self._index.parts):
            return False
        of_samples = self._images(part).first_sample
        return 0 <= image < len(of_samples) and int(of_samples[image]) >= 0

    def expect(self, places: Iterable[Place], side: int) -> None:
        """These will be asked for soon: the first that is brings the others along."""
        together = tuple(dict.fromkeys(places))
        with self._lock:
            for place in together:
                self._together[place, side] = together
            while len(self._together) > 4096:
                self._together.popitem(last=False)

    def of(self, place: Place, side: int) -> SeenPicture:
        """The picture of an image."""
        kept = self._get(place, side)
        if kept is not None:
            return kept
        with self._reading:  # one pass over sources at a time
            kept = self._get(place, side)
            if kept is not None:
                return kept
            with self._lock:
                wanted = self._together.pop((place, side), (place,))
            for one, picture in indexed_pictures(self._index, wanted, side=side):
                self._keep(one, side, SeenPicture.of(picture))
            return self._get(place, side) or SeenPicture.of(_NO_PICTURE)

    def _get(self, place: Place, side: int) -> SeenPicture | None:
        with self._lock:
            kept = self._kept.get((place, side))
            if kept is not None:
                self._kept.move_to_end((place, side))
            return kept

    def _keep(self, place: Place, side: int, seen: SeenPicture) -> None:
        with self._lock:
            old = self._kept.pop((place, side), None)
            self._kept[place, side] = seen
            self._bytes += _size(seen) - (_size(old) if old else 0)
            while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
                self._bytes -= _size(self._kept.popitem(last=False)[1])


def _size(seen: SeenPicture) -> int:
    return 512 + len(seen.picture.thumbnail or b"")


class ReferencePictures:
    """Pictures of files that show concepts."""

    def __init__(self) -> None:
        self._kept: dict[str, SeenPicture] = {}

    def of(self, file: str) -> SeenPicture:
        if file not in self._kept:
            if len(self._kept) > 1000:
                self._kept.clear()
            self._kept[file] = SeenPicture.of(reference_picture(file, "images"))
        return self._kept[file]
