"""From images to counts: the steps that the command line and the Python interface share."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from audit.concepts import Concept
from audit.counts.by_image import count_by_image
from audit.counts.matching import Progress, VisualSettings
from audit.counts.visual_results import VisualResult
from audit.datasets.dataset import Dataset
from audit.datasets.files import locked
from audit.datasets.home import Home
from audit.embeddings.embed import EmbedProgress, EmbedReport, embed
from audit.embeddings.folder import UNKNOWN_REVISION, read_manifest
from audit.embeddings.places import embeddings_folder, embeddings_folders
from audit.encoders.encoder import Encoder, load_encoder
from audit.errors import ConceptError, UsageError, did_you_mean
from audit.images.collections import find_units
from audit.images.decoding import DEFAULT_LIMITS, DecodeLimits
from audit.labels.beside import with_labels
from audit.labels.export import LabelSheet, draw_sheet
from audit.parallel import processors
from audit.references.reference_set import ReferenceSet, embed_references, text_references
from audit.vectors.index import VectorIndex

#: The encoder that is taken where nobody says anything.
DEFAULT_ENCODER = "open_clip:ViT-B-32/laion2b_s34b_b79k"

PathLike = str | os.PathLike[str]

#: Of one concept a file or a folder, of several a folder of folders, or paths by name.
References = PathLike | Mapping[str, PathLike | Sequence[PathLike]] | None


def embed_images(
    images: Sequence[PathLike],
    dataset: Dataset | None,
    home: Home,
    *,
    encoder: str | Encoder | None = None,
    device: str = "auto",
    threads: int | None = None,
    limits: DecodeLimits = DEFAULT_LIMITS,
    out: PathLike | None = None,
    on_progress: Callable[[EmbedProgress], None] = lambda progress: None,
) -> EmbedReport:
    """Embed images into the dataset's folder of an encoder, or into ``out``; resumes.

    Parameters
    ----------
    images:
        Folders, tars, parquet files; by default all that was fetched for the dataset.
    dataset:
        May be None where ``images`` and ``out`` are given.
    encoder:
        An id, or an encoder that is loaded; by default the one of the dataset's embeddings, or
        :data:`DEFAULT_ENCODER`.

    Raises
    ------
    UsageError
        If there are no images, or no such encoder.
    EncoderMismatchError
        If the folder holds embeddings of another encoder.
    StorageError
        If another process is writing there, or nobody can.
    """
    units = find_units(_sources(images, dataset))
    if encoder is None:
        encoder = usual_encoder(dataset) if out is None else DEFAULT_ENCODER
    loaded = load_encoder(encoder, device) if isinstance(encoder, str) else encoder
    if out is not None:
        folder = Path(out).expanduser().absolute()
        busy = f"{folder}: another process is writing embeddings there."
        held: contextlib.AbstractContextManager[None] = locked(folder / ".lock", busy)
    elif dataset is not None:
        folder = embeddings_folder(dataset, loaded.info.id)
        held = home.locked(dataset.name, wait=False)
    else:
        raise UsageError(
            "Nothing says where the embeddings go.",
            hint="Name a --dataset, or a folder with --out.",
        )
    with held:
        return embed(
            units,
            folder,
            loaded,
            limits=limits,
            threads=threads or processors(),
            on_progress=on_progress,
        )


def _sources(images: Sequence[PathLike], dataset: Dataset | None) -> list[PathLike]:
    if images:
        return list(images)
    fetched = dataset.folder / "images" if dataset is not None else None
    if fetched is None or not fetched.is_dir():
        raise UsageError(
            "No images are named, and none were fetched for the dataset.",
            hint="Name folders, tars or parquet files of images, or fetch some with `audit fetch`.",
        )
    return [fetched]


def usual_encoder(dataset: Dataset | None) -> str:
    """The id of the encoder of a dataset's own embeddings; :data:`DEFAULT_ENCODER` without any.

    Raises
    ------
    UsageError
        If there are embeddings of several.
    """
    there = []
    for folder in embeddings_folders(dataset) if dataset is not None else ():
        record = read_manifest(folder)
        if record is not None:
            there.append(str(record["encoder"]["id"]))
    if len(there) > 1:
        raise UsageError(
            f"There are embeddings of {len(there)} encoders: {', '.join(there)}.",
            hint=f"Choose one with --encoder {there[0]}.",
        )
    return there[0] if there else DEFAULT_ENCODER


def gather_references(
    concepts: Sequence[Concept],
    references: References,
    prompts: Sequence[str],
    encoder: Encoder,
    limits: DecodeLimits = DEFAULT_LIMITS,
) -> list[tuple[Concept, ReferenceSet]]:
    """Concepts with their references, embedded.

    Parameters
    ----------
    references:
        Of one concept: an image, or a folder of images. Of several: a folder that has a folder
        with the name of each; or a mapping from names to a path or several. Those that a concept
        names itself (in its list) come first.
    prompts:
        Words that stand in for references; ``{}`` is replaced by the concept's name.

    Raises
    ------
    ConceptError
        If a concept has no references, or none that can be used.
    """
    sought = []
    for concept in concepts:
        if prompts:
            words = [prompt.replace("{}", concept.name) for prompt in prompts]
            sought.append((concept, text_references(words, encoder)))
            continue
        paths: list[PathLike] = list(concept.references)
        if isinstance(references, Mapping):
            given = references.get(concept.name, ())
            paths += [given] if isinstance(given, str | os.PathLike) else given
        elif references is not None:
            paths += _reference_paths(concept, Path(references).expanduser(), len(concepts))
        if not paths:
            raise ConceptError(
                f"{concept.name}: no references.",
                hint="Give images with --references, `references` in the concept list, or words "
                "with --prompt.",
            )
        sought.append((concept, embed_references([Path(path) for path in paths], encoder, limits)))
    return sought


def _reference_paths(concept: Concept, folder: Path, concepts: int) -> list[PathLike]:
    inside = folder / concept.name
    if inside.is_dir():
        return [inside]
    others = _folders_of_others(folder)
    if concepts == 1 and not others:
        return [folder]
    if concept.references:
        return []
    listed = ", ".join(repr(name) for name in others[:10]) + (" …" if len(others) > 10 else "")
    near = did_you_mean(concept.name, others)
    what = (
        "With several concepts, put the references of each into a folder with its name."
        if concepts > 1
        else "Name the folder that shows the concept: only its images are taken then."
    )
    raise ConceptError(
        f"{concept.name}: {folder} has no folder of that name"
        + (f", only {listed}." if others else "."),
        hint=(f"{near} " if near else "") + what,
    )


def _folders_of_others(folder: Path) -> list[str]:
    """The folders in a folder that holds nothing else, as one with a folder a concept does."""
    if not folder.is_dir():
        return []
    there = [path for path in sorted(folder.iterdir()) if not path.name.startswith((".", "_"))]
    return [path.name for path in there] if all(path.is_dir() for path in there) else []


def open_encoder(
    index: VectorIndex, encoder: Encoder | None = None, device: str = "auto"
) -> Encoder:
    """The encoder that an index was made with, to embed references alike.

    Raises
    ------
    UsageError
        If it is not installed.
    """
    loaded = encoder or load_encoder(index.info.id, device)
    if index.info.revision == UNKNOWN_REVISION and loaded.info.id != index.info.id:
        raise UsageError(
            f"The index is of {index.info.id}; the encoder here calls itself {loaded.info.id}.",
            hint=f"Index the embeddings again with --encoder {loaded.info.id} if it is the same.",
        )
    return loaded


def _on_device(settings: VisualSettings, device: str) -> VisualSettings:
    return replace(settings, device=settings.device or device)


def count_shown(
    dataset: Dataset,
    index: VectorIndex,
    concepts: Sequence[Concept],
    settings: VisualSettings,
    *,
    references: References = None,
    prompts: Sequence[str] = (),
    encoder: Encoder | None = None,
    device: str = "auto",
    on_progress: Progress = lambda what, share: None,
) -> VisualResult:
    """Count the samples that show each concept; see :func:`audit.counts.by_image.count_by_image`.

    Labels that people gave stand beside each count.

    Parameters
    ----------
    references, prompts:
        See :func:`gather_references`.
    encoder:
        The encoder of the index, if it is loaded already.

    Raises
    ------
    UsageError
        If the question is wrong.
    """
    on_progress("references", None)
    loaded = open_encoder(index, encoder, device)
    sought = gather_references(concepts, references, prompts, loaded)
    settings = _on_device(settings, device)
    found = count_by_image(dataset, index, sought, settings, on_progress=on_progress)
    return with_labels(found, dataset)


def draw_label_sheet(
    dataset: Dataset,
    index: VectorIndex,
    concept: Concept,
    settings: VisualSettings,
    wanted: int,
    *,
    references: References = None,
    prompts: Sequence[str] = (),
    encoder: Encoder | None = None,
    device: str = "auto",
    on_progress: Progress = lambda what, share: None,
) -> LabelSheet:
    """Draw samples of a concept for a person to label; see :func:`audit.labels.export.draw_sheet`.

    Parameters
    ----------
    references, prompts, encoder:
        As in :func:`count_shown`.

    Raises
    ------
    UsageError
        If the question is wrong, or nothing can be drawn.
    """
    on_progress("references", None)
    loaded = open_encoder(index, encoder, device)
    (sought,) = gather_references([concept], references, prompts, loaded)
    settings = _on_device(settings, device)
    return draw_sheet(dataset, index, sought, settings, wanted, on_progress=on_progress)
