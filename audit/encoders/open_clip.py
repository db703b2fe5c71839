"""open_clip encoders: ``open_clip:MODEL/PRETRAINED``, images and texts in one space.

MODEL is one of open_clip's models. PRETRAINED, all that follows the first slash, is one of the tags
that open_clip knows for it, whose weights it downloads once; or the path of a checkpoint on this
machine::

    open_clip:ViT-B-32/laion2b_s34b_b79k
    open_clip:ViT-B-32/checkpoints/epoch_32.pt        relative to the working folder
    open_clip:ViT-B-32//data/epoch_32.pt              absolute

The id that embeddings keep has the absolute path.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audit.encoders.encoder import EncoderInfo
from audit.encoders.networks import (
    choose_device,
    encode_pictures,
    in_batches,
    placed,
    weights_digest,
)
from audit.encoders.pictures import Preprocessing
from audit.encoders.torchvision_repair import import_torchvision
from audit.errors import MissingPackageError, SourceError, UsageError, did_you_mean

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

_SYNTAX = "Say open_clip:MODEL/PRETRAINED, such as open_clip:ViT-B-32/laion2b_s34b_b79k."
_CHECKPOINTS = (".pt", ".pth", ".bin", ".safetensors", ".npz", ".npy")
#: open_clip's words for how a picture is made to fit.
_FITS: dict[str, Any] = {"shortest": "crop", "longest": "pad", "squash": "squash"}


class OpenClipEncoder:
    """The image tower and the text tower of one model."""

    def __init__(
        self,
        weights: _Weights,
        network: Any,
        preprocessing: Preprocessing,
        dimension: int,
        device: torch.device,
    ) -> None:
        self._weights, self._preprocessing, self._device = weights, preprocessing, device
        self._tokenize: Any = None
        revision = weights_digest(network.state_dict())
        self._network: Any = placed(network, device)
        self.info = EncoderInfo(weights.encoder_id, revision, preprocessing.describe(), dimension)

    def prepare(self, image: Image) -> NDArray[np.uint8]:
        """The pixels that the network sees, (height, width, 3)."""
        return self._preprocessing.pixels(image)

    def encode(self, prepared: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        see = self._network.encode_image
        vectors = encode_pictures(prepared, see, self._preprocessing, self._device)
        return list(vectors[:, None, :])

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (texts, dimension). What exceeds the model's context length is cut off.

        Raises
        ------
        MissingPackageError, SourceError
            If the model's tokenizer needs a package or a download that is not to be had.
        """
        if not texts:
            return np.empty((0, self.info.dimension), np.float32)
        if self._tokenize is None:
            self._tokenize = _tokenizer(self._weights.model)

        def features(batch: Sequence[str]) -> Any:
            return self._network.encode_text(self._tokenize(list(batch)).to(self._device))

        return in_batches(features, texts)


def load(what: str, device: str) -> OpenClipEncoder:
    """The encoder ``open_clip:what`` on ``device``: in half precision on a GPU.

    Weights of a tag are downloaded unless they were before. There are never random ones.

    Raises
    ------
    UsageError
        If ``what`` names no model, or no weights for it; or the device is not there.
    MissingPackageError
        If the packages of the extra "clip" are not installed, or a package that only this model
        needs.
    SourceError
        If the weights cannot be downloaded, or the checkpoint is not one of this model.
    """
    try:
        import_torchvision()
        import open_clip
        import open_clip.factory as factory
    except ImportError as error:
        raise MissingPackageError.of("The open_clip encoder", "clip", error) from error
    where = choose_device(device)
    weights = _find_weights(what)
    with _explained(weights), _silent():
        network = factory.create_model(
            weights.model,
            weights.pretrained,
            device="cpu",
            require_pretrained=True,
            force_preprocess_cfg=None if weights.path is None else _usual_pictures(weights.model),
        )
    preprocessing = _preprocessing(open_clip.get_model_preprocess_cfg(network))
    dimension = int(open_clip.get_model_config(weights.model)["embed_dim"])
    return OpenClipEncoder(weights, network, preprocessing, dimension, where)


@dataclass(frozen=True)
class _Weights:
    """A model of open_clip, and a tag or the path of a checkpoint."""

    model: str
    pretrained: str
    path: Path | None = None

    @property
    def encoder_id(self) -> str:
        return f"open_clip:{self.model}/{self.pretrained}"


