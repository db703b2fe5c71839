"""How often 95 % intervals of counts hold the truth, by simulation.

``python -m benchmarks.coverage`` simulates every scene and writes the tables into
``docs/methods/counting.md``; it takes about a quarter of an hour on two processors.

A scene makes a truth, what would be seen of it, and the estimate from that. Where all that is
unknown was sampled, intervals must hold the truth in 93 to 97 % of the rounds. Where only bounds
are known, or the truth lies so near the end of what is possible that the interval has one end only,
they may hold it more often, and are in a table of their own.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.coverage_scenes import Scene, scenes
from benchmarks.pages import COUNTING, write_section

#: Two-sided 95 % intervals hold the truth so often.
WANTED = (0.93, 0.97)


@dataclass(frozen=True)
class Coverage:
    """How often the intervals of a scene held the truth."""

    scene: str
    group: str
    rounds: int
    held: float
    too_high: float
    too_low: float
    width: float
    width_alone: float | None
    two_sided: bool

    @property
    def as_wanted(self) -> bool:
        # A simulation errs too: by two of its standard errors.
        slack = 2 * (0.05 * 0.95 / self.rounds) ** 0.5
        low, high = WANTED
        return low - slack <= self.held and (not self.two_sided or self.held <= high + slack)


def cover(scene: Scene, rounds: int, seed: int = 0) -> Coverage:
    """Play a scene; the same seed gives the same answer."""
    rng = np.random.default_rng([seed, zlib.crc32(scene.name.encode())])
    played = [scene.play(rng) for _ in range(rounds)]
    below = np.mean([r.truth < r.estimate.low for r in played])
    above = np.mean([r.truth > r.estimate.high for r in played])
    alone = [r.alone.high - r.alone.low for r in played if r.alone is not None]
    return Coverage(
        scene.name,
        scene.group,
        rounds,
        float(1 - below - above),
        float(below),
        float(above),
        float(np.median([r.estimate.high - r.estimate.low for r in played])),
        float(np.median(alone)) if alone else None,
        not scene.bounds_only and bool(np.mean([r.one_sided for r in played]) < 0.5),
    )


# --- tables ---------------------------------------------------------------------------------------


def table(covered: Sequence[Coverage]) -> str:
    alone = any(one.width_alone is not None for one in covered)
    lines = [
        "| scene | held | truth below | truth above | width |"
        + (" labels alone |" if alone else ""),
        "|---|---:|---:|---:|---:|" + ("---:|" if alone else ""),
    ]
    for one in covered:
        cells = [one.scene, f"{one.held:.1%}", f"{one.too_high:.1%}", f"{one.too_low:.1%}"]
        cells.append(f"{one.width:,.0f}")
        if alone:
            cells.append("" if one.width_alone is None else f"{one.width_alone:,.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def page(covered: Sequence[Coverage], rounds: int) -> str:
    classified = [one for one in covered if one.group == "classifier"]
    labelled = [one for one in covered if one.group == "labels" and one.two_sided]
    more = [one for one in covered if one not in classified and one not in labelled]
    low, high = WANTED
    within = [sum(low <= one.held <= high for one in some) for some in (classified, labelled)]
    known_to = 1.96 * (0.05 * 0.95 / rounds) ** 0.5
    return (
        f"Made by `python -m benchmarks.coverage`, {rounds:,} rounds a scene, so a share near 95 % "
        f"is known to ±{known_to:.1%}. *Truth below* and *above*: how often the truth lay beyond "
        "that end of the interval. *Width*: median, in samples; *labels alone*: of the interval "
        "from as many labels of a simple random sample.\n\n"
        "A classifier errs, its errors are known from trials, some samples were looked for, some "
        f"links are dead. {within[0]} of {len(classified)} intervals hold the truth in {low:.0%} "
        f"to {high:.0%} of the rounds:\n\n{table(classified)}\n\n"
        f"Labels. {within[1]} of {len(labelled)} are within the same; the others hold the truth "
        f"more often, because few labels far below the cut-off are a yes:\n\n{table(labelled)}\n\n"
        "Where only bounds are known of something (what the references miss, what is false, dead "
        "links, unsure labels), or where in most rounds the interval has one end only (no label "
        f"far below the cut-off is a yes), more than 95 % is right:\n\n{table(more)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=600)
    parser.add_argument("--only", default="", help="scenes of this group")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    chosen = [scene for scene in scenes() if asked.only in scene.group]
    with ProcessPoolExecutor(asked.workers) as pool:
        covered = []
        for one in pool.map(partial(cover, rounds=asked.rounds), chosen):
            covered.append(one)
            print(f"{one.held:.3f} {'ok' if one.as_wanted else '??'} {one}", flush=True)
    if asked.only:
        return
    write_section(COUNTING, "coverage", page(covered, asked.rounds))


if __name__ == "__main__":
    main()
