"""How many different URLs a dataset has, without remembering them all."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

#: Up to this many rows the hashes are simply collected (128 MB) and the answer is exact.
EXACT_ROWS = 1 << 24
SKETCH_SIZE = 1 << 12


class DistinctSketch:
    """The smallest of all hashes seen: k minimum values (Beyer et al. 2007).

    Uniform 64-bit hashes in, sketches of parts merge into the sketch of the whole. With k values
    kept, the k-th smallest hash of D different ones is near k / D of the range.
    """

    def __init__(self, smallest: NDArray[np.uint64] | None = None) -> None:
        self.smallest = np.empty(0, np.uint64) if smallest is None else smallest

    def add(self, hashes: NDArray[np.uint64]) -> None:
        if len(self.smallest) == SKETCH_SIZE:
            hashes = hashes[hashes < self.smallest[-1]]
        if len(hashes):
            self.smallest = np.unique(np.concatenate((self.smallest, hashes)))[:SKETCH_SIZE]

    def estimate(self) -> DistinctUrls:
        """The number of different hashes, with a 95 % interval.

        (k - 1) / U, where U is the k-th smallest hash as a share of the range, is unbiased and
        has relative variance 1 / (k - 2); the interval is the normal one.
        """
        kept = len(self.smallest)
        if kept < SKETCH_SIZE:
            return DistinctUrls(kept, kept, kept, "exact")
        value = (kept - 1) / ((int(self.smallest[-1]) + 1) / 2**64)
        spread = 1.96 / np.sqrt(kept - 2)
        low, high = value * (1 - spread), value * (1 + spread)
        return DistinctUrls(round(value), round(low), round(high), f"k minimum values, k={kept}")

    def to_text(self) -> str:
        return base64.b64encode(self.smallest.astype("<u8").tobytes()).decode()

    @classmethod
    def from_text(cls, text: str) -> DistinctSketch:
        return cls(np.frombuffer(base64.b64decode(text), "<u8").astype(np.uint64))


@dataclass(frozen=True)
class DistinctUrls:
    """Different URLs of a dataset; null URLs are in no count."""

    value: int
    low: int
    high: int
    method: str  #: "exact", or the name of the estimator

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def distinct_urls(paths: Iterable[str], rows: int, sketches: Iterable[str]) -> DistinctUrls:
    """Different URLs over all parts: exact below :data:`EXACT_ROWS`, else from the sketches.

    Two URLs count as one if the first 64 bits of their MD5 agree; among 16 million URLs that is
    expected 0.000008 times.
    """
    if rows > EXACT_ROWS:
        whole = DistinctSketch()
        for text in sketches:
            whole.add(DistinctSketch.from_text(text).smallest)
        return whole.estimate()
    collected = []
    for path in paths:
        with pq.ParquetFile(path) as part:
            if "url_hash" in part.schema_arrow.names:
                for batch in part.iter_batches(1 << 17, columns=["url_hash"]):
                    collected.append(batch.column(0).drop_null().to_numpy())
    hashes = np.sort(np.concatenate(collected)) if collected else np.empty(0, np.uint64)
    count = int(np.count_nonzero(hashes[1:] != hashes[:-1])) + bool(len(hashes))
    return DistinctUrls(count, count, count, "exact")
