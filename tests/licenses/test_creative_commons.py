"""Every legal tool of Creative Commons in every form, and no tool that is not theirs."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import pytest

import audit.licenses
from audit.licenses import normalise

TABLE = Path(audit.licenses.__file__).parent / "data" / "creative_commons.csv"
ROWS = list(csv.DictReader(TABLE.read_text("utf-8").splitlines()))
FORMS = (
    "https://creativecommons.org/{}/",
    "http://www.creativecommons.org/{}",
    "http://creativecommons.org/{}/deed.fr",
    "HTTPS://CREATIVECOMMONS.ORG/{}/LEGALCODE.de",
    "creativecommons.org/{}/legalcode",
    "//creativecommons.org/{}/deed",
)
REFUSES = ("nc", "nd", "sampling", "devnations")


def path_of(row):
    return "/".join(
        filter(None, (row["category"], row["unit"], row["version"], row["jurisdiction"]))
    )


def identifier_of(row):
    """What SPDX says, or the name in the way of SPDX."""
    unit = row["unit"].replace("by-nd-nc", "by-nc-nd").replace("+", "-plus")
    unit = unit if "sampling" in unit or unit == "devnations" else unit.upper()
    parts = ["LicenseRef-CC", unit, row["version"], row["jurisdiction"].upper()]
    return row["spdx"] or "-".join(filter(None, parts))


def test_the_table_is_whole():
    assert len(ROWS) == 639
    assert sum(row["category"] == "publicdomain" for row in ROWS) == 3


@pytest.mark.parametrize("form", FORMS)
def test_every_tool_in_every_form_of_address(form):
    for row in ROWS:
        found = normalise(form.format(path_of(row)))
        assert (found.license.id, found.rule) == (identifier_of(row), "cc-url"), row


def test_status_follows_from_the_elements():
    for row in ROWS:
        status = normalise(f"https://creativecommons.org/{path_of(row)}/").status
        if row["category"] == "publicdomain":
            assert status == ("unknown" if row["unit"] == "certification" else "public-domain")
        else:
            refuses = any(word in row["unit"] for word in REFUSES)
            assert status == ("restricted" if refuses else "open"), row


def test_every_license_by_its_short_name():
    for row in ROWS:
        if row["category"] == "licenses":
            name = f"CC {row['unit']} {row['version']} {row['jurisdiction']}"
            for spelled in (name, name.upper(), name.strip().replace(" ", "-")):
                found = normalise(spelled)
                assert (found.license.id, found.rule) == (identifier_of(row), "cc-text"), spelled


def test_no_other_combination_is_a_license():
    """Units, versions and jurisdictions that exist, put together as they do not."""
    listed = {path_of(row) for row in ROWS} | {
        path_of(row).replace("by-nd-nc", "by-nc-nd") for row in ROWS
    }
    units, versions, places = (
        {row[of] for row in ROWS} for of in ("unit", "version", "jurisdiction")
    )
    tried = 0
    for category, unit, version, place in itertools.product(
        ("licenses", "publicdomain"), units, versions, places
    ):
        path = "/".join(filter(None, (category, unit, version, place)))
        if path not in listed:
            tried += 1
            assert normalise(f"https://creativecommons.org/{path}/").status == "unknown", path
    assert tried > 5000


@pytest.mark.parametrize(
    ("value", "true", "false", "unsaid"),
    [
        ("CC BY 4.0", {"attribution", "commercial_use", "derivatives", "database_right"}, {"share_alike", "public_domain"}, set()),
        ("CC BY-SA 3.0", {"share_alike", "commercial_use", "derivatives"}, set(), {"database_right"}),
        ("CC BY-NC-ND 4.0", {"attribution", "copying", "redistribution"}, {"commercial_use", "derivatives"}, set()),
        ("CC0", {"public_domain", "commercial_use", "database_right"}, {"attribution", "share_alike"}, set()),
        ("CC SA 1.0", {"share_alike"}, {"attribution"}, set()),
        ("CC Sampling 1.0", {"attribution"}, {"redistribution"}, {"commercial_use", "derivatives", "copying"}),
        ("CC devnations 2.0", set(), set(), {"commercial_use", "derivatives", "copying", "redistribution"}),
    ],
)  # fmt: skip
def test_properties(value, true, false, unsaid):
    terms = normalise(value).license.terms
    assert all(getattr(terms, name) is True for name in true)
    assert all(getattr(terms, name) is False for name in false)
    assert all(getattr(terms, name) is None for name in unsaid)


def test_jurisdiction():
    assert normalise("CC BY 2.1 JP").license.terms.jurisdiction == "JP"
    assert normalise("CC BY 3.0 IGO").license.terms.jurisdiction == "worldwide"
    assert normalise("CC-PDDC").license.terms.jurisdiction == "US"
