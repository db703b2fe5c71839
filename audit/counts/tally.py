"""Counting one part: the pure step that every way of running a count shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.captions.matcher import ConceptMatcher
from audit.captions.phrases import ConceptPhrases
from audit.counts.examples import ExampleDraw
from audit.datasets.conditions import Condition
from audit.datasets.dataset import Dataset, Part
from audit.datasets.parts import part_errors
from audit.datasets.scan import first_captions, is_prefiltered, scan_part
from audit.parallel import Add

#: So few concepts are found fast without knowing which words are rare.
_FEW_CONCEPTS = 20
#: Captions from which the matcher learns which words are rare.
_TYPICAL_CAPTIONS = 4096


@dataclass
class Tally:
    """Counts over some samples. Tallies of different samples add up to that of all of them."""

    samples: NDArray[np.int64]  #: (concepts,)
    excluded: NDArray[np.int64]  #: (concepts,)
    by_name: NDArray[np.int64]  #: (names,), as numbered by the matcher
    draw: ExampleDraw
    considered: int = 0
    #: (concepts, values to tell apart) of the matches, only if these were asked for
    values: list[tuple[NDArray[np.int64], pa.Array]] = field(default_factory=list)

    def absorb(self, other: Tally) -> None:
        """Add another tally; its ``values`` are left to whoever counts them."""
        self.samples += other.samples
        self.excluded += other.excluded
        self.by_name += other.by_name
        self.considered += other.considered
        self.draw.absorb(other.draw)


@dataclass(frozen=True)
class PartCounter:
    """Counts concepts in parts. What it needs, it makes where it runs, once."""

    dataset: Dataset
    concepts: Sequence[ConceptPhrases]
    where: str | None = None
    #: Column whose different values will be counted.
    value_column: str | None = None
    examples: int = 0
    seed: int = 0

    def __reduce__(self) -> tuple[Any, ...]:
        # What was made here (a connection to an engine among it) stays here.
        return PartCounter, tuple(getattr(self, item.name) for item in fields(self))

    def prepare(self) -> None:
        """Make what counting needs, so that a wrong condition is refused before work starts."""
        self.matcher, self.condition  # noqa: B018

    @cached_property
    def matcher(self) -> ConceptMatcher:
        many = len(self.concepts) > _FEW_CONCEPTS
        typical = first_captions(self.dataset, _TYPICAL_CAPTIONS) if many else None
        return ConceptMatcher(self.concepts, typical)

    @cached_property
    def condition(self) -> Condition | None:
        return None if self.where is None else Condition(self.where, self.dataset)

    @property
    def is_threaded(self) -> bool:
        """Whether counting a part uses several processors already."""
        return self.where is None and is_prefiltered(self.matcher.phrases)

    def empty_tally(self) -> Tally:
        size = len(self.concepts)
        return Tally(
            np.zeros(size, np.int64),
            np.zeros(size, np.int64),
            np.zeros(len(self.matcher.names), np.int64),
            ExampleDraw(size, self.examples, self.seed),
        )

    def __call__(self, part: Part, add: Add) -> Tally:
        """Count one part; ``add`` is told the samples considered."""
        with part_errors(part.path):
            return self._counted(part, add)

    def _counted(self, part: Part, add: Add) -> Tally:
        tally = self.empty_tally()
        columns = [self.value_column] if self.value_column else []
        for batch in scan_part(
            part, self.matcher.phrases, columns=columns, condition=self.condition
        ):
            matches = self.matcher.match(batch.captions)
            tally.samples += np.bincount(matches.concepts, minlength=len(self.concepts))
            tally.excluded += matches.excluded
            tally.by_name += matches.name_counts
            tally.considered += batch.considered
            for column in columns:
                values = batch.columns[column].take(pa.array(matches.rows))
                tally.values.append((matches.concepts, values))
            if self.examples:
                rows = batch.rows[matches.rows]
                tally.draw.add(part.shard.ordinal, rows, matches.concepts)
            add(batch.considered, 0.0)
        return tally
