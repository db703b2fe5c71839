"""What signals say of single rows, for whoever writes rows down."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from audit.datasets.dataset import Dataset, Part
from audit.fetching.selection import Chosen, IntArray, Selection
from audit.optouts.crawling import audience
from audit.optouts.results import ANSWERS
from audit.optouts.review import merged_signals, signal_files
from audit.optouts.review_part import PartReviewer, Wanted
from audit.optouts.signals import USES
from audit.parallel import processors

#: For each use the column of its answers.
USE_COLUMNS = {use: f"optout_{use.replace('-', '_')}" for use in USES}


def answers_by_row(
    dataset: Dataset, rows_of: Callable[[Part], IntArray]
) -> Iterator[tuple[Part, pa.Table]]:
    """The answers for every use of some rows of each part; signals as in `review_optouts`.

    Parameters
    ----------
    rows_of:
        The rows of a part that are asked about. Removed ones must not be among them.

    Yields
    ------
    part, table
        A part that has any such rows; ``row``, ``has_signal``, and a column of
        :data:`USE_COLUMNS` for each use with one of :data:`audit.optouts.results.ANSWERS`.
        Memory is bounded by the rows asked about.
    """
    everything = Chosen(0, 0, None)
    # Which answer is wanted does not matter here: it makes the reviewer name the rows.
    named = Wanted(next(iter(USES)), ANSWERS[0], None)
    with merged_signals(signal_files(dataset)) as (folder, merged, columns):
        reviewer = PartReviewer(
            dataset, audience(()), Selection(), everything, merged, columns, folder, processors(),
            named,
        )  # fmt: skip
        for part in dataset.parts:
            rows = rows_of(part)
            if len(rows):
                yield part, _answers(reviewer, part, rows)


def _answers(reviewer: PartReviewer, part: Part, rows: IntArray) -> pa.Table:
    found = [np.empty(0, np.int64)]
    codes: list[list[int]] = []
    for values, _, _, here in reviewer.groups(part, np.unique(rows)):
        judged = reviewer.judge(values)
        found.append(np.array(here, np.int64))
        answers = [ANSWERS.index(judged.verdicts[use].answer) for use in USES]
        codes.append([int(bool(judged.signals)), *answers])
    sizes = [len(some) for some in found[1:]]
    by_row = np.repeat(np.array(codes, np.int8).reshape(-1, 1 + len(USES)), sizes, axis=0)
    columns = {"row": np.concatenate(found), "has_signal": by_row[:, 0].astype(np.bool_)}
    for place, column in enumerate(USE_COLUMNS.values(), start=1):
        answers = pa.array(by_row[:, place])
        columns[column] = pa.DictionaryArray.from_arrays(answers, pa.array(ANSWERS))
    return pa.table(columns)
