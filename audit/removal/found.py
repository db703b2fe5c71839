"""What a search answers: what was found and how, where was looked, and where could not be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from audit.datasets.dataset import Coverage
from audit.datasets.lookup import SampleRef, SourceSample
from audit.datasets.sample_keys import Keys, sample_keys
from audit.removal.wanted import Asked
from audit.shown import Shown

SCHEMA = "audit.lookup/1"

#: ``asked`` is a place in :attr:`Found.asked`; ``score`` is a distance in bits or a similarity, as
#: ``how`` says. ``same`` tells whether what was asked for and what is there agree to the letter:
#: null where only 64 bits of a hash were compared.
MATCHES = {
    "shard": pl.Int32,
    "row": pl.Int64,
    "asked": pl.Int32,
    "how": pl.String,
    "score": pl.Float64,
    "same": pl.Boolean,
}


def matches(
    shard: int | Any,
    row: Any,
    asked: int | Any,
    how: str | Any,
    score: Any = None,
    same: bool | Any = None,
) -> pl.DataFrame:
    """Matches as a frame; what is one value goes for all rows."""
    given = {"row": row, "shard": shard, "asked": asked, "how": how, "score": score, "same": same}
    size = len(row)
    columns = []
    for name, type_ in MATCHES.items():
        value = given[name]
        if value is None or isinstance(value, str | int | float | bool):
            columns.append(pl.repeat(value, size, dtype=type_, eager=True).alias(name))
        else:
            columns.append(pl.Series(name, value).cast(type_))
    return pl.DataFrame(columns)


NO_MATCHES = pl.DataFrame(schema=MATCHES)


@dataclass(frozen=True)
class Searched:
    """Where was looked.

    Attributes
    ----------
    place:
        A column, or images, in words.
    of:
        Samples, or images, that there are.
    looked_at:
        Of these, those that had something to compare.
    """

    place: str
    looked_at: int
    of: int
    what: str = "samples"
    remark: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "place": self.place,
            "looked_at": self.looked_at,
            "of": self.of,
            "what": self.what,
            "remark": self.remark or None,
        }


@dataclass(frozen=True)
class NotSearched:
    """Where could not be looked, and why."""

    place: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        return {"place": self.place, "reason": self.reason}


@dataclass(frozen=True)
class Found(Shown):
    """The samples that were found.

    Attributes
    ----------
    matches:
        With the columns of :data:`MATCHES`, ordered by sample: a sample has a line for each thing
        that found it, the surest way.
    removed_by:
        Removals, in force, of the samples that were removed already; by key.
    shown:
        What sources and parts tell of the first samples.
    """

    dataset: str
    coverage: Coverage
    asked: tuple[Asked, ...]
    matches: pl.DataFrame
    removed: Keys
    removed_by: dict[int, str]
    searched: tuple[Searched, ...]
    not_searched: tuple[NotSearched, ...]
    shards: dict[int, str]
    shown: dict[SampleRef, SourceSample]
    where: str | None = None
    spellings: int = 0  #: of URLs, that were tried besides those given

    @cached_property
    def keys(self) -> Keys:
        """All samples found, each once, sorted; those that were removed already too."""
        shard, row = (self.matches[name].to_numpy() for name in ("shard", "row"))
        return np.unique(sample_keys(shard, row))

    @property
    def samples(self) -> int:
        """Samples found that are in the dataset."""
        return len(self.keys) - self.already_removed

    @property
    def already_removed(self) -> int:
        """Samples found that were removed before: in the sources, and in no number."""
        return int(np.isin(self.keys, self.removed).sum())

    def of(self, number: int) -> int:
        """Samples, removed ones too, that were found by one of the things asked for."""
        return self._by_asked.get(number, 0)

    @cached_property
    def _by_asked(self) -> dict[int, int]:
        # A sample has one line for each thing that found it.
        return dict(self.matches.group_by("asked").len().iter_rows())

    def lines(self) -> list[dict[str, Any]]:
        """The matches that are shown, with what is known of each sample."""
        if not self.shown:
            return []
        refs = pl.DataFrame(
            {"shard": [r.ordinal for r in self.shown], "row": [r.row for r in self.shown]},
            schema={"shard": pl.Int32, "row": pl.Int64},
        )
        told = self.matches.join(refs, on=["shard", "row"], how="semi")
        lines = []
        for match in told.iter_rows(named=True):
            ref = SampleRef(match["shard"], match["row"])
            sample = self.shown[ref]
            asked = self.asked[match["asked"]]
            key = int(sample_keys(ref.ordinal, np.array([ref.row]))[0])
            lines.append(
                {
                    "shard": self.shards[ref.ordinal],
                    "row": ref.row,
                    "caption": sample.caption,
                    "url": sample.url,
                    "from_source": sample.from_source,
                    "by": asked.by,
                    "asked": asked.value,
                    "how": match["how"],
                    "score": match["score"],
                    "same": match["same"],
                    "removed_by": self.removed_by.get(key),
                }
            )
        return lines

    @property
    def verdict(self) -> str:
        """The answer in one sentence, which claims no more than was searched."""
        if self.samples or self.already_removed:
            told = [_samples(self.samples)] if self.samples else []
            if self.already_removed == 1:
                told.append("1 sample that was removed on request and counts in no number")
            elif self.already_removed:
                told.append(
                    f"{_samples(self.already_removed)} that were removed on request and count in "
                    "no number"
                )
            return f"Found: {' and '.join(told)}."
        if not self.searched:
            return "Not searched: nothing here tells whether it is in."
        if self.is_whole_search:
            return "Not found in what was searched."
        return "Not found in what was searched, which is not all that could hold it."

    @property
    def is_whole_search(self) -> bool:
        """Whether all that was asked could be looked for, in all samples; there must be some."""
        return (
            bool(self.coverage.rows)
            and bool(self.searched)
            and not self.not_searched
            and self.coverage.complete
            and all(one.looked_at == one.of for one in self.searched)
        )

    def to_dict(self) -> dict[str, Any]:
        lines = self.lines()
        return {
            "schema": SCHEMA,
            "dataset": self.dataset,
            "coverage": self.coverage.to_dict(),
            "where": self.where,
            "answer": self.verdict,
            "samples": self.samples,
            "already_removed": self.already_removed,
            "asked": [
                {**asked.to_dict(), "samples": self.of(number)}
                for number, asked in enumerate(self.asked)
            ],
            "url_spellings_tried": self.spellings,
            "searched": [one.to_dict() for one in self.searched],
            "not_searched": [one.to_dict() for one in self.not_searched],
            "shown": len(self.shown),
            "matches": lines,
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a match that is shown; `audit remove-samples --from` takes it."""
        schema = {
            "shard": pl.String,
            "row": pl.Int64,
            "caption": pl.String,
            "url": pl.String,
            "from_source": pl.Boolean,
            "by": pl.String,
            "asked": pl.String,
            "how": pl.String,
            "score": pl.Float64,
            "same": pl.Boolean,
            "removed_by": pl.String,
        }
        return pl.DataFrame(self.lines(), schema=schema)


def together(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Matches of several searches, ordered by sample; of one thing only the surest way is kept."""
    whole = pl.concat([NO_MATCHES, *frames])
    # A way that is exact has no score; of several scores the first search is the surer one.
    return whole.unique(["shard", "row", "asked"], keep="first", maintain_order=True).sort(
        "shard", "row", "asked", maintain_order=True
    )


def _samples(number: int) -> str:
    return f"{number:,} sample{'' if number == 1 else 's'}"
