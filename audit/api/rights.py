"""Licenses, and what is disclosed about a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from audit.api.opened import Opened, PathLike
from audit.concepts import Concept, gather_concepts

if TYPE_CHECKING:
    from audit.datasets.dataset import Dataset
    from audit.disclosures import FilledForm, MetadataCard, Stated
    from audit.domains import DomainCounts
    from audit.optouts import OptOutReview
    from audit.optouts.network.check import CheckReport, CheckSettings
    from audit.reviews.results import LicenseReview

#: A document of JSON-LD.
JsonLd = dict[str, Any]


class Rights(Opened):
    """Questions about rights, and their answers for others."""

    def review_licenses(
        self,
        *concepts: str | Concept,
        aliases: Sequence[str] = (),
        exclude: Sequence[str] = (),
        concept_list: PathLike | None = None,
        where: str | None = None,
        use: str | None = None,
        rows_of: str | None = None,
        listed: int | None = 20,
        use_map: bool = True,
        numbers: str | None = None,
        on: date | None = None,
    ) -> LicenseReview:
        """Review the licenses of all samples, or of those whose caption names concepts.

        Parameters
        ----------
        concepts, aliases, exclude, concept_list:
            As in :meth:`count`; without any, everything is reviewed.
        use_map:
            Read values by the curator's map that is kept with the dataset, if there is one.
        where, use, rows_of, listed, numbers, on:
            See :func:`audit.reviews.review.review_licenses`.

        Raises
        ------
        UsageError
            If the question is wrong; see :mod:`audit.errors`.
        """
        from audit.licenses.mapping import kept_map
        from audit.reviews.review import review_licenses

        return review_licenses(
            self.dataset,
            concepts=gather_concepts(concepts, aliases, exclude, concept_list),
            where=where,
            use=use,
            own_map=kept_map(self.dataset.folder) if use_map else None,
            numbers=numbers,
            on=on,
            listed=listed,
            rows_of=rows_of,
        )

    def review_optouts(self, **question: Any) -> OptOutReview:
        """Which samples are reserved; see :func:`audit.optouts.review_optouts`."""
        from audit.optouts import review_optouts

        return review_optouts(self.dataset, **question)

    def check_optouts(self, settings: CheckSettings | None = None, **which: Any) -> CheckReport:
        """Ask hosts for their reservations, on the network.

        See :func:`audit.optouts.network.check.check_optouts`.
        """
        from audit.optouts.network.check import check_optouts

        return check_optouts(self.dataset, settings, **which)

    def count_domains(self, *, registries_only: bool = False) -> DomainCounts:
        """Count samples by registered domain; see :func:`audit.domains.count_domains`."""
        from audit.domains import count_domains

        return count_domains(self.dataset, registries_only=registries_only)

    def card(self) -> MetadataCard:
        """Which metadata the dataset lacks; see :func:`audit.disclosures.metadata_card`."""
        from audit.disclosures import metadata_card

        dataset = self.dataset
        return metadata_card(dataset, _reviewed(dataset))

    def disclose_eu(self, *, small_provider: bool = False) -> FilledForm:
        """The EU's public summary of training content, as far as the dataset goes.

        Parameters
        ----------
        small_provider:
            List the domains that small and medium-sized enterprises must.
        """
        from audit.disclosures import fill_eu_summary

        return fill_eu_summary(self.dataset, small_provider=small_provider)

    def disclose_ab2013(self) -> FilledForm:
        """California's training data documentation, as far as the dataset goes."""
        from audit.disclosures import fill_ab2013

        dataset = self.dataset
        return fill_ab2013(dataset, _reviewed(dataset))

    def croissant(self, stated: Stated | None = None, *, hash_files: bool = False) -> JsonLd:
        """The dataset in Croissant 1.1; see :func:`audit.disclosures.as_croissant`.

        Parameters
        ----------
        stated:
            What a curator states and no column says.
        hash_files:
            Read all shards for their SHA-256, without which mlcroissant refuses the answer.
        """
        from audit.disclosures import as_croissant

        return as_croissant(*_described(self.dataset, stated, hash_files))

    def spdx(self, stated: Stated | None = None, *, hash_files: bool = False) -> JsonLd:
        """The dataset in SPDX 3.0.1; see :func:`audit.disclosures.as_spdx`."""
        from audit.disclosures import as_spdx

        return as_spdx(*_described(self.dataset, stated, hash_files))


def _described(dataset: Dataset, stated: Stated | None, hash_files: bool) -> Any:
    from audit.disclosures import gather_facts, hash_shards

    hashes = hash_shards(dataset) if hash_files else None
    return dataset, gather_facts(dataset), _reviewed(dataset), stated, hashes


def _reviewed(dataset: Dataset) -> LicenseReview:
    """A review of the very samples that the rest of an answer is about."""
    from audit.licenses.mapping import kept_map
    from audit.reviews.review import review_licenses

    return review_licenses(dataset, own_map=kept_map(dataset.folder))
