"""Identifiers, full names and expressions of the SPDX license list."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache

from audit.licenses.agreement import is_statement
from audit.licenses.creative_commons import tools
from audit.licenses.statements import references
from audit.licenses.tables import lower, read_csv, said
from audit.licenses.terms import UNKNOWN, License, Operator, Terms, join

_SOURCE = "SPDX License List"
#: Identifiers of letters alone that nobody writes for anything else in a license column.
_PLAIN_WORDS_TAKEN = frozenset({"MIT", "ISC", "Unlicense", "Zlib", "PostgreSQL", "WTFPL"})
#: Names of who made the license.
_NAMES_WITH_DIGITS = frozenset({"W3C"})
_MAY_JOIN = re.compile(r"\b(?:AND|OR|WITH|and|or|with)\b|[()]", re.ASCII)
_TOKEN = re.compile(r"\s*(\(|\)|[A-Za-z0-9.+-]+)")
_LICENSE_REF = re.compile(r"LicenseRef-[A-Za-z0-9.-]+", re.ASCII)
_DEEPEST = 20


@cache
def identifiers() -> dict[str, License]:
    """Every SPDX license by its identifier in lower case; old identifiers give the present."""
    reviewed = {row["id"]: row for row in read_csv("open_content.csv")}
    rows = read_csv("spdx.csv")
    found = {
        lower(row["id"]): _license(row, reviewed.get(row["id"])) for row in rows if not row["now"]
    }
    found |= {lower(row["id"]): found[lower(row["now"])] for row in rows if row["now"]}
    creative = [one for one in tools().licenses if not one.id.startswith("LicenseRef-")]
    return found | {lower(license.id): license for license in creative}


@cache
def full_names() -> dict[str, License]:
    """Full names in lower case that say that they are of a license, where one has them alone."""
    found: dict[str, set[str]] = {}
    for row in read_csv("spdx.csv"):
        if re.search(r"licen[cs]e", lower(row["name"])):
            license = identifiers()[lower(row["id"])]
            found.setdefault(lower(row["name"]), set()).add(license.id)
    return {name: identifiers()[lower(ids.pop())] for name, ids in found.items() if len(ids) == 1}


@cache
def addresses() -> dict[str, License]:
    """Addresses in lower case, without scheme and last slash, that one license alone has."""
    rows = [row for row in read_csv("spdx.csv") if row["url"] and not row["now"]]
    keys = [lower(re.sub(r"^https?://(?:www\.)?", "", row["url"])).rstrip("/") for row in rows]
    times = Counter(keys)
    return {
        key: identifiers()[lower(row["id"])]
        for key, row in zip(keys, rows, strict=True)
        if times[key] == 1 and "gnu.org" not in key and _is_of_one_license(key)
    }


def _is_of_one_license(key: str) -> bool:
    """Whether an address may be that of a single license: not a whole site, nor a list."""
    _, _, path = key.partition("/")
    return bool(path) and path.rsplit("/", 1)[-1] not in ("license", "licenses", "licensing")


def is_plain_word(license: License) -> bool:
    """Whether an identifier alone may as well be a word or a name (Nokia, Fair, Ruby)."""
    is_word = license.id.isalpha() or license.id in _NAMES_WITH_DIGITS
    return is_word and license.id not in _PLAIN_WORDS_TAKEN


def is_license_ref(text: str) -> bool:
    return _LICENSE_REF.fullmatch(text) is not None


def unlisted_ref(text: str) -> License:
    """A LicenseRef of somebody else."""
    return License(text, text, "unknown", "Its terms are not known here.", "none", Terms())


def from_expression(text: str) -> License | None:
    """A license expression of SPDX, or None if text is none or names what is not known.

    >>> from_expression("mit or (Apache-2.0 and CC-BY-4.0)").id
    'MIT OR (Apache-2.0 AND CC-BY-4.0)'
    """
    # Most texts are sentences; that is seen faster than they are taken apart.
    if " " in text and not _MAY_JOIN.search(text):
        return None
    tokens = _tokens(text)
    if tokens is None:
        return None
    try:
        license, rest = _choice(tokens, 0)
    except (LookupError, RecursionError):
        return None
    return None if rest else license


def reads_like_an_expression(text: str) -> bool:
    """Whether text joins what may be identifiers by operators of SPDX."""
    word = r"\(*[A-Za-z0-9.+-]*[0-9-][A-Za-z0-9.+-]*\)*|\(*MIT\)*"
    return (
        re.fullmatch(rf"(?:{word})(?: (?:AND|OR|WITH|and|or|with) (?:{word}))+", text) is not None
    )


def _tokens(text: str) -> list[str] | None:
    tokens: list[str] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            return None
        tokens.append(found[1])
        at = found.end()
    return tokens


def _choice(tokens: list[str], depth: int) -> tuple[License, list[str]]:
    return _joined(tokens, depth, "OR")


def _joined(tokens: list[str], depth: int, operator: Operator) -> tuple[License, list[str]]:
    """Parts joined by one operator; AND binds closer than OR."""
    parts = []
    while True:
        part, tokens = _joined(tokens, depth, "AND") if operator == "OR" else _atom(tokens, depth)
        parts.append(part)
        if not tokens or tokens[0] not in (operator, operator.lower()):
            if operator == "OR" and len(parts) > 1 and any(map(is_statement, parts)):
                raise LookupError("a statement cannot be chosen")
            return join(parts, operator), tokens
        tokens = tokens[1:]


def _atom(tokens: list[str], depth: int) -> tuple[License, list[str]]:
    first, *rest = tokens or [""]
    if first == "(":
        if depth >= _DEEPEST:
            raise LookupError(first)
        license, rest = _choice(rest, depth + 1)
        if not rest or rest[0] != ")":
            raise LookupError(")")
        return license, rest[1:]
    license = _identified(first)
    if rest and rest[0] in ("WITH", "with"):
        return _with_exception(license, rest[1] if len(rest) > 1 else ""), rest[2:]
    return license, rest


def _identified(token: str) -> License:
    key = lower(token)
    license = identifiers().get(key) or references().get(key)
    if license is None and token.endswith("+"):
        license = _or_later(identifiers()[key[:-1]])
    if license is None and is_license_ref(token):
        license = unlisted_ref(token)
    if license is None or is_plain_word(license):
        raise LookupError(token)
    return license


def _or_later(license: License) -> License:
    """A license "or any later version": at least what this one permits."""
    later = replace(license, id=f"{license.id}+", name=f"{license.name} or later")
    return identifiers().get(lower(license.id.replace("-only", "") + "-or-later"), later)


def _with_exception(license: License, exception: str) -> License:
    """A license with an exception, which permits more: what it asks for may be asked no more."""
    listed = _exceptions()[lower(exception)]
    return replace(license, id=f"{license.id} WITH {listed}", name=f"{license.name} with {listed}")


@cache
def _exceptions() -> dict[str, str]:
    return {lower(row["id"]): row["id"] for row in read_csv("spdx_exceptions.csv")}


def _license(row: dict[str, str], reviewed: dict[str, str] | None) -> License:
    share_alike = said(row["share_alike"])
    if reviewed is not None and reviewed["status"] == "unknown":
        terms = Terms(database_right=said(reviewed["database_right"]))
        says = "Licenses a database, and not the works in it."
        return License(row["id"], row["name"], "unknown", says, reviewed["source"], terms)
    if reviewed is not None:
        source, status = reviewed["source"], reviewed["status"]
        share_alike = said(reviewed["share_alike"])
        says = "Reviewed as open for content and data."
    elif row["osi_approved"] == "yes":
        source, status = f"{_SOURCE}: approved by the Open Source Initiative", "open"
        says = "An open-source license: permits every use."
    else:
        says = "Known by name, and its terms were not reviewed here."
        return License(row["id"], row["name"], "unknown", says, _SOURCE, UNKNOWN.terms)
    free = status == "public-domain"
    terms = Terms(
        attribution=False if free else None,
        share_alike=share_alike,
        commercial_use=True,
        derivatives=True,
        public_domain=free,
        database_right=said(reviewed["database_right"]) if reviewed else None,
        copying=True,
        redistribution=True,
        jurisdiction="worldwide",
    )
    return License(row["id"], row["name"], "public-domain" if free else "open", says, source, terms)
