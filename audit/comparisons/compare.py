"""Comparing two sides, each of which is a report that was kept or a dataset that is here."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from audit._version import __version__
from audit.comparisons.asking import DiffQuestion, Progress, ask, question_of
from audit.comparisons.caveats import caveats
from audit.comparisons.concepts import compare_concepts
from audit.comparisons.domains import compare_domains
from audit.comparisons.overlap import Overlap, compare_urls, why_no_overlap
from audit.comparisons.reading import read_report
from audit.comparisons.results import Comparison
from audit.comparisons.rights import compare_licenses, compare_optouts
from audit.comparisons.snapshots import Snapshot
from audit.datasets.dataset import Dataset
from audit.datasets.home import Home
from audit.errors import UsageError

#: A dataset, the file of a report, or a report that was read.
Side = Dataset | Path | Snapshot


def find_side(text: str, home: Home) -> Dataset | Path:
    """What somebody means by one word: the name of a dataset, or the path of a report.

    Raises
    ------
    UsageError
        If it could be either.
    DatasetNotFoundError
        If it is neither.
    """
    path = Path(text).expanduser()
    is_dataset, is_file = text in home.names(), path.exists()
    if is_dataset and is_file and path.is_file():
        raise UsageError(
            f"{text!r} is the name of a dataset and of a file.",
            hint=f"Write .{os.sep}{text} for the file, or rename it.",
        )
    looks_like_path = os.sep in text or path.suffix.lower() == ".json"
    if not is_dataset and (is_file or looks_like_path):
        return path
    return home.open(text)


def compare(
    a: Side,
    b: Side,
    question: DiffQuestion | None = None,
    *,
    workers: int | None = 1,
    on_progress: Progress = lambda what, share: None,
) -> Comparison:
    """What changed from ``a`` to ``b``.

    Parameters
    ----------
    question:
        What to ask of two datasets. Where a side is a report, its question is asked of the other
        side, and this must be None.
    workers:
        Processes, where the question does not say it; None for as many as help.

    Raises
    ------
    UsageError
        If both are the same, a report cannot be read, or the question is wrong.
    """
    started = time.monotonic()
    _check_not_same(a, b)
    if question is not None and not (isinstance(a, Dataset) and isinstance(b, Dataset)):
        raise UsageError(
            "A report was asked before: nothing further can be asked of it.",
            hint="Leave the question out, or compare two datasets.",
        )
    # Reports first: what is wrong with one is told before anything is counted.
    read_a, read_b = _as_read(a), _as_read(b)
    asked = question or DiffQuestion(workers=workers)
    known = read_a or read_b
    if known is not None and not (read_a and read_b):
        asked = question_of(known, workers)
    of_a = read_a or ask(_dataset(a), asked, on_progress)
    of_b = read_b or ask(_dataset(b), asked, on_progress)
    overlap, why_not = _overlap(a, b, asked.where, on_progress)
    related = of_a.is_related_to(of_b)
    return Comparison(
        a=of_a,
        b=of_b,
        related=related,
        caveats=tuple(caveats(of_a, of_b)),
        concepts=compare_concepts(of_a, of_b, independent=not related),
        licenses=compare_licenses(of_a, of_b),
        optouts=compare_optouts(of_a, of_b),
        domains=compare_domains(of_a, of_b),
        overlap=overlap,
        why_no_overlap=why_not,
        tool_version=__version__,
        seconds=time.monotonic() - started,
    )


def _check_not_same(a: Side, b: Side) -> None:
    if isinstance(a, Path) and isinstance(b, Path):
        is_same = a.resolve() == b.resolve()
        if a.is_file() and b.is_file():
            is_same = a.samefile(b)
        if is_same:
            raise UsageError(
                f"{b}: is the same report as {a}.", hint="Name two reports, or two datasets."
            )
    are_datasets = isinstance(a, Dataset) and isinstance(b, Dataset)
    if are_datasets and _dataset(a).folder.resolve() == _dataset(b).folder.resolve():
        raise UsageError(
            f"{_dataset(b).name!r} is compared with itself.",
            hint="Name another dataset; or a report that was kept of this one: "
            "audit report -o FILE.json.",
        )


def _as_read(side: Side) -> Snapshot | None:
    if isinstance(side, Path):
        return read_report(side)
    return side if isinstance(side, Snapshot) else None


def _dataset(side: Side) -> Dataset:
    assert isinstance(side, Dataset)
    return side


def _overlap(
    a: Side, b: Side, where: str | None, on_progress: Callable[[str, float | None], None]
) -> tuple[Overlap | None, str | None]:
    if not (isinstance(a, Dataset) and isinstance(b, Dataset)):
        return None, "a report does not have the URLs of its samples: compare two datasets"
    why_not = why_no_overlap(a, b)
    if why_not is not None:
        return None, why_not
    return compare_urls(a, b, where, on_progress), None
