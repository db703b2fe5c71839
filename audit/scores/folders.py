"""Vectors of concepts from a folder: of embeddings, ours or others', or of images.

An image has one vector. Those in which an encoder that looks for something found nothing, or
several of it, are left out and counted, as the published rule does with faces.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.datasets.files import locked, storage_errors
from audit.embeddings.embed import EmbedProgress, embed
from audit.embeddings.files import EMBEDDED, read_record
from audit.embeddings.folder import EmbeddingFolder, EmbeddingPart, holds_embeddings
from audit.embeddings.places import slug
from audit.encoders.encoder import Encoder
from audit.errors import StorageError, UsageError
from audit.generation.manifest import GeneratedImages
from audit.images.collections import find_units
from audit.parallel import processors
from audit.scores.layout import FolderLayout, Label, checked, generated_above, labels_of
from audit.scores.vectors import NO_PROMPT, ConceptVectors, ImageVectors, Piece

#: Why an image that was looked at has no vector here.
SEVERAL_FOUND = "several found"

_NAMED_FAILURES = 3


class EncoderSource(Protocol):
    """Says which encoder is meant, and loads it if there are images to embed."""

    @property
    def encoder_id(self) -> str | None: ...

    def load(self, what: str) -> Encoder: ...


@dataclass
class _Side:
    """What is gathered of a folder."""

    pieces: dict[Label, list[Piece]] = field(default_factory=lambda: defaultdict(list))
    left_out: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    unnamed: int = 0

    def add(self, part: EmbeddingPart, label: Label | None, rows: NDArray[np.int64]) -> None:
        if label is None:
            self.unnamed += len(rows)
        elif len(rows):
            self.pieces[label].append(Piece(part, rows))

    def leave_out(self, label: Label | None, reason: str, images: int) -> None:
        if label is not None:
            self.left_out[label[0]][reason] += images


def read_folder(
    path: Path,
    encoder: EncoderSource,
    what: str,
    on_progress: Callable[[EmbedProgress], None] = lambda progress: None,
) -> ConceptVectors:
    """The vectors in a folder, or of the images in it, by concept and prompt.

    Images are embedded into a folder beside theirs, ``NAME-embeddings``, from which a second run
    takes them. Embeddings are assigned by the columns ``concept`` and ``prompt`` of their metadata;
    else by the list that `audit generate` wrote above the images; else by the images' folders.

    Parameters
    ----------
    what:
        What the images are, in messages: "generated images".

    Raises
    ------
    UsageError
        If there are neither embeddings nor images, or nothing tells of which concept they are.
    EncoderMismatchError
        If the vectors are of another encoder.
    SourceError
        If files are damaged.
    StorageError
        If nothing can be written beside the images.
    """
    path = path.expanduser().absolute()
    if not path.is_dir():
        told = "is no folder" if path.exists() else "there is no such folder"
        raise UsageError(f"{path}: {told}.", hint=f"Name a folder of {what}.")
    if holds_embeddings(path):
        return _gathered(EmbeddingFolder.open(path, encoder.encoder_id), None, what)
    units = find_units([path])
    loaded = encoder.load(f"{path}: {what}")
    place = path.with_name(f"{path.name}-embeddings") / slug(loaded.info.id)
    _make(place, path)
    with locked(place / ".lock", f"{place}: another process is writing embeddings there."):
        embed(units, place, loaded, threads=processors(), on_progress=on_progress)
        folder = EmbeddingFolder.open(place)
    # Parts of images that are gone from the folder stay where they are, and are not meant.
    labels = {unit.label for unit in units}
    folder.parts = [part for part in folder.parts if part.unit in labels]
    folder.unread = [(unit, reason) for unit, reason in folder.unread if unit in labels]
    return _gathered(folder, path, what)


def _make(place: Path, images: Path) -> None:
    try:
        with storage_errors(place):
            place.mkdir(parents=True, exist_ok=True)
    except StorageError as error:
        raise StorageError(
            error.message,
            hint=f"Embed the images into another folder, `audit embed {images} --out FOLDER`, and "
            "name that in their place.",
        ) from error


def _gathered(folder: EmbeddingFolder, root: Path | None, what: str) -> ConceptVectors:
    """``root`` is where the concepts' folders begin, if that is known."""
    side = _Side()
    generated: dict[Path, GeneratedImages] = {}
    by_folder: list[tuple[EmbeddingPart, list[str | None], NDArray[np.int64], _Examined]] = []
    for part in folder.parts:
        examined = _Examined.of(part)
        by_columns = _by_columns(part)
        if by_columns is not None:
            _assign(side, part, examined, *by_columns, folder.path)
            continue
        listed = generated_above(Path(examined.folder)) if examined.folder else None
        if listed is not None:
            listed = generated.setdefault(listed.folder, listed)
            known = labels_of(listed)
            paths = examined.paths.to_pylist()
            labels = [known.get(name) if name else None for name in paths]
            _assign(side, part, examined, labels, np.arange(len(labels)), folder.path)
            continue
        names, codes = _encoded(pc.replace_substring_regex(examined.paths, "/?[^/]*$", ""))
        by_folder.append((part, names, codes, examined))
    if by_folder:
        _check_told(by_folder, folder.path)
        every = [name for _, names, _, _ in by_folder for name in names if name]
        layout = FolderLayout.above(every) if root is None else FolderLayout.of(root)
        for part, names, codes, examined in by_folder:
            labels = [layout.label(name) if name else None for name in names]
            _assign(side, part, examined, labels, codes, folder.path)
    for listed in generated.values():
        for image in listed.flagged:
            side.leave_out((image.concept, NO_PROMPT), image.flagged or "flagged", 1)
    return ConceptVectors(
        images=_vectors(side, what),
        info=folder.info,
        domains={
            image.concept: image.domain
            for listed in generated.values()
            for image in listed.images
            if image.domain is not None
        },
        left_out=side.left_out,
        models=tuple(dict.fromkeys(listed.settings.model for listed in generated.values())),
        notes=tuple(_notes(side, folder, what)),
    )


