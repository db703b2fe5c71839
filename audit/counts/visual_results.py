"""What counting by image answers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import polars as pl

from audit.captions.phrases import ConceptPhrases, Finding
from audit.counts.matching import By, VisualSettings
from audit.counts.scored import ScoredSamples
from audit.counts.strata import Stratum
from audit.datasets.dataset import Coverage
from audit.encoders.encoder import EncoderInfo
from audit.estimates.prediction_powered import LabelledEstimate
from audit.estimates.prevalence import Estimate
from audit.references.cutoffs import CutOff
from audit.references.reference_set import ReferenceSet
from audit.shown import Shown

SCHEMA = "audit.count.visual/1"

_METHOD = (
    "images whose similarity to the references reaches the cut-off, {found}; corrected for "
    "misses (Rogan-Gladen, sensitivity from the references' similarity to each other) and for "
    "false positives (at most what the scores just below the cut-off allow); interval by test "
    "inversion, mid-p, 95 %"
)
_EXACT = "counted exactly"
_APPROXIMATE = "as far as an approximate search finds them, its misses measured on a random sample"
ASSUMPTION = (
    "the references are to the encoder like the dataset's images of the concept; scores of other "
    "images get rarer as the score grows; dead links show the concept as often as living ones"
)


class LabellersAgree(Protocol):
    """How many samples several people labelled, and of these how many all of them label alike."""

    @property
    def by_several(self) -> int: ...

    @property
    def alike(self) -> int: ...


class GivenLabels(Protocol):
    """What people said of some samples of a concept; who puts them beside a count brings them."""

    @property
    def estimate(self) -> LabelledEstimate:
        """The number of samples by these labels."""
        ...

    @property
    def who(self) -> str: ...

    @property
    def when(self) -> str:
        """ISO 8601, UTC."""
        ...

    @property
    def skipped(self) -> Sequence[int]:
        """Samples that were passed over and count as unsure."""
        ...

    @property
    def agreement(self) -> LabellersAgree:
        """Of samples that several people labelled."""
        ...

    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class VisualCount:
    """How many samples show one concept.

    Attributes
    ----------
    named, unnamed:
        The two strata; ``unnamed`` is indirect exposure.
    matched_images:
        Images of the samples that reach the cut-off: of each sample the most similar one, and each
        image once, however many samples have it.
    distinct_files, distinct_pictures:
        Of these images, different files, and pictures after joining near copies; None if unknown.
    scored:
        The evidence: samples whose image scores near the cut-off or above.
    labels:
        What people said of some samples; None if nobody did, or nobody looked for labels.
    unused_labels:
        Which further labels there are that do not count, and why; a sentence each.
    """

    phrases: ConceptPhrases
    references: ReferenceSet
    cutoff: CutOff
    named: Stratum
    unnamed: Stratum
    matched_images: int
    distinct_files: int | None
    distinct_pictures: int | None
    scored: ScoredSamples = field(repr=False)
    findings: tuple[Finding, ...] = ()
    labels: GivenLabels | None = None
    unused_labels: tuple[str, ...] = ()

    @property
    def labelled(self) -> LabelledEstimate | None:
        """The same by people's labels of a random sample; None if there are none."""
        return self.labels.estimate if self.labels else None

    @property
    def name(self) -> str:
        return self.phrases.concept.name

    @property
    def total(self) -> Estimate:
        """Samples that show the concept. The ends of the strata's intervals add up, because the
        largest error, that of the sensitivity, is the same in both."""
        return self.named.estimate + self.unnamed.estimate

    @property
    def population(self) -> int:
        """Samples in both strata."""
        return self.named.population + self.unnamed.population

    @property
    def is_known(self) -> bool:
        """Whether anything is known of the total: its interval is not all that there is."""
        return self.total.leaves_out(self.population)

    @property
    def named_not_shown(self) -> Estimate:
        """Samples that name the concept and do not show it."""
        shown, population = self.named.estimate, self.named.population
        return Estimate(population - shown.value, population - shown.high, population - shown.low)

    @property
    def warnings(self) -> list[str]:
        notes = [finding.message for finding in self.findings]
        notes += self.cutoff.warnings
        recall = self.scored.recall
        if recall is not None:
            low, high = recall.interval()
            seen = recall.measured
            notes.append(
                f"approximate: of {seen.trials:,.0f} images of a random sample that reach the "
                f"cut-off, or come near it, the search found {seen.hits:,.0f} ({low:.1%} to "
                f"{high:.1%}); what it misses is in the interval"
            )
        if self.references.left_out:
            names = ", ".join(f"{name} ({why})" for name, why in self.references.left_out[:5])
            notes.append(f"references left out: {names}")
        if self.labelled is not None and self.labelled.total.is_apart_from(self.total):
            low, high = self.labelled.total.low, self.labelled.total.high
            notes.append(
                f"people's labels contradict it: by these {low:,.0f} to {high:,.0f} samples show "
                "it; look at the references, and at the labels"
            )
        notes += self.unused_labels
        for what, stratum in (("named", self.named), ("not named", self.unnamed)):
            missing = stratum.population - stratum.attempted
            if stratum.population and not stratum.examined:
                notes.append(
                    f"no image of the {stratum.population:,} samples that are {what} could be "
                    "looked at: none of them is counted, and the interval holds them all"
                )
            elif stratum.design == "unknown" and missing:
                notes.append(
                    f"{missing:,} of the {stratum.population:,} samples that are {what} have no "
                    "image here, nobody knows why; the interval allows for all and for none"
                )
        return notes

    def to_dict(self) -> dict[str, Any]:
        return {
            "concept": self.name,
            "samples": self.total.to_dict(),
            "is_known": self.is_known,
            "named_and_shown": self.named.estimate.to_dict(),
            "named_not_shown": self.named_not_shown.to_dict(),
            "shown_not_named": self.unnamed.estimate.to_dict(),
            "named": self.named.to_dict(),
            "unnamed": self.unnamed.to_dict(),
            "labelled": self.labels.to_dict() if self.labels else None,
            "matched_images": self.matched_images,
            "distinct_files": self.distinct_files,
            "distinct_pictures": self.distinct_pictures,
            "recall": None if self.scored.recall is None else self.scored.recall.to_dict(),
            "cutoff": self.cutoff.to_dict(),
            "references": {
                "kind": self.references.kind,
                "names": list(self.references.names),
                "left_out": [
                    {"name": name, "reason": why} for name, why in self.references.left_out
                ],
            },
            "phrases": [phrase.strip() for phrase in self.phrases.phrases],
            "domain": self.phrases.concept.domain,
            "warnings": self.warnings,
        }


