"""Vectors of images by concept: arrays at hand, or rows of files that stay where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.captions.folding import fold
from audit.concepts.concept import clean_name
from audit.encoders.encoder import EncoderInfo
from audit.errors import EncoderMismatchError, SourceError, UsageError

Rows = NDArray[np.int64]
Vectors = NDArray[np.float32]

#: Vectors that are held at once: 8,192 of 768 float32 are 25 MB.
BLOCK_ROWS = 8192

#: The prompt of images of which none is told.
NO_PROMPT = ""


class Stored(Protocol):
    """Vectors in a file, mapped when they are asked for."""

    def __len__(self) -> int: ...

    @property
    def vectors(self) -> NDArray[Any]: ...


@dataclass(frozen=True)
class InMemory:
    """Vectors at hand, shape (images, dimension)."""

    vectors: NDArray[Any]

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True)
class Piece:
    """Some rows of stored vectors; None for all of them."""

    stored: Stored
    rows: Rows | None = None

    def __len__(self) -> int:
        return len(self.stored if self.rows is None else self.rows)

    def at(self, places: Rows | slice) -> NDArray[Any]:
        rows = self.stored.vectors
        return np.asarray(rows[places if self.rows is None else self.rows[places]])


class ImageVectors:
    """The vectors of a concept's images, one for each, at length one wherever they are read.

    Raises
    ------
    EncoderMismatchError
        If its pieces are of different dimensions.
    """

    def __init__(self, pieces: Sequence[Piece], what: str = "vectors") -> None:
        self._pieces, self._what = [piece for piece in pieces if len(piece)], what
        self._ends = np.cumsum([len(piece) for piece in self._pieces], dtype=np.int64)
        dimensions = {piece.stored.vectors.shape[1] for piece in self._pieces}
        if len(dimensions) > 1:
            raise other_dimension(what, dimensions)
        self.dimension: int = dimensions.pop() if dimensions else 0

    @classmethod
    def of(cls, vectors: ArrayLike, what: str = "vectors") -> ImageVectors:
        """From an array of shape (images, dimension).

        Raises
        ------
        UsageError
            If it has another shape or holds no numbers.
        """
        rows = np.asarray(vectors)
        if rows.ndim != 2 or not np.issubdtype(rows.dtype, np.number) or rows.shape[1] == 0:
            raise UsageError(
                f"{what}: {rows.dtype} of shape {rows.shape} are not vectors.",
                hint="Give an array of shape (images, dimension).",
            )
        return cls([Piece(InMemory(rows))], what)

    @classmethod
    def joined(cls, several: Sequence[ImageVectors], what: str) -> ImageVectors:
        return cls([piece for one in several for piece in one._pieces], what)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def at(self, places: Rows) -> Vectors:
        """The vectors at ``places``, shape (places, dimension), unit length.

        Raises
        ------
        SourceError
            If one is zero or not finite, or a file cannot be read.
        """
        found = np.empty((len(places), self.dimension), np.float32)
        which = np.searchsorted(self._ends, places, "right")
        for number in np.unique(which).tolist():
            here = np.flatnonzero(which == number)
            piece = self._pieces[number]
            first = self._ends[number] - len(piece)
            found[here] = self._unit(piece.at(places[here] - first), places[here])
        return found

    def blocks(self, rows: int = BLOCK_ROWS) -> Iterator[Vectors]:
        """All vectors in order, at most ``rows`` at once; raises as :meth:`at` does."""
        first = 0
        for piece in self._pieces:
            for start in range(0, len(piece), rows):
                block = piece.at(slice(start, start + rows))
                yield self._unit(block, np.arange(first + start, first + start + len(block)))
            first += len(piece)

    def _unit(self, rows: NDArray[Any], places: Rows) -> Vectors:
        with np.errstate(over="ignore", invalid="ignore"):
            vectors = rows.astype(np.float32)
            lengths = np.linalg.norm(vectors, axis=1)
        bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
        if len(bad):
            first, why = bad[0], "all zeros" if lengths[bad[0]] == 0 else "not finite"
            raise SourceError(
                f"{self._what}: vector {places[first]:,} is {why}.",
                hint="It is no embedding of an image. Embed that image again, or leave it out.",
            )
        vectors /= lengths[:, None]
        return vectors


#: Arrays by concept, or by concept and prompt.
Arrays = Mapping[str, "ArrayLike | Mapping[str, ArrayLike]"]


@dataclass(frozen=True)
class ConceptVectors:
    """Vectors of images by concept, of generated ones by prompt too.

    Attributes
    ----------
    images:
        Concept -> prompt -> vectors.
    info:
        The encoder; None of arrays of which nobody says it.
    counts:
        How many training images a concept has, where the source tells; not how many vectors.
    domains:
        Concept -> domain, where the source tells.
    left_out:
        Concept -> reason -> images that have no vector, or several.
    models:
        What generated the images.
    notes:
        What else a reader should know of the source.
    """

    images: Mapping[str, Mapping[str, ImageVectors]]
    info: EncoderInfo | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        arrays: Arrays | ConceptVectors,
        info: EncoderInfo | None = None,
        domains: Mapping[str, str] | None = None,
    ) -> ConceptVectors:
        """From arrays of shape (images, dimension), one a concept or one a concept and prompt.

        Raises
        ------
        UsageError
            If something is no array of vectors.
        ConceptError
            If a concept's name is none.
        """
        if isinstance(arrays, ConceptVectors):
            return arrays
        images = {}
        for name, given in arrays.items():
            by_prompt = given if isinstance(given, Mapping) else {NO_PROMPT: given}
            images[clean_name(name, "concept")] = {
                prompt: ImageVectors.of(rows, f"{name}, {prompt!r}" if prompt else name)
                for prompt, rows in by_prompt.items()
            }
        return cls(images, info, domains=domains or {})

    def __len__(self) -> int:
        """How many images there are."""
        return sum(len(one) for by_prompt in self.images.values() for one in by_prompt.values())

    def of_concept(self, concept: str) -> ImageVectors:
        """All vectors of a concept, of whatever prompt."""
        return ImageVectors.joined(list(self.images[concept].values()), concept)

    @property
    def dimensions(self) -> set[int]:
        every = (one for by_prompt in self.images.values() for one in by_prompt.values())
        return {one.dimension for one in every if len(one)}


def concept_key(name: str) -> str:
    """What two spellings of a concept have in common: letters without case and accents.

    >>> concept_key("Vincent van Gogh") == concept_key("vincent-van-gogh")
    True
    """
    return fold(name).strip() or name


def other_dimension(what: str, dimensions: set[int]) -> EncoderMismatchError:
    """The error on vectors that cannot be of one encoder."""
    listed = " and ".join(f"{one:,}" for one in sorted(dimensions))
    return EncoderMismatchError(
        f"{what}: vectors of {listed} numbers, which are of different encoders.",
        hint="Embed all images with one encoder.",
    )
