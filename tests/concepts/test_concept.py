"""What a concept may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.concepts import DOMAINS, MAX_NAME_LENGTH, Concept
from audit.errors import ConceptError


def test_whitespace_is_reduced_and_repeated_names_are_dropped():
    concept = Concept("  Van \t Gogh ", aliases=("Van Gogh", "Vincent", "Vincent", "V.\nGogh"))
    assert concept.names == ("Van Gogh", "Vincent", "V. Gogh")


@pytest.mark.parametrize("name", ["", "  ", "\n"])
def test_empty_names_are_refused(name):
    with pytest.raises(ConceptError, match="is empty"):
        Concept(name)
    with pytest.raises(ConceptError, match="is empty"):
        Concept("x", aliases=(name,))


@pytest.mark.parametrize("name", ["a\x07b", "a\ud800b", "a\x00b"])
def test_control_characters_and_surrogates_are_refused(name):
    with pytest.raises(ConceptError, match=r"U\+"):
        Concept(name)


def test_sentences_are_no_names():
    assert Concept("x" * MAX_NAME_LENGTH)
    with pytest.raises(ConceptError, match="longer than"):
        Concept("x" * (MAX_NAME_LENGTH + 1))


def test_text_for_a_list_is_refused_before_it_becomes_letters():
    with pytest.raises(ConceptError, match="must be a list"):
        Concept("x", aliases="Vincent")  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [None, 5, b"ab", {"a": "b"}])
@pytest.mark.parametrize("field", ["aliases", "exclusions", "references"])
def test_what_is_no_list_is_refused_with_the_name_of_the_concept(field, values):
    with pytest.raises(ConceptError, match=f"concept 'x': {field} must be a list"):
        Concept("x", **{field: values})


@pytest.mark.parametrize(
    "values", [{"owner": 5}, {"rights": ["a"]}, {"references": [5]}, {"references": [" "]}]
)
def test_values_of_a_wrong_type_are_refused(values):
    with pytest.raises(ConceptError, match="concept 'x': "):
        Concept("x", **values)


def test_any_iterable_of_names_and_paths_will_do():
    concept = Concept("x", aliases=(c for c in "ab"), references=[Path("a.jpg")])  # type: ignore[arg-type]
    assert (concept.aliases, concept.references) == (("a", "b"), ("a.jpg",))
    assert hash(concept)


def test_unknown_domain_gets_a_suggestion():
    assert [Concept("x", domain=domain).domain for domain in DOMAINS] == list(DOMAINS)
    with pytest.raises(ConceptError) as error:
        Concept("x", domain="artstyle")
    assert "Did you mean 'art-style'?" in error.value.hint


def test_where_it_was_defined_is_no_part_of_a_concept():
    assert Concept("x", source="a.toml:1") == Concept("x", source="b.toml:2")
    assert Concept("x", aliases=("y",)).to_dict()["aliases"] == ["y"]
