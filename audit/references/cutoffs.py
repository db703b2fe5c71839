"""Cut-offs: the score from which an image is taken to show a concept.

Calibrated for each concept on the statistic that it is applied to: the negative side is a random
sample of the dataset's own images, whose tail tells the score that so many in a million exceed; the
positive side are the references, each scored against the others, which tell how many images of the
concept that score misses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.errors import UsageError, did_you_mean
from audit.references.contamination import without_concept
from audit.references.published import PUBLISHED
from audit.references.reference_set import ReferenceSet, Statistic
from audit.references.sensitivity import FoundReferences
from audit.references.tail import LEAST_BACKGROUND, Tail, fit_tail

#: Resamples behind the interval of a cut-off.
_RESAMPLES = 200

#: Two images are alike if they are more so than all but this share of pairs of a reference and an
#: image that has nothing to do with it.
_UNRELATED = 1e-3

#: Of two vectors of unit length.
_LARGEST_SCORE = 1.0

#: Named images below the cut-off are near the references if this share of others is less so; of
#: fewer named images nothing is said.
_NEAR, _LEAST_NAMED = 0.9, 5

#: If a share of the background between these is like the references, it may show the concept.
_FREQUENT, _ANYTHING = 0.003, 0.2

#: With so few references their own scores say little about the concept's images.
FEW_REFERENCES = 5


@dataclass(frozen=True)
class Background:
    """What images score that do not show the concept.

    Attributes
    ----------
    scores:
        Of a random sample of images, shape (images,), without those that show the concept.
    left_out:
        How many did, by how far their scores are from all others.
    alike:
        The similarity that one in a thousand pairs of a reference and such an image exceeds.
    named:
        Scores of images of the same sample whose caption names the concept, shape (named,).
    """

    scores: NDArray[np.float64]
    left_out: int
    alike: float
    named: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True)
class CutOff:
    """A cut-off and what it rests on.

    Attributes
    ----------
    value:
        Images that score at least this are taken to show the concept.
    interval:
        Of a calibrated one: 95 %, by resampling the background; else None.
    statistic:
        ``max`` or ``mean`` of the similarities to the references.
    method:
        ``calibrated``, ``given``, or the name of a published one.
    sensitivity:
        Share of the concept's images that reach it, by the references' scores of each other.
        Not ``known`` if they cannot tell: of words, and of a single reference.
    tail:
        Of the background's scores; None if the background is too small to have one.
    false_positive_share:
        Share of images that do not show the concept and reach it, by the background; None if that
        is too small to tell.
    background:
        Images that were scored for it.
    left_out:
        Images that were drawn for it too, and by their scores show the concept.
    per_million:
        False positives per million images that a calibrated one aims at.
    """

    value: float
    interval: tuple[float, float] | None
    statistic: Statistic
    method: str
    sensitivity: FoundReferences
    tail: Tail | None
    false_positive_share: float | None
    background: int
    per_million: float | None
    left_out: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def among_others(self) -> bool:
        """Whether it lies where others' scores are not yet rare, nor known to get rarer."""
        return self.tail is not None and self.value < self.tail.start

    def to_dict(self) -> dict[str, Any]:
        low, high = self.sensitivity.interval()
        return {
            "value": self.value,
            "interval": list(self.interval) if self.interval else None,
            "statistic": self.statistic,
            "method": self.method,
            "sensitivity": {
                "value": self.sensitivity.value if self.sensitivity.known else None,
                "low": low,
                "high": high,
                "references": self.sensitivity.references,
                "references_found": self.sensitivity.found,
            },
            "background": self.background,
            "background_left_out": self.left_out,
            "false_positives_per_million": (
                None if self.false_positive_share is None else self.false_positive_share * 1e6
            ),
            "target_per_million": self.per_million,
        }


def background_scores(
    references: ReferenceSet,
    background: NDArray[Any],
    statistic: Statistic,
    named: NDArray[Any] | None = None,
) -> Background:
    """Scores of background vectors against the references.

    Parameters
    ----------
    background:
        Of images whose caption does not name the concept, shape (images, dimension).
    named:
        Of images of the same draw whose caption does, shape (images, dimension), if captions tell.
    """
    vectors = background.astype(np.float32)
    pairs = vectors @ references.vectors.astype(np.float32).T
    queries = references.queries(statistic).astype(np.float32)
    scores = np.asarray((vectors @ queries.T).max(axis=1, initial=-1.0), dtype=np.float64)
    if len(scores) < LEAST_BACKGROUND:
        return Background(scores, 0, 1.0)
    of_named = None
    if named is not None:
        of_named = (named.astype(np.float32) @ queries.T).max(axis=1, initial=-1.0)
    kept = without_concept(scores, of_named)
    unrelated = pairs[scores <= kept.max()]
    alike = float(np.quantile(unrelated, 1 - _UNRELATED))
    named_scores = np.empty(0) if of_named is None else of_named.astype(np.float64)
    return Background(kept, len(scores) - len(kept), alike, named_scores)


