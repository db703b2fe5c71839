"""From the columns of a batch to one number a row: everything that rows say alike is read once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.datasets.dataset import Dataset, Part
from audit.licenses.agreement import denies_copyright
from audit.licenses.cleaning import is_missing, is_said_unclear, is_said_unknown, tidy
from audit.licenses.normalise import normalise
from audit.licenses.tables import lower
from audit.reviews.conclusions import Conclusion, End, Reasoner, Said

#: Columns of a part that say something about rights, in the order of :class:`Said`.
RIGHTS_COLUMNS = ("license", "license_url", "rights_holder", "license_end")
#: Rows that are looked at together.
BATCH_ROWS = 1 << 17

_CACHED = 1 << 16
#: What stands in the column of holders where there is none, or none is known.
_NO_HOLDER = re.compile(
    r"(?:unknown|anonymous|unidentified|unattributed)(?: (?:author|artist|photographer|creator|"
    r"maker|holder|copyright holder|rights holder))?s?|anon|none(?: (?:known|identified))?|"
    r"no (?:known )?(?:copyright|rights?)(?: ?holders?| restrictions?)?|orphan(?:ed)?(?: works?)?|"
    r"(?:not in|out of|no longer in) copyright|copyright (?:has )?(?:expired|lapsed|unknown|"
    r"undetermined)|expired|(?:in the )?public domain|various|[0-9 .-]+",
    re.ASCII,
)
#: Without one of these, no statement denies copyright.
_MAY_DENY = re.compile(r"domain|copyright|known|pdm|mark|pd-|work", re.ASCII)
_DAY = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})"
    r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?",
    re.ASCII,
)

IntArray = NDArray[np.int64]


def rights_columns(dataset: Dataset) -> list[str]:
    """Those of :data:`RIGHTS_COLUMNS` that a dataset has."""
    return [name for name in RIGHTS_COLUMNS if name in dataset.columns]


@dataclass(frozen=True)
class Sayings:
    """What the rows of a batch say.

    Attributes
    ----------
    said:
        Everything different that is said.
    numbers:
        (n,) which of it each row says.
    """

    said: tuple[Said, ...]
    numbers: IntArray

    @property
    def rows(self) -> IntArray:
        """(said,) rows that say it."""
        return np.bincount(self.numbers, minlength=len(self.said))


def sayings(columns: Mapping[str, pa.Array], rows: int, on: date) -> Sayings:
    """Group the rows of a batch by what they say.

    Parameters
    ----------
    columns:
        Column of :data:`RIGHTS_COLUMNS` -> (n,) text, plain or dictionary; those that a dataset
        does not have are left out, and say nothing.
    rows:
        n.
    on:
        Day that tells whether a license has ended.
    """
    codes: IntArray = np.zeros(rows, np.int64)
    different: list[tuple[Any, ...]] = [()]
    for name in RIGHTS_COLUMNS:
        own, meanings = _meanings(name, columns.get(name), rows, on)
        codes, places = _renumbered(codes * len(meanings) + own)
        different = [
            (*different[place // len(meanings)], meanings[place % len(meanings)])
            for place in places.tolist()
        ]
    return Sayings(tuple(Said(*one) for one in different), codes)


def _meanings(
    name: str, column: pa.Array | None, rows: int, on: date
) -> tuple[IntArray, Sequence[Any]]:
    """(n,) numbers of what each row means by a column, and what the numbers mean."""
    says_nothing = {"license": None, "license_url": None, "rights_holder": False}.get(name, "")
    if column is None:
        return np.zeros(rows, np.int64), [says_nothing]
    own, values = dictionary_codes(column)
    # Number 0 is for null.
    meanings = [says_nothing]
    if name == "rights_holder":
        meanings += [names_a_holder(value) for value in values]
    elif name == "license_end":
        meanings += [end_of(value, on) for value in values]
    else:
        return own, [*meanings, *values]
    different = list(dict.fromkeys(meanings))
    number = np.array([different.index(meaning) for meaning in meanings])
    return number[own], different


def dictionary_codes(column: pa.Array) -> tuple[IntArray, list[str]]:
    """(n,) 0 for null, else 1 + the place of the value in the list."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    indices = column.indices.fill_null(-1) if column.null_count else column.indices
    codes = indices.to_numpy(zero_copy_only=False).astype(np.int64) + 1
    return codes, column.dictionary.to_pylist()


def _renumbered(codes: IntArray) -> tuple[IntArray, IntArray]:
    """Codes as numbers from 0 without gaps, and the code of each."""
    most = int(codes.max(initial=0)) + 1
    if most > 4 * len(codes) + 1024:
        places, numbers = np.unique(codes, return_inverse=True)
        return numbers, places
    # Few possible codes: a table of them is faster than sorting the rows.
    places = np.flatnonzero(np.bincount(codes, minlength=most))
    number = np.zeros(most, np.int64)
    number[places] = np.arange(len(places))
    return number[codes], places


@lru_cache(_CACHED)
def names_a_holder(value: str) -> bool:
    """Whether the value of a column of rights holders names one.

    >>> names_a_holder("Tate"), names_a_holder("Public domain"), names_a_holder(" unknown ")
    (True, False, False)
    """
    text = tidy(value)
    if is_missing(text) or is_said_unknown(text) or is_said_unclear(text):
        return False
    if _NO_HOLDER.fullmatch(lower(text)):
        return False
    # A statement in the wrong column, such as "No known copyright restrictions".
    return _MAY_DENY.search(lower(text)) is None or not denies_copyright(normalise(text).license)


@lru_cache(_CACHED)
def end_of(value: str, on: date) -> End:
    """What a day on which a license ends means on another day; the license holds on both.

    >>> end_of("2019-12-31", date(2020, 1, 1)), end_of("soon", date(2020, 1, 1))
    ('past', 'unreadable')
    """
    text = tidy(value)
    if is_missing(text):
        return ""
    found = _DAY.fullmatch(text)
    try:
        day = date(*map(int, found.groups()[:3])) if found else None
    except ValueError:
        day = None
    if day is None:
        return "unreadable"
    return "past" if day < on else "to come"


class Concluder:
    """Concludes for batches; remembers what it concluded.

    Attributes
    ----------
    conclusions:
        Everything different that was concluded so far; rows get their numbers.
    """

    def __init__(self, reasoner: Reasoner) -> None:
        self.conclusions: list[Conclusion] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._number_of = lru_cache(_CACHED)(lambda said: self._add(reasoner.conclude(said)))

    def _add(self, conclusion: Conclusion) -> int:
        number = self._numbers.setdefault(conclusion.key, len(self.conclusions))
        if number == len(self.conclusions):
            self.conclusions.append(conclusion)
        return number

    def numbers(self, said: Sequence[Said]) -> IntArray:
        """(said,) numbers of the conclusions."""
        return np.fromiter(map(self._number_of, said), np.int64, len(said))


def part_batches(part: Part, columns: Sequence[str]) -> Iterator[tuple[IntArray, pa.RecordBatch]]:
    """The rows of a part that were not removed, in batches with their (n,) numbers.

    What it says of rights is given as dictionaries.
    """
    rights = [name for name in columns if name in RIGHTS_COLUMNS]
    start = 0
    with pq.ParquetFile(part.path, read_dictionary=rights) as file:
        for batch in file.iter_batches(BATCH_ROWS, columns=list(columns)):
            rows = np.arange(start, start + len(batch))
            kept = part.kept(start, len(batch))
            start += len(batch)
            if kept is None:
                yield rows, batch
            else:
                yield rows[kept], batch.filter(pa.array(kept))
