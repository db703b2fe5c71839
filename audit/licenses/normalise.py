"""From a raw string or address to a license, with the rule that matched.

Rules are tried in the order of ``data/rules.toml``, and the first that applies decides. A license
is found only where the whole text is one that a table lists, or is put together from listed words
alone: what is not proved is unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from audit.errors import UsageError
from audit.licenses import addresses, creative_commons_names, notices, spdx, statements
from audit.licenses.cleaning import (
    has_hidden_characters,
    is_missing,
    is_said_unclear,
    is_said_unknown,
    tidy,
)
from audit.licenses.tables import lower, rules
from audit.licenses.terms import NO_ASSERTION, UNKNOWN, License, Status
from audit.licenses.uses import judge_use, use_profiles

#: Characters up to which text is looked at. The longest listed spelling is much shorter.
LONGEST = 500
#: Numberings of licenses that are known.
NUMBERINGS = ("flickr",)
#: A whole number, also as it is written where a column of numbers has gaps.
_NUMBER = re.compile(r"[0-9]+(?:\.0)?", re.ASCII)
_FLICKR = "Flickr, flickr.photos.licenses.getInfo"


@dataclass(frozen=True, slots=True)
class Normalised:
    """What was made of one raw value.

    Attributes
    ----------
    value:
        The raw value; None where there was none.
    rule:
        Short name of the rule that decided; see ``data/rules.toml``.
    reason:
        What the rule says, and what the license does.
    """

    value: str | None
    license: License
    rule: str
    reason: str

    @property
    def status(self) -> Status:
        return self.license.status

    def to_dict(self) -> dict[str, Any]:
        license = self.license
        return {
            "input": self.value,
            "license": license.id,
            "status": license.status,
            "rule": self.rule,
            "reason": self.reason,
            "name": license.name,
            "properties": license.terms.to_dict(),
            "uses": {
                name: judge_use(license, profile).to_dict()
                for name, profile in use_profiles().items()
            },
            "source": license.source,
        }


def normalise(value: str | None, *, numbers: str | None = None) -> Normalised:
    """The license that a raw value names.

    Parameters
    ----------
    value:
        A name, identifier, expression, address or statement; None where there is none.
    numbers:
        Whose numbers of licenses are meant by a number: ``"flickr"``. Without it, a number is
        unknown.

    Raises
    ------
    UsageError
        If ``numbers`` is no known numbering.

    >>> normalise("CC BY 2.1 CA").license.id
    'LicenseRef-CC-BY-2.1-CA'
    >>> normalise("by courtesy of the artist").status
    'unknown'
    """
    if numbers is not None and numbers not in NUMBERINGS:
        raise UsageError(
            f"No numbering of licenses {numbers!r}.", hint=f"There are: {', '.join(NUMBERINGS)}."
        )
    license, rule, source = _decide(value, numbers)
    says = rules()[rule].format(source=source, limit=LONGEST)
    reason = f"{says} {license.says}" if license is not UNKNOWN else says
    return Normalised(value, license, rule, reason)


def _decide(value: str | None, numbers: str | None) -> tuple[License, str, str]:
    """License, rule and source of the rule's answer."""
    if value is None:
        return UNKNOWN, "missing", ""
    if len(value) > LONGEST:
        return UNKNOWN, "too-long" if value.strip() else "missing", ""
    if has_hidden_characters(value):
        return UNKNOWN, "hidden-characters", ""
    text = tidy(value)
    if is_missing(text):
        return UNKNOWN, "missing", ""
    if is_said_unknown(text):
        return UNKNOWN, "said-unknown", ""
    if is_said_unclear(text):
        return UNKNOWN, "said-unclear", ""
    if _NUMBER.fullmatch(text):
        return _by_number(text, numbers)
    if addresses.is_bare_path(text):
        bare = addresses.from_bare_path(text)
        return bare or UNKNOWN, "cc-path" if bare else "cc-url-unlisted", ""
    if addresses.is_address(text):
        found, rule, source = addresses.from_address(text)
        return _known(found) if isinstance(found, str) else found or UNKNOWN, rule, source
    return _by_name(text)


def _by_number(text: str, numbers: str | None) -> tuple[License, str, str]:
    text = text.removesuffix(".0")
    identifier = statements.flickr_numbers().get(text) if numbers == "flickr" else None
    if identifier is None:
        return UNKNOWN, "number", ""
    return _known(identifier), "flickr-number", f"{_FLICKR}: license {text}"


def _by_name(text: str) -> tuple[License, str, str]:
    listed = statements.exact_spellings().get(text) or statements.spellings().get(lower(text))
    if listed is not None:
        return _known(listed[0]), "listed-spelling", listed[1]
    named = creative_commons_names.from_name(text)
    if named is not None:
        return named[0] or UNKNOWN, named[1], ""
    if spdx.is_license_ref(text) or lower(text) in statements.references():
        license = statements.references().get(lower(text))
        found = license or spdx.unlisted_ref(text)
        return found, "license-ref" if license else "license-ref-unlisted", ""
    by_spdx = _by_spdx(text)
    if by_spdx is not None:
        return *by_spdx, ""
    if creative_commons_names.is_like_a_name(text):
        return UNKNOWN, "cc-text-unlisted", ""
    if notices.is_notice(text):
        if notices.is_doubtful(text):
            return UNKNOWN, "mixed-notice", ""
        return statements.statements()["LicenseRef-copyright-notice"], "copyright-notice", ""
    return UNKNOWN, "credit-line" if notices.is_credit(text) else "unlisted", ""


def _by_spdx(text: str) -> tuple[License, str] | None:
    if not text.isascii():
        return None
    license = spdx.identifiers().get(lower(text))
    if license is not None:
        return (UNKNOWN, "spdx-word") if spdx.is_plain_word(license) else (license, "spdx-id")
    license = spdx.full_names().get(lower(text))
    if license is not None:
        # A name may belong to a license whose identifier alone would be taken for a word.
        return (UNKNOWN, "spdx-word") if spdx.is_plain_word(license) else (license, "spdx-name")
    license = spdx.from_expression(text)
    if license is not None:
        return license, "spdx-expression"
    if spdx.reads_like_an_expression(text):
        return UNKNOWN, "spdx-expression-unknown"
    return None


@cache
def _known(identifier: str) -> License:
    """The license of an identifier or expression out of a table of this package."""
    if identifier == NO_ASSERTION:
        return UNKNOWN
    license = spdx.from_expression(identifier)
    if license is None:
        raise LookupError(f"{identifier} is in a table of licenses, and is none")
    return license
