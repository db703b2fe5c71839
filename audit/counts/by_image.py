"""Counting concepts by what images show, in two strata: named by the caption, and never named."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from audit._version import __version__
from audit.captions.phrases import Finding
from audit.concepts import Concept
from audit.counts.copies import distinct_files, distinct_pictures
from audit.counts.matching import Progress, VisualMatching, VisualSettings
from audit.counts.scored import ScoredSamples
from audit.counts.seen import seen_stratum
from audit.counts.strata import Stratum, estimate_stratum
from audit.counts.visual_results import VisualCount, VisualResult
from audit.datasets.dataset import Dataset
from audit.references.reference_set import ReferenceSet
from audit.vectors.images import Fingerprints
from audit.vectors.index import VectorIndex


def count_by_image(
    dataset: Dataset,
    index: VectorIndex,
    sought: Sequence[tuple[Concept, ReferenceSet]],
    settings: VisualSettings | None = None,
    *,
    on_progress: Progress = lambda what, share: None,
) -> VisualResult:
    """Count the samples that show each concept, those that name it and those that do not.

    Parameters
    ----------
    sought:
        Concepts with their references, embedded by the encoder of the index.
    settings:
        How to match; see there.
    on_progress:
        Called with what is being done, and how much of it.

    Raises
    ------
    EncoderMismatchError
        If references were embedded by another encoder than the dataset.
    UsageError
        If the question is wrong, or too little is embedded to calibrate.
    """
    started = time.monotonic()
    settings = settings or VisualSettings()
    matching = VisualMatching(dataset, index, sought, settings, on_progress)
    counts = tuple(
        _count(matching, number, found) for number, found in enumerate(matching.scored())
    )
    scene = matching.scene
    return VisualResult(
        dataset=dataset.name,
        coverage=dataset.coverage,
        settings=settings,
        considered=scene.samples.considered,
        with_image=len(scene.examined),
        encoder=index.info,
        vectors=len(index),
        images=scene.images,
        images_joined=scene.images_joined,
        not_embedded=tuple(index.embeddings.unread),
        outdated_draws=tuple(matching.outdated_draws),
        counts=counts,
        tool_version=__version__,
        seconds=time.monotonic() - started,
        sources=tuple(dataset.manifest.sources),
    )


def _count(matching: VisualMatching, number: int, found: ScoredSamples) -> VisualCount:
    phrases, asked = matching.phrases[number], matching.asked[number]
    copies = _fingerprints(matching.index, found)
    return VisualCount(
        phrases=phrases,
        references=asked.references,
        cutoff=asked.cutoff,
        named=_stratum(matching, number, found, named=True),
        unnamed=_stratum(matching, number, found, named=False),
        matched_images=len(copies.phash),
        distinct_files=distinct_files(copies.sha256),
        distinct_pictures=distinct_pictures(copies.phash),
        scored=found.near_cutoff(),
        findings=(
            *(f for f in matching.findings if f.concept == phrases.concept.name),
            *_unused_draws(matching, phrases.concept.name),
        ),
    )


def _unused_draws(matching: VisualMatching, concept: str) -> Iterator[Finding]:
    """Random samples of the dataset that the count could have rested on, and why it does not."""
    if matching.settings.design is None:
        for message in matching.scene.unfinished_draws:
            yield Finding("unfinished-draw", concept, message)
        for name in matching.outdated_draws:
            yield Finding(
                "outdated-draw",
                concept,
                f"the random sample {name!r} was drawn before the dataset changed: it is not used "
                "as one",
            )


def _stratum(
    matching: VisualMatching, number: int, found: ScoredSamples, *, named: bool
) -> Stratum:
    seen = seen_stratum(matching, number, named=named)
    return estimate_stratum(
        seen.population,
        seen.attempted,
        found.score[seen.holds(found.keys, found.named)],
        seen.examined,
        matching.asked[number].cutoff,
        matching.asked[number].floor,
        seen.design,
        seen.draws,
        found.recall,
    )


def _fingerprints(index: VectorIndex, found: ScoredSamples) -> Fingerprints:
    """Of the best image of each sample that reaches the cut-off; of each image once."""
    above = found.above
    images = np.unique(np.stack([found.part[above], found.image[above]]), axis=1)
    return Fingerprints.joined(
        [
            Fingerprints.of(index.parts[part], images[1][images[0] == part])
            for part in np.unique(images[0]).tolist()
        ]
    )
