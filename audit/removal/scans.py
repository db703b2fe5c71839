"""Searching parts for one kind of thing each: only the column that tells is read, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.captions.matcher import ConceptMatcher
from audit.captions.phrases import ConceptPhrases
from audit.datasets.conditions import Condition
from audit.datasets.dataset import Part
from audit.datasets.scan import rows_meeting, scan_part
from audit.removal.addresses import names_of_host, spellings, url_hash
from audit.removal.found import Searched, matches
from audit.removal.hashes import near_hashes, numbers_of_hashes

_BATCH_ROWS = 1 << 17


class Scan(Protocol):
    """Finds one kind of thing."""

    def __call__(self, part: Part) -> Iterator[pl.DataFrame]:
        """The matches in a part, the surest first."""
        ...

    def searched(self, samples: int) -> Searched:
        """Where was looked, after all parts, of so many samples."""
        ...


class _ColumnScan:
    """Keeps count of the values that there were to compare."""

    def __init__(self, column: str, place: str, remark: str = "") -> None:
        self._column, self._place, self._remark = column, place, remark
        self._values = 0

    def _batches(self, part: Part) -> Iterator[tuple[int, pa.Array]]:
        """Values, and the row that they begin at."""
        start = 0
        with pq.ParquetFile(part.path) as file:
            for batch in file.iter_batches(_BATCH_ROWS, columns=[self._column], use_threads=False):
                values = batch.column(0)
                self._values += len(values) - values.null_count
                yield start, values
                start += len(values)

    def searched(self, samples: int) -> Searched:
        return Searched(self._place, self._values, samples, remark=self._remark)


class UrlScan(_ColumnScan):
    """URLs by 64 bits of their MD5: the given ones, and other spellings unless ``exactly``."""

    def __init__(self, urls: Sequence[str], first: int, *, exactly: bool) -> None:
        remark = "as given" if exactly else "as given and in other spellings"
        super().__init__("url_hash", "URL", remark)
        self._exactly = exactly
        spelled = [list(self.spelled(url)) for url in urls]
        self.tried = sum(map(len, spelled)) - len(urls)
        self._wanted = pl.DataFrame(
            {
                "hash": [url_hash(one) for some in spelled for one in some],
                "asked": [first + n for n, some in enumerate(spelled) for _ in some],
                "nth": [nth for some in spelled for nth in range(len(some))],
            },
            schema={"hash": pl.UInt64, "asked": pl.Int32, "nth": pl.Int32},
        )
        self._sorted = np.unique(self._wanted["hash"].to_numpy())
        self._urls, self._first = urls, first

    def spelled(self, url: str) -> dict[str, str]:
        """What is tried for a URL -> in what it differs from it."""
        return {url.strip(): ""} if self._exactly else spellings(url)

    def __call__(self, part: Part) -> Iterator[pl.DataFrame]:
        for start, values in self._batches(part):
            hashes = values.fill_null(0).to_numpy()
            place = np.minimum(np.searchsorted(self._sorted, hashes), len(self._sorted) - 1)
            rows = np.flatnonzero(
                (self._sorted[place] == hashes) & values.is_valid().to_numpy(zero_copy_only=False)
            )
            if len(rows):
                yield self._matches(part, start, rows, hashes[rows])

    def _matches(
        self, part: Part, start: int, rows: NDArray[np.int64], hashes: NDArray[np.uint64]
    ) -> pl.DataFrame:
        hits = pl.DataFrame({"row": rows + start, "hash": hashes}).join(self._wanted, on="hash")
        hits = hits.sort("nth", maintain_order=True)
        how = [
            list(self.spelled(self._urls[asked - self._first]).values())[nth]
            for asked, nth in hits.select("asked", "nth").iter_rows()
        ]
        told = [f"URL, {differs}" if differs else "URL" for differs in how]
        return matches(part.shard.ordinal, hits["row"], hits["asked"], told)

    def agrees(self, asked: int, url: str) -> bool:
        """Whether a URL is to the letter one of those that were tried."""
        return url in self.spelled(self._urls[asked - self._first])


class HostScan(_ColumnScan):
    """Hosts, with their subdomains."""

    def __init__(self, hosts: Sequence[str], first: int) -> None:
        super().__init__("host", "host")
        self._hosts = [
            (first + n, name) for n, host in enumerate(hosts) for name in names_of_host(host)
        ]

    def __call__(self, part: Part) -> Iterator[pl.DataFrame]:
        for start, values in self._batches(part):
            encoded = values.dictionary_encode()
            names = encoded.dictionary.cast(pa.large_string())
            codes = encoded.indices.fill_null(-1).to_numpy()
            for asked, host in self._hosts:
                fits = pc.or_(pc.equal(names, host), pc.ends_with(names, f".{host}"))
                hit = np.append(fits.to_numpy(zero_copy_only=False), False)
                rows = np.flatnonzero(hit[codes])
                if len(rows):
                    yield matches(part.shard.ordinal, rows + start, asked, "host", same=True)


class CaptionScan:
    """Captions that name something, or are a text, after folding."""

    def __init__(self, worded: Sequence[tuple[int, ConceptPhrases]], whole: set[int]) -> None:
        self._asked = np.array([asked for asked, _ in worded], np.int64)
        self._matcher = ConceptMatcher([phrases for _, phrases in worded])
        self._whole = {
            place: phrases.phrases[0]
            for place, (asked, phrases) in enumerate(worded)
            if asked in whole
        }

    def __call__(self, part: Part) -> Iterator[pl.DataFrame]:
        for batch in scan_part(part, self._matcher.phrases):
            found = self._matcher.match(batch.captions)
            for place in np.unique(found.concepts).tolist():
                mine = found.rows[found.concepts == place]
                how = "caption"
                if place in self._whole:
                    how = "whole caption"
                    same = pc.equal(batch.captions.take(pa.array(mine)), self._whole[place])
                    mine = mine[same.to_numpy(zero_copy_only=False)]
                rows, asked = batch.rows[mine], int(self._asked[place])
                if len(rows):
                    yield matches(part.shard.ordinal, rows, asked, how, same=True)

    def searched(self, samples: int) -> Searched:
        return Searched("caption", samples, samples, remark="folded, as whole words")


class HashScan(_ColumnScan):
    """Equal values of a column, whatever the case of hexadecimal digits."""

    def __init__(
        self, column: str, values: Sequence[tuple[int, str]], place: str | None = None
    ) -> None:
        super().__init__(column, place or f"column {column}")
        self._wanted = pl.DataFrame(
            {"asked": [asked for asked, _ in values], "value": [v.lower() for _, v in values]},
            schema={"asked": pl.Int32, "value": pl.String},
        )
        self._values_set = pa.array(self._wanted["value"].unique().to_list(), pa.large_string())

    def __call__(self, part: Part) -> Iterator[pl.DataFrame]:
        for start, values in self._batches(part):
            text = pc.utf8_lower(values.cast(pa.large_string()))
            rows = np.flatnonzero(pc.is_in(text, self._values_set).to_numpy(zero_copy_only=False))
            if len(rows):
                hits = pl.DataFrame({"row": rows, "value": pl.Series(text.take(pa.array(rows)))})
                hits = hits.join(self._wanted, on="value")
                yield matches(
                    part.shard.ordinal, hits["row"] + start, hits["asked"], self._column, same=True
                )


class NearHashScan(_ColumnScan):
    """Perceptual hashes that differ in few bits."""

    def __init__(self, column: str, values: Sequence[tuple[int, int]], distance: int) -> None:
        super().__init__(column, f"column {column}", f"up to {distance} of 64 bits differ")
        self._wanted, self._distance = values, distance
        self._comparable = 0

    def __call__(self, part: Part) -> Iterator[pl.DataFrame]:
        for start, values in self._batches(part):
            rows, hashes = numbers_of_hashes(values)
            self._comparable += len(rows)
            for asked, value in self._wanted:
                near, bits = near_hashes(hashes, value, self._distance)
                if len(near):
                    yield matches(
                        part.shard.ordinal, rows[near] + start, asked, self._column, score=bits
                    )

    def searched(self, samples: int) -> Searched:
        remark = self._remark
        if self._comparable < self._values:
            remark += f"; {self._values - self._comparable:,} values are no hash of 64 bits"
        return Searched(self._place, self._comparable, samples, remark=remark)


class ConditionScan:
    """All samples that meet a condition."""

    def __init__(self, condition: Condition, asked: int) -> None:
        self._condition, self._asked = condition, asked

    def __call__(self, part: Part) -> Iterator[pl.DataFrame]:
        for rows in rows_meeting(self._condition, part):
            if len(rows):
                yield matches(part.shard.ordinal, rows, self._asked, "condition", same=True)

    def searched(self, samples: int) -> Searched:
        return Searched("columns of the condition", samples, samples)
