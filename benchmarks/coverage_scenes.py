"""Scenes of :mod:`benchmarks.coverage`: what is simulated, and the estimate made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from audit.counts.strata import estimate_stratum
from audit.encoders.encoder import EncoderInfo
from audit.estimates.dead_links import dead_link_bounds
from audit.estimates.prediction_powered import LabelledStratum, estimate_with_labels
from audit.estimates.prevalence import Estimate, estimate_total
from audit.estimates.rates import Product, Rate
from audit.labels.sampling import CaptionGroup, ListedSamples, draw_labels
from audit.references.background import background_scores
from audit.references.cutoffs import calibrate
from audit.references.reference_set import ReferenceSet
from audit.references.sensitivity import FoundReferences
from audit.vectors.exact import Matches
from audit.vectors.recall import SampledMatches

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


# --- dead links of which none, or all, show the concept -------------------------------------------


def with_dead_links(
    rng: Rng,
    *,
    sample: int,
    living: float,
    dead: float,
    all_show_it: bool,
    hit: float,
    false: float,
    population: int = 10_000,
) -> Round:
    """Of all links the share ``dead`` is dead, and the share ``living`` alive and shows it."""
    gone, shown = round(population * dead), round(population * living)
    drawn = rng.multivariate_hypergeometric([gone, shown, population - gone - shown], sample)
    above = int(rng.binomial(drawn[1], hit) + rng.binomial(drawn[2], false))
    bounds = dead_link_bounds(
        population,
        sample,
        sample - int(drawn[0]),
        above,
        Rate(int(rng.binomial(200, hit)), 200),
        Rate(int(rng.binomial(1000, false)), 1000),
    )
    return Round(shown + gone * all_show_it, bounds)


def dead_link_scenes() -> Iterable[Scene]:
    for hit, false in ((1.0, 0.0), (0.8, 0.02)):
        for sample in (50, 1000):
            for living in (0.0, 0.05):
                for all_show_it in (False, True):
                    yield Scene(
                        "dead links",
                        f"bounds: {sample:,} looked for, 30% dead, of which "
                        f"{'all' if all_show_it else 'none'} show it, {living:.0%} alive and "
                        f"showing it, sensitivity {hit:.0%}, {false:.0%} false",
                        partial(
                            with_dead_links, sample=sample, living=living, dead=0.3,
                            all_show_it=all_show_it, hit=hit, false=false,
                        ),
                        bounds_only=True,
                    )  # fmt: skip


# --- references and background: what `audit count` has when nobody labelled anything --------------

DIMENSION = 96
_INFO = EncoderInfo("simulated", "1", "none", DIMENSION)


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def referenced(
    rng: Rng,
    *,
    references: int,
    looks: int,
    spread: float,
    sample: float = 1.0,
    dead: str = "none",
    pairs_found: float = 1.0,
) -> Round:
    """300 of 8,000 samples show a concept that has several looks, some of them rare.

    Every step is the real one: background, cut-off, sensitivity, bound on what is false, strata. A
    search that finds only a share of the pairs of a reference and an image is measured on a quarter
    of the images.
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
    pairs = vectors[seen] @ given.astype(np.float64).T
    recall = None
    if pairs_found < 1:
        found = rng.random(pairs.shape) < pairs_found
        recall = _sampled(rng, pairs, found, floor).recall(0, references, cutoff.value)
        pairs[~found] = -1.0
    scores = pairs.max(axis=1)
    stratum = estimate_stratum(
        population,
        len(attempted),
        scores[scores >= floor],
        len(seen),
        cutoff,
        min(floor, cutoff.value - 0.01),
        "all" if sample == 1 else "random",
        recall=recall,
    )
    return Round(truth, stratum.bounds if dead == "of the concept" else stratum.estimate)


def _sampled(
    rng: Rng, pairs: NDArray[np.float64], found: NDArray[np.bool_], floor: float
) -> SampledMatches:
    """What an exact search of a quarter of the images tells of a search that found ``found``."""
    drawn = rng.choice(len(pairs), len(pairs) // 4, replace=False)
    place, query = np.nonzero(pairs[drawn] >= floor)
    row = drawn[place]
    matches = Matches(
        query.astype(np.int32), np.zeros(len(row), np.int32), row, pairs[row, query]
    )  # fmt: skip
    return SampledMatches(matches, found[row, query])


def reference_scenes() -> Iterable[Scene]:
    for references in (2, 5, 20, 50):
        for looks, spread in ((1, 0.6), (4, 0.6)):
            yield Scene(
                "references",
                f"{references} references, {looks} look{'s' if looks > 1 else ''}, all looked at",
                partial(referenced, references=references, looks=looks, spread=spread),
                bounds_only=True,
            )
    for pairs_found in (0.9, 0.6):
        yield Scene(
            "references",
            f"20 references, 4 looks, approximate search that misses {1 - pairs_found:.0%} of the "
            "pairs of a reference and an image",
            partial(referenced, references=20, looks=4, spread=0.6, pairs_found=pairs_found),
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
    return [*classifier_scenes(), *dead_link_scenes(), *reference_scenes(), *label_scenes()]
