"""Drawing samples of a concept for a person to label, with what they need to see of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from audit._version import __version__
from audit.concepts import Concept
from audit.counts.matching import Progress, VisualMatching, VisualSettings
from audit.counts.scored import ScoredSamples
from audit.counts.seen import SeenStratum, seen_stratum
from audit.datasets.dataset import Dataset
from audit.datasets.lookup import SampleRef, look_up
from audit.datasets.sample_keys import NO_KEYS, shard_and_row
from audit.embeddings.files import read_record
from audit.errors import UsageError
from audit.fetching.selection import remaining_digest
from audit.labels.sampling import CaptionGroup, LabelDraw, ListedSamples, Samples, draw_labels
from audit.labels.task import GroupExtent, LabelTask, TaskSample, known_score
from audit.references.reference_set import ReferenceSet
from audit.shown import Shown
from audit.vectors.images import image_of
from audit.vectors.index import IndexedPart, VectorIndex

#: What a person gets to see of each sample, in this order.
COLUMNS = (
    "label_id", "concept", "stratum", "stratum_size", "weight", "score", "caption", "url", "shard",
    "row", "image", "label",
)  # fmt: skip

#: What a page with the pictures is called; other files are JSON or CSV.
PAGE_SUFFIXES = (".html", ".htm")

_LONGEST_CAPTION = 2000


@dataclass(frozen=True)
class LabelSheet:
    """A labelling task with what a person needs to see of each sample.

    Attributes
    ----------
    rows:
        One for each sample of the task, with the names of :data:`COLUMNS`; ``label`` is empty.
    images:
        For each sample the part of the index that has its image, and the number of the image in
        it; None if it is not there any more.
    references:
        What the concept looks like.
    """

    task: LabelTask
    rows: tuple[dict[str, Any], ...]
    images: tuple[tuple[int, int] | None, ...]
    references: ReferenceSet


@dataclass(frozen=True)
class ExportReport(Shown):
    """What was drawn, and the file that waits for labels."""

    task: LabelTask
    path: Path

    @property
    def is_page(self) -> bool:
        """Whether the file is a page with the pictures, which saves the labels elsewhere."""
        return self.path.suffix.lower() in PAGE_SUFFIXES

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": "audit.label.export/1",
            "dataset": self.task.dataset,
            "concept": self.task.concept,
            "file": str(self.path),
            "samples": len(self.task.samples),
            "seed": self.task.seed,
            "cutoff": self.task.cutoff,
            "task": self.task.id,
            "strata": [
                {
                    "stratum": stratum.title,
                    "size": stratum.size,
                    "drawn": stratum.drawn,
                    "mean_score": stratum.mean_score,
                }
                for stratum in self.task.strata
            ],
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a stratum."""
        return pl.DataFrame(self.to_dict()["strata"], infer_schema_length=None)


def draw_sheet(
    dataset: Dataset,
    index: VectorIndex,
    sought: tuple[Concept, ReferenceSet],
    settings: VisualSettings,
    wanted: int,
    *,
    on_progress: Progress = lambda what, share: None,
) -> LabelSheet:
    """Draw samples of a concept to be labelled, and keep with the dataset which they are.

    Parameters
    ----------
    sought:
        The concept and its references, embedded by the encoder of the index.
    settings:
        How to match, as for counting; their seed is that of the draw too.
    wanted:
        Samples; fewer are drawn where there are not so many.

    Raises
    ------
    UsageError
        If the question is wrong, nothing can be drawn, or the search is to be approximate: the
        estimate by labels rests on how many samples reach the cut-off, all of them.
    StorageError
        If the dataset's folder cannot be written.
    """
    if settings.approximate:
        raise UsageError(
            "Samples to label are drawn by the exact search only.",
            hint="Leave out --approximate here; counts may be approximate all the same.",
        )
    matching = VisualMatching(dataset, index, [sought], settings, on_progress)
    task = draw_task(matching, wanted)
    on_progress("captions and images of the samples", None)
    sheet = label_sheet_of(task, dataset, index, sought[1])
    task.write(dataset)
    return sheet


