"""Where the indexes of a dataset are; the embeddings and the index that a command means."""

from __future__ import annotations

from pathlib import Path

from audit.datasets.dataset import Dataset
from audit.embeddings.folder import EmbeddingFolder, read_manifest
from audit.embeddings.places import embeddings_folder, embeddings_folders, slug
from audit.errors import UsageError, did_you_mean
from audit.vectors.index import VectorIndex
from audit.vectors.index import read_manifest as read_index_manifest


def index_folder(dataset: Dataset, encoder_id: str) -> Path:
    """Where the index of a dataset's vectors of an encoder is, or will be."""
    return dataset.folder / "vectors" / slug(encoder_id)


def index_encoders(dataset: Dataset) -> dict[str, Path]:
    """Encoder id -> folder of every index that the dataset has.

    Raises
    ------
    SourceError
        If the manifest of one is damaged.
    """
    place = dataset.folder / "vectors"
    folders = sorted(place.iterdir()) if place.is_dir() else []
    records = ((folder, read_index_manifest(folder)) for folder in folders if folder.is_dir())
    return {record["encoder"]["id"]: folder for folder, record in records if record is not None}


def only_index(dataset: Dataset, encoder_id: str | None = None) -> VectorIndex:
    """The index of an encoder; without ``encoder_id`` the only one there is.

    Raises
    ------
    UsageError
        If there is none of that encoder, or none or several to choose from.
    SourceError
        If the index is damaged or its embeddings have changed.
    """
    there = index_encoders(dataset)
    if encoder_id is None and len(there) == 1:
        (encoder_id,) = there
    if encoder_id is not None and encoder_id in there:
        return VectorIndex(there[encoder_id], dataset.removed)
    raise _nothing_to_choose(
        dataset, "index", list(there), encoder_id, "Build one with `audit index`."
    )


def indexed_embeddings(dataset: Dataset, encoder_id: str) -> Path | None:
    """The folder that the index of an encoder was made from; None if either is not there.

    Raises
    ------
    SourceError
        If the manifest of an index is damaged.
    """
    folder = index_encoders(dataset).get(encoder_id)
    record = read_index_manifest(folder) if folder is not None else None
    if folder is None or record is None:
        return None
    place = Path(folder, record["embeddings"]).resolve()
    return place if place.is_dir() else None


def only_embeddings(dataset: Dataset, encoder_id: str | None = None) -> EmbeddingFolder:
    """The embeddings of an encoder that a dataset has; without ``encoder_id`` the only ones.

    They are in the dataset's folder, or where its index was made from.

    Raises
    ------
    UsageError
        If there are none of that encoder, or none or several to choose from; or if there are
        some in the dataset's folder and the index was made from others.
    SourceError
        If they are damaged.
    """
    own = {}
    for folder in embeddings_folders(dataset):
        record = read_manifest(folder)
        if record is not None:
            own[record["encoder"]["id"]] = folder
    there = [*index_encoders(dataset), *own]
    if encoder_id is None and len(set(there)) == 1:
        encoder_id = there[0]
    if encoder_id is not None:
        inside = own.get(encoder_id, embeddings_folder(dataset, encoder_id))
        indexed = indexed_embeddings(dataset, encoder_id)
        if indexed is not None and inside.is_dir() and not inside.samefile(indexed):
            raise UsageError(
                f"The index of {encoder_id} was made from {indexed}, and there are embeddings of "
                f"it in {inside} too.",
                hint=f"Name the folder. To go on with the index: `audit index {indexed}`. To "
                f"replace it by one of the others: `audit index {inside}`.",
            )
        folder = indexed or inside
        if folder.is_dir():
            return EmbeddingFolder.open(folder, encoder_id)
    raise _nothing_to_choose(
        dataset,
        "embeddings",
        list(dict.fromkeys(there)),
        encoder_id,
        "Make some with `audit embed`, or give a folder of embeddings that others made.",
    )


def _nothing_to_choose(
    dataset: Dataset, what: str, there: list[str], encoder_id: str | None, make: str
) -> UsageError:
    if not there:
        of = f" of {encoder_id}" if encoder_id else ""
        return UsageError(f"Dataset {dataset.name!r} has no {what}{of}.", hint=make)
    listed = ", ".join(there)
    if encoder_id is None:
        return UsageError(
            f"Dataset {dataset.name!r} has {what} of {len(there)} encoders: {listed}.",
            hint=f"Choose one with --encoder {there[0]}.",
        )
    if encoder_id in there:
        return UsageError(
            f"The {what} of {encoder_id} that the index was made from are gone.",
            hint=f"Name the folder that they are in now. {make}",
        )
    near = did_you_mean(encoder_id, there)
    return UsageError(
        f"Dataset {dataset.name!r} has no {what} of {encoder_id}.",
        hint=f"{near + ' ' if near else ''}There: {listed}.",
    )
