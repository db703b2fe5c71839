"""From a picture to the pixels that a network sees: how it is resized, and what is cut off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

#: Names of `PIL.Image.Resampling` that the networks were trained with.
_RESAMPLING = {"bilinear": 2, "bicubic": 3}

Three = tuple[float, float, float]


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes ``height`` x ``width`` pixels; the same to the pixel as torchvision.

    Attributes
    ----------
    fit:
        "crop": the shorter side fits, the middle is cut out. "pad": the longer side fits, the rest
        is filled. "squash": both sides fit, whatever becomes of the proportions.
    mean, deviation:
        Of each colour between 0 and 1; they are taken off, and divided by, when pictures are
        encoded.
    margin:
        "crop" only: how many pixels longer the shorter side is made than what is cut out.
    fill:
        "pad" only: the grey beside the picture, 0-255.
    """

    height: int
    width: int
    mean: Three
    deviation: Three
    fit: Literal["crop", "pad", "squash"] = "crop"
    resampling: Literal["bicubic", "bilinear"] = "bicubic"
    margin: int = 0
    fill: int = 0

    def pixels(self, image: Image) -> NDArray[np.uint8]:
        """The pixels of an RGB image, (height, width, 3). Safe to call from several threads."""
        resized = image.resize(self._size(*image.size), _RESAMPLING[self.resampling])
        if self.fit == "pad":
            rest = self.height - resized.height, self.width - resized.width
            around = [(one // 2, one - one // 2) for one in rest]
            return np.pad(np.asarray(resized), (*around, (0, 0)), constant_values=self.fill)
        # Half pixels go to the even side, as torchvision rounds.
        left = round((resized.width - self.width) / 2)
        top = round((resized.height - self.height) / 2)
        return np.array(resized.crop((left, top, left + self.width, top + self.height)))

    def _size(self, width: int, height: int) -> tuple[int, int]:
        if self.fit == "squash":
            return self.width, self.height
        if self.fit == "crop" and self.height == self.width:
            side = self.width + self.margin
            if width <= height:
                return side, int(side * height / width)
            return int(side * width / height), side
        ratios = width / (self.width + self.margin), height / (self.height + self.margin)
        ratio = max(ratios) if self.fit == "pad" else min(ratios)
        return round(width / ratio), round(height / ratio)

    def describe(self) -> str:
        """In words that change when it does."""
        size = f"{self.height} x {self.width}"
        if self.fit == "squash":
            how = f"squashed to {size} ({self.resampling})"
        elif self.fit == "pad":
            how = f"longer side to fit {size} ({self.resampling}), padded with {self.fill}"
        else:
            around = f"{self.height + self.margin} x {self.width + self.margin}"
            how = f"shorter side to fit {around} ({self.resampling}), middle {size}"
        return f"{how}; mean {_numbers(self.mean)}, deviation {_numbers(self.deviation)}"


def _numbers(values: Three) -> str:
    return " ".join(f"{value:.8g}" for value in values)


#: As OpenAI's CLIP and what descends from it want their pictures.
CLIP_PICTURES = Preprocessing(
    224, 224, (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
)
