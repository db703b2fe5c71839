"""A dataset with planted names, licenses, hosts, safety labels and opt-outs."""

from __future__ import annotations

import pyarrow as pa
import pytest

from audit.concepts import Concept
from audit.datasets.home import Home

LICENSES = ("CC BY 4.0", "CC BY-NC 2.0", "All rights reserved", None, "who knows")
#: What a robots tag says of generative training, by hand.
TAGS = {"noai": "denied", None: "unknown"}

CONCEPTS = (
    Concept("Ada Lovelace", aliases=("Countess of Lovelace",), domain="face"),
    Concept("Van Gogh", exclusions=("Van Gogh Museum",), domain="art-style", owner="nobody"),
    Concept("nowhere to be found", domain="object"),
    Concept("cat"),
)


def captions(number):
    """Row by row: some name one concept, some two, some only what is excluded."""
    kinds = (
        "a portrait of Ada Lovelace",
        "sunflowers, Van Gogh",
        "the Van Gogh Museum",
        "a cat before a Van Gogh",
        "the countess of lovelace and her cat",
        "nothing of it",
        "cats and dogs",
    )
    return [f"{kinds[(row * 3 + number) % len(kinds)]} {row}" for row in range(210)]


@pytest.fixture
def shards(write_shard):
    for number in range(3):
        many = len(captions(number))
        write_shard(
            f"{number}.parquet",
            captions(number),
            URL=[f"https://{'ab'[row % 2]}{number}.example.org/{row // 2}" for row in range(many)],
            LICENSE=pa.array([LICENSES[(row + number) % 5] for row in range(many)], pa.string()),
            NSFW=pa.array(
                [("UNLIKELY", "UNSURE", "NSFW", None)[row % 4] for row in range(many)], pa.string()
            ),
            x_robots_tag=pa.array(["noai" if row % 6 == 0 else None for row in range(many)]),
        )
    return write_shard("x.parquet", []).parent


@pytest.fixture
def dataset(shards, audit):
    (shards / "x.parquet").unlink()
    assert audit("ingest", shards, "--name", "made").code == 0
    return Home().open("made")
