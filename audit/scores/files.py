"""Scores from paths: what the command line and the Python interface share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from audit.concepts import Concept
from audit.datasets.dataset import Dataset
from audit.embeddings.embed import EmbedProgress
from audit.embeddings.folder import read_manifest
from audit.encoders.encoder import Encoder, load_encoder
from audit.errors import UsageError
from audit.scores.counts import read_counts
from audit.scores.folders import read_folder
from audit.scores.results import ScoreResult, ScoreSettings
from audit.scores.score import score_concepts
from audit.scores.training import training_images
from audit.scores.vectors import ConceptVectors, concept_key
from audit.vectors.places import only_index

PathLike = str | os.PathLike[str]
Progress = Callable[[str, float | None], None]


def score_files(
    generated: PathLike,
    training: PathLike | Dataset | None = None,
    references: PathLike | None = None,
    settings: ScoreSettings | None = None,
    *,
    counts: PathLike | None = None,
    concepts: Sequence[Concept] = (),
    encoder: str | Encoder | None = None,
    device: str = "auto",
    on_progress: Progress = lambda what, share: None,
) -> ScoreResult:
    """Scores of generated images in a folder; see :func:`audit.scores.score.score_concepts`.

    Parameters
    ----------
    generated, references:
        Folders of embeddings or images; see :func:`audit.scores.folders.read_folder`.
    training:
        Such a folder, or a dataset with an index: of it the samples whose caption names a concept.
    counts:
        A table of training images by concept; see :func:`audit.scores.counts.read_counts`.
    concepts:
        Other names and domains of concepts, told by the name that the generated images have.
    encoder:
        What embeds images, an id or loaded; or whose the vectors of a folder are that does not
        say it. By default the encoder of the embeddings that are given.

    Raises
    ------
    UsageError
        If there is nothing to score, or images must be embedded and nothing says by what.
    EncoderMismatchError
        If vectors are of different encoders.
    SourceError
        If files are damaged.
    """
    told = None if counts is None else read_counts(Path(counts))
    dataset, trained_in = (training, None) if isinstance(training, Dataset) else (None, training)
    folders = [Path(one) for one in (generated, trained_in, references) if one is not None]
    chosen = _ChosenEncoder(encoder, device, folders, dataset)

    def read(path: PathLike | None, what: str) -> ConceptVectors:
        if path is None:
            return ConceptVectors({})

        def tell(progress: EmbedProgress) -> None:
            on_progress(f"{what}: {progress.images:,} embedded", progress.share)

        return read_folder(Path(path), chosen, what, tell)

    made = read(generated, "generated images")
    asked = _asked(made, concepts)
    others = read(references, "references")
    if dataset is not None:
        index = only_index(dataset, chosen.encoder_id)
        trained = training_images(
            dataset, index, list(asked.values()), lambda share: on_progress("captions", share)
        )
    else:
        trained = read(trained_in, "training images")
    domains = {name: one.domain for name, one in asked.items() if one.domain is not None}
    return score_concepts(
        made,
        trained,
        others,
        settings,
        counts=told,
        domains=domains,
        on_progress=lambda share: on_progress("scores", share),
    )


def _asked(made: ConceptVectors, concepts: Sequence[Concept]) -> dict[str, Concept]:
    """The generated concepts, each with what a list knows of it."""
    listed = {concept_key(one.name): one for one in concepts}
    asked = {}
    for name in made.images:
        known = listed.get(concept_key(name))
        asked[name] = Concept(name) if known is None else replace(known, name=name)
    return asked


class _ChosenEncoder:
    """The encoder that all sides must share; loaded once, if images are to be embedded.

    Satisfies :class:`audit.scores.folders.EncoderSource`.
    """

    def __init__(
        self,
        given: str | Encoder | None,
        device: str,
        folders: Sequence[Path],
        dataset: Dataset | None,
    ) -> None:
        self._device = device
        self._loaded = None if given is None or isinstance(given, str) else given
        self._id = given if isinstance(given, str) else None
        if given is None:
            records = (read_manifest(folder.expanduser()) for folder in folders)
            told = next((one for one in records if one is not None), None)
            if told is not None:
                self._id = str(told["encoder"]["id"])
            elif dataset is not None:
                self._id = only_index(dataset).info.id

    @property
    def encoder_id(self) -> str | None:
        return self._loaded.info.id if self._loaded is not None else self._id

    def load(self, what: str) -> Encoder:
        if self._loaded is None:
            if self._id is None:
                raise UsageError(
                    f"{what} must be embedded, and nothing says by which encoder.",
                    hint="Name it with --encoder: faces for people; for styles one of open_clip, "
                    "or one that was trained on styles.",
                )
            self._loaded = load_encoder(self._id, self._device)
        return self._loaded
