"""Counting by image: planted truth, strata, designs, and what the answer says of itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import api
from audit.concepts import Concept
from audit.counts.by_image import count_by_image
from audit.counts.matching import VisualMatching, VisualSettings
from audit.embeddings.folder import EmbeddingFolder
from audit.encoders.encoder import EncoderInfo
from audit.errors import EncoderMismatchError, UsageError
from audit.estimates.prevalence import Estimate
from audit.references.reference_set import ReferenceSet
from audit.vectors.build import build_index
from audit.vectors.exact import search
from audit.vectors.index import VectorIndex

pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")

DIMENSION = 64
TOTAL = 20_000
FOREIGN = EncoderInfo("test-encoder", "as named by the user", "", DIMENSION)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


class Planted:
    """A dataset of 20,000 images, 300 of which show the concept; 180 of these name it."""

    def __init__(self, tmp_path, write_shard, home, *, spread=0.55, wrongly_named=20, lost=()):
        rng = np.random.default_rng(5)
        centre = unit(rng.standard_normal(DIMENSION))

        def images_of_it(count):
            return unit(centre + spread * unit(rng.standard_normal((count, DIMENSION))))

        total, shown = TOTAL, 300
        vectors = unit(rng.standard_normal((total, DIMENSION)))
        place = rng.permutation(total)
        self.shown = np.sort(place[:shown])
        vectors[self.shown] = images_of_it(shown)
        named = np.zeros(total, bool)
        named[rng.choice(self.shown, 180, replace=False)] = True
        named[place[shown : shown + wrongly_named]] = True
        captions = ["the blue cat" if n else f"number {i}" for i, n in enumerate(named)]
        shard = write_shard("a.parquet", captions)
        api.ingest(shard, name="d")
        self.dataset = home.open("d")
        self.named, self.captions = named, captions
        kept = np.setdiff1d(np.arange(total), lost(named) if callable(lost) else lost)
        folder = tmp_path / "foreign"
        for kind in ("img_emb", "metadata"):
            (folder / kind).mkdir(parents=True)
        for number, rows in enumerate(np.array_split(kept, 3)):
            np.save(folder / "img_emb" / f"img_emb_{number}.npy", vectors[rows].astype(np.float16))
            urls = [f"https://a.example.org/{row}.jpg" for row in rows]
            pq.write_table(
                pa.table({"url": urls}), folder / "metadata" / f"metadata_{number}.parquet"
            )
        build_index(self.dataset, EmbeddingFolder.open(folder, "test-encoder"), tmp_path / "index")
        self.index = VectorIndex(tmp_path / "index")
        self.references = ReferenceSet(
            images_of_it(12).astype(np.float16), tuple(f"{i}.jpg" for i in range(12)), FOREIGN
        )

    def count(self, **settings):
        return count_by_image(
            self.dataset,
            self.index,
            [(Concept("blue cat"), self.references)],
            VisualSettings(**settings),
        )["blue cat"]


@pytest.fixture
def planted(tmp_path, write_shard, home):
    return lambda **options: Planted(tmp_path, write_shard, home, **options)


def holds(estimate, truth):
    return estimate.low <= truth <= estimate.high


def test_named_and_unnamed_images_of_a_concept_are_found(planted):
    count = planted().count()
    assert count.named.population == 200
    assert (count.named.design, count.unnamed.design) == ("all", "all")
    assert holds(count.named.estimate, 180)
    assert holds(count.unnamed.estimate, 120)
    assert holds(count.named_not_shown, 20)
    assert holds(count.total, 300)
    assert count.total.value == pytest.approx(300, rel=0.1)


def test_condition_moves_no_cutoff(planted):
    """Named images that do not meet it are no examples of others."""
    made = planted()
    some, whole = made.count(where="file_row_number < 5000"), made.count()
    assert some.cutoff.value == whole.cutoff.value
    assert some.named.population == made.named[:5000].sum()
    assert holds(some.total, (made.shown < 5000).sum())
    assert some.total.high < 150


def test_scores_of_samples_are_those_of_brute_force(planted):
    made = planted()
    matching = VisualMatching(
        made.dataset, made.index, [(Concept("blue cat"), made.references)], VisualSettings()
    )
    (found,) = matching.scored()
    vectors = np.concatenate([part.vectors for part in made.index.parts]).astype(np.float64)
    best = (vectors @ made.references.vectors.astype(np.float64).T).max(axis=1)
    expected = np.flatnonzero(best >= found.floor)
    assert found.row.tolist() == expected.tolist()
    assert np.allclose(found.score, best[expected], atol=1e-9)
    assert found.named.tolist() == made.named[expected].tolist()


def test_visual_alone_reads_no_captions(planted):
    count = planted().count(by="visual")
    assert count.named.population == 0
    assert holds(count.total, 300)


def test_condition_leaves_samples_out_of_every_number(planted):
    made = planted()
    result = count_by_image(
        made.dataset,
        made.index,
        [(Concept("blue cat"), made.references)],
        VisualSettings(where="file_row_number < 0 or caption like '%blue cat%'"),
    )
    assert result.considered == 200
    assert result.with_image == 200
    assert result["blue cat"].unnamed.population == 0
    assert holds(result["blue cat"].total, 180)


def test_images_missing_for_unknown_reasons_widen_the_interval_up_to_all_of_them(planted):
    made = planted(lost=range(0, TOTAL, 3))
    count = made.count()
    missing_named = int(made.named[::3].sum())
    assert count.named.design == "unknown"
    assert count.named.estimate.high >= 180
    assert count.named.estimate.high - count.named.estimate.low >= missing_named
    assert any("nobody knows why" in warning for warning in count.warnings)


def test_images_missing_at_random_are_extrapolated(planted):
    made = planted(lost=np.random.default_rng(1).choice(TOTAL, TOTAL // 3, replace=False))
    count = made.count(design="random")
    assert holds(count.named.estimate, 180)
    assert holds(count.unnamed.estimate, 120)
    assert count.total.value == pytest.approx(300, rel=0.2)


def test_not_all_were_looked_for_where_some_have_no_image(planted):
    made = planted(lost=range(40))
    with pytest.raises(UsageError, match="40 of the 20,000 samples have no image") as refused:
        made.count(design="all")
    assert "random" in refused.value.hint
    assert "unknown" in refused.value.hint


def test_stratum_of_which_no_image_could_be_looked_at_is_not_counted_and_says_so(planted):
    count = planted(lost=np.flatnonzero).count()
    assert count.named.estimate == Estimate(0, 0, 200)
    assert count.total.value == count.unnamed.estimate.value
    (told,) = [text for text in count.warnings if "could be looked at" in text]
    assert "200 samples that are named" in told
    assert "none of them is counted" in told


@pytest.mark.parametrize("cutoff", [float("nan"), float("inf"), -1.5, 1.01])
def test_cutoff_that_no_two_images_can_score_is_refused(cutoff):
    with pytest.raises(UsageError, match="is no similarity"):
        VisualSettings(cutoff=cutoff)


def test_encoders_are_not_mixed(planted):
    made = planted()
    other = replace(made.references, info=replace(FOREIGN, id="another"))
    with pytest.raises(EncoderMismatchError, match="another"):
        count_by_image(made.dataset, made.index, [(Concept("blue cat"), other)])


def test_too_small_a_background_is_refused_unless_a_cutoff_is_given(planted):
    made = planted()
    with pytest.raises(UsageError, match="too few to calibrate"):
        made.count(background=100)
    assert made.count(background=100, cutoff=0.6).cutoff.method == "given"


def test_several_concepts_are_each_counted_as_alone(planted):
    made = planted()
    other = ReferenceSet(made.index.parts[0].vectors[:5].copy(), tuple("abcde"), FOREIGN)
    both = count_by_image(
        made.dataset,
        made.index,
        [(Concept("number 5"), other), (Concept("blue cat"), made.references)],
    )
    assert both["blue cat"].to_dict() == made.count().to_dict()


def test_answer_is_plain_values(planted):
    import json

    made = planted()
    result = count_by_image(made.dataset, made.index, [(Concept("blue cat"), made.references)])
    answer = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert answer["schema"] == "audit.count.visual/1"
    assert answer["results"][0]["shown_not_named"]["low"] <= 120
    assert result.to_polars()["shown_not_named_high"][0] >= 120


def test_matches_are_what_the_exact_search_finds(planted):
    made = planted()
    count = made.count()
    found = search(made.index.parts, made.references.vectors, count.cutoff.value)
    assert count.matched_images == len({(p, r) for p, r in zip(found.part, found.row, strict=True)})
