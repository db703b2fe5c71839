"""Which prompts there are, and that seeds and places follow from names alone."""

from __future__ import annotations

import hashlib
import re

import pytest

from audit.concepts import Concept
from audit.errors import ConceptError, UsageError
from audit.generation.plan import folder_name, image_seed, plan_prompts
from audit.generation.prompts import PROMPTS

PAINTING = "a painting in the style of {}"


def texts(*concepts, **options):
    return [prompt.text for prompt in plan_prompts(concepts, **options)]


def test_published_prompts_of_faces_with_the_name_first_in_possessives():
    assert texts(Concept("Mary Lee Pfeiffer", domain="face")) == [
        "a photorealistic close-up photograph of Mary Lee Pfeiffer",
        "High-resolution close-up image of Mary Lee Pfeiffer",
        "Mary Lee Pfeiffer's facial close-up",
        "Close-up headshot of Mary Lee Pfeiffer",
        "Mary Lee Pfeiffer's face portrait",
    ]


def test_published_prompts_of_art_styles():
    assert texts(Concept("Monet", domain="art-style")) == [
        "a painting in the style of Monet",
        "an artwork in the style of Monet",
        "a sketch in the style of Monet",
        "a fine art piece in the style of Monet",
        "an illustration in the style of Monet",
    ]


def test_own_domain_of_a_concept_decides_and_the_given_one_stands_in():
    prompts = plan_prompts([Concept("A", domain="face"), Concept("B")], domain="art-style")
    assert {(prompt.concept, prompt.domain) for prompt in prompts} == {
        ("A", "face"),
        ("B", "art-style"),
    }
    assert [prompt.template for prompt in prompts if prompt.concept == "B"] == list(
        PROMPTS["art-style"]
    )


def test_prompts_of_ones_own_are_taken_for_every_concept_once():
    own = ["a photo of {}", " a photo of {} ", "{} and {}"]
    assert texts(Concept("A", domain="face"), Concept("B"), own=own) == [
        "a photo of A",
        "A and A",
        "a photo of B",
        "B and B",
    ]


def test_braces_elsewhere_are_text():
    assert texts(Concept("{}{0}"), own=["{x} of {}"]) == ["{x} of {}{0}"]


def test_concept_without_domain_is_refused_with_what_to_do():
    with pytest.raises(ConceptError, match="'Monet', 'A', 'B' and 1 more") as caught:
        plan_prompts([Concept("Monet"), Concept("A"), Concept("B"), Concept("C")])
    assert "--domain face or --domain art-style" in caught.value.hint
    assert "--prompt 'a photo of {}'" in caught.value.hint


def test_domain_without_published_prompts_is_refused_with_what_to_do():
    with pytest.raises(ConceptError, match=r"'character' \('Pikachu'\)") as caught:
        plan_prompts([Concept("Pikachu", domain="character")], domain="face")
    assert "--prompt" in caught.value.hint


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("a photo", "no place for the concept's name"),
        ("", "no place"),
        ("a\nphoto of {}", r"U\+000A"),
        ("a \ud800 of {}", r"U\+D800"),
        ("{}" + "x" * 1000, "longer than 1,000"),
    ],
)
def test_what_cannot_be_a_prompt_is_refused(template, problem):
    with pytest.raises(UsageError, match=problem):
        plan_prompts([Concept("A")], own=[template])


def test_no_concept_is_refused():
    with pytest.raises(ConceptError, match="No concept"):
        plan_prompts([])


def test_concept_named_twice_is_one_with_the_domain_that_is_known():
    prompts = plan_prompts([Concept("A"), Concept("A", domain="face"), Concept("A")])
    assert len(prompts) == 5
    with pytest.raises(ConceptError, match="'A' is named twice, of the domains 'face' and"):
        plan_prompts([Concept("A", domain="face"), Concept("A", domain="art-style")])


def test_seed_is_the_documented_hash():
    digest = hashlib.sha256('[7,"葛飾北斎","a painting in the style of {}"]'.encode()).digest()
    first = int.from_bytes(digest[:4], "big")
    assert image_seed(7, "葛飾北斎", PAINTING, 0) == first
    assert image_seed(7, "葛飾北斎", PAINTING, 2**32 - first) == 0


def test_seeds_of_a_prompt_are_all_different_and_others_for_every_other_name():
    seeds = {image_seed(0, "A", PAINTING, number) for number in range(1000)}
    assert len(seeds) == 1000
    others = {
        image_seed(seed, concept, template, 0)
        for seed in (-1, 0, 1, 2**80)
        for concept in ("A", "a", "Á", 'A","B')
        for template in (PAINTING, "{}")
    }
    assert len(others) == 4 * 4 * 2


#: Names that file systems refuse, take for others, or follow out of the folder.
HOSTILE = [
    "..", ".", "../../etc", "/etc/passwd", "C:\\x", "con", "CON", "nul.txt", "a/b", "a-b", "a b",
    "A b", "a\u0301b", "áb", "葛飾北斎", "歌川広重", "🎨", "\u202egnp.exe", "_hidden", ".hidden",
    "x" * 500, "x" * 499, "a.", "a ", "*?<>|", "-rf", "~", "$HOME",
]  # fmt: skip


def test_folder_names_are_plain_short_and_different_even_where_case_is_not():
    names = [folder_name(text) for text in HOSTILE]
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,79}", name) for name in names), names
    assert len({name.lower() for name in names}) == len(set(HOSTILE))
    reserved = {"con", "nul", "aux", "prn"}
    assert not {name.lower() for name in names} & reserved


def test_place_of_an_image_follows_from_its_prompt_and_number_alone():
    one = plan_prompts([Concept("A", domain="face")])[0]
    same = plan_prompts([Concept("B", domain="face"), Concept("A", domain="face")])[5]
    assert one == same
    assert one.path(7) == same.path(7)
    assert one.path(7).startswith("images/A-")
    assert one.path(7).endswith("/00007.png")
