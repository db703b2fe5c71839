"""Sentences about facts, the same in every form."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from posixpath import basename

from audit.datasets.dataset import Dataset
from audit.datasets.sources import is_remote
from audit.disclosures.facts import Facts
from audit.disclosures.form import Entry
from audit.domains import DomainCounts
from audit.licenses.terms import Status
from audit.reviews import LicenseReview

#: Sources, licenses and domains that a sentence names; files have them all.
_NAMED = 10
#: User and password in an address; what follows a ``?`` may be a signature, and goes too.
_CREDENTIALS = re.compile(r"(://)[^/@]*@")


def share(part: int, whole: int) -> str:
    """A share that never reads as all or nothing unless it is.

    >>> share(999_999, 1_000_000), share(1, 1_000_000), share(1, 4), share(4, 4)
    ('over 99.9 %', 'under 0.1 %', '25.0 %', '100 %')
    """
    if not whole or part == whole:
        return "100 %" if whole else "none"
    if not part:
        return "0 %"
    percent = 100 * part / whole
    if percent < 0.1:
        return "under 0.1 %"
    return "over 99.9 %" if percent > 99.9 else f"{percent:.1f} %"


def count_of(part: int, facts: Facts) -> str:
    return f"{part:,} of {facts.samples:,} samples ({share(part, facts.samples)})"


def at_least(facts: Facts) -> str:
    """What stands before a number that is a lower bound."""
    return "" if facts.coverage.complete else "at least "


def listed(names: Iterable[str], most: int = _NAMED) -> str:
    """The first of some names, and how many more there are."""
    every = list(names)
    more = f", and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def sources(dataset: Dataset) -> str:
    """Addresses of the sources; of local files only the names, which say nothing of a machine."""
    return listed(public_name(source) for source in dataset.manifest.sources)


def public_name(uri: str) -> str:
    """An address without passwords, or the name of a local file without its folder."""
    if not is_remote(uri):
        return basename(uri.replace("\\", "/").rstrip("/"))
    return _CREDENTIALS.sub(r"\1", uri).partition("?")[0]


def public_addresses(uris: Sequence[str]) -> list[str]:
    """Addresses without passwords; local files from the folder on that they have in common."""
    folders = [os.path.dirname(uri) for uri in uris if not is_remote(uri)]
    try:
        shared = os.path.commonpath(folders) if folders else ""
    except ValueError:  # on different drives
        return [public_name(uri) for uri in uris]
    return [
        public_name(uri) if is_remote(uri) else os.path.relpath(uri, shared).replace(os.sep, "/")
        for uri in uris
    ]


def collected(facts: Facts) -> Entry:
    """When the images were crawled."""
    asked = "period of collection"
    if "crawl_date" not in facts.columns:
        return Entry(asked, None, "the dataset has no column of crawl dates")
    if facts.crawled is None:
        return Entry(asked, None, f"no day can be read in column {facts.columns['crawl_date']}")
    first, last = facts.crawled.first, facts.crawled.last
    return Entry(
        asked,
        f"{first:%m/%Y} to {last:%m/%Y} ({first.isoformat()} to {last.isoformat()})",
        f"crawl dates of {count_of(facts.crawled.samples, facts)}; of the others nothing is known",
    )


def languages(facts: Facts) -> Entry:
    asked = "languages of the captions"
    if "language" not in facts.columns:
        return Entry(asked, None, "the dataset has no column of languages")
    frequent, others = facts.languages
    if not frequent:
        return Entry(asked, None, "the column of languages is empty")
    named = [f"{language} {share(n, facts.samples)}" for language, n in frequent]
    rest = f"; others {share(others, facts.samples)}" if others else ""
    return Entry(
        asked,
        listed(named, len(named)) + rest,
        f"column {facts.columns['language']}, as the source says, of "
        f"{count_of(facts.having['language'], facts)}",
    )


def kept(facts: Facts, asked: str, roles: Iterable[str], but: str) -> Entry:
    """Which of some roles are kept with the samples, and with how many; ``but`` limits it."""
    here = [
        f"{role} ({share(facts.having[role], facts.samples)})"
        for role in roles
        if facts.having.get(role)
    ]
    if not here:
        return Entry(asked, None, "the dataset has no such columns, or only empty ones")
    return Entry(asked, ", ".join(here), f"columns of the dataset; {but}")


def filled_columns(facts: Facts) -> str:
    """Roles that at least one sample has."""
    return ", ".join(role for role, samples in facts.having.items() if samples) or "none"


def domains_in_words(counts: DomainCounts) -> str:
    return (
        f"{counts.domains:,} registered domains on {counts.hosts:,} hosts; "
        f"{counts.without_host:,} samples without a host and {counts.without_domain:,} on hosts "
        "without a domain (IP addresses, names without a dot)"
    )


def by_status(review: LicenseReview, status: Status) -> int:
    """Samples whose concluded license has this status."""
    return sum(one.samples for one in review.concluded if one.license.status == status)


def declared_in_words(review: LicenseReview) -> str:
    named = [f"{one.license.id} {one.samples:,}" for one in review.declared]
    return listed(named)
