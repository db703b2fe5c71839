"""open_clip's models, by a small one of the same kind whose weights the tests make."""

from __future__ import annotations

import json
import sys
import threading

import numpy as np
import pytest

from audit.encoders import open_clip as ours
from audit.encoders.encoder import TextEncoder, load_encoder
from audit.errors import MissingPackageError, SourceError, UsageError

TINY = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def open_clip(needs):
    needs("clip", "torch", "torchvision", "open_clip")
    from audit.encoders.torchvision_repair import import_torchvision

    import_torchvision()
    import open_clip

    return open_clip


@pytest.fixture(scope="module")
def checkpoints(open_clip, tmp_path_factory):
    """Two checkpoints of the model "tiny-clip", each with weights of its own."""
    import torch

    folder = tmp_path_factory.mktemp("checkpoints")
    (folder / "tiny-clip.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(folder / "tiny-clip.json")
    for seed in (1, 2):
        torch.manual_seed(seed)
        torch.save(open_clip.create_model("tiny-clip").state_dict(), folder / f"epoch_{seed}.pt")
    return folder


@pytest.fixture(scope="module")
def encoder(checkpoints):
    return load_encoder(f"open_clip:tiny-clip/{checkpoints}/epoch_1.pt", "cpu")


def test_images_and_texts_become_what_open_clip_makes_of_them(
    open_clip, checkpoints, encoder, drawn, vectors_of
):
    import torch

    model, _, transform = open_clip.create_model_and_transforms(
        "tiny-clip", pretrained=str(checkpoints / "epoch_1.pt")
    )
    pictures, texts = [drawn(1), drawn(2, 64, 300)], ["a cat", "two dogs"]
    with torch.inference_mode():
        images = model.eval().encode_image(torch.stack([transform(p) for p in pictures]))
        words = model.encode_text(open_clip.get_tokenizer("tiny-clip")(texts))
    for theirs, mine in (
        (images, vectors_of(encoder, pictures)),
        (words, encoder.encode_texts(texts)),
    ):
        expected = torch.nn.functional.normalize(theirs, dim=-1).numpy()
        assert mine.shape == (2, encoder.info.dimension) == (2, 24)
        assert mine.dtype == np.float32
        assert np.abs(mine - expected).max() < 1e-5


def test_it_has_a_text_side(encoder):
    assert isinstance(encoder, TextEncoder)
    assert encoder.encode_texts([]).shape == (0, 24)
    long = "very " * 100
    assert np.isfinite(encoder.encode_texts([long, "", "ą 北斎 🦊"])).all()


def test_vector_does_not_depend_on_its_neighbours(encoder, drawn, vectors_of):
    pictures = [drawn(seed, 80, 60) for seed in range(66)]
    together = vectors_of(encoder, pictures)
    alone = np.concatenate([vectors_of(encoder, [picture]) for picture in pictures[60:]])
    assert np.abs(together[60:] - alone).max() < 1e-5
    assert encoder.encode([]) == []


def test_pictures_are_prepared_in_many_threads_as_in_one(encoder, drawn):
    pictures = [drawn(seed) for seed in range(24)]
    expected = [encoder.prepare(picture) for picture in pictures]
    prepared = [None] * len(pictures)

    def work(first):
        for i in range(first, len(pictures), 4):
            prepared[i] = encoder.prepare(pictures[i])

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((a == b).all() for a, b in zip(prepared, expected, strict=True))


def test_info_tells_weights_apart_and_nothing_else(open_clip, checkpoints, encoder, monkeypatch):
    import torch

    again = load_encoder(f"open_clip:tiny-clip/{checkpoints}/epoch_1.pt", "auto")
    assert again.info == encoder.info
    assert encoder.info.id == f"open_clip:tiny-clip/{checkpoints}/epoch_1.pt"
    other = load_encoder(f"open_clip:tiny-clip/{checkpoints}/epoch_2.pt")
    assert other.info.revision != encoder.info.revision
    weights = torch.load(checkpoints / "epoch_1.pt", weights_only=True)
    torch.save({"epoch": 3, "state_dict": weights}, checkpoints / "other file.pt")
    monkeypatch.chdir(checkpoints)
    renamed = load_encoder("open_clip:tiny-clip/other file.pt")
    assert renamed.info.revision == encoder.info.revision
    assert renamed.info.id == f"open_clip:tiny-clip/{checkpoints}/other file.pt"
    assert encoder.info.preprocessing == (
        "shorter side to fit 32 x 32 (bicubic), middle 32 x 32; mean 0.48145466 0.4578275 "
        "0.40821073, deviation 0.26862954 0.26130258 0.27577711"
    )


def test_half_precision_stays_near(checkpoints, encoder, drawn, vectors_of):
    """A GPU gets half precision; a processor can do it too, slowly."""
    import torch

    half = load_encoder(f"open_clip:tiny-clip/{checkpoints}/epoch_1.pt", "cpu")
    half._network.half()
    see = half._network.encode_image
    half._network.encode_image = lambda pixels: see(pixels.to(torch.float16))
    pictures = [drawn(seed) for seed in range(8)]
    for mine, theirs in (
        (vectors_of(half, pictures), vectors_of(encoder, pictures)),
        (half.encode_texts(["a cat"]), encoder.encode_texts(["a cat"])),
    ):
        assert (mine * theirs).sum(axis=1).min() > 0.999


@pytest.mark.parametrize(
    ("what", "message", "hint"),
    [
        ("", "No open_clip model is named", "open_clip:MODEL/PRETRAINED"),
        ("ViT-B-33/openai", "no model 'ViT-B-33'", "Did you mean 'ViT-B-32'?"),
        ("ViT-B/32", "no model 'ViT-B'", "Did you mean 'ViT-B-"),
        ("ViT-B-32", "Which weights of ViT-B-32", "laion2b_s34b_b79k"),
        ("ViT-B-32/laion2b_s34b", "no weights 'laion2b_s34b'", "Did you mean 'laion2b_"),
        ("ViT-B-32/no/such", "No checkpoint /", "second slash"),
        ("ViT-B-32/such.pt", "No checkpoint /", "second slash"),
        ("ViT-B-32-256/openai", "no weights 'openai'", "datacomp_s34b_b86k"),
    ],
)
def test_unknown_models_and_weights_are_refused_with_suggestions(open_clip, what, message, hint):
    with pytest.raises(UsageError, match=message) as caught:
        load_encoder(f"open_clip:{what}", "cpu")
    assert hint in caught.value.hint


def test_checkpoint_of_another_model_is_refused(checkpoints, caplog):
    with pytest.raises(SourceError, match=r"epoch_1\.pt: no checkpoint of ViT-B-32") as caught:
        load_encoder(f"open_clip:ViT-B-32/{checkpoints}/epoch_1.pt", "cpu")
    assert "Name the model" in caught.value.hint


def test_what_is_no_checkpoint_is_refused(checkpoints):
    (checkpoints / "broken.pt").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(SourceError, match=r"broken\.pt: no checkpoint of tiny-clip"):
        load_encoder(f"open_clip:tiny-clip/{checkpoints}/broken.pt", "cpu")


def test_checkpoint_that_would_run_code_is_refused(checkpoints, tmp_path):
    import torch

    class Evil:
        def __reduce__(self):
            return open, (str(tmp_path / "ran"), "w")

    torch.save({"state_dict": Evil()}, checkpoints / "evil.pt")
    with pytest.raises(SourceError, match=r"evil\.pt"):
        load_encoder(f"open_clip:tiny-clip/{checkpoints}/evil.pt", "cpu")
    assert not (tmp_path / "ran").exists()


def test_weights_that_cannot_be_downloaded_are_no_random_weights(open_clip, monkeypatch, capfd):
    from open_clip import factory

    def unreachable(*arguments, **options):
        raise OSError("no route to host")

    monkeypatch.setattr(factory, "download_pretrained", unreachable)
    with pytest.raises(SourceError, match=r"cannot be had.*no route to host") as caught:
        load_encoder("open_clip:ViT-B-32/laion2b-s34b-b79k", "cpu")
    assert "open_clip:ViT-B-32/laion2b_s34b_b79k" in caught.value.message
    assert "name it: open_clip:ViT-B-32/PATH" in caught.value.hint
    assert capfd.readouterr().err == ""


def test_weights_trained_with_quick_gelu_get_a_model_that_has_it(open_clip):
    assert ours._find_weights("ViT-B-32/openai").encoder_id == "open_clip:ViT-B-32-quickgelu/openai"
    for tag in open_clip.list_pretrained_tags_by_model("ViT-L-14"):
        model = ours._find_weights(f"ViT-L-14/{tag}").model
        config = open_clip.get_model_config(model)
        wanted = open_clip.get_pretrained_cfg(model, tag).get("quick_gelu", False)
        assert config.get("quick_gelu", False) == wanted


def test_checkpoint_gets_its_pictures_as_all_weights_of_its_model_want_them(open_clip):
    assert ours._usual_pictures("ViT-B-16-SigLIP")["resize_mode"] == "squash"
    assert ours._usual_pictures("ViT-B-16-SigLIP")["mean"] == (0.5, 0.5, 0.5)
    assert ours._usual_pictures("ViT-L-14") is None  # one of its tags wants other colours


def test_missing_package_is_named_with_its_extra(monkeypatch):
    for module in ("torchvision", "open_clip"):
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, module, None)
            with pytest.raises(MissingPackageError) as caught:
                ours.load("ViT-B-32/openai", "cpu")
        assert "concept-audit[clip]" in caught.value.hint
