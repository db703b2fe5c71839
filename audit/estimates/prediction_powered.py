"""How many samples show a concept, from people's labels of a few and a machine's scores of all.

Samples are divided into strata by what the machine says of them, and some of each are labelled.
Within a stratum the score predicts the label further: the total is that of the predictions, which
are there for all, corrected by how far they were off where a person looked. That is the difference
estimator of survey sampling, with its weight tuned as in prediction-powered inference
(Angelopoulos et al., "Prediction-powered inference", Science 2023; "PPI++", arXiv 2311.01453;
stratified: Fisch et al., arXiv 2406.04291). The weight comes from the other labels, each time
without the one that it is applied to, which makes the estimate unbiased in samples of any size
(Mickey, "Some finite population unbiased ratio and regression estimators", JASA 1959).

The interval does not assume that errors are normal, which is badly wrong where a hundred labels of
a million samples hold no hit. For each stratum totals are drawn from the mid-p confidence
distribution of its hypergeometric count, beta-binomial, with the size of the sample that would be
as exact without a machine (as Korn & Graubard 1998 do for clustered samples); the sums of these
draws are the interval (melding: Fay, Proschan, Brittain, Biometrics 2015).

It is exact in what it assumes: that the labels are right, and the samples labelled were drawn at
random. Labels that say "unsure" are counted as no at the lower end and as yes at the upper one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.estimates.prevalence import Estimate
from audit.estimates.rates import Floats, Share

YES, NO, UNSURE = 1, 0, -1

#: With fewer labels the scores within a stratum are not used.
_LEAST_TUNED = 10
#: Few labels do not prove that scores tell everything: no more of the variance is explained.
_MOST_EXPLAINED = 0.95
_DRAWS = 20_000

METHOD = (
    "people's labels of a stratified random sample, extended by the scores (prediction-powered "
    "difference estimator); interval from mid-p confidence distributions of each stratum, 95 %"
)
ASSUMPTION = "the labels are right; samples marked unsure may or may not show the concept"
WITH_REFERENCES = (
    "the upper end also rests on how many images of the concept the references find of each other"
)


@dataclass(frozen=True)
class LabelledStratum:
    """Samples that the machine treats alike, and the labels of some of them.

    Attributes
    ----------
    named, above:
        Whether their captions name the concept, and whether their scores reach the cut-off.
    size:
        How many samples are in it.
    answer:
        YES, NO or UNSURE for each labelled one, shape (labelled,).
    score:
        The scores of these; nan where unknown.
    mean_score:
        Of all samples in the stratum; None if some have no score.
    """

    named: bool
    above: bool
    size: int
    answer: NDArray[np.int8]
    score: Floats
    mean_score: float | None = None

    def __post_init__(self) -> None:
        if not len(self.answer) == len(self.score) <= self.size:
            raise ValueError(
                f"{len(self.answer)} labels and {len(self.score)} scores of {self.size} samples"
            )


@dataclass(frozen=True)
class Extent:
    """Samples that the strata speak for: ``population``, of which ``examined`` are in them."""

    population: int
    examined: int


@dataclass(frozen=True)
class LabelledEstimate:
    """How many samples show the concept, by labels.

    Attributes
    ----------
    named, unnamed, total:
        Of the samples that name it, of those that do not, and of all. The interval of the total is
        its own, and narrower than the sum of the others.
    yes, no, unsure:
        Labels that it rests on.
    by_references:
        Whether the references, not the labels, say where the interval of the total ends.
    """

    named: Estimate
    unnamed: Estimate
    total: Estimate
    yes: int
    no: int
    unsure: int
    by_references: bool
    method: str = METHOD

    @property
    def assumption(self) -> str:
        return f"{ASSUMPTION}; {WITH_REFERENCES}" if self.by_references else ASSUMPTION

    def to_dict(self) -> dict[str, Any]:
        return {
            "samples": self.total.to_dict(),
            "named_and_shown": self.named.to_dict(),
            "shown_not_named": self.unnamed.to_dict(),
            "labels": {"yes": self.yes, "no": self.no, "unsure": self.unsure},
            "upper_end_by_references": self.by_references,
            "method": self.method,
            "assumption": self.assumption,
        }


def estimate_with_labels(
    strata: Sequence[LabelledStratum],
    *,
    named: Extent | None = None,
    unnamed: Extent | None = None,
    sensitivity: Share | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> LabelledEstimate:
    """How many samples show the concept.

    Parameters
    ----------
    strata:
        Which share no sample. One without labels, or with unsure ones only, may hold anything: its
        interval is all of it, and it adds nothing to the value.
    named, unnamed:
        How many samples there are in all, if the strata hold a random sample of them.
    sensitivity:
        Share of the concept's images that reach the cut-off. If given, the upper end is also at
        most what follows from the samples above the cut-off: labels alone cannot tell how few of
        very many samples show it. Not where the labels contradict it.
    seed:
        Of the draws behind the interval.

    Raises
    ------
    ValueError
        If there are no labels, or an extent is not that of the strata.
    """
    answers = np.concatenate([np.empty(0, np.int8), *(stratum.answer for stratum in strata)])
    if not len(answers):
        raise ValueError("no labels")
    groups = []
    for is_named, extent in ((True, named), (False, unnamed)):
        mine = [stratum for stratum in strata if stratum.named == is_named]
        size = sum(stratum.size for stratum in mine)
        extent = extent or Extent(size, size)
        if extent.examined != size or extent.population < size:
            raise ValueError(f"strata of {size} samples do not fit {extent}")
        # Draws of their own: the answer for one group does not depend on the other.
        groups.append(_Group(mine, extent, np.random.default_rng([seed, int(is_named)])))
    at = np.random.default_rng([seed, 2]).permuted((np.arange(_DRAWS) + 0.5) / _DRAWS)
    tail = (1 - level) / 2
    one, other = (group.estimate(sensitivity, at, tail) for group in groups)
    total, by_references = _both(*groups).estimate(sensitivity, at, tail)
    return LabelledEstimate(
        one[0],
        other[0],
        total,
        yes=int((answers == YES).sum()),
        no=int((answers == NO).sum()),
        unsure=int((answers == UNSURE).sum()),
        by_references=by_references,
    )


class _Totals:
    """Draws of the number of samples that show the concept, shape (draws,) each.

    ``low`` counts the unsure as no, ``high`` as yes. ``above`` are groups of samples: those of each
    that show the concept and are above the cut-off, and how many samples there are.
    """

    def __init__(
        self, value: float, low: Floats, high: Floats, above: Sequence[tuple[Floats, int]]
    ) -> None:
        self.value, self.low, self.high, self.above = value, low, high, above
        self.population = sum(population for _, population in above)

    def estimate(self, sensitivity: Share | None, at: Floats, tail: float) -> tuple[Estimate, bool]:
        low = float(np.quantile(self.low, tail))
        high = float(np.quantile(self.high, 1 - tail))
        by_references = False
        if sensitivity is not None:
            # Two upper ends, each wrong half as often as one may be; the smaller holds.
            hit = np.maximum(sensitivity.draws(at, "small"), 1e-300)
            reached = [np.minimum(shown / hit, most) for shown, most in self.above]
            found = float(np.quantile(np.sum(reached, axis=0), 1 - tail / 2))
            labelled = float(np.quantile(self.high, 1 - tail / 2))
            # Where people found more than the references allow, these are wrong, and labels hold.
            if found > low:
                by_references = found < labelled
                high = min(found, labelled)
        low, high = np.floor(low + 0.5), min(np.floor(high + 0.5), self.population)
        return Estimate(min(max(self.value, low), high), low, high), by_references


class _Group(_Totals):
    """The strata of the samples that name the concept, or of those that do not."""

    def __init__(
        self, strata: Sequence[LabelledStratum], extent: Extent, rng: np.random.Generator
    ) -> None:
        value = 0.0
        low, high, high_above = np.zeros(_DRAWS), np.zeros(_DRAWS), np.zeros(_DRAWS)
        for stratum in strata:
            sure = stratum.answer != UNSURE
            # At best what is unsure is like what is sure.
            guess = float(stratum.answer[sure].mean()) if sure.any() else 0.0
            value += stratum.size * _share_of(stratum, guess)[0]
            least = _draws_of(stratum, 0.0, rng)
            most = least if sure.all() and len(sure) else _draws_of(stratum, 1.0, rng)
            low += least
            high += most
            if stratum.above:
                high_above += most
        if not extent.examined:
            value, high = 0.0, np.full(_DRAWS, float(extent.population))
        elif extent.population > extent.examined:
            scale = extent.population / extent.examined
            value *= scale
            at_most = _extended(high, extent, rng)
            low = at_most if high is low else _extended(low, extent, rng)
            # What the samples above the cut-off add is in proportion to what they are.
            high_above = high_above * np.divide(
                at_most, high, out=np.full(_DRAWS, scale), where=high > 0
            )
            high = at_most
        super().__init__(value, low, high, [(high_above, extent.population)])


def _both(one: _Totals, other: _Totals) -> _Totals:
    return _Totals(
        one.value + other.value,
        one.low + other.low,
        one.high + other.high,
        [*one.above, *other.above],
    )


def _share_of(stratum: LabelledStratum, unsure: float) -> tuple[float, float]:
    """Share of the stratum that shows the concept, unbiased, and how exact it is.

    The second is the variance of the error of a prediction relative to that without one: 1 where
    scores do not help.
    """
    answer = np.where(stratum.answer == UNSURE, unsure, stratum.answer).astype(np.float64)
    n, score = len(answer), stratum.score
    if not n:
        return 0.0, 1.0
    mean = float(answer.mean())
    tuned = (
        _LEAST_TUNED <= n < stratum.size
        and stratum.mean_score is not None
        and bool(np.isfinite(score).all())
        and np.ptp(answer) > 0
        and np.ptp(score) > 0
    )
    if not tuned or stratum.mean_score is None:
        return mean, 1.0
    # For each label, the weight that the others give.
    others = n - 1
    score_mean = (score.sum() - score) / others
    answer_mean = (answer.sum() - answer) / others
    product = ((answer * score).sum() - answer * score) / others
    square = ((score**2).sum() - score**2) / others
    spread = square - score_mean**2
    tiny = 1e-12 * max(float(np.ptp(score)) ** 2, 1e-12)
    weight = np.divide(
        product - answer_mean * score_mean, spread, out=np.zeros(n), where=spread > tiny
    )
    # Mickey: given the others, this label is drawn from what they leave of the stratum.
    rest = stratum.size - others
    rest_score = (stratum.size * stratum.mean_score - others * score_mean) / rest
    total = others * answer_mean + rest * (answer - weight * (score - rest_score))
    error = answer - answer_mean - weight * (score - score_mean)
    relative = float((error**2).sum() / ((answer - answer_mean) ** 2).sum())
    return float(total.mean()) / stratum.size, max(relative, 1 - _MOST_EXPLAINED)


def _draws_of(stratum: LabelledStratum, unsure: float, rng: np.random.Generator) -> Floats:
    """Totals of the stratum, shape (draws,), the unsure counted as ``unsure``."""
    n, size = len(stratum.answer), stratum.size
    if not n:
        return np.full(_DRAWS, unsure * size)
    seen = float(np.where(stratum.answer == UNSURE, unsure, stratum.answer).sum())
    unseen = size - n
    if not unseen:
        return np.full(_DRAWS, seen)
    share, relative = _share_of(stratum, unsure)
    as_good = n / relative  # labels without a machine that would be as exact
    of_unseen = min(max((share * size - seen) / unseen, 0.0), 1.0)
    chance = _confidence(of_unseen * as_good, as_good, rng)
    hits = rng.binomial(unseen, chance).astype(np.float64)
    by_chance = np.sqrt(min(relative, 1.0)) * (hits - unseen * chance)
    return np.asarray(seen + unseen * chance + by_chance, dtype=np.float64)


def _confidence(hits: Floats | float, trials: Floats | float, rng: np.random.Generator) -> Floats:
    """Draws of a share from its mid-p confidence distribution, shape (draws,)."""
    misses = np.maximum(np.asarray(trials) - hits, 0)
    extra = rng.integers(0, 2, _DRAWS)
    a, b = hits + extra, misses + 1 - extra
    drawn = rng.beta(np.maximum(a, 1e-9), np.maximum(b, 1e-9))
    return np.asarray(np.where(a <= 0, 0.0, np.where(b <= 0, 1.0, drawn)), dtype=np.float64)


def _extended(totals: Floats, extent: Extent, rng: np.random.Generator) -> Floats:
    """Totals of the population that was sampled, from totals of the sample."""
    unseen = extent.population - extent.examined
    hits = np.minimum(totals, extent.examined)
    drawn = rng.binomial(unseen, _confidence(hits, float(extent.examined), rng))
    return np.asarray(totals + drawn, dtype=np.float64)
