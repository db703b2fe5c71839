"""The tool from Python, with the words of the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from audit.concepts import Concept, read_concepts
from audit.counts.by_caption import count_by_caption
from audit.counts.results import CountResult
from audit.datasets.dataset import Coverage, Dataset
from audit.datasets.home import Home
from audit.datasets.ingest import IngestListener, IngestReport
from audit.datasets.ingest import ingest as _ingest
from audit.datasets.overview import Overview, overview
from audit.errors import ConceptError

PathLike = str | os.PathLike[str]


class OpenDataset:
    """An ingested dataset and the questions that can be asked of it."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __repr__(self) -> str:
        return f"<audit dataset {self.name!r}: {self.coverage.describe()}>"

    @property
    def name(self) -> str:
        return self.dataset.name

    @property
    def coverage(self) -> Coverage:
        """What of the sources every number rests on."""
        return self.dataset.coverage

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


def gather_concepts(
    concepts: Sequence[str | Concept],
    aliases: Sequence[str] = (),
    exclude: Sequence[str] = (),
    concept_list: PathLike | None = None,
) -> list[Concept]:
    """Concepts from names, aliases and lists, as a command or a call gives them.

    Raises
    ------
    ConceptError
        If aliases or exclusions are given for anything but exactly one name.
    """
    if (aliases or exclude) and (len(concepts) != 1 or not isinstance(concepts[0], str)):
        raise ConceptError(
            f"Aliases and exclusions belong to one concept; {len(concepts)} were named.",
            hint="Name one concept, or put several with their aliases into a concept list.",
        )
    asked = [
        concept
        if isinstance(concept, Concept)
        else Concept(concept, aliases=tuple(aliases), exclusions=tuple(exclude))
        for concept in concepts
    ]
    if concept_list is not None:
        asked += read_concepts(Path(concept_list))
    return asked


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
    return OpenDataset(Home(home).open(name))


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
        workers=workers,
        listener=listener,
    )
