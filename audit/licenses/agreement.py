"""Whether two statements about the same image can both be true, and which of them says more."""

from __future__ import annotations

import re

from audit.licenses.creative_commons import NO_VERSION
from audit.licenses.terms import NO_ASSERTION, License

#: Statements with a definition, which words of one's own lack.
_RIGHTS_STATEMENT = "LicenseRef-RightsStatements-"
_UNSPECIFIED = "LicenseRef-CC-unspecified"
_PUBLIC_DOMAIN = "LicenseRef-public-domain"
#: Waivers of their holder: that there is a holder does not contradict them.
_WAIVERS = frozenset({"CC0-1.0", "LicenseRef-public-domain-dedication"})
#: Say that there is no copyright, or none that is known, somewhere at least, and give no proof.
_DOUBTFUL_CLAIMS = frozenset({
    "CC-PDDC",
    "LicenseRef-no-known-copyright-restrictions",
    "LicenseRef-public-domain-US",
    "LicenseRef-public-domain-old",
    "LicenseRef-US-government-work",
    "LicenseRef-RightsStatements-NKC-1.0",
    "LicenseRef-RightsStatements-NoC-CR-1.0",
    "LicenseRef-RightsStatements-NoC-NC-1.0",
    "LicenseRef-RightsStatements-NoC-OKLR-1.0",
    "LicenseRef-RightsStatements-NoC-US-1.0",
})  # fmt: skip


def agreed(one: License, other: License) -> License | None:
    """The one of two statements that says more; None if not both can be true.

    ``NOASSERTION`` says nothing, so it agrees with all.

    >>> from audit.licenses.normalise import normalise
    >>> agreed(normalise("CC BY").license, normalise("CC BY 2.0").license).id
    'CC-BY-2.0'
    """
    if one.id == other.id or _is_more_general(one, other):
        return other
    if _is_more_general(other, one):
        return one
    if one.status == other.status and one.status in ("in-copyright", "unknown"):
        return one if one.id.startswith(_RIGHTS_STATEMENT) else other
    return None


def denies_copyright(license: License) -> bool:
    """Whether it says that there is no copyright, or none known, other than by a waiver."""
    if license.id in _WAIVERS:
        return False
    return license.terms.public_domain is True or license.id in _DOUBTFUL_CLAIMS


def _is_more_general(one: License, other: License) -> bool:
    if one.id == NO_ASSERTION:
        return True
    if one.operator == "OR":
        return other.id in {part.id for part in one.parts}
    if one.id == _UNSPECIFIED:
        return re.match(r"(LicenseRef-)?CC-(BY|SA|NC|ND)|CC0", other.id) is not None
    if one.id == _PUBLIC_DOMAIN:
        return other.status == "public-domain"
    if one.id.endswith(f"-{NO_VERSION}"):
        family = one.id.removeprefix("LicenseRef-").removesuffix(NO_VERSION)
        return re.match(rf"(LicenseRef-)?{re.escape(family)}\d", other.id) is not None
    return False
