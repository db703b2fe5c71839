"""The removals of a dataset, and how much of it is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from audit.datasets.dataset import Coverage, Dataset
from audit.datasets.tombstones import Removal
from audit.shown import Shown


@dataclass(frozen=True)
class RemovalList(Shown):
    """All removals of a dataset, the oldest first, those that were taken back too."""

    dataset: str
    coverage: Coverage
    removals: tuple[Removal, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": "audit.removals/1",
            "dataset": self.dataset,
            "coverage": self.coverage.to_dict(),
            "removals": [removal.to_dict() for removal in self.removals],
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a removal."""
        schema = {
            "id": pl.String,
            "samples": pl.Int64,
            "in_force": pl.Boolean,
            "reason": pl.String,
            "who": pl.String,
            "when": pl.String,
            "tool_version": pl.String,
        }
        rows = [{name: one.to_dict()[name] for name in schema} for one in self.removals]
        return pl.DataFrame(rows, schema=schema)


def list_removals(dataset: Dataset) -> RemovalList:
    """The removals of a dataset as it was opened."""
    return RemovalList(dataset.name, dataset.coverage, dataset.removed.removals)
