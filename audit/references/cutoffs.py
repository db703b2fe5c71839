"""Cut-offs: the score from which an image is taken to show a concept.

Calibrated for each concept on the statistic that it is applied to: the negative side is a random
sample of the dataset's own images, whose tail tells the score that so many in a million exceed; the
positive side are the references, each scored against the others, which tell how many images of the
concept that score misses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.errors import UsageError, did_you_mean
from audit.estimates.prevalence import Rate
from audit.references.published import PUBLISHED
from audit.references.reference_set import ReferenceSet, Statistic
from audit.references.tail import LEAST_BACKGROUND, Tail, fit_tail

#: Resamples behind the interval of a cut-off.
_RESAMPLES = 200

#: Images of the dataset that are more like a reference than all but this share are called alike.
_UNRELATED = 1e-3

#: With so few references their own scores say little about the concept's images.
FEW_REFERENCES = 5


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
    tail:
        Of the background's scores; None if the background is too small to have one.
    background:
        Images that were scored for it.
    per_million:
        False positives per million images that a calibrated one aims at.
    """

    value: float
    interval: tuple[float, float] | None
    statistic: Statistic
    method: str
    sensitivity: Rate
    tail: Tail | None
    background: int
    per_million: float | None
    warnings: tuple[str, ...] = ()

    @property
    def false_positive_share(self) -> float | None:
        """Share of images that do not show the concept and are above, by the tail."""
        return self.tail.exceeded_by(self.value) if self.tail else None

    def to_dict(self) -> dict[str, Any]:
        low, high = self.sensitivity.interval()
        return {
            "value": self.value,
            "interval": list(self.interval) if self.interval else None,
            "statistic": self.statistic,
            "method": self.method,
            "sensitivity": {
                "value": self.sensitivity.value if self.sensitivity.trials else None,
                "low": low,
                "high": high,
                "references": self.sensitivity.trials,
            },
            "background": self.background,
            "false_positives_per_million": (
                None if self.false_positive_share is None else self.false_positive_share * 1e6
            ),
            "target_per_million": self.per_million,
        }


def background_scores(
    references: ReferenceSet, background: NDArray[Any], statistic: Statistic
) -> NDArray[np.float64]:
    """Scores of background vectors, shape (images, dimension), against the references."""
    queries = references.queries(statistic).astype(np.float32)
    return np.asarray(
        (background.astype(np.float32) @ queries.T).max(axis=1, initial=-1.0), dtype=np.float64
    )


def calibrate(
    references: ReferenceSet,
    background: NDArray[np.float64],
    *,
    per_million: float,
    statistic: Statistic = "max",
    seed: int = 0,
) -> CutOff:
    """The cut-off that ``per_million`` of a million other images exceed.

    Parameters
    ----------
    background:
        Scores of a random sample of the dataset's images, shape (images,); those whose caption
        names the concept left out. See :func:`background_scores`.

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
    tail = fit_tail(background)
    share = per_million / 1e6
    if not 0 < share < tail.share:
        raise UsageError(
            f"{per_million:g} false positives per million cannot be aimed at.",
            hint=f"Use more than 0 and less than {tail.share * 1e6:,.0f}.",
        )
    value = tail.score_exceeded_by(share)
    rng = np.random.default_rng(seed)
    again = [
        fit_tail(rng.choice(background, len(background))).score_exceeded_by(share)
        for _ in range(_RESAMPLES)
    ]
    low, high = np.quantile(again, [0.025, 0.975])
    return CutOff(
        value=value,
        interval=(float(low), float(high)),
        statistic=statistic,
        method="calibrated",
        sensitivity=sensitivity_at(references, statistic, value),
        tail=tail,
        background=len(background),
        per_million=per_million,
        warnings=tuple(reference_warnings(references, tail)),
    )


def fixed(
    references: ReferenceSet,
    value: float | str,
    background: NDArray[np.float64],
    *,
    statistic: Statistic = "max",
) -> CutOff:
    """A cut-off that the user gives, or a published one by its name.

    Raises
    ------
    UsageError
        If no published cut-off has that name, or it belongs to another encoder.
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
    tail = fit_tail(background) if len(background) >= LEAST_BACKGROUND else None
    return CutOff(
        value=value,
        interval=None,
        statistic=statistic,
        method=method,
        sensitivity=sensitivity_at(references, statistic, value),
        tail=tail,
        background=len(background),
        per_million=None,
        warnings=(*warnings, *reference_warnings(references, tail)),
    )


def sensitivity_at(references: ReferenceSet, statistic: Statistic, cutoff: float) -> Rate:
    scores = references.independent_scores(statistic)
    return Rate(int((scores >= cutoff).sum()), len(scores))


def reference_warnings(references: ReferenceSet, tail: Tail | None) -> list[str]:
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
    if references.kind == "images" and len(references) > 1 and tail is not None:
        warnings += _incoherence(references, tail.score_exceeded_by(_UNRELATED))
    return warnings


def _incoherence(references: ReferenceSet, alike: float) -> list[str]:
    groups = references.groups(alike)
    large = [group for group in groups if len(group) > 1]
    alone = [references.names[group[0]] for group in groups if len(group) == 1]
    warnings = []
    if len(large) > 1:
        shown = " and ".join(f"{len(group)} like {references.names[group[0]]}" for group in large)
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
