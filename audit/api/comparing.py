"""Two datasets, or two snapshots of one, held against each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from audit.api.opened import Opened, PathLike
from audit.api.reporting import Report
from audit.comparisons import Comparison, compare
from audit.comparisons.asking import DiffQuestion
from audit.comparisons.compare import Side, find_side
from audit.comparisons.reading import as_snapshot
from audit.concepts import Concept, gather_concepts
from audit.concepts.lists import ConceptList
from audit.datasets.dataset import Dataset
from audit.datasets.home import Home

if TYPE_CHECKING:
    from audit.verdicts.flagging import Yardstick


def diff(
    a: PathLike | Opened | Report,
    b: PathLike | Opened | Report,
    *concepts: str | Concept,
    aliases: Sequence[str] = (),
    exclude: Sequence[str] = (),
    concept_list: PathLike | ConceptList | None = None,
    where: str | None = None,
    yardstick: Yardstick | None = None,
    on: date | None = None,
    home: PathLike | None = None,
    workers: int | None = 1,
    on_progress: Callable[[str, float | None], None] = lambda what, share: None,
) -> Comparison:
    """What changed from ``a`` to ``b``: concepts, verdicts, licenses, opt-outs and domains.

    Parameters
    ----------
    a, b:
        Each the name of a dataset, a dataset that is open, the JSON file of a report, or a report
        that was just made. A report's question is asked of a dataset on the other side.
    concepts, aliases, exclude, concept_list, where, yardstick, on:
        What to ask of two datasets, as in :meth:`OpenDataset.report`.
    home:
        The folder of datasets; by default ``$AUDIT_HOME``, or else ``indexes``.

    Raises
    ------
    UsageError
        If both are the same, a report cannot be read, or something is asked of a report.
    """
    places = Home(home)
    one, other = _side(a, places), _side(b, places)
    asked = gather_concepts(concepts, aliases, exclude, concept_list)
    question = None
    if asked or where is not None or yardstick is not None or on is not None or (
        isinstance(one, Dataset) and isinstance(other, Dataset)
    ):  # fmt: skip
        from audit.verdicts.flagging import Yardstick

        question = DiffQuestion(asked, yardstick or Yardstick(), where, on, workers=workers)
    return compare(one, other, question, workers=workers, on_progress=on_progress)


def _side(side: PathLike | Opened | Report, home: Home) -> Side:
    if isinstance(side, Opened):
        return side.dataset
    if isinstance(side, Report):
        return as_snapshot(side.to_dict(), repr(side), "report")
    if isinstance(side, str):
        return find_side(side, home)
    return Path(os.fspath(side)).expanduser()
