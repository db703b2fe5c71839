"""What was removed of a fetch since its samples were chosen: no longer fetched, nor counted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from audit.datasets.sample_keys import NO_ROWS
from audit.fetching.record import FetchRecord
from audit.fetching.selection import Candidates, IntArray


@dataclass(frozen=True)
class RemovedSince:
    """How many samples were removed of those that could have been chosen, and that were."""

    population: int = 0
    chosen: int = 0


def removed_since(
    record: FetchRecord, candidates: Candidates, drawn: tuple[IntArray, IntArray] | None
) -> RemovedSince:
    """Only parts of which something was removed are looked at.

    Parameters
    ----------
    drawn:
        Ordinals of shards and rows of the random sample; None if all candidates were chosen.
    """
    removed = candidates.dataset.removed
    if [removal.id for removal in removed.in_force] == record.removals:
        return RemovedSince()
    before = removed.only(record.removals)
    population = chosen = 0
    for part in candidates.dataset.parts:
        ordinal = part.shard.ordinal
        mine = np.setdiff1d(part.removed, before.rows(ordinal), assume_unique=True)
        if not len(mine):
            continue
        # Of the part as it was: those that were removed are candidates too.
        could_be = np.intersect1d(candidates.rows(replace(part, removed=NO_ROWS)), mine)
        were = could_be
        if drawn is not None:
            were = np.intersect1d(could_be, drawn[1][drawn[0] == ordinal])
        population += len(could_be)
        chosen += len(were)
    return RemovedSince(population, chosen)
