"""Finding samples: `audit lookup`, and what `audit remove-samples` will remove."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from audit.datasets.conditions import Condition
from audit.datasets.dataset import Dataset, Part
from audit.datasets.lookup import SampleRef, SourceSample, look_up
from audit.datasets.sample_keys import NO_ROWS, sample_keys
from audit.datasets.scan import rows_meeting
from audit.errors import UsageError
from audit.removal.found import Found, NotSearched, Searched, together
from audit.removal.hashes import as_number
from audit.removal.listed import ListedSamples
from audit.removal.pictures import IndexedPictures, Picture
from audit.removal.scans import (
    CaptionScan,
    ConditionScan,
    HashScan,
    HostScan,
    NearHashScan,
    Scan,
    UrlScan,
)
from audit.removal.wanted import HashValue, Wanted, is_hex

#: Samples that are shown, unless somebody says otherwise.
SHOWN = 20

#: So many URLs that were found by their hash are compared to the letter, at the source.
_VERIFIED = 10_000

OnProgress = Callable[[str, float | None], None]


def find_samples(
    dataset: Dataset,
    wanted: Wanted,
    *,
    shown: int | None = SHOWN,
    on_progress: OnProgress = lambda what, share: None,
) -> Found:
    """Find samples; those that were removed already too, which the answer tells apart.

    Parts are read one after the other, and of each only the columns that tell; memory grows with
    what is found. Sources are read for the samples that are shown, and to compare URLs. Nothing is
    looked up on the network.

    Parameters
    ----------
    shown:
        Samples of which caption and URL are read; None: all.

    Raises
    ------
    UsageError
        If the question is wrong: see :class:`audit.removal.wanted.Wanted`, and
        :class:`audit.removal.listed.ListedSamples`.
    ConditionError
        If ``where`` is no condition on the dataset's columns.
    SourceError
        If an image that is looked for cannot be read, or the dataset is damaged.
    """
    search = _Search(dataset, wanted)
    total = sum(part.shard.rows or 0 for part in dataset.parts)
    frames, done = [], 0
    for part in dataset.parts:
        frames.append(search.in_part(part))
        done += part.shard.rows or 0
        on_progress(f"{done:,} of {total:,} samples", done / total if total else None)
    if search.pictures is not None:
        on_progress("images", None)
        frames += search.meeting_only(search.pictures.found())
    whole = together(frames)
    searched = [scan.searched(total) for scan in search.scans]
    not_searched = list(search.not_searched)
    if search.listed is not None and search.listed.is_by_place:
        searched.append(Searched("samples of the list", total, total))
    if search.pictures is not None:
        searched += search.pictures.searched
        not_searched += search.pictures.not_searched
    if search.urls is not None:
        on_progress("URLs at their sources", None)
        whole = _with_urls_compared(dataset, search.urls, whole)
    refs = _first_samples(whole, shown)
    removed = dataset.removed
    return Found(
        dataset=dataset.name,
        coverage=dataset.coverage,
        asked=wanted.asked,
        matches=whole,
        removed=removed.keys,
        removed_by=_removed_by(dataset, refs),
        searched=tuple(searched),
        not_searched=tuple(not_searched),
        shards={part.shard.ordinal: part.shard.uri for part in dataset.parts},
        shown=_told(dataset, refs),
        where=wanted.where,
        spellings=search.urls.tried if search.urls is not None else 0,
    )


@dataclass
class _Search:
    """What is done with each part."""

    dataset: Dataset
    wanted: Wanted
    scans: list[Scan] = field(default_factory=list)
    not_searched: list[NotSearched] = field(default_factory=list)
    urls: UrlScan | None = None
    listed: ListedSamples | None = None
    pictures: IndexedPictures | None = None
    _condition: Condition | None = None

    def __post_init__(self) -> None:
        wanted = self.wanted
        if wanted.where is not None:
            self._condition = Condition(wanted.where, self.dataset)
        if wanted.urls and self._has("url_hash", "URL"):
            self.urls = UrlScan(wanted.urls, wanted.number("url"), exactly=wanted.exactly)
            self.scans.append(self.urls)
        if wanted.hosts and self._has("host", "host"):
            self.scans.append(HostScan(wanted.hosts, wanted.number("host")))
        if worded := wanted.worded():
            whole = {wanted.number("whole caption", n) for n in range(len(wanted.whole_captions))}
            self.scans.append(CaptionScan(worded, whole))
        if wanted.file is not None:
            self._take_list(ListedSamples(wanted.file, self.dataset, wanted.number("file")))
        hashes = wanted.hash_values(self.dataset)
        images = [
            Picture.of(path, wanted.number("image", n)) for n, path in enumerate(wanted.images)
        ]
        self._scan_hashes(hashes, images)
        known = images + [_as_picture(one) for one in hashes]
        known = [one for one in known if one.sha256 or one.phash is not None]
        if known:
            self.pictures = IndexedPictures(self.dataset, known, wanted.distance, wanted.similarity)
        if len(wanted.asked) == 1 and wanted.asked[0].by == "where":
            assert self._condition is not None
            self.scans.append(ConditionScan(self._condition, 0))

    def _has(self, column: str, what: str) -> bool:
        there = column in self.dataset.columns
        if not there:
            self.not_searched.append(NotSearched(what, "the dataset has no such column"))
        return there

    def _take_list(self, listed: ListedSamples) -> None:
        self.listed = listed
        if listed.is_by_place or not self._has("url_hash", "URL"):
            return
        asked = self.wanted.number("file")
        hashes = [(asked, str(value)) for value in listed.url_hashes.to_list()]
        self.scans.append(HashScan("url_hash", hashes, "URL"))

    def _scan_hashes(self, hashes: list[HashValue], images: list[Picture]) -> None:
        """Scans of the hash columns, for hashes that were given and for those of images."""
        equal: dict[str, list[tuple[int, str]]] = {}
        near: dict[str, list[tuple[int, int]]] = {}
        for one in hashes:
            if not one.columns:
                self.not_searched.append(
                    NotSearched(f"columns for hash {one.value!r}", "the dataset has none that fits")
                )
            for column in one.columns:
                number = as_number(one.value) if column == "phash" else None
                if number is not None:
                    near.setdefault(column, []).append((one.asked, number))
                else:
                    equal.setdefault(column, []).append((one.asked, one.value))
        for picture in images:
            for column, value in (("sha256", picture.sha256), ("md5", picture.md5)):
                if value and self._has_once(column):
                    equal.setdefault(column, []).append((picture.asked, value))
            if picture.phash is None:
                self.not_searched.append(
                    NotSearched("perceptual hash", f"{picture.path} is of one colour and has none")
                )
            elif self._has_once("phash"):
                near.setdefault("phash", []).append((picture.asked, picture.phash))
        self.scans += [HashScan(column, values) for column, values in equal.items()]
        self.scans += [
            NearHashScan(column, values, self.wanted.distance) for column, values in near.items()
        ]

    def _has_once(self, column: str) -> bool:
        what = f"column {column}"
        if any(one.place == what for one in self.not_searched):
            return False
        return self._has(column, what)

    def in_part(self, part: Part) -> pl.DataFrame:
        """What is found in a part; memory grows with it."""
        everything = replace(part, removed=NO_ROWS)
        found = [frame for scan in self.scans for frame in scan(everything)]
        if self.listed is not None and self.listed.is_by_place:
            found.append(self.listed.in_part(part.shard.ordinal))
        return self._meeting(everything, together(found))

    def _meeting(self, part: Part, found: pl.DataFrame) -> pl.DataFrame:
        if self._condition is None or not len(found):
            return found
        meeting = [np.empty(0, np.int64), *rows_meeting(self._condition, part)]
        return found.filter(pl.col("row").is_in(np.concatenate(meeting)))

    def meeting_only(self, frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Matches of images in the samples that meet the condition, and are there at all."""
        parts = {part.shard.ordinal: part for part in self.dataset.parts}
        found = together(frames)
        for (ordinal,), mine in found.group_by("shard", maintain_order=True):
            part = parts.get(int(str(ordinal)))
            if part is not None:
                mine = mine.filter(pl.col("row") < (part.shard.rows or 0))
                yield self._meeting(replace(part, removed=NO_ROWS), mine)


