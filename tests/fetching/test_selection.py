"""Which samples are fetched, and that random samples are random."""

from __future__ import annotations

import numpy as np
import pytest

from audit import api
from audit.concepts import Concept
from audit.errors import ConceptError, UsageError
from audit.fetching.selection import Candidates, Selection, SimpleRandomSample, choose


@pytest.fixture
def dataset(home, write_shard):
    captions = [f"Van Gogh {i}" if i % 3 == 0 else "a cat" for i in range(30)]
    sizes = list(range(30))
    for name in ("a.parquet", "b.parquet"):
        write_shard(name, captions, WIDTH=sizes, HEIGHT=sizes)
    folder = write_shard("c.parquet", ["Van Gogh Museum", None], WIDTH=[1, 2], HEIGHT=[1, 2]).parent
    api.ingest(folder, name="d")
    return api.open("d").dataset


def chosen_rows(dataset, selection):
    candidates = Candidates(dataset, selection)
    chosen = choose(candidates, selection)
    rows = {p.shard.ordinal: chosen.rows(p, candidates).tolist() for p in dataset.parts}
    assert sum(map(len, rows.values())) == chosen.count
    return chosen, rows


def test_all_samples_by_default(dataset):
    chosen, rows = chosen_rows(dataset, Selection())
    assert (chosen.population, chosen.count) == (62, 62)
    assert rows == {0: list(range(30)), 1: list(range(30)), 2: [0, 1]}


def test_only_samples_that_name_a_concept_and_meet_the_condition(dataset):
    named = Selection((Concept("Van Gogh", exclusions=("Van Gogh Museum",)),))
    assert chosen_rows(dataset, named)[1] == {
        0: list(range(0, 30, 3)),
        1: list(range(0, 30, 3)),
        2: [],
    }
    both = Selection((Concept("Van Gogh"),), where="width < 6")
    assert chosen_rows(dataset, both)[1] == {0: [0, 3], 1: [0, 3], 2: [0]}
    assert chosen_rows(dataset, Selection(where="width > 27"))[1] == {
        0: [28, 29],
        1: [28, 29],
        2: [],
    }


def test_sample_is_of_the_matches_and_knows_their_number(dataset):
    selection = Selection((Concept("Van Gogh"),), sample=5, seed=1)
    chosen, rows = chosen_rows(dataset, selection)
    assert (chosen.population, chosen.count) == (21, 5)
    _, matches = chosen_rows(dataset, Selection((Concept("Van Gogh"),)))
    assert all(set(rows[shard]) <= set(matches[shard]) for shard in rows)


def test_sample_larger_than_the_population_is_all_of_it(dataset):
    chosen, _ = chosen_rows(dataset, Selection(where="width > 27", sample=100))
    assert (chosen.population, chosen.count) == (4, 4)


def draw(wanted, seed, shards):
    sample = SimpleRandomSample(wanted, seed)
    for ordinal, rows in shards:
        sample.offer(ordinal, np.array(rows))
    ordinals, rows = sample.drawn()
    return list(zip(ordinals.tolist(), rows.tolist(), strict=True))


def test_draw_is_the_same_everywhere_and_in_any_order():
    shards = [(0, range(40)), (1, range(40)), (2, range(20))]
    drawn = draw(4, 7, shards)
    assert drawn == draw(4, 7, shards[::-1])
    assert drawn != draw(4, 8, shards)
    assert drawn == [(0, 16), (0, 35), (1, 35), (2, 19)]


def test_every_sample_and_every_pair_is_drawn_as_often():
    singles, pairs = np.zeros(20), np.zeros((20, 20))
    draws = 6000
    for seed in range(draws):
        drawn = [
            ordinal * 10 + row for ordinal, row in draw(5, seed, [(0, range(10)), (1, range(10))])
        ]
        singles[drawn] += 1
        pairs[np.ix_(drawn, drawn)] += 1
    # Chi-square of 19 degrees of freedom, scaled for drawing without replacement; 43.8 is p = 0.001.
    share = 5 / 20
    statistic = ((singles - draws * share) ** 2).sum() / (draws * share * (1 - share)) * 19 / 20
    assert statistic < 43.8
    together = pairs[np.triu_indices(20, 1)]
    expected = draws * 5 * 4 / (20 * 19)
    assert abs(together / expected - 1).max() < 4.5 / np.sqrt(expected)


def test_draw_over_many_batches_keeps_the_smallest_priorities():
    rows = range(300_000)
    whole = draw(1000, 3, [(0, rows)])
    pieces = [(0, rows[start : start + 7001]) for start in range(0, 300_000, 7001)]
    assert draw(1000, 3, pieces) == whole
    assert len(set(whole)) == 1000


def test_names_tell_what_is_in_the_folder():
    gogh = Concept("Van Gogh")
    assert Selection().default_name == "all"
    assert Selection((gogh,)).default_name == "van-gogh"
    assert Selection((gogh,), sample=9, seed=2).default_name == "van-gogh-sample-9-seed-2"
    assert Selection(where="a").default_name != Selection(where="b").default_name
    assert Selection((Concept("葛飾北斋"),)).default_name.startswith("concept-")


def test_wrong_selections_are_refused():
    with pytest.raises(ConceptError, match="Nothing to search"):
        Selection((Concept("!!!"),))
    with pytest.raises(UsageError, match="A sample of 0"):
        Selection(sample=0)
