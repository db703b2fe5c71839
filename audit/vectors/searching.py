"""Searching an index several times: exactly, on a GPU where there is one, or approximately.

What takes long to open or to work out is kept between questions: the approximate index and its
centroids, and the vectors that fit a GPU.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from audit.errors import UsageError
from audit.vectors.exact import Matches, search
from audit.vectors.index import VectorIndex

if TYPE_CHECKING:
    from audit.vectors.approximate import ApproximateIndex
    from audit.vectors.gpu import DeviceScan
    from audit.vectors.recall import SampledMatches


class VectorSearch:
    """An index, opened for many questions.

    Attributes
    ----------
    remark:
        Why it is searched otherwise than was to be expected; empty if it is not.

    Parameters
    ----------
    approximate:
        Search the approximate index.
    device:
        Where an exact search is to run: ``cpu``, ``cuda`` …; ``auto`` takes a GPU if torch is
        loaded and has one, and goes on without it when its memory does not suffice.
    seed, workers:
        Of the sample that measures recall; and threads.
    on_remark:
        Called with :attr:`remark` when there is one.

    Raises
    ------
    UsageError
        If there is no such device, or no approximate index.
    SourceError
        If the approximate index is damaged.
    MissingPackageError
        If FAISS, or torch, is not installed and needed.
    """

    def __init__(
        self,
        index: VectorIndex,
        *,
        approximate: bool = False,
        device: str | None = None,
        seed: int = 0,
        workers: int = 1,
        on_remark: Callable[[str], None] = lambda remark: None,
    ) -> None:
        self._index, self._seed, self._workers = index, seed, workers
        self._on_remark = on_remark
        self._may_fall_back = device == "auto"
        self.remark = ""
        self._approximate: ApproximateIndex | None = None
        self._device: DeviceScan | None = None
        if approximate:
            from audit.vectors.approximate import ApproximateIndex

            self._approximate = ApproximateIndex(index)
        elif (chosen := chosen_device(device)) is not None:
            from audit.vectors.gpu import DeviceScan

            try:
                self._device = DeviceScan(index.parts, chosen)
            except UsageError:
                if not self._may_fall_back:
                    raise
                self._fall_back()

    def __call__(
        self, queries: NDArray[Any], cutoffs: NDArray[Any] | Sequence[float] | float
    ) -> tuple[Matches, SampledMatches | None]:
        """All pairs that score at least the cut-off; if some may be missing, what tells how many.

        Raises
        ------
        UsageError
            If the queries are no embeddings, or not of the parts' dimension; or if the memory of
            the device that was asked for does not suffice.
        SourceError
            If files of the index are damaged.
        """
        if self._approximate is not None:
            return self._approximate.search(
                queries, cutoffs, seed=self._seed, workers=self._workers
            )
        if self._device is not None:
            try:
                return self._device.search(queries, cutoffs), None
            except self._device.out_of_memory as error:
                if not self._may_fall_back:
                    raise UsageError(
                        f"The memory of {str(self._device.device)!r} does not suffice.",
                        hint="Match on the processor, --device cpu: the answer is the same.",
                    ) from error
            # Outside of the handler, as the error holds on to what the scan has on the device.
            self._fall_back()
        return search(self._index.parts, queries, cutoffs, workers=self._workers), None

    def _fall_back(self) -> None:
        self._device = None
        self.remark = "on the processor, as the GPU's memory does not suffice"
        self._on_remark(self.remark)
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()


def chosen_device(device: str | None) -> str | None:
    """Where to match, given where the encoder is to run; None is the processor.

    ``auto`` takes a GPU if the encoder, which is loaded by now, runs on torch and torch has one:
    to import torch only to ask would take longer than most counts.
    """
    if device != "auto":
        return None if device == "cpu" else device
    torch = sys.modules.get("torch")
    return "cuda" if torch is not None and torch.cuda.is_available() else None