def _as_picture(one: HashValue) -> Picture:
    """A hash that was given, to be looked for among images too."""
    sha256 = phash = None
    if one.named in (None, "sha256") and is_hex(one.value, 64):
        sha256 = one.value.lower()
    if one.named == "phash" or (one.named is None and is_hex(one.value, 16)):
        phash = as_number(one.value)
    return Picture(one.asked, sha256, None, phash)


def _with_urls_compared(dataset: Dataset, scan: UrlScan, found: pl.DataFrame) -> pl.DataFrame:
    """Matches by URL, compared to the letter where the source is at hand.

    What has the same 64 bits and another URL is no match.
    """
    by_hash = found.filter(pl.col("how").str.starts_with("URL")).head(_VERIFIED)
    if not len(by_hash):
        return found
    refs = {SampleRef(*pair) for pair in by_hash.select("shard", "row").iter_rows()}
    told = look_up(dataset, refs)
    same = []
    for match in by_hash.iter_rows(named=True):
        sample = told.get(SampleRef(match["shard"], match["row"]))
        known = sample is not None and sample.from_source and sample.url is not None
        same.append(scan.agrees(match["asked"], sample.url or "") if known and sample else None)
    compared = by_hash.with_columns(pl.Series("same", same, dtype=pl.Boolean))
    keys = ["shard", "row", "asked", "how"]
    rest = found.join(compared, on=keys, how="anti")
    return together([rest, compared.filter(pl.col("same").ne_missing(False))])


