"""Counting by caption: planted counts, brute force, and every way of reading a dataset."""

from __future__ import annotations

import json
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.captions.folding import fold
from audit.concepts import Concept
from audit.counts.by_caption import count_by_caption
from audit.datasets.home import Home
from audit.datasets.ingest import ingest
from audit.errors import ConceptError, UsageError

VAN_GOGH = Concept("Van Gogh", aliases=("Vincent van Gogh",), exclusions=("Van Gogh Museum",))


@pytest.fixture
def gallery(home, write_shard):
    """Two shards: 3 samples name Van Gogh, 1 more only his museum; 2 share a URL."""
    first = write_shard(
        "a.parquet",
        ["Vincent van Gogh, Sunflowers", "VAN-GOGH’S ear", "The Van Gogh Museum", None],
        URL=["http://a.org/1", "http://a.org/1", "http://a.org/2", None],
        WIDTH=[100, 600, 700, 800],
    )
    write_shard(
        "b.parquet",
        ["Ivan Goghman", "Monet", "van gogh, not monet"],
        URL=["http://b.org/1", "http://b.org/2", None],
        WIDTH=[600, 600, None],
    )
    ingest([str(first.parent)], "gallery", home=home)
    return home.open("gallery")


def only(result):
    (count,) = result.counts
    return count


def test_planted_counts_are_found(gallery):
    count = only(count_by_caption(gallery, [VAN_GOGH]))
    assert count.samples == 3
    assert count.interval == (3, 3)
    assert count.aliases == {"Van Gogh": 3, "Vincent van Gogh": 1}
    assert count.excluded == 1
    assert count.per_million == pytest.approx(3 / 7 * 1e6)
    assert count.distinct is None


@pytest.mark.parametrize(
    "fillers", [0, 40], ids=["few names: substring search", "many: the kernel"]
)
def test_few_and_many_concepts_are_counted_alike(gallery, fillers):
    unrelated = [Concept(f"nobody {i}") for i in range(fillers)]
    result = count_by_caption(gallery, [VAN_GOGH, Concept("Monet"), *unrelated], distinct="url")
    assert [c.samples for c in result.counts] == [3, 2] + [0] * fillers
    # Two of the three share a URL; the null URL counts as one of its own.
    assert [c.distinct for c in result.counts] == [2, 2] + [0] * fillers


def test_processes_and_one_process_count_alike(gallery):
    concepts = [VAN_GOGH, Concept("Monet"), *(Concept(f"nobody {i}") for i in range(40))]
    for where in (None, "width >= 600"):
        one, two = (
            count_by_caption(
                gallery, concepts, where=where, distinct="url", examples=2, workers=workers
            ).to_dict()
            for workers in (1, 2)
        )
        assert one == two


def test_condition_restricts_what_is_considered(gallery):
    result = count_by_caption(gallery, [VAN_GOGH], where="width >= 600", distinct="url")
    assert result.considered == 5
    assert only(result).samples == 1
    assert only(result).excluded == 1
    assert only(result).per_million == pytest.approx(1 / 5 * 1e6)


def test_condition_that_nothing_meets_leaves_no_share(gallery):
    result = count_by_caption(gallery, [VAN_GOGH], where="width > 10000")
    assert (result.considered, only(result).samples, only(result).per_million) == (0, 0, None)


def test_unreadable_shards_make_the_count_a_lower_bound(home, write_shard):
    shard = write_shard("a.parquet", ["van gogh"])
    shard.with_name("b.parquet").write_bytes(b"no parquet")
    ingest([str(shard.parent)], "d", home=home)
    count = only(count_by_caption(home.open("d"), [VAN_GOGH]))
    assert count.interval == (1, None)


def test_unread_rows_of_known_number_bound_the_count(home, write_shard):
    shard = write_shard("a.parquet", ["van gogh"])
    write_shard("b.parquet", ["x"] * 5, TEXT=list(range(5)))
    ingest([str(shard.parent)], "d", home=home)
    assert only(count_by_caption(home.open("d"), [VAN_GOGH])).interval == (1, 6)


def test_concept_that_cannot_be_searched_is_unknown_not_zero(gallery):
    result = count_by_caption(gallery, [Concept("!!!"), VAN_GOGH], distinct="url")
    assert result.counts[0].samples is None
    assert result.counts[0].interval == (None, None)
    assert result.counts[0].distinct is None
    assert result.counts[1].samples == 3
    with pytest.raises(ConceptError, match="no letter or digit"):
        count_by_caption(gallery, [Concept("!!!")])


def test_examples_come_from_the_source_with_the_name_marked(gallery):
    count = only(count_by_caption(gallery, [VAN_GOGH], examples=10))
    assert len(count.examples) == 3
    by_row = {(e.shard[-9:], e.row): e for e in count.examples}
    example = by_row["a.parquet", 1]
    assert example.caption == "VAN-GOGH’S ear"
    assert example.url == "http://a.org/1"
    assert example.from_source
    assert [example.caption[s:e] for s, e in example.spans] == ["VAN-GOGH"]


def test_examples_do_not_depend_on_how_the_dataset_is_read(gallery):
    unrelated = [Concept(f"nobody {i}") for i in range(40)]
    few = count_by_caption(gallery, [VAN_GOGH], examples=2, seed=7).counts[0].examples
    many = count_by_caption(gallery, [VAN_GOGH, *unrelated], examples=2, seed=7).counts[0].examples
    assert few == many
    assert len(few) == 2


