"""What no table lists never becomes open or public domain, and normalising again changes nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audit.licenses import creative_commons, normalise, spdx, statements
from audit.licenses.tables import read_csv, read_toml

FREE = ("open", "public-domain")
IDENTIFIERS = sorted(
    {one.id for one in (*spdx.identifiers().values(), *statements.references().values())}
)
#: What names of Creative Commons licenses and addresses are made of …
VOCABULARY = """cc by nc nd sa 0 4.0 3.0 2.5 2.1 1.0 jp us igo creative commons attribution zero mark
sharealike share alike non commercial noncommercial no derivative derivatives derivs works
noderivs noderivatives sampling sampling+ devnations license licence public domain dedication
international unported universal generic pd pdm old self mit apache-2.0 gpl-3.0 or and with later
this work is licensed under a the http:// https:// www. creativecommons.org licenses publicdomain
deed.en deed.ja legalcode.txt rdf zero/1.0 by/4.0 image photo file an licenses licences v1.0 v2.0
v2.1 v2.5 v3.0 v4.0 ccby ccbysa ccbync ccbynd ccbyncsa ccbyncnd"""
#: … and what turns around what they say, or is none of it.
OTHERS = """5.0 + - _ / ( ) , . : © (c) not free all rights reserved courtesy of known copyright
restrictions С ｃ ? \u200b"""
WORDS = [*VOCABULARY.split(), *OTHERS.split()]


def words_of(text):
    return set(re.findall(r"[^\W_]+", text.lower()))


#: Every single word that a listed spelling is made of.
LISTED_WORDS = words_of(VOCABULARY).union(
    *(
        words_of(cell)
        for table in ("spellings.csv", "jurisdictions.csv", "spdx.csv", "spdx_exceptions.csv")
        for row in (*read_csv(table), *read_csv("creative_commons.csv"))
        for cell in row.values()
    ),
    *map(words_of, IDENTIFIERS),
)
SPELLED = [
    *statements.spellings(),
    *IDENTIFIERS,
    *spdx.full_names(),
    *(f"https://creativecommons.org/{path}/" for path in creative_commons.tools().by_path),
    "CC BY 4.0",
    "Creative Commons Attribution-ShareAlike 4.0 International",
    "cc-by-sa-3.0,2.5,2.0,1.0",
    "MIT OR (Apache-2.0 AND CC-BY-4.0)",
]
mixed = st.lists(st.sampled_from(WORDS), max_size=9).flatmap(
    lambda words: st.sampled_from(["", " ", "-"]).map(lambda between: between.join(words))
)
anything = st.one_of(st.text(max_size=60), mixed, st.sampled_from(SPELLED))


@given(anything)
@settings(max_examples=1500, deadline=None)
def test_normalising_again_changes_nothing(text):
    first = normalise(text).license
    assert normalise(first.id).license == first


@pytest.mark.parametrize("numbers", [None, "flickr"])
def test_every_identifier_is_its_own(numbers):
    for identifier in IDENTIFIERS:
        license = normalise(identifier, numbers=numbers).license
        assert license.id == identifier or license.id == "NOASSERTION", identifier
        if license.id == "NOASSERTION":
            is_word = identifier.isalpha() or identifier == "W3C"
            assert is_word, "only plain words and names are not taken alone"


@given(st.text())
@settings(max_examples=2000, deadline=None)
def test_random_text_is_never_free(text):
    """Its words would have to be listed ones by accident: then it is made from them."""
    if normalise(text).status in FREE:
        assert words_of(text) <= LISTED_WORDS


@given(
    st.sampled_from(SPELLED),
    st.sampled_from(
        [
            "not",
            "un",
            "ex",
            "q",
            "С",
            "é",
            "к",
            "ſ",
            "?",
            "!",
            "except",
            "formerly",
            "zzz",
            "\u200b",
            "\u202e",
            "\ufeff",
            "\x00",
            "\x1b",
            "\u0301",
            "\ufe0f",
            "１",
        ]
    ),
    st.integers(0, 10**6),
    st.booleans(),
)
@settings(max_examples=3000, deadline=None)
@example("public domain", "not", 0, True)
@example("https://creativecommons.org/licenses/by/4.0/", "q", 8, False)
def test_a_foreign_word_or_letter_inside_undoes_a_listed_spelling(text, foreign, at, apart):
    at %= len(text) + 1
    changed = text[:at] + (f" {foreign} " if apart else foreign) + text[at:]
    # What stands behind the ? or # of an address does not change the license.
    behind = text.startswith("http") and ("?" in changed or "#" in changed)
    listed = changed.lower() in statements.spellings()
    if not behind and not listed:
        assert normalise(changed).status not in FREE


#: Look-alikes of ASCII letters: Cyrillic, Greek, full-width, Kelvin sign, long s.
LOOK_ALIKES = {
    "c": "сｃϲ", "b": "Ьｂ", "y": "уｙ", "o": "оοｏ", "a": "аɑａ", "s": "ѕſｓ", "k": "\u212aк",
    "i": "іıｉ", "e": "еｅ", "p": "рρｐ", "0": "Оо０", "4": "４", ".": "．｡", "m": "ｍм", "t": "ｔт",
}  # fmt: skip


@given(st.sampled_from(SPELLED), st.data())
@settings(max_examples=2000, deadline=None)
def test_a_look_alike_letter_undoes_a_listed_spelling(text, data):
    places = [at for at, letter in enumerate(text.lower()) if letter in LOOK_ALIKES]
    if places:
        at = data.draw(st.sampled_from(places))
        alike = data.draw(st.sampled_from(LOOK_ALIKES[text[at].lower()]))
        assert normalise(text[:at] + alike + text[at + 1 :]).status not in FREE


def spelled_out(parts, operator):
    return f" {operator} ".join(f"({part})" for part in parts)


expressions = st.recursive(
    st.sampled_from([one for one in IDENTIFIERS if not one.isalpha()]),
    lambda inner: st.builds(
        spelled_out, st.lists(inner, min_size=1, max_size=3), st.sampled_from(["AND", "OR"])
    ),
    max_leaves=6,
)


@given(expressions)
@settings(max_examples=300, deadline=None)
def test_expressions_are_their_own(text):
    first = normalise(text).license
    assert normalise(first.id).license == first


def test_bare_claims_and_restricted_licenses_permit_nothing_that_they_do_not_say():
    from audit.licenses import judge_use, use_profiles

    training = use_profiles()["commercial-training"]
    for identifier in IDENTIFIERS:
        license = normalise(identifier).license
        if judge_use(license, training).answer == "allowed":
            assert license.status in FREE, identifier
            assert license.terms.commercial_use is True


def test_the_tables_agree_with_each_other():
    """Every listed spelling leads to a license, and no statement says what it is not."""
    for text in statements.spellings():
        if not text.startswith("http"):
            assert normalise(text).rule in ("listed-spelling", "said-unknown"), text
    for entry in read_toml("statements.toml")["statement"]:
        if entry["status"] not in FREE:
            assert entry.get("public_domain") is not True, entry["id"]
