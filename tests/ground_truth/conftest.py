"""Real pictures of which it is known what they show; see :mod:`tests.collections`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("PIL", reason="needs Pillow: pip install 'concept-audit[visual]'")
pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")

# The builder is a module of the tests, which are no package that is installed.
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.collections.concepts import concepts, disjoint
from tests.collections.embedded import Embedded, embedded, is_cached
from tests.collections.packages import UnavailableError
from tests.collections.planted import plant
from tests.collections.scenario import Scenario, make_scenario

CONCEPTS = 50


def _collection(name: str) -> Embedded:
    try:
        if not is_cached(name) and os.environ.get("AUDIT_TEST_BUILD") != "1":
            pytest.skip(
                f"the {name} pictures are not in the cache: `python -m tests.collections` fetches "
                "and embeds them (300 MB, ten minutes), or set AUDIT_TEST_BUILD=1"
            )
        return embedded(name)
    except UnavailableError as error:
        pytest.skip(f"the {name} pictures cannot be had here: {error}")


@pytest.fixture(scope="session")
def emoji() -> Embedded:
    return _collection("emoji")


@pytest.fixture(scope="session")
def openclipart() -> Embedded:
    return _collection("openclipart")


@pytest.fixture(scope="session", params=["emoji", "openclipart"])
def collection(request: pytest.FixtureRequest) -> Embedded:
    made: Embedded = request.getfixturevalue(request.param)
    return made


MakeScenario = Callable[..., Scenario]


@pytest.fixture(scope="session")
def scenario(collection: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """50 concepts, each picture of the collection in the dataset or held out."""
    groups = disjoint(concepts(collection.name, collection.pictures), CONCEPTS, seed=1)
    return make_scenario(collection, groups, tmp_path_factory.mktemp(collection.name))


@pytest.fixture(scope="session")
def sampled(collection: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """The same, but only a random 40 % of the samples have an image."""
    groups = disjoint(concepts(collection.name, collection.pictures), CONCEPTS, seed=1)
    folder = tmp_path_factory.mktemp(f"{collection.name}-sampled")
    return make_scenario(collection, groups, folder, share_with_image=0.4)


@pytest.fixture(scope="session")
def planted(openclipart: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return plant(openclipart, tmp_path_factory.mktemp("planted"))
