"""What follows from what one row says: hand-made cases, a conflict of every kind among them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.licenses.mapping import ValueReader
from audit.licenses.uses import use_profile
from audit.reviews.conclusions import Reasoner, Said
from audit.reviews.findings import is_named

BY = "https://creativecommons.org/licenses/by/4.0/"
NC = "https://creativecommons.org/licenses/by-nc/2.0/"
NO_CC = "https://creativecommons.org/licenses/by-nc/9.9/"


def conclude(
    license=None, link=None, holder=False, end="", dataset=None, use=None, page_links=False
):
    reasoner = Reasoner(ValueReader(), dataset, use and use_profile(use), page_links)
    return reasoner.conclude(Said(license, link, holder, end))


@pytest.mark.parametrize(
    ("said", "declared", "concluded", "findings"),
    [
        # Nothing said
        ({}, "NOASSERTION", "NOASSERTION", {"missing"}),
        ({"license": "?"}, "NOASSERTION", "NOASSERTION", {"missing"}),
        ({"license": "unknown", "link": "null"}, "NOASSERTION", "NOASSERTION", {"missing"}),
        # One of both
        ({"license": "CC BY 4.0"}, "CC-BY-4.0", "CC-BY-4.0", set()),
        ({"license": "?", "link": BY}, "CC-BY-4.0", "CC-BY-4.0", set()),
        ({"license": "as agreed"}, "NOASSERTION", "NOASSERTION", {"unclear"}),
        # Both
        ({"license": "CC BY", "link": BY}, "CC-BY-4.0", "CC-BY-4.0", set()),
        ({"license": "CC BY 4.0", "link": "https://example.org/terms"}, "CC-BY-4.0", "NOASSERTION", {"unclear"}),
        ({"license": "CC BY 4.0", "link": "non-commercial use only"}, "CC-BY-4.0", "NOASSERTION", {"unclear"}),
        ({"license": "mixed", "link": BY}, "CC-BY-4.0", "NOASSERTION", {"unclear"}),
        ({"license": "copyright unknown", "link": BY}, "CC-BY-4.0", "NOASSERTION", {"unclear"}),
        ({"license": "Some rights reserved", "link": "https://creativecommons.org/publicdomain/zero/1.0/"}, "LicenseRef-CC-unspecified", "NOASSERTION", {"conflict-link", "unclear"}),
        ({"license": "© Jane Doe", "link": BY}, "CC-BY-4.0", "CC-BY-4.0", set()),
        ({"license": "© Jane Doe", "link": "https://creativecommons.org/publicdomain/mark/1.0/"}, "LicenseRef-copyright-notice", "NOASSERTION", {"conflict-link", "unclear"}),
        ({"license": "All rights reserved", "link": BY}, "LicenseRef-all-rights-reserved", "NOASSERTION", {"conflict-link", "unclear"}),
        ({"license": "LicenseRef-of-somebody"}, "NOASSERTION", "NOASSERTION", {"unclear"}),
        ({"license": "CC BY-NC 2.0", "link": BY}, "CC-BY-NC-2.0", "NOASSERTION", {"conflict-link", "unclear"}),
        ({"license": "CC BY-NC 2.0", "link": NO_CC}, "CC-BY-NC-2.0", "NOASSERTION", {"unclear"}),
        ({"license": "not for museums", "link": BY}, "CC-BY-4.0", "NOASSERTION", {"unclear"}),
        # A holder
        ({"holder": True}, "NOASSERTION", "LicenseRef-in-copyright", {"missing", "holder-named"}),
        ({"license": "Public domain", "holder": True}, "LicenseRef-public-domain", "NOASSERTION", {"conflict-holder", "unclear"}),
        ({"license": "No known copyright restrictions", "holder": True}, "LicenseRef-no-known-copyright-restrictions", "NOASSERTION", {"conflict-holder", "unclear"}),
        ({"license": "CC0", "holder": True}, "CC0-1.0", "CC0-1.0", set()),
        ({"license": "PDDL-1.0", "holder": True}, "PDDL-1.0", "PDDL-1.0", set()),
        ({"license": "Public domain"}, "LicenseRef-public-domain", "LicenseRef-public-domain", {"claimed"}),
        ({"license": "PDM"}, "CC-PDM-1.0", "CC-PDM-1.0", {"claimed"}),
        ({"license": "CC BY 4.0", "holder": True}, "CC-BY-4.0", "CC-BY-4.0", set()),
        ({"license": "as agreed", "holder": True}, "NOASSERTION", "NOASSERTION", {"unclear"}),
        # The end
        ({"license": "CC BY 4.0", "end": "past"}, "CC-BY-4.0", "NOASSERTION", {"expired", "unclear"}),
        ({"license": "CC BY 4.0", "end": "unreadable"}, "CC-BY-4.0", "NOASSERTION", {"end-unreadable", "unclear"}),
        ({"license": "CC BY 4.0", "end": "to come"}, "CC-BY-4.0", "CC-BY-4.0", set()),
        ({"license": "in-copyright", "end": "past"}, "LicenseRef-in-copyright", "LicenseRef-in-copyright", {"expired"}),
        ({"license": "CC0", "end": "past"}, "CC0-1.0", "NOASSERTION", {"expired", "unclear"}),
        ({"license": "?", "end": "unreadable"}, "NOASSERTION", "NOASSERTION", {"missing", "end-unreadable"}),
        # The dataset's own license is compared and never taken
        ({"license": "CC BY-NC 2.0", "dataset": "CC BY 4.0"}, "CC-BY-NC-2.0", "CC-BY-NC-2.0", {"non-commercial", "conflict-dataset"}),
        ({"license": "CC BY 4.0", "dataset": "CC BY 4.0"}, "CC-BY-4.0", "CC-BY-4.0", set()),
        ({"dataset": "CC BY 4.0"}, "NOASSERTION", "NOASSERTION", {"missing"}),
        ({"license": "as agreed", "dataset": "CC BY 4.0"}, "NOASSERTION", "NOASSERTION", {"unclear"}),
        # Properties
        ({"link": NC}, "CC-BY-NC-2.0", "CC-BY-NC-2.0", {"non-commercial"}),
        ({"license": "CC BY-NC-ND 4.0"}, "CC-BY-NC-ND-4.0", "CC-BY-NC-ND-4.0", {"non-commercial", "no-derivatives"}),
        ({"license": "CC BY-SA 3.0"}, "CC-BY-SA-3.0", "CC-BY-SA-3.0", {"share-alike"}),
    ],
)  # fmt: skip
def test_declared_concluded_and_findings(said, declared, concluded, findings):
    conclusion = conclude(**said)
    assert conclusion.declared.id == declared
    assert conclusion.concluded.id == concluded
    assert set(conclusion.findings) == findings
    assert conclusion.reason


def test_a_link_that_was_found_on_the_page_is_not_taken_for_the_images_license():
    conclusion = conclude(BY, page_links=True)
    assert (conclusion.declared.id, conclusion.concluded.id) == ("CC-BY-4.0", "NOASSERTION")
    assert set(conclusion.findings) == {"page-link", "unclear"}
    assert conclude("CC BY 4.0", page_links=True).concluded.id == "CC-BY-4.0"


def test_a_conflict_names_both_sides():
    reason = conclude("CC BY-NC 2.0", BY).reason
    assert "CC-BY-NC-2.0" in reason
    assert "CC-BY-4.0" in reason


@pytest.mark.parametrize(
    ("license", "use", "found"),
    [
        ("CC BY 4.0", "commercial-training", set()),
        ("CC BY-NC 4.0", "commercial-training", {"non-commercial", "use-denied"}),
        ("CC BY-NC 4.0", "research", {"non-commercial"}),
        ("?", "research", {"missing", "use-unknown"}),
    ],
)
def test_a_use_that_was_asked_about(license, use, found):
    assert set(conclude(license, use=use).findings) == found


VALUES = st.sampled_from(
    [None, "?", "CC BY 4.0", "CC BY", "CC0", "Public domain", "in copyright", "as agreed", BY, NC,
     "No known copyright restrictions", "GFDL", NO_CC, "MIT OR CC0-1.0"]
)  # fmt: skip
ENDS = st.sampled_from(["", "past", "to come", "unreadable"])


@given(VALUES, VALUES, st.booleans(), ENDS, VALUES)
def test_more_that_is_said_never_makes_a_row_freer_than_what_it_says_itself(
    license, link, holder, end, dataset
):
    conclusion = conclude(license, link, holder, end, dataset)
    if conclusion.concluded.status in ("open", "public-domain"):
        alone = {conclude(license).concluded.id, conclude(None, link).concluded.id}
        assert conclusion.concluded.id in alone
        # Which of them stands in which column does not matter.
        assert conclude(link, license, holder, end, dataset).concluded == conclusion.concluded


@given(VALUES, VALUES, st.booleans(), ENDS, VALUES)
def test_unknown_is_always_missing_or_unclear_and_nothing_else_is(
    license, link, holder, end, dataset
):
    conclusion = conclude(license, link, holder, end, dataset)
    is_unknown = conclusion.concluded.status == "unknown"
    assert is_unknown == (
        "unclear" in conclusion.findings
        or ("missing" in conclusion.findings and "holder-named" not in conclusion.findings)
    )
    assert is_named("not-open", conclusion.concluded.status, conclusion.findings) == (
        conclusion.concluded.status not in ("open", "public-domain")
    )
