"""What imitation scores do where the truth is known; ``python -m benchmarks.scores`` (5 minutes).

Writes its tables into ``docs/scores.md``: scores of pure noise by the number of training images, in
both modes, and how often 95 % intervals hold the truth.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audit.encoders.encoder import unit
from audit.scores.results import ScoreSettings
from audit.scores.score import score_concepts
from audit.scores.spread import Spread, interval, spread_of_mean
from audit.scores.synthetic import imitations, noise, planted
from benchmarks.pages import BENCHMARKS, made_on, write_section

SCORES = BENCHMARKS.with_name("scores.md")

_TRAINING = (10, 30, 100, 300, 1000, 3000, 10_000)
_CONCEPTS = 60
_DIMENSION = 64
_ROUNDS = 2000


@dataclass(frozen=True)
class Scene:
    """One concept that is imitated, scored again and again with everything drawn anew."""

    name: str
    images: int = 20  #: generated, of each of two prompts
    training: int = 100
    controls: int = 10
    settings: ScoreSettings = field(default_factory=ScoreSettings)


SCENES = (
    Scene("usual"),
    Scene("training images are one pool", training=10),
    Scene("training images are 15", training=15),
    Scene("training images are 10,000", training=10_000),
    Scene("5 images a prompt", images=5),
    Scene("2 images a prompt", images=2),
    Scene("3 wrong names", controls=3),
    Scene("40 wrong names", controls=40),
    Scene("nearest 3 of each pool", settings=ScoreSettings(top=3)),
    Scene("the nearest of each pool", settings=ScoreSettings(top=1)),
)


def covered(scene: Scene, rounds: int = _ROUNDS, seed: int = 0) -> tuple[float, float, float]:
    """Share of intervals that hold the truth, their mean width, and that of a known spread.

    The truth is the mean of the scores: without end of images and names there is no other.
    """
    rng = np.random.default_rng(seed)
    pictures, concept = (noise(1, _DIMENSION, rng)[0] for _ in range(2))
    prompts = noise(2, _DIMENSION, rng) * 0.4

    def generated(direction: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        made = (planted(direction, 0.7, scene.images, rng) for _ in prompts)
        return {
            str(number): unit(rows + pictures / 2 + prompt)
            for number, (rows, prompt) in enumerate(zip(made, prompts, strict=True))
        }

    scores = []
    for _ in range(rounds):
        made = {
            f"wrong {n}": generated(noise(1, _DIMENSION, rng)[0]) for n in range(scene.controls)
        }
        made["x"] = generated(concept)
        trained = unit(planted(concept, 1.0, scene.training, rng) + pictures / 2)
        scores.append(score_concepts(made, {"x": trained}, settings=scene.settings)["x"])
    values = np.array([one.score for one in scores])
    ends = np.array([one.interval for one in scores])
    held = (ends[:, 0] <= values.mean()) & (values.mean() <= ends[:, 1])
    return held.mean(), float(np.diff(ends).mean()), float(2 * 1.96 * values.std())


def of_noise(rng: np.random.Generator) -> list[str]:
    """Rows of the table of noise: mean scores of concepts that nothing imitates."""
    rows = []
    for images in _TRAINING:
        made, trained = imitations(
            [0] * _CONCEPTS, rng, training=images, likeness=0, of_model=0, dimension=512
        )
        cells = [f"{images:,}"]
        for settings in (
            ScoreSettings(mode="paper"), ScoreSettings(), ScoreSettings(top=3),
        ):  # fmt: skip
            scores = score_concepts(made, trained, settings=settings).scores
            cells.append(_with_interval(np.array([one.score for one in scores])))
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _with_interval(values: NDArray[np.float64]) -> str:
    spread: Spread = spread_of_mean(values)
    low, high = interval(float(values.mean()), [spread]) or (np.nan, np.nan)
    return f"{values.mean():.4f} ({low:.4f} to {high:.4f})"


def main() -> None:
    table = [
        "| training images | paper | audit | audit, nearest 3 of each pool |",
        "|---:|---:|---:|---:|",
        *of_noise(np.random.default_rng(0)),
        "",
    ]
    table.append(
        f"Mean of {_CONCEPTS} concepts with its 95 % interval; 40 generated images each, vectors "
        f"of 512 numbers. {made_on('numpy')}."
    )
    write_section(SCORES, "noise", "\n".join(table))
    table = ["| scene | held | mean width | 3.92 standard deviations |", "|---|---:|---:|---:|"]
    for scene in SCENES:
        held, width, known = covered(scene)
        print(f"{scene.name}: {held:.1%}", flush=True)
        table.append(f"| {scene.name} | {held:.1%} | {width:.3f} | {known:.3f} |")
    table += ["", f"{_ROUNDS:,} rounds each, 64 numbers. {made_on('numpy', 'scipy')}."]
    write_section(SCORES, "coverage", "\n".join(table))


if __name__ == "__main__":
    main()
