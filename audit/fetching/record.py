"""``images/<name>.json``: what was selected, how it is fetched, and how far that is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from audit.datasets.files import written_whole
from audit.errors import SourceError, UsageError

SCHEMA = "audit.images/1"


@dataclass
class FetchRecord:
    """Everything a rerun, or an estimator, must know about a fetch."""

    dataset: str
    dataset_digest: str
    name: str
    selection: dict[str, Any]
    settings: dict[str, Any]  #: those that decide what an output shard holds
    population: int  #: samples that could have been chosen
    chosen: int  #: of these, samples that were; all, or a simple random sample
    shard_size: int
    created: str  #: ISO 8601, UTC
    tool_version: str
    #: Number of the next output shard.
    next_shard: int = 0
    #: Ordinal of a source shard -> its last row that was planned; null for all of them.
    reached: dict[str, int | None] = field(default_factory=dict)
    planned: int = 0  #: samples that img2dataset was given, each counted once
    changed: int = 0  #: samples whose URL is not the ingested one any more
    retried: bool = False  #: whether some samples are in several output shards
    #: Removals of samples that were in force when samples were chosen.
    removals: list[str] = field(default_factory=list)

    @property
    def inclusion_probability(self) -> float | None:
        """Of every sample of the population; None if that is empty."""
        return self.chosen / self.population if self.population else None

    def write(self, path: Path) -> None:
        record = {
            "schema": SCHEMA,
            **asdict(self),
            "inclusion_probability": self.inclusion_probability,
        }
        with written_whole(path) as stream:
            stream.write(json.dumps(record, ensure_ascii=False, indent=1).encode())

    @classmethod
    def read(cls, path: Path) -> FetchRecord | None:
        """Read a record; None if there is none.

        Raises
        ------
        SourceError
            If it is damaged or written by an incompatible version.
        """
        try:
            record = json.loads(path.read_bytes())
            if record.pop("schema") != SCHEMA:
                raise ValueError("its format is another")
            record.pop("inclusion_probability")
            return cls(**record)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceError(
                f"{path}: is damaged, or of another version of audit ({error}).",
                hint="Fetch under another --name, or remove this file and the folder beside it.",
            ) from error

    def check_same(self, other: FetchRecord, path: Path) -> None:
        """Refuse to go on with ``other``, which was asked for now, where this was begun.

        Raises
        ------
        UsageError
            If they differ in what is fetched or how.
        """
        differing = [
            what
            for what, mine, its in (
                ("selection", self.selection, other.selection),
                ("settings", self.settings, other.settings),
                ("dataset", self.dataset_digest, other.dataset_digest),
            )
            if mine != its
        ]
        if not set(self.removals) <= set(other.removals):
            # Samples that were taken back have had no chance to be chosen.
            differing.append("set of removed samples")
        if differing:
            raise UsageError(
                f"{path.with_suffix('')}: holds a fetch with another {' and '.join(differing)}.",
                hint="Fetch under another --name, or repeat the options of the first fetch "
                f"(they are in {path}).",
            )
