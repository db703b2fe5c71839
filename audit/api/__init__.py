"""The tool from Python, with the words of the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from audit.api.images import Images
from audit.api.opened import PathLike
from audit.api.removal import Removing
from audit.api.reporting import Reporting
from audit.api.rights import Rights
from audit.concepts import Concept, gather_concepts
from audit.counts.by_caption import count_by_caption
from audit.counts.results import CountResult
from audit.datasets.home import Home
from audit.datasets.ingest import IngestListener, IngestReport
from audit.datasets.ingest import ingest as _ingest
from audit.datasets.overview import Overview, overview


class OpenDataset(Images, Rights, Removing, Reporting):
    """An ingested dataset and the questions that can be asked of it."""

    def show(self) -> Overview:
        """Columns, totals, hosts and licenses."""
        return overview(self.dataset)

    def count(
        self,
        *concepts: str | Concept,
        aliases: Sequence[str] = (),
        exclude: Sequence[str] = (),
        concept_list: PathLike | None = None,
        where: str | None = None,
        distinct: str | None = None,
        examples: int = 0,
        seed: int = 0,
    ) -> CountResult:
        """Count the samples whose caption names each concept.

        Parameters
        ----------
        concepts:
            Names, or concepts with aliases and exclusions.
        aliases, exclude:
            Other names, and phrases to leave out, of the one concept given by its name.
        concept_list:
            A TOML, CSV or JSON file of further concepts.
        where, distinct, examples, seed:
            See :func:`audit.counts.by_caption.count_by_caption`.

        Raises
        ------
        UsageError
            If the question is wrong; see :mod:`audit.errors`.
        """
        asked = gather_concepts(concepts, aliases, exclude, concept_list)
        return count_by_caption(
            self.dataset, asked, where=where, distinct=distinct, examples=examples, seed=seed
        )


def open(name: str | None = None, home: PathLike | None = None) -> OpenDataset:
    """Open an ingested dataset.

    Parameters
    ----------
    name:
        Its name; may be left out where the home holds only one.
    home:
        The folder of datasets; by default ``$AUDIT_HOME``, or else ``indexes``.

    Raises
    ------
    DatasetNotFoundError
        If there is none of that name.
    """
    return OpenDataset(Home(home).open(name), Home(home))


def list_datasets(home: PathLike | None = None) -> list[str]:
    """Names of the datasets in a home."""
    return Home(home).names()


def ingest(
    *sources: PathLike,
    name: str,
    home: PathLike | None = None,
    columns: Mapping[str, str] | None = None,
    keep: Sequence[str] = (),
    add: bool = False,
    dataset_license: str | None = None,
    workers: int | None = 1,
    listener: IngestListener | None = None,
) -> IngestReport:
    """Ingest shards; see :func:`audit.datasets.ingest.ingest`.

    One process by default, unlike the command line: a script that asks for more (None for as
    many as there are processors) must keep its own work under ``if __name__ == "__main__":``,
    because every worker imports it.
    """
    return _ingest(
        [os.fspath(source) for source in sources],
        name,
        home=Home(home),
        columns=columns,
        keep=keep,
        add=add,
        dataset_license=dataset_license,
        workers=workers,
        listener=listener,
    )
