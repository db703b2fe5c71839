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
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from audit.counts.strata import estimate_stratum
from audit.encoders.encoder import EncoderInfo
from audit.estimates.prediction_powered import LabelledStratum, estimate_with_labels
from audit.estimates.prevalence import Estimate, estimate_total
from audit.estimates.rates import Product, Rate
from audit.labels.sampling import CaptionGroup, ListedSamples, draw_labels
from audit.references.cutoffs import background_scores, calibrate
from audit.references.reference_set import ReferenceSet
from audit.references.sensitivity import FoundReferences
from benchmarks.pages import COUNTING, write_section

#: Two-sided 95 % intervals hold the truth so often.
WANTED = (0.93, 0.97)

Rng = np.random.Generator


@dataclass(frozen=True)
class Round:
    """One truth, and one estimate of it.

    Attributes
    ----------
    one_sided:
        Whether the interval reaches an end of what is possible, in some stratum at least.
    alone:
        The interval of as many labels of a simple random sample, for scenes with labels.
    """

    truth: float
    estimate: Estimate
    one_sided: bool = False
    alone: Estimate | None = None


@dataclass(frozen=True)
class Scene:
    """Something to estimate, again and again."""

    group: str
    name: str
    play: Callable[[Rng], Round]
    bounds_only: bool = False


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


# --- a classifier whose errors were measured, on a sample with dead links ------------------------


def classified(
    rng: Rng,
    *,
    population: int,
    sample: int,
    prevalence: float,
    hit: float,
    false: float,
    dead: float = 0.0,
    trials: tuple[int, int] = (200, 1000),
    recall: float | None = None,
) -> Round:
    """Dead links are random here; the two rates are known from ``trials`` images each."""
    truth = round(population * prevalence)
    alive = int(rng.binomial(sample, 1 - dead))
    shown = int(rng.hypergeometric(truth, population - truth, alive))
    found = 1.0 if recall is None else recall
    above = int(rng.binomial(shown, hit * found) + rng.binomial(alive - shown, false))
    sensitivity: Rate | Product = Rate(int(rng.binomial(trials[0], hit)), trials[0])
    if recall is not None:
        sensitivity = Product(sensitivity, Rate(int(rng.binomial(200, recall)), 200))
    false_positives = Rate(int(rng.binomial(trials[1], false)), trials[1])
    estimate = estimate_total(population, alive, above, sensitivity, false_positives)
    return Round(truth, estimate, estimate.low <= 0 or estimate.high >= population)


def classifier_scenes() -> Iterable[Scene]:
    n = 10_000
    for hit, false in ((0.95, 0.005), (0.8, 0.02), (0.6, 0.05)):
        for prevalence in (0.01, 0.1, 0.5):
            for sample in (1000, n):
                dead = 0.3 if sample != n else 0.0
                yield Scene(
                    "classifier",
                    f"{prevalence:.0%} show it, {sample:,} of {n:,} samples looked for, "
                    f"{dead:.0%} dead, sensitivity {hit:.0%}, {false:.1%} false",
                    partial(
                        classified, population=n, sample=sample, prevalence=prevalence, hit=hit,
                        false=false, dead=dead,
                    ),
                )  # fmt: skip
    yield Scene(
        "classifier",
        "10% show it, all looked at by approximate search of recall 85%, sensitivity 90%, 1% false",
        partial(
            classified, population=n, sample=n, prevalence=0.1, hit=0.9, false=0.01, recall=0.85
        ),
    )


# --- references and background: what `audit count` has when nobody labelled anything --------------

DIMENSION = 96
_INFO = EncoderInfo("simulated", "1", "none", DIMENSION)


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def referenced(
    rng: Rng, *, references: int, looks: int, spread: float, sample: float = 1.0, dead: str = "none"
) -> Round:
    """300 of 8,000 samples show a concept that has several looks, some of them rare.

    Every step is the real one: background, cut-off, sensitivity, bound on what is false, strata.
    """
    population, truth = 8000, 300
    centres = unit(1.5 * rng.standard_normal(DIMENSION) + rng.standard_normal((looks, DIMENSION)))
    weight = 1 / np.arange(1, looks + 1)

    def images(count: int) -> NDArray[np.float64]:
        which = rng.choice(looks, count, p=weight / weight.sum())
        return unit(centres[which] + spread * unit(rng.standard_normal((count, DIMENSION))))

    given = images(references).astype(np.float16)
    asked = ReferenceSet(given, tuple(map(str, range(references))), _INFO)
    shows = np.arange(population) < truth
    vectors = unit(rng.standard_normal((population, DIMENSION)))
    vectors[shows] = images(truth)
    attempted = rng.permutation(population)[: round(sample * population)]
    share_dead = {"none": 0.0, "random": 0.3, "of the concept": 0.2}[dead]
    chance = np.full(population, share_dead)
    if dead == "of the concept":
        chance[shows] = 0.6
    seen = attempted[rng.random(len(attempted)) >= chance[attempted]]
    # Captions name most images of the concept; these are kept out of the background.
    fair = seen[~shows[seen] | (rng.random(len(seen)) < 0.3)]
    background = background_scores(asked, vectors[fair], "max")
    cutoff = calibrate(asked, background, per_million=200)
    floor = cutoff.tail.start if cutoff.tail else -1.0
    scores = (vectors[seen] @ given.astype(np.float64).T).max(axis=1)
    stratum = estimate_stratum(
        population,
        len(attempted),
        scores[scores >= floor],
        len(seen),
        cutoff,
        min(floor, cutoff.value - 0.01),
        "all" if sample == 1 else "random",
    )
    return Round(truth, stratum.bounds if dead == "of the concept" else stratum.estimate)


