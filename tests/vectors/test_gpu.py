"""Scoring on a device of torch gives the CPU's answers, here on torch's own CPU device."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from audit.errors import UsageError
from audit.vectors import gpu
from audit.vectors.codes import encode
from audit.vectors.exact import search
from audit.vectors.gpu import DeviceScan

torch = pytest.importorskip("torch", reason="needs torch: pip install 'concept-audit[clip]'")

#: Where there is a GPU the same is asked of it.
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def part_of(vectors):
    stored = np.asarray(vectors).astype(np.float16)
    return SimpleNamespace(vectors=stored, coded=encode(stored))


def clustered(rng, rows, dimension, clusters=20):
    centres = rng.standard_normal((clusters, dimension))
    vectors = centres[rng.integers(clusters, size=rows)]
    vectors = vectors + rng.uniform(0, 1, (rows, 1)) * rng.standard_normal((rows, dimension))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("device", DEVICES)
def test_counts_and_matches_are_those_of_brute_force_ties_included(device, monkeypatch):
    monkeypatch.setitem(gpu._BLOCK_NUMBERS, device, 1 << 18)  # several blocks, and kept ones
    rng = np.random.default_rng(5)
    ties = 0
    for dimension in (3, 64, 512, 1280):
        parts = [part_of(clustered(rng, rows, dimension)) for rows in (700, 1, 333)]
        stored = np.concatenate([part.vectors for part in parts])
        for number in (1, 7):
            queries = stored[rng.integers(len(stored), size=number)]
            truth = stored.astype(np.float64) @ queries.astype(np.float64).T
            # A cut-off that is itself a score: at least one pair ties with it, to the last bit.
            cutoffs = truth[rng.integers(len(stored), size=number), np.arange(number)]
            ties += int((truth == cutoffs).sum())
            expected = (truth >= cutoffs).sum(axis=0).tolist()
            scan = DeviceScan(parts, device)
            for _ in range(2):
                found = scan.search(queries, cutoffs)
                assert np.bincount(found.query, minlength=number).tolist() == expected
            same = search(parts, queries, cutoffs)
            for column in ("query", "part", "row", "score"):
                assert (getattr(found, column) == getattr(same, column)).all()
    assert ties >= 32


@pytest.mark.parametrize("device", DEVICES)
def test_error_of_the_scores_is_within_the_bound(device):
    rng = np.random.default_rng(6)
    # All of one sign, so that rounding errors cannot cancel out by luck.
    vectors = np.abs(rng.standard_normal((2000, 1280)))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    part = part_of(vectors)
    queries = part.vectors[:50]
    truth = part.vectors.astype(np.float64) @ queries.astype(np.float64).T
    scan = gpu.Scan(queries, np.zeros(50))
    checked = 0
    for block, scores in DeviceScan([part], device)._scored(scan):
        least = DeviceScan([part], device)._least_scores(scan, block)
        error = np.abs(scores.double().cpu().numpy() - truth[block.start :][: len(scores)])
        assert (error <= -least.double().cpu().numpy()).all()
        checked += error.size
    assert checked == 2000 * 50


def test_settings_of_torch_are_left_as_they_were():
    part = part_of(clustered(np.random.default_rng(0), 100, 16))
    flags = torch.backends.cuda.matmul
    before = (flags.allow_tf32, flags.allow_fp16_reduced_precision_reduction)
    DeviceScan([part], "cpu").search(part.vectors[:2], 0.5)
    assert (flags.allow_tf32, flags.allow_fp16_reduced_precision_reduction) == before


def test_nothing_asked_finds_nothing_and_other_dimensions_are_refused():
    part = part_of(np.ones((3, 4)) / 2)
    assert len(DeviceScan([part], "cpu").search(np.empty((0, 4)), 0.5)) == 0
    with pytest.raises(UsageError, match="8 numbers, the stored vectors 4"):
        DeviceScan([part], "cpu").search(np.ones((1, 8)) / 3, 0.5)


@pytest.mark.parametrize("device", ["nonsense", "cuda:99", "meta"])
def test_devices_that_are_not_there_are_refused(device):
    with pytest.raises(UsageError, match=r"Nothing can be computed|is not known"):
        DeviceScan([], device)
