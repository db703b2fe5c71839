"""What goes on the contact sheet of a visual count: numbers, references, chosen images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audit.counts import sheet_groups
from audit.counts.sheet_groups import choose_groups
from audit.counts.visual_results import VisualCount, VisualResult
from audit.datasets.dataset import Dataset
from audit.datasets.lookup import SampleRef, SourceSample, look_up
from audit.estimates.intervals import wilson
from audit.estimates.prevalence import Estimate
from audit.references.cutoffs import CutOff
from audit.reports.contact_sheet import (
    ContactSheet,
    SheetConcept,
    SheetGroup,
    SheetImage,
    SheetReference,
)
from audit.reports.pictures import Picture, indexed_pictures, reference_picture
from audit.vectors.index import VectorIndex

#: References that are shown.
_REFERENCES = 24

_NOTES = {
    sheet_groups.ABOVE: "The matches that are least sure, nearest the cut-off first.",
    sheet_groups.BELOW: "Not taken to show the concept, nearest the cut-off first. The number of "
    "samples is that of those whose score was looked up.",
    sheet_groups.NAMED: "A fair sample of the matches whose caption names the concept.",
    sheet_groups.UNNAMED: "Indirect exposure: a fair sample of the matches whose caption does not "
    "name the concept.",
    sheet_groups.MATCHES: "A fair sample of all matches; captions were not read.",
}


def contact_sheet_of(
    result: VisualResult,
    dataset: Dataset,
    index: VectorIndex,
    each: int,
    seed: int = 0,
    *,
    on_progress: Callable[[float], None] = lambda share: None,
) -> ContactSheet:
    """The contact sheet of a count; nothing is fetched.

    Captions are read at the sources of the dataset, images where they lay when they were embedded;
    what is not there any more is named with the reason.

    Parameters
    ----------
    result:
        A count over ``dataset`` and ``index`` by :func:`audit.counts.by_image.count_by_image`.
    each:
        Images in each group, at most.
    seed:
        Of the random matches.

    Raises
    ------
    MissingPackageError
        If Pillow is not installed.
    SourceError
        If the files of the dataset or of its embeddings are damaged.
    """
    captions_read = result.by == "both"
    chosen = [_chosen(count, captions_read, each, seed) for count in result.counts]
    refs = {SampleRef(*ref) for one in chosen for ref in one.samples()}
    evidence = _Evidence(
        look_up(dataset, refs),
        dict(
            indexed_pictures(
                index, (image for one in chosen for image in one.images()), on_progress
            )
        ),
    )
    return ContactSheet(
        dataset=result.dataset,
        basis=_basis(result),
        encoder=result.encoder.id,
        method=result.method,
        assumption=result.assumption,
        concepts=tuple(
            _concept(count, one, evidence, captions_read)
            for count, one in zip(result.counts, chosen, strict=True)
        ),
        seed=seed,
        tool_version=result.tool_version,
    )


@dataclass(frozen=True)
class _Chosen:
    """The samples of a concept's groups, as indices into its scored samples."""

    count: VisualCount
    groups: dict[str, NDArray[np.int64]]

    def _all(self) -> NDArray[np.int64]:
        return np.unique(np.concatenate(list(self.groups.values())))

    def samples(self) -> Iterator[tuple[int, int]]:
        """Shard ordinal and row."""
        found, mine = self.count.scored, self._all()
        return zip(found.shard[mine].tolist(), found.row[mine].tolist(), strict=True)

    def images(self) -> Iterator[tuple[int, int]]:
        """Part of the index, and number of the image in it."""
        found, mine = self.count.scored, self._all()
        return zip(found.part[mine].tolist(), found.image[mine].tolist(), strict=True)


@dataclass(frozen=True)
class _Evidence:
    samples: dict[SampleRef, SourceSample]
    pictures: dict[tuple[int, int], Picture]


def _chosen(count: VisualCount, captions_read: bool, each: int, seed: int) -> _Chosen:
    found = count.scored
    named = found.named if captions_read else None
    return _Chosen(count, choose_groups(found.score, named, found.cutoff, each, seed))


def _basis(result: VisualResult) -> str:
    told = f"{result.coverage.describe()}; {result.with_image:,} of the {result.considered:,} "
    told += "considered have an image that could be looked at"
    return f"{told}; condition {result.where}" if result.where else told


def _concept(
    count: VisualCount, chosen: _Chosen, evidence: _Evidence, captions_read: bool
) -> SheetConcept:
    references = count.references
    shown = references.names[:_REFERENCES]
    return SheetConcept(
        name=count.name,
        cutoff=count.cutoff.value,
        cutoff_interval=count.cutoff.interval,
        cutoff_how=_how(count.cutoff),
        figures=_figures(count, captions_read),
        references=tuple(_reference(name, references.kind) for name in shown),
        references_left=len(references.names) - len(shown),
        groups=tuple(
            _group(name, count, members, evidence, captions_read)
            for name, members in chosen.groups.items()
        ),
        warnings=tuple(count.warnings),
    )


def _how(cutoff: CutOff) -> str:
    by = "the most similar reference" if cutoff.statistic == "max" else "the mean of the references"
    if cutoff.method == "calibrated":
        how = (
            f"calibrated on {cutoff.background:,} other images of the dataset, for "
            f"{cutoff.per_million:,.0f} false positives per million"
        )
    else:
        how = "given" if cutoff.method == "given" else f"published: {cutoff.method}"
    return f"{how}; scores are similarities to {by}"


def _figures(count: VisualCount, captions_read: bool) -> tuple[tuple[str, Estimate], ...]:
    total = ("show the concept", count.total)
    if not captions_read:
        return (total,)
    return (
        total,
        ("name it and show it", count.named.estimate),
        ("name it and do not show it", count.named_not_shown),
        ("show it and never name it (indirect exposure)", count.unnamed.estimate),
    )


def _reference(name: str, kind: str) -> SheetReference:
    # The folders above it are nobody's business who is shown the sheet.
    return SheetReference(Path(name).name, reference_picture(name, kind))


def _group(
    name: str,
    count: VisualCount,
    members: NDArray[np.int64],
    evidence: _Evidence,
    captions_read: bool,
) -> SheetGroup:
    found = count.scored
    above = found.above
    of = {
        sheet_groups.BELOW: int((~above).sum()),
        sheet_groups.NAMED: int((above & found.named).sum()),
        sheet_groups.UNNAMED: int((above & ~found.named).sum()),
    }.get(name, int(above.sum()))
    images = []
    for member in members.tolist():
        ref = SampleRef(int(found.shard[member]), int(found.row[member]))
        sample = evidence.samples.get(ref) or SourceSample("shard gone", None, None, False)
        images.append(
            SheetImage(
                picture=evidence.pictures[int(found.part[member]), int(found.image[member])],
                score=float(found.score[member]),
                caption=sample.caption,
                url=sample.url,
                shard=sample.shard,
                row=ref.row,
                named=bool(found.named[member]) if captions_read else None,
                folded=not sample.from_source,
            )
        )
    note = _NOTES[name]
    if name not in (sheet_groups.ABOVE, sheet_groups.BELOW):
        note += _what_it_tells(len(images), of)
    return SheetGroup(name, note, of, tuple(images))


def _what_it_tells(shown: int, of: int) -> str:
    if not shown:
        return " There are none."
    if shown == of:
        return " These are all."
    wrong = wilson(0, shown)[1]
    return f" Even if all {shown:,} are right, up to {wrong:.0%} of the {of:,} may be wrong (95 %)."
