"""Whether two statements about the same image can both be true, and which of them says more."""

from __future__ import annotations

import re

from audit.licenses import creative_commons
from audit.licenses.terms import NO_ASSERTION, License

_UNSPECIFIED = "LicenseRef-CC-unspecified"
_PUBLIC_DOMAIN = "LicenseRef-public-domain"
#: Say that somebody holds rights, and not what is permitted beside.
_IN_COPYRIGHT = ("LicenseRef-copyright-notice", "LicenseRef-in-copyright")
#: Two names for an institution that knows of no copyright.
_NONE_KNOWN = frozenset(
    {"LicenseRef-no-known-copyright-restrictions", "LicenseRef-RightsStatements-NKC-1.0"}
)
#: Waivers of their holder: that there is a holder does not contradict them.
_WAIVERS = frozenset({"CC0-1.0", "PDDL-1.0", "Unlicense", "LicenseRef-public-domain-dedication"})
#: Say that there is no copyright, or none that is known, somewhere at least, and give no proof.
_QUALIFIED = frozenset({
    "CC-PDDC",
    "LicenseRef-public-domain-US",
    "LicenseRef-public-domain-old",
    "LicenseRef-US-government-work",
    "LicenseRef-RightsStatements-NoC-CR-1.0",
    "LicenseRef-RightsStatements-NoC-NC-1.0",
    "LicenseRef-RightsStatements-NoC-OKLR-1.0",
    "LicenseRef-RightsStatements-NoC-US-1.0",
})  # fmt: skip


def agreed(one: License, other: License) -> License | None:
    """The one of two statements that says more; None if not both can be true.

    ``NOASSERTION`` says nothing, so it agrees with all. The order does not matter.

    >>> from audit.licenses.normalise import normalise
    >>> agreed(normalise("CC BY").license, normalise("CC BY 2.0").license).id
    'CC-BY-2.0'
    """
    if one.id == other.id or _is_more_general(one, other):
        return other
    if _is_more_general(other, one):
        return one
    same_terms = one.status == other.status == "in-copyright" and one.terms == other.terms
    if same_terms or {one.id, other.id} == _NONE_KNOWN:
        # A statement of RightsStatements.org has a definition, which words of one's own lack.
        return max(one, other, key=lambda license: ("RightsStatements" in license.id, license.id))
    return None


def denies_copyright(license: License) -> bool:
    """Whether it says that there is no copyright, or none known, other than by a waiver."""
    if license.parts:
        return any(map(denies_copyright, license.parts))
    if license.id in _WAIVERS:
        return False
    return license.terms.public_domain is True or license.id in _QUALIFIED | _NONE_KNOWN


def is_statement(license: License) -> bool:
    """Whether it says what is so, and gives nothing: no one can choose it."""
    return license.status == "in-copyright" or denies_copyright(license)


def _is_more_general(one: License, other: License) -> bool:
    if one.id == NO_ASSERTION:
        return True
    if one.operator == "OR":
        return other.id in {part.id for part in one.parts}
    if one.id == _UNSPECIFIED:
        is_license = other.status in ("open", "restricted")
        return is_license and other.source == creative_commons.SOURCE
    if one.id == _PUBLIC_DOMAIN:
        return other.status == "public-domain" or other.id in _QUALIFIED
    if one.id in _IN_COPYRIGHT:
        # A work with a license is in copyright; a notice beside one contradicts nothing.
        is_licensed = one.id == _IN_COPYRIGHT[0] and other.status in ("open", "restricted")
        more = other.status == "in-copyright" and other.id not in _IN_COPYRIGHT
        first = other.id == _IN_COPYRIGHT[1] and one.id == _IN_COPYRIGHT[0]
        return (is_licensed and not denies_copyright(other)) or more or first
    if one.id.endswith(f"-{creative_commons.NO_VERSION}"):
        family = one.id.removeprefix("LicenseRef-").removesuffix(creative_commons.NO_VERSION)
        return re.match(rf"(LicenseRef-)?{re.escape(family)}\d", other.id) is not None
    return False
