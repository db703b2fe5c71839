"""Which samples of a dataset an embedded image belongs to.

Where images were fetched for the dataset, or lie in its shards, the row is known. Else they are
joined by URL, by caption, or by a key that is the name of the file; see
:mod:`audit.vectors.join`.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit._version import __version__
from audit.captions.folding import FOLDING_VERSION
from audit.datasets.dataset import Dataset
from audit.datasets.files import storage_errors, written_whole
from audit.datasets.parts import kept_columns
from audit.datasets.sample_keys import SampleSet, sample_keys
from audit.embeddings.folder import EmbeddingPart
from audit.errors import UsageError, did_you_mean
from audit.vectors.index import stored_path
from audit.vectors.join import NAMES, filled, joined, write_keys

#: What images are joined by, the best first; or the name of a kept column that holds keys.
JOINS = ("row", "url", "caption")

#: The best that each part has, whatever was said before.
BEST = "auto"

#: Keys of the images, and what the join does not hold in memory, while it runs.
JOINING = "joining"

#: ``image`` counts the images of an embedding part; ``shard`` and ``row`` name a sample.
SCHEMA = pa.schema([("image", pa.int64()), ("shard", pa.int32()), ("row", pa.int64())])


@dataclass(frozen=True)
class JoinReport:
    """How many images were joined to samples, and by what.

    Attributes
    ----------
    by:
        What they were joined by -> images that have it.
    images:
        Images looked at, those without a vector too.
    joined:
        Images that belong to at least one sample.
    samples:
        Samples that have an image, each once.
    """

    by: dict[str, int]
    images: int
    joined: int
    samples: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> JoinReport:
        return cls(**record)


def link_parts(
    dataset: Dataset,
    ways: Sequence[tuple[EmbeddingPart, str]],
    folder: Path,
    memory: int | None = None,
) -> JoinReport:
    """Write the links of each part into the folder of an index; those of one part are held.

    Parameters
    ----------
    ways:
        Parts, and what each is joined by; see :func:`joins_of`.
    memory:
        Bytes that the engine of the join may take.

    Raises
    ------
    SourceError
        If the files of a part are damaged.
    UsageError
        If ``memory`` does not suffice.
    StorageError
        If there is no space left.
    """
    used: Counter[str] = Counter()
    images, linked = 0, 0
    samples = SampleSet(dataset.rows_by_shard)

    def take(ordinal: int, table: pa.Table) -> None:
        nonlocal linked
        image = table["image"].to_numpy()
        linked += int(np.count_nonzero(np.diff(image, prepend=-1)))
        samples.add(sample_keys(table["shard"].to_numpy(), table["row"].to_numpy()))
        with written_whole(stored_path(folder, "links", ordinal)) as stream:
            pq.write_table(table, stream, compression="zstd")

    for part, way in ways:
        images += _rows(part)
        if way == "row":
            table = _known_rows(dataset, part)
            used["row"] += len(table)
            take(part.ordinal, table)
    with _emptied(folder / JOINING) as spill:
        for way in sorted({way for _, way in ways} - {"row"}):
            parts = [part for part, own in ways if own == way]
            for part in parts:
                used[way] += write_keys(part, way, spill)
            ordinals = [part.ordinal for part in parts]
            for ordinal, table in joined(dataset, ordinals, way, spill, memory):
                take(ordinal, table.select(SCHEMA.names).cast(SCHEMA))
    return JoinReport(dict(used), images, linked, len(samples))


@contextmanager
def _emptied(folder: Path) -> Iterator[Path]:
    """A folder that is there and empty, and gone afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with storage_errors(folder):
            folder.mkdir()
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def join_said(by: str | None, record: dict[str, Any] | None) -> str | None:
    """What to join by: as said now, or in the manifest; None for the best that each part has."""
    return None if by == BEST else by or (record or {}).get("by")


def joined_before(
    folder: Path,
    record: dict[str, Any] | None,
    ways: Sequence[tuple[EmbeddingPart, str]],
    mark: str,
) -> JoinReport | None:
    """What came of the join in the manifest, if it was this one and its links are there."""
    before = (record or {}).get("join")
    there = all(stored_path(folder, "links", part.ordinal).exists() for part, _ in ways)
    if before is None or before["mark"] != mark or not there:
        return None
    return JoinReport.from_dict(before["report"])


