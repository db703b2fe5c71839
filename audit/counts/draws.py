"""Random samples that images were fetched for: they say for whom the images may speak."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from audit.captions.phrases import ConceptPhrases, Wording
from audit.datasets.dataset import Dataset
from audit.datasets.sample_keys import Keys, sample_keys
from audit.fetching.record import FetchRecord
from audit.fetching.selection import dataset_digest


@dataclass(frozen=True)
class Draw:
    """A simple random sample that `audit fetch` drew.

    Attributes
    ----------
    keys:
        The samples drawn, sorted, without those that were removed on request: what is left of a
        random sample is one of what is left of the dataset.
    concepts:
        Wordings of the concepts whose caption matches it was drawn from; None if
        it was drawn from all samples.
    where:
        The condition that these met.
    changed:
        How many of the samples have another URL at the source by now, and will never be tried.
    """

    name: str
    keys: Keys
    concepts: frozenset[Wording] | None
    where: str | None
    changed: int = 0

    def is_random_among(self, concept: ConceptPhrases, *, named: bool, where: str | None) -> bool:
        """Whether it holds a random sample of the samples that name, or do not name, a concept.

        What a random sample of a set holds of a subset is a random sample of the subset.
        """
        if self.where is not None and self.where != where:
            return False
        return self.concepts is None or (named and concept.wording in self.concepts)


def draws_of(dataset: Dataset) -> tuple[list[Draw], list[str]]:
    """The random samples of a dataset as it is now, largest first; names of outdated ones.

    Raises
    ------
    SourceError
        If the record of a fetch is damaged.
    """
    draws, outdated = [], []
    digest = dataset_digest(dataset)
    in_force = {removal.id for removal in dataset.removed.in_force}
    for path in sorted((dataset.folder / "images").glob("*.json")):
        record = FetchRecord.read(path)
        drawn = path.with_suffix(".sample.parquet")
        if record is None or record.selection["sample"] is None or not drawn.exists():
            continue
        # A removal that was taken back since has kept its samples from being drawn.
        if record.dataset_digest != digest or not in_force.issuperset(record.removals):
            outdated.append(record.name)
            continue
        frame = pl.read_parquet(drawn, glob=False)
        keys = sample_keys(frame["audit_shard"].to_numpy(), frame["audit_row"].to_numpy())
        keys.sort()
        keys = dataset.removed.without(keys)
        concepts = record.selection["concepts"]
        draws.append(
            Draw(
                record.name,
                keys,
                frozenset(Wording.of(c["phrases"], c["exclusions"]) for c in concepts) or None,
                record.selection["where"],
                record.changed,
            )
        )
    return sorted(draws, key=lambda draw: -len(draw.keys)), outdated
