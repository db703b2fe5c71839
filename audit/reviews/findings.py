"""What a review can find about a row: names that are stable, and what each means.

A row has exactly one status and any number of findings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from audit.errors import UsageError, did_you_mean
from audit.licenses.terms import License, Status

#: Statuses in the order in which they are shown: together they are all rows.
STATUSES: tuple[Status, ...] = get_args(Status)

#: Finding -> what it means.
FINDINGS = {
    "missing": "neither license nor link says anything",
    "unclear": "something is said, and nothing can be concluded from it",
    "conflict-link": "license and link name different licenses",
    "conflict-holder": "said to be without copyright, and a copyright holder is named",
    "conflict-dataset": "the row says another license than the dataset gives for itself",
    "page-link": "the license is a link that was found on the page, and may be of something else",
    "expired": "the day on which the license ends is past",
    "end-unreadable": "the day on which the license ends cannot be read",
    "claimed": "said to be in the public domain, and not by what right: nothing permits a use",
    "non-commercial": "use for gain is not permitted",
    "no-derivatives": "passing on what is made of it is not permitted",
    "share-alike": "what is made of it must have the same license",
    "holder-named": "nothing is said of a license, and a copyright holder is named",
    "mapped": "read by the curator's map",
}
#: Findings of a use that was asked about.
USE_FINDINGS = {
    "use-denied": "the license does not permit the use",
    "use-unknown": "whether the license permits the use cannot be told",
}
#: Names for several at once.
GROUPS = {
    "conflicting": ("conflict-link", "conflict-holder"),
    "not-open": ("restricted", "in-copyright", "unknown"),
}
#: Everything that can be asked for by name, and what it means.
NAMES = {
    **{status: f"concluded to be {status}" for status in STATUSES},
    **FINDINGS,
    **USE_FINDINGS,
    "conflicting": "what the row says contradicts itself: by its link or its holder",
    "not-open": "not concluded to be open or public domain",
}


def checked(name: str, use: str | None = None) -> str:
    """A name of :data:`NAMES`.

    Raises
    ------
    UsageError
        If it is none, or is about a use and none was asked about.
    """
    if name not in NAMES:
        raise UsageError(
            f"No finding {name!r}.",
            hint=did_you_mean(name, NAMES) or f"There are: {', '.join(NAMES)}.",
        )
    if name in USE_FINDINGS and use is None:
        raise UsageError(
            f"{name!r} is about a use, and none was asked about.", hint="Say which: --use PROFILE."
        )
    return name


def is_named(name: str, status: Status, findings: Iterable[str]) -> bool:
    """Whether a row with this status and these findings is one of ``name``."""
    wanted = GROUPS.get(name, (name,))
    return status in wanted or not set(wanted).isdisjoint(findings)


def of_license(license: License) -> list[str]:
    """The findings that follow from a license alone."""
    terms = license.terms
    told = (
        ("non-commercial", license.status == "restricted" and terms.commercial_use is False),
        ("no-derivatives", license.status == "restricted" and terms.derivatives is False),
        ("share-alike", terms.share_alike is True),
        ("claimed", license.status == "public-domain" and terms.copying is None),
    )
    return [name for name, is_so in told if is_so]
