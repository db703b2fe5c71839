"""Folded phrases and what is reported about them."""

from __future__ import annotations

from audit.captions.phrases import Wording, fold_concept, fold_concepts
from audit.concepts import Concept


def kinds(findings):
    return [finding.kind for finding in findings]


def test_spellings_that_fold_alike_become_one_phrase():
    folded = fold_concept(Concept("Beyoncé", aliases=("Beyonce", "BEYONCÉ Knowles")))
    assert folded.phrases == (" beyonce ", " beyonce knowles ")
    assert folded.spellings[" beyonce "] == ("Beyoncé", "Beyonce")
    assert folded.findings == ()


def test_wording_is_the_same_however_a_concept_is_written():
    one = fold_concept(
        Concept("Van Gogh", aliases=("Vincent",), exclusions=("Van Gogh Museum", "Van Gogh shirt"))
    )
    other = fold_concept(
        Concept("vincent", aliases=("VAN-GOGH",), exclusions=("van gogh shirt", "van gogh museum"))
    )
    assert one.wording == other.wording
    assert one.wording == Wording.of(
        ["vincent", " van gogh "], [" van gogh museum ", "van gogh shirt"]
    )
    assert one.wording.phrases == ("van gogh", "vincent")
    assert one.wording != fold_concept(Concept("Van Gogh", aliases=("Vincent",))).wording


def test_name_that_folds_to_nothing_is_reported_and_left_out():
    folded = fold_concept(Concept("!!!", aliases=("chk chk chk",)))
    assert folded.phrases == (" chk chk chk ",)
    assert kinds(folded.findings) == ["folds-to-nothing"]
    assert "'!!!'" in folded.findings[0].message


def test_exclusion_that_can_exclude_nothing_is_reported():
    folded = fold_concept(Concept("Van Gogh", exclusions=("Gauguin Museum", "Van Gogh Museum")))
    assert folded.exclusions == (" van gogh museum ",)
    assert kinds(folded.findings) == ["idle-exclusion"]


def test_exclusion_that_is_a_name_is_reported():
    folded = fold_concept(Concept("Van Gogh", exclusions=("van-gogh",)))
    assert kinds(folded.findings) == ["idle-exclusion"]


def test_concepts_that_share_a_phrase_are_reported_with_their_places():
    first = Concept("Turner", source="a.toml:3")
    second = Concept("J. M. W. Turner", aliases=("TURNER",), source="a.toml:9")
    _, findings = fold_concepts([first, second])
    assert kinds(findings) == ["shared-phrase"]
    assert findings[0].concept == "J. M. W. Turner"
    assert "'TURNER' folds like 'Turner' of 'Turner' (a.toml:3)" in findings[0].message
