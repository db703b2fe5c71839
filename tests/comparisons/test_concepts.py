"""Which concepts are the same question, and why a verdict is another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.comparisons.compare import compare
from audit.comparisons.concepts import compare_concepts
from audit.comparisons.reading import as_snapshot

from .documents import concept, coverage, report, shown, snapshot


def changes(a, b, independent=False):
    return {one.name: one for one in compare_concepts(a, b, independent)}


def test_a_concept_that_crossed_comes_first_with_its_exact_difference():
    a = snapshot(concept("steady", 50), concept("grew", 90), concept("fell", 300))
    b = snapshot(concept("steady", 60), concept("grew", 260), concept("fell", 10))
    found = compare_concepts(a, b, independent=False)
    assert [one.name for one in found] == ["grew", "fell", "steady"]
    assert found[0].verdicts is not None
    assert found[0].verdicts.crossed_to_above
    assert found[0].verdicts.cause == "count"
    assert found[0].named is not None
    assert found[0].named.difference is not None
    assert found[0].named.difference.to_dict() == {
        "value": 170, "low": 170, "high": 170, "way": "exact",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("in_a", "in_b", "cause", "against_b"),
    [
        # counts, thresholds on either side; by hand
        ((90, (100, 200)), (260, (100, 200)), "count", "below"),
        ((150, (160, 200)), (150, (100, 140)), "threshold", "above"),
        ((150, (160, 200)), (155, (100, 140)), "threshold", "above"),
        ((90, (160, 200)), (150, (100, 140)), "count and threshold", "below"),
        # 250 is above 100–140, and 150 below 160–200: either change alone would do from A to B
        ((150, (160, 200)), (250, (100, 140)), "count and threshold", "above"),
        ((150, None), (150, (100, 140)), "threshold", "above"),
        ((150, (100, 140)), (150, None), "threshold", None),
    ],
)
def test_causes_of_a_verdict_are_told_apart(in_a, in_b, cause, against_b):
    sides = [snapshot(concept("x", n, threshold=span)) for n, span in (in_a, in_b)]
    verdicts = changes(*sides)["x"].verdicts
    assert verdicts.cause == cause
    assert verdicts.a_against_b == against_b
    mirrored = changes(*reversed(sides))["x"].verdicts
    assert mirrored.cause == cause
    assert mirrored.b_against_a == against_b


def test_reading_the_rest_makes_a_verdict_certain():
    a = snapshot(concept("x", 90, unread=50), dataset="d")
    b = snapshot(concept("x", 90))
    verdicts = changes(a, b)["x"].verdicts
    assert (verdicts.a.verdict, verdicts.b.verdict) == ("uncertain", "below")
    assert verdicts.cause == "certainty"


def test_the_same_name_with_other_aliases_or_exclusions_is_another_question():
    a = snapshot(concept("x", 90, phrases=["x"]), concept("y", 1, exclusions=("y museum",)))
    b = snapshot(concept("x", 260, phrases=["x", "ex"]), concept("y", 1))
    found = changes(a, b)
    assert found["x"].asked == found["y"].asked == "differently"
    assert found["x"].reasons == ("only in B searched: ex",)
    assert found["y"].reasons == ("only in A excluded: y museum",)
    assert found["x"].named.difference is None
    assert found["x"].named.why_not == "only in B searched: ex"
    assert found["x"].licenses["open"].share_difference is None
    assert found["x"].verdicts.cause == "question"
    assert found["x"].verdicts.a_against_b is None
    # It is above all the same: a gate must see it.
    assert found["x"].verdicts.crossed_to_above


def test_exclusions_that_fold_alike_are_the_same_question():
    a = snapshot(concept("y", 1, exclusions=("Y-Museum",)))
    b = snapshot(concept("y", 1, exclusions=("y museum",)))
    assert changes(a, b)["y"].asked == "alike"


def test_a_renamed_concept_is_found_by_what_captions_must_hold():
    a = snapshot(concept("Van Gogh", 5, phrases=["van gogh"]), concept("only a", 1))
    b = snapshot(concept("van gogh", 8, phrases=["van gogh"]), concept("only b", 2))
    found = changes(a, b)
    assert set(found) == {"van gogh", "only a", "only b"}
    assert found["van gogh"].to_dict()["name_in_a"] == "Van Gogh"
    assert found["van gogh"].named.difference.value == 3
    assert found["only a"].asked == "only in A"
    assert found["only b"].asked == "only in B"


def test_counts_of_other_folding_rules_are_not_compared():
    newer = report(concept("x", 9), concept("z", 9, phrases=["y"]))
    newer["dataset"]["folding_version"] = 2
    older = snapshot(concept("x", 5), concept("y", 5, phrases=["y"]))
    found = compare(older, as_snapshot(newer, "b", "report"))
    assert found["x"].named.difference is None
    # Equal phrases are not the same question under other rules.
    assert (found["y"].asked, found["z"].asked) == ("only in A", "only in B")
    assert "folding" in {one.about for one in found.caveats}


def seen(*concepts, by="both", encoder="hog", dataset="d", **changes):
    return snapshot(
        *concepts,
        dataset=dataset,
        question={"by": by, "where": None},
        visual={"considered": 1000, "encoder": {"id": encoder}},
        **changes,
    )


def test_estimates_of_one_dataset_are_not_taken_for_independent():
    one = concept("x", 90, visual=shown(100, 80, 130), count=(80, 130))
    other = concept("x", 90, visual=shown(150, 140, 170), count=(140, 170))
    snapshots = compare(seen(one), seen(other))["x"].shown.difference
    assert (snapshots.way, snapshots.low, snapshots.high) == ("ends", 10, 90)
    apart = compare(seen(one), seen(other, dataset="e"))["x"].shown.difference
    assert apart.way == "MOVER"
    assert apart.low == pytest.approx(50 - 31.6227766)


def test_what_was_not_read_adds_to_an_estimate_by_image():
    one = concept("x", 90, visual=shown(100, 80, 130), count=(80, 130))
    torn = report(
        concept("x", 90, visual=shown(150, 140, 170), count=(140, 177)),
        question={"by": "both", "where": None},
        visual={"considered": 1000, "encoder": {"id": "hog"}},
    )
    torn["dataset"]["coverage"] = coverage(1000, unread=4, read_shards=1) | {"rejected_lines": 3}
    found = compare(seen(one), as_snapshot(torn, "b", "report"))["x"].shown.difference
    assert (found.low, found.high) == (140 - 130, 170 + 7 - 80)


def test_images_that_were_compared_otherwise_are_not_subtracted():
    a = seen(concept("x", 90, visual=shown(100, 80, 130), count=(80, 130)))
    b_encoder = seen(
        concept("x", 90, visual=shown(150, 140, 170), count=(240, 270)), encoder="clip"
    )
    found = changes(a, b_encoder)["x"]
    assert found.shown.difference is None
    assert found.shown.why_not == "images were compared by another encoder"
    assert found.verdicts.cause == "question"
    assert found.named.difference.value == 0
    references = concept("x", 90, visual=shown(150, 140, 170, references=["b.jpg"]), count=(1, 2))
    assert changes(a, seen(references))["x"].shown.why_not.endswith("other references")


def test_verdicts_by_captions_and_by_images_are_not_explained():
    a = seen(concept("x", 90, visual=shown(300, 280, 330), count=(280, 330)))
    found = compare(a, snapshot(concept("x", 95)))
    assert found["x"].verdicts.cause == "question"
    assert found["x"].named.difference.value == 5
    assert "by" in {one.about for one in found.caveats}


def test_what_stands_between_the_sides_is_said():
    b = report(
        concept("x", 9),
        question={"by": "caption", "where": "width > 5"},
        tool_version="2.0",
    )
    b["dataset"]["coverage"] = coverage(
        900, unread=None, read_shards=1, removed=100, removals=["r1"]
    )
    b["licenses"] |= {"on": "2026-02-02", "license_map": {"sha256": "ab"}, "numbers": "flickr"}
    b["flags"] |= {"share": [0.5, 0.6], "thresholds_of": "published", "model": "SD1.5"}
    found = compare(snapshot(concept("x", 5)), as_snapshot(b, "b", "report"))
    told = {one.about: one.message for one in found.caveats}
    assert set(told) == {
        "where", "domains", "thresholds", "share", "unread", "removals", "on", "license map",
        "numbers", "tool version",
    }  # fmt: skip
    assert "A is about all samples, B about samples that meet width > 5" in told["where"]
    assert "A was held against 100–200 images, given for all" in told["thresholds"]
    assert "B against published thresholds (model SD1.5)" in told["thresholds"]
    assert "nobody knows how many rows" in told["unread"]
    assert "B has removals on request that the other side does not have: r1" in told["removals"]
    assert "0 samples in A and 100 in B were removed" in told["removals"]
    assert found["x"].named.difference.value == 4


def test_removals_are_numbered_for_each_dataset():
    def removed(dataset, *removals):
        document = report(dataset=dataset)
        document["dataset"]["coverage"] = coverage(900, removed=100, removals=removals)
        return as_snapshot(document, dataset, "report")

    def told(a, b):
        return [one.message for one in compare(a, b).caveats if one.about == "removals"]

    assert told(removed("d", "0001"), removed("d", "0001")) == []
    (later,) = told(removed("d", "0001"), removed("d", "0001", "0002"))
    assert "does not have: 0002." in later
    assert len(told(removed("d", "0001"), removed("e", "0001"))) == 2


def test_two_equal_sides_need_no_caveat():
    found = compare(snapshot(concept("x", 5)), snapshot(concept("x", 5)))
    assert found.caveats == ()
    assert found.related


KINDS = st.sampled_from([None, (0, 50), (100, 200), (150, 150)])
SIDE = st.dictionaries(
    st.sampled_from("uvwxyz"),
    st.tuples(
        st.one_of(st.none(), st.integers(0, 400)), KINDS, st.sampled_from([0, 40, None]),
        st.sampled_from([["p"], ["p", "q"]]),
    ),
)  # fmt: skip


def side(drawn):
    return snapshot(
        *(
            concept(name, samples, threshold=span, unread=unread, phrases=[name, *phrases])
            for name, (samples, span, unread, phrases) in drawn.items()
        )
    )


@given(SIDE, SIDE)
def test_the_other_way_round_is_the_mirror(drawn_a, drawn_b):
    a, b = side(drawn_a), side(drawn_b)
    there, back = changes(a, b), changes(b, a)
    assert set(there) == set(back)
    turned = {"only in A": "only in B", "only in B": "only in A"}
    for name, one in there.items():
        other = back[name]
        assert other.asked == turned.get(one.asked, one.asked)
        assert (one.verdicts is None) == (other.verdicts is None)
        if one.verdicts is not None:
            assert one.verdicts.rise == -other.verdicts.rise
            assert one.verdicts.cause == other.verdicts.cause
            assert one.verdicts.a_against_b == other.verdicts.b_against_a
        if one.named is not None and one.named.difference is not None:
            assert one.named.difference.mirrored == other.named.difference
