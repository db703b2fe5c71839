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

from audit.errors import UsageError, did_you_mean
from audit.references.background import Background
from audit.references.doubts import out_of_reach, reference_warnings, unlike_named
from audit.references.published import PUBLISHED
from audit.references.reference_set import ReferenceSet, Statistic
from audit.references.sensitivity import FoundReferences
from audit.references.tail import LEAST_BACKGROUND, Tail, fit_tail

#: Resamples behind the interval of a cut-off.
_RESAMPLES = 200

#: Of two vectors of unit length.
LARGEST_SCORE = 1.0


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
        from :func:`audit.references.background.background_scores`.

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
    low, high = np.minimum(np.quantile(again, [0.025, 0.975]), max(value, LARGEST_SCORE))
    warnings = reference_warnings(references, background, statistic)
    if value > LARGEST_SCORE:
        warnings.append(out_of_reach(value, references, background, statistic, per_million))
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
        warnings=(*warnings, *unlike_named(value, sensitivity, background)),
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
        warnings=(*warnings, *reference_warnings(references, background, statistic)),
    )


def check_score(value: float) -> None:
    """Refuse as a cut-off what no two images can score.

    Raises
    ------
    UsageError
        Unless it is between -1 and 1.
    """
    if not -LARGEST_SCORE <= value <= LARGEST_SCORE:
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
