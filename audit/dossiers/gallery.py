"""Which samples of a concept are shown, with what is known of each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.captions.highlight import find_names
from audit.captions.phrases import ConceptPhrases
from audit.counts.sheet_groups import ABOVE, MATCHES, NAMED, UNNAMED, choose_groups
from audit.counts.visual_results import VisualCount, VisualResult
from audit.datasets.dataset import Dataset
from audit.datasets.lookup import SampleRef, SourceSample, look_up
from audit.datasets.parts import part_errors
from audit.datasets.safety import SAFETY_COLUMNS, marked_unsafe
from audit.datasets.sample_keys import sample_keys, shard_and_row
from audit.vectors.images import first_images
from audit.vectors.index import VectorIndex

#: An image of the index: part, and number in it.
Place = tuple[int, int]

NO_INDEX = "no image of this dataset is at hand: none is embedded and indexed"
NO_IMAGE = "none of its samples has an image at hand"


@dataclass(frozen=True)
class GalleryImage:
    """One sample that is shown.

    Attributes
    ----------
    named, score, above:
        As in :class:`audit.counts.scored.ScoredSamples`; None where nobody looked.
    unsafe:
        Whether the dataset marks it so; None if it does not tell.
    """

    place: Place
    shard: str
    row: int
    caption: str
    spans: tuple[tuple[int, int], ...]
    url: str | None
    named: bool | None
    score: float | None
    above: bool | None
    unsafe: bool | None

    def to_dict(self) -> dict[str, Any]:
        told = {name: value for name, value in vars(self).items() if name != "place"}
        return {**told, "spans": [list(span) for span in self.spans]}


@dataclass(frozen=True)
class Gallery:
    """Samples that are shown, of how many; or why there are none."""

    of: int
    images: tuple[GalleryImage, ...] = ()
    why_none: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "of": self.of,
            "why_none": self.why_none,
            "images": [image.to_dict() for image in self.images],
        }


@dataclass(frozen=True)
class _Chosen:
    ref: SampleRef
    place: Place
    named: bool | None
    score: float | None = None
    above: bool | None = None


def galleries(
    dataset: Dataset,
    concepts: Sequence[ConceptPhrases],
    index: VectorIndex | None,
    visual: VisualResult | None,
    samples: Path,
    each: int,
    seed: int,
) -> list[Gallery]:
    """The gallery of every concept: at most ``each`` samples.

    After a visual count a third each of the matches next to the cut-off, of those that are named
    and of those that are not, the latter two at random; else caption matches at random, of those
    with an image.

    Parameters
    ----------
    samples:
        The evidence file of caption matches.
    """
    if index is None or not each:
        return [Gallery(0, (), NO_INDEX)] * len(concepts)
    if visual is not None:
        chosen = [_of_visual(count, visual.by == "both", each, seed) for count in visual.counts]
    else:
        chosen = _of_captions(index, samples, len(concepts), each, seed)
    refs = {one.ref for _, some in chosen for one in some}
    told, unsafe = look_up(dataset, refs), unsafe_samples(dataset, refs)
    return [
        Gallery(
            of,
            tuple(_image(one, told[one.ref], unsafe[one.ref], phrases) for one in some),
            None if some else NO_IMAGE,
        )
        for (of, some), phrases in zip(chosen, concepts, strict=True)
    ]


def _image(
    one: _Chosen, sample: SourceSample, unsafe: bool | None, phrases: ConceptPhrases
) -> GalleryImage:
    caption, spans = find_names(sample.caption or "", phrases.phrases)
    return GalleryImage(
        one.place, sample.shard, one.ref.row, caption, tuple(spans), sample.url,
        one.named, one.score, one.above, unsafe,
    )  # fmt: skip


def _of_visual(
    count: VisualCount, captions_read: bool, each: int, seed: int
) -> tuple[int, list[_Chosen]]:
    found = count.scored
    named = found.named if captions_read else None
    groups = choose_groups(found.score, named, found.cutoff, -(-each // 3), seed)
    wanted = [groups[name] for name in (NAMED, UNNAMED, MATCHES, ABOVE) if name in groups]
    members = list(dict.fromkeys(np.concatenate(wanted).tolist()))[:each]
    chosen = [
        _Chosen(
            SampleRef(int(found.shard[n]), int(found.row[n])),
            (int(found.part[n]), int(found.image[n])),
            bool(found.named[n]) if captions_read else None,
            float(found.score[n]),
            bool(found.above[n]),
        )
        for n in members
    ]
    return int(found.above.sum()), chosen


def _of_captions(
    index: VectorIndex, samples: Path, concepts: int, each: int, seed: int
) -> list[tuple[int, list[_Chosen]]]:
    table = pq.read_table(samples, columns=["concept_number", "shard_number", "row"])
    number = table["concept_number"].to_numpy()
    keys = sample_keys(table["shard_number"].to_numpy(), table["row"].to_numpy())
    with_image, parts, images = first_images(index, np.unique(keys))
    place = np.searchsorted(with_image, keys)
    place[place == len(with_image)] = 0
    has = with_image[place] == keys if len(with_image) else np.zeros(len(keys), np.bool_)
    number, keys, place = number[has], keys[has], place[has]
    picked = _drawn(number, each, seed)
    number, keys, place = number[picked], keys[picked], place[picked]
    shards, rows = shard_and_row(keys)
    chosen: list[list[_Chosen]] = [[] for _ in range(concepts)]
    for n, shard, row, at in zip(
        number.tolist(), shards.tolist(), rows.tolist(), place.tolist(), strict=True
    ):
        image = (int(parts[at]), int(images[at]))
        chosen[n].append(_Chosen(SampleRef(shard, row), image, True))
    of = np.bincount(table["concept_number"].to_numpy(), minlength=concepts)
    return list(zip(of.tolist(), chosen, strict=True))


def _drawn(number: NDArray[np.integer], each: int, seed: int) -> NDArray[np.int64]:
    """At most ``each`` places of every number, at random."""
    order = np.lexsort((np.random.default_rng(seed).random(len(number)), number))
    ordered = number[order]
    rank = np.arange(len(order)) - np.searchsorted(ordered, ordered, side="left")
    return np.asarray(order[rank < each])


def unsafe_samples(dataset: Dataset, refs: Collection[SampleRef]) -> dict[SampleRef, bool | None]:
    """Whether samples are marked as unsafe; None where the dataset does not tell."""
    columns = [name for name in SAFETY_COLUMNS if name in dataset.columns]
    told: dict[SampleRef, bool | None] = dict.fromkeys(refs)
    if not columns:
        return told
    for part, rows in _by_part(dataset, refs):
        with part_errors(part):
            table = pq.read_table(part, columns=columns).take(pa.array([ref.row for ref in rows]))
        read = {name: table[name].combine_chunks() for name in columns}
        told |= dict(zip(rows, marked_unsafe(read, len(rows)).to_pylist(), strict=True))
    return told


def _by_part(
    dataset: Dataset, refs: Collection[SampleRef]
) -> Iterator[tuple[Path, list[SampleRef]]]:
    for part in dataset.parts:
        mine = [ref for ref in refs if ref.ordinal == part.shard.ordinal]
        if mine:
            yield part.path, mine
