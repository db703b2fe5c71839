"""What was said of a labelling task, and what follows for a concept's number.

Labels come in two ways, in two files beside their task: a file that was imported replaces the one
imported before, and the journal of `audit serve` only grows. Neither touches the other. What is
said in both, by however many people, is put together here, when it is read.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from audit.errors import SourceError
from audit.estimates.prediction_powered import (
    UNSURE,
    Extent,
    LabelledEstimate,
    LabelledStratum,
    estimate_with_labels,
)
from audit.estimates.prevalence import Estimate
from audit.labels.journal import FILE as JOURNAL
from audit.labels.journal import read_journal
from audit.labels.task import GroupExtent, LabelTask
from audit.labels.voices import Agreement, Answer, Voice, agreement, one_answer, united

SCHEMA = "audit.labels/1"
#: What was imported.
IMPORTED = "labels.json"


@dataclass(frozen=True)
class StoredLabels:
    """The answers to a labelling task, of one person or several.

    Attributes
    ----------
    voices:
        What each person said; at least one, each with an answer.
    digest:
        SHA-256 of the file that they came in; of the digests of two, a line each.
    source:
        Where they came from: the file that was imported, the journal, or both.
    remarks:
        What of it cannot be read, a sentence each.
    """

    task: LabelTask
    voices: tuple[Voice, ...]
    digest: str
    source: str
    remarks: tuple[str, ...] = ()

    @cached_property
    def answers(self) -> dict[int, int]:
        """Number of the sample in the task -> YES, NO or UNSURE; see :mod:`audit.labels.voices`."""
        return one_answer(self.voices)

    @property
    def who(self) -> str:
        """Everybody who labelled."""
        *others, last = (voice.who for voice in self.voices)
        return f"{', '.join(others)} and {last}" if others else last

    @property
    def when(self) -> str:
        """When the last answer was given, or stored (ISO 8601, UTC)."""
        return max((voice.when for voice in self.voices), key=datetime.fromisoformat)

    @cached_property
    def agreement(self) -> Agreement:
        return agreement(self.voices)

    @property
    def told(self) -> str:
        """How many labels, whose, and when given."""
        return f"{len(self.answers):,} labels by {self.who} of {self.when[:10]}"

    @cached_property
    def skipped(self) -> tuple[int, ...]:
        """Samples without an answer that stand before one that has one.

        The order of a stratum is random, so that whoever stops early leaves a random rest. Who
        skips samples may do so because they are hard: these count as unsure.
        """
        last: dict[int, int] = {}
        for number in sorted(self.answers):
            last[self.task.samples[number].stratum] = number
        return tuple(
            number
            for number, sample in enumerate(self.task.samples)
            if number not in self.answers and number < last.get(sample.stratum, -1)
        )

    @cached_property
    def strata(self) -> list[LabelledStratum]:
        """The strata of the task with their labels."""
        given = {**dict.fromkeys(self.skipped, UNSURE), **self.answers}
        strata = []
        for number, drawn in enumerate(self.task.strata):
            mine = sorted(n for n in given if self.task.samples[n].stratum == number)
            scores = [self.task.samples[n].score for n in mine]
            strata.append(
                LabelledStratum(
                    drawn.named,
                    drawn.above,
                    drawn.size,
                    np.array([given[n] for n in mine], np.int8),
                    np.array([np.nan if s is None else s for s in scores], np.float64),
                    drawn.mean_score,
                )
            )
        return strata

    @cached_property
    def estimate(self) -> LabelledEstimate:
        """How many samples show the concept, of all that there are.

        It holds for the samples that had an image when they were drawn, whatever the cut-off is
        today. Dead links are taken for like the living; samples whose image nobody looked for, and
        nobody knows why, may show the concept or not.
        """
        task = self.task
        found = estimate_with_labels(
            self.strata,
            named=_extent(task.named),
            unnamed=_extent(task.unnamed),
            sensitivity=task.sensitivity if task.sensitivity.known else None,
            seed=task.seed,
        )
        unseen = [_never_looked_for(group) for group in (task.named, task.unnamed)]
        return dataclasses.replace(
            found,
            named=_with_unseen(found.named, unseen[0]),
            unnamed=_with_unseen(found.unnamed, unseen[1]),
            total=_with_unseen(found.total, sum(unseen)),
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            **self.estimate.to_dict(),
            "drawn": len(self.task.samples),
            "skipped": len(self.skipped),
            "labelled_by": self.who,
            "labelled_at": self.when,
            "people": [{"who": voice.who, "labels": len(voice.answers)} for voice in self.voices],
            "labelled_by_several": self.agreement.by_several,
            "labelled_alike": self.agreement.alike,
            "labels_sha256": self.digest,
            "task": self.task.id,
            "drawn_at": self.task.created,
            "drawn_at_cutoff": self.task.cutoff,
            "drawn_with_encoder": self.task.encoder,
        }


def has_labels(folder: Path) -> bool:
    """Whether anybody has said anything of the task in a folder."""
    return (folder / IMPORTED).exists() or (folder / JOURNAL).exists()


def stored_labels(folder: Path, task: LabelTask) -> StoredLabels | None:
    """All that people said of the task in a folder; None if nobody said anything.

    Raises
    ------
    SourceError
        If labels are damaged.
    """
    voices, digests, sources = [], [], []
    remarks: tuple[str, ...] = ()
    if (folder / IMPORTED).exists():
        imported = read_imported(folder / IMPORTED, task)
        voices.append(imported.voice)
        digests.append(imported.digest)
        sources.append(imported.source)
    journal = read_journal(folder, task)
    if journal is not None:
        voices += journal.voices
        remarks = journal.remarks
        digests.append(journal.digest)
        sources.append(str(folder / JOURNAL))
    together = united(voices)
    if not together:
        return None
    digest = digests[0] if len(digests) == 1 else _sha256("\n".join(digests))
    return StoredLabels(task, together, digest, " and ".join(sources), remarks)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class _Imported:
    voice: Voice
    digest: str
    source: str


def read_imported(path: Path, task: LabelTask) -> _Imported:
    try:
        record = json.loads(path.read_bytes())
        if record["schema"] != SCHEMA:
            raise ValueError("its format is another")
        who, when, digest, source = (record[k] for k in ("who", "when", "sha256", "source"))
        answers = {int(n): Answer(int(answer), when) for n, answer in record["answers"].items()}
        if not set(answers) <= set(range(len(task.samples))):
            raise ValueError("it has labels of samples that were not drawn")
        return _Imported(Voice(who, answers), digest, source)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(
            f"{path}: is damaged, or of another version of audit ({error}).",
            hint="Import the labels again with `audit label import`, or remove this file.",
        ) from error


def _extent(group: GroupExtent) -> Extent:
    reached = group.attempted if group.design == "unknown" else group.population
    return Extent(reached, group.examined)


def _never_looked_for(group: GroupExtent) -> int:
    return group.population - group.attempted if group.design == "unknown" else 0


def _with_unseen(estimate: Estimate, unseen: int) -> Estimate:
    return Estimate(estimate.value, estimate.low, estimate.high + unseen)
