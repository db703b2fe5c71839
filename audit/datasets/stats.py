"""What is counted about a shard while it is ingested; shards add up to a dataset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: Upper edges, in characters, of the classes in which caption lengths are counted: each at most
#: an eighth wider than the one before, so that a quantile read off them is as exact.
LENGTH_EDGES = tuple(sorted({int(np.ceil(1.125**power)) for power in range(120)}))


@dataclass
class ShardStats:
    """Counts over the rows of a shard; addable."""

    rows: int = 0
    null_captions: int = 0
    #: Captions that are there and have no letter or digit: nothing can be named in them.
    wordless_captions: int = 0
    #: Samples without URL, or with a blank one.
    null_urls: int = 0
    #: Captions with invalid UTF-8 (lone surrogates too), read with U+FFFD in its place.
    repaired_captions: int = 0
    #: Lines of a text file that do not fit its columns; they are not rows of the dataset.
    rejected_lines: int = 0
    longest_caption: int = 0  #: characters
    lengths: list[int] = field(default_factory=lambda: [0] * (len(LENGTH_EDGES) + 1))

    def add_batch(
        self, captions: pa.Array, folded: pa.Array, urls: pa.Array | None, repaired: int
    ) -> None:
        """Count one batch of (n,) captions, as read and folded, and their URLs.

        URLs that are blank are given as null.
        """
        self.rows += len(captions)
        self.null_captions += captions.null_count
        self.wordless_captions += int(pc.sum(pc.equal(folded, " ")).as_py() or 0)
        self.null_urls += len(captions) if urls is None else urls.null_count
        self.repaired_captions += repaired
        lengths = pc.utf8_length(captions.drop_null()).to_numpy(zero_copy_only=False)
        if len(lengths):
            self.longest_caption = max(self.longest_caption, int(lengths.max()))
            places = np.searchsorted(LENGTH_EDGES, lengths, side="left")
            counts = np.bincount(places, minlength=len(self.lengths))
            self.lengths = [a + b for a, b in zip(self.lengths, counts.tolist(), strict=True)]

    @property
    def urls(self) -> int:
        """Samples with a URL."""
        return self.rows - self.null_urls

    def length_quantile(self, share: float) -> int | None:
        """Caption length, in characters, that ``share`` of the captions do not exceed."""
        total = sum(self.lengths)
        if not total:
            return None
        place = int(np.searchsorted(np.cumsum(self.lengths), share * total))
        return min(LENGTH_EDGES[min(place, len(LENGTH_EDGES) - 1)], self.longest_caption)

    @property
    def caption_characters(self) -> dict[str, int | None]:
        """Lengths of the captions: quantiles (to about an eighth) and the longest."""
        return {
            "median": self.length_quantile(0.5),
            "p95": self.length_quantile(0.95),
            "longest": self.longest_caption,
        }

    def summary(self) -> dict[str, Any]:
        """What answers tell of the captions and URLs; :meth:`to_dict` is what is stored."""
        return {
            "null_captions": self.null_captions,
            "wordless_captions": self.wordless_captions,
            "repaired_captions": self.repaired_captions,
            "null_urls": self.null_urls,
            "caption_characters": self.caption_characters,
        }

    def to_dict(self) -> dict[str, Any]:
        record = asdict(self)
        while record["lengths"] and not record["lengths"][-1]:
            record["lengths"].pop()
        return record

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> ShardStats:
        stats = cls(**record)
        stats.lengths += [0] * (len(LENGTH_EDGES) + 1 - len(stats.lengths))
        return stats

    @classmethod
    def total(cls, shards: Iterable[ShardStats]) -> ShardStats:
        whole = cls()
        for shard in shards:
            for name in vars(whole):
                if name == "longest_caption":
                    whole.longest_caption = max(whole.longest_caption, shard.longest_caption)
                elif name == "lengths":
                    pairs = zip(whole.lengths, shard.lengths, strict=True)
                    whole.lengths = [a + b for a, b in pairs]
                else:
                    setattr(whole, name, getattr(whole, name) + getattr(shard, name))
        return whole
