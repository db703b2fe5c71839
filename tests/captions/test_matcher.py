"""The matcher against a slow reference that is obviously right."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.captions.folding import fold
from audit.captions.matcher import ConceptMatcher
from audit.captions.phrases import fold_concepts
from audit.concepts import Concept


def matches(captions, concepts):
    folded, _ = fold_concepts(concepts)
    matcher = ConceptMatcher(folded)
    array = pa.array([None if c is None else fold(c) for c in captions], pa.large_string())
    found = matcher.match(array)
    pairs = set(zip(found.rows.tolist(), found.concepts.tolist(), strict=True))
    names = dict(zip(matcher.names, found.name_counts.tolist(), strict=True))
    return pairs, names, found.excluded.tolist()


def reference(captions, concepts):
    """One caption, one concept, one name at a time."""
    pairs, names, excluded = set(), {}, [0] * len(concepts)
    for c, phrases in enumerate(fold_concepts(concepts)[0]):
        names |= {(c, phrase): 0 for phrase in phrases.phrases}
        for row, caption in enumerate(captions):
            text = fold(caption or "").encode()
            covered = [
                range(at, at + len(e.encode()))
                for e in phrases.exclusions
                for at in starts(e, text)
            ]
            named = False
            for phrase in phrases.phrases:
                size = len(phrase.encode())
                free = [
                    at
                    for at in starts(phrase, text)
                    if not any(at in span and at + size - 1 in span for span in covered)
                ]
                names[c, phrase] += bool(free)
                if free:
                    pairs.add((row, c))
                named = named or bool(starts(phrase, text))
            excluded[c] += named and (row, c) not in pairs
    return pairs, names, excluded


def starts(phrase, text):
    needle = phrase.encode()
    return [i for i in range(len(text)) if text.startswith(needle, i)]


# Few different words, so that names, aliases and exclusions overlap in every way.
words = st.sampled_from(["van", "gogh", "vincent", "museum", "go", "v", "é", "北斋", "gogh's"])
phrases = st.lists(words, min_size=1, max_size=3).map(" ".join)
concepts = st.builds(
    Concept,
    name=phrases,
    aliases=st.lists(phrases, max_size=3).map(tuple),
    exclusions=st.lists(st.lists(words, min_size=1, max_size=5).map(" ".join), max_size=3).map(
        tuple
    ),
)
captions = st.none() | st.lists(words, max_size=9).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(captions, max_size=8), st.lists(concepts, min_size=1, max_size=5))
def test_matcher_agrees_with_the_reference(captions, concepts):
    assert matches(captions, concepts) == reference(captions, concepts)


def count(captions, *concepts):
    pairs, _, excluded = matches(captions, concepts)
    return [sum(c == i for _, c in pairs) for i in range(len(concepts))], excluded


VAN_GOGH = Concept(
    "Vincent van Gogh",
    aliases=("Van Gogh",),
    exclusions=("Van Gogh Museum", "Vincent van Gogh Airport"),
)


def test_caption_counts_once_however_many_aliases_hit():
    assert count(["Vincent van Gogh, by van Gogh, van Gogh"], VAN_GOGH) == ([1], [0])


@pytest.mark.parametrize(
    ("caption", "counted"),
    [
        ("The Van Gogh Museum in Amsterdam", False),
        ("Van Gogh’s Sunflowers in the Van Gogh Museum", True),
        ("Van Gogh Museum: Sunflowers by Van Gogh", True),
        ("Vincent van Gogh Museum", True),  # "Vincent van Gogh" is not inside "Van Gogh Museum"
        ("Vincent van Gogh Airport", False),
        ("Van Gogh, Museum of Modern Art", False),  # punctuation folds away: known, and documented
        ("Van Gogh Museums", True),
    ],
)
def test_exclusion_removes_a_caption_only_if_every_hit_lies_inside_one(caption, counted):
    assert count([caption], VAN_GOGH) == ([int(counted)], [int(not counted)])


def test_names_shared_by_concepts_count_for_each():
    both = [Concept("Link", aliases=("Hero",)), Concept("Zelda", aliases=("LINK",))]
    assert count(["link!", "hero", "Zelda"], *both)[0] == [2, 2]


def test_exclusion_of_one_concept_leaves_others_alone():
    museum = Concept("Van Gogh Museum")
    assert count(["the Van Gogh Museum"], VAN_GOGH, museum)[0] == [0, 1]


def test_rows_come_in_order_of_the_caption():
    folded, _ = fold_concepts([Concept("b"), Concept("a")])
    found = ConceptMatcher(folded).match(pa.array([fold(c) for c in ["a b", "x", "b", "a"]]))
    assert found.rows.tolist() == [0, 0, 2, 3]
    assert found.concepts.tolist() == [0, 1, 0, 1]


def test_concept_without_searchable_name_matches_nothing():
    assert count(["!!!", "a"], Concept("!!!"), Concept("a"))[0] == [0, 1]
