"""The background: what images of a dataset score that do not show the concept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.references.contamination import without_concept
from audit.references.reference_set import ReferenceSet, Statistic
from audit.references.tail import LEAST_BACKGROUND

#: Two images are alike if they are more so than all but this share of pairs of a reference and an
#: image that has nothing to do with it.
_UNRELATED = 1e-3


@dataclass(frozen=True)
class Background:
    """What images score that do not show the concept.

    Attributes
    ----------
    scores:
        Of a random sample of images, shape (images,), without those that show the concept.
    left_out:
        How many did, by how far their scores are from all others.
    alike:
        The similarity that one in a thousand pairs of a reference and such an image exceeds.
    named:
        Scores of images of the same sample whose caption names the concept, shape (named,).
    """

    scores: NDArray[np.float64]
    left_out: int
    alike: float
    named: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def __len__(self) -> int:
        return len(self.scores)


def background_scores(
    references: ReferenceSet,
    background: NDArray[Any],
    statistic: Statistic,
    named: NDArray[Any] | None = None,
) -> Background:
    """Scores of background vectors against the references.

    Parameters
    ----------
    background:
        Of images whose caption does not name the concept, shape (images, dimension).
    named:
        Of images of the same draw whose caption does, shape (images, dimension), if captions tell.
    """
    vectors = background.astype(np.float32)
    pairs = vectors @ references.vectors.astype(np.float32).T
    queries = references.queries(statistic).astype(np.float32)
    scores = np.asarray((vectors @ queries.T).max(axis=1, initial=-1.0), dtype=np.float64)
    if len(scores) < LEAST_BACKGROUND:
        return Background(scores, 0, 1.0)
    of_named = None
    if named is not None:
        of_named = (named.astype(np.float32) @ queries.T).max(axis=1, initial=-1.0)
    kept = without_concept(scores, of_named)
    unrelated = pairs[scores <= kept.max()]
    alike = float(np.quantile(unrelated, 1 - _UNRELATED))
    named_scores = np.empty(0) if of_named is None else of_named.astype(np.float64)
    return Background(kept, len(scores) - len(kept), alike, named_scores)