def draw_task(matching: VisualMatching, wanted: int) -> LabelTask:
    """Draw samples of the one concept that ``matching`` is about.

    Raises
    ------
    UsageError
        If no image of the dataset could be looked at.
    """
    (found,) = matching.scored()
    seen = [seen_stratum(matching, 0, named=named) for named in (True, False)]
    groups = [_group(matching, one, found) for one in seen]
    settings, cutoff = matching.settings, matching.asked[0].cutoff
    draw = draw_labels(groups, found.cutoff, wanted, settings.seed)
    if not len(draw):
        raise UsageError(
            "No sample can be drawn: none has an image that could be looked at.",
            hint="Embed images of the dataset, or leave out the condition.",
        )
    concept = matching.phrases[0]
    return LabelTask(
        dataset=matching.dataset.name,
        dataset_digest=remaining_digest(matching.dataset),
        concept=concept.concept.name,
        wording=concept.wording,
        where=settings.where,
        by=settings.by,
        encoder=matching.index.info.id,
        cutoff=float(cutoff.value),
        sensitivity=cutoff.sensitivity,
        seed=settings.seed,
        named=_extent(seen[0]),
        unnamed=_extent(seen[1]),
        strata=draw.strata,
        samples=_samples(draw),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        tool_version=__version__,
    )


def _group(matching: VisualMatching, seen: SeenStratum, found: ScoredSamples) -> CaptionGroup:
    scene = matching.scene
    mine = seen.holds(found.keys, found.named)
    samples: Samples
    outside = NO_KEYS
    if seen.drawn is not None:
        samples = ListedSamples(seen.drawn[scene.examined.holds(seen.drawn)])
    else:
        named = scene.samples.named[0]
        named = named[scene.examined.holds(named)]
        samples, outside = (
            (ListedSamples(named), NO_KEYS) if seen.named else (scene.examined, named)
        )
    return CaptionGroup(seen.named, samples, outside, found.keys[mine], found.score[mine])


def _extent(seen: SeenStratum) -> GroupExtent:
    return GroupExtent(seen.population, seen.attempted, seen.examined, seen.design)


def _samples(draw: LabelDraw) -> tuple[TaskSample, ...]:
    shards, rows = shard_and_row(draw.key)
    columns = (shards.tolist(), rows.tolist(), draw.stratum.tolist(), draw.score.tolist())
    return tuple(
        TaskSample(shard, row, stratum, known_score(score))
        for shard, row, stratum, score in zip(*columns, strict=True)
    )


def label_sheet_of(
    task: LabelTask, dataset: Dataset, index: VectorIndex, references: ReferenceSet
) -> LabelSheet:
    """What a person needs to see: captions and URLs from the sources, and where images lie.

    Raises
    ------
    SourceError
        If files of the dataset or of its embeddings are damaged.
    """
    refs = [SampleRef(sample.shard, sample.row) for sample in task.samples]
    told = look_up(dataset, set(refs))
    images = _images(index, refs)
    rows = []
    for number, (ref, sample) in enumerate(zip(refs, task.samples, strict=True)):
        stratum = task.strata[sample.stratum]
        source = told.get(ref)
        rows.append(
            {
                "label_id": task.label_id(number),
                "concept": task.concept,
                "stratum": stratum.title,
                "stratum_size": stratum.size,
                "weight": stratum.size / stratum.drawn,
                "score": sample.score,
                "caption": (source.caption or "")[:_LONGEST_CAPTION] if source else "",
                "url": source.url if source else None,
                "shard": source.shard if source else None,
                "row": sample.row,
                "image": images[ref].place if ref in images else None,
                "label": "",
            }
        )
    places = [images.get(ref) for ref in refs]
    return LabelSheet(
        task,
        tuple(rows),
        tuple((place.part, place.image) if place else None for place in places),
        references,
    )


@dataclass(frozen=True)
class _Image:
    part: int
    image: int
    place: str | None  #: where it lies, as far as the embeddings know it


def _images(index: VectorIndex, refs: list[SampleRef]) -> dict[SampleRef, _Image]:
    """The first image of each sample."""
    at = image_of(index, refs)
    found: dict[SampleRef, _Image] = {}
    for number, part in enumerate(index.parts):
        here = {ref: image for ref, (its_part, image) in at.items() if its_part == number}
        places = _places(part, np.array(list(here.values()), np.int64))
        for (ref, image), place in zip(here.items(), places, strict=True):
            found[ref] = _Image(number, image, place)
    return found


def _places(part: IndexedPart, images: NDArray[np.int64]) -> list[str | None]:
    own = part.embeddings.images_path
    table = (
        part.embeddings.images(["image_path"]) if own else part.embeddings.metadata(["image_path"])
    )
    if not len(images) or "image_path" not in table.column_names:
        return [None] * len(images)
    uri = (read_record(own) or {}).get("uri") if own else None
    paths = table["image_path"].take(images).to_pylist()
    return [f"{uri}/{path}" if uri and path is not None else path for path in paths]