def calibrate(
    references: ReferenceSet,
    background: Background,
    *,
    per_million: float,
    statistic: Statistic = "max",
    seed: int = 0,
) -> CutOff:
    """The cut-off that ``per_million`` of a million other images exceed.

    Parameters
    ----------
    background:
        Of a random sample of the dataset's images, those whose caption names the concept left out;
        from :func:`background_scores`.

    Raises
    ------
    UsageError
        If the background is too small to tell how scores fall off.
    """
    if len(background) < LEAST_BACKGROUND:
        raise UsageError(
            f"{len(background)} background images are too few to calibrate a cut-off: "
            f"{LEAST_BACKGROUND} are needed.",
            hint="Embed more of the dataset, or give a cut-off with --cutoff.",
        )
    tail = fit_tail(background.scores)
    share = per_million / 1e6
    if not 0 < share < tail.share:
        raise UsageError(
            f"{per_million:g} false positives per million cannot be aimed at.",
            hint=f"Use more than 0 and less than {tail.share * 1e6:,.0f}.",
        )
    value = tail.score_exceeded_by(share)
    rng = np.random.default_rng(seed)
    again = [
        fit_tail(rng.choice(background.scores, len(background))).score_exceeded_by(share)
        for _ in range(_RESAMPLES)
    ]
    low, high = np.minimum(np.quantile(again, [0.025, 0.975]), max(value, _LARGEST_SCORE))
    warnings = reference_warnings(references, background)
    frequent = _share_like_references(references, background, statistic)
    if value > _LARGEST_SCORE and _may_be_the_concept(frequent):
        warnings.append(
            f"no image can reach the cut-off {value:.2f}: {frequent:.1%} of the images that it was "
            "calibrated on resemble the references as much as these do each other. If they show "
            "the concept, it is too frequent here to be told from others by scores alone: let "
            "captions help (--by both, and --alias for what they call it), or give a --cutoff"
        )
    elif value > _LARGEST_SCORE:
        warnings.append(
            f"no image can reach the cut-off {value:.2f}: {references.info.id} does not tell the "
            f"concept from other images at {per_million:g} false positives in a million; allow for "
            "more (--per-million), or take an encoder that knows the concept"
        )
    sensitivity = sensitivity_at(references, statistic, value)
    return CutOff(
        value=value,
        interval=(float(low), float(high)),
        statistic=statistic,
        method="calibrated",
        sensitivity=sensitivity,
        tail=tail,
        false_positive_share=share,
        background=len(background),
        left_out=background.left_out,
        per_million=per_million,
        warnings=(*warnings, *_unlike_named(value, sensitivity, background)),
    )


def fixed(
    references: ReferenceSet,
    value: float | str,
    background: Background,
    *,
    statistic: Statistic = "max",
) -> CutOff:
    """A cut-off that the user gives, or a published one by its name.

    Parameters
    ----------
    value:
        A score from -1 to 1, or a name.

    Raises
    ------
    UsageError
        If no published cut-off has that name, it belongs to another encoder, or the score is no
        similarity.
    """
    warnings = []
    method = "given"
    if isinstance(value, str):
        published = PUBLISHED.get(value)
        if published is None:
            near = did_you_mean(value, PUBLISHED)
            raise UsageError(
                f"No published cut-off {value!r}.",
                hint=f"{near + ' ' if near else ''}There are: {', '.join(PUBLISHED)}.",
            )
        if not published.fits(references.info.id):
            raise UsageError(
                f"The cut-off {value!r} is one of {published.encoder}; these embeddings are of "
                f"{references.info.id}.",
                hint="Leave --cutoff out to calibrate one for your encoder and concept.",
            )
        method = value
        warnings.append(f"{value} ({published.source}): {published.warning}")
        value = published.value
    check_score(value)
    tail, share = None, None
    if len(background) >= LEAST_BACKGROUND:
        tail = fit_tail(background.scores)
        share = tail.exceeded_by(value)
        if value < tail.start:
            share = float((background.scores >= value).mean())
            warnings.append(
                f"{share:.0%} of other images reach the cut-off {value:g} too: all that is above "
                "it may be others, and the interval allows for that"
            )
    return CutOff(
        value=value,
        interval=None,
        statistic=statistic,
        method=method,
        sensitivity=sensitivity_at(references, statistic, value),
        tail=tail,
        false_positive_share=share,
        background=len(background),
        left_out=background.left_out,
        per_million=None,
        warnings=(*warnings, *reference_warnings(references, background)),
    )