def _find_weights(what: str) -> _Weights:
    import open_clip

    model, _, pretrained = what.partition("/")
    models = open_clip.list_models()
    if model not in models:
        near = did_you_mean(model, models)
        raise UsageError(
            f"open_clip has no model {model!r}." if model else "No open_clip model is named.",
            hint=f"{near + ' ' if near else ''}{_SYNTAX} It has {len(models)} models; "
            "open_clip.list_models() lists them.",
        )
    tags = open_clip.list_pretrained_tags_by_model(model)
    tag = pretrained.lower().replace("-", "_")  # as open_clip does
    if tag in tags:
        return _Weights(_with_right_gelu(model, tag), tag)
    path = Path(pretrained).expanduser().absolute()
    if pretrained and path.is_file():
        return _Weights(model, str(path), path)
    if pretrained and ("/" in pretrained or path.suffix in _CHECKPOINTS):
        raise UsageError(
            f"No checkpoint {path}.",
            hint="After MODEL/ comes a tag or a path; an absolute one begins with a second slash.",
        )
    near = did_you_mean(tag, tags)
    known = f"Tags of {model}: {', '.join(tags)}." if tags else "open_clip knows no weights for it."
    raise UsageError(
        f"{model} has no weights {pretrained!r}." if pretrained else f"Which weights of {model}?",
        hint=f"{near + ' ' if near else ''}{known} Or name a checkpoint by its path.",
    )


def _with_right_gelu(model: str, tag: str) -> str:
    """``model`` with the activation that the weights of ``tag`` were trained with.

    With the other one, open_clip warns and goes on, and all vectors are slightly wrong.
    """
    import open_clip

    trained = open_clip.get_pretrained_cfg(model, tag).get("quick_gelu", False)
    if not trained or open_clip.get_model_config(model).get("quick_gelu", False):
        return model
    twin = f"{model}-quickgelu"
    if tag in open_clip.list_pretrained_tags_by_model(twin):
        return twin
    raise UsageError(
        f"The weights {tag!r} were trained with QuickGELU, and {model} is built without it.",
        hint=f"Choose other weights; open_clip has no {twin} to put these in.",
    )


def _usual_pictures(model: str) -> dict[str, Any] | None:
    """How all known weights of ``model`` want their pictures; None where they differ.

    A checkpoint does not say it. SigLIP's models, for one, don't want them as CLIP's do.
    """
    import open_clip

    names = ("mean", "std", "interpolation", "resize_mode")
    wishes = {
        tuple(open_clip.get_pretrained_cfg(model, tag).get(name) for name in names)
        for tag in open_clip.list_pretrained_tags_by_model(model)
    }
    return dict(zip(names, wishes.pop(), strict=True)) if len(wishes) == 1 else None


def _preprocessing(told: dict[str, Any]) -> Preprocessing:
    size = told["size"]
    height, width = (size, size) if isinstance(size, int) else size
    return Preprocessing(
        height,
        width,
        tuple(told["mean"]),
        tuple(told["std"]),
        fit=_FITS[told["resize_mode"]],
        # As open_clip: whatever is not bilinear ("random", in training) is bicubic.
        resampling="bilinear" if told["interpolation"] == "bilinear" else "bicubic",
        fill=told["fill_color"] if told["resize_mode"] == "longest" else 0,
    )


def _tokenizer(model: str) -> Any:
    import open_clip

    try:
        with _silent():
            return open_clip.get_tokenizer(model)
    except ImportError as error:
        raise _missing(model, error) from error
    except Exception as error:  # whatever the Hub's client raises
        raise SourceError(
            f"The vocabulary of {model} cannot be had ({_first_line(error)}).",
            hint="It is downloaded once, from the Hugging Face Hub. Images can be encoded "
            "without it.",
        ) from error


def _missing(model: str, error: ImportError) -> MissingPackageError:
    return MissingPackageError(
        f"{model} needs a package that open_clip's other models do not ({error}).",
        hint="Install it: pip install transformers sentencepiece.",
    )


@contextmanager
def _explained(weights: _Weights) -> Iterator[None]:
    """Turns what open_clip raises over weights, which can be anything, into what to do."""
    try:
        yield
    except ImportError as error:
        raise _missing(weights.model, error) from error
    except Exception as error:
        if weights.path is not None:
            raise SourceError(
                f"{weights.path}: no checkpoint of {weights.model} ({_first_line(error)}).",
                hint="Name the model that it was trained as. It must hold tensors only: what "
                "runs code on loading is refused.",
            ) from error
        raise SourceError(
            f"The weights of {weights.encoder_id} cannot be had ({_first_line(error)}).",
            hint="They are downloaded once. Where that is not possible, bring the checkpoint and "
            f"name it: open_clip:{weights.model}/PATH.",
        ) from error


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2])[:300] or type(error).__name__


@contextmanager
def _silent() -> Iterator[None]:
    """open_clip logs what it raises, by the root logger, which then prints to stderr for good."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
