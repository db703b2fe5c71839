"""What a fetch answers: how many images came, and why the others did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from audit.datasets.dataset import Coverage
from audit.estimates.intervals import wilson
from audit.fetching.reasons import BY_NAME, FETCHED, PRIVATE
from audit.shown import Shown

SCHEMA = "audit.fetch/1"

LINK_ROT = (
    "share of dead links among the samples whose link could be judged: no image came, for a "
    "reason that lies with the link; left out are samples refused as private, rate limited, or "
    "changed at their source; opted-out and too large ones count as alive"
)


@dataclass(frozen=True)
class FetchReport(Shown):
    """The state of a fetch after a run."""

    dataset: str
    coverage: Coverage
    name: str
    folder: str  #: of img2dataset's files
    record: str  #: path of the JSON that tells what was selected
    selection: dict[str, Any]
    settings: dict[str, Any]
    population: int  #: samples that could have been chosen
    chosen: int
    outcomes: dict[str, int]  #: reason -> samples, ``fetched`` among them
    #: (URI, reason) of shards whose chosen samples could not be looked up at their source.
    unread: tuple[tuple[str, str], ...]
    unread_samples: int
    unwritten: int  #: samples in output shards that img2dataset could not write
    tried_now: int  #: downloads in this run
    seconds: float

    @property
    def fetched(self) -> int:
        return self.outcomes.get(FETCHED, 0)

    @property
    def refused(self) -> int:
        """Samples that were not tried, because their address is not public."""
        return self.outcomes.get(PRIVATE, 0)

    @property
    def complete(self) -> bool:
        """Whether every chosen sample was tried, whatever came of it."""
        return not (self.unread_samples or self.unwritten)

    @property
    def success_rate(self) -> float | None:
        """Fetched of all that were tried; None if none was."""
        tried = sum(self.outcomes.values())
        return self.fetched / tried if tried else None

    @property
    def what_to_do(self) -> str | None:
        """How to get more images than there are, in a sentence; None if nothing is in the way."""
        if self.refused:
            return (
                f"{self.refused:,} of {self.chosen:,} samples are at private addresses, which are "
                "refused: to fetch them too, run the same command again with --allow-private."
            )
        if self.complete and not self.fetched:
            return (
                "Check the network. The outcomes of `audit fetch` tell why, and with --retry "
                "failed it tries all of them again."
            )
        return None

    @property
    def judged(self) -> int:
        """Samples whose link is known to be dead or alive."""
        return sum(n for name, n in self.outcomes.items() if BY_NAME[name].dead is not None)

    @property
    def dead(self) -> int:
        return sum(n for name, n in self.outcomes.items() if BY_NAME[name].dead)

    @property
    def link_rot(self) -> float | None:
        return self.dead / self.judged if self.judged else None

    @property
    def link_rot_interval(self) -> tuple[float, float] | None:
        """95 % Wilson interval for the population; None unless this is a random sample of it."""
        if self.selection["sample"] is None or not self.judged or not self.complete:
            return None
        return wilson(self.dead, self.judged)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the schema ``audit.fetch/1``."""
        interval = self.link_rot_interval
        return {
            "schema": SCHEMA,
            "dataset": self.dataset,
            "coverage": self.coverage.to_dict(),
            "name": self.name,
            "folder": self.folder,
            "record": self.record,
            "selection": self.selection,
            "settings": self.settings,
            "population": self.population,
            "chosen": self.chosen,
            "inclusion_probability": self.chosen / self.population if self.population else None,
            "fetched": self.fetched,
            "success_rate": self.success_rate,
            "outcomes": self.outcomes,
            "link_rot": {
                "share": self.link_rot,
                "interval": None if interval is None else list(interval),
                "dead": self.dead,
                "judged": self.judged,
                "definition": LINK_ROT,
            },
            "unread_samples": self.unread_samples,
            "unread": [{"uri": uri, "reason": reason} for uri, reason in self.unread],
            "unwritten": self.unwritten,
            "tried_now": self.tried_now,
        }

    def to_polars(self) -> pl.DataFrame:
        """One row an outcome, the most frequent first."""
        tried = sum(self.outcomes.values())
        rows = [
            {
                "outcome": name,
                "samples": samples,
                "share": samples / tried,
                "transient": BY_NAME[name].transient,
            }
            for name, samples in self.outcomes.items()
        ]
        schema = {
            "outcome": pl.String,
            "samples": pl.Int64,
            "share": pl.Float64,
            "transient": pl.Boolean,
        }
        return pl.DataFrame(rows, schema=schema)