def joins_of(
    dataset: Dataset, parts: Iterable[EmbeddingPart], by: str | None
) -> list[tuple[EmbeddingPart, str]]:
    """What each part is joined by; reads the ends of files only, where these have statistics.

    Parameters
    ----------
    by:
        One of :data:`JOINS`, or the name of a column that was kept when the dataset was ingested
        and holds what the files are called, without folder and suffix. By default the best of
        :data:`JOINS` that each part has.

    Raises
    ------
    UsageError
        If a part has nothing to join by, or the dataset has no such column.
    SourceError
        If the files of a part are damaged.
    """
    if by is not None and by not in JOINS:
        kept = kept_columns(dataset.manifest.mapping)
        if by not in kept:
            raise UsageError(
                f"Images cannot be joined by {by!r}: dataset {dataset.name!r} has no such column.",
                hint=did_you_mean(by, [BEST, *JOINS, *kept])
                or f"Join by {', '.join(JOINS)}, or keep the column that has the names of the "
                "files when you ingest: --keep.",
            )
    shards = {shard.uri: shard.ordinal for shard in dataset.manifest.shards}
    urls = dataset.manifest.mapping.columns.get("url") is not None
    return [(part, _join_of(dataset, part, by, shards, urls)) for part in parts]


def without_removed(
    report: JoinReport, dataset: Dataset, ordinals: Iterable[int], folder: Path
) -> JoinReport:
    """The same join without samples that were removed on request, and images of these only.

    Links are read for it only if some were. They stay as they are, as what is removed is left out
    whenever they are read.
    """
    if not dataset.removed:
        return report
    images, linked = report.images, 0
    samples = SampleSet(dataset.rows_by_shard)
    for ordinal in ordinals:
        table = pq.read_table(stored_path(folder, "links", ordinal))
        image = table["image"].to_numpy()
        keys = sample_keys(table["shard"].to_numpy(), table["row"].to_numpy())
        kept = ~dataset.removed.holds(keys)
        images -= len(np.setdiff1d(image, image[kept]))
        linked += len(np.unique(image[kept]))
        samples.add(keys[kept])
    return replace(report, images=images, joined=linked, samples=len(samples))


def join_state(dataset: Dataset, ways: Sequence[tuple[EmbeddingPart, str]]) -> str:
    """Changes when the links may: with the dataset's files, the embeddings, or this program."""

    def mark(path: Path | None) -> Any:
        status = path.stat() if path is not None else None
        return status and (status.st_size, status.st_mtime_ns)

    told = (
        (__version__, FOLDING_VERSION, dataset.manifest.mapping.to_dict()),
        [(p.shard.ordinal, p.shard.uri, p.shard.rows, mark(p.path)) for p in dataset.parts],
        [
            (p.ordinal, p.unit, way, *map(mark, (p.vectors_path, p.metadata_path, p.images_path)))
            for p, way in ways
        ],
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _rows(part: EmbeddingPart) -> int:
    """Images of a part."""
    return len(part) if part.images_path is None else pq.read_metadata(part.images_path).num_rows


def _join_of(
    dataset: Dataset, part: EmbeddingPart, by: str | None, shards: dict[str, int], urls: bool
) -> str:
    if not _rows(part):
        return "row"
    there = filled(part.images_path or part.metadata_path)
    if by is not None and by not in JOINS and there & {*NAMES}:
        return by
    if by in (None, "row") and (
        {"audit_shard", "audit_row"} <= there or (part.unit in shards and "source_row" in there)
    ):
        return "row"
    if by in (None, "url") and urls and "url" in there:
        return "url"
    if by in (None, "caption") and "caption" in filled(part.metadata_path):
        return "caption"
    raise UsageError(
        f"{part.vectors_path}: nothing tells which sample of {dataset.name!r} an image is"
        + (f" by {by}." if by else "."),
        hint="Images are joined by the row they were fetched for, their URL, caption or name. "
        "Give the metadata such a column, or embed what `audit fetch` fetched.",
    )


def _known_rows(dataset: Dataset, part: EmbeddingPart) -> pa.Table:
    columns = ["audit_shard", "audit_row", "source_row"]
    own = part.images_path is not None
    table = part.images(columns) if own else part.metadata(columns)
    image = pa.array(np.arange(len(table), dtype=np.int64))
    if not len(table):
        return SCHEMA.empty_table()
    if "audit_row" in table.column_names and table["audit_row"].null_count < len(table):
        shard, row = table["audit_shard"], table["audit_row"]
    else:
        ordinals = {shard.uri: shard.ordinal for shard in dataset.manifest.shards}
        shard = pa.array(np.full(len(table), ordinals[part.unit or ""], np.int32))
        row = table["source_row"]
    links = pa.table({"image": image, "shard": shard, "row": row})
    return links.filter(pc.is_valid(links["row"])).cast(SCHEMA)
