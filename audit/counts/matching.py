"""Matching concepts with the images of a dataset: cut-offs, and the samples near and above them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from audit.captions.phrases import ConceptPhrases, fold_concepts
from audit.concepts import Concept
from audit.counts.draws import draws_of
from audit.counts.named import NamedSamples, named_samples
from audit.counts.scene import BACKGROUND_IMAGES, Scene
from audit.counts.scored import Asked, ScoredSamples, scored
from audit.counts.strata import Design
from audit.datasets.dataset import Dataset
from audit.datasets.sample_keys import NO_KEYS
from audit.embeddings.folder import comparable
from audit.encoders.encoder import EncoderInfo
from audit.errors import ConceptError, EncoderMismatchError, UsageError
from audit.references.background import background_scores
from audit.references.cutoffs import CutOff, calibrate, check_score, fixed
from audit.references.reference_set import ReferenceSet, Statistic
from audit.vectors.index import VectorIndex
from audit.vectors.searching import VectorSearch

#: ``both``: samples that name the concept and those that do not, each; ``visual``: all as one,
#: captions not read.
By = Literal["both", "visual"]

#: At least so many false positives in a million are aimed at ...
LEAST_PER_MILLION = 10.0
#: ... and in a small dataset so many as make one in the whole of it.
_MOST_PER_MILLION = 1000.0

Progress = Callable[[str, float | None], None]


@dataclass(frozen=True)
class VisualSettings:
    """How to match.

    Attributes
    ----------
    by:
        Whether captions divide the samples into strata.
    where:
        DuckDB condition on the sample columns; samples that do not meet it are not considered.
    cutoff:
        A score from -1 to 1, or the name of a published cut-off; by default one is calibrated for
        each concept.
    per_million:
        False positives in a million other images that calibration aims at, more than 0 and less
        than 30,000; by default 10, or what makes one in the whole dataset if it is small.
    statistic:
        Score an image by the most similar reference (``max``) or by the ``mean`` of all.
    design:
        How the samples with an image were chosen. By default it is found out: all, if every sample
        of a stratum has one; a random sample, if `audit fetch` drew one; else unknown, and the
        interval then covers whatever the rest may hold. ``all`` is refused where some have none.
    background:
        Images in the random sample that calibrates, 0 or more; less than 500 do not calibrate.
    seed:
        Of that sample, 0 or more.
    workers:
        Threads, 1 or more.
    approximate:
        Search the approximate index: faster, and what it misses enters the interval.
    device:
        A device of torch to match on, such as ``cuda``; ``auto`` takes a GPU if torch is loaded
        and has one. By default the processor. The answer is the same.

    Raises
    ------
    UsageError
        If a cut-off is no similarity.
    """

    by: By = "both"
    where: str | None = None
    cutoff: float | str | None = None
    per_million: float | None = None
    statistic: Statistic = "max"
    design: Design | None = None
    background: int = BACKGROUND_IMAGES
    seed: int = 0
    workers: int = 1
    approximate: bool = False
    device: str | None = None

    def __post_init__(self) -> None:
        if self.cutoff is not None and not isinstance(self.cutoff, str):
            check_score(self.cutoff)


class VisualMatching:
    """Concepts, their cut-offs in a dataset, and what these rest on.

    Attributes
    ----------
    phrases, findings:
        The concepts' folded names, and what is odd about them.
    scene:
        The images of the dataset, and which samples they belong to.
    asked:
        References, cut-off and floor of each concept.

    Raises
    ------
    EncoderMismatchError
        If references were embedded by another encoder than the dataset.
    UsageError
        If the question is wrong, or too little is embedded to calibrate.
    """

    def __init__(
        self,
        dataset: Dataset,
        index: VectorIndex,
        sought: Sequence[tuple[Concept, ReferenceSet]],
        settings: VisualSettings,
        on_progress: Progress = lambda what, share: None,
    ) -> None:
        if not sought:
            raise ConceptError("No concept to count.", hint="Name one, with references.")
        for concept, references in sought:
            check_encoder(references.info, index.info, concept.name)
        if not len(index):
            raise UsageError(
                f"The index of {index.info.id} holds no vector.",
                hint="Embed images with `audit embed`. If some are, and none has a vector, it "
                "tells why.",
            )
        self.dataset, self.index, self.settings = dataset, index, settings
        self._on_progress = on_progress
        self.phrases, self.findings = fold_concepts([concept for concept, _ in sought])
        draws, self.outdated_draws = draws_of(dataset)
        self.scene = Scene(
            dataset,
            index,
            _samples(dataset, self.phrases, settings, on_progress),
            draws,
            background=settings.background,
            seed=settings.seed,
            on_progress=lambda share: on_progress("images of samples", share),
        )
        if settings.design == "all":
            self._check_all_have_an_image()
        self.asked = []
        for number, (_, references) in enumerate(sought):
            cutoff = self._cutoff(number, references)
            self.asked.append(Asked.of(references, cutoff, index))
            on_progress("cut-offs", (number + 1) / len(sought))

    def scored(self) -> Iterator[ScoredSamples]:
        """The samples near and above the cut-off of each concept."""

        settings = self.settings
        search = VectorSearch(
            self.index,
            approximate=settings.approximate,
            device=settings.device,
            seed=settings.seed,
            workers=settings.workers,
            on_remark=lambda remark: self._on_progress(f"matching {remark}", None),
        )

        def tell(share: float) -> None:
            self._on_progress(f"matching {search.remark}".strip(), share)

        return scored(self.scene, self.index, self.asked, search, tell)

    def _check_all_have_an_image(self) -> None:
        considered = self.scene.samples.considered
        missing = considered - len(self.scene.attempted)
        if missing:
            raise UsageError(
                f"{missing:,} of the {considered:,} samples have no image here, so that not all "
                "were looked for.",
                hint="Leave --design out to have it found out. Say random if those with an image "
                "are as good as a random sample, or unknown: then the interval allows for all and "
                "for none of the others.",
            )

    def _cutoff(self, concept: int, references: ReferenceSet) -> CutOff:
        settings = self.settings
        background, is_other = self.scene.background, self.scene.others(concept)
        scores = background_scores(
            references, background[is_other], settings.statistic, background[~is_other]
        )
        if settings.cutoff is not None:
            return fixed(references, settings.cutoff, scores, statistic=settings.statistic)
        per_million = settings.per_million
        if per_million is None:
            one_in_all = 1e6 / max(len(self.index), 1)
            per_million = min(max(LEAST_PER_MILLION, one_in_all), _MOST_PER_MILLION)
        return calibrate(
            references,
            scores,
            per_million=per_million,
            statistic=settings.statistic,
            seed=settings.seed,
        )


def check_encoder(mine: EncoderInfo, theirs: EncoderInfo, what: str) -> None:
    """Refuse to compare vectors of different encoders.

    Raises
    ------
    EncoderMismatchError
        If they differ.
    """
    if not comparable(mine, theirs):
        raise EncoderMismatchError(
            f"{what}: its references are embeddings of {mine.describe_against(theirs)}.",
            hint="Embed the references with the encoder that embedded the dataset.",
        )


def _samples(
    dataset: Dataset,
    phrases: Sequence[ConceptPhrases],
    settings: VisualSettings,
    on_progress: Progress,
) -> NamedSamples:
    nobody = [NO_KEYS for _ in phrases]
    if settings.by == "visual" and settings.where is None:
        return NamedSamples(nobody, nobody, dataset.coverage.samples, None)
    samples = named_samples(
        dataset,
        phrases if settings.by == "both" else [],
        settings.where,
        lambda done, total: on_progress("captions", done / max(total, 1)),
    )
    if settings.by == "both":
        return samples
    return replace(samples, named=nobody, named_anywhere=nobody)