def check_score(value: float) -> None:
    """Refuse as a cut-off what no two images can score.

    Raises
    ------
    UsageError
        Unless it is between -1 and 1.
    """
    if not -_LARGEST_SCORE <= value <= _LARGEST_SCORE:
        raise UsageError(
            f"The cut-off {value:g} is no similarity.",
            hint="Give a number from -1 to 1, or leave it out to calibrate one for each concept.",
        )


def sensitivity_at(
    references: ReferenceSet, statistic: Statistic, cutoff: float
) -> FoundReferences:
    """What the references' scores of each other tell of the images that reach the cut-off."""
    scores = references.own_scores(statistic)
    found = int((scores >= cutoff).sum())
    return FoundReferences(found, len(scores), best=statistic == "max")


def reference_warnings(references: ReferenceSet, background: Background) -> list[str]:
    """What a reader should know of the references before believing a cut-off."""
    warnings = []
    if references.kind == "text":
        warnings.append(
            "words stand in for reference images: weaker evidence, and how much of the concept "
            "they miss is unknown"
        )
    elif len(references) < FEW_REFERENCES:
        plural = "s" if len(references) > 1 else ""
        warnings.append(
            f"{len(references)} reference{plural} only: how many images of the concept are missed "
            "is hardly known, and the interval is wide"
        )
    # How unlike images are that have nothing to do with each other, a background that holds the
    # concept does not tell.
    tells = len(background) >= LEAST_BACKGROUND and not _may_be_the_concept(
        _share_like_references(references, background, "max")
    )
    if references.kind == "images" and len(references) > 1 and tells:
        warnings += _incoherence(references, background.alike)
    return warnings


def _unlike_named(cutoff: float, sensitivity: FoundReferences, background: Background) -> list[str]:
    """Whether captions contradict the references: named images are near, and not near enough.

    Images that are wrongly named score like any other. Those that show the concept as the
    references do not (another period, another maker) score above others and below the cut-off:
    then the references' scores of each other say nothing of how many are missed.
    """
    named = background.named
    if len(named) < _LEAST_NAMED or len(background) < LEAST_BACKGROUND or not sensitivity.known:
        return []
    below = named < cutoff
    found = 1 - below.mean()
    if found >= min(sensitivity.interval()[0], 0.5):
        return []
    near = float((named[below] >= np.quantile(background.scores, _NEAR)).mean())
    if near < 0.5:
        return []
    return [
        (
            f"only {found:.0%} of the images whose caption names it reach the cut-off, but "
            f"{near:.0%} of the rest are nearer to the references than {_NEAR:.0%} of other images "
            "are: the references may be unlike the concept's images here, and then the interval is "
            "too low; add references of other kinds, or labels"
        )
    ]


def _may_be_the_concept(share: float) -> bool:
    """Of the background; where far more of it is like the references, they are like anything."""
    return _FREQUENT < share < _ANYTHING


def _share_like_references(
    references: ReferenceSet, background: Background, statistic: Statistic
) -> float:
    """Share of the background that scores what three in four of the references score."""
    own = references.own_scores(statistic)
    if not len(own) or not len(background):
        return 0.0
    return float((background.scores >= np.quantile(own, 0.25)).mean())


def _incoherence(references: ReferenceSet, alike: float) -> list[str]:
    groups = references.groups(alike)
    large = [group for group in groups if len(group) > 1]
    alone = [references.label(group[0]) for group in groups if len(group) == 1]
    warnings = []
    if len(large) > 1:
        shown = " and ".join(f"{len(group)} like {references.label(group[0])}" for group in large)
        warnings.append(f"the references fall into groups: {shown}; do they show one concept?")
    if alone and large:
        listed = ", ".join(alone[:5]) + (" …" if len(alone) > 5 else "")
        warnings.append(f"unlike the other references: {listed}; do they show the concept?")
    elif alone:
        warnings.append(
            "no two references are more alike than images of the dataset that have nothing to do "
            "with each other: the encoder does not see what they have in common"
        )
    return warnings
