"""An index that is asked several times is opened once; without enough GPU memory it goes on."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from audit.errors import UsageError
from audit.vectors import approximate, gpu
from audit.vectors.codes import encode
from audit.vectors.exact import Matches, search
from audit.vectors.images import ImagesOf
from audit.vectors.searching import VectorSearch

pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")


@pytest.fixture
def index():
    vectors = np.random.default_rng(0).standard_normal((300, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    parts = [SimpleNamespace(vectors=v, coded=encode(v)) for v in np.array_split(vectors, 3)]
    return SimpleNamespace(parts=parts)


class NoMemoryError(RuntimeError):
    pass


@pytest.fixture
def device(monkeypatch):
    """A device whose memory suffices for ``searches`` searches; how many scans were made."""
    state = SimpleNamespace(searches=10, made=0, device="cuda")

    class Scan:
        out_of_memory, device = NoMemoryError, "cuda"

        def __init__(self, parts, device):
            state.made += 1
            self.parts = parts

        def search(self, queries, cutoffs):
            if not state.searches:
                raise NoMemoryError
            state.searches -= 1
            return search(self.parts, queries, cutoffs)

    monkeypatch.setattr(gpu, "DeviceScan", Scan)
    monkeypatch.setattr("audit.vectors.searching.chosen_device", lambda device: "cuda")
    return state


def same(found, expected):
    return all((getattr(found, c) == getattr(expected, c)).all() for c in Matches.__annotations__)


def test_device_keeps_its_vectors_between_questions(index, device):
    ask = VectorSearch(index, device="cuda")
    for _ in range(3):
        ask(index.parts[0].vectors[:2], 0.5)
    assert (device.made, device.searches, ask.remark) == (1, 7, "")


def test_out_of_memory_on_a_chosen_gpu_goes_on_on_the_processor(index, device):
    device.searches = 1
    remarks = []
    ask = VectorSearch(index, device="auto", on_remark=remarks.append)
    queries = index.parts[1].vectors[:3]
    expected = search(index.parts, queries, 0.3)
    assert len(expected) > 3
    for remark in ("", "on the processor", "on the processor"):
        found, sampled = ask(queries, 0.3)
        assert same(found, expected)
        assert sampled is None
        assert ask.remark.startswith(remark)
    assert device.made == 1
    assert remarks == [ask.remark]


def test_out_of_memory_on_a_gpu_that_was_asked_for_is_an_error(index, device):
    device.searches = 0
    with pytest.raises(UsageError, match="memory of 'cuda' does not suffice") as told:
        VectorSearch(index, device="cuda")(index.parts[0].vectors[:2], 0.5)
    assert "--device cpu" in told.value.hint


def test_approximate_index_is_opened_once(index, monkeypatch):
    opened = []

    class Opened:
        def __init__(self, index):
            opened.append(index)

        def search(self, queries, cutoffs, *, seed, workers):
            return "matches", (seed, workers)

    monkeypatch.setattr(approximate, "ApproximateIndex", Opened)
    ask = VectorSearch(index, approximate=True, seed=7, workers=2)
    assert [ask(None, 0.5), ask(None, 0.5)] == [("matches", (7, 2))] * 2
    assert opened == [index]


def test_images_of_the_first_parts_that_fit_are_read_once():
    reads = []

    class Part:
        embeddings = SimpleNamespace(images_path=None)
        removed = None

        def __init__(self, number):
            self.number = number

        @property
        def links(self):
            reads.append(self.number)
            image = np.arange(1000)
            return pa.table({"image": image, "shard": np.zeros(1000, np.int32), "row": image})

        def image_of_vector(self):
            return np.arange(1000)

    index = SimpleNamespace(parts=[Part(number) for number in range(4)])
    images_of = ImagesOf(index, most_bytes=2 * 1000 * 25 + 10)
    for _ in range(3):
        for part in range(4):
            assert len(images_of(part)) == 1000
    assert sorted(reads) == [0, 1, 2, 2, 2, 3, 3, 3]