def test_examples_are_drawn_uniformly(home, write_shard):
    shard = write_shard("a.parquet", ["van gogh"] * 100)
    ingest([str(shard)], "d", home=home)
    dataset = home.open("d")
    drawn = [0] * 100
    for seed in range(200):
        for example in only(count_by_caption(dataset, [VAN_GOGH], examples=5, seed=seed)).examples:
            drawn[example.row] += 1
    # 1000 draws over 100 rows: chi-squared with 99 degrees of freedom stays below 149 with p=0.999.
    assert sum((n - 10) ** 2 / 10 for n in drawn) < 149


def test_changed_source_shows_the_folded_caption(gallery, write_shard):
    write_shard("a.parquet", ["now", "another", "text", "here"])
    count = only(count_by_caption(gallery, [VAN_GOGH], examples=10))
    changed = [example for example in count.examples if example.shard.endswith("a.parquet")]
    assert {example.from_source for example in changed} == {False}
    assert "van gogh s ear" in {example.caption for example in changed}
    assert all(example.url is None for example in changed)


def test_distinct_by_something_the_dataset_lacks_is_refused(gallery):
    with pytest.raises(UsageError, match="cannot tell samples apart by 'sha256'"):
        count_by_caption(gallery, [VAN_GOGH], distinct="sha256")


def test_distinct_by_a_hash_of_text(home, write_shard):
    shard = write_shard("a.parquet", ["van gogh"] * 4, md5=["a", "a", "b", None])
    ingest([str(shard)], "d", home=home)
    assert only(count_by_caption(home.open("d"), [VAN_GOGH], distinct="md5")).distinct == 3


def test_empty_dataset_counts_zero_of_nothing(home, write_shard):
    shard = write_shard("a.parquet", [])
    ingest([str(shard)], "d", home=home)
    for concepts in ([VAN_GOGH], [Concept(f"n {i}") for i in range(9)]):
        result = count_by_caption(home.open("d"), concepts, distinct="url", examples=1)
        assert result.counts[0].samples == 0
        assert result.counts[0].per_million is None


def test_answer_is_json_and_a_frame(gallery):
    result = count_by_caption(gallery, [VAN_GOGH, Concept("Monet")], distinct="url", examples=1)
    record = json.loads(json.dumps(result.to_dict()))
    assert record["schema"] == "audit.count/1"
    assert record["dataset"] == "gallery"
    assert record["results"][0]["concept"] == "Van Gogh"
    assert record["results"][0]["samples"] == 3
    assert record["results"][0]["phrases"] == ["van gogh", "vincent van gogh"]
    frame = result.to_polars()
    assert frame["concept"].to_list() == ["Van Gogh", "Monet"]
    assert frame["distinct"].to_list() == [2, 2]
    assert result["Monet"].samples == 2
    with pytest.raises(KeyError):
        result["Manet"]


words = st.sampled_from(["van", "gogh", "museum", "monet", "claude", "é", "北斋", "x", "y"])
texts = st.none() | st.lists(words, max_size=6).map(" ".join)
names = st.lists(words, min_size=1, max_size=2).map(" ".join)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.lists(texts, max_size=12), min_size=1, max_size=3),
    st.lists(names, min_size=1, max_size=9),
)
def test_counts_agree_with_brute_force(tmp_path_factory, shards, names):
    folder = tmp_path_factory.mktemp("brute")
    for i, captions in enumerate(shards):
        table = pa.table({"TEXT": pa.array(captions, pa.string()), "W": [0] * len(captions)})
        pq.write_table(table, folder / f"{i}.parquet")
    home = Home(folder / "home")
    ingest([str(folder / "*.parquet")], "d", home=home)
    folded = [fold(c) for captions in shards for c in captions if c is not None]
    expected = [sum(fold(name) in caption for caption in folded) for name in names]
    concepts = [Concept(name) for name in names]
    dataset = home.open("d")
    for where in (None, "caption IS NOT NULL"):
        counted = count_by_caption(dataset, concepts, where=where)
        assert [c.samples for c in counted.counts] == expected
    assert [only(count_by_caption(dataset, [c])).samples for c in concepts] == expected


def test_real_captions_count_as_brute_force_counts_them(test_data, home):
    """1,000 concepts over 10,000 LAION rows and over all museum shards, name by name in Python."""
    listed = json.loads((test_data / "concepts" / "concepts_1000.json").read_text())
    concepts = [Concept(name, aliases=tuple(aliases)) for name, aliases in listed]
    for name, source in (("laion", "laion"), ("museums", "museums")):
        ingest([str(test_data / source)], name, home=home)
        captions = [
            fold(caption)
            for path in sorted((test_data / source).glob("*.parquet"))
            for caption in pq.read_table(path, columns=["TEXT"])["TEXT"].to_pylist()
            if caption is not None
        ]
        # Only captions with a name's first token can hold it: the rest is skipped, nothing else.
        by_token: dict[str, list[int]] = {}
        for row, caption in enumerate(captions):
            for token in set(caption.split()):
                by_token.setdefault(sys.intern(token), []).append(row)
        result = count_by_caption(home.open(name), concepts)
        assert result.considered == len(captions)
        for concept, count in zip(concepts, result.counts, strict=True):
            rows = set()
            for spelling in concept.names:
                phrase = fold(spelling)
                hits = {r for r in by_token.get(phrase.split()[0], ()) if phrase in captions[r]}
                assert count.aliases[spelling] == len(hits), (concept.name, spelling)
                rows |= hits
            assert count.samples == len(rows), concept.name
        # The same, one by one, the way a single concept is counted.
        for concept in random.Random(0).sample(concepts, 25):
            single = only(count_by_caption(home.open(name), [concept]))
            assert single.samples == result[concept.name].samples
