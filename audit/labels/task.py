"""A labelling task: which samples of a dataset were drawn for a concept, and how.

It is kept with the dataset when the samples are exported. What a person sends back then needs the
labels only, and nothing that the estimate rests on can be changed in the file on the way.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from audit.captions.phrases import Wording
from audit.datasets.dataset import Dataset
from audit.datasets.files import written_whole
from audit.embeddings.places import slug
from audit.errors import SourceError
from audit.labels.sampling import DrawnStratum
from audit.references.sensitivity import FoundReferences

SCHEMA = "audit.labels.task/1"


@dataclass(frozen=True)
class GroupExtent:
    """The samples whose caption names the concept, or whose does not, and how they were seen.

    Attributes
    ----------
    population:
        Samples of the group.
    attempted, examined:
        Of these, those whose image was looked for, and could be looked at.
    design:
        How the attempted ones were chosen: ``all``, ``random`` or ``unknown``.
    """

    population: int
    attempted: int
    examined: int
    design: str


@dataclass(frozen=True)
class TaskSample:
    """One sample that was drawn; ``stratum`` is its number, ``score`` None if unknown."""

    shard: int
    row: int
    stratum: int
    score: float | None


@dataclass(frozen=True)
class LabelTask:
    """Samples that were drawn to be labelled; see the module.

    Attributes
    ----------
    where, by:
        As in :class:`audit.counts.matching.VisualSettings`.
    encoder, cutoff, sensitivity:
        What scored the samples, from which score on it takes an image for the concept, and what
        the references told of what that misses.
    samples:
        In the order of the draw, which is random: the first ones are a random sample too.
    """

    dataset: str
    dataset_digest: str
    concept: str
    wording: Wording
    where: str | None
    by: str
    encoder: str
    cutoff: float
    sensitivity: FoundReferences
    seed: int
    named: GroupExtent
    unnamed: GroupExtent
    strata: tuple[DrawnStratum, ...]
    samples: tuple[TaskSample, ...]
    created: str  #: ISO 8601, UTC
    tool_version: str

    @cached_property
    def id(self) -> str:
        """Eight hexadecimal digits; the same draw has the same."""
        drawn = {name: value for name, value in self.to_dict().items() if name not in _NOT_DRAWN}
        text = json.dumps(drawn, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @property
    def folder_name(self) -> str:
        return f"{slug(self.concept)}-{self.id}"

    @property
    def saved_as(self) -> str:
        """What a page that people label on calls the file of their labels."""
        return f"labels-{self.id}.csv"

    def label_id(self, number: int) -> str:
        """What the sample of that number, from 0 on, is called in the file that is labelled."""
        return f"{self.id}-{number + 1:0{len(str(len(self.samples)))}d}"

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self)}

    def write(self, dataset: Dataset) -> Path:
        """Keep the task with the dataset.

        Raises
        ------
        StorageError
            If the dataset's folder cannot be written.
        """
        path = tasks_folder(dataset) / self.folder_name / "task.json"
        with written_whole(path) as stream:
            stream.write(json.dumps(self.to_dict(), ensure_ascii=False).encode())
        return path

    @classmethod
    def read(cls, path: Path) -> LabelTask:
        """Read a task that was kept.

        Raises
        ------
        SourceError
            If it is damaged or of an incompatible version.
        """
        try:
            record = json.loads(path.read_bytes())
            if record.pop("schema") != SCHEMA:
                raise ValueError("its format is another")
            wording = {name: tuple(values) for name, values in record.pop("wording").items()}
            return cls(
                **{name: record.pop(name) for name in _PLAIN},
                wording=Wording(**wording),
                sensitivity=FoundReferences(**record.pop("sensitivity")),
                named=GroupExtent(**record.pop("named")),
                unnamed=GroupExtent(**record.pop("unnamed")),
                strata=tuple(DrawnStratum(**stratum) for stratum in record.pop("strata")),
                samples=tuple(TaskSample(**sample) for sample in record.pop("samples")),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceError(
                f"{path}: is damaged, or of another version of audit ({error}).",
                hint="Remove the folder that it is in, and draw samples again with "
                "`audit label export`.",
            ) from error


_NOT_DRAWN = ("created", "tool_version")
_PLAIN = (
    "dataset", "dataset_digest", "concept", "where", "by", "encoder", "cutoff", "seed", "created",
    "tool_version",
)  # fmt: skip


def known_score(score: float) -> float | None:
    return None if math.isnan(score) else score


def tasks_folder(dataset: Dataset) -> Path:
    """Where a dataset keeps its labelling tasks and their labels, a folder each."""
    return dataset.folder / "labels"


def tasks_of(dataset: Dataset) -> list[Path]:
    """The ``task.json`` of all tasks of a dataset."""
    return sorted(tasks_folder(dataset).glob("*/task.json"))
