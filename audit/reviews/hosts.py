"""Rows by host, of which there may be tens of millions: a hash and a count of 8 bytes each.

Names are looked up at the end, for those that are listed. Frequent hosts are found in the first
rows, so that this takes no second pass.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.datasets.dataset import Dataset
from audit.reviews.conclusions import Conclusion
from audit.reviews.findings import STATUSES, is_named

#: What is told apart of a host's rows: the status, and whether one of these is found.
HOST_FINDINGS = ("missing", "conflicting")

_STATUSES = len(STATUSES)
_KINDS = _STATUSES << len(HOST_FINDINGS)
#: The kind takes the place of the last bits of the hash: among 30 million hosts, two have the same
#: of the 59 that are left with a probability of 0.0008.
_KIND_BITS = np.uint64(_KINDS.bit_length())
_BATCH_ROWS = 1 << 17
#: Sums that wait to be added up.
_WAITING = 1 << 22

Keys = NDArray[np.uint64]
IntArray = NDArray[np.int64]


def host_kind(conclusion: Conclusion) -> int:
    """A number for what is told apart of a host's rows; see :func:`is_kind`."""
    status, findings = conclusion.concluded.status, conclusion.findings
    flags = sum(is_named(name, status, findings) << bit for bit, name in enumerate(HOST_FINDINGS))
    return STATUSES.index(status) + _STATUSES * flags


def is_kind(kind: int, name: str) -> bool:
    """Whether a number of :func:`host_kind` has a status, or one of :data:`HOST_FINDINGS`."""
    if name in HOST_FINDINGS:
        return bool(kind // _STATUSES >> HOST_FINDINGS.index(name) & 1)
    return STATUSES[kind % _STATUSES] == name


@dataclass
class HostCounts:
    """Rows by host and kind; those of different rows add up.

    Attributes
    ----------
    keys, samples:
        (pairs of host and kind,) sorted keys, and the rows of each.
    """

    keys: Keys = field(default_factory=lambda: np.empty(0, np.uint64))
    samples: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    _waiting: list[tuple[Keys, IntArray | None]] = field(default_factory=list)
    _number: int = 0

    def add(self, hosts: pa.Array, kinds: IntArray) -> None:
        """Add (n,) rows, with the kind of each."""
        keys = (hashed(hosts) << _KIND_BITS) | kinds.astype(np.uint64)
        self._wait(keys, None)

    def absorb(self, other: HostCounts) -> None:
        """Add the counts of other rows."""
        other.add_up()
        self._wait(other.keys, other.samples)

    def _wait(self, keys: Keys, samples: IntArray | None) -> None:
        self._waiting.append((keys, samples))
        self._number += len(keys)
        if self._number >= _WAITING:
            self.add_up()

    def add_up(self) -> None:
        """Bring :attr:`keys` and :attr:`samples` up to date."""
        rows = [keys for keys, samples in self._waiting if samples is None]
        if rows:
            # Rows that count one each need no order to be remembered: sorting alone is fastest.
            whole = np.concatenate(rows)
            whole.sort()
            first = _first_of_each(whole)
            self._waiting.append((whole[first], np.diff(first, append=len(whole))))
        counted = [(keys, samples) for keys, samples in self._waiting if samples is not None]
        self._waiting, self._number = [], 0
        if counted:
            keys = np.concatenate([self.keys, *(keys for keys, _ in counted)])
            samples = np.concatenate([self.samples, *(samples for _, samples in counted)])
            order = np.argsort(keys)
            keys = keys[order]
            first = _first_of_each(keys)
            self.samples = np.add.reduceat(samples[order], first) if len(first) else samples
            self.keys = keys[first]

    def top(self, wanted: int | None) -> tuple[list[tuple[int, dict[int, int]]], int]:
        """The most frequent hosts, and how many different there are.

        Returns
        -------
        Hash of each host, and its rows by kind. Of equally frequent ones at the end, the hash
        decides which are there.
        """
        self.add_up()
        hosts = self.keys >> _KIND_BITS
        first = _first_of_each(hosts)
        totals = np.add.reduceat(self.samples, first) if len(first) else self.samples
        order = np.lexsort((hosts[first], -totals))[:wanted]
        ends = np.append(first[1:], len(hosts))
        found = []
        for place in order.tolist():
            mine = slice(first[place], ends[place])
            kinds = (self.keys[mine] & ((np.uint64(1) << _KIND_BITS) - np.uint64(1))).tolist()
            rows = self.samples[mine].tolist()
            found.append((int(hosts[first[place]]), dict(zip(kinds, rows, strict=True))))
        return found, len(first)


def hashed(hosts: pa.Array) -> Keys:
    """(n,) hashes of hosts, without the bits that a kind takes; null has one like any other."""
    hashes: Keys = pl.Series(hosts).hash().to_numpy()
    return hashes & ((np.uint64(1) << (np.uint64(64) - _KIND_BITS)) - np.uint64(1))


def host_names(dataset: Dataset, hashes: Collection[int]) -> dict[int, str | None]:
    """The hosts that have these hashes; reads no further than needed."""
    found: dict[int, str | None] = {}
    wanted = np.array(sorted(hashes), np.uint64)
    for part in dataset.parts:
        if len(found) == len(wanted):
            break
        with pq.ParquetFile(part.path) as file:
            for batch in file.iter_batches(_BATCH_ROWS, columns=["host"]):
                different = batch.column(0).unique()
                own = hashed(different)
                for place in np.flatnonzero(np.isin(own, wanted)).tolist():
                    found.setdefault(int(own[place]), different[place].as_py())
                if len(found) == len(wanted):
                    break
    return found


def kinds_of(conclusions: Sequence[Conclusion]) -> IntArray:
    """(conclusions,) the kind of each."""
    return np.array([host_kind(conclusion) for conclusion in conclusions], np.int64)


def _first_of_each(values: Keys) -> IntArray:
    """Where each different one of sorted values begins."""
    if not len(values):
        return np.empty(0, np.int64)
    return np.flatnonzero(np.append(True, values[1:] != values[:-1]))
