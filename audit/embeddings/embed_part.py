"""Embedding one unit of images: decode ahead, encode in batches, write as it comes."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.datasets.files import written_whole
from audit.embeddings.files import (
    EMBEDDED,
    IMAGES,
    METADATA,
    NOTHING_FOUND,
    ImageTable,
    NpyStream,
    part_paths,
)
from audit.encoders.encoder import Encoder
from audit.errors import SourceError
from audit.images.collections import ImageUnit
from audit.images.decoding import BadImageError, DecodeLimits, decode
from audit.images.phash import perceptual_hash
from audit.images.reading import FoundImage, read_unit

#: Images encoded at once. Part of what makes a rerun give the same bytes.
BATCH_IMAGES = 64


@dataclass(frozen=True)
class _Seen:
    """An image after decoding: ready for the encoder, or with the reason why not."""

    found: FoundImage
    prepared: Any = None
    size: tuple[int, int] | None = None
    phash: int | None = None
    sha256: str | None = None
    status: str = EMBEDDED
    message: str | None = None


def make_part(
    unit: ImageUnit,
    folder: Path,
    ordinal: int,
    encoder: Encoder,
    limits: DecodeLimits,
    threads: int,
    tell: Callable[[int, int], None],
) -> dict[str, Any]:
    """Write the three files of a part, the one with its record last.

    Of a unit that cannot be read to its end, what comes before is kept, and its record says so.

    Raises
    ------
    SourceError
        If nothing of the unit can be read, or the encoder's answer is not finite.
    """
    vectors_path, metadata_path, images_path = part_paths(folder, ordinal)
    statuses: Counter[str] = Counter()
    read = 0
    # The old record goes first: it must not vouch for new vectors.
    images_path.unlink(missing_ok=True)
    with (
        written_whole(images_path) as image_stream,
        written_whole(metadata_path) as metadata_stream,
        written_whole(vectors_path) as vector_stream,
        ImageTable(image_stream, IMAGES) as images,
        ImageTable(metadata_stream, METADATA) as metadata,
    ):
        vectors = NpyStream(vector_stream, encoder.info.dimension)
        found = _UntilDamage(read_unit(unit, limits.bytes))
        for seen, embedded in _embedded(iter(found), encoder, limits, threads):
            one = seen.found
            status = seen.status if len(embedded) or seen.prepared is None else NOTHING_FOUND
            statuses[status] += 1
            for _ in embedded:
                metadata.add(
                    image_path=one.key, caption=one.caption, url=one.url, image=images.rows
                )
            vectors.write(embedded)
            width, height = seen.size or (None, None)
            shard, row = one.sample or (None, None)
            images.add(
                image_path=one.key,
                url=one.url,
                status=status,
                message=seen.message,
                vectors=len(embedded),
                width=width,
                height=height,
                phash=seen.phash,
                sha256=seen.sha256,
                audit_shard=shard,
                audit_row=row,
                source_row=one.row,
            )
            read += len(one.data or b"")
            tell(images.rows, read)
        if found.damage is not None and not images.rows:
            raise found.damage
        vectors.close()
        metadata.close()
        record = {
            "unit": unit.label,
            "uri": unit.uri,
            "fingerprint": unit.fingerprint,
            "images": images.rows,
            "vectors": vectors.rows,
            "statuses": dict(sorted(statuses.items())),
            "damage": found.told(),
        }
        images.close(record)
    return record


class _UntilDamage:
    """Images up to where their unit cannot be read; then ``damage`` says why."""

    def __init__(self, found: Iterator[FoundImage]) -> None:
        self._found = found
        self.damage: SourceError | None = None

    def __iter__(self) -> Iterator[FoundImage]:
        try:
            yield from self._found
        except SourceError as error:
            self.damage = error

    def told(self) -> dict[str, Any] | None:
        if self.damage is None:
            return None
        cause = self.damage.__cause__
        return {
            "message": self.damage.message,
            "hint": self.damage.hint,
            # A file that is damaged stays so until it is another one; the system may get over it.
            "may_pass": isinstance(cause, OSError) and cause.errno is not None,
        }


def _embedded(
    found: Iterator[FoundImage], encoder: Encoder, limits: DecodeLimits, threads: int
) -> Iterator[tuple[_Seen, NDArray[np.float32]]]:
    """Each image with its vectors, (k, dimension), in order; decoding runs ahead of the encoder."""
    nothing = np.empty((0, encoder.info.dimension), np.float32)
    for batch, vectors in _encoded(_batches(_decoded(found, encoder, limits, threads)), encoder):
        of_ready = iter(vectors)
        for seen in batch:
            rows = nothing if seen.prepared is None else _checked(next(of_ready), seen.found)
            yield seen, rows


def _encoded(
    batches: Iterator[list[_Seen]], encoder: Encoder
) -> Iterator[tuple[list[_Seen], list[NDArray[np.float32]]]]:
    """Batches with what the encoder makes of them.

    It works in a thread of its own and never waits: while it has one batch, the next is gathered
    and put behind it, and the one before is written.
    """
    waiting: deque[tuple[list[_Seen], Future[list[NDArray[np.float32]]] | None]] = deque()
    with ThreadPoolExecutor(1) as worker:
        for batch in batches:
            ready = [seen.prepared for seen in batch if seen.prepared is not None]
            waiting.append((batch, worker.submit(encoder.encode, ready) if ready else None))
            if len(waiting) > 1:
                yield _awaited(*waiting.popleft())
        while waiting:
            yield _awaited(*waiting.popleft())


def _awaited(
    batch: list[_Seen], vectors: Future[list[NDArray[np.float32]]] | None
) -> tuple[list[_Seen], list[NDArray[np.float32]]]:
    return batch, [] if vectors is None else vectors.result()


def _checked(rows: NDArray[np.float32], image: FoundImage) -> NDArray[np.float32]:
    if not np.isfinite(rows).all():
        raise SourceError(
            f"{image.key}: the encoder's answer is not finite.",
            hint="Try another device or precision; the image itself was decoded.",
        )
    return rows


def _batches(seen: Iterator[_Seen]) -> Iterator[list[_Seen]]:
    batch: list[_Seen] = []
    for one in seen:
        batch.append(one)
        if len(batch) == BATCH_IMAGES:
            yield batch
            batch = []
    if batch:
        yield batch


def _decoded(
    found: Iterator[FoundImage], encoder: Encoder, limits: DecodeLimits, threads: int
) -> Iterator[_Seen]:
    waiting: list[Future[_Seen]] = []
    with ThreadPoolExecutor(threads) as pool:
        try:
            for image in found:
                waiting.append(pool.submit(_look, image, encoder, limits))
                if len(waiting) >= 2 * BATCH_IMAGES:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()


def _look(image: FoundImage, encoder: Encoder, limits: DecodeLimits) -> _Seen:
    if image.data is None:
        status, _, message = (image.problem or "unreadable").partition(": ")
        return _Seen(image, status=status, message=message or None)
    digest = hashlib.sha256(image.data).hexdigest()
    try:
        picture = decode(image.data, limits)
    except BadImageError as error:
        return _Seen(image, sha256=digest, status=error.reason, message=error.message)
    return _Seen(
        image,
        prepared=encoder.prepare(picture),
        size=picture.size,
        phash=perceptual_hash(picture),
        sha256=digest,
    )
