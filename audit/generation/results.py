"""What a generation answers: which images there are now, and how they were made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from audit.generation.manifest import ALL_BLACK, GenerationSettings
from audit.shown import Shown

SCHEMA = "audit.generate/1"


@dataclass(frozen=True)
class GenerateProgress:
    """How far a run is, in images."""

    made: int  #: in this run
    before: int  #: there already
    total: int
    seconds: float  #: since the model was loaded

    @property
    def share(self) -> float:
        return (self.before + self.made) / self.total if self.total else 1.0

    @property
    def rate(self) -> str:
        return described_rate(self.made, self.seconds)

    @property
    def seconds_left(self) -> float | None:
        """By the rate until now; None before there is one."""
        if not self.made:
            return None
        return self.seconds / self.made * (self.total - self.before - self.made)


@dataclass(frozen=True)
class PromptImages:
    """The images of one prompt.

    Attributes
    ----------
    images:
        Those that can be scored.
    flagged:
        Why images were left out -> how many.
    """

    concept: str
    domain: str | None
    template: str
    images: int
    flagged: dict[str, int]


@dataclass(frozen=True)
class GenerateReport(Shown):
    """What was asked for and is in the folder now; images of other prompts are not counted.

    Attributes
    ----------
    images_per_prompt:
        As asked: images and flagged ones together.
    made_now, seconds:
        Images made in this run, flagged ones too, and the time since the model was loaded.
    device:
        Where; None if there was nothing to do.
    too_long:
        Prompts that the model did not read to their end.
    """

    folder: Path
    settings: GenerationSettings
    images_per_prompt: int
    prompts: tuple[PromptImages, ...]
    made_now: int
    seconds: float
    device: str | None
    too_long: tuple[str, ...] = ()

    @property
    def images(self) -> int:
        """Those that can be scored."""
        return sum(prompt.images for prompt in self.prompts)

    @property
    def flagged(self) -> dict[str, int]:
        """Why images were left out -> how many."""
        counts: dict[str, int] = {}
        for prompt in self.prompts:
            for why, images in prompt.flagged.items():
                counts[why] = counts.get(why, 0) + images
        return counts

    @property
    def rate(self) -> str:
        return described_rate(self.made_now, self.seconds)

    @property
    def concepts(self) -> int:
        return len({prompt.concept for prompt in self.prompts})

    @property
    def what_to_do(self) -> str | None:
        """About images that were left out, in a sentence or two; None without any."""
        flagged = sum(self.flagged.values())
        if not flagged:
            return None
        told = f"{flagged:,} of {flagged + self.images:,} images are no generations: "
        told += ", ".join(f"{images:,} by reason of {why}" for why, images in self.flagged.items())
        if self.flagged.get(ALL_BLACK) and self.settings.dtype != "float32":
            told += f". Images that come out black in {self.settings.dtype} may not in float32"
        return told + "."

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the schema ``audit.generate/1``."""
        return {
            "schema": SCHEMA,
            "folder": str(self.folder),
            "settings": self.settings.to_dict(),
            "images_per_prompt": self.images_per_prompt,
            "concepts": self.concepts,
            "images": self.images,
            "flagged": self.flagged,
            "prompts": [asdict(prompt) for prompt in self.prompts],
            "made_now": self.made_now,
            "seconds": round(self.seconds, 3),
            "images_per_second": (
                round(self.made_now / self.seconds, 4) if self.made_now and self.seconds else None
            ),
            "device": self.device,
            "too_long": list(self.too_long),
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a prompt."""
        return pl.DataFrame(
            {
                "concept": [prompt.concept for prompt in self.prompts],
                "domain": [prompt.domain for prompt in self.prompts],
                "template": [prompt.template for prompt in self.prompts],
                "images": [prompt.images for prompt in self.prompts],
                "flagged": [sum(prompt.flagged.values()) for prompt in self.prompts],
            },
            schema={
                "concept": pl.String,
                "domain": pl.String,
                "template": pl.String,
                "images": pl.Int64,
                "flagged": pl.Int64,
            },
        )


def described_rate(images: int, seconds: float) -> str:
    """Images a second, or seconds an image.

    >>> described_rate(30, 10), described_rate(3, 150)
    ('3.0 a second', '50 s each')
    """
    if not images or not seconds:
        return ""
    if images >= seconds:
        return f"{images / seconds:,.1f} a second"
    decimals = 1 if seconds < 10 * images else 0
    return f"{seconds / images:,.{decimals}f} s each"