def _first_samples(found: pl.DataFrame, shown: int | None) -> list[SampleRef]:
    pairs = found.select("shard", "row").unique(maintain_order=True)
    pairs = pairs if shown is None else pairs.head(shown)
    return [SampleRef(*pair) for pair in pairs.iter_rows()]


def _told(dataset: Dataset, refs: list[SampleRef]) -> dict[SampleRef, SourceSample]:
    told = look_up(dataset, refs)
    return {ref: told[ref] for ref in refs if ref in told}


def _removed_by(dataset: Dataset, refs: list[SampleRef]) -> dict[int, str]:
    """Of the samples shown, the removals that took them, the first of each."""
    if not dataset.removed or not refs:
        return {}
    by_shard: dict[int, list[int]] = {}
    for ref in refs:
        by_shard.setdefault(ref.ordinal, []).append(ref.row)
    found: dict[int, str] = {}
    for ordinal, some in by_shard.items():
        rows = np.array(some, np.int64)
        first = dataset.removed.first_removals(ordinal, rows)
        keys = sample_keys(ordinal, rows).tolist()
        found |= {key: one for key, one in zip(keys, first, strict=True) if one is not None}
    return found


def as_of_now(dataset: Dataset, found: Found) -> Found:
    """What was found, with what was removed since: ``dataset`` is the same, opened later."""
    return replace(
        found,
        coverage=dataset.coverage,
        removed=dataset.removed.keys,
        removed_by=_removed_by(dataset, list(found.shown)),
    )


def check_is_there(found: Found) -> None:
    """Refuse to act on a search that could not look anywhere.

    Raises
    ------
    UsageError
        If nothing was searched.
    """
    if not found.searched:
        reasons = "; ".join(f"{one.place}: {one.reason}" for one in found.not_searched)
        raise UsageError(
            f"{found.dataset}: none of it can be looked for ({reasons}).",
            hint="`audit show` tells which columns the dataset has.",
        )
