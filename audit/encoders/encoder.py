"""What an encoder is, and where encoders are found: the one interface that all of them share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from audit.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from PIL.Image import Image

#: Packages add encoders under this group: ``name = "module:load"``.
ENTRY_POINT_GROUP = "audit.encoders"


@dataclass(frozen=True)
class EncoderInfo:
    """What two sets of embeddings must have in common to be compared.

    Attributes
    ----------
    id:
        ``name`` or ``name:what`` as given to :func:`load_encoder`, made canonical.
    revision:
        What tells these weights from others of the same id: a digest, or a version.
    preprocessing:
        What is done to an image before the network sees it, in words that change when it does.
    dimension:
        Length of an embedding.
    """

    id: str
    revision: str
    preprocessing: str
    dimension: int

    def describe_against(self, other: EncoderInfo) -> str:
        """This encoder, and in what it differs from ``other``."""
        told = asdict(other)
        differences = [
            f"{name} {value!r}, not {told[name]!r}"
            for name, value in asdict(self).items()
            if value != told[name] and name != "id"
        ]
        if self.id != other.id:
            return f"{self.id}, not of {other.id}"
        return f"{self.id} with {'; '.join(differences)}" if differences else self.id

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> EncoderInfo:
        return cls(**{name: record[name] for name in cls.__dataclass_fields__})


@runtime_checkable
class Encoder(Protocol):
    """Turns images into vectors of unit length; the cosine of two is their dot product.

    ``prepare`` is called from several threads at once; ``encode`` from one.

    An encoder that may find nothing in an image can say what it looks for in an attribute
    ``looks_for``, one word such as "face".
    """

    @property
    def info(self) -> EncoderInfo: ...

    def prepare(self, image: Image) -> Any:
        """What ``encode`` needs of one RGB image: decoded, upright, of any size."""
        ...

    def encode(self, prepared: Sequence[Any]) -> list[NDArray[np.float32]]:
        """One array of shape (vectors, dimension) for each image.

        Most encoders give one vector for an image. A face encoder gives one for each face, and
        none where there is no face.
        """
        ...


@runtime_checkable
class TextEncoder(Encoder, Protocol):
    """An encoder whose texts and images share one space."""

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of shape (texts, dimension)."""
        ...


#: ``load(what, device)``: ``what`` is the id after its first colon (or ""), ``device`` is one that
#: :func:`check_device` lets pass, there or not.
EncoderLoader = Callable[[str, str], Encoder]


def encoder_names() -> list[str]:
    """Names of the encoders that are installed."""
    return sorted({point.name for point in entry_points(group=ENTRY_POINT_GROUP)})


def check_device(device: str) -> None:
    """Refuse what cannot name a device, also where an encoder would not ask for it.

    Raises
    ------
    UsageError
        If ``device`` is none of ``auto``, ``cpu``, ``cuda``, ``cuda:1`` …
    """
    if re.fullmatch(r"auto|cpu|cuda(:\d+)?", device) is None:
        raise UsageError(f"No device {device!r}.", hint="Devices are auto, cpu, cuda, cuda:1 …")


def load_encoder(encoder_id: str, device: str = "auto") -> Encoder:
    """The encoder that ``encoder_id`` names, ready to encode.

    Raises
    ------
    UsageError
        If no installed encoder has that name, or the name is not enough to load it; or the device
        is none.
    MissingPackageError
        If what the encoder runs on is not installed.
    """
    check_device(device)
    name, _, what = encoder_id.partition(":")
    point = _entry_point(name)
    load: EncoderLoader = point.load()
    return load(what, device)


def _entry_point(name: str) -> EntryPoint:
    for point in entry_points(group=ENTRY_POINT_GROUP):
        if point.name == name:
            return point
    names = encoder_names()
    near = did_you_mean(name, names)
    raise UsageError(
        f"No encoder {name!r}.",
        hint=f"{near + ' ' if near else ''}Encoders here: {', '.join(names) or 'none'}.",
    )


def unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Rows of ``vectors`` (…, dimension) at length one; a row of zeros stays."""
    rows = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)
