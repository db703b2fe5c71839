"""Exact matching on a GPU: blocks of scores by matrix products, the doubtful ones scored again.

A product of float16 vectors has an error of at most

    |x|·|q|·(d·u + v)

for d numbers: every product of two float16 is a float32 without error, each of d additions in
whatever order errs by u of what is added up, and the result is rounded by v. u is 2⁻²⁴ for float32
arithmetic; tensor cores cut off instead of rounding, for which u is taken to be 2⁻²². v is 2⁻¹¹
where the result is float16. Pairs whose score is that near to the cut-off are scored again from
the stored vectors in float64, by the rule of :mod:`audit.vectors.exact`, so that the answer is the
same to the last bit.

This was tested on the CPU, where torch runs the same code in float32. It was not measured on a
GPU. FAISS on GPUs is not used: it has no range search, and limits the number of neighbours.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.errors import MissingPackageError, UsageError
from audit.vectors.exact import Matches, Scan, VectorPart

#: Numbers of vectors, and scores, that are on the device at once where they are not kept there.
_BLOCK_NUMBERS = {"cuda": 1 << 28, "cpu": 1 << 22}

#: Vectors are kept on the device while this share of its free memory suffices.
_KEPT_SHARE = 0.8

#: What underflow may lose.
_TINY = 1e-7


@dataclass(frozen=True)
class _Block:
    ordinal: int
    start: int
    vectors: Any  #: a tensor on the device
    longest: float


class DeviceScan:
    """Stored vectors, scanned on a device of torch; those that fit stay there between scans.

    Parameters
    ----------
    device:
        ``cuda``, ``cuda:1`` … or ``cpu``.

    Attributes
    ----------
    out_of_memory:
        What is raised when the memory of the device does not suffice.

    Raises
    ------
    MissingPackageError
        If torch is not installed.
    UsageError
        If there is no such device.
    """

    def __init__(self, parts: Sequence[VectorPart], device: str = "cuda") -> None:
        self._torch = torch = _import_torch()
        self.out_of_memory: type[Exception] = torch.cuda.OutOfMemoryError
        self.parts = parts
        try:
            self.device = torch.device(device)
            torch.empty(1, device=self.device)
        except (RuntimeError, AssertionError) as error:
            raise UsageError(
                f"Nothing can be computed on {device!r} here ({str(error).splitlines()[0]}).",
                hint="Leave the device out: matching on the CPU gives the same answer.",
            ) from error
        if self.device.type not in _BLOCK_NUMBERS:
            raise UsageError(
                f"The error of matrix products on {self.device.type!r} is not known.",
                hint="Use cuda or cpu.",
            )
        #: On GPUs float16 in and out; elsewhere float32, as float16 may be added up in float16.
        self._half = self.device.type == "cuda"
        self._unit_error = 2.0**-22 if self._half else 2.0**-24
        self._rounding = 2.0**-11 if self._half else 2.0**-24
        self._kept: dict[tuple[int, int], Any] = {}

    def search(
        self, queries: NDArray[Any], cutoffs: NDArray[Any] | Sequence[float] | float
    ) -> Matches:
        """As :func:`audit.vectors.exact.search`."""
        scan = Scan(queries, cutoffs)
        found = []
        for block, scores in self._scored(scan):
            rows, which = self._where(scores >= self._least_scores(scan, block))
            vectors = self.parts[block.ordinal].vectors
            found.append(scan.kept(vectors, block.ordinal, rows + block.start, which))
        return Matches.joined(found)

    def _scored(self, scan: Scan) -> Iterator[tuple[_Block, Any]]:
        """Blocks with their scores on the device, shape (rows, queries)."""
        if not len(scan.queries):
            return
        with _full_precision(self._torch):
            asked = self._on_device(scan.queries)
            for block in self._blocks(scan):
                yield block, block.vectors @ asked.T

    def _blocks(self, scan: Scan) -> Iterator[_Block]:
        for ordinal, part in enumerate(self.parts):
            scan.check_dimension(part)
            # Kept blocks have to be the same whatever is asked.
            size = max(_BLOCK_NUMBERS[self.device.type] // part.vectors.shape[1] // 4, 1)
            some = max(_BLOCK_NUMBERS[self.device.type] // len(scan.queries), 1)
            for first in range(0, len(part.vectors), size):
                rows = slice(first, first + size)
                vectors = self._block(ordinal, part, rows)
                coded = part.coded
                longest = float(coded.lengths[rows].max() + coded.residuals[rows].max())
                for start in range(0, len(vectors), some):
                    yield _Block(ordinal, first + start, vectors[start : start + some], longest)

    def _block(self, ordinal: int, part: VectorPart, rows: slice) -> Any:
        key = (ordinal, rows.start)
        if key in self._kept:
            return self._kept[key]
        vectors = self._on_device(part.vectors[rows])
        if self._half:
            free, _ = self._torch.cuda.mem_get_info(self.device)
            if free * _KEPT_SHARE > 4 * _BLOCK_NUMBERS["cuda"]:
                self._kept[key] = vectors
        return vectors

    def _on_device(self, vectors: NDArray[np.float16]) -> Any:
        tensor = self._torch.from_numpy(np.array(vectors))  # torch refuses what it cannot write to
        tensor = tensor.to(self.device)
        return tensor if self._half else tensor.float()

    def _least_scores(self, scan: Scan, block: _Block) -> Any:
        """For each query: the least score that may be a match."""
        dimension = scan.queries.shape[1]
        error = dimension * self._unit_error + self._rounding
        bound = block.longest * scan.norms * error * (1 + 1e-6) + _TINY
        kind = np.float16 if self._half else np.float32
        least = np.nextafter((scan.cutoffs - bound).astype(kind), kind(-np.inf))
        return self._torch.from_numpy(least).to(self.device)

    def _where(self, chosen: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        found = self._torch.nonzero(chosen).cpu().numpy()
        return found[:, 0], found[:, 1]


@contextlib.contextmanager
def _full_precision(torch: Any) -> Iterator[None]:
    """Float16 products are added up in float32 all the way, and float32 ones are no TF32."""
    flags = torch.backends.cuda.matmul
    names = [
        name
        for name in (
            "allow_fp16_reduced_precision_reduction",
            "allow_fp16_accumulation",
            "allow_tf32",
        )
        if hasattr(flags, name)
    ]
    before = {name: getattr(flags, name) for name in names}
    try:
        for name in names:
            setattr(flags, name, False)
        yield
    finally:
        for name, value in before.items():
            setattr(flags, name, value)


def _import_torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingPackageError.of("Matching on a GPU", "clip", error) from error
    return torch
