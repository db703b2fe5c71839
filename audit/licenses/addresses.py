"""Licenses that are given as an address."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import SplitResult, urlsplit

from audit.licenses import creative_commons, spdx, statements
from audit.licenses.tables import lower
from audit.licenses.terms import License

_SCHEME = re.compile(r"(?:https?:)?//", re.IGNORECASE | re.ASCII)
_NO_SCHEME = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/|$)", re.IGNORECASE | re.ASCII)
#: Sites that have a page for each identifier.
_IDENTIFIER_SITES = ("spdx.org", "opensource.org")
_IDENTIFIER_PATH = re.compile(r"/licenses?/([a-z0-9.+-]*?)(?:\.html|\.json)?/?", re.ASCII)
_CREATIVE_COMMONS = "creativecommons.org"
_RIGHTS_STATEMENTS = "rightsstatements.org"


def is_address(text: str) -> bool:
    """Whether text is an address on the web, with or without ``https://``.

    >>> is_address("creativecommons.org"), is_address("CC BY 4.0")
    (True, False)
    """
    if re.search(r"\s", text):
        return False
    return bool(_SCHEME.match(text) or _NO_SCHEME.match(text))


#: The end of an address at Creative Commons, as ``by-nc/4.0``; without a version it may be a word.
_PATH = re.compile(
    r"(?:licenses/)?by[a-z-]*/\d\.\d(?:/.*)?|publicdomain/(?:zero|mark)/1\.0(?:/.*)?",
    re.IGNORECASE | re.ASCII,
)


def is_bare_path(text: str) -> bool:
    """Whether text is the path of an address at Creative Commons, standing alone."""
    return bool(_PATH.fullmatch(text.lstrip("/")))


def from_bare_path(text: str) -> License | None:
    """The license of such a path; None if it is not listed.

    >>> from_bare_path("by-nd-nc/1.0").id
    'CC-BY-NC-ND-1.0'
    """
    path = text.lstrip("/")
    return creative_commons.from_path(
        f"/licenses/{path}" if lower(path)[:2] == "by" else f"/{path}"
    )


def from_address(text: str) -> tuple[License | str | None, str, str]:
    """What an address stands for, the rule, and the source.

    Returns
    -------
    The license, or its identifier; None where the address is not listed.
    """
    parts = _split(text)
    if parts is None:
        return None, "unlisted-url", ""
    host = lower(parts.netloc).removeprefix("www.")
    if host == _CREATIVE_COMMONS:
        license = creative_commons.from_path(parts.path)
        if license is None:
            return None, "cc-url-unlisted", ""
        return (
            license,
            "cc-url" if creative_commons.has_version(license) else "cc-url-no-version",
            "",
        )
    if host == _RIGHTS_STATEMENTS:
        license = statements.from_rights_path(parts.path)
        return license, "rightsstatements-url" if license else "rightsstatements-url-unlisted", ""
    key = _key(text)
    if key in _listed():
        identifier, source = _listed()[key]
        return identifier, "listed-url", source
    license = spdx.addresses().get(key) or _by_identifier(host, lower(parts.path))
    return license, "spdx-url" if license else "unlisted-url", ""


def _by_identifier(host: str, path: str) -> License | None:
    """The license of a page of its identifier, at SPDX or the Open Source Initiative."""
    found = _IDENTIFIER_PATH.fullmatch(path)
    if host not in _IDENTIFIER_SITES or found is None:
        return None
    return spdx.identifiers().get(found[1])


def _split(text: str) -> SplitResult | None:
    """The parts of an address, if it is written in ASCII and well formed."""
    if not text.isascii():
        return None
    whole = text if _SCHEME.match(text) else f"//{text}"
    try:
        return urlsplit(whole)
    except ValueError:
        return None


def _key(text: str) -> str:
    return lower(_SCHEME.sub("", text, count=1)).removeprefix("www.").rstrip("/")


@cache
def _listed() -> dict[str, tuple[str, str]]:
    spellings = statements.spellings()
    return {_key(text): found for text, found in spellings.items() if text.startswith("http")}
