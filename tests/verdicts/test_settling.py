"""What would settle an uncertain verdict: the doubt that is in the way."""

from __future__ import annotations

from audit.thresholds.known import KnownThreshold, KnownThresholds
from audit.thresholds.published import published_thresholds
from audit.verdicts.applied import GivenThreshold, ThresholdChoice
from audit.verdicts.exposures import Exposure
from audit.verdicts.judging import Span
from audit.verdicts.settling import what_would_settle

AT_100 = GivenThreshold(100).for_domain(None)


def settle(exposure, applied=AT_100, *, of_captions=True, shared=False):
    return what_would_settle(exposure, applied, of_captions=of_captions, shared=shared)


def exposure(value, low, high, read_high=None, **more):
    read = high if read_high is None else read_high
    return Exposure("Monet", "art-style", value, Span(low, high), read, **more)


def test_nothing_settles_what_is_settled():
    assert settle(exposure(200, 200, 200)) == ()
    assert settle(exposure(3, 3, 3)) == ()


def test_unread_shards_that_are_alone_in_the_way_are_named():
    assert settle(exposure(80, 80, 500, 80)) == ("read the unread shards", "count by image")


def test_accidental_matches_that_are_alone_in_the_way_are_named():
    first, *_ = settle(exposure(120, 90, 120, accidental=30))
    assert first == "look at examples, add a first name or exclusions"


def test_doubt_that_would_not_settle_it_alone_gives_way_to_the_one_that_does():
    """90 to 900 against 100: reading leaves 90 to 120, meaning all leaves 120 to 900."""
    steps = settle(exposure(120, 90, 900, 120, accidental=30))
    assert steps == ("look at examples, add a first name or exclusions", "count by image")


def test_doubts_of_which_none_settles_it_alone_are_all_named():
    steps = settle(exposure(90, 60, 900, 101, accidental=30))
    assert steps[:2] == (
        "read the unread shards",
        "look at examples, add a first name or exclusions",
    )


def test_band_is_settled_by_naming_what_nobody_named():
    band = ThresholdChoice(published_thresholds()).for_domain("art-style")
    assert settle(exposure(190, 190, 190), band)[0] == "name a model or group (above 2 of 4 values)"
    band = ThresholdChoice(published_thresholds(), model="SD1.5").for_domain("art-style")
    assert settle(exposure(190, 190, 190), band)[0] == "name a group (above 1 of 2 values)"


def test_band_that_does_not_settle_it_alone_says_no_more_than_that():
    band = ThresholdChoice(published_thresholds()).for_domain("art-style")
    steps = settle(exposure(125, 62, 187), band, shared=True)
    assert steps == ("narrow the share", "name a model or group", "count by image")


def test_threshold_of_ones_own_needs_more_concepts():
    given = GivenThreshold((90, 1300)).for_domain(None)
    assert settle(exposure(200, 200, 200), given)[0] == "narrow the threshold"
    own = KnownThresholds((KnownThreshold(231, (90, 1300), "face"),))
    interval = ThresholdChoice(own).for_domain("face")
    assert (
        settle(exposure(200, 200, 200), interval)[0] == "narrow the threshold: score more concepts"
    )


def test_share_that_is_too_wide_is_named():
    assert settle(exposure(150, 60, 240), shared=True)[0] == "narrow the share"


def test_name_that_cannot_be_searched_needs_another():
    assert "letters or digits" in settle(exposure(None, 0, float("inf")))[0]


def test_images_want_labels_and_more_images():
    shown = exposure(100, 80, 120, unseen=True)
    assert settle(shown, of_captions=False) == ("embed more images", "label 200 samples")
    labelled = exposure(100, 80, 120, by_labels=Span(105, 115))
    assert settle(labelled, of_captions=False) == ("by people's labels it is above",)
    unsure = exposure(100, 80, 120, by_labels=Span(90, 115))
    assert settle(unsure, of_captions=False) == ("label more samples",)
