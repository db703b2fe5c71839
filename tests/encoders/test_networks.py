"""Devices are checked before a network is moved; a digest tells weights apart and nothing else."""

from __future__ import annotations

import pytest

from audit.errors import UsageError

torch = pytest.importorskip("torch", reason="needs torch: pip install 'concept-audit[imagenet]'")

from audit.encoders.networks import choose_device, weights_digest  # noqa: E402


def see(monkeypatch, cards):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cards > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)


@pytest.mark.parametrize(
    ("cards", "asked", "chosen"),
    [(0, "auto", "cpu"), (2, "auto", "cuda"), (2, "cpu", "cpu"), (2, "cuda:1", "cuda:1")],
)
def test_auto_takes_a_gpu_where_there_is_one(monkeypatch, cards, asked, chosen):
    see(monkeypatch, cards)
    assert str(choose_device(asked)) == chosen


@pytest.mark.parametrize(
    ("cards", "asked", "message"),
    [
        (0, "cuda", "torch sees no GPU"),
        (1, "cuda:1", "torch sees 1 GPU"),
        (2, "cuda:2", "torch sees 2 GPUs"),
        (2, "gpu", "No device 'gpu'"),
        (2, "cpu:1", "No device 'cpu:1'"),
    ],
)
def test_devices_that_are_not_there_are_refused(monkeypatch, cards, asked, message):
    see(monkeypatch, cards)
    with pytest.raises(UsageError, match=message):
        choose_device(asked)


def test_digest_is_of_names_shapes_and_values():
    weights = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(4)}
    digest = weights_digest(weights)
    assert len(digest) == 16
    assert digest == weights_digest(dict(reversed(weights.items())))
    assert digest == weights_digest(weights | {"a": weights["a"].T.contiguous().T})
    others = [
        {"a": weights["a"].reshape(3, 2), "b": weights["b"]},
        {"a": weights["a"] + 1e-3, "b": weights["b"]},
        {"a": weights["a"], "c": weights["b"]},
        {"a": weights["a"]},
    ]
    assert digest not in map(weights_digest, others)
