"""What the encoders that run on torch have in common: devices, batches, digests of weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audit.encoders.encoder import check_device, unit
from audit.encoders.pictures import Preprocessing
from audit.errors import UsageError

if TYPE_CHECKING:
    import torch

#: Pictures that a network sees at once, however many are handed over: bounds its memory.
BATCH_PICTURES = 64


def choose_device(asked: str) -> torch.device:
    """The device that ``auto``, ``cpu``, ``cuda`` or ``cuda:1`` … means on this machine.

    Raises
    ------
    UsageError
        If it is none of these, or not here.
    """
    import torch

    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "auto":
        asked = "cuda" if cards else "cpu"
    check_device(asked)
    if asked != "cpu" and int(asked.partition(":")[2] or 0) >= cards:
        raise UsageError(
            f"No device {asked!r} here: torch sees {cards or 'no'} GPU{'s' if cards > 1 else ''}.",
            hint="Use --device auto. A CPU build of torch sees no GPU, even where there is one.",
        )
    return torch.device(asked)


def placed(network: torch.nn.Module, device: torch.device) -> torch.nn.Module:
    """``network`` ready to encode on ``device``: in half precision on a GPU."""
    import torch

    network = network.eval().requires_grad_(False).to(device)
    if device.type == "cuda":
        network = network.half()
    return network.to(memory_format=torch.channels_last)


def weights_digest(weights: Mapping[str, torch.Tensor]) -> str:
    """16 hex digits of the names, shapes and values of ``weights``, wherever they came from.

    Take it of what was loaded, before half precision: it is then the same on every device and for
    every file format.
    """
    digest = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name].detach().cpu()
        values = np.ascontiguousarray(
            (tensor.float() if tensor.is_floating_point() else tensor).numpy()
        )
        digest.update(f"{name} {tuple(tensor.shape)}\n".encode())
        digest.update(values.data)
    return digest.hexdigest()[:16]


def encode_pictures(
    pictures: Sequence[NDArray[np.uint8]],
    network: Callable[[torch.Tensor], torch.Tensor],
    preprocessing: Preprocessing,
    device: torch.device,
) -> NDArray[np.float32]:
    """Unit vectors (pictures, dimension) of what ``preprocessing`` made of pictures."""
    import torch

    mean = 255 * torch.tensor(preprocessing.mean, device=device).view(1, 3, 1, 1)
    deviation = 255 * torch.tensor(preprocessing.deviation, device=device).view(1, 3, 1, 1)
    dtype = torch.float16 if device.type == "cuda" else torch.float32

    def features(batch: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
        # Rows of pixels become channels-last without a copy: the order that convolutions like.
        pixels = torch.from_numpy(np.stack(batch)).to(device).permute(0, 3, 1, 2)
        return network(((pixels - mean) / deviation).to(dtype))

    return in_batches(features, pictures)


def in_batches(
    features: Callable[[Sequence[Any]], torch.Tensor], items: Sequence[Any]
) -> NDArray[np.float32]:
    """Unit vectors (items, dimension) of the features of ``items``; (0, 0) of none."""
    import torch

    if not items:
        return np.empty((0, 0), np.float32)
    with torch.inference_mode():
        batches = [
            features(items[start : start + BATCH_PICTURES]).float().cpu().numpy()
            for start in range(0, len(items), BATCH_PICTURES)
        ]
    return unit(np.concatenate(batches))
