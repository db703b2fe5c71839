"""The phrase kernel against a search that is obviously right."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.captions import kernel
from audit.captions.kernel import PhraseKernel


def reference(captions, phrases):
    """(caption, phrase, offset inside the caption) of every occurrence, overlapping ones too."""
    return sorted(
        (row, number, at)
        for row, caption in enumerate(captions)
        for number, phrase in enumerate(phrases)
        for at in range(len((caption or "").encode()))
        if (caption or "").encode().startswith(phrase.encode(), at)
    )


def found(captions, phrases, typical=None, start=0, type_=None):
    array = pa.array(captions, type_ or pa.large_string()).slice(start)
    hits = PhraseKernel(phrases, typical).find(array)
    sizes = [len((c or "").encode()) for c in captions[start:]]
    begins = [sum(sizes[:row]) for row in range(len(sizes))]
    return sorted(
        (row, phrase, position - begins[row])
        for row, phrase, position in zip(
            hits.rows.tolist(), hits.phrases.tolist(), hits.positions.tolist(), strict=True
        )
    )


# Few letters and short words: phrases share heads, tails and anchors all the time.
tokens = st.text("ab", min_size=1, max_size=9) | st.sampled_from(["é", "北", "ab" * 10])
phrases = st.lists(tokens, min_size=1, max_size=4).map(lambda t: f" {' '.join(t)} ")
texts = st.none() | st.lists(tokens, max_size=8).map(lambda t: f" {' '.join(t)} " if t else " ")


@settings(max_examples=400, deadline=None)
@given(
    st.lists(texts, max_size=8),
    st.lists(phrases, min_size=1, max_size=12, unique=True),
    st.integers(0, 3),
    st.sampled_from([pa.string(), pa.large_string()]),
    st.booleans(),
)
def test_kernel_finds_what_the_reference_finds(captions, phrases, start, type_, typical):
    known = pa.array(captions, pa.large_string()) if typical else None
    expected = reference(captions[start:], phrases)
    assert found(captions, phrases, known, start, type_) == expected


@settings(max_examples=100, deadline=None)
@given(
    st.lists(texts, min_size=1, max_size=8), st.lists(phrases, min_size=1, max_size=8, unique=True)
)
def test_blocks_meet_without_losing_or_repeating_a_hit(captions, phrases):
    whole = kernel._BLOCK
    try:
        for kernel._BLOCK in (1, 2, 7, 16):
            assert found(captions, phrases) == reference(captions, phrases)
    finally:
        kernel._BLOCK = whole


def test_thousands_of_phrases_are_found_together():
    rng = random.Random(2)
    words = ["".join(rng.choices("abcdefgh", k=rng.randint(1, 7))) for _ in range(3000)]
    phrases = [f" {rng.choice(words)} {word} " for word in words] + [f" {w} " for w in words[:500]]
    phrases = list(dict.fromkeys(phrases))
    captions = [f" {' '.join(rng.choices(words, k=12))} " for _ in range(300)]
    sought = [p for p in phrases if any(p in c for c in captions)]
    hits = found(captions, phrases, pa.array(captions, pa.large_string()))
    assert {phrases[number] for _, number, _ in hits} == set(sought)
    assert len(hits) == sum(
        caption.startswith(phrase, at)
        for caption in captions
        for phrase in sought
        for at in range(len(caption))
    )


def test_phrase_may_overlap_itself_and_others():
    captions = [" a a a "]
    assert found(captions, [" a a ", " a "]) == [
        (0, 0, 0),
        (0, 0, 2),
        (0, 1, 0),
        (0, 1, 2),
        (0, 1, 4),
    ]


def test_phrase_does_not_reach_into_the_next_caption():
    assert found([" van ", " gogh "], [" van gogh "]) == []


@pytest.mark.parametrize("captions", [[], [None], ["", ""], [" "], [" ", None, " x "]])
def test_captions_without_anything_to_find(captions):
    assert found(captions, [" van gogh "]) == []


def test_phrase_longer_than_all_captions():
    assert found([" a "], [f" {'long ' * 50}"]) == []


@pytest.mark.parametrize("phrase", ["van gogh", " van gogh", "van gogh ", " ", "", "  ", " a  b "])
def test_what_is_not_folded_is_refused(phrase):
    with pytest.raises(ValueError, match="not a folded phrase"):
        PhraseKernel([phrase])


def test_no_phrases_find_nothing():
    hits = PhraseKernel([]).find(pa.array([" a "]))
    assert (len(hits.rows), len(hits.phrases), len(hits.positions)) == (0, 0, 0)
