"""``dataset.json``: what a dataset is made of, and what of it could not be read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from audit.captions.folding import FOLDING_VERSION
from audit.datasets.files import written_whole
from audit.datasets.presets import ColumnMapping
from audit.datasets.stats import ShardStats
from audit.errors import SourceError, StorageError

SCHEMA = "audit.dataset/1"
FILE_NAME = "dataset.json"

#: A dropped shard was gone from its source before anything of it was ingested; only its ordinal is
#: still taken.
State = Literal["pending", "done", "failed", "dropped"]


@dataclass
class ShardRecord:
    """One shard of a dataset. ``ordinal`` never changes and names the part."""

    ordinal: int
    uri: str
    size: int | None
    fingerprint: str
    state: State = "pending"
    #: Rows of the shard; None while nothing readable told.
    rows: int | None = None
    error: str | None = None
    #: The part is here, but the shard was not at its source when it was last looked for.
    gone: bool = False
    #: Roles whose column this shard lacks; they are null in its part.
    absent_roles: list[str] = field(default_factory=list)
    #: Columns that this shard could give and the dataset does not take, decided by another shard.
    unused_columns: list[str] = field(default_factory=list)
    stats: ShardStats | None = None

    @property
    def part_name(self) -> str:
        return f"{self.ordinal:05d}.parquet"

    def to_dict(self) -> dict[str, Any]:
        record = asdict(self)
        record["stats"] = self.stats.to_dict() if self.stats else None
        return record

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> ShardRecord:
        stats = record.get("stats")
        return cls(**{**record, "stats": ShardStats.from_dict(stats) if stats else None})


@dataclass
class Manifest:
    """Everything that is known about a dataset without opening its parts."""

    name: str
    sources: list[str]
    mapping: ColumnMapping
    created: str  #: ISO 8601, UTC
    updated: str
    tool_version: str
    folding_version: int = FOLDING_VERSION
    shards: list[ShardRecord] = field(default_factory=list)
    #: Result of the last look for repeated URLs; see ``distinct.DistinctUrls``.
    distinct_urls: dict[str, Any] | None = None
    #: What the dataset says of its own license, raw; never taken for that of its images.
    dataset_license: str | None = None

    @property
    def members(self) -> list[ShardRecord]:
        """The shards that the dataset is made of, read or not."""
        return [shard for shard in self.shards if shard.state != "dropped"]

    @property
    def stats(self) -> ShardStats:
        """Totals over the shards that were read."""
        return ShardStats.total(s.stats for s in self.shards if s.state == "done" and s.stats)

    def write(self, folder: Path) -> None:
        record = {
            "schema": SCHEMA,
            "name": self.name,
            "sources": self.sources,
            "mapping": self.mapping.to_dict(),
            "created": self.created,
            "updated": self.updated,
            "tool_version": self.tool_version,
            "folding_version": self.folding_version,
            "distinct_urls": self.distinct_urls,
            "dataset_license": self.dataset_license,
            "shards": [shard.to_dict() for shard in self.shards],
        }
        with written_whole(folder / FILE_NAME) as stream:
            stream.write(json.dumps(record, ensure_ascii=False, indent=1).encode())

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read a dataset's manifest.

        Raises
        ------
        FileNotFoundError
            If there is no dataset in ``folder``.
        SourceError
            If the manifest is damaged or written by an incompatible version.
        """
        path = folder / FILE_NAME
        try:
            record = json.loads(path.read_bytes())
            schema = record.pop("schema")
            if schema != SCHEMA:
                raise SourceError(
                    f"{path}: written in the format {schema!r}; this version reads {SCHEMA!r}.",
                    hint="Use the version of audit that wrote it, or ingest the sources again.",
                )
            mapping = record.pop("mapping")
            mapping = ColumnMapping(mapping["preset"], mapping["columns"], mapping["kept"])
            shards = [ShardRecord.from_dict(shard) for shard in record.pop("shards")]
            return cls(**record, mapping=mapping, shards=shards)
        except PermissionError as error:
            raise StorageError(
                f"{path}: may not be read.", hint="Check its permissions."
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceError(
                f"{path}: is damaged ({type(error).__name__}: {error}).",
                hint="Remove the dataset's folder and ingest its sources again.",
            ) from error