@dataclass(frozen=True)
class _Examined:
    """The images of a part, those without a vector too.

    Attributes
    ----------
    paths:
        As complete as they are known, with ``/``.
    row:
        Shape (images,): the row of the image's only vector; -1 if it has none, or several.
    status:
        What became of each image.
    folder:
        Where they lie, if the part says it.
    """

    paths: pa.Array
    row: NDArray[np.int64]
    status: list[str]
    codes: NDArray[np.int64]
    folder: str | None

    @classmethod
    def of(cls, part: EmbeddingPart) -> _Examined:
        if part.images_path is None:
            table = part.metadata(["image_path"])
            named = "image_path" in table.column_names
            paths = _texts(table["image_path"]) if named else pa.nulls(len(part), pa.string())
            every = np.arange(len(part))
            return cls(paths, every, [EMBEDDED], np.zeros(len(part), np.int64), None)
        table = part.images(["image_path", "status", "vectors"])
        many = table["vectors"].to_numpy().astype(np.int64)
        row = np.where(many == 1, np.cumsum(many) - many, -1)
        status, codes = _encoded(table["status"])
        told = [one or "unknown" for one in status] + [SEVERAL_FOUND]
        codes = np.where(many > 1, len(status), codes)
        place = str((read_record(part.images_path) or {}).get("uri") or "")
        paths = _texts(table["image_path"])
        if place:
            paths = pc.binary_join_element_wise(pa.scalar(place), paths, "/")
        return cls(paths, row, told, codes, place or None)


def _assign(
    side: _Side,
    part: EmbeddingPart,
    examined: _Examined,
    labels: list[Label | None],
    codes: NDArray[np.int64],
    where: Path,
) -> None:
    """Sort a part's images by their label.

    Parameters
    ----------
    codes:
        Shape (images,): place in ``labels``; several places may have one label.
    """
    clean = [checked(label, where) for label in labels]
    different = list(dict.fromkeys(clean))
    place = {label: number for number, label in enumerate(different)}
    if not len(codes):
        return
    of_image = np.array([place[label] for label in clean], np.int64)[codes]
    order = np.argsort(of_image, kind="stable")
    ends = np.cumsum(np.bincount(of_image, minlength=len(different)))
    for number, label in enumerate(different):
        mine = order[ends[number - 1] if number else 0 : ends[number]]
        row = examined.row[mine]
        side.add(part, label, row[row >= 0])
        without = np.bincount(examined.codes[mine[row < 0]], minlength=len(examined.status))
        for status, images in zip(examined.status, without.tolist(), strict=True):
            if images:
                side.leave_out(label, status, images)


def _by_columns(part: EmbeddingPart) -> tuple[list[Label | None], NDArray[np.int64]] | None:
    """Labels told by the metadata's own columns; None if it has no ``concept``."""
    if part.images_path is not None:
        return None
    table = part.metadata(["concept", "prompt"])
    if "concept" not in table.column_names:
        return None
    concepts, of_concept = _encoded(_texts(table["concept"]))
    prompts: list[str | None] = [NO_PROMPT]
    of_prompt = np.zeros(len(table), np.int64)
    if "prompt" in table.column_names:
        prompts, of_prompt = _encoded(_texts(table["prompt"]))
    codes = of_concept * len(prompts) + of_prompt
    labels = [
        (concept, prompt or NO_PROMPT) if concept and concept.strip() else None
        for concept in concepts
        for prompt in prompts
    ]
    return labels, codes


def _encoded(column: pa.Array | pa.ChunkedArray) -> tuple[list[str | None], NDArray[np.int64]]:
    """Different values, and for each row its place among them."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    coded = pc.dictionary_encode(whole, null_encoding="encode")
    return coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64)


def _texts(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks().cast(pa.string())


def _check_told(
    by_folder: list[tuple[EmbeddingPart, list[str | None], NDArray[np.int64], _Examined]],
    where: Path,
) -> None:
    if not any(name for _, names, _, _ in by_folder for name in names):
        raise UsageError(
            f"{where}: nothing tells of which concept its images are.",
            hint="Add a column `concept` (and `prompt`) to the metadata, or an `image_path` with a "
            "folder for each concept.",
        )


def _vectors(side: _Side, what: str) -> Mapping[str, Mapping[str, ImageVectors]]:
    images: dict[str, dict[str, ImageVectors]] = defaultdict(dict)
    for (concept, prompt), pieces in side.pieces.items():
        of = f"{what} of {concept!r}" + (f", prompt {prompt!r}" if prompt else "")
        images[concept][prompt] = ImageVectors(pieces, of)
    for concept in side.left_out:
        images[concept]
    return dict(images)


def _notes(side: _Side, folder: EmbeddingFolder, what: str) -> Iterator[str]:
    if side.unnamed:
        yield f"{side.unnamed:,} {what} are left out, because nothing tells of which concept"
    for unit, reason in folder.unread[:_NAMED_FAILURES]:
        yield f"{what} of {unit} could not be read: {reason}"
    if len(folder.unread) > _NAMED_FAILURES:
        more = len(folder.unread) - _NAMED_FAILURES
        yield f"{more:,} more folders or files of {what} could not be read"
    reasons: Counter[str] = Counter()
    for counts in side.left_out.values():
        reasons.update(counts)
    if reasons:
        told = ", ".join(f"{reason}: {images:,}" for reason, images in reasons.most_common())
        yield f"{sum(reasons.values()):,} {what} have no vector of their own ({told})"
