"""How long an estimate of a threshold takes, beside what one would do by hand.

``python -m benchmarks.estimating`` times our programme for change points beside ruptures, which
answers the published rule; our interval beside as many fits of a logistic curve by
``scipy.optimize.curve_fit``, one for each draw; and whole estimates of more and more concepts. Both
sides in turns, on one thread.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from scipy.optimize import curve_fit
from scipy.special import expit

from audit.thresholds import synthetic
from audit.thresholds.crossing import find_crossing
from audit.thresholds.curves import Grouping
from audit.thresholds.estimate import estimate_threshold
from audit.thresholds.paper import change_points, optimal_changes
from audit.thresholds.series import ScoreSeries
from benchmarks.pages import BENCHMARKS, made_on, write_section

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
DRAWS = 999
CONCEPTS = (418, 2_000, 10_000)


def series(concepts: int) -> ScoreSeries:
    return synthetic.logistic(synthetic.count_grid(concepts, spread=2.2), 300, scale=0.5)


def in_turns(*jobs: Callable[[], object], times: int) -> list[float]:
    """Median seconds of each job, done in turns."""
    taken: list[list[float]] = [[] for _ in jobs]
    for _ in range(times):
        for job, seconds in zip(jobs, taken, strict=True):
            started = time.perf_counter()
            job()
            seconds.append(time.perf_counter() - started)
    return [median(seconds) for seconds in taken]


def by_hand(made: ScoreSeries, draws: int) -> list[float]:
    """Half-way points of logistic curves fitted to concepts drawn anew."""
    rng = np.random.default_rng(0)
    x, y = made.log_counts, made.scores
    found = []
    for _ in range(draws):
        drawn = rng.integers(0, len(x), len(x))
        try:
            (*_, centre, _), _ = curve_fit(
                lambda x, low, rise, centre, scale: low + rise * expit((x - centre) / scale),
                x[drawn],
                y[drawn],
                p0=(0.2, 0.3, 5.0, 0.5),
            )
            found.append(float(centre))
        except RuntimeError:
            continue
    return found


def rows(times: int) -> list[str]:
    lines = ["| what | audit | by hand | ratio |", "|---|---:|---:|---:|"]
    for concepts in CONCEPTS[:2]:
        scores = series(concepts).scores
        assert change_points(scores) == optimal_changes(scores)
        ours, theirs = in_turns(
            lambda scores=scores: optimal_changes(scores),  # type: ignore[misc]
            lambda scores=scores: change_points(scores),  # type: ignore[misc]
            times=times,
        )
        lines.append(
            f"| change points of {concepts:,} concepts, beside ruptures | {ours * 1e3:.1f} ms | "
            f"{theirs * 1e3:,.0f} ms | {ours / theirs:.3f} |"
        )
    made = series(CONCEPTS[0])
    ours, theirs = in_turns(
        lambda: find_crossing(
            Grouping(made.log_counts), made.scores, None, rounds=DRAWS, rng=np.random.default_rng(0)
        ),
        lambda: by_hand(made, DRAWS),
        times=times,
    )
    lines.append(
        f"| interval of {len(made)} concepts, {DRAWS} draws, all scales and steps; by hand: "
        f"`curve_fit` of each draw | {ours:.2f} s | {theirs:.2f} s | {ours / theirs:.2f} |"
    )
    for concepts in CONCEPTS:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.estimating", "--whole", str(concepts)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        seconds, memory = (float(word) for word in done.stdout.split())
        lines.append(
            f"| whole estimate of {concepts:,} concepts ({memory:.2f} GB) | {seconds:.1f} s | | |"
        )
    return lines


def whole(concepts: int) -> None:
    """Seconds of a whole estimate, and peak memory of the process in GB."""
    made = series(concepts)
    started = time.perf_counter()
    estimate_threshold(made)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(seconds, peak * (1 if sys.platform == "darwin" else 1024) / 1e9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--whole", type=int, help="only time one estimate of so many concepts")
    options = parser.parse_args()
    if not ONE_THREAD.items() <= os.environ.items():
        # BLAS asks for its threads when it is loaded, which it is by now.
        command = [sys.executable, "-m", "benchmarks.estimating", *sys.argv[1:]]
        os.execve(sys.executable, command, os.environ | ONE_THREAD)
    if options.whole:
        whole(options.whole)
        return
    made = f"Made on {made_on('numpy', 'scipy', 'ruptures')}; one thread, median of {options.times}"
    write_section(BENCHMARKS, "estimating", f"{made}.\n\n" + "\n".join(rows(options.times)))


if __name__ == "__main__":
    main()
