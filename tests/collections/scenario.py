"""Datasets of a collection with a question whose answer is known.

Of each concept some pictures are held out: they are the references, and neither they nor exact
copies of them are in the dataset. Of those that are, some captions name the concept and the others
say nothing of it. The embeddings of the collection serve all of its datasets: an index joins those
of the held out pictures to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.concepts import Concept
from audit.datasets.dataset import Dataset
from audit.datasets.home import Home
from audit.datasets.ingest import ingest
from audit.embeddings.folder import EmbeddingFolder
from audit.references.reference_set import COPY, ReferenceSet
from audit.vectors.build import build_index
from audit.vectors.index import VectorIndex
from tests.collections.concepts import Rows, copies
from tests.collections.embedded import Embedded

_SHARDS = 3


@dataclass(frozen=True)
class Truth:
    """What is known of a concept in a dataset.

    Attributes
    ----------
    references:
        Rows of the collection that are held out for it, in random order.
    named, unnamed:
        Rows of the dataset that show it, by whether their caption names it.
    """

    label: str
    references: Rows
    named: Rows
    unnamed: Rows

    @property
    def shown(self) -> int:
        return len(self.named) + len(self.unnamed)


@dataclass(frozen=True)
class Scenario:
    dataset: Dataset
    index: VectorIndex
    truths: tuple[Truth, ...]
    vectors: NDArray[np.float16]  #: of the collection, row by row

    def sought(self, most: int) -> list[tuple[Concept, ReferenceSet]]:
        """The concepts with up to ``most`` references of each, no two of them the same picture."""
        return [
            (Concept(truth.label), self.references(self._pictures(truth.references)[:most]))
            for truth in self.truths
        ]

    def _pictures(self, rows: Rows) -> Rows:
        """Without those that are copies of an earlier one, as references are read from files."""
        exact = self.vectors[rows].astype(np.float64)
        alike = np.tril(exact @ exact.T, -1) >= COPY
        kept: list[int] = []
        for place in range(len(rows)):
            if not alike[place, kept].any():
                kept.append(place)
        return rows[kept]

    def references(self, rows: Rows) -> ReferenceSet:
        """Pictures of the collection as references."""
        names = tuple(str(row) for row in rows)
        return ReferenceSet(self.vectors[rows], names, self.index.info)


def make_scenario(
    made: Embedded,
    groups: Mapping[str, Rows],
    folder: Path,
    *,
    held_out: int = 20,
    share_named: float = 0.6,
    share_with_image: float = 1.0,
    references_by: str | None = None,
    seed: int = 0,
) -> Scenario:
    """A dataset in which the members of ``groups``, which share none, are known.

    Parameters
    ----------
    held_out:
        References of each concept, and at most half of it.
    share_named:
        Share of a concept's pictures whose caption names it.
    share_with_image:
        Share of the dataset that has an image, drawn at random.
    references_by:
        A creator of whom the dataset has nothing: all references are theirs. They look different
        from what is looked for, which no interval allows for.
    """
    rng = np.random.default_rng(seed)
    total = len(made.pictures)
    theirs = np.array([who == references_by for who in made.pictures["creator"]], np.bool_)
    held = {}
    for label, rows in groups.items():
        if references_by is None:
            held[label] = _held_out(made.pictures, rng.permutation(rows), held_out)
        else:
            held[label] = rng.permutation(rows[theirs[rows]])[:held_out]
    everywhere = np.ones(total, np.bool_)
    everywhere[copies(made.pictures, np.concatenate(list(held.values())))] = False
    everywhere[theirs] = False
    inside = np.flatnonzero(everywhere)
    captions = _captions(made.pictures, groups, share_named, rng)
    urls = made.pictures["url"].to_list()
    rows = rng.permutation(inside).tolist()
    dataset = make_dataset(
        made.name, [urls[row] for row in rows], [captions[row] for row in rows], folder
    )
    embeddings = made.embeddings
    if share_with_image < 1:
        drawn = rng.permutation(inside)[: round(share_with_image * len(inside))]
        part = vectors_of(made)[drawn], [urls[row] for row in drawn.tolist()]
        embeddings = foreign_embeddings(made.embeddings.info.id, [part], folder / "embeddings")
    build_index(dataset, embeddings, folder / "index")
    truths = []
    for label, rows in groups.items():
        members = rows[everywhere[rows]]
        named = np.array([_names(captions[row], label) for row in members], np.bool_)
        truths.append(Truth(label, held[label], members[named], members[~named]))
    return Scenario(dataset, VectorIndex(folder / "index"), tuple(truths), vectors_of(made))


def _held_out(pictures: pl.DataFrame, rows: Rows, most: int) -> Rows:
    """The first of ``rows`` that are no copies of each other, half of them at most."""
    _, first = np.unique(pictures["sha256"].gather(rows).to_numpy(), return_index=True)
    distinct = rows[np.sort(first)]
    return distinct[: min(most, len(distinct) // 2)]


def _captions(
    pictures: pl.DataFrame, groups: Mapping[str, Rows], share_named: float, rng: np.random.Generator
) -> list[str]:
    titles, creators = pictures["title"].to_list(), pictures["creator"].to_list()
    for label, rows in groups.items():
        named = rng.random(len(rows)) < share_named
        for row, is_named in zip(rows.tolist(), named.tolist(), strict=True):
            # The title says what is shown: it goes with the name.
            titles[row] = f"{titles[row]} ({label})" if is_named else "a drawing"
            creators[row] = creators[row] if is_named else "somebody"
    return [f"{title} by {creator}" for title, creator in zip(titles, creators, strict=True)]


def _names(caption: str, label: str) -> bool:
    """Whether a caption holds all words of a label in a row; not by the code that is tested."""
    words = [" ".join(re.findall(r"\w+", text.casefold())) for text in (caption, label)]
    return f" {words[1]} " in f" {words[0]} "


def vectors_of(made: Embedded) -> NDArray[np.float16]:
    """The vectors of a collection, row by row; of a picture that has none, zeros."""
    vectors = np.zeros((len(made.pictures), made.embeddings.info.dimension), np.float16)
    row_of = {url: row for row, url in enumerate(made.pictures["url"])}
    for part in made.embeddings.parts:
        rows = [row_of[url] for url in part.metadata(["url"])["url"].to_pylist()]
        vectors[rows] = part.vectors
    return vectors


def make_dataset(name: str, urls: Sequence[str], captions: Sequence[str], folder: Path) -> Dataset:
    """Ingest samples, in this order, from a few shards."""
    shards = folder / "shards"
    shards.mkdir(parents=True)
    table = pa.table({"URL": urls, "TEXT": captions})
    for number, rows in enumerate(np.array_split(np.arange(len(urls)), _SHARDS)):
        pq.write_table(table.take(rows), shards / f"{number:05d}.parquet")
    home = Home(folder / "home")
    ingest([str(shards / "*.parquet")], name, home=home, workers=1)
    return home.open(name)


def foreign_embeddings(
    encoder: str, parts: Sequence[tuple[NDArray[np.float16], Sequence[str]]], place: Path
) -> EmbeddingFolder:
    """Vectors and URLs as others write them, in clip-retrieval's layout."""
    for name in ("img_emb", "metadata"):
        (place / name).mkdir(parents=True)
    for number, (vectors, urls) in enumerate(parts):
        np.save(place / "img_emb" / f"img_emb_{number}.npy", vectors)
        table = pa.table({"url": urls})
        pq.write_table(table, place / "metadata" / f"metadata_{number}.parquet")
    return EmbeddingFolder.open(place, encoder)
