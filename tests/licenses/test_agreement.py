"""Which statements can both be true, and which of two says more: hand-made cases."""

from __future__ import annotations

import pytest

from audit.licenses.agreement import agreed, denies_copyright
from audit.licenses.normalise import normalise


def license(text):
    return normalise(text).license


@pytest.mark.parametrize(
    ("one", "other", "says_more"),
    [
        ("CC BY 2.0", "https://creativecommons.org/licenses/by/2.0/", "CC-BY-2.0"),
        ("CC BY", "https://creativecommons.org/licenses/by/2.0/", "CC-BY-2.0"),
        ("CC BY", "https://creativecommons.org/licenses/by/2.1/jp/", "LicenseRef-CC-BY-2.1-JP"),
        ("CC BY-SA", "CC BY 2.0", None),
        ("CC BY", "CC BY-SA 2.0", None),
        ("CC BY-NC", "CC BY-NC-ND 2.0", None),
        ("CC BY 2.0", "CC BY 3.0", None),
        ("Public domain", "CC0", "CC0-1.0"),
        ("Public domain", "CC BY 4.0", None),
        ("CC0", "https://creativecommons.org/publicdomain/mark/1.0/", None),
        ("All rights reserved", "http://rightsstatements.org/vocab/InC/1.0/",
         "LicenseRef-RightsStatements-InC-1.0"),
        ("in copyright", "CC BY 4.0", None),
        ("in copyright", "CC0", None),
        ("MIT OR CC0-1.0", "CC0", "CC0-1.0"),
        ("MIT AND CC0-1.0", "CC0", None),
        ("Creative Commons", "CC BY-NC 2.0", "CC-BY-NC-2.0"),
        ("Creative Commons", "MIT", None),
        ("?", "CC BY 4.0", "CC-BY-4.0"),
        ("No known copyright restrictions", "CC0", None),
        ("http://rightsstatements.org/vocab/NoC-US/1.0/", "CC-PDM-1.0", None),
    ],
)  # fmt: skip
def test_the_one_that_says_more_or_none_whichever_comes_first(one, other, says_more):
    for pair in ((one, other), (other, one)):
        found = agreed(*map(license, pair))
        assert (found and found.id) == says_more


@pytest.mark.parametrize(
    ("text", "denies"),
    [
        ("Public domain", True),
        ("Public Domain Mark 1.0", True),
        ("No known copyright restrictions", True),
        ("http://rightsstatements.org/vocab/NKC/1.0/", True),
        ("CC0", False),  # a waiver: its holder waives
        ("CC BY 4.0", False),
        ("All rights reserved", False),
        ("?", False),
    ],
)
def test_claims_that_a_copyright_holder_contradicts(text, denies):
    assert denies_copyright(license(text)) is denies


TEXTS = [
    "CC BY", "CC BY 2.0", "CC BY-SA 2.0", "CC BY-NC-ND 4.0", "CC0", "PDM", "Public domain", "PDDL-1.0",
    "Creative Commons", "Some rights reserved", "All rights reserved", "in-copyright", "© Jane Doe",
    "Fair use", "No known copyright restrictions", "Royalty-free", "BUSL-1.1", "SSPL-1.0", "?",
    "MIT OR Apache-2.0", "MIT", "GFDL", "CC-PDDC", "PD-US", "Editorial use only",
    *(f"http://rightsstatements.org/vocab/{code}/1.0/" for code in (
        "InC", "InC-NC", "InC-EDU", "InC-OW-EU", "InC-RUU", "NoC-US", "NoC-NC", "NKC", "UND", "CNE",
    )),
]  # fmt: skip


def test_the_order_never_matters():
    for one in TEXTS:
        for other in TEXTS:
            pair = license(one), license(other)
            assert agreed(*pair) == agreed(*reversed(pair)), (one, other)


def test_what_agrees_permits_no_more_than_the_one_that_says_more():
    free = ("open", "public-domain")
    for one in TEXTS:
        for other in TEXTS:
            pair = license(one), license(other)
            both = agreed(*pair)
            if both is not None and both.status in free:
                assert {side.status for side in pair} <= {*free, "unknown", "in-copyright"}
                assert both in pair


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("All rights reserved", "http://rightsstatements.org/vocab/InC-NC/1.0/"),
        ("http://rightsstatements.org/vocab/InC/1.0/", "http://rightsstatements.org/vocab/InC-NC/1.0/"),
        ("BUSL-1.1", "SSPL-1.0"),
        ("Some rights reserved", "CC0"),
        ("© Jane Doe", "CC0"),
        ("Royalty-free", "PD-US"),
    ],
)  # fmt: skip
def test_contradictions(one, other):
    assert agreed(license(one), license(other)) is None


def test_the_public_domain_of_one_country_is_a_kind_of_public_domain():
    found = agreed(
        license("Public domain"), license("http://rightsstatements.org/vocab/NoC-US/1.0/")
    )
    assert found.id == "LicenseRef-RightsStatements-NoC-US-1.0"
    assert found.status == "unknown"


def test_a_statement_cannot_be_chosen():
    for text in ("CC0-1.0 OR LicenseRef-all-rights-reserved", "CC-PDM-1.0 OR CC-BY-4.0"):
        assert license(text).status == "unknown"
    assert license("CC0-1.0 OR MIT").status == "public-domain"
