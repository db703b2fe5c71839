"""Going back from a sample to its row in the source shard."""

from __future__ import annotations

import bisect
import contextlib
import os
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from audit.captions.folding import fold_array
from audit.datasets.dataset import Dataset, Part
from audit.datasets.parts import readable
from audit.datasets.reading import open_shard
from audit.datasets.sources import SourceFile, is_remote
from audit.errors import SourceError


class SampleRef(NamedTuple):
    """A sample's identity inside a dataset."""

    ordinal: int  #: of the shard
    row: int  #: in the shard, from 0


@dataclass(frozen=True)
class SourceSample:
    """A sample as its source has it, or as far as its part remembers it."""

    shard: str
    caption: str | None
    url: str | None
    from_source: bool


def look_up(dataset: Dataset, refs: Collection[SampleRef]) -> dict[SampleRef, SourceSample]:
    """Read captions and URLs of samples, at the source where it is still what was ingested.

    Where a shard is gone, unreachable, or has another caption in that row now, the folded
    caption is given instead, and no URL.
    """
    wanted: dict[int, set[int]] = defaultdict(set)
    for ref in refs:
        wanted[ref.ordinal].add(ref.row)
    mapped = dataset.manifest.mapping.columns
    columns = [mapped[role] for role in ("caption", "url") if role in mapped]
    found = {}
    for part in dataset.parts:
        rows = wanted.get(part.shard.ordinal)
        if not rows:
            continue
        folded = _from_part(part, rows)
        sources: dict[int, tuple[str | None, ...]] = {}
        if _may_be_read(part):
            with contextlib.suppress(SourceError):
                sources = _from_source(part, rows, columns)
        ordered = list(rows)
        told = [(*sources.get(row, ()), None, None)[:2] for row in ordered]
        now = fold_array(pa.array([caption for caption, _ in told], pa.large_string()))
        for row, (caption, url), as_folded in zip(ordered, told, now.to_pylist(), strict=True):
            intact = caption is not None and as_folded == folded[row]
            found[SampleRef(part.shard.ordinal, row)] = SourceSample(
                part.shard.uri,
                caption if intact else (folded[row] or "").strip(),
                url if intact and url and not url.isspace() else None,
                intact,
            )
    return found


def _may_be_read(part: Part) -> bool:
    # Never the network for a count: remote shards are shown as far as the part remembers them.
    return not is_remote(part.shard.uri) and os.path.exists(part.shard.uri)


def _from_part(part: Part, rows: set[int]) -> dict[int, str | None]:
    file = SourceFile(str(part.path), None, "")
    return {row: caption for row, (caption,) in _read_rows(file, rows, ["caption"]).items()}


def _from_source(
    part: Part, rows: set[int], columns: Sequence[str]
) -> dict[int, tuple[str | None, ...]]:
    file = SourceFile(part.shard.uri, part.shard.size, part.shard.fingerprint)
    return _read_rows(file, rows, columns)


def _read_rows(
    file: SourceFile, rows: set[int], columns: Sequence[str]
) -> dict[int, tuple[str | None, ...]]:
    found: dict[int, tuple[str | None, ...]] = {}
    ordered = sorted(rows)
    with open_shard(file) as reader:
        for start, batch in reader.batches_with(rows, columns):
            first = bisect.bisect_left(ordered, start)
            last = bisect.bisect_left(ordered, start + len(batch))
            here = ordered[first:last]
            picked = batch.take(pa.array([row - start for row in here], pa.int64()))
            texts = [_texts(picked.column(name)) for name in columns]
            found |= dict(zip(here, zip(*texts, strict=True), strict=True))
    return found


def _texts(values: pa.Array) -> list[str | None]:
    texts = readable(values)[0].to_pylist()
    return [None if text is None else str(text) for text in texts]