def reference_scenes() -> Iterable[Scene]:
    for references in (2, 5, 20, 50):
        for looks, spread in ((1, 0.6), (4, 0.6)):
            yield Scene(
                "references",
                f"{references} references, {looks} look{'s' if looks > 1 else ''}, all looked at",
                partial(referenced, references=references, looks=looks, spread=spread),
                bounds_only=True,
            )
    yield Scene(
        "references", "20 references, 4 looks, half looked for, 30% of it dead at random",
        partial(referenced, references=20, looks=4, spread=0.6, sample=0.5, dead="random"),
        bounds_only=True,
    )  # fmt: skip
    yield Scene(
        "references",
        "20 references, 4 looks, 60% of the concept's links dead and 20% of others: bounds",
        partial(referenced, references=20, looks=4, spread=0.6, dead="of the concept"),
        bounds_only=True,
    )


# --- labels ---------------------------------------------------------------------------------------


def labelled(
    rng: Rng,
    *,
    named: int,
    unnamed: int,
    shown: tuple[float, float],
    apart: float,
    labels: int,
    references: int = 0,
    unsure: float = 0.0,
) -> Round:
    """Scores of others are normal with deviation 1, those of the concept ``apart`` higher."""
    sizes = (named, unnamed)
    is_named = np.repeat([True, False], sizes)
    shows = np.concatenate(
        [np.arange(n) < round(n * share) for n, share in zip(sizes, shown, strict=True)]
    )
    score = rng.standard_normal(len(shows)) + apart * shows
    cutoff, floor = 2.5, 1.0
    keys = np.arange(len(shows))
    groups = []
    for group in (True, False):
        mine = is_named == group
        seen = keys[mine & (score >= floor)]
        groups.append(CaptionGroup(group, ListedSamples(keys[mine]), keys[:0], seen, score[seen]))
    draw = draw_labels(groups, cutoff, labels, seed=int(rng.integers(2**31)))
    answer = shows[draw.key].astype(np.int8)
    answer[rng.random(len(answer)) < unsure] = -1
    strata = [
        LabelledStratum(
            part.named, part.above, part.size, answer[draw.stratum == number],
            draw.score[draw.stratum == number], part.mean_score,
        )
        for number, part in enumerate(draw.strata)
    ]  # fmt: skip
    sensitivity = None
    if references:
        hit = float((score[shows] >= cutoff).mean()) if shows.any() else 1.0
        sensitivity = FoundReferences(int(rng.binomial(references, hit)), references)
    estimate = estimate_with_labels(
        strata, sensitivity=sensitivity, seed=int(rng.integers(2**31))
    ).total
    simple = rng.choice(len(shows), labels, replace=False)
    alone = estimate_with_labels(
        [
            LabelledStratum(
                False, False, len(shows), shows[simple].astype(np.int8), np.full(labels, np.nan)
            )
        ],
        seed=int(rng.integers(2**31)),
    ).total
    far = [
        found.answer for part, found in zip(draw.strata, strata, strict=True)
        if part.band == "far below"
    ]  # fmt: skip
    without = not any((answer == 1).any() for answer in far)
    return Round(float(shows.sum()), estimate, without, alone)


_DENSE = "60% of 500 named and 20% of 2,000 others show it"
_SPARSE = "60% of 500 named and 3% of 20,000 others show it"
_RARE = "60% of 500 named and 0.5% of 20,000 others show it"


def label_scenes() -> Iterable[Scene]:
    def scene(name: str, bounds_only: bool = False, **settings: object) -> Scene:
        return Scene("labels", name, partial(labelled, **settings), bounds_only)  # type: ignore[arg-type]

    dense = {"named": 500, "unnamed": 2000, "shown": (0.6, 0.2)}
    sparse = {"named": 500, "unnamed": 20_000, "shown": (0.6, 0.03)}
    rare = {"named": 500, "unnamed": 20_000, "shown": (0.6, 0.005)}
    for labels in (100, 200, 500):
        yield scene(f"{labels} labels; {_DENSE}; a fifth below the cut-off", apart=3.3,
                    labels=labels, **dense)  # fmt: skip
        yield scene(f"{labels} labels; {_SPARSE}; half below the cut-off", apart=2.5,
                    labels=labels, **sparse)  # fmt: skip
        yield scene(f"{labels} labels; {_SPARSE}; most far below", apart=1.0,
                    labels=labels, **sparse)  # fmt: skip
    for references in (0, 12):
        also = f", {references} references" if references else ""
        yield scene(f"200 labels{also}; {_RARE}; none below the cut-off", bool(references),
                    apart=6.0, labels=200, references=references, **rare)  # fmt: skip
    yield scene(
        f"200 labels, 5% of them unsure; {_DENSE}; a fifth below the cut-off",
        True, apart=3.3, labels=200, unsure=0.05, **dense,
    )  # fmt: skip


def scenes() -> list[Scene]:
    return [*classifier_scenes(), *reference_scenes(), *label_scenes()]


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
