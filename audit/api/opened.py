"""A dataset that is open: what every question asks of."""

from __future__ import annotations

import os

from audit.datasets.dataset import Coverage, Dataset
from audit.datasets.home import Home
from audit.datasets.tombstones import removal_files
from audit.errors import SourceError

PathLike = str | os.PathLike[str]


class Opened:
    """A dataset that stays open while samples are removed: by this process, or by others."""

    def __init__(self, dataset: Dataset, home: Home | None = None) -> None:
        self._dataset = dataset
        self._removal_files = removal_files(dataset.folder)
        self._home = home or Home(dataset.folder.parent)

    def __repr__(self) -> str:
        return f"<audit dataset {self.name!r}: {self.coverage.describe()}>"

    @property
    def dataset(self) -> Dataset:
        """The dataset, without samples that were removed by now, by whatever process.

        Raises
        ------
        SourceError
            If its folder has gone meanwhile.
        """
        there = removal_files(self._dataset.folder)
        if there != self._removal_files:
            try:
                self._dataset, self._removal_files = Dataset(self._dataset.folder), there
            except FileNotFoundError as error:
                raise SourceError(
                    f"{self._dataset.folder}: is no dataset any more.",
                    hint="Put the folder back, or open another dataset.",
                ) from error
        return self._dataset

    @property
    def name(self) -> str:
        return self.dataset.name

    @property
    def coverage(self) -> Coverage:
        """What of the sources every number rests on."""
        return self.dataset.coverage
