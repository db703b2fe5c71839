"""Reviewing one part: the pure step, by different values and not by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from audit.datasets.dataset import Dataset, Part
from audit.datasets.duckdb_paths import parquet_sql
from audit.errors import SourceError
from audit.fetching.selection import Candidates, Chosen, IntArray, Selection
from audit.optouts.headers import MENTIONED
from audit.optouts.readers import ERROR, read_stored
from audit.optouts.sidecars import TIME, signal_columns
from audit.optouts.signals import USES, Audience, Signal, Verdict, judge
from audit.parallel import Add

#: Groups of samples that DuckDB hands over at a time.
_BATCH = 1 << 12
#: Different combinations of values whose signals are remembered.
_REMEMBERED = 1 << 16
#: Different values of one kind of signal that are counted; rare ones beyond are left out.
_VALUES = 1 << 14

Row = tuple[int, int]  #: ordinal of a shard, row in it
Kind = tuple[str, str, str, tuple[str, ...], str | None]


@dataclass
class Kept:
    """What was counted of one kind of signal."""

    samples: int = 0
    first: str | None = None
    last: str | None = None
    values: Counter[str] = field(default_factory=Counter)

    def add(self, samples: int, first: str | None, last: str | None) -> None:
        self.samples += samples
        self.first = min(filter(None, (self.first, first)), default=None)
        self.last = max(filter(None, (self.last, last)), default=None)

    def absorb(self, other: Kept) -> None:
        self.add(other.samples, other.first, other.last)
        self.values.update(other.values)
        self.trim()

    def trim(self) -> None:
        if len(self.values) > 2 * _VALUES:
            self.values = Counter(dict(self.values.most_common(_VALUES)))


@dataclass
class PartTally:
    """Counts over some samples; tallies of different samples add up."""

    samples: int = 0
    with_signal: int = 0
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)  #: (use, answer)
    kinds: dict[Kind, Kept] = field(default_factory=dict)
    rows: list[tuple[Row, Verdict, str | None, tuple[Signal, ...]]] = field(default_factory=list)

    def absorb(self, other: PartTally) -> None:
        self.samples += other.samples
        self.with_signal += other.with_signal
        self.answers.update(other.answers)
        for kind, kept in other.kinds.items():
            self.kinds.setdefault(kind, Kept()).absorb(kept)
        self.rows += other.rows

    def trim_rows(self, limit: int) -> None:
        """Keep the first rows, once there are many more of them than are asked for."""
        if len(self.rows) > 4 * limit:
            self.rows.sort(key=lambda kept: kept[0])
            del self.rows[limit:]


@dataclass(frozen=True)
class Wanted:
    """The rows to be shown: the first ones of a finding."""

    use: str
    answer: str
    limit: int | None  #: None for all


@dataclass(frozen=True)
class PartReviewer:
    """Reviews parts. What it needs, it makes where it runs, once."""

    dataset: Dataset
    asking: Audience
    selection: Selection
    chosen: Chosen
    sidecar: Path | None
    sidecar_columns: tuple[str, ...]
    scratch: Path
    threads: int
    wanted: Wanted | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return PartReviewer, tuple(getattr(self, item.name) for item in fields(self))

    @property
    def columns(self) -> list[str]:
        """The dataset's own columns that are read."""
        return [name for name in signal_columns() if name in self.dataset.columns]

    @cached_property
    def candidates(self) -> Candidates:
        return Candidates(self.dataset, self.selection)

    def _rows(self, part: Part) -> IntArray | None:
        """The rows of a part that are asked about; None for all that there are."""
        chosen = self.chosen.drawn is not None or not self.candidates.are_all
        if chosen or part.samples != part.shard.rows:
            return self.chosen.rows(part, self.candidates)
        return None

    @cached_property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        return bounded_engine(self.scratch, self.threads)

    @cached_property
    def _known(self) -> dict[tuple[str | None, ...], Judged]:
        return {}

    def __call__(self, part: Part, add: Add) -> PartTally:
        tally = PartTally()
        for values, samples, times, rows in self.groups(part, self._rows(part)):
            judged = self.judge(values)
            tally.samples += samples
            tally.with_signal += samples if judged.signals else 0
            for use, verdict in judged.verdicts.items():
                tally.answers[use, verdict.answer] += samples
            self._count(tally, judged, samples, times)
            self._keep_rows(tally, judged, part, times, rows)
            add(samples, 0.0)
        return tally

    def groups(
        self, part: Part, asked: IntArray | None
    ) -> Iterator[tuple[tuple[str | None, ...], int, list[str | None], list[int]]]:
        """Different values, samples, times (first and last of both sides), some of the rows.

        Of the rows that are ``asked`` about; None for all of the part.
        """
        query = self._query(part, is_some=asked is not None)
        if asked is not None:
            self._engine.register("chosen", pa.table({"row": pa.array(asked)}))
        width = len(self.columns) + len(self.sidecar_columns)
        try:
            for batch in self._engine.sql(query).to_arrow_reader(_BATCH):
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    yield row[:width], row[width], list(row[width + 1 : width + 5]), row[-1] or []
        except duckdb.Error as error:
            raise SourceError(
                f"{part.path}: cannot be read ({str(error).splitlines()[0]}).",
                hint="If the disk is full, free some space. If the part is damaged, remove it and "
                "run `audit ingest` with its sources again: only missing parts are made.",
            ) from error

    def _query(self, part: Part, *, is_some: bool) -> str:
        own = [
            # Headers without any of these names say nothing, and are all different; errors speak.
            f"CASE WHEN regexp_matches(p.{name}, '{MENTIONED}|^\\s*{ERROR}') THEN p.{name} END"
            if name == "http_headers"
            else f"nullif(trim(p.{name}), '')"
            for name in self.columns
        ]
        theirs = [f"nullif(trim(s.{name}), '')" for name in self.sidecar_columns]
        crawled = "p.crawl_date" if "crawl_date" in self.dataset.columns else "NULL::VARCHAR"
        checked = f"s.{TIME}" if self.sidecar else "NULL::VARCHAR"
        times = [f"{pick}({time})" for time in (crawled, checked) for pick in ("min", "max")]
        rows = "NULL::BIGINT[]"
        if self.wanted:
            limit = self.wanted.limit
            number = "p.file_row_number"
            rows = f"list({number})" if limit is None else f"min({number}, {limit})"
        grouped = [f"{column} AS g{place}" for place, column in enumerate(own + theirs)]
        source = f"{self.dataset.sql([str(part.path)], file_row=True)} AS p"
        if self.sidecar:
            signals = parquet_sql([self.sidecar])
            source += f" LEFT JOIN {signals} AS s ON p.url_hash = s.url_hash"
        if is_some:
            source += " SEMI JOIN chosen ON p.file_row_number = chosen.row"
        by = ", ".join(f"g{place}" for place in range(len(grouped)))
        selected = ", ".join([*grouped, "count(*)", *times, rows])
        return f"SELECT {selected} FROM {source}" + (f" GROUP BY {by}" if by else "")

    def judge(self, values: tuple[str | None, ...]) -> Judged:
        known = self._known.get(values)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            own = dict(zip(self.columns, values, strict=False))
            theirs = dict(zip(self.sidecar_columns, values[len(own) :], strict=True))
            known = self._known[values] = _judged(
                read_stored(own, self.asking), read_stored(theirs, self.asking), self.asking
            )
        return known

    def _count(
        self, tally: PartTally, judged: Judged, samples: int, times: list[str | None]
    ) -> None:
        for kind, (values, side) in judged.kinds.items():
            kept = tally.kinds.setdefault(kind, Kept())
            kept.add(samples, times[2 * side], times[2 * side + 1])
            for value in values:
                kept.values[value] += samples
            kept.trim()

    def _keep_rows(
        self,
        tally: PartTally,
        judged: Judged,
        part: Part,
        times: list[str | None],
        rows: list[int],
    ) -> None:
        if self.wanted is None:
            return
        verdict = judged.verdicts[self.wanted.use]
        if verdict.answer != self.wanted.answer:
            return
        # Of many samples that share their values, the last time is told: it holds for none later.
        side = judged.side_of(verdict.signal)
        seen = times[2 * side + 1] if verdict.signal else None
        for row in rows:
            tally.rows.append(((part.shard.ordinal, row), verdict, seen, judged.signals))
        if self.wanted.limit:
            tally.trim_rows(self.wanted.limit)