#: Settings that change how fast the answer comes, and nothing in it.
_NOT_ASKED = ("workers", "device")


def _digest(references: ReferenceSet) -> str:
    """SHA-256 of the vectors."""
    return hashlib.sha256(references.vectors.tobytes()).hexdigest()


@dataclass(frozen=True)
class VisualResult(Shown):
    """Visual counts of concepts in a dataset, with all that is needed to defend them."""

    dataset: str
    coverage: Coverage
    settings: VisualSettings
    considered: int
    with_image: int  #: of the considered samples, those whose image could be looked at
    encoder: EncoderInfo
    vectors: int
    images: int  #: looked at, or tried
    images_joined: int  #: of these, images that belong to a sample of the dataset
    not_embedded: tuple[tuple[str, str], ...]
    outdated_draws: tuple[str, ...]  #: random samples of the dataset as it was before it changed
    counts: tuple[VisualCount, ...]
    tool_version: str = ""
    seconds: float = 0.0
    sources: tuple[str, ...] = ()
    assumption: str = ASSUMPTION

    @property
    def by(self) -> By:
        """``both`` strata, or ``visual``: all samples as one."""
        return self.settings.by

    @property
    def where(self) -> str | None:
        """The condition that the considered samples meet."""
        return self.settings.where

    @property
    def seed(self) -> int:
        return self.settings.seed

    @property
    def method(self) -> str:
        return _METHOD.format(found=_APPROXIMATE if self.settings.approximate else _EXACT)

    def __getitem__(self, concept: str) -> VisualCount:
        """The count of a concept by its name."""
        for count in self.counts:
            if count.name == concept:
                return count
        raise KeyError(concept)

    @property
    def findings(self) -> list[Finding]:
        """Warnings, as counting by caption has them."""
        return [
            Finding("visual", count.name, message)
            for count in self.counts
            for message in count.warnings
        ]

    def question(self) -> dict[str, Any]:
        """What was asked: the same question has the same answer, unless the dataset changed.

        References are told by their vectors too, for files change under their names.
        """
        settings = asdict(self.settings)
        return {
            "concepts": [count.phrases.concept.to_dict() for count in self.counts],
            "encoder": self.encoder.to_dict(),
            "references": [list(count.references.names) for count in self.counts],
            "reference_vectors_sha256": [_digest(count.references) for count in self.counts],
            **{name: value for name, value in settings.items() if name not in _NOT_ASKED},
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the schema ``audit.count.visual/1``."""
        return {
            "schema": SCHEMA,
            "dataset": self.dataset,
            "coverage": self.coverage.to_dict(),
            "by": self.by,
            "considered": self.considered,
            "with_image": self.with_image,
            "where": self.where,
            "encoder": self.encoder.to_dict(),
            "vectors": self.vectors,
            "images": self.images,
            "images_unmatched": self.images - self.images_joined,
            "not_embedded": [{"unit": unit, "reason": why} for unit, why in self.not_embedded],
            "outdated_draws": list(self.outdated_draws),
            "method": self.method,
            "assumption": self.assumption,
            "seed": self.seed,
            "tool_version": self.tool_version,
            "sources": list(self.sources),
            "results": [count.to_dict() for count in self.counts],
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a concept."""
        rows = []
        for count in self.counts:
            row: dict[str, Any] = {"concept": count.name}
            for name, estimate in (
                ("samples", count.total),
                ("named_and_shown", count.named.estimate),
                ("named_not_shown", count.named_not_shown),
                ("shown_not_named", count.unnamed.estimate),
            ):
                row |= estimate.to_columns(name)
            labelled = count.labelled.total if count.labelled else None
            row |= {
                "is_known": count.is_known,
                "labelled": float(labelled.value) if labelled else None,
                "labelled_low": float(labelled.low) if labelled else None,
                "labelled_high": float(labelled.high) if labelled else None,
                "named": count.named.population,
                "above_cutoff_named": count.named.above,
                "above_cutoff_unnamed": count.unnamed.above,
                "distinct_pictures": count.distinct_pictures,
                "cutoff": count.cutoff.value,
                # Null where nothing is known of it, as in to_dict().
                "sensitivity": count.cutoff.to_dict()["sensitivity"]["value"],
                "references": len(count.references),
                "warnings": "; ".join(count.warnings),
            }
            rows.append(row)
        return pl.DataFrame(rows, infer_schema_length=None)
