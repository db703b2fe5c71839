"""Images fetched for a count (`audit count --verify`): random samples, embedded and indexed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from audit.concepts import Concept
from audit.counts.matching import Progress
from audit.datasets.dataset import Dataset
from audit.datasets.home import Home
from audit.embeddings.folder import read_manifest
from audit.embeddings.places import embeddings_folder
from audit.encoders.encoder import Encoder, EncoderInfo, load_encoder
from audit.errors import AuditError, EncoderMismatchError, UsageError
from audit.fetching.fetch import FetchListener, fetch_images
from audit.fetching.report import FetchReport
from audit.fetching.run import FetchProgress
from audit.vectors.build import index_dataset
from audit.vectors.places import index_encoders, indexed_embeddings, only_index
from audit.visual import References, embed_images, gather_references, usual_encoder

#: Random samples that are fetched beside caption matches, so that there is a background and
#: something is known of the samples that do not name the concept.
OTHER_SAMPLES = 1000


def fetch_evidence(
    dataset: Dataset,
    home: Home,
    concepts: Sequence[Concept],
    wanted: int,
    *,
    references: References = None,
    prompts: Sequence[str] = (),
    others: int | None = None,
    where: str | None = None,
    seed: int = 0,
    encoder: str | Encoder | None = None,
    device: str = "auto",
    allow_private: bool = False,
    on_fetched: Callable[[FetchReport], None] = lambda report: None,
    on_progress: Progress = lambda what, share: None,
) -> Encoder:
    """Fetch, embed and index random samples of a dataset: of the caption matches, and of all.

    What was drawn and fetched before with the same seed is not fetched again. Opens network
    connections, but only after the encoder and the references were found to be usable. New
    embeddings go where those of the index are.

    Parameters
    ----------
    wanted:
        Caption matches of each concept.
    references, prompts:
        What the concepts will be counted by; see :func:`gather_references`.
    others:
        Samples of all; by default :data:`OTHER_SAMPLES`, or ``wanted`` if that is more.
    encoder:
        By default the one of the dataset's index, or else of its embeddings.
    on_fetched:
        Called after each fetch.

    Returns
    -------
    encoder
        The one that embedded, loaded.

    Raises
    ------
    UsageError
        If the dataset has no URLs, or nothing can be added to what its index was made from.
    ConceptError
        If a concept has no references, or none that can be used.
    MissingPackageError
        If img2dataset or the encoder is not installed.
    AuditError
        If not one image could be fetched.
    """
    named = encoder.info.id if isinstance(encoder, Encoder) else encoder
    if named is None:
        there = list(index_encoders(dataset))
        if len(there) > 1:
            only_index(dataset)  # says that there are several
        named = there[0] if there else usual_encoder(dataset)
    on_progress("references", None)
    loaded = encoder if isinstance(encoder, Encoder) else load_encoder(named, device)
    folder = _growing_folder(dataset, loaded.info.id)
    _check_encoder(loaded, folder)
    gather_references(concepts, references, prompts, loaded)
    if others is None:
        others = max(OTHER_SAMPLES, wanted)
    draws: list[tuple[str, tuple[Concept, ...], int]] = [
        (concept.name, (concept,), wanted) for concept in concepts
    ]
    if others:
        draws.append(("all samples", (), others))
    fetched = []
    for what, among, sample in draws:
        listener = FetchListener(on_progress=partial(_tell_fetch, on_progress, what))
        report = fetch_images(
            dataset,
            concepts=among,
            where=where,
            sample=sample,
            seed=seed,
            allow_private=allow_private,
            listener=listener,
        )
        on_fetched(report)
        fetched.append(report)
    embedded = embed_images(
        (),
        dataset,
        home,
        encoder=loaded,
        out=None if folder == embeddings_folder(dataset, loaded.info.id) else folder,
        on_progress=lambda progress: on_progress("embedding", progress.share),
    )
    if not embedded.vectors and not any(report.fetched for report in fetched):
        raise AuditError(
            f"Not one of {sum(report.chosen for report in fetched):,} images could be fetched.",
            hint=next((report.what_to_do for report in fetched if report.what_to_do), None),
        )
    index_dataset(dataset, home, folder)
    return loaded


def _growing_folder(dataset: Dataset, encoder_id: str) -> Path:
    """Where new embeddings go, so that the index goes on: where it was made from."""
    own = embeddings_folder(dataset, encoder_id)
    indexed = indexed_embeddings(dataset, encoder_id)
    if indexed is None or (own.is_dir() and own.samefile(indexed)):
        return own
    if read_manifest(indexed) is None:
        raise UsageError(
            f"{indexed}: others made the embeddings of the index; no images can be added to them.",
            hint="Count without --verify. Or fetch and embed images of your own (`audit fetch`, "
            f"`audit embed`), and index them in place of those: `audit index {own}`.",
        )
    return indexed


def _check_encoder(encoder: Encoder, folder: Path) -> None:
    record = read_manifest(folder)
    theirs = EncoderInfo.from_dict(record["encoder"]) if record is not None else encoder.info
    if theirs != encoder.info:
        raise EncoderMismatchError(
            f"{folder}: holds embeddings of {theirs.describe_against(encoder.info)}.",
            hint="Use the encoder that is there, in the same version.",
        )


def _tell_fetch(on_progress: Progress, what: str, progress: FetchProgress) -> None:
    on_progress(f"fetching images of {what}", progress.share)
