"""The encoder that the documentation shows is one: taken out of the page, installed, run.

Its checkpoint is made here, small and random, in the layout of the published one.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from audit.encoders.encoder import ENTRY_POINT_GROUP, Encoder, encoder_names, load_encoder

PAGE = (Path(__file__).parents[2] / "docs" / "encoders.md").read_text()
TINY = {
    "embed_dim": 24,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 224, "layers": 2, "width": 64, "head_width": 32, "patch_size": 56},
    "text_cfg": {"context_length": 8, "vocab_size": 100, "width": 16, "heads": 2, "layers": 1},
}


def example():
    return next(
        block
        for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
        if "StyleEncoder" in block
    )


def entry_point():
    shown = tomllib.loads(re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)[1])
    return shown["project"]["entry-points"][ENTRY_POINT_GROUP]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The example in a package of its own, with the entry point that the page shows."""
    for module in ("torch", "torchvision", "open_clip"):
        if find_spec(module) is None:
            pytest.skip(f"needs {module}: pip install 'concept-audit[clip]'")
    (tmp_path / "csd.py").write_text(example())
    about = tmp_path / "csd_style-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: csd-style\nVersion: 1\n")
    ((name, target),) = entry_point().items()
    (about / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{name} = {target}\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("csd", None)


@pytest.fixture
def open_clip(installed, monkeypatch):
    """open_clip, with a small network under the name of the large one."""
    from audit.encoders.torchvision_repair import import_torchvision

    import_torchvision()
    import open_clip

    monkeypatch.setattr(open_clip, "get_model_config", {"ViT-L-14-quickgelu": TINY}.get)
    return open_clip


@pytest.fixture
def checkpoint(open_clip, tmp_path):
    """What the authors' training saved: weights of a wrapped model, beside its log."""
    import torch

    torch.manual_seed(0)
    backbone = open_clip.CLIP(**TINY).visual.state_dict()
    del backbone["proj"]
    weights = {f"module.backbone.{name}": tensor for name, tensor in backbone.items()}
    weights["module.last_layer_style"] = torch.randn(64, 24)
    weights["module.last_layer_content"] = torch.randn(64, 24)
    log = argparse.Namespace(lr=np.float64(1e-4), arch="vit_large")
    new, old = tmp_path / "new.bin", tmp_path / "pytorch_model.bin"
    torch.save({"model_state_dict": weights, "iter": 80000, "args": log}, new)
    # numpy 1, of that time, has its numbers in another place.
    with zipfile.ZipFile(new) as source, zipfile.ZipFile(old, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename.endswith("data.pkl"):
                assert b"numpy._core.multiarray" in data
                data = data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
            target.writestr(entry, data)
    return old


def test_example_is_short():
    lines = [line for line in example().splitlines() if line.strip()]
    assert len(lines) <= 30
    assert f"`csd.py`, {len(lines)} lines" in PAGE
    assert max(map(len, lines)) <= 100


def test_example_is_found_and_gives_style_vectors(open_clip, checkpoint):
    import torch
    from PIL import Image

    assert "csd" in encoder_names()
    encoder = load_encoder(f"csd:{checkpoint}", "cpu")
    assert isinstance(encoder, Encoder)
    assert encoder.info.id == f"csd:{checkpoint}"
    assert encoder.info.dimension == 24
    assert load_encoder(f"csd:{checkpoint}", "cpu").info == encoder.info

    # By hand, as the authors do: features without a projection, then the one for style.
    saved = torch.load(checkpoint.with_name("new.bin"), weights_only=False)["model_state_dict"]
    network = open_clip.CLIP(**TINY).visual.eval()
    network.proj = None
    prefix = "module.backbone."
    network.load_state_dict(
        {k.removeprefix(prefix): v for k, v in saved.items() if k.startswith(prefix)}
    )
    rng = np.random.default_rng(0)
    pictures = [Image.fromarray(rng.integers(0, 256, (240, 300, 3), np.uint8)) for _ in range(3)]
    transform = open_clip.image_transform(224, is_train=False)
    with torch.inference_mode():
        features = network(torch.stack([transform(picture) for picture in pictures]))
        styles = torch.nn.functional.normalize(features @ saved["module.last_layer_style"], dim=1)
    vectors = encoder.encode([encoder.prepare(picture) for picture in pictures])
    assert [one.shape for one in vectors] == [(1, 24)] * 3
    assert np.abs(np.concatenate(vectors) - styles.numpy()).max() < 1e-5
    assert encoder.encode([]) == []


def test_example_refuses_a_checkpoint_with_other_weights(open_clip, checkpoint):
    import torch

    saved = torch.load(checkpoint.with_name("new.bin"), weights_only=False)
    del saved["model_state_dict"]["module.backbone.class_embedding"]
    torch.save({"model_state_dict": saved["model_state_dict"]}, checkpoint)
    with pytest.raises(RuntimeError, match="class_embedding"):
        load_encoder(f"csd:{checkpoint}", "cpu")


def test_example_asks_for_the_tensors_of_the_published_checkpoint(installed):
    """297 tensors: 295 of ViT-L/14 without its projection, and two projections of 1024 x 768."""
    import torch

    from audit.encoders.torchvision_repair import import_torchvision

    import_torchvision()
    import open_clip

    with torch.device("meta"):
        network = open_clip.CLIP(**open_clip.get_model_config("ViT-L-14-quickgelu")).visual
    tensors = network.state_dict()
    assert len(tensors) == 296
    assert tensors["proj"].shape == (1024, 768)


def test_page_names_the_encoders_that_are_installed():
    table = PAGE[: PAGE.index("## open_clip")]
    named = set(re.findall(r"^\| `(\w+)(?::[^`]*)?` \|", table, re.MULTILINE))
    assert named == {name for name in encoder_names() if name != "csd"}
