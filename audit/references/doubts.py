"""What a reader should know before believing a cut-off: doubts about its references, in words."""

from __future__ import annotations

import numpy as np

from audit.references.background import Background
from audit.references.reference_set import ReferenceSet, Statistic
from audit.references.sensitivity import FoundReferences
from audit.references.tail import LEAST_BACKGROUND

#: Named images below the cut-off are near the references if this share of others is less so; of
#: fewer named images nothing is said.
_NEAR, _LEAST_NAMED = 0.9, 5

#: If a share of the background between these is like the references, it may show the concept.
_FREQUENT, _ANYTHING = 0.003, 0.2

#: With so few references their own scores say little about the concept's images.
FEW_REFERENCES = 5


def reference_warnings(
    references: ReferenceSet, background: Background, statistic: Statistic
) -> list[str]:
    """What speaks against the references themselves.

    Parameters
    ----------
    statistic:
        Of the scores of the background.
    """
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
        _share_like_references(references, background, statistic)
    )
    if references.kind == "images" and len(references) > 1 and tells:
        warnings += _incoherence(references, background.alike)
    return warnings


def out_of_reach(
    cutoff: float,
    references: ReferenceSet,
    background: Background,
    statistic: Statistic,
    per_million: float,
) -> str:
    """Why no image can reach a calibrated cut-off, and what to do."""
    frequent = _share_like_references(references, background, statistic)
    if _may_be_the_concept(frequent):
        return (
            f"no image can reach the cut-off {cutoff:.2f}: {frequent:.1%} of the images that it "
            "was calibrated on resemble the references as much as these do each other. If they "
            "show the concept, it is too frequent here to be told from others by scores alone: let "
            "captions help (--by both, and --alias for what they call it), or give a --cutoff"
        )
    return (
        f"no image can reach the cut-off {cutoff:.2f}: {references.info.id} does not tell the "
        f"concept from other images at {per_million:g} false positives in a million; allow for "
        "more (--per-million), or take an encoder that knows the concept"
    )


def unlike_named(cutoff: float, sensitivity: FoundReferences, background: Background) -> list[str]:
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
