"""California's documentation of training data, as far as a dataset can fill it.

Civil Code § 3111(a), added by AB 2013 (Statutes of 2024, chapter 817): a high-level summary of the
datasets, in twelve points. What they ask is put here in short.
"""

from __future__ import annotations

from collections.abc import Callable

from audit.datasets.dataset import Dataset
from audit.datasets.remaining import remaining_distinct_urls
from audit.disclosures.facts import Facts, gather_facts
from audit.disclosures.form import Entry, FilledForm, Section
from audit.disclosures.wording import (
    at_least,
    by_status,
    collected,
    declared_in_words,
    domains_in_words,
    filled_columns,
    kept,
    languages,
    listed,
    sources,
)
from audit.domains import DomainCounts, count_domains
from audit.licenses.terms import Status
from audit.reviews import LicenseReview

TITLE = "Training data documentation (California AB 2013)"
SOURCE = (
    "California Civil Code § 3111(a)(1)–(12), Title 15.2, added by AB 2013 of 28 September 2024"
)
_DOMAINS = 20
_NOT_LOOKED_AT = "neither captions nor images were judged"
_PROTECTED: tuple[tuple[Status, str], ...] = (
    ("in-copyright", "in copyright, with all or nearly all rights reserved"),
    ("restricted", "under a license with restrictions"),
    ("open", "under an open license"),
)
_REMARKS = (
    "The law asks about all datasets that a system was trained on; this is about one of them.",
    (
        "What was concluded of licenses is what rows and links say: nobody asked the holders, and "
        "works whose copyright nobody mentioned may be protected."
    ),
)


def fill_ab2013(
    dataset: Dataset,
    review: LicenseReview,
    *,
    workers: int | None = 1,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> FilledForm:
    """Fill the twelve points of California's AB 2013.

    Parameters
    ----------
    review:
        Of all samples of the dataset.
    workers:
        Processes that count domains; None for as many as help.
    """
    facts = gather_facts(dataset)
    domains = count_domains(
        dataset,
        at_most=_DOMAINS,
        registries_only=True,
        workers=workers,
        on_progress=lambda rows: on_progress(rows, facts.samples),
    )
    return FilledForm(
        form="ab2013",
        title=TITLE,
        source=SOURCE,
        sections=(*_what_it_is(dataset, facts, domains), *_rights(facts, review), *_history(facts)),
        remarks=_REMARKS,
        facts=facts,
        domains=domains,
    )


def _what_it_is(dataset: Dataset, facts: Facts, domains: DomainCounts) -> tuple[Section, ...]:
    first = listed(domains.top.listed["domain"].to_list()[:3], 3)
    size = f"{at_least(facts)}{facts.samples:,} samples"
    urls = remaining_distinct_urls(dataset)
    if urls:
        size += f", {int(urls['value']):,} different addresses of images"
    return (
        Section(
            "(a)(1)", "Sources or owners",
            (
                Entry("sources of the dataset", sources(dataset), "as it was ingested"),
                Entry(
                    "where the images are",
                    f"{domains_in_words(domains)}; most samples: {first}" if first else None,
                    "hosts of the addresses of the images",
                ),
                kept(
                    facts, "owners, kept with the samples", ("rights_holder", "creator"),
                    "as the source says",
                ),
            ),
        ),
        Section(
            "(a)(2)", "Purpose",
            (Entry("how the dataset furthers the purpose of the system"),),
        ),
        Section(
            "(a)(3)", "Number of data points",
            (
                Entry("number", size, facts.coverage.describe()),
                Entry("whether it grows"),
            ),
        ),
        Section(
            "(a)(4)", "Types of data points",
            (
                Entry("types", f"images with captions: {facts.what_they_are}", "what samples are"),
                Entry(
                    "labels or characteristics", filled_columns(facts), "columns of the dataset"
                ),
                languages(facts),
            ),
        ),
    )  # fmt: skip


def _rights(facts: Facts, review: LicenseReview) -> tuple[Section, ...]:
    return (
        Section(
            "(a)(5)", "Copyright, trademark, patent, public domain",
            (
                _protected(review),
                _public_domain(review),
                Entry("trademarks or patents", None, "licenses of images do not speak of them"),
            ),
        ),
        Section(
            "(a)(6)", "Purchased or licensed",
            (
                Entry("whether the developer purchased or licensed it"),
                Entry(
                    "licenses that samples declare",
                    declared_in_words(review) or None,
                    f"review of {review.samples:,} samples on {review.on.isoformat()}; what a row "
                    "says is no license to the developer by itself",
                ),
            ),
        ),
        Section(
            "(a)(7)", "Personal information",
            (Entry("as defined in § 1798.140(v)", None, _NOT_LOOKED_AT),),
        ),
        Section(
            "(a)(8)", "Aggregate consumer information",
            (Entry("as defined in § 1798.140(b)", None, _NOT_LOOKED_AT),),
        ),
    )  # fmt: skip


def _history(facts: Facts) -> tuple[Section, ...]:
    return (
        Section(
            "(a)(9)", "Cleaning, processing, modification",
            (
                Entry("what the developer did, and for what purpose"),
                kept(
                    facts, "scores kept with the samples",
                    ("similarity", "nsfw", "punsafe", "pwatermark", "aesthetic"),
                    "how they were used is not in it",
                ),
            ),
        ),
        Section(
            "(a)(10)", "Time of collection",
            (collected(facts), Entry("whether collection goes on")),
        ),
        Section("(a)(11)", "First use", (Entry("dates of first use in the development"),)),
        Section("(a)(12)", "Synthetic data", (Entry("whether such is generated and used"),)),
    )  # fmt: skip


def _protected(review: LicenseReview) -> Entry:
    """Whether something is protected. That nothing is known to be is no "no"."""
    asked = "protected by copyright"
    counts = [(by_status(review, status), words) for status, words in _PROTECTED]
    unknown = by_status(review, "unknown")
    basis = (
        f"concluded of {review.samples:,} samples; a license is given by who holds rights; of "
        f"{unknown:,} samples nothing is known"
    )
    if not any(n for n, _ in counts):
        return Entry(asked, None, basis)
    told = ", ".join(f"{n:,} {words}" for n, words in counts if n)
    return Entry(asked, f"yes: {told}", basis)


def _public_domain(review: LicenseReview) -> Entry:
    asked = "entirely in the public domain"
    free = by_status(review, "public-domain")
    basis = f"{free:,} of {review.samples:,} samples are concluded to be in the public domain"
    protected = sum(by_status(review, status) for status, _ in _PROTECTED)
    if protected:
        return Entry(asked, "no", basis)
    if review.samples and free == review.samples and review.coverage.complete:
        return Entry(asked, "as far as its rows say", basis)
    return Entry(asked, None, basis)
