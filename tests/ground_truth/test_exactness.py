"""Matches among real embeddings are those of brute force, ties included."""

from __future__ import annotations

import numpy as np
import pytest

from audit.counts.matching import VisualMatching, VisualSettings
from audit.datasets.sample_keys import sample_keys


def brute_force(scenario, references) -> dict[int, float]:
    """Key of a sample -> the best float64 dot product of its image with the references."""
    best: dict[int, float] = {}
    queries = references.vectors.astype(np.float64)
    for part in scenario.index.parts:
        scores = (part.vectors.astype(np.float64) @ queries.T).max(axis=1)
        score_of = dict(zip(part.image_of_vector().tolist(), scores.tolist(), strict=True))
        link = part.links
        keys = sample_keys(link["shard"].to_numpy(), link["row"].to_numpy())
        for key, image in zip(keys.tolist(), link["image"].to_numpy().tolist(), strict=True):
            best[key] = score_of[image]
    return best


def matched(scenario, sought, cutoff):
    settings = VisualSettings(cutoff=cutoff, by="visual")
    found = next(
        iter(VisualMatching(scenario.dataset, scenario.index, [sought], settings).scored())
    )
    return set(found.keys[found.above].tolist())


@pytest.mark.parametrize("concept", range(0, 50, 10))
def test_as_many_images_reach_a_cutoff_as_by_brute_force(scenario, concept):
    sought = scenario.sought(10)[concept]
    best = brute_force(scenario, sought[1])
    for cutoff in np.quantile(list(best.values()), [0.5, 0.99, 0.999]):
        expected = {key for key, score in best.items() if score >= cutoff}
        assert matched(scenario, sought, float(cutoff)) == expected


def test_scores_equal_to_the_cutoff_are_above_it(scenario):
    sought = scenario.sought(10)[3]
    best = brute_force(scenario, sought[1])
    ordered = sorted(best.values())
    for place in (-1, -20, -300, len(ordered) // 2):
        cutoff = ordered[place]
        expected = {key for key, score in best.items() if score >= cutoff}
        assert matched(scenario, sought, cutoff) == expected
        assert cutoff in {best[key] for key in expected}
