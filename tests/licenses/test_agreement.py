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
