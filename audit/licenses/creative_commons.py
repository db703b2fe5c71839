"""The licenses and public-domain tools of Creative Commons: all that exist, and no other.

From their own list (``data/creative_commons.csv``) of units (``by-nc-sa``, ``zero`` …), versions
and jurisdictions. How they are named in text is in :mod:`audit.licenses.creative_commons_names`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from audit.licenses.tables import lower, read_csv
from audit.licenses.terms import License, Status, Terms

#: Of a license whose version is not said.
NO_VERSION = "version-unknown"
SOURCE = "Creative Commons, cc-legal-tools.csv"
#: What a path may end in after the license: its deed or legal code, in some language, or RDF.
_ENDING = re.compile(
    r"(?:deed|legalcode)(?:[.-][a-z]{2,4}(?:[-_][a-z]{2,4}){0,2})?|legalcode\.txt|rdf"
)
_TOOLS = {
    "zero": License(
        "CC0-1.0",
        "CC0 1.0",
        "public-domain",
        "All rights are waived worldwide, as far as the law allows.",
        SOURCE,
        Terms(
            attribution=False,
            share_alike=False,
            commercial_use=True,
            derivatives=True,
            public_domain=True,
            database_right=True,
            copying=True,
            redistribution=True,
            jurisdiction="worldwide",
        ),
    ),
    "mark": License(
        "CC-PDM-1.0",
        "Public Domain Mark 1.0",
        "public-domain",
        "Marked as free of known copyright by whoever set the mark; it permits nothing itself.",
        SOURCE,
        Terms(public_domain=True),
    ),
    "certification": License(
        "CC-PDDC",
        "Copyright-Only Dedication or Public Domain Certification 1.0 US",
        "unknown",
        "Either a dedication or a belief, under the law of the United States; which is not said.",
        SOURCE,
        Terms(jurisdiction="US"),
    ),
}


@dataclass(frozen=True)
class Tools:
    """Every legal tool of Creative Commons.

    Attributes
    ----------
    by_path:
        ``"licenses/by/2.1/jp"`` and the like, and the license.
    by_elements:
        Elements of a license in any order, version (None: not said) and jurisdiction ("" if
        none), and the license.
    jurisdictions:
        Name or code of a jurisdiction in lower case, and its code.
    """

    by_path: dict[str, License]
    by_elements: dict[tuple[frozenset[str], str | None, str], License]
    jurisdictions: dict[str, str]

    @property
    def licenses(self) -> list[License]:
        return list({license.id: license for license in self.by_elements.values()}.values()) + list(
            _TOOLS.values()
        )


@cache
def tools() -> Tools:
    by_path: dict[str, License] = {}
    by_elements: dict[tuple[frozenset[str], str | None, str], License] = {}
    for row in read_csv("creative_commons.csv"):
        unit, version, place = row["unit"], row["version"], row["jurisdiction"]
        path = "/".join(filter(None, (row["category"], unit, version, place)))
        if unit in _TOOLS:
            by_path[path] = _TOOLS[unit]
            continue
        elements = frozenset(unit.split("-"))
        by_path[path] = by_elements[elements, version, place] = _license(
            _usual(unit), version, place, row["spdx"]
        )
        by_path.setdefault(f"licenses/{unit}", _license(_usual(unit), None, "", ""))
        by_elements.setdefault((elements, None, ""), _license(_usual(unit), None, "", ""))
    # Both are served: SPDX writes the first license with these elements in the later order.
    for path in [path for path in by_path if path.startswith("licenses/by-nd-nc/1.0")]:
        by_path[path.replace("by-nd-nc", "by-nc-nd")] = by_path[path]
    # Where the dedication was before it had a version.
    by_path["licenses/publicdomain"] = _TOOLS["certification"]
    places = {row["code"]: lower(row["name"]) for row in read_csv("jurisdictions.csv")}
    names = {name: code for code, name in places.items()} | {code: code for code in places}
    return Tools(by_path, by_elements, names)


def from_path(path: str) -> License | None:
    """The legal tool at a path of creativecommons.org, as it is served.

    >>> from_path("/licenses/by/2.1/jp/deed.ja").id
    'LicenseRef-CC-BY-2.1-JP'
    """
    parts = lower(path).replace("%2b", "+").strip("/").split("/")
    if len(parts) > 2 and _ENDING.fullmatch(parts[-1]):
        del parts[-1]
    return tools().by_path.get("/".join(parts))


def has_version(license: License) -> bool:
    return not license.id.endswith(NO_VERSION)


def _usual(unit: str) -> str:
    """The order of elements that all but the oldest licenses have."""
    return "by-nc-nd" if unit == "by-nd-nc" else unit


def _license(unit: str, version: str | None, place: str, spdx: str) -> License:
    short = unit if "sampling" in unit or unit == "devnations" else unit.upper()
    name = " ".join(filter(None, ("CC", short, version or "(version not said)", place.upper())))
    # A plus is no letter of a LicenseRef.
    own = "-".join(
        filter(None, (short.replace("+", "-plus"), version or NO_VERSION, place.upper()))
    )
    status, says = _status(unit)
    return License(
        spdx or f"LicenseRef-CC-{own}", name, status, says, SOURCE, _terms(unit, version, place)
    )


def _status(unit: str) -> tuple[Status, str]:
    elements = unit.split("-")
    if unit == "devnations":
        return "restricted", "Permits use in developing nations only."
    if "sampling" in elements or "sampling+" in elements:
        return "restricted", "Permits parts to be taken and changed, and limits the whole work."
    limits = [
        words
        for element, words in (("nc", "for gain"), ("nd", "of changed copies"))
        if element in elements
    ]
    if limits:
        return "restricted", f"Does not permit use {' or '.join(limits)}."
    if "sa" in elements:
        return "open", "Permits every use; what is made of it must have the same license."
    return "open", "Permits every use if the author is named."


def _terms(unit: str, version: str | None, place: str) -> Terms:
    elements = unit.split("-")
    partial = "sampling" in elements or "sampling+" in elements or unit == "devnations"
    place_of = {"": "worldwide", "igo": "worldwide"}.get(place, place.upper())
    return Terms(
        attribution="by" in elements or partial,
        share_alike="sa" in elements,
        commercial_use=False if "nc" in elements else None if partial else True,
        derivatives=False if "nd" in elements else None if partial else True,
        public_domain=False,
        # Licensed since 4.0 (its section 4); what ports did before differs between them.
        database_right=True if version == "4.0" else None,
        copying=None if partial and "sampling+" not in elements else True,
        redistribution=(
            True
            if "sampling+" in elements or not partial
            else False
            if unit == "sampling"
            else None
        ),
        jurisdiction=None if version is None else place_of,
    )
