"""SHA-256 of the shards of a dataset, which must be those that were ingested."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from audit.datasets.dataset import Dataset
from audit.datasets.manifest import ShardRecord
from audit.datasets.reading import source_errors
from audit.datasets.sources import SourceFile, expand
from audit.errors import SourceError

_CHUNK = 1 << 20


def hash_shards(
    dataset: Dataset, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[int, str]:
    """Ordinal of each shard that was read -> SHA-256 of its file, in hexadecimal.

    Reads every byte of the sources.

    Parameters
    ----------
    on_progress:
        Called with the bytes read so far and all that there are.

    Raises
    ------
    SourceError
        If a shard cannot be read, or is not the one that was ingested.
    """
    shards = [part.shard for part in dataset.parts]
    total = sum(shard.size or 0 for shard in shards)
    done = 0
    hashes: dict[int, str] = {}
    for shard in shards:
        file = _unchanged(shard)
        digest = hashlib.sha256()
        with source_errors(shard.uri), file.open() as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                done += len(chunk)
                on_progress(done, total)
        hashes[shard.ordinal] = digest.hexdigest()
    return hashes


def _unchanged(shard: ShardRecord) -> SourceFile:
    (file,) = expand([shard.uri])
    if (file.size, file.fingerprint) != (shard.size, shard.fingerprint):
        raise SourceError(
            f"{shard.uri}: changed since it was ingested.",
            hint="Run `audit ingest` with the same sources again, then describe the dataset.",
        )
    return file
