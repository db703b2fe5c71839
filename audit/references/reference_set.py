"""References of a concept, embedded by the encoder that embedded the dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audit.encoders.encoder import Encoder, EncoderInfo, TextEncoder
from audit.errors import ConceptError
from audit.images.collections import IMAGE_SUFFIXES
from audit.images.decoding import DEFAULT_LIMITS, BadImageError, DecodeLimits, decode

#: How a vector is scored against several references: the best of them, or their mean.
Statistic = Literal["max", "mean"]

#: From this similarity on two references are one picture.
COPY = 0.995


@dataclass(frozen=True)
class ReferenceSet:
    """What a concept looks like, as vectors.

    Attributes
    ----------
    vectors:
        float16, shape (references, dimension), unit length.
    names:
        File, or words, of each.
    kind:
        ``images``, or ``text``, which is weaker evidence.
    left_out:
        (name, reason) of what was given and not used.
    """

    vectors: NDArray[np.float16]
    names: tuple[str, ...]
    info: EncoderInfo
    kind: Literal["images", "text"] = "images"
    left_out: tuple[tuple[str, str], ...] = field(default=())

    def __post_init__(self) -> None:
        if not len(self.vectors):
            reasons = "; ".join(f"{name}: {why}" for name, why in self.left_out[:3])
            raise ConceptError(
                f"No reference can be used ({reasons or 'there are none'}).",
                hint="Give images that show the concept, one of it in each.",
            )

    def __len__(self) -> int:
        return len(self.vectors)

    def label(self, number: int) -> str:
        """What a reference is called in a sentence: its file without the folder, or its words."""
        name = self.names[number]
        return name if self.kind == "text" else Path(name).name

    def queries(self, statistic: Statistic) -> NDArray[np.float16]:
        """The vectors that a stored one is compared with, shape (queries, dimension).

        A mean of dot products is the dot product with the mean.
        """
        if statistic == "max" or len(self) == 1:
            return self.vectors
        mean: NDArray[np.float64] = self.vectors.astype(np.float64).mean(axis=0, keepdims=True)
        return mean.astype(np.float16)

    def own_scores(self, statistic: Statistic) -> NDArray[np.float64]:
        """The score of each reference against the others: leave one out, shape (references,).

        Empty for a single reference, which has no others, and for words, which are not images.
        """
        if len(self) < 2 or self.kind == "text":
            return np.empty(0)
        exact = self.vectors.astype(np.float64)
        if statistic == "mean":
            others = (exact.sum(axis=0) - exact) / (len(self) - 1)
            return np.asarray(np.einsum("ij,ij->i", exact, others.astype(np.float16)))
        similarity = exact @ exact.T
        np.fill_diagonal(similarity, -np.inf)
        return np.asarray(similarity.max(axis=1))

    def groups(self, cutoff: float) -> list[list[int]]:
        """References that hang together by similarities of at least ``cutoff``, largest first.

        One group means that the references cohere. Several mean that they show several things, or
        one thing in ways that the encoder does not see as one.
        """
        exact = self.vectors.astype(np.float64)
        alike = exact @ exact.T >= cutoff
        left = set(range(len(self)))
        groups = []
        while left:
            group, edge = set(), {min(left)}
            while edge:
                group |= edge
                edge = {j for i in edge for j in np.flatnonzero(alike[i]).tolist()} - group
            left -= group
            groups.append(sorted(group))
        return sorted(groups, key=lambda group: (-len(group), group))


def embed_references(
    paths: Sequence[str | Path], encoder: Encoder, limits: DecodeLimits = DEFAULT_LIMITS
) -> ReferenceSet:
    """References from images, or folders of images.

    Images that are broken, that show none or several of what the encoder looks for, or that are
    copies of an earlier one are left out and named.

    Raises
    ------
    ConceptError
        If a path does not exist, or no image can be used.
    """
    vectors: list[NDArray[np.float16]] = []
    names: list[str] = []
    left_out: list[tuple[str, str]] = []
    for path in reference_files(paths):
        try:
            found = encoder.encode([encoder.prepare(decode(path.read_bytes(), limits))])[0]
        except (BadImageError, OSError) as error:
            left_out.append((str(path), str(error)))
            continue
        if len(found) != 1:
            left_out.append((str(path), f"shows {len(found) or 'none'} of what is looked for"))
            continue
        vector = found[0].astype(np.float16)
        similar = [float(vector.astype(float) @ other.astype(float)) for other in vectors]
        if similar and max(similar) >= COPY:
            left_out.append((str(path), f"a copy of {Path(names[int(np.argmax(similar))]).name}"))
            continue
        vectors.append(vector)
        names.append(str(path))
    shape = (0, encoder.info.dimension)
    stacked = np.stack(vectors) if vectors else np.empty(shape, np.float16)
    return ReferenceSet(stacked, tuple(names), encoder.info, "images", tuple(left_out))


def text_references(prompts: Sequence[str], encoder: Encoder) -> ReferenceSet:
    """Words in place of images, for encoders that have a text side.

    Raises
    ------
    ConceptError
        If the encoder has none.
    """
    if not isinstance(encoder, TextEncoder):
        raise ConceptError(
            f"{encoder.info.id} has no text side: words cannot stand in for references.",
            hint="Give images with --references, or use embeddings of an open_clip encoder.",
        )
    vectors = encoder.encode_texts(list(prompts)).astype(np.float16)
    return ReferenceSet(vectors, tuple(prompts), encoder.info, "text")


def reference_files(paths: Sequence[str | Path]) -> list[Path]:
    """The images that are named, and those in folders that are named.

    Raises
    ------
    ConceptError
        If a path does not exist, or a folder has no images.
    """
    files: list[Path] = []
    for given in paths:
        path = Path(given).expanduser()
        if path.is_dir():
            inside = [
                file
                for file in sorted(path.rglob("*"))
                if file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith((".", "_"))
            ]
            if not inside:
                raise ConceptError(f"{path}: no images there.", hint="References are image files.")
            files += inside
        elif path.exists():
            files.append(path)
        else:
            raise ConceptError(f"{path}: does not exist.", hint="Check the path of the references.")
    return files
