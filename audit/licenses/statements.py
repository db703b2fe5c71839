"""Statements on rights that are no license, and every listed spelling and address."""

from __future__ import annotations

import re
from functools import cache

from audit.licenses.creative_commons import tools
from audit.licenses.tables import lower, read_csv, read_toml
from audit.licenses.terms import License, Terms

_RIGHTS_STATEMENT = "LicenseRef-RightsStatements-"
_RIGHTS_PATH = re.compile(r"/(?:vocab|page|data)/([a-z-]+)/1\.0(?:\.(?:ttl|json|jsonld))?/?")


@cache
def statements() -> dict[str, License]:
    """Every statement by its identifier."""
    found = {}
    for entry in read_toml("statements.toml")["statement"]:
        told = {key: entry.pop(key) for key in ("id", "name", "status", "says", "source")}
        found[told["id"]] = License(**told, terms=Terms(**entry))
    return found


@cache
def references() -> dict[str, License]:
    """Every LicenseRef of this tool, in lower case."""
    known = [license for license in tools().licenses if license.id.startswith("LicenseRef-")]
    return {lower(license.id): license for license in (*known, *statements().values())}


@cache
def spellings() -> dict[str, tuple[str, str]]:
    """Spelling or address in lower case: identifier or expression, and the source of that."""
    listed = {row["spelling"]: (row["license"], row["source"]) for row in read_csv("spellings.csv")}
    for license in statements().values():
        if license.id.startswith(_RIGHTS_STATEMENT):
            code = lower(license.id.removeprefix(_RIGHTS_STATEMENT).removesuffix("-1.0"))
            listed.setdefault(lower(license.name), (license.id, license.source))
            # "Inc" ends the names of companies: see exact_spellings.
            if code != "inc":
                listed.setdefault(code, (license.id, license.source))
    return listed


@cache
def exact_spellings() -> dict[str, tuple[str, str]]:
    """Spellings that mean this in these very letters only."""
    license = statements()[f"{_RIGHTS_STATEMENT}InC-1.0"]
    return {"InC": (license.id, license.source)}


@cache
def flickr_numbers() -> dict[str, str]:
    """Flickr's number of a license, and its identifier."""
    return {row["number"]: row["license"] for row in read_csv("flickr.csv")}


def from_rights_path(path: str) -> License | None:
    """The statement at a path of rightsstatements.org.

    >>> from_rights_path("/vocab/NoC-US/1.0/").status
    'unknown'
    """
    found = _RIGHTS_PATH.fullmatch(lower(path))
    return references().get(lower(f"{_RIGHTS_STATEMENT}{found[1]}-1.0")) if found else None