@dataclass(frozen=True)
class Judged:
    """What one combination of values comes to."""

    own: tuple[Signal, ...]
    theirs: tuple[Signal, ...]
    verdicts: dict[str, Verdict]
    #: Kind of signal -> different values, and the side (0 own, 1 sidecar) it was seen on.
    kinds: dict[Kind, tuple[frozenset[str], int]]

    @property
    def signals(self) -> tuple[Signal, ...]:
        return self.own + self.theirs

    def side_of(self, signal: Signal | None) -> int:
        return 0 if signal in self.own else 1


def _judged(own: list[Signal], theirs: list[Signal], asking: Audience) -> Judged:
    kinds: dict[Kind, tuple[frozenset[str], int]] = {}
    for side, signals in enumerate((own, theirs)):
        for signal in signals:
            kind = (signal.reader, signal.source, signal.answer, signal.uses, signal.agent)
            values, first_side = kinds.get(kind, (frozenset(), side))
            kinds[kind] = (values | {signal.value}, first_side)
    verdicts = {use: judge([*own, *theirs], use, asking) for use in USES}
    return Judged(tuple(own), tuple(theirs), verdicts, kinds)


def bounded_engine(scratch: Path, threads: int) -> duckdb.DuckDBPyConnection:
    """An engine that takes a bounded memory, and spills the rest into ``scratch``."""
    return duckdb.connect(
        config={"threads": threads, "memory_limit": "1GB", "temp_directory": str(scratch)}
    )
