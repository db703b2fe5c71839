"""What is asked of a model, before it is known what the model does by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from audit.generation.manifest import GenerationSettings

DTYPES = ("auto", "float32", "float16", "bfloat16")


@dataclass(frozen=True)
class GenerationOptions:
    """What is asked of a model; None leaves a choice to the pipeline.

    Attributes
    ----------
    model:
        A folder that a pipeline was saved in, or a name on the Hugging Face Hub.
    revision:
        Branch, tag or commit on the Hub.
    scheduler:
        Class of diffusers, in place of the pipeline's own, with the same configuration.
    dtype:
        One of :data:`DTYPES`; ``auto`` is float16 on a GPU and float32 on the CPU.
    size:
        (width, height) in pixels.
    """

    model: str
    revision: str | None = None
    scheduler: str | None = None
    dtype: str = "auto"
    size: tuple[int, int] | None = None
    steps: int | None = None
    guidance: float | None = None
    negative_prompt: str | None = None
    seed: int = 0

    def known(self) -> dict[str, Any]:
        """What is known of the settings before the pipeline is loaded."""
        known: dict[str, Any] = {
            "size": self.size, "negative_prompt": self.negative_prompt, "seed": self.seed,
        }  # fmt: skip
        for name in ("scheduler", "steps", "guidance"):
            if (value := getattr(self, name)) is not None:
                known[name] = value
        if self.dtype != "auto":
            known["dtype"] = self.dtype
        return known

    def asked(self) -> dict[str, Any]:
        """What only the pipeline can turn into settings: the same again are the same settings."""
        names = ("model", "revision", "scheduler", "steps", "guidance")
        return {name: getattr(self, name) for name in names}

    def continuing(self, settings: GenerationSettings | None) -> GenerationOptions:
        """These options where images of ``settings`` are: what is left open follows them."""
        if self.dtype != "auto" or settings is None:
            return self
        return replace(self, dtype=settings.dtype)
