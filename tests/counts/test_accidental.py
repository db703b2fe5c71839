"""The estimated share of accidental matches of one-word names."""

from __future__ import annotations

import random

import pytest

from audit.concepts import Concept
from audit.counts import accidental
from audit.counts.accidental import accidental_shares, is_one_word
from audit.counts.by_caption import count_by_caption
from audit.datasets.ingest import ingest


@pytest.fixture
def dataset_of(home, write_shard):
    def make(captions):
        shard = write_shard("a.parquet", captions)
        ingest([str(shard)], "d", home=home)
        return home.open("d")

    return make


def planted(name, word, names, others=0):
    captions = [f"a drawing of {name} and his horse from Spain" for _ in range(names)]
    captions += [f"please click the {word} below to see Paris again" for _ in range(others)]
    random.Random(1).shuffle(captions)
    return captions


def test_planted_share_lies_in_the_interval(dataset_of):
    shares = accidental_shares(dataset_of(planted("Link", "link", 60, 140)), [" link "])
    share = shares[" link "]
    assert share.informative == 200
    assert share.share == pytest.approx(0.7)
    low, high = share.interval
    assert low < 0.7 < high


def test_interval_covers_the_planted_share(dataset_of, home):
    """Draw captions with a known share; 95 % intervals must hold it about 95 times in 100."""
    rng, held = random.Random(3), 0
    for _ in range(60):
        common = sum(rng.random() < 0.3 for _ in range(80))
        captions = planted("Link", "link", 80 - common, common)
        share = accidental_shares(dataset_of(captions), [" link "])[" link "]
        held += share.interval[0] <= 0.3 <= share.interval[1]
        home.remove("d")
    assert held >= 52  # P(fewer of 60 | 95 %) < 0.01


def test_captions_are_drawn_from_all_shards_alike(home, write_shard, monkeypatch):
    monkeypatch.setattr(accidental, "_READ_CAPTIONS", 200)
    for name, captions in (("a", planted("Link", "", 600)), ("b", planted("", "link", 0, 600))):
        shard = write_shard(f"{name}.parquet", captions)
    ingest([str(shard.parent)], "d", home=home)
    share = accidental_shares(home.open("d"), [" link "])[" link "]
    assert share.informative == 200
    assert 0.35 < share.share < 0.65


@pytest.mark.parametrize(
    "caption",
    [
        "link to the past of hyrule",  # no capitals at all
        "LINK TO THE PAST OF HYRULE",  # nothing but capitals
        "Find The Link To The Past Of Hyrule",  # Title Case
        "Link runs through the forest",  # the first word always has one
    ],
)
def test_captions_whose_capitals_tell_nothing_are_left_out(dataset_of, caption):
    share = accidental_shares(dataset_of([caption] * 50), [" link "])[" link "]
    assert (share.informative, share.share, share.interval) == (0, None, None)


def test_common_word_is_warned_about_with_its_share(dataset_of):
    result = count_by_caption(dataset_of(planted("Link", "link", 60, 140)), [Concept("Link")])
    (finding,) = result.findings
    assert finding.kind == "common-word"
    assert "an estimated 70%" in finding.message
    assert "200 matches" in finding.message


def test_frequent_one_word_name_that_nothing_tells_about_is_warned_about(dataset_of):
    result = count_by_caption(dataset_of(["THOR"] * 100), [Concept("Thor")])
    (finding,) = result.findings
    assert finding.kind == "one-word"
    assert "unknown" in finding.message


def test_names_of_several_words_and_clean_names_are_not_warned_about(dataset_of):
    dataset = dataset_of(planted("Vincent van Gogh", "", 50))
    assert count_by_caption(dataset, [Concept("Vincent van Gogh")]).findings == []
    assert count_by_caption(dataset, [Concept("Gogh")]).findings == []


def test_scripts_without_capitals_are_not_judged():
    assert is_one_word(" link ")
    assert not is_one_word(" van gogh ")
    assert not is_one_word(" 北 ")
