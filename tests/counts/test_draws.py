"""Random samples of a dataset: for whom they speak, and that they speak fairly."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from audit import api
from audit.captions.phrases import fold_concepts
from audit.concepts import Concept
from audit.counts.draws import draws_of
from audit.counts.named import named_samples
from audit.counts.scene import Scene
from audit.datasets.sample_keys import sample_keys
from audit.fetching.record import FetchRecord
from audit.fetching.selection import Candidates, Selection, choose, dataset_digest


class EveryImage:
    """An index of an image for every sample: what :class:`Scene` reads of one."""

    info = SimpleNamespace(dimension=4)

    def __init__(self, samples):
        rows = np.arange(samples)
        links = pa.table({"image": rows, "shard": np.zeros(samples, np.int32), "row": rows})
        part = SimpleNamespace(
            links=links,
            removed=None,
            embeddings=SimpleNamespace(images_path=None),
            image_of_vector=lambda: rows,
            vectors=np.zeros((samples, 4), np.float16),
        )
        self.parts = [part] if samples else []


@pytest.fixture
def gallery(home, write_shard):
    captions = ["van gogh" if i % 5 == 0 else f"picture {i}" for i in range(1000)]
    api.ingest(write_shard("a.parquet", captions), name="d")
    return home.open("d")


def fetched(dataset, name, selection, digest=None):
    """What `audit fetch` keeps of a draw, without the network."""
    chosen = choose(Candidates(dataset, selection), selection)
    folder = dataset.folder / "images"
    record = FetchRecord(
        dataset.name, digest or dataset_digest(dataset), name, selection.to_dict(), {},
        chosen.population, chosen.count, 100, "2026-01-01", "0",
    )  # fmt: skip
    folder.mkdir(exist_ok=True)
    record.write(folder / f"{name}.json")
    if chosen.drawn is not None:
        shards, rows = chosen.drawn
        frame = pl.DataFrame({"audit_shard": shards, "audit_row": rows})
        frame.write_parquet(folder / f"{name}.sample.parquet")
        return set(sample_keys(shards, rows).tolist())
    return set()


def drawn_among(dataset, concept, *, named, where=None, embedded=1000):
    phrases = fold_concepts([concept])[0]
    draws, _ = draws_of(dataset)
    scene = Scene(dataset, EveryImage(embedded), named_samples(dataset, phrases, where), draws)
    keys, names = scene.drawn_among(phrases[0], 0, named=named, where=where)
    return set(keys.tolist()), names


VAN_GOGH = Concept("Van Gogh")


def test_draw_from_all_speaks_for_both_strata(gallery):
    drawn = fetched(gallery, "all", Selection(sample=100))
    named, names = drawn_among(gallery, VAN_GOGH, named=True)
    unnamed, _ = drawn_among(gallery, VAN_GOGH, named=False)
    assert names == ("all",)
    assert named | unnamed == drawn
    assert {key % 5 for key in named} == {0}


def test_draw_from_caption_matches_speaks_for_the_named_of_that_concept_only(gallery):
    drawn = fetched(gallery, "vg", Selection((VAN_GOGH,), sample=50))
    assert drawn_among(gallery, VAN_GOGH, named=True) == (drawn, ("vg",))
    assert drawn_among(gallery, VAN_GOGH, named=False) == (set(), ())
    assert drawn_among(gallery, Concept("picture"), named=True) == (set(), ())
    # With another alias other samples would have been drawn from.
    other = Concept("Van Gogh", aliases=("Vincent",))
    assert drawn_among(gallery, other, named=True) == (set(), ())


def test_several_draws_are_one_random_sample(gallery):
    both = fetched(gallery, "vg", Selection((VAN_GOGH,), sample=50, seed=1))
    both |= {key for key in fetched(gallery, "all", Selection(sample=100, seed=2)) if key % 5 == 0}
    assert drawn_among(gallery, VAN_GOGH, named=True)[0] == both


def test_condition_of_a_draw_must_be_that_of_the_question(gallery):
    fetched(gallery, "some", Selection(where="file_row_number < 500", sample=100))
    assert drawn_among(gallery, VAN_GOGH, named=True) == (set(), ())
    keys, names = drawn_among(gallery, VAN_GOGH, named=True, where="file_row_number < 500")
    assert names == ("some",)
    assert keys


def test_draw_of_all_speaks_for_those_that_meet_a_condition(gallery):
    drawn = fetched(gallery, "all", Selection(sample=200))
    keys, _ = drawn_among(gallery, VAN_GOGH, named=True, where="file_row_number < 500")
    assert keys == {key for key in drawn if key % 5 == 0 and key < 500}


def test_draws_from_before_the_dataset_changed_are_named_and_not_used(gallery):
    fetched(gallery, "old", Selection(sample=100), digest="another")
    fetched(gallery, "everything", Selection())
    assert draws_of(gallery) == ([], ["old"])


def test_draw_of_which_nothing_is_embedded_yet_is_not_used(gallery):
    fetched(gallery, "all", Selection(sample=100))
    assert drawn_among(gallery, VAN_GOGH, named=True, embedded=0) == (set(), ())


def test_draw_that_is_half_done_is_told_and_not_used(gallery):
    """The first half of the shard is embedded: what comes later may be unlike it."""
    fetched(gallery, "all", Selection(sample=100))
    assert drawn_among(gallery, VAN_GOGH, named=True, embedded=500) == (set(), ())
    phrases = fold_concepts([VAN_GOGH])[0]
    draws, _ = draws_of(gallery)
    scene = Scene(gallery, EveryImage(500), named_samples(gallery, phrases), draws)
    late = sum(key >= 500 for key in draws[0].keys.tolist())
    assert 30 < late < 70
    (told,) = scene.unfinished_draws
    assert told.startswith(f"{late} of the 100 samples of the random sample 'all' are not fetched")


def test_samples_that_changed_at_their_source_are_not_waited_for(gallery):
    fetched(gallery, "all", Selection(sample=100))
    draws, _ = draws_of(gallery)
    late = sum(key >= 500 for key in draws[0].keys.tolist())
    phrases = fold_concepts([VAN_GOGH])[0]
    scene = Scene(
        gallery, EveryImage(500), named_samples(gallery, phrases), [replace(draws[0], changed=late)]
    )
    assert scene.unfinished_draws == []
    assert len(scene.drawn_among(phrases[0], 0, named=True, where=None)[0])


def test_every_sample_is_as_likely_to_be_in_a_union_of_draws(gallery):
    """Of 400 unions each of the 200 named samples is in about as many."""
    phrases = fold_concepts([VAN_GOGH])[0]
    times = np.zeros(1000)
    for seed in range(400):
        union = set()
        for selection in (
            Selection((VAN_GOGH,), sample=40, seed=seed),
            Selection(sample=200, seed=seed),
        ):
            union |= set(choose(Candidates(gallery, selection), selection).drawn[1].tolist())
        rows = np.array([row for row in union if row % 5 == 0])
        times[rows] += 1
    named = times[::5]
    assert phrases
    expected = named.mean()
    share = expected / 400
    assert np.abs(named - expected).max() < 5 * np.sqrt(400 * share * (1 - share))
