"""How honest estimates of thresholds are: series of which the truth is known, many times over.

``python -m benchmarks.thresholds`` simulates every scene and writes the table into
``docs/methods/thresholds.md``; it takes about an hour on two processors. ``--counts FILE`` is a
CSV whose last column holds the counts of real concepts; without it counts are made like them.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.estimates.intervals import wilson
from audit.thresholds import synthetic
from audit.thresholds.estimate import audit_threshold
from audit.thresholds.paper import optimal_changes
from audit.thresholds.series import ScoreSeries, series_of
from audit.thresholds.settings import ThresholdSettings
from benchmarks.pages import THRESHOLDS, write_section

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Scene:
    """A curve of which the truth is known.

    Attributes
    ----------
    name:
        As in the table.
    make:
        (counts, seed) -> series.
    truth:
        Count at which the curve crosses the level; None without a threshold.
    wanted:
        What must be so, in words; empty where a scene is there to tell.
    """

    name: str
    make: Callable[[Counts, int], ScoreSeries]
    truth: float | None
    wanted: str = ""
    level: float | None = None
    by_step: bool = False


def _noisy_above(counts: Counts, seed: int) -> ScoreSeries:
    """Concepts that are imitated differ more than others."""
    curve = synthetic.logistic(counts, 300, scale=0.5, noise=0).scores
    spread = 0.04 + 0.14 * (curve - 0.2) / 0.3
    return series_of(counts, curve + np.random.default_rng(seed).normal(0, spread))


def _heavy_tails(counts: Counts, seed: int) -> ScoreSeries:
    curve = synthetic.logistic(counts, 300, scale=0.5, noise=0).scores
    rng = np.random.default_rng(seed)
    return series_of(counts, curve + rng.standard_t(3, len(counts)) * 0.06)


def _fewer(counts: Counts, seed: int, *, concepts: int) -> ScoreSeries:
    chosen = np.random.default_rng([seed, concepts]).permutation(len(counts))[:concepts]
    return synthetic.logistic(counts[np.sort(chosen)], 300, scale=0.5, seed=seed)


def _doubtful(counts: Counts, seed: int) -> ScoreSeries:
    """Counts that are wrong by a factor of 1.5 either way (one standard deviation), and say so."""
    made = synthetic.logistic(counts, 300, scale=0.5, seed=seed)
    spread = np.log(1.5)
    x = made.log_counts + np.random.default_rng([seed, 1]).normal(0, spread, len(made))
    told = np.rint(np.maximum(np.expm1(x), 0))
    low, high = (np.maximum(np.expm1(np.log1p(told) + z * spread), 0) for z in (-1.96, 1.96))
    return series_of(told, made.scores, count_low=np.minimum(low, told), count_high=high)


def _saturating(counts: Counts, seed: int) -> ScoreSeries:
    """Steep at first and then less and less so: no floor."""
    rng = np.random.default_rng(seed)
    curve = 0.2 + 0.3 * (1 - np.exp(-np.log1p(counts) / 3))
    return series_of(counts, curve + rng.normal(0, 0.1, len(counts)))


def _bending(counts: Counts, seed: int) -> ScoreSeries:
    """Flat up to 400 images, and rising ever since: no plateau."""
    rng = np.random.default_rng(seed)
    curve = 0.2 + 0.3 * np.clip((np.log1p(counts) - np.log1p(400)) / 5, 0, 1)
    return series_of(counts, curve + rng.normal(0, 0.1, len(counts)))


def scenes(counts: Counts) -> list[Scene]:
    logistic = synthetic.logistic
    of_line = float(np.expm1(np.log1p(counts.max()) * 0.5 + np.log1p(counts.min()) * 0.5))
    third = float(np.expm1(np.log1p(300) + 0.5 * np.log(0.1 / 0.2)))
    return [
        Scene("flat", lambda c, s: synthetic.flat(c, seed=s), None, "none in 95 %"),
        Scene("line from 0.2 to 0.5", lambda c, s: synthetic.line(c, seed=s), None, "none in 90 %"),
        Scene(
            "step at 112",
            lambda c, s: synthetic.step(c, 112, seed=s),
            112,
            "within a grid step in 95 %",
            by_step=True,
        ),
        Scene(
            "sharp logistic at 300 (scale 0.1)",
            lambda c, s: logistic(c, 300, scale=0.1, seed=s),
            300,
            "covered in 93–97 %",
        ),
        Scene(
            "gradual logistic at 300 (scale 0.5)",
            lambda c, s: logistic(c, 300, scale=0.5, seed=s),
            300,
            "covered in 93–97 %",
        ),
        Scene(
            "very gradual logistic at 300 (scale 1)",
            lambda c, s: logistic(c, 300, scale=1.0, seed=s),
            300,
        ),
        Scene("gradual, noise grows with the score (0.04 to 0.18)", _noisy_above, 300),
        Scene("gradual, heavy tails (Student, 3 degrees)", _heavy_tails, 300),
        Scene("gradual, 120 of the concepts", partial(_fewer, concepts=120), 300),
        Scene("gradual, 50 of the concepts", partial(_fewer, concepts=50), 300),
        Scene("gradual, counts wrong by a factor of 1.5 and said to be", _doubtful, 300),
        Scene(
            "gradual, level 0.3 given",
            lambda c, s: logistic(c, 300, scale=0.5, seed=s),
            third,
            level=0.3,
        ),
        Scene(
            "line from 0.2 to 0.5, level 0.35 given: crossing",
            lambda c, s: synthetic.line(c, seed=s),
            of_line,
            level=0.35,
        ),
        Scene("steep at first, then ever less (no floor)", _saturating, None),
        Scene("flat to 400, then rising (no plateau)", _bending, None),
    ]


@dataclass(frozen=True)
class Round:
    """What both voices said of one series."""

    verdict: str
    count: float | None
    interval: tuple[float, float] | None
    paper: int | None


def play(number: int, seed: int, counts: Counts, rounds: int) -> Round:
    """One series of the scene ``number``; the same seed gives the same answer."""
    scene = scenes(counts)[number]
    series = scene.make(counts, seed)
    settings = ThresholdSettings(level=scene.level, rounds=rounds)
    said = audit_threshold(series, settings, np.random.default_rng([seed, number]))
    crossing = said.crossing
    # The published rule; ruptures gives the same (tested), and would take most of the time here.
    changes = optimal_changes(series.scores)
    return Round(
        said.verdict,
        None if crossing is None else crossing.count,
        None if crossing is None else crossing.interval,
        int(series.counts[changes[0]]) if changes else None,
    )


@dataclass(frozen=True)
class Row:
    """A scene, played many times."""

    scene: Scene
    played: tuple[Round, ...]

    def told(self, counts: Counts) -> dict[str, Any]:
        played, truth = self.played, self.scene.truth
        verdicts = [one.verdict for one in played]
        found = [one for one in played if one.count is not None and one.interval is not None]
        paper = [one.paper for one in played if one.paper is not None]
        told: dict[str, Any] = {
            "threshold": np.mean([verdict == "threshold" for verdict in verdicts]),
            "none": np.mean([verdict == "no threshold" for verdict in verdicts]),
            "unknown": np.mean([verdict == "not enough data" for verdict in verdicts]),
            "paper_answers": len(paper) / len(played),
            "paper": np.quantile(paper, [0.5, 0.05, 0.95]) if paper else None,
        }
        if truth is None or not found:
            return told
        # A grid of whole counts holds a truth only to the rounding of logarithms.
        held = [
            one.interval[0] <= truth + 1e-6 and truth - 1e-6 <= one.interval[1] for one in found
        ]
        told["median"] = float(np.median([one.count for one in found]))
        told["held"] = float(np.mean(held))
        told["held_error"] = wilson(sum(held), len(held))
        told["width"] = np.median([one.interval for one in found], axis=0)
        grid = np.unique(counts).tolist()
        if self.scene.by_step:
            at = grid.index(int(truth))
            below, above = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
            told["near"] = np.mean([below <= one.count <= above for one in found])
            told["paper_near"] = np.mean([below <= value <= above for value in paper])
        return told


def table(rows: Sequence[Row], counts: Counts) -> str:
    titles = (
        "truth", "threshold / none / not enough", "median", "interval holds the truth",
        "median interval", "paper: answers", "median (5–95 %)",
    )  # fmt: skip
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    for row in rows:
        told = row.told(counts)
        verdicts = " / ".join(f"{told[one]:.1%}" for one in ("threshold", "none", "unknown"))
        median = held = width = ""
        if "median" in told:
            median = f"{told['median']:,.0f}"
            low, high = told["held_error"]
            held = f"{told['held']:.1%} ({low:.1%}–{high:.1%})"
            width = f"{told['width'][0]:,.0f}–{told['width'][1]:,.0f}"
        name = row.scene.name
        if row.scene.truth is not None and not row.scene.by_step:
            name += f"; truth {row.scene.truth:,.0f}"
        if "near" in told:
            held += f"; within a grid step {told['near']:.1%} (paper {told['paper_near']:.1%})"
        paper = "" if told["paper"] is None else "{:,.0f} ({:,.0f}–{:,.0f})".format(*told["paper"])
        lines.append(
            f"| {name} | {verdicts} | {median} | {held} | {width} | "
            f"{told['paper_answers']:.0%} | {paper} |"
        )
    return "\n".join(lines)


def read_counts(path: Path | None) -> tuple[Counts, str]:
    if path is None:
        return synthetic.count_grid(
            418, median=300, spread=2.0
        ), "counts made like those of artists"
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    counts = np.sort(np.asarray([int(row[-1]) for row in rows], np.int64))
    return counts, f"the counts of {len(counts)} real artists"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=Path)
    parser.add_argument("--series", type=int, default=600, help="series, where something is wanted")
    parser.add_argument("--others", type=int, default=200, help="series of each other scene")
    parser.add_argument("--draws", type=int, default=999, help="draws behind each interval")
    parser.add_argument("--only", help="scenes whose name holds this; the page is left as it is")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    counts, of = read_counts(options.counts)
    rows = []
    with ProcessPoolExecutor(options.processes) as pool:
        for number, scene in enumerate(scenes(counts)):
            if options.only and options.only not in scene.name:
                continue
            one = partial(play, number, counts=counts, rounds=options.draws)
            series = options.series if scene.wanted else options.others
            played = tuple(pool.map(one, range(series), chunksize=10))
            rows.append(Row(scene, played))
            print(table(rows[-1:], counts).splitlines()[-1], flush=True)
    if not options.only:
        told = (
            f"{options.series:,} series of each of the first five, {options.others:,} of the "
            f"others; {of}; noise of standard deviation 0.10 and scores from 0.2 to 0.5 where "
            f"nothing else is said; {options.draws} draws behind each interval and test.\n\n"
        )
        write_section(THRESHOLDS, "simulation", told + table(rows, counts))


if __name__ == "__main__":
    main()
