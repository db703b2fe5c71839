"""Counting for a page: by the functions that `audit count` and `audit license` call."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audit.concepts import Concept
from audit.counts.by_caption import count_by_caption
from audit.counts.results import ConceptCount, CountResult
from audit.counts.tally import Tally
from audit.counts.visual_results import VisualCount, VisualResult
from audit.datasets.dataset import Dataset
from audit.datasets.safety import SAFETY_COLUMNS
from audit.dossiers.kept_rows import RowPieces
from audit.explorer.jobs import Tell
from audit.explorer.matches import Matches
from audit.licenses.mapping import kept_map
from audit.parallel import processors
from audit.reviews.review import answer as review_answer
from audit.reviews.review import make_question
from audit.reviews.scopes import ScopeReview

#: Matches that facets and pages are made of, at most: some 40 bytes of the disk each.
MOST_MATCHES = 20_000_000


@dataclass(frozen=True)
class CaptionAnswer:
    """What captions name.

    Attributes
    ----------
    licenses, matches:
        None if ``why_no_matches`` says why.
    """

    result: CountResult
    licenses: ScopeReview | None
    matches: Matches | None
    why_no_matches: str | None = None

    @property
    def count(self) -> ConceptCount:
        return self.result.counts[0]


@dataclass(frozen=True)
class ImageAnswer:
    """What images show; ``order`` are its scored samples, the most similar first."""

    result: VisualResult
    order: np.ndarray[Any, np.dtype[np.int64]]

    @property
    def count(self) -> VisualCount:
        return self.result.counts[0]


def count_captions(
    dataset: Dataset, concept: Concept, folder: Path, tell: Tell, most: int = MOST_MATCHES
) -> CaptionAnswer:
    """Count what captions name, and keep the matches in ``folder``, which is made for it.

    Reads the captions twice: for the number, which is told as it comes, and for the matches with
    what is concluded of their licenses. Memory is bounded by a batch of rows.
    """

    def tally(so_far: Tally) -> None:
        tell(matches=int(so_far.samples[0]))

    result = count_by_caption(
        dataset,
        [concept],
        workers=processors() if _is_large(dataset) else 1,
        on_progress=_samples(tell, "captions"),
        on_tally=tally,
    )
    count = result.counts[0]
    if not count.samples:
        return CaptionAnswer(result, None, None, "no caption names it")
    if count.samples > most:
        return CaptionAnswer(
            result, None, None,
            f"it has more than {most:,} matches: name it more narrowly, or let `audit license` "
            "count their licenses",
        )  # fmt: skip
    tell(matches=count.samples)
    pieces = RowPieces.of(folder, dataset)
    try:
        review = review_answer(
            make_question(dataset, concepts=[concept], own_map=kept_map(dataset.folder)),
            keeper=pieces,
            on_progress=_samples(tell, "licenses of the matches"),
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    files = [path for path in map(pieces.path, dataset.parts) if path.exists()]
    safety = any(name in dataset.columns for name in SAFETY_COLUMNS)
    return CaptionAnswer(result, review.concepts[0], Matches(folder, files, safety))


def count_images(counted: Callable[[Callable[..., None]], VisualResult], tell: Tell) -> ImageAnswer:
    """Count what images show; ``counted`` is told how to tell how far it is."""
    result = counted(lambda what, share: tell(what=what, share=share))
    return ImageAnswer(result, np.argsort(-result.counts[0].scored.score, kind="stable"))


def _is_large(dataset: Dataset) -> bool:
    # Processes of their own start slowly, and a page should not.
    return dataset.coverage.samples > 200_000_000 and len(dataset.parts) > 1


def _samples(tell: Tell, what: str) -> Callable[[int, int], None]:
    return lambda done, total: tell(
        what=what, done=done, total=total, share=done / total if total else None
    )
